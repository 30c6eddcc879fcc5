"""Labels: hand-made histories of loans with the label that a credit officer would give them."""

from datetime import date

import msgspec
import numpy as np
import pytest

from weilend.core.errors import InputError
from weilend.core.plan import Spine
from weilend.features.labels import LABELS, LOAN_LABELS
from weilend.features.outcomes import LabelTable, gather_evidence, judge_labels, make_labels
from weilend.features.spines import all_applications, booked_applications, open_loan_months
from weilend.features.vintages import draw_vintages, measure_rolls
from weilend.testing.loans import BOOKED_ON, HOME, PRODUCT, due, later, loan, payment, state, view_of

FAR = HOME.start_of(date(2026, 1, 1))


def label_of(folder, name, facts, *, known_by=FAR, of=None):
    """The labels of booked applications, in the order of their applications."""
    view = view_of(folder, facts)
    spine = booked_applications(view, PRODUCT, FAR) if of is None else of(view)
    return make_labels(LOAN_LABELS[name], spine, view, known_by=known_by, calendar=HOME)


def mob(months, days=0):
    return later(BOOKED_ON, months=months, days=days)


MONTHLY = [state(mob(month)) for month in range(1, 13)]
PAID = [one for month in range(1, 13) for one in (due(month, mob(month)), payment(month, mob(month)))]
HISTORIES = {
    "current": ([*MONTHLY, *PAID], {"default": 0, "dpd30_mob6": 0, "dpd90_mob12": 0, "fpd30": 0, "early_payoff": 0}),
    "cured after 40 days": ([state(mob(3), 40), state(mob(4))], {"default": 0, "dpd30_mob6": 1, "dpd90_mob12": -1}),
    "29 days": ([state(mob(3), 29)], {"dpd30_mob6": -1, "dpd90_mob12": 0}),
    "15 days": ([state(mob(3), 15)], {"dpd30_mob6": -1}),
    "14 days": ([state(mob(3), 14)], {"dpd30_mob6": 0}),
    "30 days on the last day of mob 6": ([state(mob(6), 30)], {"dpd30_mob6": 1}),
    "30 days a day after mob 6": ([state(mob(6, 1), 30)], {"dpd30_mob6": 0}),
    "30 days at mob 7": ([state(mob(7), 30)], {"dpd30_mob6": 0, "dpd90_mob12": -1}),
    "90 days": ([state(mob(8), 90)], {"default": 1, "dpd90_mob12": 1, "dpd30_mob6": 0}),
    "90 days of 99 yuan": ([state(mob(8), 90, overdue_fen=9_999)], {"default": 0, "dpd90_mob12": 0}),
    "90 days of 100 yuan": ([state(mob(8), 90, overdue_fen=10_000)], {"default": 1}),
    "renewed under stress": ([state(mob(5), 2, "renewed", under_stress=True)], {"default": 1, "dpd30_mob6": 1}),
    "renewed in good health": ([state(mob(5), 0, "renewed", under_stress=False)], {"default": 0, "dpd30_mob6": 0}),
    "extended while overdue, stress not said": ([state(mob(5), 3, "extended")], {"default": 1}),
    "extended while current, stress not said": ([state(mob(5), 0, "extended")], {"default": 0}),
    "compensated by the partner": ([state(mob(5), 20, "compensated")], {"default": 1, "dpd30_mob6": 1}),
    "a new loan repays it under stress": (
        loan("L2", on=mob(4), renews="L1", under_stress=True),
        {"default": [1, 0], "dpd30_mob6": [1, 0], "fpd30": [0, 0]},
    ),
    "second loan of the same owner, other business": (
        [*loan("L2", on=mob(1), business="E2"), state(mob(3), 45, name="L2", business="E2")],
        {"dpd30_mob6": [1, 1], "fpd30": [0, 0]},
    ),
    "loan of a stranger": (
        [*loan("L2", on=mob(1), business="E2", owner="O2"), state(mob(3), 45, name="L2", business="E2", owner="O2")],
        {"dpd30_mob6": [0, 1]},
    ),
    "between two snapshots": ([due(3, mob(3)), payment(3, mob(3, 31)), state(mob(3, 31))], {"dpd30_mob6": 1}),
    "paid on the thirtieth day": ([due(3, mob(3)), payment(3, mob(3, 30))], {"dpd30_mob6": -1}),
    "paid in part": ([due(3, mob(3)), payment(3, mob(3), 89_000), payment(3, mob(4, 1), 11_000)], {"dpd30_mob6": 1}),
    "all but 99 yuan": ([due(3, mob(3)), payment(3, mob(3), 90_001)], {"dpd30_mob6": 0}),
    "paid and taken back": (
        [due(3, mob(3)), payment(3, mob(3)), payment(3, mob(3, 20), -100_000, is_reversal=True), payment(3, mob(3, 40))],
        {"dpd30_mob6": 1},
    ),
    "a penalty pays no instalment": ([due(3, mob(3)), payment(3, mob(3), 100_000, penalty_fen=100_000)], {"dpd30_mob6": 1}),
    "settled with an instalment open": ([due(3, mob(3)), state(mob(3, 10), 0, "settled")], {"dpd30_mob6": 0}),
    "first never paid": ([due(1, mob(1))], {"fpd30": 1}),
    "first paid on the thirtieth day": ([due(1, mob(1)), payment(1, mob(1, 30))], {"fpd30": 0}),
    "first paid a day later": ([due(1, mob(1)), payment(1, mob(1, 31))], {"fpd30": 1}),
    "second never paid": ([due(1, mob(1)), payment(1, mob(1)), due(2, mob(1, 1))], {"fpd30": 0}),
    "first late, as states say": ([state(mob(1, 30), 30, first_dpd=30)], {"fpd30": 1}),
    "early payoff": ([state(mob(5), 0, "settled_early", outstanding_fen=0)], {"early_payoff": 1, "default": 0}),
    "early payoff by payment": ([payment(5, mob(5), is_early_payoff=True)], {"early_payoff": 1}),
    "paid off by a new loan": ([payment(5, mob(5), is_early_payoff=True, way="new_loan")], {"early_payoff": 0}),
    "paid off on the last day": ([state(mob(12), 0, "settled_early")], {"early_payoff": 0}),
    "cancelled": ([state(mob(0, 1), 0, "cancelled")], {"default": -1, "dpd30_mob6": -1, "early_payoff": -1}),
}


IDS = ("business_id", "owner_id", "loan_id", "application_id", "key", "renews")


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Labels of all stories, told in one book under names of their own: label -> (story, label of its loans)."""
    facts = [
        (kind, {**row, **{name: f"{story}/{row[name]}" for name in IDS if name in row}})
        for story, (told, _) in HISTORIES.items()
        for kind, row in [*loan(), *told]
    ]
    view = view_of(tmp_path_factory.mktemp("stories"), facts)
    spine = booked_applications(view, PRODUCT, FAR)
    labels = [LOAN_LABELS[name] for name in LOAN_LABELS if name != "bad_next_6m"]
    tables = {label.name: make_labels(label, spine, view, known_by=FAR, calendar=HOME) for label in labels}
    return {
        name: [
            (loans[0].split("/")[0], bad) for loans, bad in zip(table.spine.linked["loan_id"], table.bad.tolist(), strict=True)
        ]
        for name, table in tables.items()
    }


@pytest.mark.parametrize("story", HISTORIES)
def test_a_history_has_its_label(answers, story):
    _, expected = HISTORIES[story]
    found = {name: [bad for told, bad in answers[name] if told == story] for name in expected}
    assert found == {name: word if isinstance(word, list) else [word] for name, word in expected.items()}


@pytest.mark.parametrize("method", ["bullet", "interest_first"])
@pytest.mark.parametrize(("paid_on", "bad"), [(mob(12), 0), (mob(12, 30), -1), (mob(12, 31), 1)])
def test_a_balloon_is_judged_thirty_days_after_its_last_day(tmp_path, method, paid_on, bad):
    facts = [*loan(method=method), *MONTHLY[:8], due(12, mob(12), 10_000_000), payment(12, paid_on, 10_000_000)]
    before, after = (HOME.end_of(mob(12, days)) for days in (29, 30))
    assert label_of(tmp_path / "a", "dpd30_mob6", facts, known_by=before).dropped_immature == 1
    assert label_of(tmp_path / "b", "dpd30_mob6", facts, known_by=after).bad.tolist() == ([1] if bad == 1 else [bad])


def test_a_balloon_unpaid_for_thirty_days_is_bad_for_every_label_of_arrears(tmp_path):
    facts = [*loan(method="bullet"), due(1, mob(12), 10_000_000)]
    assert [label_of(tmp_path / name, name, facts).bad.tolist() for name in ("default", "dpd90_mob12")] == [[1], [1]]


def test_a_row_comes_of_age_by_its_booking_day_and_never_by_its_outcome(tmp_path):
    bad, good = loan("L1", owner="O1"), loan("L2", business="E2", owner="O2")
    facts = [*bad, *good, state(mob(2), 60), state(mob(2), name="L2", business="E2", owner="O2")]
    day_before = label_of(tmp_path / "a", "dpd30_mob6", facts, known_by=HOME.end_of(mob(6)) - 1)
    that_day = label_of(tmp_path / "b", "dpd30_mob6", facts, known_by=HOME.end_of(mob(6)))
    assert (len(day_before.bad), day_before.dropped_immature) == (0, 2)
    assert (that_day.bad.tolist(), that_day.dropped_immature, that_day.rows.tolist()) == ([1, 0], 0, [0, 1])


def test_what_was_not_known_by_then_is_not_in_the_label(tmp_path):
    facts = [*loan(), state(mob(5), 35, known=mob(9))]
    known = [HOME.end_of(mob(8)), HOME.end_of(mob(9))]
    assert [label_of(tmp_path / str(at), "dpd30_mob6", facts, known_by=at).bad.tolist() for at in known] == [[0], [1]]


def test_behaviour_looks_six_months_ahead_of_every_month(tmp_path):
    facts = [*loan(), *MONTHLY[:8], state(mob(9), 20), state(mob(10), 95)]
    since, until = HOME.start_of(date(2020, 2, 1)), HOME.start_of(date(2020, 12, 1))
    table = label_of(tmp_path, "bad_next_6m", facts, of=lambda view: open_loan_months(view, since, until, HOME))
    days = [HOME.day_of(at).month for at in table.spine.as_of]
    assert dict(zip(days, table.bad.tolist(), strict=True)) == {2: 0, 3: 0, 4: 0, 5: 0, **dict.fromkeys(range(6, 12), 1)}


@pytest.mark.parametrize("name", list(LOAN_LABELS))
def test_the_wrong_spine_is_refused(tmp_path, name):
    view = view_of(tmp_path, loan())
    spines = {
        "booked_applications": booked_applications(view, PRODUCT, FAR),
        "open_loan_months": open_loan_months(view, HOME.start_of(date(2020, 2, 1)), HOME.start_of(date(2020, 3, 1)), HOME),
        "all_applications": all_applications(view, PRODUCT),
        "businesses": Spine(("E1",), (0,)),
    }
    for sort, spine in spines.items():
        if sort != LOAN_LABELS[name].of:
            with pytest.raises(InputError, match=f"belongs to {LOAN_LABELS[name].of}, not to {sort}"):
                make_labels(LOAN_LABELS[name], spine, view, known_by=FAR, calendar=HOME)
    assert len(make_labels(LOAN_LABELS[name], spines[LOAN_LABELS[name].of], view, known_by=FAR, calendar=HOME).bad)


def test_labels_of_one_evidence_are_what_each_says_alone(tmp_path):
    """A label looked at younger and older reads the book once; an evidence that counts other amounts is refused."""
    other = {"name": "L2", "business": "E2", "owner": "O2"}
    facts = [*loan(), state(mob(1)), state(mob(2), 31), *loan(**other), state(mob(5), 40, **other)]
    view = view_of(tmp_path, facts)
    spine, label = booked_applications(view, PRODUCT, FAR), LOAN_LABELS["dpd30_mob6"]
    evidence = gather_evidence(view, FAR, HOME, label.material_fen)
    for age in (2, 3, 6):
        one = msgspec.structs.replace(label, length=age)
        alone = make_labels(one, spine, view, known_by=FAR, calendar=HOME)
        assert judge_labels(one, spine, evidence).bad.tolist() == alone.bad.tolist()
    assert [judge_labels(msgspec.structs.replace(label, length=age), spine, evidence).bad_count for age in (1, 3, 6)] == [
        0,
        1,
        2,
    ]
    with pytest.raises(InputError, match="counts from 7 fen on"):
        judge_labels(msgspec.structs.replace(label, material_fen=7), spine, evidence)


def test_a_label_is_no_feature(tmp_path):
    """What takes features reads values, known and feature_set: a table of labels has none of them."""
    table = label_of(tmp_path, "default", loan())
    assert isinstance(table, LabelTable)
    assert not {"feature_set", "values", "known"} & set(LabelTable.__struct_fields__)
    assert table.bad.dtype == np.int8
    assert set(LABELS) == {"external_default"}


def test_vintages_count_loans_and_principal_and_stop_where_the_youngest_loan_does(tmp_path):
    facts = [*loan(), *loan("L2", on=date(2020, 1, 31), business="E2", owner="O2", principal_fen=30_000_000), state(mob(3), 31)]
    known_by = HOME.end_of(date(2020, 6, 30))
    points = draw_vintages(view_of(tmp_path, facts), dpd=30, known_by=known_by, calendar=HOME)
    assert [(point.booked, point.mob, point.bad_loans, point.loans) for point in points] == [
        ("2020-01", 1, 0, 2), ("2020-01", 2, 0, 2), ("2020-01", 3, 1, 2), ("2020-01", 4, 1, 2), ("2020-01", 5, 1, 2),
    ]  # fmt: skip
    assert (points[-1].share_of_count_ppm, points[-1].share_of_principal_ppm) == (500_000, 250_000)


def test_vintages_see_arrears_between_snapshots(tmp_path):
    facts = [*loan(), due(2, mob(2)), payment(2, mob(2, 31)), due(3, mob(3)), payment(3, mob(3, 30))]
    points = draw_vintages(view_of(tmp_path, facts), dpd=30, known_by=HOME.end_of(mob(7)), calendar=HOME)
    assert [point.bad_loans for point in points] == [0, 0, 1, 1, 1, 1]


def test_rolls_follow_loans_from_month_to_month(tmp_path):
    months = [date(2020, 1, 31), date(2020, 2, 29), date(2020, 3, 31), date(2020, 4, 30)]
    facts = [*loan(), *(state(on, dpd) for on, dpd in zip(months, (0, 29, 60, 90), strict=True))]
    facts += [*loan("L2"), state(months[0], name="L2"), state(months[1], name="L2"), state(months[2], 0, "settled", name="L2")]
    rolls = measure_rolls(
        view_of(tmp_path, facts), since=HOME.start_of(date(2020, 1, 1)), until=FAR, known_by=HOME.end_of(months[-1]), calendar=HOME
    )  # fmt: skip
    found = {(roll.from_bucket, roll.to_bucket): (roll.loans, roll.share_of_count_ppm) for roll in rolls}
    assert found == {
        ("C", "C"): (1, 333_333), ("C", "M1"): (1, 333_333), ("C", "settled"): (1, 333_333), ("M1", "M2"): (1, 10**6),
        ("M2", "M3"): (1, 10**6),
    }  # fmt: skip
