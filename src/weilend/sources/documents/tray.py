"""In: what a reader finds in one file, row by row. Out: a `Batch`. Used: by every reader of documents and platform messages.

A tray counts the raw rows, keeps what could not be read beside what could, hides names behind tokens, and frames the records
at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa

from weilend.core.ids import bytes_hash
from weilend.core.records import KINDS, LAST_INSTANT, Field
from weilend.core.values import Reason
from weilend.sources.batch import FACTS, Batch, reject_rows
from weilend.sources.documents.faults import Fault
from weilend.sources.framing import NATURAL_KEYS, frame_records
from weilend.sources.intake import Intake
from weilend.sources.tokens import CLEAR

Value = int | str | bool | date | None
Fields = Mapping[str, Value]

WHOLE: Final = -1  # the row of what is about the file and not about one of its rows
_ARROW: Final = {"integer": pa.int64(), "text": pa.string(), "date": pa.date32(), "boolean": pa.bool_()}
_TYPES: Final = {"integer": int, "text": str, "date": date, "boolean": bool}
#: The natural key of kinds that these papers and messages tell; that of bank lines stands beside the tables that tell them too.
KEYS: Final[dict[str, tuple[str, ...]]] = {
    **NATURAL_KEYS,
    "reconciliation": ("check_name", "file_id", "account_id", "period_start_on", "period_end_on"),
    "invoice": ("direction", "counterparty_id", "number"),
    "invoice_line": ("direction", "counterparty_id", "number", "line_no"),
    "tax_filing": ("business_id", "tax", "period_start_on", "period_end_on"),
    "order": ("shop_id", "platform", "order_id", "line_no"),
    "refund": ("shop_id", "refund_id"),
    "shop_snapshot": ("shop_id", "platform", "happened_at"),
    "b2b_order": ("business_id", "side", "order_id"),
    "registry_profile": ("business_id", "happened_at"),
    "registry_event": ("business_id", "event", "happened_on"),
    "bureau_report": ("owner_id", "business_id", "bureau", "about_whom", "happened_at"),
    "identity_check": ("owner_id", "business_id", "method", "happened_at", "attempt_no"),
    "device_sighting": ("device_id", "owner_id", "occasion", "happened_at"),
    "user_event": ("owner_id", "device_id", "act", "page", "session_id", "happened_at"),
    "consent": ("owner_id", "business_id", "purpose", "act", "happened_at"),
    "link": ("from_id", "to_id", "role"),
}
#: Kinds in which one file may say the same key twice and mean two facts.
COUNTED: Final = frozenset(
    {"bank_entry", "statement_balance", "reconciliation", "registry_event", "device_sighting", "user_event"}
)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A record before it is framed: its kind, its subjects and fields, when it happened and was known.

    `key` names the columns that identify it, where the kind's own natural key does not. Rows of one `sheet` that share a key are
    told apart by ordinal; those of different sheets are the same fact. `known_basis` is the tray's where it is None.

    >>> Draft(kind="external_outcome", fields={"outcome": "default"}, happened_at=9, happened_on=date(1970, 1, 1), known_at=9).sheet
    0
    """

    kind: str
    fields: Fields
    happened_at: int
    happened_on: date
    known_at: int
    key: tuple[str, ...] = ()
    sheet: int = 0
    known_basis: str | None = None


class Tray:
    """What one file gave so far: raw rows, records, rejects, and the clear values behind tokens.

    >>> from weilend.core.calendars import Calendar
    >>> from weilend.sources.tokens import Tokens
    >>> intake = Intake(calendar=Calendar(), consent_id="own-data", business_id="B1", tokens=Tokens(bytes(16)))
    >>> tray = Tray("example", intake, "a.json", b"{}")
    >>> def read(): raise Fault("missing", "amount")
    >>> tray.row({"amount": ""}, read)
    False
    >>> tray.batch().rejects.to_pylist()[0]["en"]
    'amount is empty'
    """

    def __init__(self, source: str, intake: Intake, file: str, content: bytes, *, known_basis: str = "reconstructed") -> None:
        intake.consent()
        self.source = source
        self.intake = intake
        self.file = file
        self.file_id = bytes_hash(content)
        self.known_basis = known_basis
        self._drafts: list[tuple[int, Draft]] = []
        self._rejects: list[tuple[int, Reason, object]] = []
        self._business: list[str | None] = []
        self._clear: dict[tuple[str, str], str] = {}

    def row(self, original: object, read: Callable[[], Iterable[Draft]]) -> bool:
        """Count a raw row and keep its records, or the row itself where `read` raises `Fault` or a record fits no schema.

        Returns whether it became records.
        """
        row = len(self._business)
        try:
            drafts = tuple(read())
            for draft in drafts:
                check_fields(draft.kind, self._with_subjects(draft))
        except Fault as fault:
            self._business.append(self.intake.business_id or None)
            self._rejects.append((row, fault.reason, original))
            return False
        named = next((draft.fields["business_id"] for draft in drafts if draft.fields.get("business_id")), None)
        self._business.append(str(named) if named else self.intake.business_id or None)
        self._drafts += [(row, draft) for draft in drafts]
        return True

    def about_file(self, draft: Draft) -> None:
        """Keep a record that is about the file as a whole; one that fits no schema says nothing and is left out."""
        try:
            check_fields(draft.kind, self._with_subjects(draft))
        except Fault:
            return
        self._drafts.append((WHOLE, draft))

    def hide(self, purpose: str, value: str | None) -> str | None:
        """Return the token of a personal value and remember what it stands for; None where there is no value."""
        clear = (value or "").strip()
        if not clear:
            return None
        if (purpose, clear) not in self._clear:
            self._clear[purpose, clear] = self.intake.hide(self.file).of(purpose, clear)
        return self._clear[purpose, clear]

    def end_of(self, day: date, lag_days: int = 0) -> int:
        """Return the last second of a day, or of one some days later: when a fact of that day was known."""
        return min(self.intake.calendar.end_of(day + timedelta(days=lag_days)), LAST_INSTANT)

    def is_empty(self) -> bool:
        """Return whether there is neither a row nor a record: a file that says nothing should be refused with words."""
        return not self._business and not self._drafts

    def batch(self) -> Batch:
        """Return everything as a batch, the records of each kind in the order in which they happened."""
        ordered = sorted(self._drafts, key=lambda item: item[1].happened_at)
        kinds = dict.fromkeys(draft.kind for _, draft in ordered)
        framed = {kind: self._framed([item for item in ordered if item[1].kind == kind]) for kind in kinds}
        names = pa.repeat(pa.scalar(self.file), len(self._business))
        clear = [{"token": token, "purpose": purpose, "value": value} for (purpose, value), token in self._clear.items()]
        return Batch(
            records={kind: table for kind, (table, _) in framed.items()},
            row_of={kind: rows for kind, (_, rows) in framed.items()},
            rejects=reject_rows(self.file, self._rejects),
            rows=pa.table([names, pa.array(self._business, pa.string())], schema=FACTS),
            clear=pa.Table.from_pylist(clear, schema=CLEAR),
        )

    def _framed(self, items: list[tuple[int, Draft]]) -> tuple[pa.Table, np.ndarray]:
        """Return the records of one kind, framed sheet by sheet, in order of happening again."""
        groups: dict[tuple[tuple[str, ...], int, str | None], list[int]] = {}
        for position, (_, draft) in enumerate(items):
            groups.setdefault((draft.key, draft.sheet, draft.known_basis), []).append(position)
        tables = [self._table([items[position][1] for position in positions]) for positions in groups.values()]
        order = np.argsort(np.concatenate([np.array(positions) for positions in groups.values()]), kind="stable")
        rows = np.array([row for row, _ in items], np.int64)
        return pa.concat_tables(tables).take(pa.array(order)), rows

    def _table(self, drafts: list[Draft]) -> pa.Table:
        kind = drafts[0].kind
        columns = {
            field.name: pa.array([draft.fields.get(field.name) for draft in drafts], _ARROW[field.type])
            for field in _columns_of(kind)
            if any(draft.fields.get(field.name) is not None for draft in drafts)
        }
        columns["happened_on"] = pa.array([draft.happened_on for draft in drafts], pa.date32())
        columns["happened_at"] = pa.array([draft.happened_at for draft in drafts], pa.int64())
        columns["known_at"] = pa.array([max(draft.known_at, draft.happened_at) for draft in drafts], pa.int64())
        key = drafts[0].key or KEYS.get(kind, ())
        counted = kind in COUNTED
        basis = drafts[0].known_basis or self.known_basis
        return frame_records(kind, columns, source=self.source, intake=self.intake, key=key, ordinal=counted, known_basis=basis)

    def _with_subjects(self, draft: Draft) -> Fields:
        said = {"business_id": self.intake.business_id, "shop_id": self.intake.shop_id, "owner_id": self.intake.owner_id}
        return {**{name: identity or None for name, identity in said.items()}, **draft.fields}


def check_fields(kind: str, fields: Fields) -> None:
    """Raise `Fault` where a value is missing, of another type, out of range or out of vocabulary for its kind of record.

    >>> check_fields("external_outcome", {"business_id": "B1", "outcome": "unclear"})
    Traceback (most recent call last):
    weilend.sources.documents.faults.Fault: unknown_word: outcome
    """
    _check_subject(kind, fields)
    for field in KINDS[kind].fields:
        value = fields.get(field.name)
        if value is None:
            if not field.nullable:
                raise Fault("missing", field.name)
            continue
        if type(value) is not _TYPES[field.type]:
            raise Fault("not_in_kind", field.name)
        if isinstance(value, int) and field.lo is not None and field.hi is not None and not field.lo <= value <= field.hi:
            raise Fault("out_of_range", field.name)
        if field.words and value not in field.words:
            raise Fault("unknown_word", field.name)


def _check_subject(kind: str, fields: Fields) -> None:
    subject = KINDS[kind].subjects[0]
    if not fields.get(subject):
        raise Fault("missing", subject)


def _columns_of(kind: str) -> tuple[Field, ...]:
    return (*(Field(name, "text") for name in KINDS[kind].subjects), *KINDS[kind].fields)
