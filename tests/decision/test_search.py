"""Variants computed together answer as each alone; their sums are those of a what-if; the frontier is what brute force finds."""

from __future__ import annotations

from functools import cache

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from whatif_policies import compiled
from whatif_worlds import make_world

from weilend.core.errors import InputError, PolicyError
from weilend.decision import load_policy
from weilend.decision.checks import check_policy_file
from weilend.decision.example import example_policy
from weilend.decision.parameters import make_grid, marked_parameters, with_parameters
from weilend.decision.parts import Search
from weilend.decision.policy import dump_policy, restore_policy
from weilend.decision.search import Sums, Variant, find_frontier, try_variants, weigh
from weilend.decision.search_kernel import Plan, _Planner, plan_programs
from weilend.decision.whatif import Asked, estimate_policy
from weilend.engine.columns import Texts, to_columns
from weilend.testing.applications import make_applications
from weilend.testing.policies import compile_large, large_cases, large_policy

replace = msgspec.structs.replace
LOWER = {
    name: one.base - (one.base - one.lo) // 3
    for name, one in large_policy().parameters.items()
    if one.base is not None and one.base > one.lo
}


@cache
def variants_of_large():
    """The large policy as it is, with one parameter lower, and with all of them."""
    policy, first = large_policy(), dict(list(LOWER.items())[:1])
    return [compile_large(with_parameters(policy, values)) for values in ({}, first, LOWER)]


def mismatches(plan: Plan, evaluators, rows: int = 120) -> int:
    """Return how many answers of a plan differ from those of Python, one application at a time."""
    table = make_applications(evaluators[0].program, rows, 5, large_cases())
    given, wrong = table.to_pylist(), 0
    for evaluator, verdicts in zip(evaluators, plan.decide(to_columns(table)), strict=True):
        for at, values in enumerate(given):
            answer = evaluator.answer(values)
            theirs = (bool(verdicts.approved[at]), int(verdicts.ceiling_fen[at]), int(verdicts.rate_ppm[at]))
            approved = answer.outcome == "approve"
            wrong += theirs[0] != approved or (approved and theirs[1:] != (answer.ceiling_fen, answer.floor_rate_ppm))
    return wrong


def test_variants_together_answer_as_each_alone():
    evaluators = variants_of_large()
    assert len({one.policy_id for one in evaluators}) == 3
    assert mismatches(plan_programs([one.program for one in evaluators]), evaluators) == 0


def test_a_step_that_is_shared_too_widely_is_caught(monkeypatch):
    """Planted: steps told apart by name alone, so that a variant reads what the first one computed."""
    number = _Planner._number
    evaluators = variants_of_large()
    names = {step.formula.text: step.name for one in evaluators for step in one.program.steps}
    monkeypatch.setattr(_Planner, "_number", lambda self, key: number(self, names.get(key[0], key)))
    assert mismatches(plan_programs([one.program for one in evaluators]), evaluators) > 0


# ------------------------------------------------------------------------------------------------------------- sums
@pytest.fixture(scope="module")
def market():
    """A small market, read by a small policy: its sales are the market's amounts times four, its PD the risk."""
    world = make_world(11)
    logged = replace(world.logged, rate_ppm=np.full(len(world.logged), 80_000.0))
    chance = 1_000_000 / (1 + np.exp(1.8 - 0.9 * logged.explain[:, 0]))
    rows = len(logged)
    columns = {
        "sales_fen_12m": (4 * logged.ceiling_fen).astype(np.int64),
        "pd_ppm": chance.astype(np.int64),
        "row_age_seconds": np.zeros(rows, np.int64),
        "shop_status": Texts.of(pa.array(["present"] * rows)),
    }
    return logged, columns


def test_sums_of_a_variant_are_those_of_a_what_if(market):
    logged, columns = market
    grid = make_grid(example_policy(), {"share_ppm": (100_000, 250_000, 400_000)})
    plan = plan_programs([compiled(with_parameters(example_policy(), values)).program for values in grid])
    tried = try_variants(grid, plan, columns, weigh(logged))
    for variant, verdicts in zip(tried, plan.decide(columns), strict=True):
        asked = Asked(
            approved=verdicts.approved,
            ceiling_fen=verdicts.ceiling_fen.astype(float),
            rate_ppm=verdicts.rate_ppm.astype(float),
        )
        found = estimate_policy(logged, asked)
        for mine, theirs in ((variant.known, found.known), (variant.beyond, found.beyond)):
            assert mine.applications == theirs.applications > 0
            assert mine.bad_ppm == pytest.approx(theirs.bad_ppm.value, abs=2)
            assert mine.loss_fen == pytest.approx(theirs.loss_fen.value, abs=2)
            assert mine.profit_fen == pytest.approx(theirs.profit_fen.value, abs=2)
        robust = found.tried[0]
        assert variant.tried.applications == robust.applications
        assert robust.loss_fen.lo < variant.tried.loss_fen < robust.loss_fen.hi
    assert tried[0].values == {"share_ppm": 250_000}
    assert tried[1].ceiling_fen < tried[0].ceiling_fen < tried[2].ceiling_fen


def test_rows_and_outcomes_must_fit(market):
    logged, columns = market
    plan = plan_programs([compiled(example_policy()).program])
    with pytest.raises(InputError, match="differ in number"):
        try_variants([{}, {}], plan, columns, weigh(logged))


def test_the_frontier_is_what_brute_force_finds():
    rng = np.random.default_rng(3)
    nothing = Sums(applications=0, borrowers=0.0, bads=0.0, loss_fen=0, profit_fen=0)
    points = rng.integers(0, 12, (300, 3))
    variants = [
        Variant(
            values={"at": at}, approved=int(a), ceiling_fen=0, pending=0, tried=nothing, beyond=nothing,
            known=replace(nothing, loss_fen=int(loss), profit_fen=int(profit)),
        )
        for at, (a, loss, profit) in enumerate(points)
    ]  # fmt: skip
    better = points * [1, -1, 1]
    beaten = [any((other >= one).all() and (other > one).any() for other in better) for one in better]
    front = find_frontier(variants)
    assert {one.ranked for one in front} == {one.ranked for one, lost in zip(variants, beaten, strict=True) if not lost}
    assert [one.ranked[2] for one in front] == sorted((one.ranked[2] for one in front), reverse=True)


# ------------------------------------------------------------------------------------------------------------ marks
def test_marks_are_kept_with_a_policy_and_leave_others_as_they_were():
    plain = example_policy()
    assert b"search" not in dump_policy(plain)
    assert b"change" not in dump_policy(plain)
    for name in ("enterprise_loan", "ecommerce_seller_loan"):
        policy = load_policy(name)
        again = restore_policy(dump_policy(policy))
        assert marked_parameters(again) == marked_parameters(policy) != {}
        assert again.identity == policy.identity
        assert any(one.change for one in again.inputs.values())


@pytest.mark.parametrize(
    ("search", "said"),
    [
        (Search(levels=(5,)), "fewer than two values"),
        (Search(lo=0, hi=10), "fewer than two values"),
        (Search(lo=0, hi=2_000_000, step=1_000_000), "reaches outside"),
    ],
)
def test_a_mark_that_cannot_be_is_refused(search, said):
    policy = example_policy()
    marked = {"share_ppm": replace(policy.parameters["share_ppm"], search=search)}
    with pytest.raises(PolicyError, match=said):
        check_policy_file(replace(policy, parameters=policy.parameters | marked))


def test_what_is_not_the_policys_own_is_not_searched():
    policy = example_policy()
    marked = {"funding_rate_ppm": replace(policy.parameters["funding_rate_ppm"], search=Search(levels=(1, 2)))}
    with pytest.raises(PolicyError, match="the product's number"):
        check_policy_file(replace(policy, parameters=policy.parameters | marked))
    with pytest.raises(InputError, match="marks no parameter"):
        make_grid(policy, {})
    with pytest.raises(InputError, match="too many"):
        make_grid(policy, {"share_ppm": tuple(range(30_000))})
    with pytest.raises(InputError, match="is outside"):
        make_grid(policy, {"share_ppm": (2_000_000,)})
