"""In: columns. Out: which rows are equal in all of them. Used: for keys, lines of a day, accounts and vouchers of a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Integers = npt.NDArray[np.int64]

_MIX: Final = np.uint64(0x9E3779B97F4A7C15)  # odd and far from any pattern (2 ** 64 over the golden ratio)


def ordinals_of(columns: Sequence[pa.Array]) -> Integers:
    """Return for every row how many rows before it are equal in all columns.

    >>> ordinals_of([pa.array(["a", "b", "a"]), pa.array([1, 1, 1])]).tolist()
    [0, 0, 1]
    """
    codes = group_codes(columns)
    order = np.argsort(codes, kind="stable")
    ranked = codes[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if len(codes) else np.empty(0, np.int64)
    result = np.empty(len(codes), np.int64)
    result[order] = np.arange(len(codes)) - np.repeat(starts, np.diff(np.r_[starts, len(codes)]))
    return result


def group_codes(columns: Sequence[pa.Array]) -> Integers:
    """Return a number for every row, equal where rows are equal in all columns (NULL equals NULL).

    >>> group_codes([pa.array(["a", None, "a"]), pa.array([1, 1, 1])]).tolist()
    [0, 1, 0]
    """
    codes = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        if len(encoded.dictionary) == 1 and not encoded.null_count:
            continue  # says one thing of all rows
        numbers = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
        # joined numbers stay small: after each column they are counted anew
        joint = pa.array(codes * (len(encoded.dictionary) + 1) + numbers).dictionary_encode()
        codes = joint.indices.to_numpy().astype(np.int64)
    return codes


def may_repeat(columns: Sequence[pa.Array]) -> npt.NDArray[np.bool_]:
    """Return which rows may be equal to another in all columns: every such row, and by rare chance one that is not.

    >>> may_repeat([pa.array(["a", "b", "a"]), pa.array([1, 1, 1])]).tolist()
    [True, False, True]
    """
    mixed = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        if pa.types.is_string(column.type):
            column = column.dictionary_encode()  # noqa: PLW2901 - the same column, by number
        plain = column.indices if pa.types.is_dictionary(column.type) else column
        number = plain.cast(pa.int32()) if pa.types.is_date(plain.type) else plain
        mixed ^= mixed >> np.uint64(29)
        mixed ^= number.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False).view(np.uint64)
        mixed *= _MIX
    ranked = np.sort(mixed)
    several = ranked[1:][ranked[1:] == ranked[:-1]]
    if not len(several):
        return np.zeros(len(mixed), np.bool_)
    del ranked  # of millions of rows it is large
    repeats: npt.NDArray[np.bool_] = several[np.minimum(np.searchsorted(several, mixed), len(several) - 1)] == mixed
    return repeats
