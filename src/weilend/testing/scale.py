"""In: sizes. Out: compacted books of many millions of made-up records, and feature sets of any size. Used: by `bench`, by tests.

A book takes what it is given with care, which is not what is measured here: so the files are written as a compaction would leave
them, a million rows at a time, and the book finds them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError
from weilend.core.records import FAR_FUTURE, KINDS, Field, FieldType
from weilend.engine.book import Book
from weilend.engine.book_schema import ARROW_TYPES, arrow_schema, local_days
from weilend.engine.book_tables import Tables
from weilend.features.plans import FeatureSet, make_plan
from weilend.features.spec import Feature

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DAY_SECONDS = 86_400
BATCH_ROWS = 1_000_000
DAYS = 1_275  # three and a half years: what the longest window reaches, and some more
#: Shares of rows: versions that a later one overtook, known late, NULL where a field may be, negative amounts where they may be.
OVERTAKEN, LATE, MISSING, NEGATIVE = 0.02, 0.1, 0.1, 0.03
#: Names in the world, names that one subject meets, and other words of a text field.
NAMES, NAMES_MET, WORDS = 1_000_003, 40, 30
#: Texts that are another one in nearly every row.
UNIQUE = ("number", "order_id", "refund_id", "session_id", "voucher_id", "waybill_id")
#: Windows that `widen` adds, by unit.
MONTHS, FEW_DAYS = (6, 9, 18, 3, 24), (60, 30, 14, 120, 7)


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """How many records of a kind about how many subjects, until when (UTC seconds); `zipf` is the exponent of unequal sizes.

    With an exponent of 1.03 the largest of 100,000 subjects has a tenth of all records; with 0 all are alike.

    >>> Amount(kind="invoice", rows=10, subjects=2, until=0).prefix
    'E'
    """

    kind: str
    rows: int
    subjects: int
    until: int
    prefix: str = "E"
    zipf: float = 0.0
    seed: int = 1


def name_subjects(prefix: str, count: int) -> tuple[str, ...]:
    """Return the names of subjects, in their order.

    >>> name_subjects("E", 2)
    ('E0000000', 'E0000001')
    """
    return tuple(f"{prefix}{number:07d}" for number in range(count))


def write_book(folder: Path, amounts: Sequence[Amount], calendar: Calendar, fields: Collection[str]) -> Book:
    """Return a book in a folder with records as asked for; nullable fields that are not among `fields` are NULL throughout.

    >>> from tempfile import TemporaryDirectory
    >>> amount = Amount(kind="invoice", rows=50, subjects=3, until=1_577_808_000)
    >>> with TemporaryDirectory() as name:
    ...     write_book(Path(name) / "book", [amount], Calendar(), ()).stats()["invoice"].rows
    50
    """
    folder.mkdir(parents=True)
    tables, seq = Tables(folder), 1
    for amount in amounts:
        kind = KINDS[amount.kind]
        added = tables.write(kind, _batches(amount, calendar, fields, seq), _say_nothing)
        tables.commit(kind, added, overwrite=False, hook=_say_nothing)
        seq += amount.rows
    return Book.open(folder, calendar=calendar)


def fields_of(features: FeatureSet) -> frozenset[str]:
    """Return the fields that a feature set reads, of any kind.

    >>> from weilend.features.sets import INVOICE
    >>> sorted(fields_of(INVOICE))
    ['counterparty_id', 'direction', 'happened_on', 'net_fen', 'status', 'tax_fen']
    """
    folds = make_plan(features).folds
    return frozenset(name for one in folds for name in one.reads)


def widen(features: FeatureSet, kinds: Collection[str], count: int) -> FeatureSet:
    """Return a set of `count` features: those of the set that read these kinds only, then the same over other windows.

    Raises `InputError` where there are not so many.

    >>> from weilend.features.sets import INVOICE
    >>> wide = widen(INVOICE, ("invoice",), 60)
    >>> len(wide.features), wide.features[-1].name, wide.features[-1].months
    (60, 'purchase_fen_12m_6m', 6)
    """
    plain = [one for one in features.features if all(part.kind in kinds for part in one.parts)]
    others = (_over(one, place) for place in range(len(MONTHS)) for one in plain)
    chosen = [*plain, *(one for one in others if one is not None)][:count]
    if len(chosen) < count:
        raise InputError(f"{features.name} gives {len(chosen)} features of these kinds, not {count}", hint="name more kinds")
    return FeatureSet(f"{features.name}_{count}", tuple(chosen))


def _over(feature: Feature, place: int) -> Feature | None:
    """Return a feature over another window, None where that is its own."""
    unit, length = ("months", MONTHS[place]) if feature.months else ("days", FEW_DAYS[place])
    if getattr(feature, unit) == length:
        return None
    return msgspec.structs.replace(feature, name=f"{feature.name}_{length}{unit[0]}", **{unit: length})


def _say_nothing(_: str) -> None:
    """Take no notice of a step of a write."""


def _batches(amount: Amount, calendar: Calendar, fields: Collection[str], seq: int) -> Iterator[pa.Table]:
    dice = np.random.default_rng(amount.seed)
    sizes = _sizes(amount, dice)
    ends = np.cumsum(sizes)
    first = 0
    while first < amount.subjects:
        done = int(ends[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(ends, done + BATCH_ROWS)))
        subject = np.repeat(np.arange(first, min(last, amount.subjects)), sizes[first:last])
        yield _table(amount, fields, _Batch(subject, seq + done, amount, calendar, dice))
        first = last


def _sizes(amount: Amount, dice: np.random.Generator) -> Ints:
    """Return how many rows each subject has: drawn by equal chances, or by shares that fall with the rank."""
    if not amount.zipf:
        return np.bincount(dice.integers(0, amount.subjects, amount.rows), minlength=amount.subjects)
    weight = np.arange(1, amount.subjects + 1) ** -amount.zipf
    sizes = np.floor(weight / weight.sum() * amount.rows).astype(np.int64)
    sizes[: amount.rows - int(sizes.sum())] += 1
    return dice.permutation(sizes)


class _Batch:
    """What the fields of some rows follow from: subjects, clocks, numbers."""

    def __init__(self, subject: Ints, seq: int, amount: Amount, calendar: Calendar, dice: np.random.Generator) -> None:
        self.dice, self.size = dice, len(subject)
        since = amount.until - DAYS * DAY_SECONDS
        key = np.sort((subject << 32) | dice.integers(0, DAYS * DAY_SECONDS, self.size))
        self.subject, self.at = key >> 32, since + (key & (2**32 - 1))
        self.seq = np.arange(seq, seq + self.size)
        self.key = self.seq.copy()
        self.known_at = self.at + np.where(dice.random(self.size) < LATE, dice.integers(0, 20 * DAY_SECONDS, self.size), 0)
        self.known_until = np.full(self.size, FAR_FUTURE)
        self._overtake()
        self.day = local_days(self.at, calendar)

    def _overtake(self) -> None:
        """Make some rows earlier versions of the row that follows."""
        old = np.zeros(self.size, dtype=np.bool_)
        old[:-1] = (self.dice.random(self.size - 1) < OVERTAKEN) & (self.subject[1:] == self.subject[:-1])
        old[1:] &= ~old[:-1]
        before = np.flatnonzero(old)
        self.at[before], self.key[before] = self.at[before + 1], self.key[before + 1]
        self.known_at[before] = self.at[before]
        self.known_at[before + 1] = self.at[before] + DAY_SECONDS * self.dice.integers(1, 30, len(before))
        self.known_until[before] = self.known_at[before + 1]


def _table(amount: Amount, fields: Collection[str], rows: _Batch) -> pa.Table:
    kind = KINDS[amount.kind]
    schema = arrow_schema(kind)
    first = int(rows.subject.min(initial=0))
    names = pa.array([f"{amount.prefix}{number:07d}" for number in range(first, int(rows.subject.max(initial=0)) + 1)])
    columns = {kind.subjects[0]: names.take(pa.array(rows.subject - first))}
    for field in (*(Field(name, "text") for name in kind.subjects[1:]), *kind.fields):
        wanted = field.name in fields or not field.nullable
        columns[field.name] = _column(field, rows) if wanted else pa.nulls(rows.size, ARROW_TYPES[field.type])
    clocks = {"happened_at": rows.at, "known_at": rows.known_at, "known_until": rows.known_until, "seq": rows.seq}
    columns |= {name: pa.array(value) for name, value in clocks.items()}
    columns |= {"key": _texts(rows.key), "record_id": _texts(rows.seq), "happened_on": _days(rows.day)}
    for name, word in (("known_basis", "observed"), ("source", "made_up"), ("consent_id", "own-data")):
        columns[name] = pa.array([word]).take(pa.array(np.zeros(rows.size, np.int64)))
    return pa.table({name: columns[name] for name in schema.names}, schema=schema)


def _column(field: Field, rows: _Batch) -> pa.Array:
    """Return values of a field: small ones and common words more often than others."""
    column = _MAKERS[field.type](field, rows, rows.dice.random(rows.size))
    if not field.nullable:
        return column
    return pc.if_else(pa.array(rows.dice.random(rows.size) < MISSING), pa.scalar(None, column.type), column)


def _make_text(field: Field, rows: _Batch, chance: Floats) -> pa.Array:
    if field.name in UNIQUE:
        return _texts(rows.seq)
    if field.name.endswith(("_id", "_hash")):
        return _texts((rows.subject * 7_919 + (chance**2 * NAMES_MET).astype(np.int64) * 104_729) % NAMES)
    words = field.words or tuple(f"{field.name} {number}" for number in range(WORDS))
    return pa.array(words).take(pa.array((chance**2 * len(words)).astype(np.int64)))


def _make_integer(field: Field, rows: _Batch, chance: Floats) -> pa.Array:
    if field.unit == "fen":
        amount = np.exp(rows.dice.normal(9, 1.5, rows.size)).astype(np.int64) + 1
        value = np.where(chance < NEGATIVE, -amount, amount)
    elif field.unit == "seconds":
        value = rows.at + (chance * 10 * DAY_SECONDS).astype(np.int64)
    else:
        value = (chance * (1_000_000 if field.unit == "ppm" else 30)).astype(np.int64)
    return pa.array(np.clip(value, field.lo, field.hi))


_MAKERS: dict[FieldType, Callable[[Field, _Batch, Floats], pa.Array]] = {
    "text": _make_text,
    "integer": _make_integer,
    "boolean": lambda _field, _rows, chance: pa.array(chance < 0.2),
    "date": lambda _field, rows, chance: _days(rows.day - 30 + (chance * 90).astype(np.int64)),
}


def _texts(numbers: Ints) -> pa.Array:
    return pa.array(numbers).cast(pa.string())


def _days(numbers: Ints) -> pa.Array:
    return pa.array(numbers.astype(np.int32)).cast(pa.date32())
