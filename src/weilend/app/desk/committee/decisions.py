"""In: a `Result`. Out: the section on the decisions, why they were made, and every one of them. Used: by the committee's report."""

from __future__ import annotations

from collections import Counter

from weilend.app.desk.committee.facts import ANSWERS, ANSWERS_ZH, OUTCOMES, answer_of, business_of, count_answers, say_both
from weilend.app.desk.committee.reasons import tabulate_reasons
from weilend.app.desk.committee.words import plural
from weilend.app.desk.run import Result
from weilend.core.values import Offer, OfferCost, Receipt
from weilend.lending import say_offer
from weilend.report import Block, Callout, ChartBlock, Column, DataTable, Section, bars, histogram, show

NO_GRADE = "none"
REASONS_SHOWN = 3
CONVENTIONS = {"nominal": "simple", "effective": "compounded"}


def compose_decisions(result: Result) -> Section:
    """Return the section on decisions."""
    blocks: list[Block] = [_outcomes(result), *_pds(result), _grades(result), *tabulate_reasons(result), *_ceilings(result)]
    blocks += [*_cases(result), *_costs(result), _all_decisions(result)]
    return Section(
        id="decisions",
        title="The decisions",
        title_zh="授信决策",
        lead=f"What was answered to {plural(len(result.receipts), 'application')}, and why. Every one has a receipt that replays.",
        blocks=tuple(blocks),
        new_page=True,
    )


def _outcomes(result: Result) -> ChartBlock:
    counts = count_answers(result)
    return ChartBlock(
        title="Outcomes 决策结果",
        description="An approved business that the budget left with nothing stays approved: *approve, not placed*.",
        spec=bars(
            [f"{answer} {ANSWERS_ZH[answer]}" for answer in ANSWERS],
            [counts[answer] for answer in ANSWERS],
            sort=False,
            axis="applications",
        ),
    )


def _pds(result: Result) -> list[Block]:
    scored = [(r.score.pd_ppm, r.decision.grade or NO_GRADE) for r in result.receipts if r.score]
    unscored = len(result.receipts) - len(scored)
    said = f" {plural(unscored, 'application')} without a score are not in it." if unscored else ""
    if not scored:
        return [Callout(tone="unknown", title="No application has a score", text="Without a score the policy refers.")]
    order = [*result.sealed.product.grades, *([NO_GRADE] if any(grade == NO_GRADE for _, grade in scored) else [])]
    return [
        ChartBlock(
            title="Probability of default by grade 违约概率分布",
            description="Applications per band of PD, at the assumed bad rate of the portfolio; darker is a worse grade."
            + said,
            spec=histogram(
                [pd for pd, _ in scored],
                unit="ppm",
                groups=[grade for _, grade in scored],
                order=order,
                shaded=True,
                bins=30,
                axis="PD",
                counted="applications",
            ),
        )
    ]


def _grades(result: Result) -> DataTable:
    by_grade: dict[str, Counter[str]] = {}
    for receipt in result.receipts:
        by_grade.setdefault(receipt.decision.grade or NO_GRADE, Counter())[answer_of(result, receipt)] += 1
    low = 0
    rows: list[tuple[int | str | None, ...]] = []
    for grade, bound in result.sealed.product.grades.items():
        rows.append((grade, low, min(bound, 1_000_000), *_counts(by_grade.get(grade, Counter()))))
        low = bound
    if NO_GRADE in by_grade:
        rows.append((NO_GRADE, None, None, *_counts(by_grade[NO_GRADE])))
    return DataTable(
        title="Outcomes by grade 各等级决策",
        caption="A grade is a band of PD, upper bound exclusive. A grade alone approves nothing: the rules come on top.",
        columns=(
            Column(title="Grade 等级"),
            Column(title="PD from", unit="ppm", places=0),
            Column(title="PD below", unit="ppm", places=0),
            Column(title="Applications 进件", unit="count"),
            *(Column(title=f"{answer} {ANSWERS_ZH[answer]}", unit="count") for answer in ANSWERS),
        ),
        rows=tuple(rows),
    )


def _counts(counted: Counter[str]) -> tuple[int, ...]:
    return (counted.total(), *(counted[answer] for answer in ANSWERS))


def _ceilings(result: Result) -> list[Block]:
    approved = [r.decision for r in result.receipts if r.decision.outcome == "approve"]
    ceilings = [decision.ceiling_fen for decision in approved if decision.ceiling_fen is not None]
    if not ceilings:
        return []
    order = list(result.sealed.product.grades)
    return [
        ChartBlock(
            title="Ceilings of the approved 额度上限",
            description="The most that the policy lets each approved business borrow: the least of its named limits.",
            spec=histogram(
                ceilings,
                unit="fen",
                groups=[decision.grade or NO_GRADE for decision in approved if decision.ceiling_fen is not None],
                order=[grade for grade in order if any(decision.grade == grade for decision in approved)],
                shaded=True,
                bins=20,
                axis="ceiling",
                counted="businesses",
            ),
        )
    ]


def _cases(result: Result) -> list[Block]:
    """Return the first decision of each outcome as an example: whatever stands there, stands there by the order of ids."""
    blocks: list[Block] = []
    for outcome in OUTCOMES:
        receipt = next((r for r in result.receipts if r.decision.outcome == outcome), None)
        if receipt:
            blocks.append(_case(receipt, result.offers[business_of(receipt)]))
    return blocks


def _case(receipt: Receipt, offer: Offer) -> DataTable:
    score = receipt.score
    points = f", {score.points} points" if score else ", no score"
    return DataTable(
        title=f"As an example: {business_of(receipt)}, {receipt.decision.outcome}",
        caption=f"The first {receipt.decision.outcome} by id{points}. These are the sentences that the business is told.",
        columns=(Column(title="Code 原因码"), Column(title="Reason 原因")),
        rows=tuple((reason.code, say_both(reason)) for reason in (*receipt.decision.reasons, *say_offer(offer))),
    )


def _all_decisions(result: Result) -> DataTable:
    common = _given_to_all(result)
    left_out = f" Every one was also given: {', '.join(f'`{code}`' for code in sorted(common))}." if common else ""
    return DataTable(
        title="All decisions 全部决策",
        caption="As in `decisions.csv`. Ceiling, amount and rate stand only where there are any; the first "
        f"{REASONS_SHOWN} reasons are shown, all are in the receipt.{left_out}",
        columns=(
            Column(title="Business"),
            Column(title="Outcome"),
            Column(title="PD", unit="ppm", places=1, bar=True),
            Column(title="Points", unit="count"),
            Column(title="Grade"),
            Column(title="Ceiling", unit="fen"),
            Column(title="Amount", unit="fen"),
            Column(title="Rate", unit="ppm"),
            Column(title="First reasons"),
        ),
        rows=tuple(_line(result, receipt, common) for receipt in result.receipts),
        folded=True,
    )


def _costs(result: Result) -> list[Block]:
    """Return what each offer costs in all, with who gets it; nothing where nothing was offered."""
    told = [(business_of(one), result.offers[business_of(one)]) for one in result.receipts]
    rows = [(business, *_cost(offer, offer.cost)) for business, offer in told if isinstance(offer.cost, OfferCost)]
    if not rows:
        return []
    return [
        DataTable(
            title="What the offers cost 融资成本",
            caption="When repaid as agreed: all costs, with who gets them, and the yearly rate of all of them together by both "
            "conventions. The cap of the day holds for the one that is named.",
            columns=(
                Column(title="Business"),
                Column(title="Amount", unit="fen"),
                Column(title="Costs", unit="fen"),
                Column(title="Simple 单利", unit="ppm"),
                Column(title="Compounded 复利", unit="ppm"),
                Column(title="Cap 上限"),
                Column(title="Each cost, and who gets it"),
            ),
            rows=tuple(rows),
            folded=True,
        )
    ]


def _cost(offer: Offer, cost: OfferCost) -> tuple[int | str | None, ...]:
    cap = f"{show(cost.cap_ppm, 'ppm')} {CONVENTIONS[cost.cap_convention]}"
    each = "; ".join(say_both(one) for one in say_offer(offer)[: len(cost.lines)])
    return offer.amount_fen, cost.total_fen, cost.nominal_rate_ppm, cost.effective_rate_ppm, cap, each


def _given_to_all(result: Result) -> frozenset[str]:
    """Return the codes of the reasons that every decision has: a list of them tells nothing apart."""
    given = [frozenset(reason.code for reason in receipt.decision.reasons) for receipt in result.receipts]
    return frozenset.intersection(*given) if given else frozenset()


def _line(result: Result, receipt: Receipt, common: frozenset[str]) -> tuple[int | str | None, ...]:
    decision, score, offer = receipt.decision, receipt.score, result.offers[business_of(receipt)]
    own = [reason.en for reason in decision.reasons if reason.code not in common]
    return (
        business_of(receipt),
        answer_of(result, receipt),
        score.pd_ppm if score else None,
        score.points if score else None,
        decision.grade,
        decision.ceiling_fen,
        offer.amount_fen,
        offer.annual_rate_ppm,
        "; ".join(own[:REASONS_SHOWN]),
    )
