"""Every chart compiles, draws what it was given, and can be read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from weilend.core.errors import InputError
from weilend.report import bars, chart_svg, heat, histogram, intervals, lines, ranked, scatter, theme, waterfall
from weilend.report.blocks import Spec
from weilend.report.marks import group_colour, round_edges

Charts = Callable[[str], dict[str, Spec]]
NAMES = ["bars", "bars of long labels", "histogram", "intervals", "lines", "scatter", "heat", "waterfall", "ranked"]


def _rows(spec: Spec) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = spec["data"]["values"]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_chart_compiles_and_says_its_words(every_chart: Charts, name: str) -> None:
    svg = chart_svg(every_chart("Umsatz 贷 & <b>")[name], width_px=500)
    assert svg.startswith("<svg")
    assert "Umsatz 贷 &amp; &lt;b&gt;" in svg
    assert len(re.findall(r"<path", svg)) > 1


@pytest.mark.parametrize("name", NAMES)
def test_no_chart_names_an_address_or_leaves_its_place(every_chart: Charts, name: str) -> None:
    spec = every_chart("x")[name]
    assert "http" not in json.dumps(spec)
    assert spec["width"] == "container"
    assert spec["config"] == theme.CONFIG


def test_every_chart_function_is_in_these_lists(every_chart: Charts) -> None:
    assert list(every_chart("x")) == NAMES


def test_axis_and_labels_agree_in_yuan_and_wan() -> None:
    million = chart_svg(bars(["a"], [100_000_000], unit="fen"))
    assert ">¥1M<" in million
    assert ">¥500k<" in million or ">¥600k<" in million
    assert ">¥100万<" in chart_svg(bars(["a"], [100_000_000], unit="fen_wan"))
    assert ">8 %<" in chart_svg(bars(["a"], [80_000], unit="ppm"))
    assert ">-¥500k<" in chart_svg(bars(["a"], [-50_000_000], unit="fen"))


def test_bars_are_sorted_unless_told_otherwise() -> None:
    assert [row["label"] for row in _rows(bars(["a", "b"], [1, 2]))] == ["b", "a"]
    assert [row["label"] for row in _rows(bars(["a", "b"], [1, 2], sort=False))] == ["a", "b"]


def test_highlight_greys_the_others() -> None:
    colours = {row["label"]: row["colour"] for row in _rows(bars(["a", "b"], [1, 2], highlight=["a"]))}
    assert colours == {"a": theme.BLUE, "b": theme.GREY}


def test_histogram_counts_every_known_value_once() -> None:
    values = [0, 1, 1, 2, 10, None, 10]
    rows = _rows(histogram(values, unit="count", bins=5, groups=["a", "b", "a", "b", "a", "b", "a"]))
    assert sum(row["count"] for row in rows) == 6
    assert sum(row["count"] for row in rows if row["group"] == "a") == 4


def test_histogram_edges_are_round_few_and_cover_the_values() -> None:
    for low, high, bins in [(0, 1, 10), (3, 1_234_567, 24), (-17, 4, 7), (5, 5, 24), (0, 0, 3), (999_999, 1_000_001, 24)]:
        edges = round_edges(low, high, bins=bins, whole=True)
        assert edges[0] <= low <= high <= edges[-1]
        assert 1 <= len(edges) - 1 <= bins
        assert len({round(after - before) for before, after in pairwise(edges)}) == 1


@pytest.mark.parametrize(
    ("low", "high", "colour"), [(-1, 1, theme.GREY), (0, 2, theme.GREY), (1, 2, theme.BLUE), (-2, -1, theme.BLUE)]
)
def test_interval_that_contains_zero_is_grey(low: int, high: int, colour: str) -> None:
    spec = intervals(["a"], [low], [low], [high], unit="count")
    rows = [row for layer in spec["layer"] for row in layer["data"]["values"]]
    assert {row["colour"] for row in rows if "colour" in row} == {colour}


def test_interval_chart_can_do_without_a_line() -> None:
    assert "<svg" in chart_svg(intervals(["a"], [5], [4], [6], unit="count", reference=None))


def test_waterfall_ends_at_the_sum() -> None:
    rows = _rows(waterfall(["a", "b", "c"], [500, -700, 50], unit="fen"))
    assert rows[-1]["end"] == -150
    assert [row["start"] for row in rows] == [0, 500, -200, 0]


def test_ranked_falls() -> None:
    values = [row["value"] for row in _rows(ranked([1, 7, 3, 3], unit="count"))]
    assert values == [7, 3, 3, 1]


def test_lines_keep_a_gap_where_nothing_is_known() -> None:
    assert [row["value"] for row in _rows(lines([1, 2, 3], {"a": [1, None, 3]}, unit="count"))] == [1, None, 3]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: bars(["a"], []), "lists of 1 and 0 values"),
        (lambda: bars(["a"], [float("nan")], unit="number"), "nan is not a number"),
        (lambda: bars(["a"], [0.5], unit="fen"), "0.5 is not a fen"),
        (lambda: histogram([None]), "no value to draw"),
        (lambda: intervals(["a"], [1], [0], []), "lists of 1 and 0 values"),
        (lambda: scatter([1] * 5_001, [1] * 5_001), "5,001 points are too many"),
        (lambda: scatter([0], [1], log_x=True), "logarithmic"),
        (lambda: ranked([1] * 5_001), "5,001 bars are too many"),
        (lambda: heat(["a"], ["b"], [[1, 2]]), "lists of 1 and 2 values"),
        (lambda: chart_svg({"mark": "bar", "data": {"url": "https://example.com/x.json"}}), "cannot be drawn"),
        (lambda: chart_svg({}), "cannot be drawn"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(make: Callable[[], object], says: str) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert says in str(caught.value)


def test_empty_lists_draw_an_empty_chart() -> None:
    for spec in (
        bars([], []),
        intervals([], [], [], []),
        lines([], {}),
        scatter([], []),
        ranked([]),
        waterfall([], []),
        heat([], [], []),
    ):
        assert chart_svg(spec).startswith("<svg")


def _luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_group_colours_and_texts_stand_out_from_paper() -> None:
    assert min(_contrast(colour, theme.PAPER) for colour in (*theme.PALETTE, theme.GREY)) >= 3
    assert min(_contrast(colour, theme.PAPER) for colour in (theme.INK, theme.INK_SOFT)) >= 4.5


def _between(colours: tuple[str, ...], share: float) -> str:
    place = min(int(share * (len(colours) - 1)), len(colours) - 2)
    rest = share * (len(colours) - 1) - place
    parts = [
        round(int(colours[place][at : at + 2], 16) * (1 - rest) + int(colours[place + 1][at : at + 2], 16) * rest)
        for at in (1, 3, 5)
    ]
    return "#" + "".join(f"{part:02x}" for part in parts)


@pytest.mark.parametrize(("centre", "colours"), [(None, theme.SEQUENTIAL), (50, theme.DIVERGING)])
def test_texts_in_heat_cells_can_be_read(centre: int | None, colours: tuple[str, ...]) -> None:
    cells = _rows(heat(["a"], [str(n) for n in range(101)], [list(range(101))], unit="count", centre=centre))
    assert min(_contrast(cell["ink"], _between(colours, cell["value"] / 100)) for cell in cells) >= 3.5


def test_shades_are_as_many_as_ordered_groups_and_darken() -> None:
    for count in range(1, 6):
        shades = group_colour([str(n) for n in range(count)], shaded=True).to_dict()["scale"]["range"]
        assert len(set(shades)) == count
        assert [_luminance(shade) for shade in shades] == sorted((_luminance(shade) for shade in shades), reverse=True)


def test_style_sheet_has_the_colours_of_the_charts() -> None:
    style = (Path(theme.__file__).parent / "templates" / "page.css").read_text(encoding="utf-8")
    for name in ("INK", "INK_SOFT", "LINE", "PAPER", "BLUE", "ORANGE"):
        assert f"--{name.lower().replace('_', '-')}: {getattr(theme, name)};" in style
