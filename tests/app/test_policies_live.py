"""A home decides by the policy that is live in it; what an older one decided replays for ever."""

from __future__ import annotations

import msgspec
import pytest

from weilend.app.desk import desk as desk_module
from weilend.app.desk.decide import decide
from weilend.app.desk.desk import Desk, open_desk
from weilend.app.desk.policies import (
    KIND,
    approve_policy,
    deciding_policy,
    find_policy,
    list_releases,
    live_policy,
    propose_policy,
    retire_policy,
    roll_back_policy,
)
from weilend.app.desk.releases import Act
from weilend.app.desk.sealed import Sealed, keep_sealed, make_evaluator
from weilend.app.desk.steps import DeskSteps, Request
from weilend.core.errors import CheckError, InputError, NotFoundError
from weilend.core.values import Application, Receipt
from weilend.decision import Policy, load_policy
from weilend.features.sets import FEATURE_SETS
from weilend.lending import load_product

NAME = "enterprise_loan"
SHIPPED = load_policy(NAME)
replace = msgspec.structs.replace


def renumbered(number: int) -> Policy:
    """Return the shipped policy under another number: another identity, the same cases."""
    from weilend.core.ids import content_hash
    from weilend.decision import dump_policy

    made = replace(SHIPPED, version=number)
    return replace(made, identity=content_hash(msgspec.json.decode(dump_policy(made))))


@pytest.fixture
def desk(tmp_path) -> Desk:
    return open_desk(tmp_path / "home")


def release(desk: Desk, number: int, at: int) -> Policy:
    policy = renumbered(number)
    propose_policy(desk.home, policy, Act(who="ann", why="x", at=at))
    approve_policy(desk.home, NAME, Act(who="bob", why="x", at=at))
    return policy


def judge(desk: Desk, at: int) -> Receipt:
    """Decide as the desk does once it asks for the live policy."""
    product = load_product(NAME)
    features = FEATURE_SETS[product.feature_set]
    sealed = Sealed(make_evaluator(product, features, live_policy(desk.home, product.policy, at=at)), product, features, None)
    keep_sealed(desk.home, sealed, at=at)
    application = Application(application_id=f"A{at}", product=NAME, business_id="E1", as_of=at, consent_id="own-data")
    (receipt,) = decide(DeskSteps(desk.home, sealed), msgspec.json.encode(Request(f"R{at}", (application,))))
    return receipt


def test_decisions_follow_what_is_live_and_replay_by_what_was(desk):
    assert live_policy(desk.home, NAME, at=5) is None
    receipts = [judge(desk, 5)]
    first = release(desk, 101, at=10)
    receipts.append(judge(desk, 15))
    second = release(desk, 102, at=20)
    receipts.append(judge(desk, 25))
    roll_back_policy(desk.home, NAME, Act(who="cai", why="x", at=30))
    receipts.append(judge(desk, 35))
    assert [receipt.sealed["policy"] for receipt in receipts] == [one.identity for one in (SHIPPED, first, second, first)]
    assert desk.replay().identical == 4
    assert desk.audit() == ()


def test_a_name_means_the_live_version_and_a_file_means_itself(desk):
    assert find_policy(NAME, desk.home, at=5) == SHIPPED
    policy = release(desk, 101, at=10)
    assert find_policy(NAME, desk.home, at=9).identity == SHIPPED.identity
    assert find_policy(NAME, desk.home, at=10).identity == policy.identity
    assert find_policy(NAME).identity == SHIPPED.identity


def test_what_fails_its_check_is_not_kept(desk):
    broken = replace(renumbered(103), rules=SHIPPED.rules[1:])
    with pytest.raises(CheckError, match="weilend policy check shows all of it"):
        propose_policy(desk.home, broken, Act(who="ann", why="x", at=0))
    assert desk.home.store.events(KIND) == ()
    assert list(desk.home.store.documents(KIND)) == []


def test_what_cannot_be_proposed_is_not_kept(desk):
    release(desk, 101, at=10)
    with pytest.raises(InputError, match="is live already"):
        propose_policy(desk.home, renumbered(101), Act(who="ann", why="x", at=20))
    with pytest.raises(InputError, match="lies before the last one"):
        propose_policy(desk.home, renumbered(104), Act(who="ann", why="x", at=5))
    assert len(list(desk.home.store.documents(KIND))) == 1


def test_versions_are_named_by_their_first_letters(desk):
    policies = [renumbered(number) for number in (101, 102)]
    for policy in policies:
        propose_policy(desk.home, policy, Act(who="ann", why="x", at=0))
    with pytest.raises(NotFoundError, match="2 versions of 'enterprise_loan' are in review"):
        approve_policy(desk.home, NAME, Act(who="bob", why="x", at=1))
    approve_policy(desk.home, NAME, Act(who="bob", why="x", at=1), policies[1].identity[:8])
    assert live_policy(desk.home, NAME, at=1).version == 102
    retire_policy(desk.home, NAME, Act(who="bob", why="not this one", at=2), policies[0].identity[:8])
    assert [(one.number, one.state) for one in list_releases(desk.home, at=2)] == [(101, "retired"), (102, "live")]


def test_an_approval_takes_the_wished_date_or_its_own(desk):
    propose_policy(desk.home, renumbered(101), Act(who="ann", why="x", at=0, effective_at=100))
    assert approve_policy(desk.home, NAME, Act(who="bob", why="x", at=10)).effective_at == 100
    propose_policy(desk.home, renumbered(102), Act(who="ann", why="x", at=20, effective_at=30))
    assert approve_policy(desk.home, NAME, Act(who="bob", why="late", at=40)).effective_at == 40
    propose_policy(desk.home, renumbered(103), Act(who="ann", why="x", at=50))
    assert approve_policy(desk.home, NAME, Act(who="bob", why="x", at=60, effective_at=70)).effective_at == 70


def test_the_desk_decides_by_what_is_live_and_by_nothing_that_was_retired(desk, monkeypatch):
    def policy_of() -> str:
        return desk.decide(NAME, "E1", "2026-01-01", consent="own-data").sealed["policy"]

    assert policy_of() == SHIPPED.identity, "before anything went live, the shipped one"
    first = release(desk, 101, at=10)
    assert policy_of() == first.identity
    with monkeypatch.context() as planted:  # the bug that was there: nobody asks the home
        planted.setattr(desk_module, "deciding_policy", lambda home, name, *, at: load_policy(name))
        assert policy_of() != first.identity
    second = release(desk, 102, at=20)
    assert policy_of() == second.identity
    retire_policy(desk.home, NAME, Act(who="bob", why="losses", at=30))
    with pytest.raises(CheckError, match="was retired, so none decides"):
        policy_of()
    assert deciding_policy(desk.home, NAME, at=5) == SHIPPED
    assert desk.replay().problems == ()
