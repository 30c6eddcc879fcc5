"""The prover against brute force on broken policies: nothing false is proven, and nearly everything is decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest

from weilend.app.desk.sealed import make_evaluator
from weilend.core.errors import WeilendError
from weilend.core.records import Field
from weilend.decision import Evaluator, Policy, compile_policy, load_policy
from weilend.decision.example import example_evaluator, example_policy
from weilend.decision.prover import box, gaps, values
from weilend.decision.prover.values import FALSE, TRUE
from weilend.features.sets import FEATURE_SETS
from weilend.lending import load_product
from weilend.testing.cells import Judgement, judge_prover
from weilend.testing.mutants import make_mutant

SHOP = Path(__file__).parent / "files" / "shop_example.toml"
SALES = {"sales_fen_12m": Field("sales_fen_12m", "integer", 0, 10**13, unit="fen")}


def small(policy: Policy) -> Evaluator:
    return compile_policy(policy, SALES, {"funding_rate_ppm": 50_000}, schedule="equal_instalment")


def shipped(policy: Policy) -> Evaluator:
    product = load_product(policy.product)
    return make_evaluator(product, FEATURE_SETS[product.feature_set], policy)


def mutants(policy: Policy, make: Callable[[Policy], Evaluator], count: int, seed: int) -> Iterator[tuple[str, Evaluator]]:
    """Mutants that compile; the language refuses the others by itself."""
    random = Random(seed)
    while count:
        mutant = make_mutant(policy, random)
        try:
            evaluator = make(mutant.policy)
        except WeilendError:
            continue
        count -= 1
        yield f"{policy.name}: {mutant.what}", evaluator


def check(judged: list[tuple[str, Judgement]]) -> Counter[str]:
    """Nothing is wrong, and of all claims no more than one in twenty is left open."""
    wrong = [f"{what}: {one}" for what, judgement in judged for one in judgement.wrong]
    assert wrong == []
    counted = Counter(verdict.status for _, judgement in judged for verdict in judgement.verdicts)
    assert counted["unknown"] * 20 <= counted.total()
    return counted


def test_a_share_of_the_mutants(make_shop):
    judged = [(what, judge_prover(one, 1, rows=300)) for what, one in mutants(example_policy(), small, 27, seed=1)]
    judged += [(what, judge_prover(one, 2, rows=300)) for what, one in mutants(load_policy(SHOP), make_shop, 3, seed=2)]
    counted = check(judged)
    assert counted["refuted"] > 20
    assert counted["proven"] > 1_000


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("name", "count", "seed"),
    [("example", 280, 23), ("shop", 420, 24), ("enterprise_loan", 130, 21), ("enterprise_loan", 130, 22),
     ("ecommerce_seller_loan", 40, 25)],
)  # fmt: skip
def test_a_thousand_mutants(name, count, seed, make_shop):
    policy, make = {"example": (example_policy(), small), "shop": (load_policy(SHOP), make_shop)}.get(name, (None, shipped))
    found = mutants(policy or load_policy(name), make, count, seed)
    counted = check([(what, judge_prover(one, seed + place)) for place, (what, one) in enumerate(found)])
    print(name, count, dict(counted))  # noqa: T201


# ----------------------------------------------------------------------------------------------------------- planted bugs
def wrong(evaluator: Evaluator) -> tuple[str, ...]:
    return judge_prover(evaluator, 1, rows=300).wrong


def test_brute_force_catches_a_prover_that_forgets_a_part_of_a_range(monkeypatch):
    """A share that is never rounded up: the ceiling of some approvals lies beyond what is thought possible."""
    assert wrong(example_evaluator()) == ()
    monkeypatch.setitem(values.RULES, "mul_rate", lambda a, b: (0, min(a[1], 10**6), a[2] or b[2]))
    assert any("its ceiling" in one or "can never be" in one for one in wrong(example_evaluator()))


def test_brute_force_catches_a_prover_that_sees_nothing_move(monkeypatch):
    second, first = reversed(example_policy().grades)
    swapped = msgspec.structs.replace(
        example_policy(),
        grades=(msgspec.structs.replace(first, values=second.values), msgspec.structs.replace(second, values=first.values)),
    )
    assert wrong(small(swapped)) == ()
    monkeypatch.setattr(gaps.Gaps, "gap", lambda self, x, y: (0, 0))
    assert any("higher ceiling" in one for one in wrong(small(swapped)))


def test_brute_force_catches_a_prover_to_which_nothing_is_unknown(monkeypatch, shop):
    assert wrong(shop) == ()
    monkeypatch.setattr(box, "domain", lambda graph, field, old=box.domain: known(old(graph, field)))
    assert any("where it is not known, nothing is approved" in one for one in wrong(shop))


def known(span):
    return (*span[:2], False) if isinstance(span, tuple) else span & (TRUE | FALSE) if isinstance(span, int) else span - {None}


def test_mutants_differ_from_each_other():
    made = list(mutants(example_policy(), small, 40, seed=5))
    assert len({str(evaluator.policy) for _, evaluator in made}) > 25
    assert len({what for what, _ in made}) > 12
