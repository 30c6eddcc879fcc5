"""In: feature rows. Out: `Table`, the same values as one integer matrix. Used: by every recipe and by validation.

The subjects' ids travel beside the matrix so that results can be named; they are never a column of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.core.ids import stream_hash
from weilend.core.values import FeatureRow

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
#: Whole numbers below this are kept in half the room: two of them are still added without overflow.
NARROW: Final = 1 << 30
#: Rows that are hashed at once.
_BLOCK: Final = 4_096


def narrow_down(values: Integers) -> Integers:
    """Return whole numbers in four bytes each where all are small, else as they are: a large table then has half the size.

    >>> narrow_down(np.array([5, -7])).itemsize, narrow_down(np.array([5, 1 << 40])).itemsize
    (4, 8)
    """
    is_small = not len(values) or (int(values.min()) > -NARROW and int(values.max()) < NARROW)
    return np.asarray(values, dtype=np.int32 if is_small else np.int64)


class Table(msgspec.Struct, frozen=True, eq=False):
    """Features of many subjects: `values` (n, k) where `known` (n, k) is true and zero elsewhere; `ids` names the rows.

    `values` are int64, or int32 where all of them are below `NARROW`; a `column` is always int64.

    >>> row = FeatureRow(business_id="B1", as_of=0, feature_set="f", values={"sales_fen": 7, "void_rate": None})
    >>> table = Table.of([row], ["void_rate", "sales_fen"])
    >>> table.values.tolist(), table.known.tolist(), table.ids
    ([[0, 7]], [[False, True]], ('B1',))
    """

    names: tuple[str, ...]
    values: Integers
    known: Booleans
    ids: tuple[str, ...]

    def __post_init__(self) -> None:
        shape = (len(self.ids), len(self.names))
        if self.values.shape != shape or self.known.shape != shape:
            raise InputError(
                f"values {self.values.shape} and known {self.known.shape} do not fit {shape[0]} ids, {shape[1]} names"
            )
        if len(set(self.names)) != len(self.names):
            raise InputError("a table names a feature twice", hint="give each feature once")

    @classmethod
    def of(cls, rows: Sequence[FeatureRow], names: Sequence[str]) -> Table:
        """Return the named features of rows; `InputError` where a row lacks one (None is a value, absence is not)."""
        for row in rows:
            missing = [name for name in names if name not in row.values]
            if missing:
                raise InputError(
                    f"{row.business_id} has no feature {missing[0]}", hint="build the rows from the same feature set"
                )
        known = [[row.values[name] is not None for name in names] for row in rows]
        values = [[row.values[name] or 0 for name in names] for row in rows]
        shape = (len(rows), len(names))
        return cls(
            tuple(names),
            np.array(values, dtype=np.int64).reshape(shape),
            np.array(known, dtype=np.bool_).reshape(shape),
            tuple(row.business_id for row in rows),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, index: npt.ArrayLike) -> Table:
        """Return the rows at integer positions (or where a mask is true), in that order; the table itself where these are all."""
        everywhere = np.arange(len(self))
        rows = everywhere[np.asarray(index)]
        if np.array_equal(rows, everywhere):
            return self
        return Table(self.names, self.values[rows], self.known[rows], tuple(self.ids[row] for row in rows))

    def select(self, names: Sequence[str]) -> Table:
        """Return the named columns in that order (the table itself where they are its own); `InputError` for a name it has not."""
        if tuple(names) == self.names:
            return self
        position = {name: place for place, name in enumerate(self.names)}
        missing = [name for name in names if name not in position]
        if missing:
            raise InputError(f"the table has no feature {missing[0]}", hint="build the rows from the model's feature set")
        columns = [position[name] for name in names]
        return Table(tuple(names), self.values[:, columns], self.known[:, columns], self.ids)

    def widen(self) -> Table:
        """Return the table in eight bytes a value, for sums and differences of any size."""
        return Table(self.names, self.values.astype(np.int64), self.known, self.ids)

    def column(self, name: str) -> tuple[Integers, Booleans]:
        """Return values and known of one feature; `InputError` where there is none of that name."""
        if name not in self.names:
            self.select([name])  # says so
        place = self.names.index(name)  # no table of one column: a row's reasons ask for every column, twice
        return self.values[:, place].astype(np.int64), self.known[:, place].copy()

    def identity(self, label: Integers | None = None) -> str:
        """Return the content hash of names and values (and label), whatever the order of rows and columns; ids stay out.

        >>> row = FeatureRow(business_id="B1", as_of=0, feature_set="f", values={"x": 1, "y": 2})
        >>> Table.of([row], ["x", "y"]).identity() == Table.of([row], ["y", "x"]).identity()
        True
        """
        names = sorted(self.names)
        rows = canonical_order(self, label)
        head = "\n".join(names).encode() + b"\0"
        return stream_hash(chain((head,), self._blocks(rows, [self.names.index(name) for name in names], label)))

    def _blocks(self, rows: Integers, columns: Sequence[int], label: Integers | None) -> Iterator[bytes]:
        """Yield the content of rows, some thousand at a time: values, known and label, eight bytes each."""
        for start in range(0, len(rows), _BLOCK):
            some = rows[start : start + _BLOCK]
            parts = [self.values[some][:, columns], self.known[some][:, columns]]
            if label is not None:
                parts.append(np.asarray(label)[some, None])
            yield np.ascontiguousarray(np.concatenate([part.astype("<i8") for part in parts], axis=1)).tobytes()


def canonical_order(table: Table, label: Integers | None = None) -> Integers:
    """Return row positions sorted by content (values by feature name, then label), so that no result hangs on row order.

    >>> rows = [FeatureRow(business_id=b, as_of=0, feature_set="f", values={"x": v}) for b, v in (("a", 9), ("b", 3))]
    >>> canonical_order(Table.of(rows, ["x"])).tolist()
    [1, 0]
    """
    order, tied = np.arange(len(table)), np.zeros(len(table), dtype=np.bool_)  # whether a place ties with the one before it
    tied[1:] = True
    for key in _keys(table, label):
        if not tied.any():
            break
        order, tied = _sort_ties(order, tied, key)
    return order


def _keys(table: Table, label: Integers | None) -> Iterator[Integers]:
    """Yield what rows are sorted by, the first key first."""
    for name in sorted(table.names):
        values, known = table.column(name)
        yield values
        yield known.astype(np.int64)
    if label is not None:
        yield np.asarray(label, dtype=np.int64)


def _sort_ties(order: Integers, tied: Booleans, key: Integers) -> tuple[Integers, Booleans]:
    """Return an order in which rows that tied are sorted by one more key, and which still tie; others are not looked at."""
    follows = np.append(tied[1:], False)
    at = np.flatnonzero(tied | follows)
    run = np.cumsum(~tied[at])
    mine = order[at]
    sorted_ = np.lexsort((key[mine], run))
    order, tied = order.copy(), tied.copy()
    order[at] = mine[sorted_]
    tied[at[1:]] &= key[order[at[1:]]] == key[order[at[:-1]]]
    return order, tied
