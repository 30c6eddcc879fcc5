"""In: the facts of a whole sheet. Out: records about it: statement_balance and reconciliation. Used: by the reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.ids import content_hash
from weilend.core.money import PPM
from weilend.core.records import KINDS
from weilend.core.records.frame import MAX_FEN, MAX_PPM
from weilend.core.registry import Registry
from weilend.sources import figures
from weilend.sources.columns.amounts import scaled_from_texts
from weilend.sources.columns.cells import nulls
from weilend.sources.columns.groups import group_codes
from weilend.sources.figures import Compared
from weilend.sources.framing import NATURAL_KEYS, frame_records
from weilend.sources.intake import Intake
from weilend.sources.steps.scene import Facts, Scene, count_of
from weilend.sources.steps.sequences import has_balances, said_day, signed_fen

#: Comparisons over the facts of a whole sheet, by name; each gives what it compared, and of which account (a token) if of one.
CHECKS: Registry[Callable[[Facts, Scene], Iterable[tuple[Compared, str | None]]]] = Registry("reconciliation of a sheet")

#: The source of what statements say of each other, and what makes two such facts the same.
BETWEEN: Final = "statements"
_CHAIN_KEY: Final = ("check_name", "what", "account_id", "period_start_on", "period_end_on")
#: What stays of a gap when it is filled.
_OF_GAP: Final = ("business_id", "check_name", "account_id", "period_start_on", "period_end_on", "checked_count", "known_at")

_LAG_DAYS: Final = 1  # a statement is there the day after its last one
#: What every record about a file has, with its type: no rows at all still make a table.
_ALWAYS: Final = {"happened_on": pa.date32(), "happened_at": pa.int64(), "known_at": pa.int64(), "what": pa.string()}
_DIRECTIONS: Final = ("in", "out", "neutral")
#: What comparisons read of the lines of one account.
_LINES: Final = ("happened_on", "direction", "amount_fen", "balance_fen")


class Account(msgspec.Struct, frozen=True):
    """The lines of one account in a sheet, in order: its token, and the facts that comparisons read.

    >>> Account("t", {}).token
    't'
    """

    token: str
    lines: Facts


def reconcile(facts: Facts, scene: Scene) -> dict[str, pa.Table]:
    """Return the records that a sheet gives about itself as a whole, by kind; none of a sheet without rows.

    >>> reconcile.__name__
    'reconcile'
    """
    names = scene.layout.reconcile
    if not names or not count_of(facts) or "happened_on" not in facts:
        return {}
    records = {}
    if "statement_balance" in names:
        records["statement_balance"] = _statement_balances(facts, scene)
    compared = [pair for name in names if name != "statement_balance" for pair in CHECKS[name](facts, scene)]
    if compared:
        records["reconciliation"] = _reconciliations(compared, facts, scene)
    return records


def accounts_of(facts: Facts) -> Iterator[Account]:
    """Yield the accounts of a sheet as they come in it; a sheet of one account is not copied.

    >>> facts = {"account_id": pa.array(["a", "b", "a"]), "amount_fen": pa.array([1, 2, 3])}
    >>> [(one.token, one.lines["amount_fen"].to_pylist()) for one in accounts_of(facts)]
    [('a', [1, 3]), ('b', [2])]
    """
    tokens = facts["account_id"]
    encoded = tokens if pa.types.is_dictionary(tokens.type) else tokens.dictionary_encode()
    if len(pc.unique(encoded.indices)) == 1:
        yield Account(tokens[0].as_py(), facts)
        return
    codes = group_codes([encoded])
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order])) + 1
    read = [name for name in _LINES if name in facts]
    for places in np.split(order, starts):
        yield Account(tokens[int(places[0])].as_py(), {name: facts[name].take(pa.array(places)) for name in read})


def reconcile_statements(statements: pa.Table, intake: Intake) -> pa.Table:
    """Return what statements say of each other, as reconciliation records: gaps, overlaps, and whether balances meet at the seams.

    `statements` are records of statement_balance, of any businesses and accounts; a gap holds where the balances meet over it, an
    overlap always. A fact is known once the statements are that show it: nobody sees a gap before the statement after it.

    >>> from weilend.core.calendars import Calendar
    >>> days = [(date(2020, 1, 1), date(2020, 1, 31)), (date(2020, 2, 1), date(2020, 2, 29)), (date(2020, 4, 1), date(2020, 4, 30))]
    >>> columns = {"account_id": ["a"] * 3, "period_start_on": [one[0] for one in days], "period_end_on": [one[1] for one in days]}
    >>> home = Calendar()
    >>> columns |= {"business_id": ["B1"] * 3, "known_at": [home.end_of(one[1]) for one in days]}
    >>> table = pa.table(columns | {"opening_fen": [0, 5, 8], "closing_fen": [5, 9, 12]})
    >>> found = reconcile_statements(table, Intake(calendar=home, consent_id="own-data"))
    >>> [(row["holds"], str(row["period_start_on"]), row["expected_fen"]) for row in found.to_pylist()]
    [(True, '2020-02-01', 5), (False, '2020-03-01', None)]
    >>> home.day_of(found["known_at"][1].as_py())
    datetime.date(2020, 4, 30)
    """
    by_account: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in statements.to_pylist():
        by_account.setdefault((row["business_id"], row["account_id"]), []).append(row)
    rows = []
    for (business_id, token), told in sorted(by_account.items()):
        chain = [(row["period_start_on"], row["period_end_on"], row["opening_fen"], row["closing_fen"]) for row in told]
        for one in figures.statement_chain(chain):
            assert one.since is not None  # a chain says of which day it speaks
            fact = _fact(one, token, one.since, one.until or one.since)
            rows.append(fact | {"business_id": business_id, "known_at": _seen_at(one, one.since, told)})
    return _framed("reconciliation", rows, _CHAIN_KEY, BETWEEN, intake)


def fill_gaps(before: pa.Table, found: pa.Table, intake: Intake) -> pa.Table:
    """Return new versions of the gaps that are no more, because a statement came that covers their days: now they hold.

    `before` are reconciliation records in force, `found` what `reconcile_statements` finds now of the same accounts.

    >>> from weilend.core.calendars import Calendar
    >>> intake, on = Intake(calendar=Calendar(), consent_id="own-data"), date(2020, 2, 1)
    >>> gap = {"check_name": "statement_sums", "account_id": "a", "period_start_on": on, "period_end_on": on, "what": "gap"}
    >>> gap["business_id"] = "B1"
    >>> before = _framed("reconciliation", [{**gap, "holds": False, "known_at": 1_600_000_000}], _CHAIN_KEY, BETWEEN, intake)
    >>> filled = fill_gaps(before, before.slice(0, 0), intake)
    >>> filled["key"] == before["key"], filled["holds"].to_pylist(), fill_gaps(before, before, intake).num_rows
    (True, [True], 0)
    """
    open_still = set(zip(found["business_id"].to_pylist(), found["key"].to_pylist(), strict=True))
    rows = [
        {name: row[name] for name in _OF_GAP} | {"what": "gap", "holds": True, "failed_count": 0}
        for row in before.to_pylist()
        if row["source"] == BETWEEN and is_gap(row) and (row["business_id"], row["key"]) not in open_still
    ]
    return _framed("reconciliation", rows, _CHAIN_KEY, BETWEEN, intake)


def is_gap(fact: Mapping[str, Any]) -> bool:
    """Return whether a record of what statements say of each other tells of days that none covers and over which balances moved.

    >>> is_gap({"holds": False, "expected_fen": None}), is_gap({"holds": False, "expected_fen": 5})
    (True, False)
    """
    return not fact["holds"] and fact["expected_fen"] is None


def _seen_at(one: Compared, since: date, told: Sequence[Mapping[str, Any]]) -> int:
    """Return when the last of the statements was known that show a fact: those up to the one that begins behind it."""
    behind = one.until + timedelta(days=1) if one.what == "gap" and one.until else since
    return max(int(row["known_at"]) for row in told if row["period_start_on"] <= behind)


def _running_balances(facts: Facts, _scene: Scene) -> Iterable[tuple[Compared, str | None]]:
    if not has_balances(facts):
        return
    for account in accounts_of(facts):
        balances = account.lines["balance_fen"]
        compared = figures.running_balance(
            signed_fen(account.lines).to_numpy(zero_copy_only=False),
            balances.fill_null(0).to_numpy(zero_copy_only=False),
            ~nulls(balances),
        )
        if compared is not None:
            yield compared, account.token


def _header_totals(facts: Facts, scene: Scene) -> Iterable[tuple[Compared, str | None]]:
    """Compare what the lines around the rows say (共N笔, 收入 x 笔 y 元) with the rows; what was paid back does not count."""
    said = scene.said
    token = facts["account_id"][0].as_py() if "account_id" in facts else None
    if "lines" in said:
        refused = sum(scene.memory.kept.get("rejected", {}).values())
        yield figures.header_count(int(said["lines"]), count_of(facts) + refused, "lines"), token
    amount = facts["amount_fen"]
    if "refunded_fen" in facts:
        amount = pc.subtract(amount, pc.fill_null(facts["refunded_fen"], 0))
    for direction in _DIRECTIONS:
        chosen = pc.equal(facts["direction"], direction)
        if f"{direction}_count" in said:
            yield figures.header_count(int(said[f"{direction}_count"]), pc.sum(chosen).as_py() or 0, direction), token
        total = _said_fen(said.get(f"{direction}_total", ""))
        if total is not None:
            yield figures.header_total(total, pc.sum(pc.if_else(chosen, amount, 0)).as_py() or 0, direction), token


def _statement_sums(facts: Facts, scene: Scene) -> Iterable[tuple[Compared, str | None]]:
    """Compare the closing balance that the lines around the rows say with the opening one and the rows."""
    opening, closing = (_said_fen(scene.said.get(name, "")) for name in ("opening", "closing"))
    if opening is not None and closing is not None:
        signed = signed_fen(facts).to_numpy(zero_copy_only=False)
        yield figures.opening_and_closing(opening, signed, closing), facts["account_id"][0].as_py()


def _said_fen(text: str) -> int | None:
    found: int | None = scaled_from_texts(pa.array([text or None], pa.string()), 2)[0][0].as_py()
    return found


def _statement_balances(facts: Facts, scene: Scene) -> pa.Table:
    rows = [_statement(account, scene) for account in accounts_of(facts)]
    key = NATURAL_KEYS["statement_balance"]
    return _framed("statement_balance", rows, key, scene.profile.name, scene.intake, scene.file_id)


def _statement(account: Account, scene: Scene) -> dict[str, object]:
    """Return what a sheet says of one of its accounts: the days it covers, the first and last balance, totals as written."""
    lines = account.lines
    first, last = pc.min(lines["happened_on"]).as_py(), pc.max(lines["happened_on"]).as_py()
    row: dict[str, object] = {
        "account_id": account.token,
        "holder": scene.layout.emits[0].constants.get("holder", scene.intake.holder),
        "period_start_on": min(first, said_day(scene, "since") or first),
        "period_end_on": max(last, said_day(scene, "until") or last),
        "institution": scene.profile.name,
        "in_total_fen": _said_fen(scene.said.get("in_total", "")),
        "out_total_fen": _said_fen(scene.said.get("out_total", "")),
        "lines_count": int(scene.said["lines"]) if "lines" in scene.said else None,
        "layout_id": content_hash([scene.profile.name, scene.layout.name, sorted(scene.said)]),
    }
    if has_balances(lines):
        first_line = {name: lines[name].slice(0, 1) for name in ("direction", "amount_fen")}
        opening = pc.subtract(lines["balance_fen"].slice(0, 1), signed_fen(first_line))[0].as_py()
        row |= {"opening_fen": opening, "closing_fen": lines["balance_fen"][-1].as_py()}
    return row


def _reconciliations(compared: list[tuple[Compared, str | None]], facts: Facts, scene: Scene) -> pa.Table:
    first, last = pc.min(facts["happened_on"]).as_py(), pc.max(facts["happened_on"]).as_py()
    rows: list[dict[str, object]] = [_fact(one, token, one.since or first, one.until or last) for one, token in compared]
    key = ("file_id", "check_name", "what", "account_id")
    return _framed("reconciliation", rows, key, scene.profile.name, scene.intake, scene.file_id)


def _fact(one: Compared, token: str | None, since: date, until: date) -> dict[str, object]:
    row: dict[str, object] = {
        "check_name": one.check,
        "holds": one.holds,
        "checked_count": one.checked,
        "failed_count": one.failed,
        "account_id": token,
        "period_start_on": since,
        "period_end_on": until,
        "what": f"{one.what}",
    }
    if one.expected_fen is not None and one.found_fen is not None and max(abs(one.expected_fen), abs(one.found_fen)) <= MAX_FEN:
        difference = one.found_fen - one.expected_fen
        row |= {"expected_fen": one.expected_fen, "found_fen": one.found_fen}
        row["direction"] = "equal" if not difference else "above" if difference > 0 else "below"
        gap = difference * PPM // abs(one.expected_fen) if one.expected_fen else None
        row["gap_ppm"] = gap if gap is not None and abs(gap) <= MAX_PPM else None
    return row


def _framed(
    kind: str, rows: list[dict[str, object]], key: tuple[str, ...], source: str, intake: Intake, file_id: str | None = None
) -> pa.Table:
    """Return rows about files as records: they happen at the end of the last day they are about, and are known the day after
    where they do not say when.
    """
    for row in rows:
        until = row["period_end_on"]
        assert isinstance(until, date)
        row |= {"file_id": file_id, "happened_on": until, "happened_at": intake.calendar.end_of(until)}
        row.setdefault("known_at", intake.calendar.end_of(until + timedelta(days=_LAG_DAYS)))
    names = dict.fromkeys([*_ALWAYS, *(name for row in rows for name in row)])
    columns = {name: pa.array([_within(kind, name, row.get(name)) for row in rows], _ALWAYS.get(name)) for name in names}
    return frame_records(kind, columns, source=source, intake=intake, key=key)


def _within(kind: str, name: str, value: object) -> object:
    """Return a value, None where it is a number that no record of the kind can hold: a damaged sheet may say anything."""
    field = KINDS[kind].readable().get(name)
    if field is None or field.lo is None or field.hi is None or not isinstance(value, int):
        return value
    return value if field.lo <= value <= field.hi else None


CHECKS.add("running_balance", _running_balances)
CHECKS.add("header_totals", _header_totals)
CHECKS.add("statement_sums", _statement_sums)
