"""Lines: all kinds folded together give what each gives alone, and what confuses one kind's rows with another's is caught."""

from __future__ import annotations

import numpy as np
import pytest

from weilend.core.errors import BookError
from weilend.core.plan import Spine
from weilend.engine import lines
from weilend.engine import numpy as engine
from weilend.engine.book import Book
from weilend.features.plans import make_plan
from weilend.features.sets import LIBRARY
from weilend.testing.bulk import random_records
from weilend.testing.invoices import HOME

AS_OF = 1_577_808_000
MONTH = HOME.month_of(AS_OF)


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """The folds and the columns of every kind of the library, about one subject."""
    book = Book.open(tmp_path_factory.mktemp("lines") / "book", calendar=HOME)
    book.append(random_records(LIBRARY.kinds, 3, rows=60, subjects=("S1",), since=AS_OF - 3 * 365 * 86_400, until=AS_OF - 1))
    view, kinds = book.view(), {}
    for one in make_plan(LIBRARY).folds:
        kinds.setdefault(one.kind, []).append(one)
    return [(folds, engine.read_columns(folds, "S1", AS_OF, view)) for folds in kinds.values()]


def tell(states):
    """Return states as plain lists, parties by name."""
    told = {}
    for name, one in states.items():
        party = one.parties[one.party].tolist() if len(one.parties) else one.party.tolist()
        kept = {key: column.tolist() for key, column in one.kept.items()}
        told[name] = (one.row.tolist(), party, one.slot.tolist(), one.count.tolist(), one.total.tolist(), kept)
    return told


def alone(read):
    states = {}
    for folds, columns in read:
        states |= engine.fold_rows(folds, columns, 7, AS_OF, MONTH)
    return tell(states)


def test_kinds_folded_together_give_what_each_gives_alone(read):
    together = tell(engine.fold_kinds(read, 7, AS_OF, MONTH))
    assert together == alone(read)
    assert sum(len(one[0]) > 0 for one in together.values()) > len(together) // 2
    assert {row for one in together.values() for row in one[0]} == {7}


def test_kinds_without_rows_stand_between_others(read):
    nothing = [(folds, {name: column[:0] for name, column in columns.items()}) for folds, columns in read]
    some = [nothing[at] if at % 2 else pair for at, pair in enumerate(read)]
    assert tell(engine.fold_kinds(some, 7, AS_OF, MONTH)) == alone(some)
    assert not any(one[0] for one in tell(engine.fold_kinds(nothing, 7, AS_OF, MONTH)).values())


def test_places_that_stay_in_the_order_of_a_frame_are_caught(read, monkeypatch):
    """Planted bug: whoever was grouped by party reads the values of other rows."""
    expected = alone(read)
    monkeypatch.setattr(lines, "_put_back", lambda *_: None)
    assert tell(engine.fold_kinds(read, 7, AS_OF, MONTH)) != expected


def test_columns_of_the_wrong_kind_are_caught(read, monkeypatch):
    """Planted bug: where a fold's keys and amounts begin is counted as if there were one kind only."""
    expected, find = alone(read), lines._find_columns
    monkeypatch.setattr(
        lines, "_find_columns", lambda kinds: tuple(map(np.concatenate, zip(*(find([one]) for one in kinds), strict=True)))
    )
    with pytest.raises((AssertionError, IndexError)):
        assert tell(engine.fold_kinds(read, 7, AS_OF, MONTH)) == expected


def test_sums_that_do_not_fit_are_refused(read):
    (folds, columns) = next((folds, columns) for folds, columns in read if "amount_fen" in columns)
    huge = {**columns, "amount_fen": np.full(len(columns["amount_fen"]), 2**61)}
    with pytest.raises(BookError, match="do not fit"):
        engine.fold_kinds([(folds, huge)], 0, AS_OF, MONTH)


def test_a_spine_of_nobody_has_a_state_of_every_fold(tmp_path):
    plan, book = make_plan(LIBRARY), Book.open(tmp_path / "book", calendar=HOME)
    states = engine.fold(plan, Spine(("nobody",), (AS_OF,)), book.view(), HOME)
    assert set(states) == {one.name for one in plan.folds}
