"""In: history that two programs have decided. Out: what the new policy does otherwise, as values. Used: by the desk's page.

The swap-in set is who only the new policy approves, the swap-out set who only the old one does. What they would have become is
known of few, and of those alone it is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from weilend.core.values import Outcome
from weilend.decision.backtest import (
    MOST_SEGMENTS,
    OUTCOMES,
    TALLY,
    Ask,
    BackTest,
    FindingCount,
    Tally,
    count_findings,
    measure_policy,
)
from weilend.decision.select import Selection

OLD, NEW = "old_", "new_"
_IN: Final = f"\"{OLD}outcome\" <> 'approve' AND \"{NEW}outcome\" = 'approve'"
_OUT: Final = f"\"{OLD}outcome\" = 'approve' AND \"{NEW}outcome\" <> 'approve'"
_BOTH: Final = f"\"{OLD}outcome\" = 'approve' AND \"{NEW}outcome\" = 'approve'"


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """Applications that the old policy answered one way and the new one another, and what their approvals add up to, in fen.

    >>> Move(old="refer", new="approve", tally=Tally(3, 1, 0), old_fen=0, new_fen=300).tally.rows
    3
    """

    old: Outcome
    new: Outcome
    tally: Tally
    old_fen: int
    new_fen: int


class Shift(msgspec.Struct, frozen=True):
    """How a number moved among those whom both approve: how many got more, the same, less; and both sums.

    >>> Shift(1, 2, 3, 100, 90).less
    3
    """

    more: int
    same: int
    less: int
    old_total: int
    new_total: int


class SwapSegment(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a column: how many applied, whom each policy approves, who comes in and who goes out.

    >>> SwapSegment(value="A", rows=9, old=3, new=4, swap_in=2, swap_out=1).new
    4
    """

    value: str | None
    rows: int
    old: int
    new: int
    swap_in: int
    swap_out: int


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two policies over the same history: each alone, who moves where, what changes for those who stay, and why.

    `in_reasons` are the findings of the old policy against those who come in, `out_reasons` those of the new one against those who
    go out.

    >>> Comparison.__struct_fields__[:3]
    ('old', 'new', 'moves')
    """

    old: BackTest
    new: BackTest
    moves: tuple[Move, ...]
    ceilings: Shift
    rates: Shift
    in_reasons: tuple[FindingCount, ...]
    out_reasons: tuple[FindingCount, ...]
    segments: dict[str, tuple[SwapSegment, ...]]

    def tally(self, old: Sequence[Outcome] = OUTCOMES, new: Sequence[Outcome] = OUTCOMES) -> Tally:
        """Return the applications that the old policy answered in one of some ways, and the new one too."""
        total = Tally()
        for move in self.moves:
            total = total.plus(move.tally) if move.old in old and move.new in new else total
        return total


def compare_policies(ask: Ask, old: Selection, new: Selection, *, segments: Sequence[str] = ()) -> Comparison:
    """Return what two policies did with the same history, in which their columns stand after ``old_`` and ``new_``.

    >>> counted = lambda by, measures, *, where="TRUE", most=None: [(0,) * len(measures)] if not by else []
    >>> nothing = Selection(sql="", columns=(), packed={})
    >>> compare_policies(counted, nothing, nothing).tally()
    Tally(rows=0, known=0, bad=0)
    """
    columns = {"grade": f"{OLD}grade"} | {name: name for name in segments}
    return Comparison(
        old=measure_policy(ask, old, prefix=OLD, segments=segments),
        new=measure_policy(ask, new, prefix=NEW, segments=segments),
        moves=_moves(ask),
        ceilings=_shift(ask, "ceiling_fen"),
        rates=_shift(ask, "floor_rate_ppm"),
        in_reasons=count_findings(ask, old, _IN),
        out_reasons=count_findings(ask, new, _OUT),
        segments={name: _segments(ask, column) for name, column in columns.items()},
    )


def _moves(ask: Ask) -> tuple[Move, ...]:
    sums = [f'coalesce(sum("{one}ceiling_fen") FILTER (WHERE "{one}outcome" = \'approve\'), 0)' for one in (OLD, NEW)]
    found = {
        (old, new): Move(old=old, new=new, tally=Tally(count, known, bad), old_fen=int(before), new_fen=int(after))
        for old, new, count, known, bad, before, after in ask([f'"{OLD}outcome"', f'"{NEW}outcome"'], [*TALLY, *sums])
    }
    return tuple(found[old, new] for old in OUTCOMES for new in OUTCOMES if (old, new) in found)


def _shift(ask: Ask, name: str) -> Shift:
    old, new = f'"{OLD}{name}"', f'"{NEW}{name}"'
    measures = [f"count(*) FILTER (WHERE {new} {sign} {old})" for sign in (">", "=", "<")]
    measures += [f"coalesce(sum({column}), 0)" for column in (old, new)]
    ((more, same, less, old_total, new_total),) = ask((), measures, where=_BOTH)
    return Shift(more, same, less, int(old_total), int(new_total))


def _segments(ask: Ask, column: str) -> tuple[SwapSegment, ...]:
    conditions = (f"\"{OLD}outcome\" = 'approve'", f"\"{NEW}outcome\" = 'approve'", _IN, _OUT)
    measures = ["count(*)", *(f"count(*) FILTER (WHERE {condition})" for condition in conditions)]
    return tuple(
        SwapSegment(value=value, rows=count, old=old, new=new, swap_in=came, swap_out=went)
        for value, count, old, new, came, went in ask([f'"{column}"::VARCHAR'], measures, most=MOST_SEGMENTS)
    )
