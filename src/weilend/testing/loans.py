"""In: short words for what happened to a loan. Out: records of lending and links, and a book of them. Used: by tests of labels and
spines, which write the history of a loan by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.records import KINDS
from weilend.engine.book import Book, BookView
from weilend.features.loans import EPOCH, add_months
from weilend.testing.records import ARROW

HOME = Calendar("Asia/Shanghai")
PRODUCT = "shop_loan"
BOOKED_ON = date(2020, 1, 10)

#: A record as a test speaks of it: its kind and its columns.
Fact = tuple[str, dict[str, Any]]


def later(day: date, *, months: int = 0, days: int = 0) -> date:
    """Return the day some months and days later.

    >>> later(date(2020, 1, 31), months=1, days=1)
    datetime.date(2020, 3, 1)
    """
    return EPOCH + timedelta(int(add_months(np.array([(day - EPOCH).days]), months)[0]) + days)


def fact(kind: str, key: str, on: date, *, known: date | None = None, **fields: Any) -> Fact:
    """Return one version of one record of a day; it happens at the end of it, and is known then unless `known` says later.

    >>> kind, row = fact("external_outcome", "k", date(2019, 12, 31), business_id="E1", outcome="default")
    >>> kind, row["happened_at"], row["known_at"]
    ('external_outcome', 1577807999, 1577807999)
    """
    frame = {
        "key": f"{kind} {key}",
        "record_id": f"{kind} {key} {sorted(fields.items())} {known}",
        "happened_at": HOME.end_of(on),
        "known_at": HOME.end_of(known or on),
        "known_basis": "observed",
        "source": "test",
        "consent_id": "own-data",
    }
    return kind, {**fields, **frame}


def loan(
    name: str = "L1", *, on: date = BOOKED_ON, business: str = "E1", owner: str = "O1", method: str = "equal_instalment",
    months: int = 12, **fields: Any,
) -> list[Fact]:  # fmt: skip
    """Return an application and, the day after, the disbursement that books its loan.

    >>> [kind for kind, _ in loan()]
    ['application', 'disbursement']
    """
    ids: dict[str, Any] = {"business_id": business, "application_id": f"A-{name}", "product": PRODUCT}
    first_due_on = later(on, months=months if method == "bullet" else 1)
    terms = {
        "method": method,
        "instalments_count": months,
        "first_due_on": first_due_on,
        "matures_on": later(on, months=months),
    }
    money = {"principal_fen": 10_000_000, "annual_rate_ppm": 150_000}
    booked = fact("disbursement", name, on, owner_id=owner, loan_id=name, **{**ids, **terms, **money, **fields})
    return [fact("application", name, later(on, days=-1), **ids), booked]


def state(
    on: date, dpd: int = 0, word: str = "", *, name: str = "L1", business: str = "E1", owner: str = "O1",
    known: date | None = None, **fields: Any,
) -> Fact:  # fmt: skip
    """Return how a loan stood at the end of a day; ¥1,000 is overdue where any day is, unless `overdue_fen` says otherwise.

    >>> state(BOOKED_ON, 3)[1]["state"]
    'overdue'
    """
    said = word or ("overdue" if dpd else "current")
    row = {"outstanding_fen": 5_000_000, "overdue_fen": 100_000 if dpd else 0, **fields}
    ids = {"business_id": business, "owner_id": owner, "loan_id": name}
    return fact("loan_state", f"{name} {on}", on, known=known, state=said, dpd=dpd, **ids, **row)


def due(
    number: int, on: date, due_fen: int = 100_000, *, name: str = "L1", business: str = "E1", owner: str = "O1",
) -> Fact:  # fmt: skip
    """Return an instalment that fell due.

    >>> due(1, BOOKED_ON)[1]["due_fen"]
    100000
    """
    ids: dict[str, Any] = {"business_id": business, "owner_id": owner, "loan_id": name, "instalment_no": number}
    return fact(
        "instalment_due", f"{name} {number}", on, due_on=on, due_fen=due_fen, principal_fen=due_fen, interest_fen=0, **ids
    )


def payment(
    number: int, on: date, paid_fen: int = 100_000, *, name: str = "L1", business: str = "E1", owner: str = "O1",
    known: date | None = None, **fields: Any,
) -> Fact:  # fmt: skip
    """Return a payment towards an instalment.

    >>> payment(1, BOOKED_ON)[1]["instalment_no"]
    1
    """
    ids = {"business_id": business, "owner_id": owner, "loan_id": name, "instalment_no": number, "payment_id": f"{number} {on}"}
    row = {"paid_fen": paid_fen, "principal_fen": paid_fen, "interest_fen": 0, **ids, **fields}
    return fact("repayment", f"{name} {number} {on} {paid_fen}", on, known=known, **row)


def link(
    left: str, right: str, role: str = "owns", *, on: date = date(2019, 1, 1), kinds: tuple[str, str] = ("business", "owner"),
    known: date | None = None, **fields: Any,
) -> Fact:  # fmt: skip
    """Return what one subject is to another.

    >>> link("E1", "S1", kinds=("business", "shop"))[1]["to_kind"]
    'shop'
    """
    ids = {"from_id": left, "to_id": right, "from_kind": kinds[0], "to_kind": kinds[1], "role": role}
    return fact("link", f"{left} {role} {right}", on, known=known, **ids, **fields)


def as_tables(facts: Sequence[Fact]) -> dict[str, pa.Table]:
    """Return facts as tables by kind, as a book takes them; what a fact does not say is NULL.

    >>> as_tables(loan())["disbursement"]["own_share_ppm"].to_pylist()
    [None]
    """
    tables = {}
    for name in dict.fromkeys(kind for kind, _ in facts):
        rows, kind = [row for of, row in facts if of == name], KINDS[name]
        types = {subject: pa.string() for subject in kind.subjects} | {one.name: ARROW[one.type] for one in kind.fields}
        frame = {one: pa.int64() if one.endswith("_at") else pa.string() for one in rows[0] if one not in types}
        tables[name] = pa.table(
            {one: pa.array([row.get(one) for row in rows], type_) for one, type_ in (types | frame).items()}
        )
    return tables


def view_of(folder: Path, *batches: Sequence[Fact]) -> BookView:
    """Return a book of batches of facts as it would read if they were appended one after the other.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     view_of(Path(name), loan()).read("disbursement")["loan_id"].to_pylist()
    ['L1']
    """
    facts = [one for batch in batches for one in batch]
    return Book.open(folder / "book", calendar=HOME).preview(as_tables(facts))
