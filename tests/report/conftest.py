"""A page with every block, made of one text that stands in every place where a text can stand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from weilend.report import (
    Block,
    Bullets,
    Callout,
    ChartBlock,
    ChartGrid,
    Column,
    DataTable,
    Details,
    Entry,
    Glossary,
    KeyFigure,
    KeyFigures,
    Page,
    Panel,
    Prose,
    Section,
    bars,
    heat,
    histogram,
    intervals,
    lines,
    ranked,
    scatter,
    waterfall,
)
from weilend.report.blocks import Spec


def _every_chart(text: str) -> dict[str, Spec]:
    return {
        "bars": bars([text, "b"], [3, -1], axis=text, highlight=[text]),
        "bars of long labels": bars([text + " which is a long label indeed"], [3], axis=text),
        "histogram": histogram([1, 2, 9], unit="count", groups=[text, "x", "x"], axis=text, counted=text),
        "intervals": intervals([text], [1], [-2], [3], unit="ppm", axis=text),
        "lines": lines(["m1", text], {text: [1, None], "other": [2, 3]}, unit="fen", axis=text, x_axis=text),
        "scatter": scatter([1, 2], [3, 4], labels=[text, "b"], groups=[text, "x"], x_axis=text, y_axis=text),
        "heat": heat([text], ["c", text + "2"], [[1, None]], unit="fen", row_axis=text, column_axis=text),
        "waterfall": waterfall([text], [5], axis=text, total=text + " total"),
        "ranked": ranked([3, 2], unit="fen_wan", groups=[text, "x"], axis=text, counted=text),
    }


def _full_page(text: str) -> Page:
    charts = _every_chart(text)
    panel = Panel(text, charts.pop("heat"))
    blocks: tuple[Block, ...] = (
        Prose((text, text)),
        Bullets((text,)),
        KeyFigures((KeyFigure(text, text, text),)),
        Callout(tone="unknown", title=text, text=text, items=(text,)),
        DataTable(
            columns=(Column(title=text), Column(title=text + "2", unit="count", bar=True)),
            rows=((text, 1), (None, -1)),
            title=text,
            caption=text,
        ),
        *(ChartBlock(title=text, description=text, spec=spec) for spec in charts.values()),
        ChartGrid(title=text, panels=(panel,), description=text),
        Details(text, (Prose((text,)), ChartBlock(title=text, spec=bars([text], [1])))),
        Glossary(entries=(Entry(name="one", line=text, line_zh=text, tags=(text,), facts=((text, text),)),), prompt=text),
    )
    sections = (
        Section(id="one", title=text, title_zh=text, lead=text, blocks=blocks),
        Section(id="two", title=text, blocks=(), new_page=True),
    )
    return Page(title=text, title_zh=text, subtitle=text, lead=text, sections=sections, made_from=((text, text),))


@pytest.fixture
def every_chart() -> Callable[[str], dict[str, Spec]]:
    """Every chart function once, over the same text."""
    return _every_chart


@pytest.fixture
def full_page() -> Callable[[str], Page]:
    """A page with every block and every chart."""
    return _full_page
