"""Spines: who is looked at and when, what belongs to them as known then, and files of one's own."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from weilend.core.errors import InputError, NotFoundError
from weilend.core.plan import Spine
from weilend.engine import duckdb
from weilend.features.compute import finish
from weilend.features.plans import make_plan
from weilend.features.sets import INVOICE
from weilend.features.spines import (
    all_applications,
    booked_applications,
    explain_history,
    from_file,
    link_subjects,
    open_loan_months,
)
from weilend.testing.invoices import Invoice, as_records
from weilend.testing.loans import BOOKED_ON, HOME, PRODUCT, fact, later, link, loan, state, view_of

FAR = HOME.start_of(date(2026, 1, 1))


def start(*day):
    return HOME.start_of(date(*day))


def asked(name, on, business="E9"):
    return fact("application", name, on, business_id=business, application_id=f"A-{name}", product=PRODUCT)


def test_booked_applications_are_those_paid_out_at_the_instant_they_were_made(tmp_path):
    facts = [*loan("L2", on=date(2020, 3, 1), business="E2"), *loan("L1"), asked("turned away", date(2020, 1, 5))]
    view = view_of(tmp_path, facts)
    spine = booked_applications(view, PRODUCT, FAR)
    assert spine.subjects == ("E1", "E2")
    assert spine.as_of == (HOME.end_of(date(2020, 1, 9)), HOME.end_of(date(2020, 2, 29)))
    assert spine.linked == {"application_id": (("A-L1",), ("A-L2",)), "loan_id": (("L1",), ("L2",))}
    assert booked_applications(view, PRODUCT, HOME.end_of(date(2020, 1, 9))).subjects == ("E1",)
    assert booked_applications(view, "other", FAR).size == 0
    assert all_applications(view, PRODUCT).subjects == ("E9", "E1", "E2")


def test_two_drawdowns_of_one_application_are_one_row_with_the_first_loan(tmp_path):
    second = dict(loan("L2", on=later(BOOKED_ON, days=5))[1][1], application_id="A-L1")
    spine = booked_applications(view_of(tmp_path, [("disbursement", second), *loan()]), PRODUCT, FAR)
    assert (spine.subjects, spine.linked["loan_id"]) == (("E1",), (("L1",),))


@pytest.mark.parametrize(
    ("facts", "months"),
    [
        ([], [2, 3, 4, 5]),
        ([state(date(2020, 3, 20), 0, "settled")], [2, 3]),
        ([state(date(2020, 3, 20), 0, "settled", known=date(2020, 4, 20))], [2, 3, 4]),
        ([state(date(2020, 3, 31), 89)], [2, 3, 4, 5]),
        ([state(date(2020, 3, 31), 90)], [2, 3]),
        ([state(date(2020, 3, 31), 90), state(date(2020, 4, 30))], [2, 3, 5]),
        ([state(date(2020, 2, 10), 0, "written_off")], [2]),
    ],
)
def test_a_loan_is_open_in_the_months_in_which_it_was_known_to_be(tmp_path, facts, months):
    spine = open_loan_months(view_of(tmp_path, loan(), facts), start(2020, 1, 1), start(2020, 5, 1), HOME)
    assert [HOME.day_of(at) for at in spine.as_of] == [date(2020, month, 1) for month in months]
    assert set(spine.subjects) == {"E1"}
    assert spine.linked == {"loan_id": (("L1",),) * len(months)}


def test_no_month_begins_between(tmp_path):
    with pytest.raises(InputError, match="no month begins"):
        open_loan_months(view_of(tmp_path, loan()), start(2020, 1, 2), start(2020, 1, 31), HOME)


SHOP, DEVICE = ("business", "shop"), ("owner", "device")
LINKS = [
    link("E1", "O1", "represents"),
    link("E1", "S1", kinds=SHOP, valid_from_on=date(2020, 2, 1), valid_until_on=date(2020, 2, 29)),
    link("E1", "S2", kinds=SHOP, on=date(2020, 3, 10)),
    link("E1", "S3", kinds=SHOP, on=date(2020, 1, 10), known=date(2020, 3, 10)),
    link("O1", "S4", "manages", kinds=("owner", "shop")),
    link("O1", "D1", "uses", kinds=DEVICE),
    link("E1", "D1", "uses", kinds=("business", "device")),
    link("E1", "O2", "guarantees"),
    link("O2", "D2", "uses", kinds=DEVICE),
    link("E2", "O3"),
    link("E2", "D3", "uses", kinds=("business", "device")),
    link("O3", "D3", "same_as", kinds=DEVICE),
]


def test_links_are_those_known_and_valid_at_each_row(tmp_path):
    days = [(2020, 1, 31), (2020, 2, 1), (2020, 2, 29), (2020, 3, 1), (2020, 3, 11)]
    spine = link_subjects(view_of(tmp_path, LINKS), Spine(("E1",) * 5, tuple(start(*day) for day in days)), HOME)
    assert spine.linked["shop_id"] == (("S4",), ("S1", "S4"), ("S1", "S4"), ("S4",), ("S2", "S3", "S4"))
    assert spine.linked["owner_id"] == (("O1",),) * 5
    assert spine.linked["device_id"] == (("D1",),) * 5


def test_an_end_of_a_link_shows_only_once_it_is_known(tmp_path):
    ended = link("E1", "S2", kinds=SHOP, on=date(2020, 3, 10), known=date(2020, 5, 1), valid_until_on=date(2020, 4, 1))
    view = view_of(tmp_path, LINKS, [ended])
    spine = link_subjects(view, Spine(("E1", "E1"), (start(2020, 4, 20), start(2020, 5, 2))), HOME)
    assert spine.linked["shop_id"] == (("S2", "S3", "S4"), ("S3", "S4"))


def test_links_keep_what_a_row_is_named_by(tmp_path):
    view = view_of(tmp_path, [*loan(), *LINKS, link("E2", "O1")])
    spine = link_subjects(view, booked_applications(view, PRODUCT, FAR), HOME)
    assert set(spine.linked) == {"application_id", "loan_id", "owner_id", "shop_id", "device_id"}
    both = link_subjects(view, Spine(("E2", "nobody"), (FAR, FAR)), HOME)
    assert both.linked["owner_id"] == (("O1", "O3"), ())
    assert both.linked["device_id"] == (("D1", "D3"), ())


GOOD = {
    "2020-01-01": start(2020, 1, 1),
    "2020-01-01T09:00:00": start(2020, 1, 1) + 9 * 3600,
    "2020-01-01T00:00:00Z": start(2020, 1, 1) + 8 * 3600,
    "1577808000": 1_577_808_000,
}


def test_a_file_of_days_instants_and_seconds(tmp_path):
    lines = "\n".join(f"00{number},{text}" for number, text in enumerate(GOOD))
    (tmp_path / "spine.csv").write_text(f"business_id,as_of\n{lines}\n")
    spine = from_file(tmp_path / "spine.csv", HOME)
    assert (spine.subjects, spine.as_of) == (("000", "001", "002", "003"), tuple(GOOD.values()))
    assert spine.linked == {}


def test_a_parquet_file_of_dates(tmp_path):
    parquet.write_table(pa.table({"business_id": ["E1"], "as_of": [date(2020, 1, 1)]}), tmp_path / "spine.parquet")
    assert from_file(tmp_path / "spine.parquet", HOME).as_of == (start(2020, 1, 1),)


@pytest.mark.parametrize("bad", ["E1,2020-02-30", "E1,", ",2020-01-01", "E1,soon", "E1,1577808000000", "E1,1.5"])
def test_the_first_bad_row_is_named_and_the_bad_ones_counted(tmp_path, bad):
    (tmp_path / "spine.csv").write_text(f"business_id,as_of\nE0,2020-01-01\n{bad}\n{bad}\n")
    with pytest.raises(InputError, match=r"spine.csv row 2 is \(.*; 2 of 3 rows are wrong\. Hint: give"):
        from_file(tmp_path / "spine.csv", HOME)


def test_files_that_are_no_spine(tmp_path):
    (tmp_path / "spine.csv").write_text("business,as_of\nE1,2020-01-01\n")
    (tmp_path / "spine.xls").write_text("business")
    (tmp_path / "spine.parquet").write_text("business")
    with pytest.raises(InputError, match="lacks the column business_id"):
        from_file(tmp_path / "spine.csv", HOME)
    with pytest.raises(InputError, match="neither"):
        from_file(tmp_path / "spine.xls", HOME)
    with pytest.raises(InputError, match="cannot be read"):
        from_file(tmp_path / "spine.parquet", HOME)
    with pytest.raises(NotFoundError, match="no file"):
        from_file(tmp_path / "none.csv", HOME)


def test_history_required_and_present_is_told_per_feature_and_subject(tmp_path):
    facts = [Invoice("E1", "C1", "sale", 1, 900, 100_000, "valid"), Invoice("E2", "C1", "sale", 1, 100, 100_000, "valid")]
    as_of = HOME.start_of(date(2019, 6, 15))
    from weilend.engine.book import Book

    book = Book.open(tmp_path / "book", calendar=HOME)
    book.append({"invoice": as_records(facts)})
    spine = Spine(("E1", "E2", "E3"), (as_of,) * 3)
    states = duckdb.fold(make_plan(INVOICE), spine, book.view(), HOME)
    rows = [row for row in explain_history(finish(INVOICE, spine, states, HOME)) if row.needs == 24]
    assert {(row.subject, row.has, row.enough) for row in rows} == {("E1", 3, False), ("E2", 29, True), ("E3", 0, False)}
    assert rows[0].text.endswith("of E1 needs 24 months of invoice, has 3")
    assert np.unique([row.feature for row in rows]).size >= 5
