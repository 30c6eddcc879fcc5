"""In: studies of worlds. Out: rows for a terminal, and a page of Markdown with its bars. Used: by `weilend sim fraud` and the
documentation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Final

from weilend.app.desk.worlds.study import NAMES, WorldStudy
from weilend.app.desk.worlds.study_scores import LEARNED_DAYS
from weilend.app.desk.worlds.study_truth import RING_FIRMS, WITHHELD
from weilend.core.money import show_percent
from weilend.economy.audit.alerts import NOTHING_FOUND, FalseAlarms, RingTally, Tally
from weilend.economy.fraud import PATTERNS
from weilend.economy.truth import STACKING
from weilend.report import markdown_table

#: What the first contender must find of the members of rings before money goes out, in times of the tuned counts.
RINGS_BAR: Final = 1.5
WEILEND, AT_ONCE, COUNTS, FOREST, _ = NAMES
LEVELS: Final = {-1: "all", 0: "clumsy", 1: "middling", 2: "skilled"}
_HEAD: Final = ("alerts", "fraud found", "precision", "recall", "yuan saved", "of what was lost", "good customers stopped")
_METHOD: Final = """\
The first two thirds of the months are learned from; the last third is gone through in the order of time, each
application with what was known when it came in. Nothing is learned after the cut, and nothing from the truth of later
months. There are no lists in these worlds. Who fails the check of who he is, is stopped whoever judges: he is no
contender's alert and in nobody's budget.

- **{ours}** is the verdict of `fraud.md`. All that it hears of the truth is what reviewers would have confirmed by
  the cut: loans that were late at once, and one application in a hundred at random, known weeks later; of the
  withheld patterns nothing. A night every {nights} days looks for rings in the whole graph. Who is found before the
  day after the application bears a rare mark more, within the same budget; how rare is learned from the last
  {learned} days before the cut. **{early}** leaves the nights out.
- **{counts}**: with how many other applicants a device, telephone, address or Wi-Fi is shared. The window, what is a
  hub and all weights are those that save most yuan on the earlier part, chosen with its whole truth, which no lender
  has (of the withheld patterns nothing).
- **{forest}** reads the same features as the verdict. **rings alone** is the graph at the application and nothing
  else.

Lost is the standard limit of applications by fraud whose potential outcome at the standard offer is that they cease
to be paid, nothing taken off for what comes back. Good customers are honest applicants who would have paid. A ring is
a case of {firms} firms or more; its members are found where they are alerted before the day after they asked, when
money goes out at the earliest. An application by stacking is no fraud here: an alert on it counts as a false one."""
COLUMNS: Final = ("world", "contender", *_HEAD, "ring members found")


def summarise(studies: Sequence[WorldStudy]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return columns and rows: one for each world and contender.

    >>> summarise(())[1]
    []
    """
    rows = []
    for study in studies:
        for name, result in study.results.items():
            rows.append((name_world(study), name, *_cells(result.whole), f"{result.rings.found} of {result.rings.members}"))
    return COLUMNS, rows


def bars(studies: Sequence[WorldStudy]) -> list[tuple[str, str, str]]:
    """Return each bar, what was measured, and yes or no; over all worlds together."""
    wholes = {name: _whole(studies, name) for name in NAMES}
    rings = {name: _rings(studies, name) for name in NAMES}
    ours, theirs = rings[WEILEND].found, rings[COUNTS].found
    accused = [name for name, one in _innocents(studies, WEILEND).items() if one.is_accused]
    return [
        (
            f"members of rings found before money goes out: at least {RINGS_BAR} times the tuned counts",
            f"{ours} and {theirs} of {rings[WEILEND].members}" + (f": {ours / theirs:.2f} times" if theirs else ""),
            _yes(held=ours > 0 and ours >= RINGS_BAR * theirs),
        ),
        *(
            (f"more yuan saved than by {other}", f"{show(wholes[WEILEND])} and {show(wholes[other])}",
             _yes(held=wholes[WEILEND].saved_fen > wholes[other].saved_fen))
            for other in (COUNTS, FOREST)
        ),
        (
            "families, tenants of markets, landlords' telephones, counters and couriers: none alerted more often than honest people"
            " who share nothing, by more than two standard errors",
            "more often: " + ", ".join(accused) if accused else "none is",
            _yes(held=not accused),
        ),
    ]  # fmt: skip


def write_markdown(studies: Sequence[WorldStudy], *, budget_ppm: int) -> str:
    """Return the page: bars, contenders together and by world, patterns by skill, honest people who share."""
    first = studies[0].made
    worlds = "; ".join(f"{name_world(one)}: `{one.made.constants}`" for one in studies)
    parts = [
        "# Study of fraud on worlds",
        "Made by `weilend sim fraud`; nobody writes here by hand. "
        f"Seed {first.seed}, {first.businesses:,} businesses, {first.months} months each, an alert budget of"
        f" {show_percent(budget_ppm, 1)} of applications. Constants: {worlds}.",
        _method(studies[0].night_days),
        "## Bars",
        markdown_table(("bar", "measured", "held"), bars(studies)),
        "## All worlds together",
        "The budget spent to the last in each month; below it the same with a threshold that was set on the earlier part.",
        markdown_table(
            ("contender", *_HEAD, "ring members found", "rings touched"),
            [(name, *_cells(_whole(studies, name)), *_ring_cells(_rings(studies, name))) for name in NAMES],
        ),
        markdown_table(
            ("contender, threshold of the earlier part", *_HEAD),
            [(name, *_cells(reduce(add, (one.results[name].by_floor for one in studies)))) for name in NAMES],
        ),
        "## By world",
        markdown_table(
            ("world", "learned from", "gone through", "stopped before: all, would have paid", "confirmed: fraud, sound",
             "how the counts were tuned"),
            [(name_world(one), f"{one.learned_from:,}", f"{one.gone_through:,}", "{}, {}".format(*one.stopped),
              "{}, {}".format(*one.confirmed), one.setting) for one in studies],
        ),
        markdown_table(*summarise(studies)),
        "## By pattern and skill",
        f"Alerted and saved by {WEILEND}, {COUNTS} and {FOREST}. Skill is how well a case hides, in thirds of its world's cases."
        f" {', '.join(WITHHELD)} are withheld: nothing was ever tuned on them. {STACKING} is told for comparison.",
        markdown_table(
            ("pattern", "skill", "applications", *(f"{what}, {name}" for name in (WEILEND, COUNTS, FOREST)
                                                  for what in ("alerted", "yuan saved"))),
            _patterns(studies),
        ),
        "## Honest people who share",
        "Honest applications that were alerted, beside honest applicants who share nothing of the sort.",
        markdown_table(
            ("who", "contender", "applications", "alerted", "false alarms", "of the rest", "more often"), _sharing(studies)
        ),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _method(night_days: int) -> str:
    return _METHOD.format(
        ours=WEILEND, early=AT_ONCE, counts=COUNTS, forest=FOREST, nights=night_days, learned=LEARNED_DAYS, firms=RING_FIRMS
    )


def show(tally: Tally) -> str:
    """Return what was saved, in yuan.

    >>> show(NOTHING_FOUND)
    '¥0'
    """
    return f"¥{tally.saved_fen // 100:,}"


def name_world(study: WorldStudy) -> str:
    """Return what a world is called on the page."""
    return "default" if study.made.world_seed == 0 else f"drawn {study.made.world_seed}"


def _whole(studies: Sequence[WorldStudy], name: str) -> Tally:
    return reduce(add, (one.results[name].whole for one in studies), NOTHING_FOUND)


def _rings(studies: Sequence[WorldStudy], name: str) -> RingTally:
    return reduce(add, (one.results[name].rings for one in studies), RingTally(0, 0, 0, 0))


def _innocents(studies: Sequence[WorldStudy], name: str) -> dict[str, FalseAlarms]:
    sorts = studies[0].results[name].innocents if studies else {}
    return {sort: reduce(add, (one.results[name].innocents[sort] for one in studies)) for sort in sorts}


def _cells(one: Tally) -> tuple[str, ...]:
    return (
        f"{one.alerts:,}", f"{one.found} of {one.frauds}", f"{100 * one.precision:.1f} %", f"{100 * one.recall:.1f} %", show(one),
        f"{100 * one.saved:.1f} %", f"{one.good_stopped:,}",
    )  # fmt: skip


def _ring_cells(one: RingTally) -> tuple[str, ...]:
    return f"{one.found} of {one.members}", f"{one.touched} of {one.rings}"


def _patterns(studies: Sequence[WorldStudy]) -> list[tuple[str, ...]]:
    rows = []
    for name in PATTERNS:
        for level, word in LEVELS.items():
            if name == STACKING and level >= 0:
                continue
            tallies = [
                reduce(add, (one.results[who].parts[f"{name} {level}"] for one in studies)) for who in (WEILEND, COUNTS, FOREST)
            ]
            cells = [cell for one in tallies for cell in (f"{one.alerts}", f"{show(one)} ({100 * one.saved:.0f} %)")]
            shown = f"{name} (withheld)" if name in WITHHELD else name
            rows.append((shown if level < 0 else "", word, f"{tallies[0].applications}", *cells))
    return rows


def _sharing(studies: Sequence[WorldStudy]) -> list[tuple[str, ...]]:
    rows = []
    for who in (WEILEND, COUNTS):
        for sort, one in _innocents(studies, who).items():
            rates = (f"{100 * part / max(of, 1):.2f} %" for part, of in (
                (one.alerted, one.applications), (one.others_alerted, one.others)))  # fmt: skip
            rows.append((sort, who, f"{one.applications:,}", f"{one.alerted}", *rates, _yes(held=one.is_accused)))
    return rows


def _yes(*, held: bool) -> str:
    return "yes" if held else "no"
