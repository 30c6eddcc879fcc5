"""In: a cost statement, an offer. Out: a table in English or Chinese to read before signing; sentences. Used: by every door."""

from __future__ import annotations

from typing import Final, Literal

from weilend.core.money import show_percent, show_yuan
from weilend.core.values import Offer, OfferCost, Reason
from weilend.lending.costs import CostLine, CostStatement, DefaultCost

Language = Literal["en", "zh"]

_WORDS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "title": "All-in cost of the loan",
        "head": "| Cost | How it is collected | Standard | Paid to | In all |",
        "principal": "Principal: {amount}, {months} months; to repay in all: {total}",
        "yearly": "All-in cost a year when repaid as agreed: {nominal} simple (12 × the monthly rate), {effective} compounded",
        "default": "If it is not repaid as agreed:",
        "each_year": "- {name}: {rate} a year on {base}",
        "once": "- {name}: {rate} of {base}, once",
        "nothing": "There are no other charges.",
    },
    "zh": {
        "title": "综合融资成本明示表",
        "head": "| 项目 | 收取方式 | 收取标准 | 收取主体 | 金额合计 |",
        "principal": "贷款本金：{amount}，期限{months}个月；还款总额：{total}",
        "yearly": "正常履约情形下年化综合融资成本：单利{nominal}（月收益率×12），复利{effective}",
        "default": "违约情形下或有成本：",
        "each_year": "- {name}：按{base}年化{rate}",
        "once": "- {name}：{base}的{rate}，一次性",
        "nothing": "除以上所列外，不收取其他任何费用。",
    },
}


def show_cost(statement: CostStatement, language: Language) -> str:
    """Return the statement as a table in one language.

    >>> from weilend.core.values import Offer
    >>> from weilend.lending.costs import cost_statement
    >>> from weilend.lending.products import load_product
    >>> offer = Offer(status="offered", amount_fen=20_000_000, annual_rate_ppm=96_000, months=12)
    >>> print(show_cost(cost_statement(load_product("enterprise_loan"), offer), "zh"))
    综合融资成本明示表
    <BLANKLINE>
    贷款本金：¥200,000，期限12个月；还款总额：¥219,200
    <BLANKLINE>
    | 项目 | 收取方式 | 收取标准 | 收取主体 | 金额合计 |
    |---|---|---|---|---|
    | 利息 | 随每期还款收取 | 年利率9.60 % | 贷款人 | ¥19,200 |
    <BLANKLINE>
    正常履约情形下年化综合融资成本：单利9.60 %（月收益率×12），复利10.03 %
    <BLANKLINE>
    违约情形下或有成本：
    - 罚息：按逾期本金年化14.40 %
    - 复利：按逾期利息年化14.40 %
    <BLANKLINE>
    除以上所列外，不收取其他任何费用。
    """
    words = _WORDS[language]
    filled = {
        "amount": show_yuan(statement.amount_fen),
        "months": statement.months,
        "total": show_yuan(statement.total_fen),
        "nominal": show_percent(statement.nominal_rate_ppm),
        "effective": show_percent(statement.effective_rate_ppm),
    }
    blocks = [
        words["title"],
        words["principal"].format(**filled),
        "\n".join([words["head"], "|---|---|---|---|---|", *(_row(line, language) for line in statement.lines)]),
        words["yearly"].format(**filled),
    ]
    if statement.default_costs:
        blocks.append("\n".join([words["default"], *(_default(cost, language) for cost in statement.default_costs)]))
    return "\n\n".join([*blocks, words["nothing"]])


def say_offer(offer: Offer) -> tuple[Reason, ...]:
    """Return what an offer costs: a sentence for each cost with who gets it, then the sum and the yearly rate; or why it is none.

    >>> from weilend.core.values import OfferLine
    >>> line = OfferLine(sort="interest", en="Interest", zh="利息", payee_en="the lender", payee_zh="贷款人", amount_fen=1_920_000)
    >>> cost = OfferCost(lines=(line,), total_fen=1_920_000, nominal_rate_ppm=96_000, effective_rate_ppm=100_339,
    ...     cap_ppm=240_000, cap_convention="nominal")
    >>> for one in say_offer(Offer(status="offered", cost=cost)):
    ...     print(one.en)
    Interest: ¥19,200 to the lender
    ¥19,200 in all; 9.60 % a year simple, 10.03 % compounded
    """
    if isinstance(offer.refused, Reason):
        return (offer.refused,)
    cost = offer.cost
    if not isinstance(cost, OfferCost):
        return ()
    total, nominal, effective = (
        show_yuan(cost.total_fen),
        show_percent(cost.nominal_rate_ppm),
        show_percent(cost.effective_rate_ppm),
    )
    each = [(one, show_yuan(one.amount_fen)) for one in cost.lines]
    return (
        *(
            Reason("cost_line", f"{one.en}: {yuan} to {one.payee_en}", f"{one.zh}：{yuan}，由{one.payee_zh}收取")
            for one, yuan in each
        ),
        Reason(
            "cost",
            f"{total} in all; {nominal} a year simple, {effective} compounded",
            f"合计{total}；年化综合融资成本：单利{nominal}，复利{effective}",
        ),
    )


def _row(line: CostLine, language: Language) -> str:
    told = (
        (line.zh, line.how_zh, line.standard_zh, line.payee_zh)
        if language == "zh"
        else (line.en, line.how_en, line.standard_en, line.payee_en)
    )
    return f"| {' | '.join(told)} | {show_yuan(line.amount_fen)} |"


def _default(cost: DefaultCost, language: Language) -> str:
    name, base = (cost.zh, cost.on_zh) if language == "zh" else (cost.en, cost.on_en)
    text = _WORDS[language]["once" if cost.once else "each_year"]
    return text.format(name=name, base=base, rate=show_percent(cost.rate_ppm))
