"""In: lists of numbers. Out: Vega-Lite specifications on two axes. Used: in `ChartBlock`, `ChartGrid`, `chart_svg`.

Every chart takes its width from the page. Whatever a label or tooltip says is written by `units`, so that a chart and the
table beside it agree to the character. For small multiples give every panel the same `domain`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np

from weilend.core.errors import InputError
from weilend.report import theme
from weilend.report.blocks import Spec
from weilend.report.marks import (
    Domain,
    Rows,
    across,
    finish,
    group_colour,
    names_axis,
    round_edges,
    same_length,
    spread,
    table_of,
    tips,
    upward,
)
from weilend.report.units import Unit, check_number, show, show_short

MAX_POINTS = 5_000


def histogram(
    values: Sequence[int | float | None],
    *,
    unit: Unit = "number",
    bins: int = 24,
    groups: Sequence[str] | None = None,
    order: Sequence[str] = (),
    shaded: bool = False,
    axis: str = "",
    counted: str = "count",
    domain: Domain | None = None,
) -> Spec:
    """Return how many values fall into each of at most `bins` equal bins with round edges, stacked by group; None is left out.

    `order` is the order of the groups; where they are steps of one thing (grades), `shaded` colours them from light to dark.

    >>> sum(row["count"] for row in histogram([1, 2, 2, None], unit="count", bins=2)["data"]["values"])
    3
    """
    kinds = list(groups) if groups is not None else ["all"] * len(values)
    same_length(values, kinds)
    known = [(check_number(value, unit), kind) for value, kind in zip(values, kinds, strict=True) if value is not None]
    if not known:
        raise InputError("there is no value to draw", hint="leave the chart out, and say so in words")
    edges = round_edges(*(domain or _reach([value for value, _ in known])), bins=bins, whole=unit != "number")
    legend = list(order) or sorted(set(kinds))
    drawn = table_of(_stacks(known, edges, legend, unit)).mark_bar(stroke=theme.PAPER, strokeWidth=0.8, binSpacing=0)
    told = {"group": "group"} if groups is not None else {}
    drawn = drawn.encode(
        x=across("lo", unit, axis, (edges[0], edges[-1])).bin("binned"),
        x2="hi",
        y=alt.Y("count:Q", axis=alt.Axis(title=counted, tickCount=5, domain=False, ticks=False, tickMinStep=1, format="d")),
        order=alt.Order("place:Q"),
        tooltip=tips(span=axis or "value", **told, count=counted),
        color=alt.value(theme.BLUE) if groups is None else group_colour(legend, shaded=shaded),
    )
    return finish(drawn, height=230)


def lines(
    x: Sequence[int | float] | Sequence[str],
    series: Mapping[str, Sequence[int | float | None]],
    *,
    x_unit: Unit = "count",
    unit: Unit = "number",
    x_axis: str = "",
    axis: str = "",
    domain: Domain | None = None,
) -> Spec:
    """Return one line per named series over shared places; places that are texts (months) keep their order; None is a gap.

    >>> len(lines(["2019-01", "2019-02"], {"sales": [1, None]}, unit="count")["data"]["values"])
    2
    """
    rows: Rows = []
    for name, values in series.items():
        same_length(x, values)
        rows += [
            {"x": at, "x_text": at if isinstance(at, str) else show(at, x_unit), "group": name}
            | {"value": None if value is None else check_number(value, unit), "full": show(value, unit)}
            for at, value in zip(x, values, strict=True)
        ]
    known = [row["value"] for row in rows if row["value"] is not None]
    numbers = [at for at in x if not isinstance(at, str)]
    months = alt.X(
        "x:O", sort=None, axis=alt.Axis(title=x_axis or None, labelOverlap=True, labelAngle=0, domainColor=theme.LINE)
    )
    place = across("x", x_unit, x_axis, spread(numbers, room=0)) if numbers else months
    drawn = table_of(rows).mark_line(
        strokeWidth=2.2, point=alt.OverlayMarkDef(size=28, filled=True), invalid="break-paths-show-path-domains"
    )
    return finish(
        drawn.encode(
            x=place,
            y=upward("value", unit, axis, domain or spread(known, room=0.06)),
            color=group_colour(list(series), shaded=False) if len(series) > 1 else alt.value(theme.BLUE),
            tooltip=tips(group=" ", x_text=x_axis or "at", full=axis or "value"),
        ),
        height=240,
    )


def scatter(
    x: Sequence[int | float],
    y: Sequence[int | float],
    *,
    x_unit: Unit = "number",
    y_unit: Unit = "number",
    x_axis: str = "",
    y_axis: str = "",
    labels: Sequence[str] = (),
    groups: Sequence[str] = (),
    order: Sequence[str] = (),
    shaded: bool = False,
    log_x: bool = False,
) -> Spec:
    """Return one point per pair (5,000 at most), coloured by group; `log_x` needs x above zero.

    >>> scatter([1, 2], [3, 4], groups=["a", "b"])["mark"]["type"]
    'point'
    """
    same_length(x, y)
    if len(x) > MAX_POINTS:
        raise InputError(f"{len(x):,} points are too many to tell apart", hint=f"draw a histogram or at most {MAX_POINTS:,}")
    if log_x and min(x, default=1) <= 0:
        raise InputError("a logarithmic axis cannot show zero or less", hint="leave those points out, and say so in words")
    kinds, told = groups or [""] * len(x), labels or [""] * len(x)
    same_length(x, kinds)
    same_length(x, told)
    rows: Rows = [
        {"x": at, "y": up, "group": kind, "label": label, "x_text": show(at, x_unit), "y_text": show(up, y_unit)}
        for at, up, kind, label in zip(x, y, kinds, told, strict=True)
    ]
    span = (min(x, default=1) * 0.8, max(x, default=10) * 1.25) if log_x else spread(x, room=0.04)
    shown = {"label": " "} if labels else {}
    return finish(
        table_of(rows)
        .mark_point(filled=True, size=46, opacity=0.72, stroke=theme.PAPER, strokeWidth=0.6)
        .encode(
            x=across("x", x_unit, x_axis, span, log=log_x),
            y=upward("y", y_unit, y_axis, spread(y, room=0.06)),
            color=group_colour(order or sorted(set(kinds)), shaded=shaded) if groups else alt.value(theme.BLUE),
            tooltip=tips(**shown, x_text=x_axis or "x", y_text=y_axis or "y"),
        ),
        height=320,
    )


def heat(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[int | float | None]],
    *,
    unit: Unit = "number",
    row_axis: str = "",
    column_axis: str = "",
    centre: int | float | None = None,
    domain: Domain | None = None,
) -> Spec:
    """Return a table of coloured cells, one inner list per row; with `centre` (such as 0) two colours part there.

    >>> heat(["45 %"], ["3 %", "8 %"], [[5, -5]], centre=0)["data"]["values"][1]["text"]
    '-5'
    """
    same_length(rows, values)
    for line in values:
        same_length(columns, line)
    known = [value for line in values for value in line if value is not None]
    low, high = domain or (min(known, default=0), max(known, default=1))
    if centre is not None:
        reach = max(abs(low - centre), abs(high - centre)) or 1
        low, high = centre - reach, centre + reach
    cells: Rows = [
        {"row": row, "column": column, "value": value, "text": show_short(value, unit), "full": show(value, unit)}
        | {"ink": theme.PAPER if value is not None and _is_dark(value, low, high, centred=centre is not None) else theme.INK}
        for row, line in zip(rows, values, strict=True)
        for column, value in zip(columns, line, strict=True)
    ]
    base = table_of(cells).encode(
        x=alt.X("column:N", sort=list(columns), axis=names_axis(column_axis, orient="top")),
        y=alt.Y("row:N", sort=list(rows), axis=names_axis(row_axis, orient="left")),
    )
    colours = list(theme.SEQUENTIAL if centre is None else theme.DIVERGING)
    cell = base.mark_rect(stroke=theme.PAPER, strokeWidth=2).encode(
        color=alt.Color(
            "value:Q", scale=alt.Scale(domain=[low, high], range=colours, clamp=True, interpolate="rgb"), legend=None
        ),
        tooltip=tips(row=row_axis or "row", column=column_axis or "column", full="value"),
    )
    said = base.mark_text(baseline="middle").encode(text="text:N", color=alt.Color("ink:N", scale=None))
    # the colours of cells and of their texts are two scales
    return finish(alt.layer(cell, said).resolve_scale(color="independent"), height=38 * len(rows))


def ranked(
    values: Sequence[int | float],
    *,
    unit: Unit = "number",
    groups: Sequence[str] | None = None,
    order: Sequence[str] = (),
    shaded: bool = False,
    axis: str = "",
    counted: str = "rank",
) -> Spec:
    """Return every value as a thin bar, the largest at the left: how a total spreads over its parts (5,000 at most).

    >>> [row["value"] for row in ranked([1, 5, 3], unit="count")["data"]["values"]]
    [5, 3, 1]
    """
    if len(values) > MAX_POINTS:
        raise InputError(f"{len(values):,} bars are too many to tell apart", hint=f"draw a histogram or at most {MAX_POINTS:,}")
    kinds = list(groups) if groups is not None else [""] * len(values)
    same_length(values, kinds)
    pairs = sorted(zip(values, kinds, strict=True), key=lambda pair: -pair[0])
    rows: Rows = [
        {"lo": place, "hi": place + 1, "value": check_number(value, unit), "zero": 0, "full": show(value, unit), "group": kind}
        | {"place": f"{place + 1:,} of {len(pairs):,}"}
        for place, (value, kind) in enumerate(pairs)
    ]
    legend = list(order) or sorted(set(kinds))
    told = {"group": "group"} if groups is not None else {}
    drawn = (
        table_of(rows)
        .mark_rect(stroke=None)
        .encode(
            x=across("lo", "count", counted, (0, max(1, len(pairs)))),
            x2="hi",
            y=upward("value", unit, axis, spread([0, *values], room=0.04)),
            y2="zero",
            color=alt.value(theme.BLUE) if groups is None else group_colour(legend, shaded=shaded),
            tooltip=tips(place=counted, full=axis or "value", **told),
        )
    )
    return finish(drawn, height=230)


def _reach(values: Sequence[int | float]) -> Domain:
    """The span to bin: from zero where the smallest value is near it."""
    low, high = min(values), max(values)
    return (0 if 0 <= low <= 0.3 * high else low, high)


def _stacks(known: Sequence[tuple[int | float, str]], edges: Sequence[float], legend: Sequence[str], unit: Unit) -> Rows:
    """Count values per bin and group; a bin is named by its edges."""
    rows: Rows = []
    for place, kind in enumerate(legend):
        counts, _ = np.histogram([value for value, name in known if name == kind], bins=list(edges))
        rows += [
            {"lo": low, "hi": high, "count": count, "group": kind, "place": place, "span": _span(low, high, unit)}
            for low, high, count in zip(edges[:-1], edges[1:], counts.tolist(), strict=True)
            if count
        ]
    return rows


def _span(low: float, high: float, unit: Unit) -> str:
    exact = [value if unit == "number" else round(value) for value in (low, high)]
    return f"{show_short(exact[0], unit)} to {show_short(exact[1], unit)}"


def _is_dark(value: int | float, low: float, high: float, *, centred: bool) -> bool:
    """Whether a cell is so dark that white text reads better on it."""
    share = (value - low) / ((high - low) or 1)
    return abs(share - 0.5) > 0.41 if centred else share > 0.75
