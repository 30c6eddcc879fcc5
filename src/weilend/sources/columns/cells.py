"""In: raw text cells. Out: the same without padding, masks, and functions applied once to each distinct text. Used: by converters
and steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]
T = TypeVar("T")


_SAMPLE_ROWS = 20_000


def trim(cells: pa.Array, nulls: Sequence[str] = (), strip: str = "") -> pa.Array:
    """Return text without white space (TAB, no-break and wide spaces too) and signs of `strip` around it; `nulls` and "" become
    NULL.

    >>> trim(pa.array([" a\\t", "-", "`1", "　"]), ("-",), "`").to_pylist()
    ['a', None, '1', None]
    """
    text = pc.utf8_trim_whitespace(cells)
    if strip:
        text = pc.utf8_trim(text, strip + " \t")
    empty = pc.is_in(text, value_set=pa.array(["", *nulls], pa.string())) if nulls else pc.equal(text, "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), text) if pc.any(empty).as_py() else text


def take(texts: pa.Array, pattern: str) -> pa.Array:
    """Return the group `cell` of a pattern in each text, NULL where there is none.

    >>> take(pa.array(["131.77(已退款89.84)", "9.80"]), "已退款(?P<cell>[0-9.]+)").to_pylist()
    ['89.84', None]
    """
    found = pc.struct_field(pc.extract_regex(texts, pattern), "cell")
    return pc.if_else(pc.equal(found, ""), pa.scalar(None, pa.string()), found)


def on_distinct(cells: pa.Array, work: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Return `work` done on the distinct texts of a column, spread over its rows again; NULL stays NULL.

    >>> on_distinct(pa.array(["b", None, "b"]), lambda texts: pa.array([len(texts)])).to_pylist()
    [1, None, 1]
    """
    encoded = cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()
    return work(encoded.dictionary).take(encoded.indices)


def mostly_distinct(cells: pa.Array) -> bool:
    """Return whether texts of a long column hardly ever repeat, so that looking for repeats costs more than it saves.

    >>> mostly_distinct(pa.array(["a", "b"]))
    False
    """
    if len(cells) < _SAMPLE_ROWS or pa.types.is_dictionary(cells.type):
        return False
    distinct: int = pc.count_distinct(cells.slice(0, _SAMPLE_ROWS), mode="only_valid").as_py()
    return distinct > _SAMPLE_ROWS * 9 // 10


def each(cells: pa.Array, work: Callable[[str], T | None], kind: pa.DataType) -> pa.Array:
    """Return `work` done on each distinct text of a column; NULL stays NULL.

    >>> each(pa.array(["7", None, "x"]), lambda text: int(text) if text.isdigit() else None, pa.int64()).to_pylist()
    [7, None, None]
    """
    return on_distinct(
        cells, lambda texts: pa.array([None if text is None else work(text) for text in texts.to_pylist()], kind)
    )


def nulls(column: pa.Array) -> Mask:
    """Return which rows of a column are NULL (a NaN is not).

    >>> nulls(pa.array([1.0, None, float("nan")])).tolist()
    [False, True, False]
    """
    mask: Mask = pc.is_null(column, nan_is_null=False).to_numpy(zero_copy_only=False)
    return mask


def truth(column: pa.Array) -> Mask:
    """Return which rows of a boolean column are true; NULL is not.

    >>> truth(pa.array([True, None, False])).tolist()
    [True, False, False]
    """
    mask: Mask = pc.fill_null(column, fill_value=False).to_numpy(zero_copy_only=False)
    return mask


def first_known(columns: Sequence[pa.Array]) -> pa.Array:
    """Return the first value of each row that is not NULL.

    >>> first_known([pa.array([None, "a"]), pa.array(["b", "c"])]).to_pylist()
    ['b', 'a']
    """
    return pc.coalesce(*columns)


def repeat(value: object, count: int, kind: pa.DataType | None = None) -> pa.Array:
    """Return a column that says one thing.

    >>> repeat("a", 2).to_pylist()
    ['a', 'a']
    """
    return pa.repeat(pa.scalar(value, kind), count)
