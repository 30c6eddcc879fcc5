"""In: columns as formulas read and give them. Out: whole columns, validity, texts of codes. Used: by `numpy`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from weilend.core.records import FieldType
from weilend.formula.kernels import KERNELS

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
#: Masks that hold everywhere are asked for again and again: a subject has as many rows for each of its formulas.
KEPT_MASKS = 16


def filled(values: Any, n: int) -> Array:
    """Return values of full length.

    >>> filled(7, 2)
    array([7, 7])
    """
    return values if getattr(values, "shape", ()) == (n,) else np.full(n, values)


def nulled(values: Any, valid: Any, n: int, kind: FieldType) -> tuple[Array, Mask]:
    """Return columns of full length, with one fill where they are not valid.

    >>> nulled(np.array([7, 8]), np.array([True, False]), 2, "integer")
    (array([7, 0]), array([ True, False]))
    """
    whole = getattr(valid, "shape", ()) == (n,) and kind == "integer"
    return (values * valid, valid) if whole else KERNELS["_finished"](values, valid, n, kind)


def known(column: Array) -> Mask:
    """Return where a column that may be masked is not.

    >>> known(np.ma.array([1, 2], mask=[False, True])), known(np.array([1]))
    (array([ True, False]), array([ True]))
    """
    mask = np.ma.getmask(column)
    return everywhere(len(column)) if mask is np.ma.nomask else np.logical_not(mask)


@lru_cache(maxsize=KEPT_MASKS)
def everywhere(n: int) -> Mask:
    """Return a mask that holds in all of n rows, into which nobody may write.

    >>> everywhere(2), everywhere(2) is everywhere(2)
    (array([ True,  True]), True)
    """
    mask = np.ones(n, dtype=np.bool_)
    mask.flags.writeable = False
    return mask


def texts(column: Array) -> Array:
    """Return a column of texts as objects, None for NULL.

    >>> texts(np.array(["a", None], dtype=object)).tolist()
    ['a', None]
    """
    words: Array | None = getattr(column, "words", None)
    return column if words is None else words[column.view(np.ndarray)]


def by_word(column: Array, name: str, compute: Callable[[Mapping[str, Array]], Array]) -> Array:
    """Return what a function of one column of texts gives, computed once a word where the column has words.

    >>> by_word(np.array(["a", "b"], dtype=object), "word", lambda columns: columns["word"] == "b")
    array([False,  True])
    """
    words: Array | None = getattr(column, "words", None)
    if words is None:
        return compute({name: column})
    answers = compute({name: words})
    if answers.shape != words.shape:
        answers = np.broadcast_to(answers, words.shape)
    return answers.take(column.view(np.ndarray))


#: What generated code calls, by the name that it uses.
COLUMN_KERNELS: Final[dict[str, Any]] = {
    "_filled": filled,
    "_nulled": nulled,
    "_known": known,
    "_everywhere": everywhere,
    "_texts": texts,
    "_by_word": by_word,
}
