"""In: our own JSON for what has no format of its own. Out: records of nine kinds; and back. Used: through `SOURCES`.

Registry, bureau report, identity check, link (a shop's authorisation among them), consent, device sighting, user event, how a
shop stands where its platform has no answer for it (deposit, penalties, what is owed to its lenders): a row
names its kind and gives the fields of that kind as `core.records` declares them, in its units. Whoever is named in clear is
named by another word (`business` beside `business_id`) and becomes a token. docs/sources/neutral.md has a row of each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from weilend.core.records import FRAME, KINDS, Field
from weilend.sources.batch import Batch
from weilend.sources.catalogue import Source, register_source
from weilend.sources.documents.envelope import names_format, open_envelope, seal_envelope
from weilend.sources.documents.faults import Fault
from weilend.sources.documents.jsons import Json, at, flag, said
from weilend.sources.documents.scalars import day, epoch, moment, needed, whole
from weilend.sources.documents.tray import Draft, Tray, Value
from weilend.sources.intake import Intake
from weilend.sources.tokens import PURPOSE_OF

FORMAT: Final = "records"
#: Kinds that may come this way: what others tell us, never what we decided or lent.
ACCEPTED: Final = (
    "registry_profile", "registry_event", "bureau_report", "identity_check", "link", "consent", "device_sighting", "user_event",
    "shop_snapshot",
)  # fmt: skip
#: What stands in clear under another name: its field, and the purpose of its token. A cell is hidden as a device of the network.
CLEAR: Final = {
    **{kind: (f"{kind}_id", PURPOSE_OF[kind]) for kind in ("business", "owner", "device", "ip", "wifi")},
    "cell": ("cell_id", "device"),
}
#: Kinds of an end of a link that are told by their own numbers: those of shops and agents name no person.
NUMBERED: Final = ("agent",)
#: The purpose of the token of an end of a link, by what that end is.
ENDS: Final = {kind: purpose for kind, purpose in PURPOSE_OF.items() if kind not in NUMBERED}
#: What a passed check proves beside itself, by what it names in clear: role, kind of the other end, purpose of its token.
PROVED: Final = {kind: (role, kind, PURPOSE_OF[kind]) for kind, role in (("phone", "reachable_at"), ("account", "banks_with"))}
#: What a row may say beside its fields.
_FRAME: Final = ("kind", "happened_at", "happened_on", "known_at", "known_basis")


def read_neutral(content: bytes, intake: Intake, *, file: str = "records.json") -> Batch:
    """Return the records of a file of ours; a check of a phone or bank card that passed also links it to its owner.

    >>> from weilend.core.calendars import Calendar
    >>> row = {"kind": "registry_profile", "business_id": "B1", "status": "active", "happened_on": "2025-01-31", "staff_count": 3}
    >>> batch = read_neutral(seal_envelope(FORMAT, [row]), Intake(calendar=Calendar(), consent_id="own-data"))
    >>> batch.records["registry_profile"].select(["business_id", "status", "staff_count"]).to_pylist()
    [{'business_id': 'B1', 'status': 'active', 'staff_count': 3}]
    """
    tray = Tray(FORMAT, intake, file, content)
    for row in open_envelope(content, FORMAT, file):
        tray.row(row, partial(_drafts, tray, row))
    return tray.batch()


def write_neutral(records: Mapping[str, pa.Table]) -> bytes:
    """Return records of the kinds that may come this way as a file that reads back to them, clocks included.

    >>> write_neutral({}).startswith(b'{"format":"weilend.records"')
    True
    """
    return seal_envelope(
        FORMAT, [_row_out(kind, row) for kind in ACCEPTED if kind in records for row in records[kind].to_pylist()]
    )


def _drafts(tray: Tray, row: Json) -> list[Draft]:
    kind = needed(said(row, "kind"), "kind")
    if kind not in ACCEPTED:
        raise Fault("unknown_kind", kind)
    fields = _fields(tray, kind, row)
    happened_at, happened_on = _happened(row, tray)
    known_at = _known(row, tray, happened_at)
    basis = said(row, "known_basis")
    if basis not in (None, "observed", "reconstructed"):
        raise Fault("unknown_word", "known_basis")
    links = _proved(tray, row, fields) if kind == "identity_check" else []
    pairs: list[tuple[str, dict[str, Value]]] = [(kind, fields), *(("link", link) for link in links)]
    return [
        Draft(kind=one, fields=told, happened_at=happened_at, happened_on=happened_on, known_at=known_at, known_basis=basis)
        for one, told in pairs
    ]


def _fields(tray: Tray, kind: str, row: Json) -> dict[str, Value]:
    columns = {**{name: Field(name, "text") for name in KINDS[kind].subjects}, **{one.name: one for one in KINDS[kind].fields}}
    clear = _clear_names(kind, row)
    strange = [name for name in row if name not in columns and name not in clear and name not in _FRAME]
    allowed = PROVED if kind == "identity_check" else {}
    if any(name not in allowed for name in strange):
        raise Fault("unknown_word", next(name for name in strange if name not in allowed))
    fields: dict[str, Value] = {name: _READERS[column.type](row, name) for name, column in columns.items() if name in row}
    for name, (field, purpose) in clear.items():
        if name in row:
            fields[field] = tray.hide(purpose, said(row, name))
    return {**_looked_up(tray, kind, row), **{name: value for name, value in fields.items() if value is not None}}


def _looked_up(tray: Tray, kind: str, row: Json) -> dict[str, Value]:
    """Return what the files of networks say of a clear address of a sighting; what the row itself says goes before it."""
    address = said(row, "ip") if kind == "device_sighting" else None
    return dict(tray.intake.networks.look(address)) if address and tray.intake.networks else {}


def _clear_names(kind: str, row: Json) -> dict[str, tuple[str, str]]:
    """Return the names under which a row of a kind may tell something in clear."""
    if kind != "link":
        known = {*KINDS[kind].subjects, *(field.name for field in KINDS[kind].fields)}
        return {name: told for name, told in CLEAR.items() if told[0] in known}
    ends = {end: ENDS.get(said(row, f"{end}_kind") or "") for end in ("from", "to")}
    return {end: (f"{end}_id", purpose) for end, purpose in ends.items() if purpose}


def _proved(tray: Tray, row: Json, fields: Mapping[str, Value]) -> list[dict[str, Value]]:
    """Return the links that a passed check proves: its owner is reached at this phone, banks with this account."""
    links: list[dict[str, Value]] = []
    owner = fields.get("owner_id") or tray.intake.owner_id
    for name, (role, kind, purpose) in PROVED.items():
        hidden = tray.hide(purpose, said(row, name))
        if hidden and owner and fields.get("outcome") == "pass":
            ends = {"from_id": owner, "to_id": hidden, "from_kind": "owner", "to_kind": kind}
            links.append({**ends, "role": role, "evidence": "registered"})
    return links


def _happened(row: Json, tray: Tray) -> tuple[int, date]:
    """Return when a row happened: an instant, as ISO text or UTC seconds, or the end of a day."""
    calendar = tray.intake.calendar
    told = said(row, "happened_at")
    if told is None:
        on = needed(day(said(row, "happened_on"), "happened_on"), "happened_on")
        return tray.end_of(on), on
    at_instant = _instant(row, "happened_at", tray)
    return at_instant, calendar.day_of(at_instant)


def _known(row: Json, tray: Tray, happened_at: int) -> int:
    return happened_at if said(row, "known_at") is None else max(_instant(row, "known_at", tray), happened_at)


def _instant(row: Json, name: str, tray: Tray) -> int:
    value = at(row, name)
    if isinstance(value, int) and not isinstance(value, bool):
        return needed(epoch(value, name), name)
    found = moment(said(row, name), name, tray.intake.calendar)
    if found is None:
        raise Fault("not_an_instant", name)
    return found


def _text(row: Json, name: str) -> Value:
    return said(row, name)


def _integer(row: Json, name: str) -> Value:
    return whole(at(row, name) if not isinstance(at(row, name), (dict, list)) else said(row, name), name)


def _date(row: Json, name: str) -> Value:
    return day(said(row, name), name)


def _boolean(row: Json, name: str) -> Value:
    return flag(row, name)


_READERS: Final[dict[str, Callable[[Json, str], Value]]] = {
    "text": _text,
    "integer": _integer,
    "date": _date,
    "boolean": _boolean,
}


def _row_out(kind: str, row: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: _plain(value) for name, value in row.items() if value is not None and name not in FRAME}
    clocks = {name: _stamp(row[name]) for name in ("happened_at", "known_at") if row.get(name) is not None}
    return {"kind": kind, **fields, **clocks, **({"known_basis": row["known_basis"]} if row.get("known_basis") else {})}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _stamp(instant: int) -> str:
    return f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%dT%H:%M:%S}Z"


def _is_neutral(head: bytes, _name: str) -> bool:
    return names_format(head, FORMAT)


def _read_file(path: Path, intake: Intake) -> Batch:
    return read_neutral(path.read_bytes(), intake, file=path.name)


NEUTRAL: Final = register_source(
    Source(name=FORMAT, en="records (neutral JSON)", zh="通用记录JSON", signature=_is_neutral, read=_read_file)
)
