"""In: counts of a back-test. Out: the tables and charts that pages share. Used: by the page of one policy and that of two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from weilend.app.desk.committee.words import plural, share_ppm, wilson
from weilend.core.money import show_percent
from weilend.core.values import Outcome
from weilend.decision import Policy
from weilend.decision.backtest import FindingCount, Spread, Tally
from weilend.report import Block, Callout, ChartBlock, Column, DataTable, Unit, bars, intervals, show_short

OUTCOMES: Final[dict[Outcome, str]] = {"approve": "approve 通过", "refer": "refer 转人工", "decline": "decline 拒绝"}
#: A chart of findings shows the most frequent; the table below it has all.
MOST_BARS: Final = 12
#: What findings that are no rule's own say.
_SAID: Final = {
    "_refused": "the value is too old or outside what the policy accepts",
    "_missing": "the source is missing or too old",
    "_unknown": "not known",
}
_OWN: Final = {
    "price_above_cap": "no term is within the cap on all-in cost",
    "shorter_term": "the price is within the cap only for a shorter term",
    "ceiling_unknown": "the ceiling cannot be computed",
    "floor_rate_unknown": "the price cannot be computed",
}
#: Headings of a table of bads: known outcomes, bads among them, their share and its interval.
BAD_COLUMNS: Final = (
    Column(title="Outcome known 已知结果", unit="count"),
    Column(title="Bads 违约", unit="count"),
    Column(title="Bad rate 违约率", unit="ppm", places=1),
    Column(title="95 % from", unit="ppm", places=1),
    Column(title="to", unit="ppm", places=1),
)


def bad_cells(tally: Tally) -> tuple[int | None, ...]:
    """Return the cells of `BAD_COLUMNS`; no rate where no outcome is known.

    >>> bad_cells(Tally(10, 0, 0)), bad_cells(Tally(300, 123, 27))
    ((0, 0, None, None, None), (123, 27, 219512, 155475, 300539))
    """
    low, high = wilson(tally.bad, tally.known) if tally.known else (None, None)
    return (tally.known, tally.bad, tally.bad_ppm, low, high)


def say_bads(tally: Tally) -> str:
    """Return the share of bads among known outcomes, with its interval, in words.

    >>> say_bads(Tally(300, 123, 27)), say_bads(Tally(3, 0, 0))
    ('22.0 % (15.5–30.1) of 123', 'not known')
    """
    if not tally.known:
        return "not known"
    low, high = (show_percent(end, 1).removesuffix(" %") for end in wilson(tally.bad, tally.known))
    return f"{show_percent(share_ppm(tally.bad, tally.known), 1)} ({low}–{high}) of {tally.known:,}"


def chart_bads(title: str, tallies: Mapping[str, Tally]) -> list[Block]:
    """Return the bad rates of several groups with their intervals, those left out of which nothing is known."""
    known = {name: tally for name, tally in tallies.items() if tally.known}
    if not known:
        return []
    spans = [wilson(tally.bad, tally.known) for tally in known.values()]
    spec = intervals(
        list(known),
        [share_ppm(tally.bad, tally.known) for tally in known.values()],
        [low for low, _ in spans],
        [high for _, high in spans],
        unit="ppm",
        reference=None,
        axis="bads among known outcomes",
        signed=False,
    )
    said = (
        "Dots are shares of bads among known outcomes, lines their 95 % intervals (Wilson 1927). Where lines overlap widely, "
    )
    return [ChartBlock(title=title, description=f"{said}these data do not tell the groups apart.", spec=spec)]


def warn_of_unknown(tally: Tally) -> Callout:
    """Return what must be said of outcomes: how many are known, and that those of the others are not guessed."""
    if not tally.known:
        text = (
            "The applications have no column `bad`, or nothing in it: what became of them is not known, and nothing is guessed."
        )
        return Callout(tone="unknown", title="No outcome is known 无已知结果", text=text)
    text = (
        f"The outcome of {plural(tally.known, 'application')} of {tally.rows:,} is known: of those to whom somebody lent. They "
        "were chosen by the policy of their day, so their bad rate is not that of everybody whom a new policy would approve. "
        "Rates here are counted on known outcomes alone; the others are *not estimated*."
    )
    return Callout(tone="unknown", title="Only known outcomes are counted 仅统计已知结果", text=text)


def warn_of_assumptions(assumed: Sequence[str]) -> list[Block]:
    """Return what had to be assumed of the history, where anything had."""
    return [Callout(tone="warning", title="Taken as read 数据假设", items=tuple(assumed))] if assumed else []


def chart_findings(title: str, findings: Sequence[FindingCount], description: str) -> list[Block]:
    """Return how often findings held that stand against an approval, the most frequent first."""
    shown = sorted((one for one in findings if one.rows and one.outcome != "approve"), key=lambda one: -one.rows)[:MOST_BARS]
    if not shown:
        return []
    spec = bars([one.code for one in shown], [one.rows for one in shown], axis="applications")
    return [ChartBlock(title=title, description=description, spec=spec)]


def say_finding(policy: Policy, code: str) -> str:
    """Return when a finding holds: a rule's condition as its file has it, or a sentence.

    >>> from weilend.decision import load_policy
    >>> policy = load_policy("enterprise_loan")
    >>> say_finding(policy, "inactive_6m"), say_finding(policy, "points_refused")
    ('sales_months_active_6m = 0', 'the value is too old or outside what the policy accepts')
    """
    conditions = {rule.id: " ".join(rule.when.split()) for rule in policy.rules} | _OWN
    if code in conditions:
        return conditions[code]
    ending = next(end for end in _SAID if code.endswith(end))
    return _SAID[ending] + (f": {conditions[code.removesuffix(ending)]}" if code.removesuffix(ending) in conditions else "")


def tabulate_findings(policy: Policy, findings: Sequence[FindingCount], rows: int) -> DataTable:
    """Return every finding that held: when it holds, what follows, how often, and how often it alone stood against an approval."""
    return DataTable(
        title="Every reason 全部原因",
        caption="*Alone*: of these applications nothing else spoke against an approval; without this reason they would be "
        "approved. One application may have many reasons.",
        columns=(
            Column(title="Reason 原因"),
            Column(title="When 条件"),
            Column(title="Asks for 结果"),
            Column(title="Applications 进件", unit="count"),
            Column(title="Share 占比", unit="ppm", places=1, bar=True),
            Column(title="Alone 唯一原因", unit="count"),
        ),
        rows=tuple(
            (one.code, say_finding(policy, one.code), OUTCOMES[one.outcome], one.rows, share_ppm(one.rows, rows), one.alone)
            for one in sorted(findings, key=lambda one: -one.rows)
            if one.rows
        ),
    )


def chart_spread(title: str, spread: Spread, unit: Unit, axis: str) -> ChartBlock:
    """Return how a number spreads over approvals: a bar for each bin, its quantiles in words."""
    low, _, middle, _, high = (show_short(value, unit) for value in spread.quantiles)
    labels = [f"{show_short(start, unit)} – {show_short(end, unit)}" for start, end, _ in spread.bins]
    return ChartBlock(
        title=title,
        description=f"Half of the approved get {middle} or more; one in ten at most {low}, one in ten at least {high}.",
        spec=bars(labels, [count for *_, count in spread.bins], sort=False, axis=axis),
    )
