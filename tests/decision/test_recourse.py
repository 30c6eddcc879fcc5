"""The change that recourse names is approved, and nothing cheaper is: by brute force; what cannot be changed is said."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from whatif_policies import compiled

from weilend.app.desk.backtest.history import evaluator_of
from weilend.core.errors import InputError
from weilend.decision import load_policy, recourse
from weilend.decision.cases import case_values
from weilend.decision.example import example_policy
from weilend.decision.parts import Case, Change
from weilend.decision.recourse import changeable, find_recourse
from weilend.decision.search_kernel import plan_programs
from weilend.testing.applications import make_applications
from weilend.testing.policies import large_cases, large_evaluator

UP = Change(direction="up", step=10_000_000, most_steps=6, cost=2)
CHANGES = {
    "sales_fen_12m": Change(direction="down", step=30_000_000, most_steps=4, cost=7),
    "receipts_fen_12m": Change(direction="up", step=400_000, most_steps=4, cost=2),
    "owner_loans_count": Change(direction="down", step=1, most_steps=4, cost=3),
    "refund_rate_6m": Change(direction="down", step=20_000, most_steps=4, cost=1),
}


def near(seed: int, rows: int) -> list[dict]:
    """Return good firms with something wrong in what they can change: loans, refunds, sales without receipts."""
    rng = np.random.default_rng(seed)
    return [
        large_cases()[0]
        | {
            "owner_loans_count": int(rng.integers(8, 16)),
            "refund_rate_6m": int(rng.integers(250_000, 400_000)),
            "sales_fen_12m": int(rng.integers(90_000_000, 250_000_000)),
            "receipts_fen_12m": int(rng.integers(100_000, 3_000_000)),
        }
        for _ in range(rows)
    ]


def cheapest(evaluator, values) -> int | None:
    """Return the least cost over every combination of steps, decided one by one in Python."""
    fields = {field.name: field for field in evaluator.program.inputs.values()}
    options = []
    for name, change in CHANGES.items():
        sign = 1 if change.direction == "up" else -1
        known = values[name] is not None
        steps = [(0, values[name])]
        for step in range(1, change.most_steps + 1) if known else ():
            value = values[name] + sign * step * change.step
            if fields[name].lo <= value <= fields[name].hi:
                steps.append((step * change.cost, value))
        options.append([(name, cost, value) for cost, value in steps])
    costs = [
        sum(cost for _, cost, _ in way)
        for way in product(*options)
        if sum(cost > 0 for _, cost, _ in way) <= 3
        and evaluator.answer(values | {name: value for name, _, value in way}).outcome == "approve"
    ]
    return min(costs, default=None)


def test_nothing_cheaper_would_be_approved():
    evaluator = changeable(large_evaluator(card=False), CHANGES)
    rows = make_applications(evaluator.program, 30, 17, large_cases()).to_pylist()
    plan = plan_programs([evaluator.program])
    told = {"approve": 0, "turned": 0, "immovable": 0, "none": 0}
    for row in [*near(1, 24), *rows]:
        found, least = find_recourse(evaluator, row, plan=plan), cheapest(evaluator, row)
        if found.outcome == "approve":
            told["approve"] += 1
        elif found.turned:
            told["turned"] += 1
            assert found.cost == least == sum(one.cost for one in found.turned)
            changed = evaluator.answer(row | {one.name: one.new for one in found.turned})
            assert (changed.outcome, changed.ceiling_fen) == ("approve", found.ceiling_fen)
        else:
            told["immovable" if found.immovable else "none"] += 1
            assert least is None
    assert told["turned"] > 5 < told["immovable"], told
    assert told["none"] > 0, told


GOOD = {"sales_fen_12m": 500_000, "pd_ppm": 20_000, "shop_status": "present", "row_age_seconds": 0}


@pytest.mark.parametrize(
    ("most", "said"),
    [
        (1, "would be approved up to ¥26,000 with sales of twelve months: ¥5,000 → ¥105,000"),
        (0, "none within limits"),
    ],
)
def test_it_says_what_or_none_within_limits(most, said):
    change = UP if most else Change(direction="up", step=100, most_steps=3, cost=1)
    found = find_recourse(changeable(compiled(example_policy()), {"sales_fen_12m": change}), GOOD)
    assert found.en.startswith(said)
    assert ("可获批" in found.zh) is bool(most)
    assert found.tried == (1 if most else 3)


def test_what_is_approved_or_not_known_is_left_alone():
    evaluator = changeable(compiled(example_policy()), {"sales_fen_12m": UP})
    assert find_recourse(evaluator, GOOD | {"sales_fen_12m": 100_000_000}).en == "approved as it is"
    assert find_recourse(evaluator, GOOD | {"sales_fen_12m": None}).immovable
    assert not find_recourse(evaluator, GOOD | {"sales_fen_12m": 999_999_999_999}).turned, "outside the accepted range"


def test_the_last_step_ends_where_the_range_does():
    down = Change(direction="down", step=700, most_steps=9, cost=1)
    evaluator = changeable(compiled(example_policy()), {"sales_fen_12m": down})
    assert find_recourse(evaluator, GOOD | {"sales_fen_12m": 1_500}).tried == 3


def test_a_grid_beyond_reason_is_refused(monkeypatch):
    monkeypatch.setattr(recourse, "MOST_WAYS", 5)
    with pytest.raises(InputError, match="6 combinations"):
        find_recourse(changeable(compiled(example_policy()), {"sales_fen_12m": UP}), GOOD)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"top_customer_share_12m": 900_000}, {"top_customer_share_12m"}),
        ({"tax_arrears_fen_365d": 2_500_000}, {"tax_arrears_fen_365d"}),
        ({"customers_12m": 1, "top_customer_share_12m": 850_000}, {"customers_12m", "top_customer_share_12m"}),
    ],
)
def test_the_shipped_policy_tells_firms_what_they_can_do(values, names):
    evaluator = evaluator_of(load_policy("enterprise_loan"))
    base = case_values(evaluator.policy, Case(name="c", outcome="approve", reasons=()))
    assert evaluator.answer(base).outcome == "approve"
    found = find_recourse(evaluator, base | values)
    assert {one.name for one in found.turned} == names
    assert "→" in found.en
    assert "→" in found.zh
