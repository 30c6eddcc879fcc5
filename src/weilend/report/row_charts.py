"""In: labels with numbers. Out: Vega-Lite specifications with one row per label. Used: in `ChartBlock`, `ChartGrid`.

Every chart takes its width from the page. Whatever a label or tooltip says is written by `units`, so that a chart and the
table beside it agree to the character. For small multiples give every panel the same `domain`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import altair as alt

from weilend.report import theme
from weilend.report.blocks import Spec
from weilend.report.marks import Domain, Rows, across, finish, labelled_rows, same_length, spread, table_of, tips
from weilend.report.units import Unit, check_number, show, show_short

_OWN_COLOUR = alt.Color("colour:N", scale=None)


def bars(
    labels: Sequence[str],
    values: Sequence[int | float],
    *,
    unit: Unit = "count",
    axis: str = "",
    sort: bool = True,
    highlight: Sequence[str] = (),
    domain: Domain | None = None,
) -> Spec:
    """Return horizontal bars, the longest first; with `highlight` all other bars are grey. `axis` says what is measured.

    >>> [row["label"] for row in bars(["late", "small"], [3, 9])["data"]["values"]]
    ['small', 'late']
    """
    same_length(labels, values)
    pairs = list(zip(labels, values, strict=True))
    if sort:
        pairs.sort(key=lambda pair: -pair[1])
    grey = [bool(highlight) and label not in highlight for label, _ in pairs]
    rows: Rows = [
        {
            "label": label,
            "value": check_number(value, unit),
            "text": show_short(value, unit),
            "full": show(value, unit),
            "colour": theme.GREY if pale else theme.BLUE,
        }
        for (label, value), pale in zip(pairs, grey, strict=True)
    ]
    base = table_of(rows)
    place, names = labelled_rows(base, [label for label, _ in pairs])
    x = across("value", unit, axis, domain or spread([*values, 0], room=0.14))
    drawn = base.mark_bar(size=place.bar_px, yOffset=place.shift_px).encode(
        x=x, y=place.y, color=_OWN_COLOUR, tooltip=tips(label=" ", full=axis or "value")
    )
    said = base.mark_text(
        align=alt.expr("datum.value < 0 ? 'right' : 'left'"),
        dx=alt.expr("datum.value < 0 ? -5 : 5"),
        yOffset=place.shift_px,
        baseline="middle",
    ).encode(x=x, y=place.y, text="text:N")
    return finish(alt.layer(drawn, said, *names), height=place.height(len(pairs)))


def intervals(
    labels: Sequence[str],
    middles: Sequence[int | float],
    lows: Sequence[int | float],
    highs: Sequence[int | float],
    *,
    unit: Unit = "number",
    reference: int | float | None = 0,
    axis: str = "",
    signed: bool = True,
    domain: Domain | None = None,
) -> Spec:
    """Return a dot with its interval per label, in their order; an interval that contains `reference` is grey and hollow.

    For paired differences leave `reference` at 0; None draws no line and leaves all intervals alike.

    >>> spec = intervals(["by sales"], [-12_000], [-40_000], [15_000], unit="fraction_ppm")
    >>> spec["layer"][1]["data"]["values"][0]["full"]
    '-0.012 (-0.040 to +0.015)'
    """
    for others in (middles, lows, highs):
        same_length(labels, others)
    rows: Rows = []
    for label, middle, low, high in zip(labels, middles, lows, highs, strict=True):
        said, low_said, high_said = (show(number, unit, signed=signed) for number in (middle, low, high))
        crosses = reference is not None and low <= reference <= high
        rows.append(
            {"label": label, "middle": middle, "low": low, "high": high, "full": f"{said} ({low_said} to {high_said})"}
            | {"text": show_short(middle, unit, signed=signed)}
            | {"colour": theme.GREY if crosses else theme.BLUE, "fill": theme.PAPER if crosses else theme.BLUE}
        )
    base, line = table_of(rows), [] if reference is None else [reference]
    place, names = labelled_rows(base, labels)
    span = domain or spread([*lows, *highs, *line], room=0.1)
    at_low, at_middle = across("low", unit, axis, span), across("middle", unit, axis, span)
    layers = [table_of([{"middle": at} for at in line]).mark_rule(strokeDash=[4, 3], strokeWidth=1.2).encode(at_middle)]
    shown = tips(label=" ", full=axis or "value")
    layers.append(
        base.mark_rule(strokeWidth=2.5, yOffset=place.shift_px).encode(
            at_low, x2="high", y=place.y, color=_OWN_COLOUR, tooltip=shown
        )
    )
    dots = base.mark_point(filled=True, size=90, opacity=1, strokeWidth=2, yOffset=place.shift_px)
    layers.append(dots.encode(at_middle, y=place.y, stroke=_OWN_COLOUR, fill=alt.Fill("fill:N", scale=None), tooltip=shown))
    said_at = base.mark_text(align="left", dx=7, yOffset=place.shift_px, baseline="middle")
    layers.append(said_at.encode(across("high", unit, axis, span), y=place.y, text="text:N"))
    return finish(alt.layer(*layers, *names), height=place.height(len(rows)))


def waterfall(
    labels: Sequence[str], steps: Sequence[int | float], *, unit: Unit = "fen", axis: str = "", total: str = "Total"
) -> Spec:
    """Return steps that add up from zero to a total, from top to bottom: blue adds, orange takes away, grey is the total.

    >>> rows = waterfall(["interest", "losses"], [900, -400], unit="count")["data"]["values"]
    >>> [(row["start"], row["end"]) for row in rows]
    [(0, 900), (900, 500), (0, 500)]
    """
    same_length(labels, steps)
    ends = list(accumulate(check_number(step, unit) for step in steps)) or [0]
    starts = [0, *ends[: len(steps) - 1]]
    parts = [*zip(labels, starts, ends, steps, strict=False), (total, 0, ends[-1], ends[-1])]
    rows: Rows = [
        {"label": label, "start": start, "end": end, "right": max(start, end), "text": show_short(step, unit)}
        | {"full": show(step, unit, signed=True), "colour": theme.BLUE if step >= 0 else theme.ORANGE}
        for label, start, end, step in parts
    ]
    rows[-1]["colour"] = theme.INK_SOFT
    base = table_of(rows)
    place, names = labelled_rows(base, [label for label, *_ in parts])
    span = spread([0, *ends], room=0.14)
    drawn = base.mark_bar(size=place.bar_px, yOffset=place.shift_px).encode(
        x=across("start", unit, axis, span),
        x2="end",
        y=place.y,
        color=_OWN_COLOUR,
        tooltip=tips(label=" ", full=axis or "value"),
    )
    said = base.mark_text(align="left", dx=5, yOffset=place.shift_px, baseline="middle")
    said = said.encode(x=across("right", unit, axis, span), y=place.y, text="text:N")
    return finish(alt.layer(drawn, said, *names), height=place.height(len(rows)))
