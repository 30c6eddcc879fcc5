"""In: who touched which key when. Out: groups that touch the same keys in the same days. Used: by nightly and find_rings.

Honest people who share a thing come to it each in their own time; those whom one hand moves come within days of each other, and
to several things. Two nodes are in step where they touch keys of at least two families within a window of each other
(SynchroTrap, Cao et al., CCS 2014, with the window sliding); groups are what such pairs join.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from weilend.fraud.graph.components import components
from weilend.fraud.graph.types import DAY_SECONDS

Ints = npt.NDArray[np.int64]
#: So many touches of one key within a window are a crowd: none of its pairs is noted.
CROWD: Final = 50
MOST_PAIRS: Final = 40_000_000
LEAST_FAMILIES: Final = 2


def lockstep_groups(
    actors: npt.NDArray[Any],
    keys: npt.NDArray[Any],
    families: npt.NDArray[Any],
    at: Ints,
    nodes: int,
    *,
    personal: npt.NDArray[np.bool_],
    days: int = 7,
) -> npt.NDArray[np.uint32]:
    """Return for each node the least node of its group in step; nodes in no group stand alone. Two are in step where they touch
    keys of two families, one of them `personal`, within `days`.

    >>> actors, keys, families = np.array([0, 1, 2, 0, 1]), np.array([5, 5, 5, 6, 6]), np.array([0, 0, 0, 1, 1])
    >>> lockstep_groups(actors, keys, families, np.zeros(5, np.int64), 7, personal=np.ones(2, bool)).tolist()
    [0, 0, 2, 3, 4, 5, 6]
    """
    from weilend.fraud.graph import steps  # late: numba is slow to load

    order = np.lexsort((actors, at, keys))
    pairs = np.zeros((16, 2), np.int64)
    columns = tuple(np.ascontiguousarray(column[order].astype(np.int64)) for column in (actors, keys, families, at))
    count = steps.note_pairs(columns, days * DAY_SECONDS, CROWD, pairs[:0])
    pairs = np.empty((min(count, MOST_PAIRS), 2), np.int64)
    steps.note_pairs(columns, days * DAY_SECONDS, CROWD, pairs)
    pairs = np.unique(pairs, axis=0)
    who, place, together = np.unique(pairs[:, 0], return_inverse=True, return_counts=True)
    told = np.zeros(len(who), np.bool_)
    told[place[personal[pairs[:, 1]]]] = True
    who = who[(together >= LEAST_FAMILIES) & told]
    return components((who >> 32).astype(np.uint32), (who & 0xFFFFFFFF).astype(np.uint32), nodes)
