"""In: a `Result`. Out: page one: what was decided, how sure one can be, and what is not known. Used: by the committee's report."""

from __future__ import annotations

from datetime import date

from weilend.app.desk.committee.facts import (
    APPROVED,
    NOT_PLACED,
    count_answers,
    count_outcomes,
    day_of,
    mean_pd_ppm,
    mean_rate_ppm,
)
from weilend.app.desk.committee.outcomes import find_grade
from weilend.app.desk.committee.words import (
    TOSS_PPM,
    businesses,
    head_difference,
    percent,
    plural,
    say_auc,
    say_difference,
    say_seeds,
    share,
    side_of,
    span,
    wilson,
    yuan,
)
from weilend.app.desk.run import Result
from weilend.report import Block, Callout, KeyFigure, KeyFigures, Section, show

SIZE, SIZE_ZH = "total sales alone", "仅按销售总额排序"
#: From here on the windows of complete months reach into New Year and the lockdown of 2020.
LOCKDOWN_INSIDE_FROM = date(2020, 2, 1)


def compose_short(result: Result) -> Section:
    """Return page one."""
    blocks: list[Block] = [KeyFigures((*_decided(result), *_known(result)))]
    blocks += [_noted(result.order.note)] if result.order.note else []
    blocks += [_assumed_known(result)] if result.study.about.assumed_known else []
    blocks += [_no_ranking()] if side_of(result.study.figures.auc, TOSS_PPM) != "above" else []
    blocks += [_against_size(result), _not_known(result)]
    return Section(id="short", title="In short", title_zh="摘要", blocks=tuple(blocks))


def say_decided(result: Result) -> str:
    """Return the first sentence of the report."""
    outcomes, answers, book = count_outcomes(result), count_answers(result), result.allocation
    return (
        f"Of {plural(len(result.receipts), 'application')}, **{outcomes['approve']} were approved**, {outcomes['refer']} referred "
        f"to a person and {outcomes['decline']} declined. Of the approved, {answers[APPROVED]} are offered a loan, "
        f"{yuan(book.offered_fen)} in all of a budget of {yuan(book.budget_fen)}; for {answers[NOT_PLACED]} it left nothing."
    )


def _decided(result: Result) -> tuple[KeyFigure, ...]:
    outcomes, answers, book = count_outcomes(result), count_answers(result), result.allocation
    rates = [placement.annual_rate_ppm for placement in book.placements]
    mean = mean_rate_ppm(book.placements)
    told = f"from {percent(min(rates), 2)} to {percent(max(rates), 2)}; weighted by amount" if rates else "nothing is placed"
    assumed = result.sealed.product.assumed
    terms = (
        f"after take-up and losses, if the bad rate is {percent(assumed('portfolio_bad_rate_ppm'))}, the loss "
        f"{percent(assumed('loss_given_default_ppm'))}, funding {percent(assumed('funding_rate_ppm'))}"
    )
    return (
        KeyFigure(
            "Decided 已决策",
            f"{len(result.receipts):,}",
            f"{outcomes['approve']} approve, {outcomes['refer']} refer, {outcomes['decline']} decline",
        ),
        KeyFigure(
            "Approved and placed 通过并安排",
            f"{answers[APPROVED]:,} of {outcomes['approve']:,}",
            f"{answers[NOT_PLACED]:,} approved, not placed",
        ),
        KeyFigure(
            "Offered 授信总额",
            yuan(book.offered_fen),
            f"of a budget of {yuan(book.budget_fen)}; {yuan(book.expected_taken_fen)} of it is expected to be taken up",
        ),
        KeyFigure("Average annual rate 平均年化利率", "–" if mean is None else percent(mean, 2), told),
        KeyFigure("Expected profit 预期利润", yuan(book.expected_profit_fen), terms),
    )


def _known(result: Result) -> tuple[KeyFigure, ...]:
    study, proof = result.study, result.proof
    figures = study.figures
    difference = show(study.over_size.estimate_ppm, "fraction_ppm", signed=True)
    return (
        KeyFigure(
            "AUC, out of fold 折外AUC",
            show(figures.auc.estimate_ppm, "fraction_ppm"),
            f"{span(figures.auc)} (95 %); {businesses(figures.rows)}, {plural(figures.bads, 'bad')}; "
            f"{say_seeds(figures.seeds)}",
        ),
        KeyFigure(
            "AUC against total sales alone 与仅按规模之差",
            difference,
            f"{span(study.over_size, signed=True)} (95 %, paired). {head_difference(study.over_size, SIZE, SIZE_ZH)[0]}",
        ),
        KeyFigure(
            "Realised on known outcomes 真实结果检验",
            yuan(proof.comparison.realised_fen),
            f"{proof.approved} of {proof.decided} approved out of fold, {proof.approved_bad} of them bad; "
            f"budget scaled to {yuan(proof.budget_fen)}",
        ),
    )


def _assumed_known(result: Result) -> Callout:
    known, asked = day_of(result, result.study.about.label_known_at), result.order.as_of
    return Callout(
        tone="warning",
        title=f"Trained on outcomes that nobody knew on {asked} · 训练所用标签当时尚未可知",
        text=f"The outcomes are taken as known on {known}; this run judges as of {asked} and was ordered with "
        "`--assume-label-known`. Without it the model refuses to train. Every figure of the model on this page rests on that.",
    )


def _noted(note: str) -> Callout:
    return Callout(tone="warning", title="Said by whoever ordered this run · 委托方说明", text=note)


def _no_ranking() -> Callout:
    return Callout(
        tone="warning",
        title="The card is not shown to rank at all · 未显示评分卡具有排序能力",
        text="The interval of its AUC does not lie above 0.5, which is a coin. Decisions that rest on its PDs rest on nothing that "
        "these businesses show.",
    )


def _against_size(result: Result) -> Callout:
    study = result.study
    title, title_zh = head_difference(study.over_size, SIZE, SIZE_ZH)
    return Callout(
        tone="note",
        title=f"{title} · {title_zh}",
        text=f"Ranking the {businesses(study.figures.rows)} with a known outcome by their net sales of three "
        f"years, with no model at all, has an AUC of {show(study.size_auc.estimate_ppm, 'fraction_ppm')} "
        f"({span(study.size_auc)}). The card has {show(study.figures.auc.estimate_ppm, 'fraction_ppm')} "
        f"({span(study.figures.auc)}; {say_auc(study.figures.auc)}). "
        f"The paired difference, card minus size, is {say_difference(study.over_size, SIZE)}.",
    )


def _not_known(result: Result) -> Callout:
    return Callout(
        tone="unknown",
        title="What this report does not know · 本报告所不知道的",
        items=(*_label_limits(result), *_safest(result), *_economic_limits(result), *_data_limits(result)),
    )


def _label_limits(result: Result) -> tuple[str, ...]:
    figures, labels, card = result.study.figures, result.population.labels, result.study.card
    known = day_of(result, labels.known_at)
    dated = (
        f"**When a business went bad.** The label has no date. It is taken as known on {known}; nothing here says when in its "
        "life a loan fails."
        if not labels.is_dated
        else f"**Outcomes after {known}.** The last of the labels became known then."
    )
    base = result.sealed.product.assumed("portfolio_bad_rate_ppm")
    return (
        dated,
        f"**The bad rate at a lender's door.** In the sample {share(figures.bads, figures.rows)} went bad; that is how the "
        f"sample was chosen (for the contest's files, by the contest). The portfolio's {percent(base)} is an assumption, and PDs "
        f"are moved from {percent(card.sample_ppm)} to it.",
    )


def _safest(result: Result) -> tuple[str, ...]:
    """Return how far the PDs of the safest grade rest on anything that was seen."""
    grade = next(iter(result.sealed.product.grades))
    inside, mean = find_grade(result, grade), mean_pd_ppm(result.allocation.placements)
    if not inside or mean is None:
        return ()
    bads = sum(result.population.bad().tolist()[place] for place in inside)
    low, high = wilson(bads, len(inside))
    return (
        f"**How safe the safest are.** The PDs of the placed book average {percent(mean, 2)}. Of those graded {grade} out of fold "
        f"({len(inside)}), {bads} went bad: so few leave their bad rate, in this sample, anywhere from {percent(low)} to "
        f"{percent(high)} (95 %).",
    )


def _economic_limits(result: Result) -> tuple[str, ...]:
    product = result.sealed.product
    mapped = ", ".join(f"{ours} as {theirs}" for ours, theirs in product.churn_class.items())
    return (
        "**How these borrowers answer a rate.** The table of customers lost at each rate is a stand-in for theirs, read as it "
        f"was handed over with the files; that our grades stand for its classes ({mapped}) is an assumption.",
        f"**Loss and cost of money.** A loss of {percent(product.assumed('loss_given_default_ppm'))} and funding at "
        f"{percent(product.assumed('funding_rate_ppm'))} are assumptions; the stress section moves both.",
        f"**Anything but one simple loan.** {product.months} months, interest first and the principal at the end; a default is "
        "taken to come before the first interest. No instalments, no early repayment.",
    )


def _data_limits(result: Result) -> tuple[str, ...]:
    unassessed = sum(receipt.fraud.status == "not_assessed" for receipt in result.receipts)
    inside = result.order.as_of >= LOCKDOWN_INSIDE_FROM
    place = "reach into" if inside else "end before"
    reconstructed = result.study.about.reconstructed_ppm
    sources = ", ".join(f"`{name}` from folder `{path.name}`" for name, path in result.order.data)
    return (
        f"**Fraud** was not assessed for {share(unassessed, len(result.receipts))}; that is not the same as clean.",
        "**When an invoice was voided.** The status is the final one and has no date; a void invoice counts as valid until "
        "its month ends, as void after it.",
        f"**Early 2020.** Windows end with the last complete month before {result.order.as_of}; they {place} the New Year and "
        "lockdown of 2020.",
        f"**What was seen as it happened.** {percent(reconstructed)} of the invoices were handed over later and are "
        "reconstructed.",
        f"**Whether the files are real.** Read were {sources}; a simulated file reads the same. Nothing here tells "
        "them apart but a note by whoever ordered the run.",
    )
