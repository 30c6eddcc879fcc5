"""In: a `Page` of blocks. Out: one HTML text that needs nothing else. Used: by the desk's reports."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from weilend.report import theme
from weilend.report.blocks import Block, ChartBlock, ChartGrid, Column, DataTable, Details, Glossary, Page
from weilend.report.bundle import SEARCH, chart_script, digest_script
from weilend.report.units import Cell, show

#: Code, strong, emphasis; one pass, so that a mark inside code stays what it is.
_MARK = re.compile(r"`([^`]+)`|\*\*([^*\s](?:[^*]*[^*\s])?)\*\*|\*([^*\s](?:[^*]*[^*\s])?)\*")
_MARK_TAGS = {1: "code", 2: "strong", 3: "em"}


def render_page(page: Page) -> str:
    """Return the page as one HTML document: styles, charts and the script that draws them inside, no address to load from.

    The document forbids itself every network access and every script but its own (Content Security Policy), and it is a
    function of its values: no clock, no chance.

    >>> from weilend.report.blocks import Prose, Section
    >>> html = render_page(Page(title="A & B", sections=(Section(id="one", title="One", blocks=(Prose(("**Yes**",)),)),)))
    >>> "<h1>A &amp; B</h1>" in html, "<strong>Yes</strong>" in html, "<script" in html
    (True, True, False)
    """
    blocks = [block for section in page.sections for block in _unfold(section.blocks)]
    scripts = [SEARCH] if any(isinstance(block, Glossary) for block in blocks) else []
    scripts += [chart_script()] if any(isinstance(block, ChartBlock | ChartGrid) for block in blocks) else []
    return (
        _templates()
        .get_template("page.html.jinja")
        .render(
            page=page,
            policy=" ".join(f"'{digest_script(script)}'" for script in scripts) or "'none'",
            scripts=[Markup(script) for script in scripts],  # noqa: S704  our own, not text that came in
        )
    )


def emphasise(text: str) -> Markup:
    """Return running text escaped, then its three marks (``**strong**``, ``*emphasis*``, ```code```) as HTML.

    >>> str(emphasise("**AUC** <b> *is* `x`"))
    '<strong>AUC</strong> &lt;b&gt; <em>is</em> <code>x</code>'
    """
    return Markup(_MARK.sub(_tag, str(escape(text))))  # noqa: S704  escaped above; only the three marks were added


def spec_json(spec: dict[str, Any]) -> Markup:
    """Return a specification as JSON that cannot end the script element it stands in.

    >>> str(spec_json({"b": "</script>", "a": 1}))
    '{"a":1,"b":"\\\\u003c/script\\\\u003e"}'
    """
    text = msgspec.json.encode(spec, order="sorted").decode()
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704  the three letters that mean something to HTML are spelled out above


def cell_text(cell: Cell, column: Column) -> str:
    """Return a table cell as its column reads.

    >>> cell_text(35_000, Column(title="PD", unit="ppm", places=1))
    '3.5 %'
    """
    return show(cell, column.unit, places=column.places, signed=column.signed)


def bar_percents(table: DataTable) -> tuple[tuple[int, ...], ...]:
    """Return, per column and row, the length of the bar in percent of the column's largest magnitude; none without bars.

    >>> columns = (Column(title="name"), Column(title="n", unit="count", bar=True))
    >>> bar_percents(DataTable(columns=columns, rows=(("a", 4), ("b", -2), ("c", None))))
    ((), (100, 50, 0))
    """
    return tuple(
        _percents([row[place] for row in table.rows]) if column.bar else () for place, column in enumerate(table.columns)
    )


def _percents(cells: list[Cell]) -> tuple[int, ...]:
    sizes = [abs(cell) if isinstance(cell, int | float) else 0 for cell in cells]
    largest = max(sizes, default=0) or 1
    return tuple(round(100 * size / largest) for size in sizes)


def _unfold(blocks: tuple[Block, ...]) -> list[Block]:
    """Return blocks, and after each that folds others away, those."""
    return [one for block in blocks for one in (block, *(_unfold(block.blocks) if isinstance(block, Details) else ()))]


def _tag(match: re.Match[str]) -> str:
    place = match.lastindex or 0
    return f"<{_MARK_TAGS[place]}>{match[place]}</{_MARK_TAGS[place]}>"


def _template_of(block: Block) -> str:
    """A block is drawn by the template of its name."""
    return f"{type(block).__name__}.jinja"


def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("weilend.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"emphasise": emphasise, "spec_json": spec_json, "template": _template_of, "cell": cell_text}
    environment.globals |= {"bar_percents": bar_percents, "font": theme.FONT}
    return environment
