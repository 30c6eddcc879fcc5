"""In: nothing. Out: what a field and a kind of record are, the frame all kinds share, and short words to declare them.
Used: by the themes beside this file.
"""

from __future__ import annotations

from typing import Literal

import msgspec

FieldType = Literal["integer", "text", "date", "boolean"]

#: How we came to know a record: `observed` as it arrived; `reconstructed` from history that was handed over later, with the
#: lag that the source declares.
KNOWN_BASES = ("observed", "reconstructed")

MAX_FEN = 10**13  # a hundred billion yuan: no single fact about a small business is larger
MAX_COUNT = 10**9  # more things than any business has of anything
MAX_PPM = 10**9  # a thousandfold: a share that may exceed one, such as what is drawn of a limit
MAX_DAYS = 36_525  # a hundred years
ONE_PPM = 1_000_000
FAR_FUTURE = 2**62  # the `known_until` of a version that nothing has replaced
FIRST_INSTANT, LAST_INSTANT = -2_208_988_800, 7_258_118_400  # 1900 to 2200: milliseconds given by mistake lie beyond


class Field(msgspec.Struct, frozen=True):
    """A named, typed, ranged column: what a formula may read.

    Integers carry their inclusive range ``lo..hi``, from which formulas are proved free of overflow; texts may carry their
    vocabulary. A field that is not nullable is never NULL.

    >>> Field("net_fen", "integer", lo=-MAX_FEN, hi=MAX_FEN, unit="fen").nullable
    True
    """

    name: str
    type: FieldType
    lo: int | None = None
    hi: int | None = None
    nullable: bool = True
    unit: str = ""
    words: tuple[str, ...] = ()
    about: str = ""


class Kind(msgspec.Struct, frozen=True):
    """One kind of record: subjects first (the first one orders the table), then business fields.

    >>> Kind("invoice", ("business_id", "counterparty_id"), (fen("net_fen", "amount without tax"),)).field("net_fen").unit
    'fen'
    """

    name: str
    subjects: tuple[str, ...]
    fields: tuple[Field, ...]
    about: str = ""

    def field(self, name: str) -> Field:
        """Return a subject, business field or frame column by name."""
        return self.readable()[name]

    def readable(self) -> dict[str, Field]:
        """Return every column that a formula over this kind may read, by name."""
        subjects = [Field(name, "text", about="keyed hash or masked code of a subject") for name in self.subjects]
        return {field.name: field for field in (*subjects, *self.fields, *READABLE_FRAME)}


#: Frame columns that formulas may read.
READABLE_FRAME = (Field("happened_on", "date", nullable=False, about="local day on which it happened"),)

#: The frame: columns that every kind has, in the order in which they are stored after subjects and fields.
#: `happened_on` is derived from `happened_at` by the home's calendar; `known_until` is NULL until compaction writes it.
FRAME: dict[str, FieldType] = {
    "key": "text",
    "record_id": "text",
    "happened_at": "integer",
    "happened_on": "date",
    "known_at": "integer",
    "known_until": "integer",
    "known_basis": "text",
    "seq": "integer",
    "source": "text",
    "consent_id": "text",
}


def make_kind(name: str, subjects: str, about: str, *fields: Field) -> Kind:
    """Return a kind of record; its subjects are named with spaces between.

    >>> make_kind("refund", "shop_id buyer_id", "Money was asked back.").subjects
    ('shop_id', 'buyer_id')
    """
    return Kind(name, tuple(subjects.split()), fields, about)


def optional(*fields: Field) -> tuple[Field, ...]:
    """Return fields that may be NULL: what not every source tells.

    >>> [field.nullable for field in optional(day("due_on", "due day"))]
    [True]
    """
    return tuple(msgspec.structs.replace(field, nullable=True) for field in fields)


def fen(name: str, about: str, lo: int = -MAX_FEN) -> Field:
    """Return a field of money in fen, of either sign unless `lo` says otherwise.

    >>> fen("paid_fen", "paid", lo=0).lo
    0
    """
    return Field(name, "integer", lo, MAX_FEN, nullable=False, unit="fen", about=about)


def ppm(name: str, about: str, lo: int = 0, hi: int = ONE_PPM) -> Field:
    """Return a field of a rate in parts per million; a share unless `lo` and `hi` say otherwise.

    >>> ppm("positive_rate_ppm", "share of positive reviews").hi
    1000000
    """
    return Field(name, "integer", lo, hi, nullable=False, unit="ppm", about=about)


def count(name: str, about: str, hi: int = MAX_COUNT) -> Field:
    """Return a field that counts things.

    >>> count("units_count", "pieces").lo
    0
    """
    return number(name, about, 0, hi, "count")


def number(name: str, about: str, lo: int, hi: int, unit: str) -> Field:
    """Return a field of integers in another unit: days, months, metres, or a plain number such as a level.

    >>> number("level", "level of the shop", 0, 100, "number").unit
    'number'
    """
    return Field(name, "integer", lo, hi, nullable=False, unit=unit, about=about)


def instant(name: str, about: str) -> Field:
    """Return a field of instants in UTC seconds, 1900 to 2200.

    >>> instant("pay_at", "paid").unit
    'seconds'
    """
    return number(name, about, FIRST_INSTANT, LAST_INSTANT, "seconds")


def day(name: str, about: str) -> Field:
    """Return a field of local days.

    >>> day("due_on", "due day").type
    'date'
    """
    return Field(name, "date", nullable=False, about=about)


def boolean(name: str, about: str) -> Field:
    """Return a field that is true or false.

    >>> boolean("holds", "does it hold").type
    'boolean'
    """
    return Field(name, "boolean", nullable=False, about=about)


def text(name: str, about: str, *words: str) -> Field:
    """Return a field of text: any, or one of some words.

    >>> text("direction", "of money", "in", "out").words
    ('in', 'out')
    """
    return Field(name, "text", nullable=False, words=words, about=about)
