"""In: a `Result`. Out: the sections with every assumption and with the words. Used: by the committee's report."""

from __future__ import annotations

from collections.abc import Callable

from weilend.app.desk.committee.words import percent, yuan
from weilend.app.desk.run import Result
from weilend.report import Column, DataTable, Section

NAMES = {
    "portfolio_bad_rate_ppm": "Bad rate of the portfolio 组合违约率",
    "loss_given_default_ppm": "Loss given default 违约损失率",
    "funding_rate_ppm": "Funding rate 资金成本",
}
UNITS: dict[str, Callable[[int], str]] = {"fen": yuan, "ppm": percent}

GLOSSARY = (
    ("as_of", "观察点", "the instant at which everything is judged; nothing that became known later is read"),
    (
        "AUC",
        "曲线下面积",
        "how often a business that repaid has more points than one that went bad; 0.5 is a coin, 1 is always",
    ),
    (
        "interval",
        "置信区间",
        "where the figure would lie in 95 % of draws of businesses like these; with 0 inside, nothing is shown",
    ),
    ("out of fold", "折外", "judged by a model that was trained without that business"),
    ("points", "评分", "the card's sum; more is safer"),
    ("PD", "违约概率", "probability of default, at the assumed bad rate of the portfolio"),
    ("LGD", "违约损失率", "the share of the amount that is lost when a loan defaults"),
    ("grade", "等级", "a band of PD, A to D; D is not lent to"),
    (
        "approve / refer / decline",
        "通过 / 转人工 / 拒绝",
        "the three outcomes of the policy; refer means that a person decides",
    ),
    ("approve, not placed", "通过未安排", "meets the policy, but the budget is expected to earn more elsewhere"),
    ("ceiling", "额度上限", "the most that the policy lets a business borrow: the least of its named limits"),
    ("floor rate", "最低利率", "the annual rate that covers cost of money, expected loss and margin"),
    ("red letter", "红字发票", "an invoice with a negative amount that takes an earlier one back"),
    ("take-up", "接受率", "the share of an offer that is expected to be accepted at its rate"),
    ("shadow price", "影子价格", "what a little more room in a constraint would be expected to earn"),
    ("PSI", "群体稳定性指标", "how far a feature's distribution has moved between two groups"),
    ("KS", "KS值", "the largest distance between the points of goods and of bads"),
    (
        "weight of evidence, IV",
        "证据权重, 信息值",
        "how much a bin speaks for repaying or for going bad, and how much a feature does in all",
    ),
    ("receipt", "决策凭证", "everything that a decision read and said, sealed by hash; it replays to the bit"),
)


def compose_assumptions(result: Result) -> Section:
    """Return the section with every assumption."""
    return Section(
        id="assumptions",
        title="Every assumption",
        title_zh="假设",
        lead="Nobody measured these numbers. They stand once, in the product or in the policy, and change only there.",
        blocks=(_of_product(result), _of_policy(result), _bands(result)),
        new_page=True,
    )


def _of_product(result: Result) -> DataTable:
    product = result.sealed.product
    return DataTable(
        title=f"Of the product: {product.en} {product.zh}",
        columns=(
            Column(title="Assumption 假设"),
            Column(title="Base 基准"),
            Column(title="Stressed 压力"),
            Column(title="Where from"),
        ),
        rows=tuple(
            (NAMES.get(name, name), _shown(name, one.base), ", ".join(_shown(name, value) for value in one.stress), one.source)
            for name, one in product.assumptions.items()
        ),
        folded=False,
    )


def _of_policy(result: Result) -> DataTable:
    policy = result.sealed.evaluator.policy
    return DataTable(
        title=f"Of the policy: {policy.en} {policy.zh}, version {policy.version}",
        caption="The policy's own numbers; the others are the product's. They were set by judgement, not fitted.",
        columns=(Column(title="Parameter"), Column(title="Base 基准"), Column(title="What it does")),
        rows=tuple(
            (
                name,
                UNITS[one.unit](one.base) if one.unit in UNITS else f"{one.base:,} {one.unit}".removesuffix(" count"),
                one.about,
            )
            for name, one in policy.parameters.items()
            if one.base is not None
        ),
        folded=False,
    )


def _said(value: int, unit: str) -> str:
    return UNITS[unit](value) if unit in UNITS else f"{value:,} {unit}".removesuffix(" count")


def _bands(result: Result) -> DataTable:
    product = result.sealed.product
    low, rows = 0, []
    for grade, bound in product.grades.items():
        band = f"{percent(low)} to below {percent(bound)}" if bound <= 1_000_000 else f"{percent(low)} and above"
        stands = product.churn_class.get(grade)
        rows.append((grade, band, f"read as class {stands}" if stands else "none: not lent to"))
        low = bound
    return DataTable(
        title="Grades, and the class of lost customers each is read as 等级与客户流失类别",
        caption="The table of customers lost knows the contest's bank ratings, not our grades; that the same letter means the same "
        "borrower is an assumption.",
        columns=(Column(title="Grade 等级"), Column(title="PD"), Column(title="In the table of lost customers")),
        rows=tuple(rows),
    )


def _shown(name: str, value: int) -> str:
    return percent(value) if name.endswith("_ppm") else f"{value:,}"


def compose_glossary() -> Section:
    """Return the section with the words that the report uses."""
    return Section(
        id="words",
        title="Words",
        title_zh="术语",
        blocks=(
            DataTable(
                columns=(Column(title="Word 术语"), Column(title="What it means here")),
                rows=tuple((f"{english} {chinese}", meaning) for english, chinese, meaning in GLOSSARY),
                folded=True,
            ),
        ),
    )
