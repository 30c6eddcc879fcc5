"""Policies are compiled once for each thing that they say, and for nothing else."""

from __future__ import annotations

import msgspec
import pytest

from weilend.app.desk import sealed
from weilend.app.desk.sealed import make_evaluator
from weilend.core.errors import PolicyError
from weilend.decision import load_policy
from weilend.features.sets import FEATURE_SETS
from weilend.lending import load_product

PRODUCT = load_product("enterprise_loan")
FEATURES = FEATURE_SETS[PRODUCT.feature_set]


@pytest.fixture
def compiled(monkeypatch):
    """How often a policy was compiled, nothing kept before."""
    sealed._compile.cache_clear()
    asked, compile_policy = [], sealed.compile_policy
    monkeypatch.setattr(sealed, "compile_policy", lambda *args, **how: (asked.append(1), compile_policy(*args, **how))[1])
    yield asked
    sealed._compile.cache_clear()


def test_the_same_policy_is_compiled_once_and_keeps_its_own_cases(compiled):
    policy = load_policy(PRODUCT.policy)
    first = make_evaluator(PRODUCT, FEATURES)
    bare = make_evaluator(PRODUCT, FEATURES, msgspec.structs.replace(policy, cases=()))
    assert len(compiled) == 1
    assert first.policy.cases
    assert bare.policy.cases == ()
    assert bare.function is first.function


def test_another_number_is_another_policy_whatever_identity_it_carries(compiled):
    """Planted: a key of identities alone would decide by the policy that was."""
    policy = load_policy(PRODUCT.policy)
    name, one = next((name, one) for name, one in policy.parameters.items() if one.base)
    other = msgspec.structs.replace(
        policy, parameters={**policy.parameters, name: msgspec.structs.replace(one, base=one.base + 1)}
    )
    assert other.identity == policy.identity
    assert make_evaluator(PRODUCT, FEATURES, policy).parameters[name] == one.base
    assert make_evaluator(PRODUCT, FEATURES, other).parameters[name] == one.base + 1
    dearer = msgspec.structs.replace(PRODUCT, months=PRODUCT.months + 1)
    make_evaluator(dearer, FEATURES, policy)
    assert len(compiled) == 3


def test_a_policy_that_is_refused_is_refused_again(compiled):
    policy = load_policy(PRODUCT.policy)
    broken = msgspec.structs.replace(policy, parameters={})
    for _ in range(2):
        with pytest.raises(PolicyError, match="toml"):
            make_evaluator(PRODUCT, FEATURES, broken)
    assert len(compiled) == 2
