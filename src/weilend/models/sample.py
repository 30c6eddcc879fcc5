"""In: a table and who is bad. Out: `Sample`, all that a recipe may see of its rows. Used: by guards, recipes and judgement.

A column is integers whatever it was: a number is counted in its quantum (``scale`` quanta are one), a category is the place of its
word. So a bin's edge is exact, and a score is the same on every machine.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.core.records import Field
from weilend.core.values import Reason
from weilend.features.spec import Unit
from weilend.models.table import Floats, Integers, Table

#: Quanta stay below this, where doubles are exact.
LARGEST: Final = 1 << 53
#: What stands before decimals in a text: a point (1,234.5) or, as on the continent, a comma (1.234,5).
DecimalMark = Literal[".", ","]


class Column(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a column of a table means: `sign` +1 where more is safer, -1 where more is riskier, 0 where nothing was declared.

    `scale` quanta are one unit of a number; `words` are the categories by place (the place after the last is a word that was never
    seen); `specials` are values (in quanta) that stand for something else than a number; `source` names what the column costs.
    Where `until` names a column, both are dates and the value is the days from this one to that one. `mark` stands before decimals
    in the table's texts.

    >>> Column(name="income", scale=100).kind
    'number'
    >>> Column(name="income", scale=100).say(1_250).en, Column(name="用途", kind="category", words=("经营", "消费")).say(1).zh
    ('income was 12.5', '用途为消费')
    """

    name: str
    kind: Literal["number", "category"] = "number"
    scale: int = 1
    words: tuple[str, ...] = ()
    sign: int = 0
    specials: tuple[int, ...] = ()
    source: str = ""
    until: str = ""
    mark: DecimalMark = "."

    @property
    def unit(self) -> Unit:
        """The unit in which a policy reads the column: quanta are counted."""
        return "count"

    @property
    def why(self) -> str:
        """Why it matters: a flat table does not say."""
        return "a column of the table"

    @property
    def en(self) -> str:
        """The sentence that states a value, in English."""
        return self._named(f"{self.name} was {{value}}", f"days from {self.name} to {self.until} were {{value}}")

    @property
    def zh(self) -> str:
        """The sentence that states a value, in Chinese."""
        return self._named(f"{self.name}为{{value}}", f"{self.name}至{self.until}的天数为{{value}}")

    def show(self, value: int) -> str:
        """Return a value as a person writes it."""
        if self.kind == "category":
            return self.words[value] if 0 <= value < len(self.words) else "(never seen)"
        return show_quanta(value, self.scale)

    def say(self, value: int | None) -> Reason:
        """Return the sentence that states a value, in English and Chinese."""
        known = "" if value is None else self.show(value)
        return Reason(self.name, self.en.format(value=known or "(not known)"), self.zh.format(value=known or "（未知）"))

    def as_field(self) -> Field:
        """Return the column as a field of quanta that formulas may read."""
        return Field(self.name, "integer", -LARGEST, LARGEST, nullable=True, unit=self.unit, about=self.why)

    def _named(self, plain: str, between: str) -> str:
        return (
            (between if self.until else plain)
            .replace("{value}", "\0")
            .replace("{", "{{")
            .replace("}", "}}")
            .replace("\0", "{value}")
        )


def show_quanta(value: int, scale: int) -> str:
    """Return a number of quanta as it is written.

    >>> show_quanta(1250, 1000), show_quanta(-40, 1), show_quanta(-5, 10)
    ('1.25', '-40', '-0.5')
    """
    if scale == 1:
        return str(value)
    whole, rest = divmod(abs(value), scale)
    decimals = f"{rest:0{len(str(scale)) - 1}d}".rstrip("0")
    return f"{'-' if value < 0 else ''}{whole}" + (f".{decimals}" if decimals else "")


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
        rows = np.arange(len(self))[np.asarray(index)]
        return Sample(table=self.table.take(rows), columns=self.columns, bad=self.bad[rows], weight=self.weight[rows],
                      group=self.group[rows], month=self.month[rows])  # fmt: skip


def example_sample(rows: int = 200) -> Sample:
    """Return an invented sample with a number that ranks, a number that says nothing and a category, for examples and tests.

    >>> example_sample().table.names
    ('income', 'noise', 'use')
    """
    dice = np.random.default_rng(1)
    values = np.stack([dice.integers(0, 1000, rows), dice.integers(0, 1000, rows), dice.integers(0, 3, rows)], axis=1)
    chance = 1 / (1 + np.exp(values[:, 0] / 200 - 1.5 + (values[:, 2] == 2)))
    return Sample(
        table=Table(("income", "noise", "use"), values, values >= 0, tuple(map(str, range(rows)))),
        columns=(Column(name="income"), Column(name="noise"), Column(name="use", kind="category", words=("goods", "rent", "pay"))),
        bad=(dice.random(rows) < chance).astype(np.int64), weight=np.ones(rows), group=np.arange(rows), month=np.full(rows, -1),
    )  # fmt: skip
