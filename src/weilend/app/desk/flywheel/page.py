"""In: a run and its result. Out: the page that tells a person in a minute what happened and why. Used: by `weilend sim run`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from weilend.app.desk.flywheel.learners import FITS
from weilend.app.desk.flywheel.policies import GRADES, NO_MODEL, show_terms, terms_of
from weilend.app.desk.flywheel.results import (
    BAR_PPM,
    FLYWHEEL,
    ORACLE,
    TUNED,
    VISIBLE,
    Line,
    Result,
    cheaper_and_safer,
    kinder_to_thin,
)
from weilend.app.desk.flywheel.run import Lesson, Run
from weilend.core.calendars import first_of_month
from weilend.core.money import PPM
from weilend.report import (
    Block,
    Callout,
    ChartBlock,
    Column,
    DataTable,
    Details,
    KeyFigure,
    KeyFigures,
    Page,
    Prose,
    Section,
    bars,
    lines,
    show,
    show_short,
)

#: Who is drawn over time: more lines than these cannot be told apart.
DRAWN = (FLYWHEEL, TUNED, VISIBLE, ORACLE)
_MET = {True: "met", False: "not met"}


def compose_run(run: Run, result: Result) -> Page:
    """Return the page of a run."""
    drawn = f"constants drawn by world seed {result.world_seed}" if result.world_seed else "default constants"
    return Page(
        title="A company that learns",
        title_zh="飞轮：边放款边学习",
        subtitle=f"{result.users:,} users, {result.businesses:,} firms, {result.months} months, seed {result.seed}, {drawn}",
        lead=headline(result),
        sections=(
            _short(run, result),
            _money(run, result),
            _learned(run),
            _reached(run, result),
            _meant(result),
            _honest(result),
        ),
        made_from=(
            ("constants", run.ground.plan.constants.identity()),
            *((one.name, one.identity) for one in run.first.values()),
        ),
    )


def headline(result: Result) -> str:
    """Return the sentence that a reader takes away."""
    line = {one.name: one for one in result.lines}
    earned = show_short(line[FLYWHEEL].profit_fen, "fen")
    if result.first_model_month is None or not result.later:
        return f"The lender earned {earned} with rules alone: too few loans went bad in time for a model to learn from."
    later = {one.name: one for one in result.later}
    more = later[FLYWHEEL].profit_fen - later[TUNED].profit_fen
    against = f"{show_short(abs(more), 'fen')} {'more' if more >= 0 else 'less'} than rules tuned with hindsight"
    begins = result.first_model_month
    return (
        f"Judgement and prices alone until month {begins - 1}; from month {begins} on a model decides, and the lender "
        f"earns {against} and loses {_compared(later[FLYWHEEL].lost_fen, later[TUNED].lost_fen)}. "
        f"Over all months it earned {earned}{_beside(line)}."
    )


def _beside(line: dict[str, Line]) -> str:
    """Return what a model would have earned that was told every outcome, in words; nothing where nobody reckoned it."""
    return (
        f"; a model told every outcome would have earned {show_short(line[VISIBLE].profit_fen, 'fen')}"
        if VISIBLE in line
        else ""
    )


def _compared(own: int, other: int) -> str:
    """Return how much less or more one is than the other, in words.

    >>> _compared(70, 100), _compared(110, 100), _compared(1_000, 1_001)
    ('30 % less to bads', '10 % more to bads', 'as much to bads')
    """
    change = round(abs(own - other) / max(other, 1) * 100)
    return f"{change} % {'less' if own <= other else 'more'} to bads" if change else "as much to bads"


def _short(run: Run, result: Result) -> Section:
    line = {one.name: one for one in result.lines}
    own, tuned = line[FLYWHEEL], line[TUNED]
    share = round(PPM * own.approved / max(result.applications, 1))
    figures = (
        KeyFigure("Profit 利润", show_short(own.profit_fen, "fen"), f"tuned rules {show_short(tuned.profit_fen, 'fen')}"),
        KeyFigure("Approved 通过率", show(share, "ppm"), f"of {result.applications:,} applications"),
        KeyFigure("Went bad 坏账率", show(own.bad_ppm, "ppm"), f"of {own.loans:,} loans; tuned {show(tuned.bad_ppm, 'ppm')}"),
        KeyFigure(
            "Good firms pay 优质企业利率",
            show(own.good_rate_ppm, "ppm"),
            f"a year; tuned rules {show(tuned.good_rate_ppm, 'ppm')}",
        ),
        KeyFigure(
            "Lost to fraud 欺诈损失",
            show_short(own.fraud_lost_fen, "fen"),
            f"tuned rules {show_short(tuned.fraud_lost_fen, 'fen')}",
        ),
        KeyFigure(
            "Models promoted 模型版本", str(len(run.models)), f"{len(run.policies)} versions of {len(run.products)} policies"
        ),
    )
    months = _months(run)
    counted = {
        "applications": [one.applications for one in run.months],
        "approved": [one.approved for one in run.months],
        "loans": [one.loans for one in run.months],
        "bads known so far": [one.bads_known for one in run.months],
    }
    wheel = ChartBlock(
        title="The wheel month by month",
        description="Applications, those approved, those who took the loan; bads that were known, months after.",
        spec=lines(months, counted, unit="count"),
    )
    told = [one for one in run.lessons if one.turned]
    events = DataTable(
        columns=(Column(title="month"), Column(title="bads known", unit="count"), Column(title="what the wheel did")),
        rows=tuple((months[one.month], one.bads, one.action) for one in told),
        title="Turns of the wheel",
        caption="Terms: limit in months of sales × yearly rate, and with how much of the limit thin files start.",
        folded=False,
    )
    return Section(id="short", title="In a minute", title_zh="一分钟读懂", blocks=(KeyFigures(figures), wheel, events))


def _money(run: Run, result: Result) -> Section:
    months = [f"{month + 1:02d}" for month in range(result.months)]
    series = {name: [fen // 100 for fen in accumulate(result.monthly[name])] for name in DRAWN if name in result.monthly}
    chart = ChartBlock(
        title="Profit added up, by month of application (yuan)",
        description="All flows of the loans run off to maturity, at what money costs, less data, operations and exploring.",
        spec=lines(months, series, axis="yuan", unit="count", x_axis="month of business"),
    )
    ranked = sorted(result.lines, key=lambda one: -one.profit_fen)
    earned = ChartBlock(
        title="Profit over all months",
        description=f"The flywheel beside the others. {TUNED.capitalize()}, {VISIBLE} and the {ORACLE} know what nobody can.",
        spec=bars([one.name for one in ranked], [_yuan(one.profit_fen) for one in ranked], unit="fen", highlight=(FLYWHEEL,)),
    )
    blocks: list[Block] = [earned, Prose(tuple(_shares(result))), chart, _who(ranked), _table("All months", ranked)]
    if result.later:
        blocks.append(
            _table(
                f"From month {result.first_model_month} on, when a model decides",
                sorted(result.later, key=lambda one: -one.profit_fen),
            )
        )
    blocks.append(_products(run, result))
    lead = "Everybody met the same applicants in the same months with the same dice; only the decisions differ."
    return Section(id="money", title="Who earned what", title_zh="收益对比", blocks=tuple(blocks), lead=lead)


def _products(run: Run, result: Result) -> DataTable:
    """Return what each product brought, to the flywheel and to the others that are drawn."""
    columns = (
        Column(title="product"), Column(title="who"), Column(title="approved", unit="count"), Column(title="loans", unit="count"),
        Column(title="lent", unit="fen"), Column(title="profit", unit="fen"), Column(title="bad", unit="ppm"),
        Column(title="good firms pay", unit="ppm"),
    )  # fmt: skip
    rows = tuple(
        (f"{run.products[name].en} {run.products[name].zh}" if one.name == FLYWHEEL else "", one.name, one.approved, one.loans,
         _yuan(one.lent_fen), _yuan(one.profit_fen), one.bad_ppm, one.good_rate_ppm)
        for name, found in result.by_product.items()
        for one in found
        if one.name in DRAWN
    )  # fmt: skip
    return DataTable(columns=columns, rows=rows, title="Product by product, all months", folded=False)


def _shares(result: Result) -> list[str]:
    told = []
    for when, found, share, ceiling in (
        ("Over all months", result.lines, result.share_ppm, result.ceiling_ppm),
        ("Since a model decides", result.later, result.later_share_ppm, result.later_ceiling_ppm),
    ):
        if share is None:
            continue
        profit = {one.name: one.profit_fen for one in found}
        more = profit[FLYWHEEL] - profit[TUNED]
        told.append(
            f"{when} the flywheel earned {show_short(abs(more), 'fen')} {'more' if more >= 0 else 'less'} than the tuned rules: "
            f"{share / PPM:.0%} of the way from them to the oracle. The bar is {BAR_PPM / PPM:.0%}; a model that was told "
            f"how every applicant would turn out goes {_way(ceiling)}, about as far as files lead."
        )
    return told or ["Nobody earned more than the tuned rules, so there is no way to have gone."]


def _table(title: str, found: Sequence[Line]) -> DataTable:
    columns = (
        Column(title="who"), Column(title="approved", unit="count"), Column(title="loans", unit="count"),
        Column(title="lent", unit="fen"), Column(title="profit", unit="fen"), Column(title="bad", unit="ppm"),
        Column(title="lost to fraud", unit="fen"), Column(title="good firms pay", unit="ppm"),
    )  # fmt: skip
    rows = tuple(
        (one.name, one.approved, one.loans, _yuan(one.lent_fen), _yuan(one.profit_fen), one.bad_ppm, _yuan(one.fraud_lost_fen),
         one.good_rate_ppm)
        for one in found
    )  # fmt: skip
    return DataTable(columns=columns, rows=rows, title=title)


def _who(found: Sequence[Line]) -> DataTable:
    """Return who is who; what was frozen is named by its hash."""
    columns = (Column(title="who"), Column(title="about"), Column(title="frozen as"))
    return DataTable(columns=columns, rows=tuple((one.name, one.about, one.identity[:8]) for one in found), title="Who is who")


def _yuan(fen: int) -> int:
    return fen // 100 * 100


def _learned(run: Run) -> Section:
    looks = [lesson for lesson in run.lessons if lesson.trained is not None]
    won = [one for one in looks if one.promoted]
    blocks: list[Block] = []
    if won:
        blocks += [_trainings(run, looks), _trained(run, won[-1])]
    else:
        text = "Labels did not suffice, or did not show that it ranks."
        blocks.append(Callout(tone="unknown", title="No model was promoted", text=text))
    blocks.append(_terms(run))
    others = tuple(_trained(run, one) for one in looks if one not in won[-1:])
    if others:
        blocks.append(Details("The other models that were trained", others))
    return Section(id="learned", title="What each version learned", title_zh="每一版学到了什么", blocks=tuple(blocks))


def _trainings(run: Run, looks: Sequence[Lesson]) -> DataTable:
    """Return every training: how well each learner ranked, which was proposed, what became of it."""
    rows: list[tuple[str | int, ...]] = []
    for one in looks:
        trained = one.trained
        assert trained is not None
        newest = "{:.3f}, {:.3f}".format(*(auc / PPM for auc in trained.newest)) if trained.newest else "–"
        ranked = (f"{auc / PPM:.3f}" for _, auc in trained.tried)
        fate = "promoted" if one.promoted else "not promoted"
        rows.append((_months(run)[one.month], trained.model.rows, one.bads, *ranked, trained.learner, newest, fate))
    columns = (Column(title="month"), Column(title="loans", unit="count"), Column(title="bads", unit="count"),
               *(Column(title=name) for name in FITS), Column(title="proposed"),
               Column(title="newest: it, champion"), Column(title="what became of it"))  # fmt: skip
    caption = (
        "AUC out of fold of each learner on all labels of the month, and of the proposed one and the champion on the newest."
    )
    return DataTable(columns=columns, rows=tuple(rows), title="Every training", caption=caption, folded=False)


def _trained(run: Run, lesson: Lesson) -> ChartBlock:
    trained = lesson.trained
    assert trained is not None
    return ChartBlock(
        title=f"What the model of {_months(run)[lesson.month]} leans on ({trained.learner})",
        description=f"Learned from {trained.model.rows:,} loans, {trained.model.bads} of them bad. Share of what it says.",
        spec=bars([name for name, _ in trained.leans_on], [share for _, share in trained.leans_on], unit="ppm"),
    )


def _terms(run: Run) -> DataTable:
    """Return what each version of the policy that decided offered, a row a version."""
    rows = []
    for at, policy in sorted(enumerate(run.policies), key=lambda one: list(run.products).index(one[1].product)):
        decided = run.policy_of == at
        if decided.any():
            terms, scored = terms_of(policy), bool((run.model_of[decided] >= 0).any())
            said = [show_terms(terms[name]) if (name != NO_MODEL) == scored else "" for name in (NO_MODEL, *GRADES)]
            month = _months(run)[int(run.month[decided][0])]
            rows.append((policy.en, month, f"v{policy.version}", *said, policy.parameters["thin_share_ppm"].base))
    columns = (Column(title="product"), Column(title="from"), Column(title="version"),
               *(Column(title=name) for name in (NO_MODEL, *GRADES)),
               Column(title="thin files start with", unit="ppm"))  # fmt: skip
    caption = f"Limit in months of sales × yearly rate. {NO_MODEL}: no model yet; none: not lent to, but for a few by chance."
    return DataTable(columns=columns, rows=tuple(rows), title="Terms, version by version", caption=caption, folded=False)


def _reached(run: Run, result: Result) -> Section:
    learned = [one for one in run.contacts if "who answers most" in one.brought]
    if not learned:
        return Section(
            id="reached", title="Whom it reached", title_zh="触达", blocks=(Prose(("Contacts were drawn by chance.",)),)
        )
    names = ("chosen", "who answers most", "by chance")
    whole = [sum(one.brought[name] for one in learned) for name in names]
    contacts = sum(len(one.user) for one in learned)
    chart = ChartBlock(
        title="Applications that contacts brought, less those they prevented",
        description=f"By the truth, for the same {contacts:,} contacts in {len(learned)} months, chosen in three ways.",
        spec=bars(["chosen: likelihood × uplift × margin", "who answers most", "by chance"], whole, unit="count", sort=False),
    )
    cost = sum(one.cost_fen for one in run.contacts)
    spent = (
        f"{result.caused:,} of {result.applications:,} applications came of a contact; contacts cost {show_short(cost, 'fen')}"
    )
    told = (f"{spent}, alike for all contenders, who meet the same applicants. A tenth of all users is never contacted.",)
    return Section(id="reached", title="Whom it reached", title_zh="触达", blocks=(chart, Prose(told)))


def _meant(result: Result) -> Section:
    found = result.later or result.lines
    line = {one.name: one for one in found}
    own, tuned = line[FLYWHEEL], line[TUNED]
    columns = (
        Column(title="who"), Column(title="good firms approved", unit="count"), Column(title="they pay a year", unit="ppm"),
        Column(title="good thin files approved", unit="count"), Column(title="thin files that went bad", unit="ppm"),
        Column(title="lost", unit="fen"),
    )  # fmt: skip
    rows = tuple(
        (one.name, one.good_approved, one.good_rate_ppm, one.thin_good_approved, one.thin_bad_ppm, _yuan(one.lost_fen))
        for one in found
    )
    table = DataTable(
        columns=columns, rows=rows, title="Good firms and thin files" + (", since a model decides" if result.later else ""),
        caption="A good firm is honest and would repay a month's sales: truth, which no contender but the oracle sees.",
    )  # fmt: skip
    said = (
        f"Good firms pay {show(own.good_rate_ppm, 'ppm')} a year, {show(tuned.good_rate_ppm, 'ppm')} under tuned rules, and "
        f"{show_short(own.lost_fen, 'fen')} are lost against {show_short(tuned.lost_fen, 'fen')}: the bar of a lower rate at no "
        f"more loss is {_MET[cheaper_and_safer(result)]}.",
        f"{own.thin_good_approved:,} good firms with thin files are approved, {tuned.thin_good_approved:,} by tuned rules, and "
        f"{show(own.thin_bad_ppm, 'ppm')} of the thin files that were lent to went bad against {show(tuned.thin_bad_ppm, 'ppm')}: "
        f"the bar of more of them at no more bads is {_MET[kinder_to_thin(result)]}.",
    )
    return Section(
        id="meant", title="What it meant to small businesses", title_zh="对小微企业意味着什么", blocks=(Prose(said), table)
    )


def _honest(result: Result) -> Section:
    shortfall = result.share_ppm is not None and result.share_ppm < BAR_PPM
    waited = (result.first_model_month or result.months + 1) - 1
    items = (
        f"The bar of {BAR_PPM / PPM:.0%} of the way to the oracle is {'not ' if shortfall else ''}reached over all months. The "
        "oracle sees health, family and luck, which leave no trace in any file; nothing that reads files can follow it there. "
        f"A model that was told how every applicant would turn out goes {_way(result.ceiling_ppm)}: about as far as files lead.",
        f"For {waited} months the lender has judgement and prices alone, and pays for what it learns; the oracle and the tuned "
        "rules know from the first day. The tuned rules are searched for on the outcomes of the very months they are judged on.",
        "Rules of fraud (an identity that failed, a statement that does not add up, money in circles, a shell in a hurry) decline "
        "alike for the flywheel, the tuned rules and all that files say. No lists or rings are asked, and nobody reviews.",
        "Outcomes at each offer are the economy's own. Loans are valued run off to maturity; one renewed under stress as lost.",
        "The oracle's chances of loss are reckoned at 18 % a year; its offers, like everybody's, are then lived exactly.",
    )
    title = "Where it falls short, and why" if shortfall else "What is known and what is assumed"
    callout = Callout(tone="unknown", title=title, text="", items=items)
    return Section(id="honest", title="How far to believe it", title_zh="可信程度", blocks=(callout,))


def _way(share_ppm: int | None) -> str:
    """Return a share of the way to the oracle in words.

    >>> _way(240_000), _way(None), _way(-290_000)
    ('24% of the way', 'no further than the tuned rules', 'no further than the tuned rules')
    """
    return f"{share_ppm / PPM:.0%} of the way" if share_ppm is not None and share_ppm > 0 else "no further than the tuned rules"


def _months(run: Run) -> list[str]:
    plan = run.ground.plan
    first = plan.first_month + plan.months - run.ground.months
    return [first_of_month(first + month).strftime("%Y-%m") for month in np.arange(run.ground.months).tolist()]
