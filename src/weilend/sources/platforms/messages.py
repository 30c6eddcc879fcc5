"""In: tables of what a platform calls its values. Out: fields of records from its messages, and back. Used: by each platform.

An order tells the times of its stations. Read as it is now, it is one version, known when it was received. Read as history,
each station reached before the last change is a version of its own, known when it was reached: a look back at that day then
sees the order as it stood.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from weilend.core.calendars import Calendar
from weilend.core.errors import SourceError
from weilend.sources.documents.faults import Fault
from weilend.sources.documents.jsons import Json, flag, load_object, said
from weilend.sources.documents.scalars import amount, epoch, fen_count, moment, needed, whole
from weilend.sources.documents.statements_out import yuan
from weilend.sources.documents.tray import Draft, Fields, Tray, Value
from weilend.sources.intake import Intake
from weilend.sources.platforms.fetching import answered, local_time
from weilend.sources.platforms.words import theirs

How = Literal["text", "yuan", "fen", "count", "flag", "local", "epoch", "word", "buyer", "person", "order", "party"]
_HIDDEN: Final = frozenset({"buyer", "person", "order", "party"})  # purposes of tokens

#: Stations of an order of a shop, and of one between firms: the field with its time, and the status it then has.
ORDER_STATIONS: Final = (("pay_at", "paid"), ("consign_at", "shipped"), ("signed_at", "signed"))
B2B_STATIONS: Final = (("pay_at", "paid"), ("consign_at", "shipped"), ("received_at", "received"))
#: What is not known before the last change, and what is known from a station on.
_LATE: Final = frozenset(
    {"refunded_fen", "refund_state", "received_fen", "commission_fen", "buyer_review", "review_hash", "closed_by"}
)
_FROM_SHIPPING: Final = frozenset({"waybill_id", "carrier", "weight_grams"})
_NEVER_PAID: Final = frozenset({"unpaid", "deposit_paid"})


class Cell(msgspec.Struct, frozen=True):
    """A value of a message: the field it becomes, the dotted path it stands at, how it is written, and its words in ours.

    >>> Cell("status", "order_status", "word", {"1": "paid"}).words["1"]
    'paid'
    """

    field: str
    path: str
    how: How = "text"
    words: Mapping[str, str] = {}


def read_cells(tray: Tray, row: Json, cells: Sequence[Cell]) -> dict[str, Value]:
    """Return the fields that a message tells; raises `Fault` for what is written otherwise, or a word that is not known.

    >>> from weilend.sources.documents.tray import Tray
    >>> tray = Tray("example", Intake(calendar=Calendar(), consent_id="c"), "a.json", b"")
    >>> read_cells(tray, {"payment": "1.50", "num": 2}, (Cell("paid_fen", "payment", "yuan"), Cell("units_count", "num", "count")))
    {'paid_fen': 150, 'units_count': 2}
    """
    fields = {cell.field: _READERS[cell.how](tray, said(row, cell.path), cell) for cell in cells}
    return {name: value for name, value in fields.items() if value is not None}


def write_cells(fields: Fields, cells: Sequence[Cell], calendar: Calendar) -> dict[str, Any]:
    """Return the part of a message that tells some fields.

    >>> write_cells({"paid_fen": 150}, (Cell("paid_fen", "order.payment", "yuan"),), Calendar())
    {'order': {'payment': '1.50'}}
    """
    message: dict[str, Any] = {}
    for cell in cells:
        value = fields.get(cell.field)
        if value is None:
            continue
        *way, last = cell.path.split(".")
        place = message
        for name in way:
            place = place.setdefault(name, {})
        place[last] = _written(value, cell, calendar)
    return message


def share_out(total_fen: int, weights: Sequence[int]) -> list[int]:
    """Return an amount divided in proportion to weights, to the fen: what is left over goes to the largest remainders.

    >>> share_out(100, [1, 1, 1]), share_out(5, [0, 0])
    ([34, 33, 33], [5, 0])
    """
    whole_weight = sum(weights)
    if whole_weight <= 0:
        return [total_fen, *([0] * (len(weights) - 1))]
    shares = [total_fen * weight // whole_weight for weight in weights]
    remainders = [total_fen * weight % whole_weight for weight in weights]
    for place in sorted(range(len(weights)), key=lambda one: -remainders[one])[: total_fen - sum(shares)]:
        shares[place] += 1
    return shares


def versions(
    tray: Tray,
    kind: str,
    fields: Fields,
    *,
    changed_at: int,
    received_at: int | None,
    stations: Sequence[tuple[str, str]],
    happens: tuple[str, ...] = ("pay_at", "placed_at"),
) -> list[Draft]:
    """Return an order as versions: one where it was received at an instant, else one for each station before its last change.

    It happens at the first of the fields `happens` that is told.

    >>> tray = Tray("example", Intake(calendar=Calendar(), consent_id="c", shop_id="S1"), "a.json", b"")
    >>> order = {"status": "completed", "pay_at": 10, "consign_at": 20, "end_at": 30}
    >>> told = versions(tray, "order", order, changed_at=30, received_at=None, stations=ORDER_STATIONS)
    >>> [(draft.known_at, draft.fields["status"]) for draft in told]
    [(10, 'paid'), (20, 'shipped'), (30, 'completed')]
    """
    last = _draft(tray, kind, fields, happens, changed_at if received_at is None else max(received_at, changed_at))
    if received_at is not None:
        return [last]
    reached = [(at, status) for field, status in stations if isinstance(at := fields.get(field), int)]
    past = [
        _draft(tray, kind, _as_of(fields, status, at), happens, at)
        for at, status in sorted(reached)
        if at < changed_at and fields.get("status") not in _NEVER_PAID and status != fields.get("status")
    ]
    return [*past, last]


def refund_versions(
    tray: Tray, fields: Mapping[str, Value], asked_at: Value, changed_at: int, received_at: int | None
) -> list[Draft]:
    """Return a refund as versions: asked for when it was, and what became of it at its last change.

    >>> tray = Tray("example", Intake(calendar=Calendar(), consent_id="c", shop_id="S1"), "a.json", b"")
    >>> told = refund_versions(tray, {"status": "refunded", "closed_at": 9}, 5, 9, None)
    >>> [(draft.known_at, draft.fields["status"]) for draft in told]
    [(5, 'asked'), (9, 'refunded')]
    """
    at = needed(asked_at if isinstance(asked_at, int) else None, "created")
    on = tray.intake.calendar.day_of(at)
    last_at = changed_at if received_at is None else max(received_at, changed_at)
    last = Draft(kind="refund", fields=fields, happened_at=at, happened_on=on, known_at=max(last_at, at))
    if received_at is not None or fields.get("status") == "asked" or changed_at <= at:
        return [last]
    early = {name: value for name, value in fields.items() if name not in ("closed_at", "is_disputed")}
    return [Draft(kind="refund", fields={**early, "status": "asked"}, happened_at=at, happened_on=on, known_at=at), last]


def open_message(content: bytes, file: str) -> Json:
    """Return the values of an answer; raises `SourceError` where the platform refused.

    >>> open_message(b'{"error_response": {"msg": "Invalid session"}}', "a.json")
    Traceback (most recent call last):
    weilend.core.errors.SourceError: the platform did not answer a.json: Invalid session. Hint: renew the authorisation, ...
    """
    message = load_object(content, file)
    refused = answered(message)
    if refused is not None:
        raise SourceError(f"the platform did not answer {file}: {refused}", hint="renew the authorisation, or ask again later")
    return message


def check_answers(message: Json, answers: Sequence[str], file: str) -> None:
    """Raise `SourceError` where no name of a message begins as one of some answers does.

    >>> check_answers({"hello": 1}, ("trades_sold",), "a.json")
    Traceback (most recent call last):
    weilend.core.errors.SourceError: a.json holds none of the answers trades_sold. Hint: give the whole answer as it came
    """
    if not any(str(name).startswith(tuple(answers)) for name in message):
        raise SourceError(f"{file} holds none of the answers {', '.join(answers)}", hint="give the whole answer as it came")


def new_tray(source: str, intake: Intake, file: str, content: bytes, received_at: int | None) -> Tray:
    """Return the tray of an answer: observed where it was received at an instant, else reconstructed.

    >>> new_tray("jd", Intake(calendar=Calendar(), consent_id="c", shop_id="S1"), "a.json", b"", 5).known_basis
    'observed'
    """
    return Tray(source, intake, file, content, known_basis="reconstructed" if received_at is None else "observed")


def latest(rows: Sequence[Mapping[str, Any]], key: Sequence[str]) -> list[dict[str, Any]]:
    """Return the last known version of each record, nulls left out, in the order of its key.

    >>> latest([{"id": 1, "known_at": 5, "a": 1}, {"id": 1, "known_at": 9, "a": None}], ("id",))
    [{'id': 1, 'known_at': 9}]
    """
    newest: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in rows:
        at = tuple(row[name] for name in key)
        if at not in newest or row["known_at"] >= newest[at]["known_at"]:
            newest[at] = row
    return [{name: value for name, value in newest[at].items() if value is not None} for at in sorted(newest)]


def by_order(rows: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the lines of each order together, orders in the order in which they first stand.

    >>> by_order([{"order_id": "2"}, {"order_id": "1"}, {"order_id": "2"}])
    [[{'order_id': '2'}, {'order_id': '2'}], [{'order_id': '1'}]]
    """
    orders: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        orders.setdefault(row["order_id"], []).append(row)
    return list(orders.values())


def _as_of(fields: Fields, status: str, at: int) -> dict[str, Value]:
    """Return an order as it stood at a station: without what came later."""
    kept: dict[str, Value] = {}
    for name, value in fields.items():
        later = name.endswith("_at") and name != "promised_at" and isinstance(value, int) and value > at
        unshipped = name in _FROM_SHIPPING and status == "paid"
        if not later and not unshipped and name not in _LATE:
            kept[name] = value
    return {**kept, "status": status}


def _draft(tray: Tray, kind: str, fields: Fields, happens: tuple[str, ...], known_at: int) -> Draft:
    happened_at = next((at for name in happens if isinstance(at := fields.get(name), int)), None)
    if happened_at is None:
        raise Fault("missing", happens[-1])
    on = tray.intake.calendar.day_of(happened_at)
    return Draft(kind=kind, fields=fields, happened_at=happened_at, happened_on=on, known_at=max(known_at, happened_at))


def _word(_tray: Tray, text: str | None, cell: Cell) -> Value:
    if text is None:
        return None
    if text not in cell.words:
        raise Fault("unknown_word", cell.path)
    return cell.words[text]


def _flag(_tray: Tray, text: str | None, cell: Cell) -> Value:
    return flag({cell.field: text}, cell.field)


_READERS: Final[dict[How, Callable[[Tray, str | None, Cell], Value]]] = {
    "text": lambda _tray, text, _cell: text,
    "yuan": lambda _tray, text, cell: amount(text, cell.path),
    "fen": lambda _tray, text, cell: fen_count(text, cell.path),
    "count": lambda _tray, text, cell: whole(text, cell.path),
    "flag": _flag,
    "local": lambda tray, text, cell: moment(text, cell.path, tray.intake.calendar),
    "epoch": lambda _tray, text, cell: epoch(text, cell.path),
    "word": _word,
    "buyer": lambda tray, text, _cell: tray.hide("buyer", text),
    "person": lambda tray, text, _cell: tray.hide("person", None if text == "0" else text),  # 0 is nobody
    "order": lambda tray, text, _cell: tray.hide("order", text),
    "party": lambda tray, text, _cell: tray.hide("party", text),
}


def _written(value: Value, cell: Cell, calendar: Calendar) -> Any:
    if cell.how == "word":
        return theirs(dict(cell.words), str(value))
    if cell.how == "yuan" and isinstance(value, int):
        return yuan(value)
    if cell.how == "local" and isinstance(value, int):
        return local_time(value, calendar)
    return value
