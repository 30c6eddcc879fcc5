"""Books with list entries, and their lists."""

from __future__ import annotations

import pyarrow as pa
import pytest

from weilend.core.calendars import Calendar
from weilend.core.records import KINDS
from weilend.engine import Book
from weilend.fraud.lists import Lists, Shelf
from weilend.testing.records import as_table

HOME = Calendar()
NONE = dict.fromkeys(("case_id", "part", "amount_fen", "severity", "valid_until_on"))
FIELDS = {"subject_kind": "phone", "list_name": "deny", "act": "added", "reason": "r", **NONE, "added_by": "anna"}
FRAME = {"happened_at": 100, "known_at": 100, "known_basis": "observed", "source": "own", "consent_id": "own-data"}


def entry(subject_id, key=None, **said):
    """One version of an entry; `key` names its chain, by default subject and list."""
    return {"subject_id": subject_id, **FIELDS, **FRAME, "key": key, **said}


def entries_table(facts):
    table = as_table(KINDS["list_entry"], facts)
    keys = [fact["key"] or "{subject_kind} {subject_id} {list_name}".format(**fact) for fact in facts]
    return table.set_column(table.column_names.index("key"), "key", pa.array(keys))


class World:
    """A book, its shelf, and a reader that stays open."""

    def __init__(self, folder):
        self.folder, self.book = folder, Book.open(folder / "book", calendar=HOME)
        self.shelf = Shelf(folder / "lists")

    def say(self, *facts):
        self.book.append({"list_entry": entries_table(facts)})
        self.shelf.catch_up(self.book)

    @property
    def lists(self):
        return Lists(self.folder / "lists", HOME)


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)  # only a power cut asks for it
    return World(tmp_path)
