"""In: a table and who is bad. Out: `Sample`, all that a recipe may see of its rows. Used: by guards, recipes and judgement.

A column is integers whatever it was: a number is counted in its quantum (``scale`` quanta are one), a category is the place of its
word. So a bin's edge is exact, and a score is the same on every machine.
"""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.models.table import Floats, Integers, Table


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """What a column of a table means: `sign` +1 where more is safer, -1 where more is riskier, 0 where nothing was declared.

    `scale` quanta are one unit of a number; `words` are the categories by place; `specials` are values (in quanta) that stand for
    something else than a number; `source` names what the column costs.

    >>> Column(name="income", scale=100).kind
    'number'
    """

    name: str
    kind: Literal["number", "category"] = "number"
    scale: int = 1
    words: tuple[str, ...] = ()
    sign: int = 0
    specials: tuple[int, ...] = ()
    source: str = ""


class Sample(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Rows to learn from: `bad` (n,) 0 or 1, `weight` (n,) positive, `group` (n,) rows that must stay together, `month` (n,).

    `month` is a running month number, -1 throughout where rows have no date.

    >>> import numpy as np
    >>> x = np.arange(3)[:, None]
    >>> one = np.ones(3)
    >>> sample = Sample(table=Table(("x",), x, x >= 0, tuple("abc")), columns=(Column(name="x"),), bad=np.array([0, 1, 0]),
    ...     weight=one, group=np.arange(3), month=np.full(3, -1))
    >>> len(sample), sample.take([0, 2]).bad.tolist()
    (3, [0, 0])
    """

    table: Table
    columns: tuple[Column, ...]
    bad: Integers
    weight: Floats
    group: Integers
    month: Integers

    def __post_init__(self) -> None:
        if tuple(column.name for column in self.columns) != self.table.names:
            raise InputError("the columns are not those of the table", hint="describe each column once, in the table's order")
        for array in (self.bad, self.weight, self.group, self.month):
            if array.shape != (len(self.table),):
                raise InputError(f"{array.shape} does not fit {len(self.table)} rows", hint="give one value a row")

    def __len__(self) -> int:
        return len(self.table)

    def take(self, index: npt.ArrayLike) -> Sample:
        """Return the rows at integer positions, or where a mask is true."""
        return Sample(table=self.table.take(index), columns=self.columns, bad=self.bad[index], weight=self.weight[index],
                      group=self.group[index], month=self.month[index])  # fmt: skip
