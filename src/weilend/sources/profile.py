"""In: nothing. Out: `Profile`, a raw format as data: tables, columns, clocks, keys, checks. Used: by reader and writer.

A profile is one table read in both directions. A raw row is parsed into *facts* by its columns, worked on by steps, judged by
checks, and emitted as one or more records; writing inverts the same lines. Facts are named as the record columns they become.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from weilend.core.records import KINDS
from weilend.core.registry import Registry

FileFormat = Literal["parquet", "csv", "xlsx"]
RawType = Literal["text", "int64", "double", "timestamp"]
ClockRule = Literal["start_of_day", "end_of_day", "end_of_month", "instant"]
#: How far a profile was checked: against a real file, a list of columns of one, or nothing but memory.
Evidence = Literal["sample", "columns", "memory"]


class Column(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A raw column and the fact it becomes; several columns may read the same raw one.

    `convert` names a converter, `stored` is the type in which a parquet file holds the column (all others hold text). `aliases`
    are other names of the raw column; one that may be `absent` from the header gives NULLs; a cell that may be `blank` is no
    fault, and of one that may be `masked` an amount without any digit (xx,yyy.zz, ****) is as if blank. `take` is a regular
    expression whose group `cell` is what is read of a cell, and a cell without it is blank. `words` maps raw words to ours, in
    order; for the converter `pattern` its left sides are regular expressions, `default` is the word for all others, and `spell`
    says what is written for each of our words. `formats` are those of a day; `first` and `last` bound it.

    >>> Column(raw="发票状态", fact="status", convert="words", words=(("有效发票", "valid"),)).stored
    'text'
    """

    raw: str
    fact: str
    convert: str = "text"
    stored: RawType = "text"
    aliases: tuple[str, ...] = ()
    absent: bool = False
    blank: bool = False
    masked: bool = False
    take: str = ""
    words: tuple[tuple[str, str], ...] = ()
    default: str = ""
    spell: tuple[tuple[str, str], ...] = ()
    formats: tuple[str, ...] = ("ymd",)
    decimal: Literal[".", ","] = "."
    first: date | None = None
    last: date | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The raw name and its aliases."""
        return (self.raw, *self.aliases)


class Clock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The instant that a fact stands for: a day (the fact `of`, or a declared `day`) by a rule, or an instant as it is; plus a
    lag.

    >>> Clock(rule="end_of_month").lag_days
    0
    """

    rule: ClockRule
    of: str = "happened_on"
    day: date | None = None
    lag_days: int = 0


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Quarantines the rows in which `total` is not the sum of `parts`; the words are what a clerk reads.

    >>> Check(code="x", total="gross_fen", parts=("net_fen", "tax_fen"), en="does not add up", zh="不平").parts
    ('net_fen', 'tax_fen')
    """

    code: str
    total: str
    parts: tuple[str, ...]
    en: str
    zh: str


class Emit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One record that a row gives.

    Columns come from `constants`, else from the fact that `facts` names, else from the fact of their own name; those in `blanks`
    are NULL. `key` lists the facts that identify the record; an empty one means that the source declares no key: content and
    ordinal among identical rows of the file stand in. With `ordinal`, rows of one key are told apart by their ordinal. `when`
    restricts to rows with a fact of that value, `has` to rows where a fact is known. `known_before` keeps only records known
    strictly earlier than that clock says. An `implied` record is a past version that follows from the row, so writing needs no
    row for it.
    """

    kind: str
    happened: Clock = Clock(rule="instant", of="happened_at")
    known: Clock
    key: tuple[str, ...] = ()
    ordinal: bool = False
    constants: dict[str, str] = {}
    facts: dict[str, str] = {}
    blanks: tuple[str, ...] = ()
    when: tuple[str, str] | None = None
    has: str = ""
    known_before: Clock | None = None
    implied: bool = False


class Join(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Takes facts of another table of the same folder: of its first row with the same fact `by`.

    `facts` names each fact here and the one there. Where there `must` be such a row, one without is quarantined.

    >>> Join(table="orders", by="order_id", facts={"status": "status"}).must
    False
    """

    table: str
    by: str
    facts: dict[str, str]
    must: bool = False


class Layout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of a format. A file has this layout when its header holds every raw column that may not be absent (most columns
    win).

    Reading: `nulls` are cells that say nothing, `strip` are signs around every cell; a row may have `cells_min` cells where its
    last ones are blank (0: as many as the header); a cell may hold line breaks where `multiline`. A row whose first cell matches
    one of `footers` is no data. `says` are regular expressions whose named groups are what the lines above and below the rows say
    (account, name, since, until, lines, opening, closing, in_count, in_total, out_count, out_total). `steps` work on facts row by
    row, `whole` on those of a sheet, `reconcile` compares figures; `keeps` are facts that only these read. A row with something
    in the column `totals` is no data: it says sums, as name=value. `joins` takes facts of other tables of the folder; a table
    that others join and that emits nothing is `counted` where its rows are facts (one that no row joins is quarantined) and not
    where it only explains codes.

    Writing: `header` is every column in order (by default those that are read), `above`, `lead` and `below` are the lines above
    the header, right under it, and under the rows, `fill` the text of columns that carry nothing, `forms` how facts make up a
    cell, tried in turn, `descending` whether the latest row comes first.

    `row_key` are the facts by which records of several kinds meet again in one row, `order` the facts by which written rows
    are sorted first (all others follow), so that equal content gives equal bytes.
    """

    name: str
    format: FileFormat = "csv"
    columns: tuple[Column, ...]
    emits: tuple[Emit, ...]
    checks: tuple[Check, ...] = ()
    row_key: tuple[str, ...] = ("business_id",)
    order: tuple[str, ...] = ()
    delimiter: str = ","
    nulls: tuple[str, ...] = ()
    strip: str = ""
    cells_min: int = 0
    multiline: bool = False
    footers: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    reconcile: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    lexicon: str = ""
    totals: str = ""
    joins: tuple[Join, ...] = ()
    counted: bool = True
    header: tuple[str, ...] = ()
    above: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    fill: dict[str, str] = {}
    forms: dict[str, tuple[str, ...]] = {}
    descending: bool = False

    @property
    def signature(self) -> frozenset[str]:
        """The raw columns that a header must hold."""
        return frozenset(column.raw for column in self.columns if not column.absent)

    @property
    def written(self) -> tuple[str, ...]:
        """Every raw column in the order in which it is written."""
        return self.header or tuple(dict.fromkeys(column.raw for column in self.columns))


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that writing makes: of all subjects, or of those that have (or lack) a record of a kind."""

    file: str
    layout: str
    having: str = ""
    lacking: str = ""


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A raw format: its layouts, the files that writing makes, and `references`, headers of files that hold no records.

    `known_basis` says how its records came to be known; `en` and `zh` name the format for people; `evidence` says how far the
    profile was checked and `notes` what is known of it beyond. `currency` is that of its amounts where the rows do not name one.
    Where `secrets` is set its columns hold names or account numbers, and reading needs the key that hides them. A format that is
    `read_only` says things that no record keeps, so its files cannot be made of records.

    >>> from weilend.sources import CUMCM2020C
    >>> CUMCM2020C.known_basis, CUMCM2020C.layouts[0].name
    ('reconstructed', ...)
    """

    name: str
    en: str
    zh: str
    layouts: tuple[Layout, ...]
    parts: tuple[Part, ...] = ()
    references: tuple[tuple[str, ...], ...] = ()
    known_basis: Literal["observed", "reconstructed"] = "reconstructed"
    encodings: tuple[str, ...] = ("utf-8-sig", "gb18030")
    evidence: Evidence = "sample"
    notes: str = ""
    currency: str = ""
    secrets: bool = False
    read_only: bool = False

    def layout(self, name: str) -> Layout:
        """Return a layout by name."""
        return next(layout for layout in self.layouts if layout.name == name)

    def is_reference(self, header: tuple[str, ...]) -> bool:
        """Return whether a header belongs to a file that this format declares to hold no records."""
        return header in self.references


PROFILES: Registry[Profile] = Registry("source profile")


def record_columns(kind: str) -> tuple[str, ...]:
    """Return the subjects and business fields of a kind, in order.

    >>> record_columns("external_outcome")
    ('business_id', 'outcome')
    """
    return (*KINDS[kind].subjects, *(field.name for field in KINDS[kind].fields))
