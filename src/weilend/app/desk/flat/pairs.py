"""In: a card. Out: its tables of two columns, as rows and as small charts. Used: by reports of a model and `model show`."""

from __future__ import annotations

from weilend.app.desk.flat.bins import name_ranges, name_words
from weilend.features.spec import show_value
from weilend.models.card import Card, Characteristic
from weilend.models.pairs import Pair, PairAxis
from weilend.models.sample import Column
from weilend.report import ChartGrid, Panel, heat
from weilend.report.blocks import Spec


def show_cut(item: Characteristic, value: int) -> str:
    """Return a value of a characteristic as a person writes it: of a table's column, or of a feature in its unit.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> show_cut(example_card().characteristics[0], 12_345_600)
    '¥123,456'
    """
    return item.feature.show(value) if isinstance(item.feature, Column) else show_value(value, item.feature.unit)


def name_groups(card: Card, axis: PairAxis) -> list[str]:
    """Return the names of the groups on one side of a table, the last that of what is not known.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> name_groups(example_card(), PairAxis(feature="void_rate_12m", cuts=(50_000,), specials=(-9,)))
    ['up to 5.0 %', 'above 5.0 %', 'not known or a code']
    """
    item = card.of(axis.feature)
    if axis.levels:
        words = item.feature.words if isinstance(item.feature, Column) else ()
        names = name_words((*words, "(never seen)"), axis.levels, axis.ordinary)
    else:
        names = name_ranges([show_cut(item, cut) for cut in axis.cuts])
    return [*names, "not known or a code" if axis.specials else "not known"]


def pair_rows(card: Card) -> list[tuple[str, str, int, int, int]]:
    """Return the cells of all tables that hold rows or points: columns, groups, points, rows and bads of training.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> pair_rows(example_card())
    []
    """
    return [
        (pair.name, f"{row} · {column}", pair.points[at][place], pair.rows[at][place], pair.bads[at][place])
        for pair in card.pairs
        for at, row in enumerate(name_groups(card, pair.first))
        for place, column in enumerate(name_groups(card, pair.second))
        if pair.rows[at][place] or pair.points[at][place]
    ]


def pair_charts(card: Card) -> ChartGrid | None:
    """Return the tables as coloured cells, to one scale; None where a card has none.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> pair_charts(example_card()) is None
    True
    """
    if not card.pairs:
        return None
    most = max(abs(points) for pair in card.pairs for points in pair.all_points())
    return ChartGrid(
        title="What two columns bring together 变量交互得分",
        description="Points of each cell, beside those that the two columns bring alone: the first says the row, the second the "
        "column. A table was kept because rows that had no part in it are ranked better with it. Empty: no row in training.",
        panels=tuple(Panel(pair.name, _chart(card, pair, most)) for pair in card.pairs),
    )


def _chart(card: Card, pair: Pair, most: int) -> Spec:
    cells = [
        [points if seen or points else None for points, seen in zip(*line, strict=True)]
        for line in zip(pair.points, pair.rows, strict=True)
    ]
    rows, columns = name_groups(card, pair.first), name_groups(card, pair.second)
    return heat(
        rows, columns, cells, unit="count", row_axis=pair.first.feature, column_axis=pair.second.feature, centre=0,
        domain=(-most, most),
    )  # fmt: skip
