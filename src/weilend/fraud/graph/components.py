"""In: the two nodes of each edge. Out: which nodes hang together. Used: by nightly and by whoever has edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def components(left: npt.NDArray[Any], right: npt.NDArray[Any], nodes: int) -> npt.NDArray[np.uint32]:
    """Return for each of so many nodes the least node that it hangs together with: union-find, in the memory of one array.

    Patwary, Blair, Manne (2010): Rem's algorithm.

    >>> components(np.array([0, 3]), np.array([1, 4]), 5).tolist()
    [0, 0, 2, 3, 3]
    """
    from weilend.fraud.graph import kernels  # late: numba is slow to load

    parent = np.arange(nodes, dtype=np.uint32)
    kernels.join(np.ascontiguousarray(left, np.uint32), np.ascontiguousarray(right, np.uint32), parent)
    kernels.flatten(parent)
    return parent


def sizes(labels: npt.NDArray[np.uint32]) -> Ints:
    """Return the size of the group of each node.

    >>> sizes(np.array([0, 0, 2], np.uint32)).tolist()
    [2, 2, 1]
    """
    return np.bincount(labels, minlength=len(labels))[labels]
