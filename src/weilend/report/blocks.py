"""In: plain values of the caller. Out: the frozen parts of a page. Used: by whoever composes a report; rendered by `page`.

Every text is plain text: whatever it holds is escaped. Running text (`Prose`, `Bullets`, `Callout`, notes and descriptions)
knows three marks: ``**strong**``, ``*emphasis*`` and ```code```.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from weilend.core.errors import InputError
from weilend.report.units import Cell, Unit, show

#: A Vega-Lite specification without data addresses, as the functions in `row_charts` and `plots` make them.
Spec = dict[str, Any]
Tone = Literal["note", "warning", "unknown"]

FOLD_ABOVE_ROWS = 20
_ANCHOR = re.compile(r"[a-z][a-z0-9-]*")


class Prose(msgspec.Struct, frozen=True):
    """Paragraphs of running text, one string each.

    >>> Prose(("It *says* what it does not know.",)).paragraphs[0]
    'It *says* what it does not know.'
    """

    paragraphs: tuple[str, ...]


class Bullets(msgspec.Struct, frozen=True):
    """A short list of running texts.

    >>> len(Bullets(("one", "two")).items)
    2
    """

    items: tuple[str, ...]


class KeyFigure(msgspec.Struct, frozen=True):
    """One number that matters, already written out, and what to know about it.

    >>> KeyFigure("Decided", "302", "all that applied").value
    '302'
    """

    label: str
    value: str
    note: str = ""


class KeyFigures(msgspec.Struct, frozen=True):
    """A row of key figures; four to eight read best.

    >>> KeyFigures((KeyFigure("Decided", "302"),)).figures[0].label
    'Decided'
    """

    figures: tuple[KeyFigure, ...]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a table: its heading and how its cells read; numbers stand to the right. `bar` draws each value as a bar.

    >>> Column(title="PD", unit="ppm", bar=True).numeric
    True
    """

    title: str
    unit: Unit = "text"
    places: int | None = None
    signed: bool = False
    bar: bool = False

    def __post_init__(self) -> None:
        """Refuse bars of texts."""
        if self.bar and not self.numeric:
            raise InputError(f"column {self.title!r} is text and cannot have bars", hint="give it a unit")

    @property
    def numeric(self) -> bool:
        """Whether cells are numbers."""
        return self.unit != "text"


class DataTable(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of cells in the order of the columns; None is shown as a dash. Folded away above 20 rows unless `folded` is given.

    Raises `InputError` when a row has another length than the columns, or a cell is not of its column's unit.

    >>> DataTable(columns=(Column(title="a"),), rows=(("x", 1),))
    Traceback (most recent call last):
    weilend.core.errors.InputError: row 1 of table '' has 2 cells, the table 1 columns. Hint: give each row one cell per column
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    caption: str = ""
    folded: bool | None = None

    def __post_init__(self) -> None:
        """Refuse rows that do not fit the columns."""
        for number, row in enumerate(self.rows, start=1):
            if len(row) != len(self.columns):
                raise InputError(
                    f"row {number} of table {self.title!r} has {len(row)} cells, the table {len(self.columns)} columns",
                    hint="give each row one cell per column",
                )
            for cell, column in zip(row, self.columns, strict=True):
                show(cell, column.unit)

    @property
    def fold(self) -> bool:
        """Whether the table starts folded away."""
        return len(self.rows) > FOLD_ABOVE_ROWS if self.folded is None else self.folded


class ChartBlock(msgspec.Struct, frozen=True, kw_only=True):
    """A chart with a title that says what it shows and a description that says how to read it (and is read aloud).

    >>> from weilend.report.row_charts import bars
    >>> ChartBlock(title="Reasons", description="How often each was given.", spec=bars(["small"], [3])).title
    'Reasons'
    """

    title: str
    spec: Spec
    description: str = ""


class Panel(msgspec.Struct, frozen=True):
    """One of several small charts; give all of them the same `domain` so that they can be compared.

    >>> from weilend.report.row_charts import bars
    >>> Panel("North", bars(["a"], [1], domain=(0, 9))).title
    'North'
    """

    title: str
    spec: Spec


class ChartGrid(msgspec.Struct, frozen=True, kw_only=True):
    """Small multiples: panels side by side where there is room, below each other where there is not.

    >>> ChartGrid(title="By region", panels=()).panels
    ()
    """

    title: str
    panels: tuple[Panel, ...]
    description: str = ""


class Callout(msgspec.Struct, frozen=True, kw_only=True):
    """Something the reader must not miss; `unknown` is for what the page does not know.

    >>> Callout(tone="unknown", title="The label has no date", text="It is *taken* as known.").tone
    'unknown'
    """

    tone: Tone
    title: str
    text: str = ""
    items: tuple[str, ...] = ()


class Details(msgspec.Struct, frozen=True):
    """Blocks folded away behind one line.

    >>> Details("How it was measured", (Prose(("…",)),)).summary
    'How it was measured'
    """

    summary: str
    blocks: tuple[Block, ...]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a glossary: its name (small letters, digits and underscores, an anchor), a line in English and one in
    Chinese, short tags, and what is known of it as (what, value) pairs that unfold.

    >>> Entry(name="sales_fen_12m", line="net sales of twelve months", line_zh="近12个月净销售额").tags
    ()
    """

    name: str
    line: str
    line_zh: str = ""
    tags: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


class Glossary(msgspec.Struct, frozen=True, kw_only=True):
    """Entries with a field to search them by any of their words; `prompt` stands in the field.

    >>> Glossary(entries=(), prompt="Search").entries
    ()
    """

    entries: tuple[Entry, ...]
    prompt: str


Block = Prose | Bullets | KeyFigures | DataTable | ChartBlock | ChartGrid | Callout | Details | Glossary


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the page with an anchor (`id`: small letters, digits and hyphens) and a line in the table of contents.

    >>> Section(id="Page One", title="x", blocks=())
    Traceback (most recent call last):
    weilend.core.errors.InputError: 'Page One' is no anchor. Hint: use small letters, digits and hyphens, a letter first
    """

    id: str
    title: str
    blocks: tuple[Block, ...]
    title_zh: str = ""
    lead: str = ""
    new_page: bool = False

    def __post_init__(self) -> None:
        """Refuse ids that cannot be anchors."""
        if not _ANCHOR.fullmatch(self.id):
            raise InputError(f"{self.id!r} is no anchor", hint="use small letters, digits and hyphens, a letter first")


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A whole page. `made_from` are (name, hash or version) pairs for the footer; nothing on the page depends on the clock.

    Raises `InputError` when two sections share an id.

    >>> Page(title="Committee report", sections=(Section(id="one", title="One", blocks=()),)).sections[0].id
    'one'
    """

    title: str
    sections: tuple[Section, ...]
    title_zh: str = ""
    subtitle: str = ""
    lead: str = ""
    made_from: tuple[tuple[str, str], ...] = ()
    language: str = "en"

    def __post_init__(self) -> None:
        """Refuse sections that share an anchor."""
        ids = [section.id for section in self.sections]
        for anchor in ids:
            if ids.count(anchor) > 1:
                raise InputError(f"two sections have the id {anchor!r}", hint="give each section its own id")
