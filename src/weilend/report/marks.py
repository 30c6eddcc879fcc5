"""In: rows, units, labels. Out: what charts share: axes, labelled rows, colours, tooltips. Used: by charts only."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from math import ceil, floor, log10
from typing import Any, Literal
from unicodedata import east_asian_width

import altair as alt
import msgspec

from weilend.core.errors import InputError
from weilend.report import theme
from weilend.report.blocks import Spec
from weilend.report.units import Unit, axis_expression

Domain = tuple[float, float]
Rows = list[dict[str, Any]]

#: Longer labels stand above their bar, where a telephone has room for them.
LABEL_BESIDE_MAX = 22
LEGEND_LINE_MAX = 54


class Place(msgspec.Struct, frozen=True):
    """Where a labelled row stands: its band, the thickness of its bar and how far the bar moves down for its label.

    >>> Place(alt.Y("label:N"), band_px=28, bar_px=16, shift_px=0).height(3)
    84
    """

    y: alt.Y
    band_px: int
    bar_px: int
    shift_px: int

    def height(self, rows: int) -> int:
        """Return the height of so many rows; an empty chart keeps one."""
        return max(1, rows) * self.band_px


def same_length(first: Sized, second: Sized) -> None:
    """Refuse lists that do not belong together.

    >>> same_length([1], [])
    Traceback (most recent call last):
    weilend.core.errors.InputError: lists of 1 and 0 values cannot be drawn together. Hint: give one value per label
    """
    if len(first) != len(second):
        raise InputError(
            f"lists of {len(first)} and {len(second)} values cannot be drawn together", hint="give one value per label"
        )


def spread(values: Sequence[int | float], *, room: float) -> Domain:
    """Return the span of values with `room` (a share of it) on both sides; a span that ends at zero keeps that end.

    >>> spread([0, 100], room=0.1), spread([-50, 50], room=0.1), spread([], room=0.1)
    ((0, 110.0), (-60.0, 60.0), (0, 1))
    """
    if not values:
        return (0, 1)
    low, high = min(values), max(values)
    margin = ((high - low) or abs(high) or 1) * room
    return (low if low == 0 else low - margin, high if high == 0 and low < 0 else high + margin)


def round_edges(low: float, high: float, *, bins: int, whole: bool) -> list[float]:
    """Return the edges of at most `bins` equal bins around ``low..high`` whose width is 1, 2 or 5 times a power of ten.

    >>> round_edges(3, 97, bins=10, whole=True), round_edges(1, 1, bins=10, whole=True)
    ([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100], [1, 2])
    """
    power = 10.0 ** floor(log10((high - low) / bins)) if high > low else 1.0
    widths = [(max(power, 1.0) if whole else power) * step for step in (1, 2, 5, 10, 20)]
    fitting = (width for width in widths if ceil(high / width) - floor(low / width) <= bins)
    width = next(fitting, widths[-1])
    first, last = floor(low / width), ceil(high / width)
    edges = [place * width for place in range(first, max(last, first + 1) + 1)]
    return [round(edge) for edge in edges] if whole else edges


def text_width(text: str) -> int:
    """Return the width of a text in Latin letters; a Chinese character takes two.

    >>> text_width("ab"), text_width("销售")
    (2, 4)
    """
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def table_of(rows: Rows) -> alt.Chart:
    """Return a chart over inline rows.

    >>> table_of([{"a": 1}]).mark_bar().to_dict()["data"]
    {'values': [{'a': 1}]}
    """
    return alt.Chart(alt.Data(values=rows))  # type: ignore[no-untyped-call]  # altair leaves this one class untyped


def axis_of(unit: Unit, title: str, *, grid: bool = True, ticks: int = 6) -> alt.Axis:
    """Return an axis of raw values, labelled in their unit.

    >>> axis_of("count", "firms").to_dict()["title"]
    'firms'
    """
    return alt.Axis(
        title=title or None,
        labelExpr=axis_expression(unit),
        tickCount=ticks,
        grid=grid,
        domain=False,
        ticks=False,
        labelFlush=False,
        labelOverlap=True,
    )


def names_axis(title: str, *, orient: Literal["left", "top"]) -> alt.Axis:
    """Return an axis of names, without lines.

    >>> names_axis("", orient="left").to_dict()["domain"]
    False
    """
    return alt.Axis(
        title=title or None, orient=orient, domain=False, ticks=False, labelAngle=0, labelColor=theme.INK, labelPadding=8
    )


def scale_of(domain: Domain, *, log: bool = False) -> alt.Scale:
    """Return a scale over exactly the domain.

    >>> scale_of((0, 9)).to_dict()["domain"]
    [0, 9]
    """
    if log:
        return alt.Scale(type="log", domain=list(domain), nice=False)
    return alt.Scale(domain=list(domain), nice=False, zero=False)


def across(field: str, unit: Unit, title: str, domain: Domain, *, log: bool = False) -> alt.X:
    """Return the horizontal position of a value.

    >>> across("value", "fen", "sales", (0, 1)).to_dict()["type"]
    'quantitative'
    """
    return alt.X(f"{field}:Q", scale=scale_of(domain, log=log), axis=axis_of(unit, title))


def upward(field: str, unit: Unit, title: str, domain: Domain, *, log: bool = False) -> alt.Y:
    """Return the vertical position of a value.

    >>> upward("value", "fen", "sales", (0, 1)).to_dict()["axis"]["tickCount"]
    5
    """
    return alt.Y(f"{field}:Q", scale=scale_of(domain, log=log), axis=axis_of(unit, title, ticks=5))


def labelled_rows(base: alt.Chart, labels: Sequence[str]) -> tuple[Place, list[alt.Chart]]:
    """Return where rows stand and, where labels are long, the layer that writes them above their row.

    >>> place, names = labelled_rows(table_of([]), ["a label that is rather long"])
    >>> place.band_px, len(names)
    (44, 1)
    """
    if max(map(text_width, labels), default=0) <= LABEL_BESIDE_MAX:
        return Place(
            alt.Y("label:N", sort=list(labels), axis=names_axis("", orient="left")), band_px=28, bar_px=16, shift_px=0
        ), []
    y = alt.Y("label:N", sort=list(labels), axis=None)
    names = base.mark_text(align="left", baseline="middle", yOffset=-10, limit=alt.expr("width")).encode(
        x=alt.value(0), y=y, text="label:N"
    )
    return Place(y, band_px=44, bar_px=12, shift_px=8), [names]


def group_colour(groups: Sequence[str], *, shaded: bool) -> alt.Color:
    """Return one colour per group with a legend above the chart; ordered groups are shaded from light to dark.

    >>> group_colour(["A", "B"], shaded=True).to_dict()["scale"]["domain"]
    ['A', 'B']
    """
    longest = max(map(text_width, groups), default=1)
    return alt.Color(
        "group:N",
        scale=alt.Scale(domain=list(groups), range=_shades(len(groups)) if shaded else list(theme.PALETTE)),
        legend=alt.Legend(title=None, columns=max(1, min(len(groups), LEGEND_LINE_MAX // (longest + 4)))),
    )


def tips(**titles: str) -> list[alt.Tooltip]:
    """Return tooltip lines: field=title.

    >>> tips(full="sales")[0].to_dict()["title"]
    'sales'
    """
    return [alt.Tooltip(field=field, type="nominal", title=title) for field, title in titles.items()]


def finish(chart: alt.Chart | alt.LayerChart | alt.FacetChart, *, height: int) -> Spec:
    """Return the specification: as wide as its place on the page, in the one look, without any address.

    >>> finish(table_of([]).mark_bar(), height=9)["width"]
    'container'
    """
    spec: dict[str, Any] = chart.to_dict()
    spec.pop("$schema", None)
    return spec | {
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": theme.CONFIG,
    }


def _shades(count: int) -> list[str]:
    """Spread the ordered shades over so many groups."""
    last = len(theme.SHADES) - 1
    if count < 2:
        return [theme.SHADES[last // 2]]
    return [theme.SHADES[round(place * last / (count - 1))] for place in range(count)]
