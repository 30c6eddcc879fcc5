"""In: accounts of which statements came. Out: what all their statements say of each other, kept and told. Used: by ingest.

Statements come one by one, over months. So what lies between them (days that none covers, days that two cover, balances that do not
meet) is found over all that the book knows of an account; a gap that a later intake fills holds from then on, in a new version.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from weilend.app.desk.home import Home
from weilend.app.desk.intakes import FileRead, yuan_text
from weilend.core.records import LAST_INSTANT
from weilend.engine import BookView
from weilend.sources import Intake, fill_gaps, is_gap, reconcile_statements


def compare_statements(home: Home, accounts: Iterable[tuple[str, str]], *, consent_id: str) -> FileRead | None:
    """Keep what the statements of some accounts (business and account) say of each other, and return it as a line of an intake.

    None where no account has two statements. A second time changes nothing.
    """
    touched = set(accounts)
    if not touched:
        return None
    businesses, tokens = (sorted({pair[place] for pair in touched}) for place in range(2))
    view = home.book.view()
    statements = _in_force(view, "statement_balance", businesses, tokens)
    intake = Intake(calendar=home.calendar, consent_id=consent_id)
    found = reconcile_statements(statements, intake)
    filled = fill_gaps(_in_force(view, "reconciliation", businesses, tokens), found, intake)
    if found.num_rows or filled.num_rows:
        home.book.append({"reconciliation": pa.concat_tables([found, filled])})
    return _told(found.to_pylist(), statements.num_rows) if found.num_rows else None


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
