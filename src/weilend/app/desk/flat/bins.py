"""In: the bins of a column. Out: their names, as a person reads them. Used: by the report of a model and by `model show`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from weilend.models.bins import Bins

#: More words than this are not all named in one bin.
MOST_WORDS: Final = 3


def name_bins(bins: Bins) -> tuple[str, ...]:
    """Return the names of the bins of a column, "not known" and codes after the others.

    >>> import numpy as np
    >>> from weilend.models.sample import Column
    >>> none = np.zeros(3)
    >>> name_bins(Bins(column=Column(name="x", scale=10), shape="up", cuts=(25,), levels=(), woe=none, rows=none, bads=none,
    ...     information=0.0))
    ('up to 2.5', 'above 2.5', 'not known')
    """
    column = bins.column
    if column.kind == "category":
        names = name_words((*column.words, "(never seen)"), bins.levels, bins.count)
    else:
        names = name_ranges([column.show(cut) for cut in bins.cuts])
    return (*names, "not known", *(f"code {column.show(code)}" for code in column.specials))


def name_ranges(edges: Sequence[str]) -> list[str]:
    """Return the names of the ranges that edges part.

    >>> name_ranges(["5", "9"])
    ['up to 5', '5 – 9', 'above 9']
    """
    if not edges:
        return ["any number"]
    return [f"up to {edges[0]}", *(f"{lo} – {hi}" for lo, hi in pairwise(edges)), f"above {edges[-1]}"]


def name_words(words: Sequence[str], levels: Sequence[int], count: int) -> list[str]:
    """Return the names of the bins 0..count-1 of words, each word's bin being its level; many words are counted, not named.

    >>> name_words(["a", "b", "c", "d", "e"], [0, 1, 1, 1, 1], 2)
    ['a', 'b, c, d and 1 more']
    """
    mine: list[list[str]] = [[] for _ in range(count)]
    for word, level in zip(words, levels, strict=True):
        if level < count:
            mine[level].append(word)
    return [
        ", ".join(each[:MOST_WORDS]) + (f" and {len(each) - MOST_WORDS} more" if len(each) > MOST_WORDS else "")
        for each in mine
    ]
