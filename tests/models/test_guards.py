"""Each planted fault is caught by its guard, over seeds; a clean table is left alone; what post-outcome tables hold is dropped."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from weilend.models.guards import examples, guard_sample
from weilend.models.guards.examples import add_column, clean
from weilend.models.guards.identity import find_order
from weilend.models.guards.words import afterwards_word

#: Fault → the guard that must speak, and whether the column must be gone.
PLANTED = {
    "leak": ("too good", True), "presence": ("presence", True), "pure": ("pure", True), "flip": ("turning", True),
    "rewritten": ("vanishing", True), "drift": ("drift", True), "id": ("id", True), "constant": ("constant", True),
    "copy": ("copy", True), "group": ("group", True), "order": ("order", False), "contradiction": ("contradiction", False),
    "code": ("code", False), "censored": ("censored", False), "bias": ("bias", False),
}  # fmt: skip


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_caught(fault: str) -> None:
    guard, gone = PLANTED[fault]
    case = getattr(examples, f"plant_{fault}")(5)
    left, findings = guard_sample(case)
    caught = [one for one in findings if one.guard == guard]
    assert caught, Counter(one.guard for one in findings)
    assert all(one.why for one in caught)
    honest = set(clean().sample.table.names)
    assert honest <= set(left) | ({"income"} if fault == "copy" else set())
    if gone:
        assert set(left) == honest


@pytest.mark.nightly
@pytest.mark.parametrize("fault", PLANTED)
@pytest.mark.parametrize("seed", range(20, 30))
def test_a_planted_fault_is_caught_at_any_seed(fault: str, seed: int) -> None:
    _, findings = guard_sample(getattr(examples, f"plant_{fault}")(seed))
    assert PLANTED[fault][0] in {one.guard for one in findings}


def alarms(seeds, rows: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for seed in seeds:
        left, findings = guard_sample(clean(seed, rows=rows))
        found.update(one.guard for one in findings)
        assert len(left) == 6
    return found


def test_a_clean_table_raises_no_alarm() -> None:
    """Measured over 60 seeds and 500 to 3,000 rows: one warning of drift, no column dropped."""
    assert alarms(range(70, 76), 1_000).total() <= 1


@pytest.mark.nightly
def test_a_clean_table_seldom_raises_an_alarm_at_any_seed() -> None:
    assert alarms(range(100, 160), 1_500).total() <= 4


def test_a_table_without_dates_says_so_and_nothing_else() -> None:
    _, findings = guard_sample(clean(3, months=0))
    assert [one.guard for one in findings] == ["undated"]


def test_what_is_known_only_afterwards_is_dropped_as_a_family() -> None:
    """As loan books are published: payments, recoveries and dates of the last payment beside the inputs of the application."""
    case = clean(8)
    dice, bad = np.random.default_rng(8), case.sample.bad
    recovered = np.where((bad == 1) & (dice.random(len(bad)) < 0.6), dice.integers(1, 900, len(bad)), 0)
    paid = np.where(bad == 1, dice.integers(0, 700, len(bad)), dice.integers(500, 1000, len(bad)))
    case = add_column(case, "recoveries", recovered)
    case = add_column(case, "collection_recovery_fee", recovered // 10)
    case = add_column(case, "total_pymnt", paid)
    case = add_column(case, "settlement_amount", recovered * 2, recovered > 0)
    case = add_column(case, "last_pymnt_amnt", paid + dice.normal(size=len(bad)) * 150)
    left, _ = guard_sample(case)
    assert set(left) == set(clean().sample.table.names)


def test_a_bad_name_alone_drops_nothing() -> None:
    case = add_column(clean(9), "recoveries_of_others", np.random.default_rng(9).integers(0, 99, 3_000))
    assert afterwards_word("recoveries_of_others")
    left, findings = guard_sample(case)
    assert "recoveries_of_others" in left
    assert not [one for one in findings if one.action == "dropped"]


def test_a_strong_honest_column_among_strong_ones_stays() -> None:
    """AUC about .85 with others close behind: strong, not strange."""
    case, noise = clean(10), np.random.default_rng(10).normal(size=(3_000, 3))
    for at, name in enumerate(("bureau", "bank", "tax")):
        case = add_column(case, name, (case.sample.bad * 1.4 + noise[:, at]) * 1000)
    left, _ = guard_sample(case)
    assert {"bureau", "bank", "tax"} <= set(left)


def test_ids_never_reach_a_model_and_the_check_catches_a_file_sorted_by_outcome() -> None:
    assert find_order(clean(11)) == []
    assert find_order(examples.plant_order(11))[0].figures["auc_ppm"] > 700_000
