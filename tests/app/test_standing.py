"""What a business and its group owe is read from records of lending, as known at the application."""

from datetime import date
from types import SimpleNamespace

import pytest

from weilend.app.desk.standing import find_owners, find_standings, open_loans
from weilend.core.calendars import Calendar
from weilend.core.values import NO_STANDING, Application, Standing
from weilend.testing.loans import link, loan, payment, state, view_of

HOME = Calendar("Asia/Shanghai")
NOW = date(2020, 6, 1)
AS_OF = HOME.start_of(NOW)
ASKS = SimpleNamespace(inputs={"group_exposure_fen": None}, experiments=())
DRAWS = SimpleNamespace(inputs={}, experiments=(SimpleNamespace(budget=None),))
ON = date(2020, 1, 10)


def standing_of(view, business="E1", as_of=AS_OF, policy=ASKS) -> Standing:
    asked = Application(application_id="A1", product="loan", business_id=business, as_of=as_of, consent_id="own-data")
    return find_standings(policy, [asked], view, HOME)[0]


def owed(view, **asked) -> tuple[int | None, int | None, int | None]:
    said = standing_of(view, **asked)
    return said.exposure_fen, said.group_exposure_fen, said.open_loans_count


def test_without_a_loan_nothing_is_owed(tmp_path):
    assert owed(view_of(tmp_path, [])) == (0, 0, 0)


def test_a_policy_that_does_not_ask_is_told_nothing(tmp_path):
    assert standing_of(view_of(tmp_path, loan(on=ON)), policy=SimpleNamespace(inputs={}, experiments=())) is NO_STANDING


def test_a_loan_without_a_state_is_owed_less_what_was_repaid(tmp_path):
    view = view_of(tmp_path, loan(on=ON), [payment(1, date(2020, 2, 10), 400_000)])
    assert owed(view) == (9_600_000, 9_600_000, 1)


def test_the_newest_state_counts_and_what_came_after_it(tmp_path):
    states = [state(date(2020, 3, 31), outstanding_fen=8_000_000), state(date(2020, 2, 29), outstanding_fen=9_000_000)]
    paid = [payment(2, date(2020, 3, 10), 700_000), payment(3, date(2020, 4, 10), 500_000)]
    assert owed(view_of(tmp_path, loan(on=ON), states, paid))[0] == 7_500_000


def test_a_settled_loan_is_not_open(tmp_path):
    view = view_of(tmp_path, loan(on=ON), [state(date(2020, 4, 30), word="settled", outstanding_fen=0)])
    assert owed(view) == (0, 0, 0)


def test_what_was_not_known_or_had_not_happened_does_not_count(tmp_path):
    late = [state(date(2020, 4, 30), outstanding_fen=1, known=date(2020, 7, 1)), state(date(2020, 6, 30), outstanding_fen=2)]
    view = view_of(tmp_path, loan(on=ON), late)
    assert owed(view)[0] == 10_000_000
    assert owed(view, as_of=HOME.start_of(date(2020, 1, 10))) == (0, 0, 0)
    assert owed(view, as_of=HOME.start_of(date(2020, 8, 1)))[0] == 2


def test_a_group_is_joined_by_its_owners(tmp_path):
    """E1 and E2 have owner O1; E3 has another; a loan that O1 took for himself is the group's too."""
    links = [link("E1", "O1"), link("E2", "O1", "represents"), link("E3", "O3"), link("E4", "O1", "guarantees")]
    loans = [
        *loan("L1", on=ON, business="E1", principal_fen=1),
        *loan("L2", on=ON, business="E2", owner="O9", principal_fen=20),
        *loan("L3", on=ON, business="E3", owner="O3", principal_fen=300),
        *loan("L4", on=ON, business="E9", owner="O1", principal_fen=4_000),
        *loan("L5", on=ON, business="E4", owner="O4", principal_fen=50_000),
    ]
    view = view_of(tmp_path, links, loans)
    assert owed(view) == (1, 4_021, 1)
    assert owed(view, business="E2") == (20, 4_021, 1)
    assert owed(view, business="E3") == (300, 300, 1)


@pytest.mark.parametrize(
    ("fields", "counts"),
    [({}, True), ({"valid_until_on": NOW}, True), ({"valid_until_on": date(2020, 5, 31)}, False),
     ({"valid_from_on": date(2020, 6, 2)}, False), ({"known": date(2020, 6, 2)}, False)],
)  # fmt: skip
def test_a_link_counts_while_it_is_in_force(fields, counts, tmp_path):
    view = view_of(tmp_path, [link("E1", "O1"), link("E2", "O1", **fields)], loan("L2", on=ON, business="E2", owner="O9"))
    assert owed(view)[1] == (10_000_000 if counts else 0)


def drawer(view, business, as_of=AS_OF) -> str:
    return standing_of(view, business=business, as_of=as_of, policy=DRAWS).drawn_by


def test_the_first_owner_in_force_draws_and_the_business_where_none_is_known(tmp_path):
    links = [
        link("E1", "O2"),
        link("E1", "O1", "represents"),
        link("E2", "O1"),
        link("E3", "O9", "guarantees"),
        link("E4", "O5", valid_until_on=date(2020, 5, 31)),
        link("E4", "O6"),
        link("E5", "O7", known=date(2020, 6, 2)),
    ]
    view = view_of(tmp_path, links, loan(on=ON))
    assert [drawer(view, f"E{number}") for number in range(1, 6)] == ["O1", "O1", "E3", "O6", "E5"]
    assert drawer(view, "E4", HOME.start_of(date(2020, 5, 1))) == "O5", "by links in force at the as_of"
    assert standing_of(view, policy=DRAWS).exposure_fen is None, "what is owed was not asked for"
    assert standing_of(view).drawn_by == "", "nobody draws where no experiment runs"


def test_parts_agree(tmp_path):
    view = view_of(tmp_path, [link("E1", "O1")], loan(on=ON))
    assert find_owners(view, {"E1"}, AS_OF, HOME) == {"E1": frozenset({"O1"})}
    assert [one.outstanding_fen for one in open_loans(view, {"E1"}, set(), AS_OF)] == [10_000_000]
