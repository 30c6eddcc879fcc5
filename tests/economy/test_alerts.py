"""Alerts on a budget, counted by hand; and the rule of old, tuned."""

from __future__ import annotations

import numpy as np
import pytest

from weilend.economy.audit.alerts import (
    NOTHING_FOUND,
    FalseAlarms,
    Judged,
    Tally,
    alert_by_month,
    floor_of,
    tally,
    tally_innocents,
    tally_rings,
)
from weilend.economy.audit.counts import DAY, Held, count_sharing, settings, taken, tune, weigh

# Ten applications: frauds are 1, 4 and 5 (of one case of three firms, 5 a loss that would have been paid back), all else honest.
JUDGED = Judged(
    month=np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]),
    pattern=np.array([-1, 0, -1, -1, 0, 0, -1, -1, -1, -1]),
    level=np.array([-1, 0, -1, -1, 2, 2, -1, -1, -1, -1]),
    case=np.array([-1, 3, -1, -1, 3, 3, -1, -1, -1, -1]),
    lost_fen=np.array([0, 500, 0, 0, 300, 0, 0, 0, 0, 0]),
    is_good=np.array([True, False, False, True, False, True, True, True, True, True]),
    innocent={"families": np.array([True, False, True, False, False, True, False, False, False, False])},
)


def test_a_tally_is_what_one_counts_by_hand():
    alert = np.isin(np.arange(10), [0, 1, 2, 5])
    whole = tally(JUDGED, alert)
    assert whole == Tally(applications=10, frauds=3, alerts=4, found=2, lost_fen=800, saved_fen=500, good_stopped=1)
    assert (whole.precision, round(whole.recall, 3), whole.saved) == (0.5, 0.667, 0.625)
    parts = [tally(JUDGED, alert, JUDGED.level == level) for level in (-1, 0, 1, 2)]
    assert sum(parts, NOTHING_FOUND) == whole
    assert tally_rings(JUDGED, alert).found == 2
    assert tally_rings(JUDGED, alert).members == 3


def test_false_alarms_stand_beside_those_who_share_nothing():
    (found,) = tally_innocents(JUDGED, np.isin(np.arange(10), [0, 1, 2, 6])).values()
    assert found == FalseAlarms(2, 2, 5, 1)  # application 5 shares, but is fraud


def test_who_perhaps_only_had_bad_luck_is_not_said_to_be_accused():
    assert not FalseAlarms(10, 1, 1_000, 20).is_accused
    assert FalseAlarms(1_000, 100, 1_000, 20).is_accused
    assert not FalseAlarms(0, 0, 10, 1).is_accused


@pytest.mark.parametrize("budget", [100_000, 200_000, 330_000, 500_000])
def test_every_month_spends_its_budget_and_no_more(budget):
    score, month = np.random.default_rng(1).random(997), np.sort(np.random.default_rng(2).integers(0, 8, 997))
    alert = alert_by_month(score, month, budget)
    assert alert.sum() == 997 * budget // 1_000_000
    for one in range(8):
        rows = month == one
        assert abs(alert[rows].sum() - rows.sum() * budget / 1e6) <= 1
        assert score[rows & alert].min() > score[rows & ~alert].max()


def test_a_score_that_says_nothing_finds_what_chance_finds():
    level = np.where(np.arange(20_000) < 2_000, 0, -1)  # the frauds come first: ties must not go by place
    alert = alert_by_month(np.zeros(20_000), np.zeros(20_000, np.int64), 20_000)
    assert 20 <= (alert & (level >= 0)).sum() <= 62  # 40 expected, six standard deviations of 6
    assert floor_of(np.zeros(50), 20_000) == 0


def test_sharing_is_counted_as_known_then():
    day = DAY
    held = Held(np.array([1, 2, 3, 4]), np.array([7, 7, 7, 8]), np.array([0, 0, 30 * day, 0]))
    counts = count_sharing(np.array([1, 2, 3, 4]), np.array([1, 5, 20, 21]) * day, held)
    assert counts[7, 5].tolist() == [0, 1, 0, 0]  # the third held it later than it asked, the first asked before the others
    assert counts[365, 5].tolist() == [0, 1, 0, 0]
    two_firms = count_sharing(np.array([1, 1]), np.array([1, 2]) * day, held)
    assert two_firms[7, 5].tolist() == [0, 0]  # one party is nobody's ring


def test_what_many_hold_is_a_hub():
    count = 9
    held = Held(np.arange(count), np.zeros(count, np.int64), np.zeros(count, np.int64))
    counts = count_sharing(np.arange(count), np.arange(count) * 60 + DAY, held)
    assert counts[7, 20].tolist() == list(range(count))
    assert counts[7, 5].max() == 4


def test_the_rule_of_old_gets_its_best_setting():
    rng, rows = np.random.default_rng(3), np.arange(10)
    noise, telling = rng.integers(0, 5, 10), np.where(np.isin(rows, [1, 4]), 9, 0)
    counts = {
        "device": {(one.days, one.hub): noise for one in settings(["device"])},
        "phone": {(one.days, one.hub): telling if one.days == 30 else noise for one in settings(["phone"])},
    }
    best = tune(counts, JUDGED, rows, 400_000)
    assert best.days == 30
    assert best.weights["phone"] > 0
    found = tally(JUDGED, alert_by_month(weigh(counts, best), JUDGED.month, 400_000))
    assert found.saved == 1.0
    assert len(taken(JUDGED, rows[:4])) == 4
