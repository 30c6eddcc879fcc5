"""In: statements that came. Out: those that say something new, and what all of an account say of each other. Used: by ingest and
decide.

Statements come one by one, over months. So what lies between them (days that none covers, days that two cover, balances that do not
meet) is found over all that the book knows of an account; a gap that a later intake fills holds from then on, in a new version. A
statement that comes in a second format is the same statement: its lines are known by their own keys, and so it is itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.app.desk.home import Home
from weilend.app.desk.intake.batches import FileRead, accounts_in, yuan_text
from weilend.core.records import LAST_INSTANT
from weilend.engine import BookView
from weilend.sources import Intake, fill_gaps, is_gap, reconcile_statements, record_ids

Tables = dict[str, pa.Table]
Mask = npt.NDArray[np.bool_]
#: A business and an account of it, by its token.
Account = tuple[str, str]

STATEMENT: Final = "statement_balance"
_FACTS: Final = "reconciliation"
_BALANCES: Final = ("opening_fen", "closing_fen")


def compare_statements(home: Home, accounts: Iterable[Account], *, consent_id: str) -> FileRead | None:
    """Keep what the statements of some accounts say of each other, and return it as a line of an intake.

    None where no account has two statements. A second time changes nothing.
    """
    touched = set(accounts)
    if not touched:
        return None
    found, filled, count = _between(home, home.book.view(), touched, consent_id)
    if found.num_rows or filled.num_rows:
        home.book.append({_FACTS: pa.concat_tables([found, filled])})
    return _told(found.to_pylist(), count) if found.num_rows else None


def with_facts_between(home: Home, tables: Tables, *, consent_id: str) -> Tables:
    """Return records that come with an application, together with what their statements and those of the book say of each other.

    Statements that the book knows are left out, as an intake leaves them out; nothing is kept yet.
    """
    touched = set(accounts_in(tables))
    if not touched:
        return tables
    tables, _ = without_known_statements(home, tables)
    found, filled, _ = _between(home, home.book.preview(tables), touched, consent_id)
    own = [tables[_FACTS]] if _FACTS in tables else []
    facts = pa.concat_tables([*own, found, filled], promote_options="default")
    return {**tables, _FACTS: facts} if facts.num_rows else tables


def without_known_statements(home: Home, tables: Mapping[str, pa.Table]) -> tuple[Tables, Mask]:
    """Return records without the statements that the book knows already, from whatever format, and which ones are left.

    One of which the new file tells more (the whole period, a balance that the other format does not have) comes as a new version
    of what is known. Two are the same statement where the days of one lie within those of the other and the balances that both
    tell are equal.
    """
    touched = set(accounts_in(tables))
    if not touched:
        return dict(tables), np.ones(0, np.bool_)
    known = _in_force(home.book.view(), STATEMENT, *_names_of(touched)).to_pylist()
    rows = tables[STATEMENT].to_pylist()
    same = [next((old for old in known if _is_same(row, old)), None) for row in rows]
    new = np.array([old is None or _says_more(row, old) for row, old in zip(rows, same, strict=True)], np.bool_)
    keys = [row["key"] if old is None else old["key"] for row, old in zip(rows, same, strict=True)]
    named = _set(tables[STATEMENT], "key", pa.array(keys, pa.string()))
    columns = {name: named[name].combine_chunks() for name in named.column_names}
    left = _set(named, "record_id", record_ids(STATEMENT, columns)).filter(pa.array(new))
    return {kind: table for kind, table in {**tables, STATEMENT: left}.items() if kind != STATEMENT or left.num_rows}, new


def _set(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)


def _is_same(row: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Return whether two records tell of one statement."""
    if any(row[name] != known[name] for name in ("business_id", "account_id")):
        return False
    days = sorted(((one["period_start_on"], one["period_end_on"]) for one in (row, known)), key=lambda span: span[1] - span[0])
    both = [(row[name], known[name]) for name in _BALANCES if row[name] is not None and known[name] is not None]
    within = days[1][0] <= days[0][0] and days[0][1] <= days[1][1]
    return within and bool(both) and all(ours == theirs for ours, theirs in both)


def _says_more(row: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Return whether a statement tells of more days than what is known of it, or of a balance that is not."""
    wider = row["period_start_on"] < known["period_start_on"] or row["period_end_on"] > known["period_end_on"]
    return wider or any(row[name] is not None and known[name] is None for name in _BALANCES)


def _between(home: Home, view: BookView, touched: set[Account], consent_id: str) -> tuple[pa.Table, pa.Table, int]:
    """Return what statements of some accounts say of each other, the gaps that are filled, and how many statements there are."""
    businesses, tokens = _names_of(touched)
    statements = _in_force(view, STATEMENT, businesses, tokens)
    intake = Intake(calendar=home.calendar, consent_id=consent_id)
    found = reconcile_statements(statements, intake)
    return found, fill_gaps(_in_force(view, _FACTS, businesses, tokens), found, intake), statements.num_rows


def _names_of(touched: set[Account]) -> tuple[list[str], list[str]]:
    """Return the businesses and the accounts."""
    return sorted({business for business, _ in touched}), sorted({account for _, account in touched})


def _in_force(view: BookView, kind: str, businesses: Sequence[str], accounts: Sequence[str]) -> pa.Table:
    """Return the records of some businesses about some accounts that nothing has replaced."""
    table = view.read(kind, subjects=businesses, as_of=LAST_INSTANT)
    return table.filter(pc.is_in(table["account_id"], pa.array(accounts, pa.string())))


def _told(facts: list[dict[str, Any]], statements_count: int) -> FileRead:
    """Return facts between statements as a line beside those of the files; no row of a file is counted twice."""
    noted = [_sentence(row) for row in facts if row["holds"] and row["expected_fen"] is None]
    failed = [_sentence(row) for row in facts if not row["holds"]]
    return FileRead(
        file=f"{statements_count} statements together",
        source="",
        rows_in=0,
        accepted=0,
        duplicate=0,
        quarantined=0,
        records={"reconciliation": len(facts)},
        since=min(row["period_start_on"] for row in facts),
        until=max(row["period_end_on"] for row in facts),
        held=len(facts) - len(noted) - len(failed),
        failed=tuple(failed),
        noted=tuple(noted),
    )


def _sentence(row: dict[str, Any]) -> str:
    days = f"{row['period_start_on']} – {row['period_end_on']}"
    if is_gap(row):
        return f"gap {days}: no statement covers it"
    if row["holds"]:
        return f"overlap {days}"
    return f"seam {row['period_start_on']}: {yuan_text(row['expected_fen'])} closed, {yuan_text(row['found_fen'])} opened"
