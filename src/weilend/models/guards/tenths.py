"""In: columns of two sets of rows. Out: how far their values differ, against chance. Used: by the guards of drift and bias."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from weilend.models.sample import Column
from weilend.models.table import Booleans, Floats, Integers, Table

DRAWS: Final = 40
TENTHS: Final = 10


def bin_codes(table: Table, columns: Sequence[Column], *, parts: int = TENTHS) -> tuple[list[Integers], list[int]]:
    """Return the tenth (or the word) of each value (n,) and how many there are, column by column; not known comes last.

    >>> from weilend.models.guards.examples import clean
    >>> case = clean()
    >>> bin_codes(case.sample.table, case.columns)[1][0]
    11
    """
    codes, sizes = [], []
    for at, column in enumerate(columns):
        values, known = table.values[:, at], table.known[:, at]
        if column.kind == "category":
            code, size = np.minimum(values, len(column.words)), len(column.words) + 1
        else:
            seen = np.sort(values[known])
            cuts = np.unique(seen[(np.arange(1, parts) * len(seen)) // parts]) if len(seen) else seen
            code, size = np.searchsorted(cuts, values, side="left").astype(np.int64), len(cuts) + 1
        codes.append(np.where(known, code, size))
        sizes.append(size + 1)
    return codes, sizes


def compare_codes(codes: list[Integers], sizes: list[int], second: Booleans, *, seed: int) -> tuple[Floats, Floats]:
    """Return the PSI (k,) of each column between two parts, and what the largest of all columns reaches in 95 % of random parts.

    >>> code = np.arange(400) // 200
    >>> psi, chance = compare_codes([code], [2], np.arange(400) >= 200, seed=1)
    >>> bool(psi[0] > 5), bool(chance[0] < 0.1)
    (True, True)
    """
    dice = np.random.default_rng(seed)
    psi = np.array([_psi(code, size, second) for code, size in zip(codes, sizes, strict=True)])
    largest = [max(_psi(code, size, part) for code, size in zip(codes, sizes, strict=True))
               for part in (dice.permutation(second) for _ in range(DRAWS))]  # fmt: skip
    return psi, np.full(len(psi), np.quantile(largest, 0.95))


def _psi(code: Integers, size: int, second: Booleans) -> float:
    first, other = ((np.bincount(code[part], minlength=size) + 0.5) / (part.sum() + size / 2) for part in (~second, second))
    return float(((first - other) * np.log(first / other)).sum())
