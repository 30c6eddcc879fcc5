"""In: nothing. Out: a small policy, and the same compiled. Used: by the examples of this room, and to see a policy at a glance."""

from __future__ import annotations

from typing import Final

from weilend.core.records import Field
from weilend.decision.compiler import compile_policy
from weilend.decision.evaluator import Evaluator
from weilend.decision.parts import Policy
from weilend.decision.policy import read_policy

TEXT: Final = """
name = "example"
version = 1
owner = "credit policy"
product = "example"
en = "Example"
zh = "示例"

[sources.shop]
en = "the shop's orders"
zh = "店铺订单"
kinds = ["order"]
cost_fen = 0
timeout_ms = 1_000
max_age_days = 31
purpose = "credit_decision"
missing = "refer"

[inputs]
sales_fen_12m = { unit = "fen", lo = 0, hi = 1_000_000_000, source = "shop", en = "sales of twelve months", zh = "近12个月销售额" }
pd_ppm = { unit = "ppm", en = "probability of default", zh = "违约概率" }

[parameters]
share_ppm = { unit = "ppm", lo = 0, hi = 1_000_000, base = 250_000, about = "share of sales that may be lent" }
funding_rate_ppm = { unit = "ppm", lo = 0, hi = 500_000, about = "what a year of money costs" }

[[grades]]
name = "A"
when = "pd_ppm < 50000"
values = { cap_fen = 50_000_000 }

[[grades]]
name = "B"
when = "pd_ppm >= 50000"
values = { cap_fen = 10_000_000 }

[[limits]]
name = "sales"
formula = "mul_rate(sales_fen_12m, share_ppm)"
en = "the limit is {share_ppm} of sales of {sales_fen_12m}"
zh = "额度按销售额{sales_fen_12m}的{share_ppm}核定"

[[limits]]
name = "grade_cap"
formula = "cap_fen"
en = "grade {grade} is lent at most {cap_fen}"
zh = "{grade}级最高额度{cap_fen}"

[ceiling]
step = "100000"

[floor_rate]
formula = "funding_rate_ppm + mul_rate(pd_ppm, 600000)"
cap = "240000"
convention = "nominal"

[[floor_rate.terms]]
months = 12

[[rules]]
id = "small"
class = "hard_stop"
topic = "capacity"
when = "sales_fen_12m < 1000000"
en = "sales are only {sales_fen_12m}"
zh = "销售额仅{sales_fen_12m}"

[base]
sales_fen_12m = 100_000_000
pd_ppm = 20_000

[[case]]
name = "a shop of grade A"
outcome = "approve"
ceiling_fen = 25_000_000
reasons = ["limit_sales"]
"""


def example_policy() -> Policy:
    """Return a small policy.

    >>> example_policy().rules[0].id
    'small'
    """
    return read_policy(TEXT, "example.toml")


def example_evaluator() -> Evaluator:
    """Return the small policy, compiled.

    >>> answer = example_evaluator().answer({"sales_fen_12m": 100_000_000, "pd_ppm": 20_000, "shop_status": "present",
    ...     "row_age_seconds": 0})
    >>> answer.outcome, answer.ceiling_fen, answer.floor_rate_ppm, answer.months, answer.codes
    ('approve', 25000000, 62000, 12, ('limit_sales',))
    """
    sales = Field("sales_fen_12m", "integer", 0, 10**13, unit="fen")
    return compile_policy(example_policy(), {sales.name: sales}, {"funding_rate_ppm": 50_000}, schedule="equal_instalment")
