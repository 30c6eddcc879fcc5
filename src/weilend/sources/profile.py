"""In: nothing. Out: `Profile`, a raw format as data: tables, columns, clocks, keys, checks. Used: by reader and writer.

A profile is one table read in both directions. A raw row is parsed into *facts* (named as the record columns they become),
judged by checks, and emitted as one or more records; writing inverts the same lines.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from weilend.core.errors import SchemaError
from weilend.core.records import FRAME, KINDS
from weilend.core.registry import Registry

FileFormat = Literal["parquet", "csv"]
RawType = Literal["text", "int64", "double", "timestamp"]
ClockRule = Literal["start_of_day", "end_of_day", "end_of_month"]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A raw column and the fact it becomes.

    `convert` names a converter, `stored` is the type in which a parquet file holds the column (csv holds text). `words` maps
    raw words to ours, in order; for the converter `pattern` its left sides are regular expressions and `spell` says what is
    written for each of our words. `first` and `last` bound a day.

    >>> Column(raw="发票状态", fact="status", convert="words", words=(("有效发票", "valid"),)).stored
    'text'
    """

    raw: str
    fact: str
    convert: str
    stored: RawType = "text"
    words: tuple[tuple[str, str], ...] = ()
    spell: tuple[tuple[str, str], ...] = ()
    first: date | None = None
    last: date | None = None


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """The instant that a day stands for: the day of the fact `happened_on`, or a declared `day`, plus the source's lag.

    >>> Clock(rule="end_of_month").lag_days
    0
    """

    rule: ClockRule
    day: date | None = None
    lag_days: int = 0


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """Quarantines the rows in which `total` is not the sum of `parts`; the words are what a clerk reads.

    >>> Check(code="x", total="gross_fen", parts=("net_fen", "tax_fen"), en="does not add up", zh="不平").parts
    ('net_fen', 'tax_fen')
    """

    code: str
    total: str
    parts: tuple[str, ...]
    en: str
    zh: str


class Emit(msgspec.Struct, frozen=True, kw_only=True):
    """One record that a row gives.

    Columns come from `constants` or else from the fact of their name. `key` lists the columns that identify the record; an
    empty one means that the source declares no key: content and ordinal among identical rows of the file stand in. `when`
    restricts to rows with a fact of that value. `known_before` keeps only records known strictly earlier than that clock says.
    An `implied` record is a past version that follows from the row, so writing needs no row for it.
    """

    kind: str
    happened: Clock
    known: Clock
    key: tuple[str, ...] = ()
    constants: dict[str, str] = {}
    when: tuple[str, str] | None = None
    known_before: Clock | None = None
    implied: bool = False


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """One table of a format. A file has this layout when its header holds every raw column (most columns win).

    `row_key` are the facts by which records of several kinds meet again in one row, `order` the facts by which written rows
    are sorted first (all others follow), so that equal content gives equal bytes.
    """

    name: str
    format: FileFormat
    columns: tuple[Column, ...]
    emits: tuple[Emit, ...]
    checks: tuple[Check, ...] = ()
    row_key: tuple[str, ...] = ("business_id",)
    order: tuple[str, ...] = ()

    @property
    def signature(self) -> frozenset[str]:
        """The raw columns that a header must hold."""
        return frozenset(column.raw for column in self.columns)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A file that writing makes: of all subjects, or of those that have (or lack) a record of a kind."""

    file: str
    layout: str
    having: str = ""
    lacking: str = ""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A raw format: its layouts, the files that writing makes, and `references`, headers of files that hold no records.

    `known_basis` says how its records came to be known; `en` and `zh` name the format for people.

    >>> from weilend.sources import CUMCM2020C
    >>> CUMCM2020C.known_basis, CUMCM2020C.layouts[0].name
    ('reconstructed', ...)
    """

    name: str
    en: str
    zh: str
    layouts: tuple[Layout, ...]
    parts: tuple[Part, ...]
    references: tuple[tuple[str, ...], ...] = ()
    known_basis: Literal["observed", "reconstructed"] = "reconstructed"
    encodings: tuple[str, ...] = ("utf-8-sig", "gb18030")

    def layout(self, name: str) -> Layout:
        """Return a layout by name."""
        return next(layout for layout in self.layouts if layout.name == name)

    def match(self, header: tuple[str, ...]) -> Layout | None:
        """Return the layout whose signature the header holds, the longest one first."""
        fitting = [layout for layout in self.layouts if layout.signature <= set(header)]
        return max(fitting, key=lambda layout: len(layout.signature), default=None)

    def is_reference(self, header: tuple[str, ...]) -> bool:
        """Return whether a header belongs to a file that this format declares to hold no records."""
        return header in self.references


PROFILES: Registry[Profile] = Registry("source profile")


def register(profile: Profile) -> Profile:
    """Add a profile after checking that every record column has a fact or a constant, within the vocabulary of its kind.

    Raises `SchemaError` for a profile that could not be read.

    >>> emit = Emit(kind="external_outcome", happened=Clock(rule="end_of_day"), known=Clock(rule="end_of_day"))
    >>> layout = Layout(name="t", format="csv", columns=(Column(raw="a", fact="business_id", convert="text"),), emits=(emit,))
    >>> register(Profile(name="p", en="", zh="", layouts=(layout,), parts=()))
    Traceback (most recent call last):
    weilend.core.errors.SchemaError: p.t: nothing gives external_outcome.outcome. Hint: map a raw column to it
    """
    for layout in profile.layouts:
        for emit in layout.emits:
            _check_emit(profile.name, layout, emit)
    return PROFILES.add(profile.name, profile)


def record_columns(kind: str) -> tuple[str, ...]:
    """Return the subjects and business fields of a kind, in order.

    >>> record_columns("external_outcome")
    ('business_id', 'outcome')
    """
    return (*KINDS[kind].subjects, *(field.name for field in KINDS[kind].fields))


def _check_emit(name: str, layout: Layout, emit: Emit) -> None:
    facts = {column.fact: column for column in layout.columns}
    columns = record_columns(emit.kind)
    for column in columns:
        if column not in facts and column not in emit.constants and not KINDS[emit.kind].field(column).nullable:
            raise SchemaError(f"{name}.{layout.name}: nothing gives {emit.kind}.{column}", hint="map a raw column to it")
    for column in emit.key:
        if column not in columns and column not in FRAME:
            raise SchemaError(f"{name}.{layout.name}: no column {column!r} to key by", hint=f"there is: {columns}")
    for field in KINDS[emit.kind].fields:
        given = {emit.constants[field.name]} if field.name in emit.constants else _words_of(facts, field.name)
        if field.words and given - set(field.words):
            strange = ", ".join(sorted(given - set(field.words)))
            raise SchemaError(
                f"{name}.{layout.name}: {emit.kind}.{field.name} has no word {strange}", hint=f"say one of {field.words}"
            )


def _words_of(facts: dict[str, Column], name: str) -> set[str]:
    return {ours for _, ours in facts[name].words} if name in facts else set()
