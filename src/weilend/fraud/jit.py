"""In: a function of arrays and numbers. Out: the same, compiled by numba. Used: by the kernels of lists and detectors.

Compiled code is kept beside the source (numba's file cache, found again by the time and size of the source file), so the second or
so of compiling is paid once on a machine, at the first batch; a module that imports this is itself imported only where a kernel
runs. numba does not see when a function in another file changes: a kernel therefore calls none but those of its own file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    r"""Return a function compiled for the types that it is called with; it runs without Python's lock.

    Where no folder can be written for the cache, it is compiled in every process.

    >>> import numpy as np
    >>> def add(numbers):
    ...     total = 0
    ...     for number in numbers:
    ...         total += number
    ...     return total
    >>> compiled(add)(np.arange(4))
    6
    """
    try:
        return cast("Function", numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # numba finds no folder that it may write
        return cast("Function", numba.njit(nogil=True)(function))
