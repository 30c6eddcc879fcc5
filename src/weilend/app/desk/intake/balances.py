"""In: applications whose account lines came without a file. Out: whether the balances of each account run, as records.
Used: before a book that other systems filled is learned from.

A reader of a statement compares each balance with the one before it as it reads. Lines that came straight to the book were never
compared; a line that was written larger shows in them all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.app.desk.deliver import identified
from weilend.app.desk.home import Home
from weilend.app.desk.records import to_rows, to_tables
from weilend.core.values import Application
from weilend.engine import BookView
from weilend.sources.figures import Compared, Fen, running_balance

LINES, FACTS, CHECK = "bank_entry", "reconciliation", "running_balance"
#: How far back the lines go that an application is judged on.
YEAR_SECONDS: Final = 365 * 86_400
_KEY: Final = ("business_id", "account_id", "check_name", "period_start_on", "period_end_on", "happened_at")
_READ: Final = ("business_id", "account_id", "direction", "amount_fen", "balance_fen", "happened_at", "known_at", "known_until")


class _Lines(msgspec.Struct, frozen=True, eq=False):
    """Lines by business and account, in the order of booking: `signed` and `balance` in fen (`told`: there is one), `account` a
    place in `accounts`, when each happened, from when to when it was so known (UTC seconds), and where each business begins.
    """

    signed: Fen
    balance: Fen
    told: np.ndarray
    account: Fen
    accounts: tuple[str, ...]
    happened_at: Fen
    known_at: Fen
    known_until: Fen
    spans: dict[str, slice]


def check_balances(home: Home, applications: Sequence[Application]) -> int:
    """Append to the book, for each application, whether the balances of its accounts run over the year before it, as known then.

    Accounts of which a reader has said so already are left out. Returns how many were compared.
    """
    view = home.book.view()
    before = view.read(FACTS, subjects=sorted({one.business_id for one in applications}), columns=("business_id", "check_name"))
    read = set(before.filter(pc.equal(before["check_name"], CHECK))["business_id"].to_pylist())
    asking = [one for one in applications if one.business_id not in read]
    if not asking:
        return 0
    lines = _read_lines(view, sorted({one.business_id for one in asking}))
    facts = [fact for one in asking for fact in _facts(home, lines, one)]
    if facts:
        told = to_rows({FACTS: identified(FACTS, facts, _KEY, basis="reconstructed")})  # days travel as text
        home.book.append(to_tables(told))
    return len(facts)


def _read_lines(view: BookView, businesses: Sequence[str]) -> _Lines:
    table = view.read(LINES, subjects=businesses, columns=(*_READ, "seq"))
    owner = pc.index_in(table["business_id"], value_set=pa.array(businesses, pa.string())).to_numpy()
    names = table["account_id"].combine_chunks().dictionary_encode()
    account = names.indices.to_numpy()
    order = np.lexsort((table["seq"].to_numpy(), account, owner))
    amount, is_out = table["amount_fen"].to_numpy(), pc.equal(table["direction"], "out").to_numpy(zero_copy_only=False)
    ends = np.searchsorted(owner[order], np.arange(len(businesses) + 1))
    return _Lines(
        signed=np.where(is_out, -amount, amount)[order],
        balance=pc.fill_null(table["balance_fen"], 0).to_numpy()[order],
        told=pc.is_valid(table["balance_fen"]).to_numpy(zero_copy_only=False)[order],
        account=account[order],
        accounts=tuple(names.dictionary.to_pylist()),
        happened_at=table["happened_at"].to_numpy()[order],
        known_at=table["known_at"].to_numpy()[order],
        known_until=table["known_until"].to_numpy()[order],
        spans={name: slice(ends[place], ends[place + 1]) for place, name in enumerate(businesses)},
    )


def _facts(home: Home, lines: _Lines, one: Application) -> Iterator[dict[str, str | int | bool | None]]:
    span = lines.spans[one.business_id]
    happened, known = lines.happened_at[span], lines.known_at[span]
    there = (happened > one.as_of - YEAR_SECONDS) & (happened <= one.as_of) & (known <= one.as_of)
    rows = span.start + np.flatnonzero(there & (lines.known_until[span] > one.as_of))
    for account in np.unique(lines.account[rows]).tolist():
        mine = rows[lines.account[rows] == account]
        compared = running_balance(lines.signed[mine], lines.balance[mine], lines.told[mine])
        if compared is not None:
            days = [home.calendar.day_of(int(at)) for at in (lines.happened_at[mine].min(), lines.happened_at[mine].max())]
            yield {
                "business_id": one.business_id, "account_id": lines.accounts[account], **_said(compared),
                "period_start_on": days[0].isoformat(), "period_end_on": days[1].isoformat(),
                "happened_at": one.as_of, "consent_id": one.consent_id,
            }  # fmt: skip


def _said(compared: Compared) -> dict[str, str | int | bool | None]:
    return {
        "check_name": compared.check, "holds": compared.holds, "checked_count": compared.checked,
        "failed_count": compared.failed, "expected_fen": compared.expected_fen, "found_fen": compared.found_fen,
    }  # fmt: skip
