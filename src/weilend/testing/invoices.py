"""In: nothing. Out: hypothesis strategies of invoice records, versions and late knowledge included. Used: by laws over features."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec
import pyarrow as pa
from hypothesis import strategies as st

from weilend.core.calendars import Calendar
from weilend.core.ids import content_hash

HOME = Calendar("Asia/Shanghai")
FIRST_DAY = date(2016, 10, 1)
DAYS = 1250
AMOUNTS = (-70_000, -1, 0, 1, 999, 100_000, 33_333_333, 10**12)


class Invoice(msgspec.Struct, frozen=True):
    """One version of one invoice, as a test speaks of it; `late` is the number of days between its day and our knowing it."""

    business: str
    party: str
    direction: str
    number: int
    day: int
    net: int
    status: str
    late: int = 0


def invoices(businesses: Sequence[str] = ("E1", "E2"), *, size: int = 40) -> st.SearchStrategy[list[Invoice]]:
    """Return lists of invoices; equal identities with different content are versions of one invoice."""
    one = st.builds(
        Invoice,
        st.sampled_from(businesses),
        st.sampled_from(["C1", "C2", "C3", "甲", ""]),
        st.sampled_from(["sale", "sale", "purchase"]),
        st.integers(0, 9),
        st.integers(0, DAYS),
        st.sampled_from(AMOUNTS),
        st.sampled_from(["valid", "valid", "valid", "void"]),
        st.sampled_from([0, 0, 0, 1, 20, 400]),
    )
    return st.lists(one, max_size=size)


def as_records(facts: Sequence[Invoice]) -> pa.Table:
    """Return invoices as records that a book takes."""
    days = [FIRST_DAY + timedelta(days=fact.day) for fact in facts]
    keys = [content_hash([fact.business, fact.direction, fact.number, fact.day]) for fact in facts]
    happened = [HOME.end_of(day) for day in days]
    columns: dict[str, list[object]] = {
        "business_id": [fact.business for fact in facts],
        "counterparty_id": [fact.party for fact in facts],
        "direction": [fact.direction for fact in facts],
        "number": [str(fact.number) for fact in facts],
        "net_fen": [fact.net for fact in facts],
        "tax_fen": [fact.net // 10 for fact in facts],
        "gross_fen": [fact.net + fact.net // 10 for fact in facts],
        "status": [fact.status for fact in facts],
        "key": list(keys),
        "record_id": [content_hash([key, fact.party, fact.net, fact.status]) for key, fact in zip(keys, facts, strict=True)],
        "happened_at": list(happened),
        "known_at": [at + 86_400 * fact.late for at, fact in zip(happened, facts, strict=True)],
        "known_basis": ["observed"] * len(facts),
        "source": ["test"] * len(facts),
        "consent_id": ["own-data"] * len(facts),
    }
    integers = {"net_fen", "tax_fen", "gross_fen", "happened_at", "known_at"}
    return pa.table(
        {name: pa.array(values, pa.int64() if name in integers else pa.string()) for name, values in columns.items()}
    )
