"""In: history that a program has decided. Out: what the policy would have done, as values. Used: by the desk's page and JSON.

The relation that is asked holds an application a row: the columns of a `Selection` (each after a prefix), those of the segments,
and `bad` (true, false, or NULL where nobody knows). What becomes of somebody who never borrowed is not known, and nothing is
estimated: rates of bads are counted on known outcomes alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

import msgspec

from weilend.core.values import Outcome
from weilend.decision.program import Finding
from weilend.decision.select import Selection


class Ask(Protocol):
    """What counts history: for each combination of `by`, those and the measures (SQL of a column each), the largest group first.

    `where` is a condition, `most` the number of groups that are wanted at most.
    """

    def __call__(
        self, by: Sequence[str], measures: Sequence[str], *, where: str = "TRUE", most: int | None = None
    ) -> Sequence[tuple[Any, ...]]:
        """Return the groups."""


OUTCOMES: Final[tuple[Outcome, ...]] = ("approve", "refer", "decline")
#: Segments of a column beyond these many are not told apart: the largest are shown.
MOST_SEGMENTS: Final = 20
MOST_BINS: Final = 14
_QUANTILES: Final = "[0.1, 0.25, 0.5, 0.75, 0.9]"
TALLY: Final = ("count(*)", "count(bad)", "count(*) FILTER (WHERE bad)")


class Tally(msgspec.Struct, frozen=True):
    """Applications, of how many the outcome is known, and how many of those went bad.

    >>> Tally(10, 4, 1).bad_ppm, Tally(10, 0, 0).bad_ppm
    (250000, None)
    """

    rows: int = 0
    known: int = 0
    bad: int = 0

    @property
    def bad_ppm(self) -> int | None:
        """The share of bads among known outcomes; None where none is known."""
        return round(1_000_000 * self.bad / self.known) if self.known else None

    def plus(self, other: Tally) -> Tally:
        """Return both together.

        >>> Tally(1, 1, 0).plus(Tally(2, 1, 1))
        Tally(rows=3, known=2, bad=1)
        """
        return Tally(self.rows + other.rows, self.known + other.known, self.bad + other.bad)


class FindingCount(msgspec.Struct, frozen=True):
    """How often a finding held, and how often it alone stood between an application and its approval.

    >>> FindingCount("thin_history", "refer", 12, 3).alone
    3
    """

    code: str
    outcome: Outcome
    rows: int
    alone: int


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """How a number spreads over approvals: how many, their sum, five quantiles (an observed value each), and counts by bins.

    `bins` are (from, up to but without, how many).

    >>> Spread(rows=1, total=7, quantiles=(7, 7, 7, 7, 7), bins=((0, 10, 1),)).median
    7
    """

    rows: int
    total: int
    quantiles: tuple[int, ...]
    bins: tuple[tuple[int, int, int], ...]

    @property
    def median(self) -> int:
        """The middle value."""
        return self.quantiles[2]


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a column: what became of its applications, what approvals add up to, and how the approved turned out.

    >>> Segment(value="A", approve=3, refer=1, decline=0, ceiling_fen=300, approved=Tally(3, 1, 0)).rows
    4
    """

    value: str | None
    approve: int
    refer: int
    decline: int
    ceiling_fen: int
    approved: Tally

    @property
    def rows(self) -> int:
        """All its applications."""
        return self.approve + self.refer + self.decline


class BackTest(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy would have done with history; `ceilings` and `rates` are None where nothing was approved.

    >>> BackTest.__struct_fields__[:3]
    ('outcomes', 'findings', 'limits')
    """

    outcomes: dict[Outcome, Tally]
    findings: tuple[FindingCount, ...]
    limits: dict[str, int]
    months: dict[int, int]
    ceilings: Spread | None
    rates: Spread | None
    segments: dict[str, tuple[Segment, ...]]

    @property
    def rows(self) -> int:
        """All applications."""
        return sum(tally.rows for tally in self.outcomes.values())


def measure_policy(ask: Ask, selection: Selection, *, prefix: str = "", segments: Sequence[str] = ()) -> BackTest:
    """Return what a policy did, its columns after `prefix`. `segments` are columns of history; the policy's own grade is one more.

    >>> counted = lambda by, measures, *, where="TRUE", most=None: [(0,) * len(measures)] if not by else []
    >>> measure_policy(counted, Selection(sql="", columns=(), packed={})).rows
    0
    """
    named = ("outcome", "grade", "ceiling_fen", "floor_rate_ppm", "months", "binding_limit")
    quoted = {name: f'"{prefix}{name}"' for name in named}
    approved = f"{quoted['outcome']} = 'approve'"
    tallies = {row[0]: Tally(*row[1:]) for row in ask([quoted["outcome"]], TALLY)}
    columns = {"grade": f"{prefix}grade"} | {name: name for name in segments}
    return BackTest(
        outcomes={outcome: tallies.get(outcome, Tally()) for outcome in OUTCOMES},
        findings=count_findings(ask, selection),
        limits=_counted(ask, quoted["binding_limit"], approved),
        months=dict(sorted(_counted(ask, quoted["months"], approved).items())),
        ceilings=_spread(ask, quoted["ceiling_fen"], approved),
        rates=_spread(ask, quoted["floor_rate_ppm"], approved),
        segments={name: _segments(ask, column, prefix) for name, column in columns.items()},
    )


def count_findings(ask: Ask, selection: Selection, where: str = "TRUE") -> tuple[FindingCount, ...]:
    """Return how often each finding held among the rows of a condition, and how often it alone stood against an approval.

    >>> packed = {"findings_0": (Finding("thin", "rule_thin", "refer"),)}
    >>> count_findings(lambda by, measures, **_: [(7, 5)], Selection(sql="", columns=(), packed=packed))
    (FindingCount(code='thin', outcome='refer', rows=7, alone=5),)
    """
    found = [(column, place, one) for column, bits in selection.packed.items() for place, one in enumerate(bits)]
    against = {column: _mask(bits) for column, bits in selection.packed.items()}
    measures = [_held(column, place) for column, place, _ in found] + [_alone(against, *each) for each in found]
    (row,) = ask((), measures, where=where) if found else [()]
    pairs = zip(found, row[: len(found)], row[len(found) :], strict=True)
    return tuple(FindingCount(one.code, one.outcome, held, alone) for (_, _, one), held, alone in pairs)


def _mask(bits: Iterable[Finding]) -> int:
    return sum(1 << place for place, one in enumerate(bits) if one.outcome != "approve")


def _held(column: str, place: int) -> str:
    return f'count(*) FILTER (WHERE ("{column}" & {1 << place}) <> 0)'


def _alone(against: dict[str, int], column: str, place: int, finding: Finding) -> str:
    if finding.outcome == "approve":
        return "0"
    bits = {name: 1 << place if name == column else 0 for name in against}
    tests = [f'("{name}" & {mask}) = {bits[name]}' for name, mask in against.items()]
    return f"count(*) FILTER (WHERE {' AND '.join(tests)})"


def _counted(ask: Ask, column: str, where: str) -> dict[Any, int]:
    return {value: count for value, count in ask([column], ["count(*)"], where=where) if value is not None}


def _spread(ask: Ask, column: str, where: str) -> Spread | None:
    measures = [f"{what}({column})" for what in ("count", "sum", "min", "max")]
    ((rows, total, least, most, quantiles),) = ask((), [*measures, f"quantile_disc({column}, {_QUANTILES})"], where=where)
    if not rows:
        return None
    width = bin_width(least, most)
    binned = _counted(ask, f"{column} // {width}", where)
    places = range(least // width, most // width + 1)
    bins = tuple((place * width, (place + 1) * width, binned.get(place, 0)) for place in places)
    return Spread(rows=rows, total=int(total), quantiles=tuple(quantiles), bins=bins)


def bin_width(least: int, most: int) -> int:
    """Return the width of bins, 1, 2 or 5 times a power of ten, of which `MOST_BINS` hold everything.

    >>> bin_width(0, 13), bin_width(0, 14), bin_width(10_000_000, 100_000_000)
    (1, 2, 10000000)
    """
    widths = (step * 10**power for power in range(20) for step in (1, 2, 5))
    return next(int(width) for width in widths if most // width - least // width < MOST_BINS)


def _segments(ask: Ask, column: str, prefix: str) -> tuple[Segment, ...]:
    outcome = f'"{prefix}outcome"'
    approved = f"FILTER (WHERE {outcome} = 'approve')"
    measures = [f"count(*) FILTER (WHERE {outcome} = '{one}')" for one in OUTCOMES]
    measures += [f'coalesce(sum("{prefix}ceiling_fen") {approved}, 0)', f"count(bad) {approved}"]
    measures.append(f"count(*) FILTER (WHERE {outcome} = 'approve' AND bad)")
    return tuple(
        Segment(value=value, approve=yes, refer=maybe, decline=no, ceiling_fen=int(total), approved=Tally(yes, known, bad))
        for value, yes, maybe, no, total, known, bad in ask([f'"{column}"::VARCHAR'], measures, most=MOST_SEGMENTS)
    )
