"""In: the business columns of records. Out: records with identity, clocks and origin, ready for the book. Used: by every source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from weilend.core.records import KINDS
from weilend.sources.identity import identify
from weilend.sources.intake import Intake

_ARROW_TYPES = {"integer": pa.int64(), "text": pa.string(), "date": pa.date32(), "boolean": pa.bool_()}

#: What makes two rows of different files the same fact, whatever format told it; the ordinal among equal rows of a file follows.
NATURAL_KEYS: dict[str, tuple[str, ...]] = {
    "bank_entry": ("account_id", "happened_on", "direction", "amount_fen", "balance_fen"),
    "statement_balance": ("account_id", "period_start_on", "period_end_on"),
}


def frame_records(
    kind: str,
    columns: Mapping[str, pa.Array],
    *,
    source: str,
    intake: Intake,
    key: Sequence[str] = (),
    ordinal: bool = False,
    known_basis: str = "reconstructed",
) -> pa.Table:
    """Return records of a kind: what `columns` do not give is NULL, or what the intake says of subjects and holder.

    `columns` must hold happened_on (date), happened_at and known_at (UTC seconds). `key` names the columns that identify a
    record; without, content and ordinal do. With `ordinal`, rows of one key are told apart by their ordinal in these columns:
    give the rows of one file at once.

    >>> from datetime import date
    >>> from weilend.core.calendars import Calendar
    >>> one = {"outcome": pa.array(["default"]), "happened_on": pa.array([date(1970, 1, 1)]), "happened_at": pa.array([57599]),
    ...     "known_at": pa.array([57599])}
    >>> intake = Intake(calendar=Calendar(), consent_id="own-data", business_id="E1")
    >>> frame_records("external_outcome", one, source="bank", intake=intake).to_pylist()[0]["business_id"]
    'E1'
    """
    count = len(columns["happened_at"])
    full = {name: _column(kind, name, columns, intake, count) for name in _named(kind)}
    full["happened_on"], full["happened_at"] = columns["happened_on"], columns["happened_at"]
    beyond = {name: columns[name] for name in key if name not in full}  # a key may know what no record keeps
    full["key"], full["record_id"] = identify(kind, full | beyond, key, ordinal=ordinal)
    full["known_at"] = columns["known_at"]
    for name, text in (("known_basis", known_basis), ("source", source), ("consent_id", intake.consent())):
        full[name] = pa.repeat(pa.scalar(text), count)
    return pa.table(full)


def whole(count: int) -> np.ndarray:
    """Return the `row_of` of records that are about a file as a whole and not about any of its rows.

    >>> whole(2).tolist()
    [-1, -1]
    """
    return np.full(count, -1, np.int64)


def _named(kind: str) -> tuple[str, ...]:
    return (*KINDS[kind].subjects, *(field.name for field in KINDS[kind].fields))


def _column(kind: str, name: str, columns: Mapping[str, pa.Array], intake: Intake, count: int) -> pa.Array:
    wanted = _ARROW_TYPES[KINDS[kind].field(name).type]
    if name in columns:
        return columns[name].cast(wanted)
    said = {"business_id": intake.business_id, "shop_id": intake.shop_id, "owner_id": intake.owner_id, "holder": intake.holder}
    return pa.repeat(pa.scalar(said[name]), count) if said.get(name) else pa.nulls(count, wanted)
