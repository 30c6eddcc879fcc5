"""In: the enterprise loan's policy and made-up applicants. Out: microseconds a decision. Used: `make bench`, subject `decision`.

Peers: zen-engine (the same policy as a JSON decision model; its 18 rules as one compiled expression) and business-rules.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.measure import Row, agree, compare, emit, race
from weilend.core.values import Contribution, Decision, FeatureRow, FraudVerdict, Reason, Score
from weilend.decision import Evaluator, compile_policy, load_policy
from weilend.features.sets import INVOICE

APPLICANTS = 200
PRODUCT = {"min_amount_fen": 10_000_000, "max_amount_fen": 100_000_000, "amount_step_fen": 1_000_000, "min_annual_rate_ppm": 40_000,
           "max_annual_rate_ppm": 150_000, "funding_rate_ppm": 35_000, "loss_given_default_ppm": 650_000, "grade_a_ppm": 30_000,
           "grade_b_ppm": 80_000, "grade_c_ppm": 160_000}  # fmt: skip
#: Ranges from which applicants are drawn, so that every outcome and most rules come up.
RANGES = {"sales_fen_12m": (0, 600_000_000), "sales_fen_6m": (0, 300_000_000), "sales_fen_3m": (0, 150_000_000),
          "sales_months_active_12m": (9, 12), "sales_months_active_6m": (5, 6), "sales_months_active_3m": (2, 3),
          "sales_count_6m": (40, 200), "sales_count_3m": (20, 60), "days_since_last_sale": (0, 130), "history_months": (9, 36),
          "sales_void_rate_12m": (0, 330_000), "sales_red_rate_12m": (0, 165_000), "top_customer_share_12m": (0, 850_000),
          "customers_12m": (2, 40), "purchase_to_sales_12m": (0, 3_200_000), "pd_ppm": (1_000, 200_000), "points": (400, 700),
          "outside_count": (0, 3)}  # fmt: skip


def rows(applicants: int = APPLICANTS, passes: int = 10) -> list[Row]:
    """Return the rows of both races, after every answer has been compared."""
    from bench.decision_peers import business_rules_run, zen_compiled, zen_graph

    evaluator = make_evaluator()
    given = make_applicants(applicants)
    inputs = [make_input(values) for values in given]
    graph, compiled, rule_runner = zen_graph(evaluator), zen_compiled(evaluator), business_rules_run(evaluator)
    contexts = [dict(agree_on_one(evaluator, values, graph(values))) for values in given]
    for context in contexts:
        ours = held(evaluator, context)
        agree(
            "rules, zen compiled",
            ours,
            [rule.id for rule, yes in zip(evaluator.policy.rules, compiled(context), strict=True) if yes],
        )
        agree("rules, business-rules", ours, rule_runner(context))
    scale = 1e6 / applicants
    whole = race(
        {
            "weilend": lambda: [evaluator.decide(*one) for one in inputs],
            "zen-engine graph": lambda: [graph(values) for values in given],
        },
        passes=passes,
    )
    names = [{**evaluator.parameters, **context} for context in contexts]
    bare = race(
        {
            "weilend": lambda: [[rule.run(one) for rule in evaluator.rules] for one in names],
            "zen-engine compiled": lambda: [compiled(context) for context in contexts],
            "business-rules": lambda: [rule_runner(context) for context in contexts],
        },
        passes=passes,
    )
    about = {"unit": "CPU us", "scale": scale, "clock": "cpu", "check": "equal"}
    return [*compare("one decision, whole policy", whole, **about), *compare("one decision, its 18 rules", bare, **about)]


def make_evaluator() -> Evaluator:
    """Return the compiled policy with the product's base values."""
    return compile_policy(load_policy("enterprise_loan"), {one.name: one.as_field() for one in INVOICE.features}, PRODUCT)


def make_applicants(count: int) -> list[dict[str, int | str | None]]:
    """Return applicants without NULLs, the same every time."""
    dice = np.random.default_rng(7)
    drawn = {name: dice.integers(lo, hi + 1, count).tolist() for name, (lo, hi) in RANGES.items()}
    status = dice.choice(["clear", "clear", "not_assessed", "alert"], count).tolist()
    made = [{name: column[at] for name, column in drawn.items()} | {"fraud_status": status[at]} for at in range(count)]
    for one in made[: count // 2]:  # half of them with nothing against them, so that approvals are among the answers
        one |= {
            "days_since_last_sale": 3,
            "history_months": 30,
            "customers_12m": 20,
            "outside_count": 0,
            "fraud_status": "clear",
            "sales_void_rate_12m": 50_000,
            "sales_red_rate_12m": 10_000,
            "pd_ppm": one["pd_ppm"] // 2,
            "sales_fen_12m": one["sales_fen_12m"] + 100_000_000,
            "sales_fen_6m": one["sales_fen_6m"] + 50_000_000,
            "top_customer_share_12m": one["top_customer_share_12m"] // 2,
        }
    return made


def make_input(values: dict[str, int | str | None]) -> tuple[FeatureRow, FraudVerdict, Score]:
    """Return what the evaluator is given: a whole feature row, a verdict, a score with eight contributions."""
    features = {one.name: values.get(one.name) for one in INVOICE.features}
    said = tuple(Contribution(one.name, 1, 10, 5, Reason(one.name, "it is so", "如此")) for one in INVOICE.features[:8])
    outside = tuple(f"value {at}" for at in range(int(values["outside_count"] or 0)))
    score = Score(
        model_id="m",
        base_points=0,
        points=int(values["points"] or 0),
        pd_ppm=int(values["pd_ppm"] or 0),
        contributions=said,
        outside=outside,
    )
    return (FeatureRow(business_id="E", as_of=0, feature_set="f", values=features), FraudVerdict(values["fraud_status"]), score)


def agree_on_one(
    evaluator: Evaluator, values: dict[str, int | str | None], theirs: dict[str, Any]
) -> dict[str, int | str | None]:
    """Compare our whole decision with the graph's; return the applicant with grade, ceiling and floor rate for the rules."""
    ours: Decision = evaluator.decide(*make_input(values))
    rules = evaluator.policy.rules
    agree(
        "rules, zen graph",
        [r.code for r in ours.reasons if r.code in {rule.id for rule in rules}],
        [r.id for r in rules if theirs[r.id]],
    )
    agree("grade", ours.grade, theirs["grade"])
    computed = {name: int(theirs[name]) for name in ("ceiling_fen", "floor_rate_ppm", "grade_cap_fen")}
    if ours.outcome == "approve":
        agree(
            "ceiling and rate", (ours.ceiling_fen, ours.floor_rate_ppm), (computed["ceiling_fen"], computed["floor_rate_ppm"])
        )
    return {**values, **computed, "grade": theirs["grade"]}


def held(evaluator: Evaluator, context: dict[str, int | str | None]) -> list[str]:
    """Return the ids of the rules that hold for values with grade, ceiling and floor rate in them."""
    names = {**evaluator.parameters, **context}
    return [
        rule.id for rule, formula in zip(evaluator.policy.rules, evaluator.rules, strict=True) if formula.run(names) is True
    ]


if __name__ == "__main__":
    emit(rows)
