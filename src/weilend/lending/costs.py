"""In: a product, an offer. Out: `CostStatement`, all that it costs; whether a cap allows it. Used: by offers, by the desk.

It follows the rules on showing the all-in cost of personal loans (PBoC and NFRA, in force 2026-08-01): the principal; each cost
with how it is collected, its standard and who gets it; the yearly all-in cost when repaid as agreed; what comes on top in default;
and that there is nothing else. Both conventions are stated, because a cap can be met by one and not by the other.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from weilend.core.credit import Schedule, all_in_rate_ppm, make_schedule
from weilend.core.errors import InputError
from weilend.core.money import mul_rate, show_percent, show_yuan
from weilend.core.values import Offer, Reason
from weilend.lending.caps import Cap
from weilend.lending.fees import BASES, LENDER, FeeSort, standard, takings
from weilend.lending.products import Product


class CostLine(msgspec.Struct, frozen=True, kw_only=True):
    """One cost of a loan that is repaid as agreed: what it is, how it is collected, by which standard, who gets it, fen in all.

    >>> CostLine(sort="interest", en="Interest", zh="利息", how_en="with each instalment", how_zh="随每期还款收取",
    ...     standard_en="9.60 % a year", standard_zh="年利率9.60 %", payee_en="the lender", payee_zh="贷款人", amount_fen=1).sort
    'interest'
    """

    sort: Literal["interest"] | FeeSort
    en: str
    zh: str
    how_en: str
    how_zh: str
    standard_en: str
    standard_zh: str
    payee_en: str
    payee_zh: str
    amount_fen: int


class DefaultCost(msgspec.Struct, frozen=True, kw_only=True):
    """A cost that only comes when something else is done than agreed, at a yearly rate in ppm (or of the amount, where `once`).

    >>> DefaultCost(en="Penalty interest", zh="罚息", on_en="overdue principal", on_zh="逾期本金", rate_ppm=144_000).once
    False
    """

    en: str
    zh: str
    on_en: str
    on_zh: str
    rate_ppm: int
    once: bool = False


class CostStatement(msgspec.Struct, frozen=True, kw_only=True):
    """What an offer costs when it is repaid as agreed, in fen, its yearly rate by both conventions in ppm, and what default costs.

    >>> from weilend.lending.products import load_product
    >>> offer = Offer(status="offered", amount_fen=20_000_000, annual_rate_ppm=96_000, months=12)
    >>> print(cost_statement(load_product("enterprise_loan"), offer).say().en)
    ¥200,000 for 12 months costs ¥19,200 of interest and no fee, ¥219,200 to repay in all: 9.60 % a year simple, ...
    """

    amount_fen: int
    months: int
    schedule: Schedule
    interest_fen: int
    fees_fen: int
    total_fen: int
    flows_fen: tuple[int, ...]
    nominal_rate_ppm: int
    effective_rate_ppm: int
    lines: tuple[CostLine, ...]
    default_costs: tuple[DefaultCost, ...]

    def say(self) -> Reason:
        """Return the statement in a sentence, in English and Chinese."""
        amount, interest, total = show_yuan(self.amount_fen), show_yuan(self.interest_fen), show_yuan(self.total_fen)
        nominal, effective = show_percent(self.nominal_rate_ppm), show_percent(self.effective_rate_ppm)
        fees = show_yuan(self.fees_fen)
        fees_en, fees_zh = (f"{fees} of fees", f"其他费用合计{fees}") if self.fees_fen else ("no fee", "无其他费用")
        return Reason(
            "cost",
            f"{amount} for {self.months} months costs {interest} of interest and {fees_en}, {total} to repay in all: "
            f"{nominal} a year simple, {effective} compounded",
            f"借款{amount}，期限{self.months}个月，利息合计{interest}，{fees_zh}，还款总额{total}；"
            f"年化利率（单利）{nominal}，（复利）{effective}",
        )


def cost_statement(product: Product, offer: Offer) -> CostStatement:
    """Return what an offer costs by the product's schedule and fees. Raises `InputError` when nothing was offered.

    >>> from weilend.lending.products import load_product
    >>> offer = Offer(status="offered", amount_fen=20_000_000, annual_rate_ppm=96_000, months=12)
    >>> statement = cost_statement(load_product("enterprise_loan"), offer)
    >>> statement.interest_fen, statement.nominal_rate_ppm, statement.effective_rate_ppm
    (1920000, 96000, 100339)
    """
    if offer.amount_fen is None or offer.annual_rate_ppm is None or offer.months is None:
        raise InputError(f"an offer that is {offer.status} costs nothing", hint="ask for the cost of what was offered")
    schedule = make_schedule(product.schedule, offer.amount_fen, annual_rate_ppm=offer.annual_rate_ppm, months=offer.months)
    taken = [takings(fee, schedule) for fee in product.fees]
    monthly = tuple(map(sum, zip(*(each for _, each in taken), strict=True))) if taken else ()
    flows = schedule.flows_fen(upfront_fee_fen=sum(upfront for upfront, _ in taken), fees_fen=monthly)
    fees_fen = sum(upfront + sum(each) for upfront, each in taken)
    return CostStatement(
        amount_fen=offer.amount_fen,
        months=offer.months,
        schedule=schedule,
        interest_fen=schedule.interest_fen,
        fees_fen=fees_fen,
        total_fen=offer.amount_fen + schedule.interest_fen + fees_fen,
        flows_fen=flows,
        nominal_rate_ppm=all_in_rate_ppm(flows, "nominal"),
        effective_rate_ppm=all_in_rate_ppm(flows, "effective"),
        lines=(_interest_line(schedule, offer.annual_rate_ppm), *_fee_lines(product, schedule)),
        default_costs=_default_costs(product, offer.annual_rate_ppm),
    )


def find_breach(product: Product, statement: CostStatement, cap: Cap) -> Reason | None:
    """Return why a cap does not allow what a statement says, in English and Chinese; None where it does.

    >>> from datetime import date
    >>> from weilend.lending.caps import cap_for
    >>> from weilend.lending.products import load_product
    >>> product = load_product("enterprise_loan")
    >>> dear = cost_statement(product, Offer(status="offered", amount_fen=20_000_000, annual_rate_ppm=300_000, months=12))
    >>> print(find_breach(product, dear, cap_for(product.lender_type, product.name, date(2026, 9, 1))).zh)
    企业贷年化综合融资成本为30.00 %（单利），高于上限24.00 %
    """
    simple = cap.convention == "nominal"
    asked_ppm = statement.nominal_rate_ppm if simple else statement.effective_rate_ppm
    if asked_ppm <= cap.rate_ppm:
        return None
    asked, most = show_percent(asked_ppm), show_percent(cap.rate_ppm)
    return Reason(
        "above_cap",
        f"{product.name} costs {asked} a year all in ({cap.convention}), above the cap of {most}",
        f"{product.zh}年化综合融资成本为{asked}（{'单利' if simple else '复利'}），高于上限{most}",
    )


def _interest_line(schedule: Schedule, annual_rate_ppm: int) -> CostLine:
    rate = show_percent(annual_rate_ppm)
    return CostLine(
        sort="interest",
        en="Interest",
        zh="利息",
        how_en="with each instalment",
        how_zh="随每期还款收取",
        standard_en=f"{rate} a year",
        standard_zh=f"年利率{rate}",
        payee_en=LENDER[0],
        payee_zh=LENDER[1],
        amount_fen=schedule.interest_fen,
    )


def _fee_lines(product: Product, schedule: Schedule) -> tuple[CostLine, ...]:
    lines = []
    for fee in product.fees:
        upfront, each = takings(fee, schedule)
        standard_en, standard_zh = standard(fee)
        lines.append(
            CostLine(
                sort=fee.sort,
                en=fee.en,
                zh=fee.zh,
                how_en=BASES[fee.basis].how_en,
                how_zh=BASES[fee.basis].how_zh,
                standard_en=standard_en,
                standard_zh=standard_zh,
                payee_en=fee.payee_en,
                payee_zh=fee.payee_zh,
                amount_fen=upfront + sum(each),
            )
        )
    return tuple(lines)


def _default_costs(product: Product, annual_rate_ppm: int) -> tuple[DefaultCost, ...]:
    penalty_ppm = mul_rate(annual_rate_ppm, product.penalty_ppm)
    costs = (
        DefaultCost(en="Penalty interest", zh="罚息", on_en="overdue principal", on_zh="逾期本金", rate_ppm=penalty_ppm),
        DefaultCost(en="Compound interest", zh="复利", on_en="overdue interest", on_zh="逾期利息", rate_ppm=penalty_ppm),
        DefaultCost(
            en="Early repayment fee",
            zh="提前还款违约金",
            on_en="principal repaid early",
            on_zh="提前偿还的本金",
            rate_ppm=product.early_fee_ppm,
            once=True,
        ),
    )
    return tuple(cost for cost in costs if cost.rate_ppm)
