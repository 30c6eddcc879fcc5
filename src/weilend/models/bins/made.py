"""In: nothing. Out: `Bins`, how one column is cut and what each bin says. Used: by selection, the card and the report."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from weilend.models.sample import Column
from weilend.models.table import Booleans, Floats, Integers, Table


class Bins(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The bins of one column: b ordinary ones, then "not known", then one for each special code.

    A number's bin j holds values above ``cuts[j - 1]`` and up to ``cuts[j]``; a word's bin is ``levels[place]``, the last
    entry being for words that were never seen. `woe`, `rows` and `bads` have b + 1 + specials entries; positive evidence is safer.
    `information` is judged out of fold; `price_shape` and `price_stable` are what the shape and the demand for one order in every
    period cost of it. `refused` says in words what was tried and not taken.
    """

    column: Column
    shape: str
    cuts: tuple[int, ...]
    levels: tuple[int, ...]
    woe: Floats
    rows: Floats
    bads: Floats
    information: float
    price_shape: float = 0.0
    price_stable: float = 0.0
    refused: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many ordinary bins there are."""
        return len(self.woe) - 1 - len(self.column.specials)

    def place(self, values: Integers, known: Booleans) -> Integers:
        """Return the bin (n,) of each value."""
        if self.column.kind == "category":
            levels = np.array(self.levels, dtype=np.int64)
            index = levels[np.minimum(values, len(levels) - 1)]
        else:
            index = np.searchsorted(np.array(self.cuts, dtype=np.int64), values, side="left").astype(np.int64)
        for at, special in enumerate(self.column.specials):
            index[values == special] = self.count + 1 + at
        index[~known] = self.count
        return index


def evidence_of(bins: Sequence[Bins], table: Table) -> Floats:
    """Return the weight of evidence (n, k) that each value of a table has in its bin.

    >>> yes = Bins(column=Column(name="x"), shape="up", cuts=(5,), levels=(), woe=np.array([0.3, -0.4, 0.1]),
    ...     rows=np.ones(3), bads=np.ones(3), information=0.1)
    >>> values = np.array([[5], [6], [0]])
    >>> evidence_of([yes], Table(("x",), values, values > 0, tuple("abc"))).ravel().tolist()
    [0.3, -0.4, 0.1]
    """
    return np.column_stack([np.zeros((len(table), 0)), *(one.woe[one.place(*table.column(one.column.name))] for one in bins)])
