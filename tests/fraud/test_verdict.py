"""One grade out of hits, marks, strangeness, rings and score: what declines, what refers, what spares, and what a budget buys."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.errors import FormulaError, InputError
from weilend.core.plan import Spine
from weilend.core.values import FraudHit, Reason
from weilend.features.compute import FeatureTable
from weilend.features.sets import FRAUD
from weilend.fraud.detectors.ensemble import StrangeFeature
from weilend.fraud.signals import SIGNALS, find_marks, mark_table, read_signals
from weilend.fraud.suspicion import calibrate, least_floor, surprise_milli
from weilend.fraud.verdict import Heard, RingSaid, find_ruled, judge_fraud
from weilend.fraud.verdict_table import TABLE, read_table, rule_formulas

NOTHING = dict.fromkeys((feature.name for feature in FRAUD.features), None)
HIT = FraudHit(kind="owner", subject_id="t", role="owns", list_name="deny", meaning="deny", severity=100, seq=1)


def hit(**changes):
    return msgspec.structs.replace(HIT, **changes)


@pytest.fixture(scope="module")
def learned():
    """A thousand applications: strange evenly, one in a hundred on an emulator."""
    said = {"anomaly": [1_000 * row for row in range(1_000)], "ring": [0] * 1_000, "score": [None] * 1_000}
    marks = {name: np.arange(1_000) % 100 == 0 if name == "emulator" else np.zeros(1_000, np.bool_) for name in SIGNALS}
    families = {one.id: one.family for one in SIGNALS.values()}
    return calibrate(said, marks, families, shares=TABLE.shares(20_000), tied=TABLE.tied, weights=TABLE.voices)


GRADES = {
    "nobody looked": (Heard(), "not_assessed", "none"),
    "no lists, nothing strange": (Heard(values=NOTHING), "not_assessed", "B"),
    "lists were asked and are silent": (Heard(hits=(), values=NOTHING), "clear", "B"),
    "the owner is denied": (Heard(hits=(HIT,)), "alert", "E"),
    "the owner was denied long ago": (Heard(hits=(hit(severity=40),)), "alert", "D"),
    "it has worn off to nothing": (Heard(hits=(hit(severity=0),)), "clear", "B"),
    "the owner disputes it": (Heard(hits=(hit(is_disputed=True),)), "alert", "D"),
    "the phone is denied": (Heard(hits=(hit(kind="phone", role="reachable_at"),)), "alert", "D"),
    "a contact is denied": (Heard(hits=(hit(kind="phone", role="emergency_contact"),)), "clear", "C"),
    "watched": (Heard(hits=(hit(meaning="watch", list_name="watch", severity=50),)), "clear", "C"),
    "watched closely": (Heard(hits=(hit(meaning="watch", list_name="tax_offender", severity=70),)), "alert", "D"),
    "a contact is watched": (Heard(hits=(hit(meaning="watch", role="relative", severity=99),)), "clear", "B"),
    "allowed": (Heard(hits=(hit(meaning="allow", list_name="allow", severity=0),), is_spared=True), "clear", "B"),
    "ended on a failed check": (Heard(hits=(), values={**NOTHING, "identity_last_failed_30d": 1}), "alert", "E"),
    "failed once and passed": (Heard(hits=(), values={**NOTHING, "identity_last_failed_30d": 0}), "clear", "B"),
    "a failed check, though nobody asked the lists": (Heard(values={**NOTHING, "identity_last_failed_30d": 1}), "alert", "E"),
}  # fmt: skip


@pytest.mark.parametrize("name", GRADES)
def test_rules_give_grades(name):
    heard, status, grade = GRADES[name]
    told = judge_fraud(heard)
    assert (told.status, told.grade) == (status, grade)
    assert bool(told.reasons) == (grade in "CDE" and grade != "none")


def test_deny_is_stronger_than_watch_and_allow():
    watch, allow = hit(meaning="watch", list_name="watch", severity=99), hit(meaning="allow", list_name="allow")
    told = judge_fraud(Heard(hits=(HIT, watch, allow), is_spared=True))
    assert (told.grade, told.found.marks) == ("E", ("deny_own", "watch"))
    assert told.reasons[0].en == "the applicant stands on a deny list: owner on deny"


def test_an_allow_hit_spares_the_step_up_and_nothing_else(learned):
    """The loop of the allow list: who is on it is looked at like everybody, so what it lets through can still be found."""
    strange = Heard(hits=(), values=NOTHING, anomaly_ppm=960_000, ring=RingSaid(ring_ppm=0))
    spared = msgspec.structs.replace(strange, hits=(hit(meaning="allow", list_name="allow", severity=0),), is_spared=True)
    plain, allowed = judge_fraud(strange, learned), judge_fraud(spared, learned)
    assert (plain.grade, plain.found.step_up) == ("C", True)
    assert (allowed.grade, allowed.found.step_up) == ("C", False)
    assert allowed.found.suspicion_milli == plain.found.suspicion_milli
    worst = msgspec.structs.replace(spared, anomaly_ppm=999_999, values={**NOTHING, "device_emulator_count_90d": 1})
    assert judge_fraud(worst, learned).grade == "D"


def test_marks_of_one_family_count_once_and_rare_ones_more(learned):
    one = learned.add_up({"anomaly": 500_000}, ["emulator"])
    assert learned.add_up({"anomaly": 500_000}, ["emulator", "cloned_app"]) - one < learned.marks["cloned_app"]
    assert learned.marks["emulator"] < learned.marks["cloned_app"], (
        "what one in a hundred bears is less rare than what nobody does"
    )
    assert learned.add_up({}, ["no such mark"]) == 0


def test_what_a_voice_hears_too_counts_once_the_louder(learned):
    """A tenant shares network, address and telephone with his neighbours, and rings see it too: that is one thing, not four."""
    place, other = ["owners_in_wifi", "shared_address", "shared_phone"], ["emulator"]
    silent, loud = {"ring": 0}, {"ring": 999_999}
    alone = learned.add_up(silent, place)
    assert alone == max(learned.marks[one] for one in place)
    assert alone == learned.add_up(silent, place[:1]) == learned.add_up({}, place)
    assert learned.add_up(loud, other) - learned.add_up({}, other) == learned.add_up(loud, [])
    assert learned.add_up(loud, place) == max(learned.add_up(loud, []), alone)
    assert set(TABLE.tied.values()) <= set(TABLE.voices)
    assert set(TABLE.tied) <= {one.family for one in SIGNALS.values()}


def test_reasons_name_the_rarest_and_the_strangest_once(learned):
    strange = (
        StrangeFeature("device_emulator_count_90d", 3.0, 0.0, 0.0, 9),
        StrangeFeature("device_count_7d", 9.0, 1.0, 2.0, 8),
    )
    why = (Reason("fraud_ring", "shares", "共用"),)
    heard = Heard(hits=(), values={**NOTHING, "device_emulator_count_90d": 3}, anomaly_ppm=999_000, strange=strange,
                  ring=RingSaid(ring_ppm=5, reasons=why, figures={"size": 3}))  # fmt: skip
    told = judge_fraud(heard, learned)
    assert [one.code for one in told.reasons] == ["fraud_ring", "fraud_emulator", "fraud_strange_device_count_7d"]
    assert told.reasons[2].zh == "近7天使用设备9台（通常1至2）"
    assert told.found.ring == {"size": 3, "ring_ppm": 5}


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60), st.integers(1, 999_999))
def test_no_more_than_the_budget_reaches_a_floor(totals, share):
    """Ties and tiny samples too: a budget is a promise to those who have to look."""
    floor = least_floor(totals, share)
    assert sum(total >= floor for total in totals) * 1_000_000 <= share * len(totals)
    lower = sum(total >= floor - 1 for total in totals)
    assert lower * 1_000_000 > share * len(totals) or lower == len(totals), "a lower floor would have kept the promise too"


def test_a_budget_that_is_overspent_is_found():
    """The law above catches a floor that forgets its ties."""
    totals, share = [9, 9, 9, 1], 250_000
    careless = sorted(totals, reverse=True)[len(totals) * share // 1_000_000]
    assert sum(total >= careless for total in totals) > 1
    assert sum(total >= least_floor(totals, share) for total in totals) <= 1


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(NOTHING)), st.one_of(st.none(), st.integers(0, 3))))
def test_one_and_many_bear_the_same_marks(told):
    values = {**NOTHING, **told}
    names = [feature.name for feature in FRAUD.features]
    table = FeatureTable(
        FRAUD, Spine(("E1",), (0,)), np.array([[values[name] or 0 for name in names]], np.int64),
        np.array([[values[name] is not None for name in names]]), {},
    )  # fmt: skip
    assert tuple(name for name, flags in mark_table(table).items() if flags[0]) == find_marks(values)


@given(st.integers(0, 1_000_000), st.integers(0, 1_000_000))
def test_stranger_is_never_less_surprising(one, other):
    assert (surprise_milli(one) <= surprise_milli(other)) or one > other


@pytest.mark.parametrize("grade", ["C", "D", "E"])
def test_worse_is_never_better(learned, grade):
    """More of anything that speaks of fraud never makes the grade safer."""
    heard = Heard(hits=(), values=NOTHING, anomaly_ppm=500_000)
    steps = [
        heard,
        msgspec.structs.replace(heard, anomaly_ppm=980_000),
        msgspec.structs.replace(heard, anomaly_ppm=980_000, values={**NOTHING, "device_emulator_count_90d": 1}),
        msgspec.structs.replace(heard, anomaly_ppm=980_000, hits=(HIT,)),
    ]
    places = [TABLE.place(judge_fraud(step, learned).grade) for step in steps]
    assert places == sorted(places, reverse=True)
    assert TABLE.place(grade) in places


RULES = {
    "circling_money": {"reciprocity_12m": 400_000},
    "shell_in_a_hurry": {"registry_representative_changes_180d": 1, "sales_recent_pace_12m": 3_000_000},
    "broken_statement": {"running_balance_broken_365d": 1},
    "taken_over": {"payee_change_count_30d": 1, "credential_change_count_90d": 2},
    "one_device": {"device_owner_count_30d": 3},
}


@pytest.mark.parametrize("name", RULES)
def test_what_hardly_has_an_innocent_story_makes_a_person_look_and_declines_nobody(name):
    told = judge_fraud(Heard(hits=(), values={**NOTHING, **RULES[name]}))
    assert (told.status, told.found.grade) == ("alert", "D")
    assert told.reasons[0].code == f"fraud_{name}"
    for missing in RULES[name]:
        less = {**NOTHING, **RULES[name], missing: 0}
        assert judge_fraud(Heard(hits=(), values=less)).status == "clear"


def test_a_device_that_is_a_counters_names_nobody():
    told = judge_fraud(Heard(hits=(), values={**NOTHING, "device_owner_count_30d": 21}))
    assert "one_device" not in told.found.marks


def ruled_table(rows):
    """A table of features in which some rows are alerted by a rule."""
    names = [feature.name for feature in FRAUD.features]
    values, known = np.zeros((len(rows), len(names)), np.int64), np.zeros((len(rows), len(names)), np.bool_)
    at = names.index("reciprocity_12m")
    values[:, at], known[:, at] = 400_000 * np.array(rows), True
    return FeatureTable(FRAUD, Spine(tuple(f"E{row}" for row in range(len(rows))), (0,) * len(rows)), values, known, {})


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.booleans()), min_size=1, max_size=80), st.sampled_from((20_000, 200_000)))
def test_whom_rules_alert_is_paid_for_out_of_the_same_budget(rows, budget):
    said, (ruled, _) = {"anomaly": [value for value, _ in rows]}, find_ruled(ruled_table([rule for _, rule in rows]))
    assert ruled.tolist() == [rule for _, rule in rows]

    def alerted(learned):
        by_suspicion = [learned.grade(learned.add_up({"anomaly": value}, []), otherwise="A") == "D" for value, _ in rows]
        return int((np.array(by_suspicion) | ruled).sum())

    shares = {"D": budget}
    assert alerted(calibrate(said, {}, {}, shares=shares, ruled=ruled)) <= max(len(rows) * budget // 10**6, int(ruled.sum()))


def test_rules_that_are_not_paid_for_would_double_the_work():
    ruled = np.arange(100) < 20
    said = {"anomaly": [10_000 * row for row in range(100)]}  # the strangest are not those whom rules alert

    def by_suspicion(**given):
        learned = calibrate(said, {}, {}, shares={"D": 200_000}, **given)
        return sum(learned.grade(learned.add_up({"anomaly": value}, []), otherwise="A") == "D" for value in said["anomaly"])

    assert (by_suspicion(ruled=ruled), by_suspicion()) == (0, 20)


def test_whom_nobody_need_look_at_takes_no_look_from_others():
    said = {"anomaly": [10_000 * row for row in range(100)]}
    strangest = np.arange(100) >= 90

    def looked_at(**given):
        learned = calibrate(said, {}, {}, shares={"D": 200_000}, **given)
        alerted = [learned.grade(learned.add_up({"anomaly": value}, []), otherwise="A") == "D" for value in said["anomaly"]]
        return int((np.array(alerted) & ~strangest).sum())

    assert (looked_at(stopped=strangest), looked_at()) == (20, 10)


def test_who_is_stopped_is_not_among_those_to_be_looked_at():
    names = [feature.name for feature in FRAUD.features]
    table = ruled_table([True, True, False])
    table.values[0, names.index("identity_last_failed_30d")] = 1
    table.known[0, names.index("identity_last_failed_30d")] = True
    looked_at, stopped = find_ruled(table)
    assert (looked_at.tolist(), stopped.tolist()) == ([False, True, False], [True, False, False])


def test_tables_are_checked():
    assert set(rule_formulas(TABLE.rules)) == {rule.id for rule in TABLE.rules}
    for text in ("x = ", "signals = 1", '[[signals]]\nid = "x"'):
        with pytest.raises(InputError, match="no table of signals"):
            read_signals(text)
    twice = '[[signals]]\nid = "x"\nfamily = "f"\nwhen = "true"\ntells = "device_count_7d"\n'
    with pytest.raises(InputError, match="is there twice"):
        read_signals(twice * 2)
    with pytest.raises(InputError, match="no table of fraud grades"):
        read_table("a = ")
    with pytest.raises(InputError, match="no fraud grade 'F'"):
        TABLE.place("F")
    for budget in (0, -1, 1_000_000):
        with pytest.raises(InputError, match="is no share"):
            TABLE.shares(budget)
    wrong = msgspec.structs.replace(TABLE.rules[0], when="no_such_thing > 0")
    with pytest.raises(FormulaError, match="no_such_thing"):
        rule_formulas((wrong,))


def test_nothing_to_learn_from_is_said():
    with pytest.raises(InputError, match="no applications to learn from"):
        calibrate({"anomaly": []}, {}, {}, shares={"D": 20_000})
    with pytest.raises(InputError, match="no applications to learn from"):
        calibrate({"anomaly": [1]}, {"emulator": np.zeros(2, np.bool_)}, {}, shares={"D": 20_000})
    one = calibrate({"anomaly": [7]}, {}, {}, shares={"D": 20_000})
    assert one.grade(one.add_up({"anomaly": 7}, []), otherwise="A") == "A", "one application never alarms anybody by itself"
