"""In: states by category and month. Out: sales against the season of their categories. Used: through the registry of aggregates.

A seller of moon cakes is not in trouble in November. What a category sells in each month of the year is a table here, so that a
quarter is held against what the months before it and the season let expect, not against a mean month: 1,000,000 is as expected.
Months in which a category lost count as zero; where nothing is expected, nothing is known.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from weilend.core.plan import Ints
from weilend.features.finish.aggregate import ONE, aggregate, divide
from weilend.features.finish.series import YEAR, add_columns, gains
from weilend.features.finish.window import Floats, Window

#: What is sold in each month from January to December where a mean month is 1,000, by category as platforms name it.
#: Assumption, all of it: festivals of 18 June and 11 November, few parcels around the Spring Festival (domain: November 1.6, June
#: 1.25, February 0.6), and guesses of the same size for trades whose year is another. Replace it by what the own book shows.
USUAL: Final = (950, 600, 950, 950, 950, 1_250, 950, 950, 950, 950, 1_600, 950)
SEASONS: Final[dict[str, tuple[int, ...]]] = {
    **dict.fromkeys(
        ("apparel", "女装", "男装", "服饰"), (800, 600, 1_100, 1_050, 1_000, 950, 750, 800, 1_050, 1_150, 1_650, 1_100)
    ),
    **dict.fromkeys(("food", "食品", "零食"), (1_500, 700, 850, 850, 900, 1_050, 850, 900, 1_250, 900, 1_300, 950)),
    **dict.fromkeys(("appliances", "家电"), (800, 550, 850, 850, 1_000, 1_700, 1_150, 950, 800, 900, 1_700, 750)),
}
_NAMED: Final = {name: place for place, name in enumerate(SEASONS, start=1)}
_INDEX: Final[Ints] = np.array([USUAL, *SEASONS.values()])
_LONGEST = 1_200


@aggregate("recent_against_season", by=True)
def finish_recent_against_season(window: Window) -> Floats:
    """Last quarter of a window in months over what its earlier months and the season of each category let expect, in ppm."""
    recent = window.slot < (window.length // 4)[window.row]
    gain = window.once(gains)
    earlier = np.zeros((window.size, len(_INDEX)), dtype=np.int64)
    np.add.at(earlier, (window.row[~recent], _find_seasons(window)[~recent]), gain[~recent])
    ahead, behind = _weigh(window)
    expected = add_columns(earlier / np.maximum(behind, 1) * ahead)
    return divide(window.add(np.where(recent, gain, 0)), expected) * ONE


def _find_seasons(window: Window) -> Ints:
    """Return the line of the index for each group."""
    names = window.names().tolist()
    return np.fromiter((_NAMED.get(name, 0) for name in names), dtype=np.int64, count=len(names))


def _weigh(window: Window) -> tuple[Ints, Ints]:
    """Return what the index has for the last quarter of each row's window and for its earlier months (rows, lines of the index)."""
    month = window.as_of_day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % YEAR
    keys, place = np.unique(month * _LONGEST + window.length, return_inverse=True)
    month, length = np.divmod(keys, _LONGEST)
    slot = np.arange(int(length.max(initial=0)))
    index = _INDEX[:, (month[:, None] - 1 - slot) % YEAR]  # (lines, keys, slots)
    quarter: npt.NDArray[np.bool_] = slot < (length // 4)[:, None]
    every = slot < length[:, None]
    return (index * quarter).sum(axis=2).T[place], (index * (every & ~quarter)).sum(axis=2).T[place]
