"""Filling an empty book leaves what appending would have left, and nothing where it does not come to an end."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError, SchemaError
from weilend.core.records import FAR_FUTURE, KINDS
from weilend.engine import Book
from weilend.engine.book_fill import Filler
from weilend.testing.bulk import random_records

HOME = Calendar()
KIND = "registry_event"


def records(seed: int, subjects: list[str]) -> pa.Table:
    made = random_records([KIND], seed, rows=200, subjects=subjects, since=1_500_000_000, until=1_577_808_000)[KIND]
    made = made.drop_columns([name for name in ("seq", "known_until") if name in made.column_names])
    return made.sort_by([("business_id", "ascending"), ("happened_at", "ascending")])


def whole(table: pa.Table) -> pa.Table:
    return table.append_column("known_until", pa.array(np.full(len(table), FAR_FUTURE)))


def contents(book: Book) -> list[dict]:
    return book.view().read(KIND).drop_columns(["seq"]).to_pylist()


def test_a_filled_book_reads_as_an_appended_one(tmp_path):
    first, second = records(1, ["B1", "B2"]), records(2, ["B3", "B4"])
    filled, appended = Book.open(tmp_path / "filled", calendar=HOME), Book.open(tmp_path / "appended", calendar=HOME)
    staged = []
    for number, table in enumerate((first, second)):
        filler = Filler(tmp_path / "filled", HOME)
        filler.add({KIND: whole(table)}, first_seq=number * 1_000 + 1)
        staged.append(filler.finish())
    assert filled.adopt(staged) == {KIND: 400}
    for table in (first, second):
        appended.append({KIND: table})
    appended.compact()
    assert contents(filled) == contents(appended)
    assert filled.verify() == ()
    assert filled.view().seq == 1_200


def test_what_was_filled_can_be_appended_to_and_is_known_again(tmp_path):
    book = Book.open(tmp_path, calendar=HOME)
    filler = Filler(tmp_path, HOME)
    filler.add({KIND: whole(records(1, ["B1"]))}, first_seq=1)
    book.adopt([filler.finish()])
    again = book.append({KIND: records(1, ["B1"])})[KIND]
    assert (again.accepted, again.duplicate) == (0, 200)
    assert book.append({KIND: records(3, ["B9"])})[KIND].accepted == 200


def test_a_kind_that_the_book_has_is_refused_and_nothing_changes(tmp_path):
    book = Book.open(tmp_path, calendar=HOME)
    book.append({KIND: records(1, ["B1"])})
    before = contents(book)
    filler = Filler(tmp_path, HOME)
    filler.add({KIND: whole(records(2, ["B2"]))}, first_seq=10_001)
    with pytest.raises(InputError, match="has registry_event already"):
        book.adopt([filler.finish()])
    assert contents(book) == before


def test_what_was_never_adopted_is_not_in_the_book(tmp_path):
    filler = Filler(tmp_path, HOME)
    (tmp_path / KINDS[KIND].name).mkdir(parents=True)
    filler.add({KIND: whole(records(1, ["B1"]))}, first_seq=1)
    filler.finish()
    assert contents(Book.open(tmp_path, calendar=HOME)) == []


def test_rows_without_an_end_of_their_version_are_refused(tmp_path):
    with pytest.raises(SchemaError, match="without known_until"):
        Filler(tmp_path, HOME).add({KIND: records(1, ["B1"])}, first_seq=1)
