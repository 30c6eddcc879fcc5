"""A policy is proposed, approved, lives, is replaced, is rolled back and retired, as a person would tell it."""

from __future__ import annotations

import msgspec
import pytest

from weilend.core.errors import InputError
from weilend.core.lifecycle import Action, Event, Lifecycle, advance, fold


def event(action: Action, version: str, at: int, effective_at: int | None = None, who: str = "") -> Event:
    author = who or {"propose": "ann"}.get(action, "bob")
    return Event(
        name="loan",
        version=version,
        action=action,
        who=author,
        at=at,
        effective_at=at if effective_at is None else effective_at,
        why="because",
    )


def released(*versions: str, start: int = 0) -> list[Event]:
    """Return the events by which versions went live one after another, ten seconds apart."""
    return [
        one
        for place, version in enumerate(versions)
        for one in (event("propose", version, start + 10 * place), event("approve", version, start + 10 * place + 5))
    ]


def test_a_version_walks_through_its_states() -> None:
    log = [event("propose", "v1", 0), event("approve", "v1", 5, 100)]
    assert [fold(log[:count]).state("v1", at=50) for count in range(3)] == ["draft", "review", "approved"]
    assert fold(log).state("v1", at=100) == "live"
    log += [event("propose", "v2", 110), event("approve", "v2", 120, 200), event("retire", "v2", 210, 300)]
    assert fold(log).states(at=250) == {"v1": "superseded", "v2": "live"}
    assert fold(log).states(at=300) == {"v1": "superseded", "v2": "retired"}
    assert fold(log).live(at=300) is None


def test_one_event_goes_back_and_another_one_further() -> None:
    log = [*released("v1", "v2", "v3"), event("rollback", "v2", 40)]
    assert (fold(log).live(39), fold(log).live(40)) == ("v3", "v2")
    assert fold(log).states(at=40) == {"v1": "superseded", "v2": "live", "v3": "retired"}
    log.append(event("rollback", "v1", 50))
    assert fold(log).live(50) == "v1", "and not v3, from which somebody went back"
    assert fold(log).before(50) is None


def test_after_a_retirement_a_rollback_finds_the_last_that_was_not_retired() -> None:
    lifecycle = fold([*released("v1", "v2"), event("retire", "v2", 30)])
    assert (lifecycle.live(30), lifecycle.before(30)) == (None, "v1")
    assert fold([*released("v1", "v2"), event("retire", "v1", 30)]).before(30) is None


def test_dates_count_and_not_the_order_of_approvals() -> None:
    log = [event("propose", "v1", 0), event("propose", "v2", 0), event("approve", "v2", 1, 200), event("approve", "v1", 2, 100)]
    assert [fold(log).live(at) for at in (99, 100, 199, 200)] == [None, "v1", "v1", "v2"]


def test_a_retirement_takes_back_what_was_to_come() -> None:
    log = [event("propose", "v1", 0), event("approve", "v1", 1, 100), event("retire", "v1", 50)]
    assert fold(log).live(100) is None
    again = [*log, event("propose", "v1", 60), event("approve", "v1", 70, 120)]
    assert (fold(again).live(119), fold(again).live(120)) == (None, "v1")


def test_a_proposal_is_turned_down_by_retiring_it() -> None:
    log = [event("propose", "v1", 0), event("retire", "v1", 1)]
    assert fold(log).state("v1", 1) == "retired"
    with pytest.raises(InputError, match="retired, not in review"):
        fold([*log, event("approve", "v1", 2)])


REFUSED = {
    "approved without a proposal": (
        [],
        event("approve", "v1", 0),
        "v1 of loan is draft, not in review. Hint: propose it first",
    ),
    "proposed twice": ([event("propose", "v1", 0)], event("propose", "v1", 1), "v1 of loan is review already"),
    "approved by the author": (
        [event("propose", "v1", 0)],
        event("approve", "v1", 1, who="ann"),
        "ann proposed v1 of loan and",
    ),
    "by the author in capitals": (
        [event("propose", "v1", 0)],
        event("approve", "v1", 1, who="Ann"),
        "Ann proposed v1 of loan and",
    ),
    "effective before it was said": ([], event("propose", "v1", 9, 8), "v1 of loan cannot take effect before the event itself"),
    "earlier than the last event": (
        [event("propose", "v1", 9)],
        event("approve", "v1", 8),
        "the event of loan lies before the",
    ),
    "retired and never proposed": ([], event("retire", "v1", 0), "v1 of loan is draft: there is nothing to retire"),
    "rolled back to nothing": (released("v1"), event("rollback", "v1", 20), "nothing was live before in loan"),
    "rolled back too far": (released("v1", "v2", "v3"), event("rollback", "v1", 40), "that is v2. Hint: roll back to v2"),
    "rolled back tomorrow": (released("v1", "v2"), event("rollback", "v1", 40, 50), "a rollback takes effect at once"),
    "by nobody": ([], event("propose", "v1", 0, who=" "), "an event needs to say who"),
    "about nothing": ([], event("propose", "", 0), "an event needs a name and a version"),
    "without a reason": ([], msgspec.structs.replace(event("propose", "v1", 0), why=" "), "an event needs to say why"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_illegal_event_is_refused_in_one_sentence(name: str) -> None:
    log, wrong, sentence = REFUSED[name]
    before = fold(log)
    with pytest.raises(InputError) as refused:
        advance(before, wrong)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
    assert before == fold(log)


def test_nothing_is_live_where_nothing_happened() -> None:
    assert Lifecycle().states(at=0) == {}
