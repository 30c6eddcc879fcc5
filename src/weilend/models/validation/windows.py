"""In: scored rows with months or segments. Out: how the score does in each part, and how far it moved. Used: by the "
"validation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from weilend.models.flat.dates import name_month
from weilend.models.judgement.gates import Stability, measure_stability
from weilend.models.metrics import Interval
from weilend.models.table import Booleans, Integers
from weilend.models.validation.bands import Band, make_band
from weilend.models.validation.ranking import PART_DRAWS, auc_of_part
from weilend.models.validation.scored import ScoredRows, Segments

#: More windows than this cannot be read: months become quarters, then years.
MOST_WINDOWS: Final = 24
#: Segments are told one by one up to here; the rest, the smallest, as one.
MOST_SEGMENTS: Final = 20
REST: Final = "(all smaller ones)"
STEPS: Final[tuple[tuple[int, Callable[[int], str]], ...]] = (
    (1, name_month),
    (3, lambda month: f"{name_month(month)[:4]} Q{month % 12 // 3 + 1}"),
    (12, lambda month: name_month(month)[:4]),
)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A window or a segment: its band, the AUC within it (None without goods or bads), how far its points lie from the rest's.

    Of a window, `moved` is against the windows of the older half of the rows, None for these themselves; of a segment, against all
    other rows.
    """

    band: Band
    auc: Interval | None
    moved: Stability | None


def part_windows(rows: ScoredRows) -> Segments | None:
    """Return the window of each row with a date: months, quarters or years, oldest first; None where fewer than two are there.

    >>> from weilend.models.validation.scored import example_rows
    >>> part_windows(example_rows()).names[:2]
    ('3986-09', '3986-10')
    """
    months = rows.month[rows.month >= 0]
    if not len(months) or months.min() == months.max():
        return None
    fitting = (step for step in STEPS if len(np.unique(months // step[0])) <= MOST_WINDOWS)
    size, name = next(fitting, STEPS[-1])
    codes, place = np.unique(rows.month // size, return_inverse=True)
    return Segments(tuple(name(int(code) * size) if code >= 0 else "" for code in codes), place.astype(np.int64))


def older_half(rows: ScoredRows) -> Integers:
    """Return the rows' side (n,): 0 the older half in whole months, 1 the newer, -1 without a date.

    >>> from weilend.models.validation.scored import example_rows
    >>> np.bincount(older_half(example_rows())).tolist()
    [1000, 1000]
    """
    months, counts = np.unique(rows.month[rows.month >= 0], return_counts=True)
    ends = np.cumsum(counts)[:-1]
    last = months[int(np.argmin(np.abs(ends - counts.sum() / 2)))]
    return np.where(rows.month < 0, -1, (rows.month > last).astype(np.int64))


def tabulate_windows(rows: ScoredRows, *, seed: int, draws: int = PART_DRAWS) -> tuple[Part, ...]:
    """Return each window, oldest first; none where there are no dates.

    >>> from weilend.models.validation.scored import example_rows
    >>> [part.moved is None for part in tabulate_windows(example_rows(800), seed=1)][2:6]
    [True, True, False, False]
    """
    windows = part_windows(rows)
    if windows is None:
        return ()
    side = older_half(rows)
    base = rows.points[side == 0]
    parts = []
    for at, name in enumerate(windows.names):
        mine = (windows.place == at) & (rows.month >= 0)
        if mine.any():
            new = bool((side[mine] == 1).all())
            parts.append(_part(rows, name, mine, base if new else None, (seed, draws)))
    return tuple(parts)


def tabulate_segments(rows: ScoredRows, segments: Segments, *, seed: int, draws: int = PART_DRAWS) -> tuple[Part, ...]:
    """Return each segment in the order of names; beyond twenty the smaller ones are one.

    >>> from weilend.models.validation.scored import example_rows
    >>> rows = example_rows(900)
    >>> [(part.band.name, part.band.rows) for part in tabulate_segments(rows, rows.segments["region"], seed=1)]
    [('north', 300), ('south', 600)]
    """
    counts = np.bincount(segments.place, minlength=len(segments.names))
    order = [int(at) for at in np.argsort(-counts, kind="stable") if counts[at]]
    own = order if len(order) <= MOST_SEGMENTS else order[: MOST_SEGMENTS - 1]
    masks = [(segments.names[at], segments.place == at) for at in sorted(own)]
    if len(own) < len(order):
        masks.append((REST, ~np.isin(segments.place, own)))
    return tuple(_part(rows, name, mine, rows.points[~mine], (seed, draws)) for name, mine in masks)


def _part(rows: ScoredRows, name: str, mine: Booleans, base: Integers | None, chance: tuple[int, int]) -> Part:
    seed, draws = chance
    part = rows.take(mine)
    moved = measure_stability(base, part.points, seed=seed) if base is not None and len(base) else None
    return Part(band=make_band(name, rows, mine), auc=auc_of_part(part, seed=seed, draws=draws), moved=moved)
