"""In: feature rows. Out: `Table`, the same values as one integer matrix. Used: by every recipe and by validation.

The subjects' ids travel beside the matrix so that results can be named; they are never a column of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.core.ids import bytes_hash
from weilend.core.values import FeatureRow

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


class Table(msgspec.Struct, frozen=True, eq=False):
    """Features of many subjects: `values` (n, k) int64 where `known` (n, k) is true and zero elsewhere; `ids` names the rows.

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
        """Return the rows at integer positions (or where a mask is true), in that order."""
        rows = np.arange(len(self))[np.asarray(index)]
        return Table(self.names, self.values[rows], self.known[rows], tuple(self.ids[row] for row in rows))

    def select(self, names: Sequence[str]) -> Table:
        """Return the named columns in that order; `InputError` where there is none of a name."""
        position = {name: place for place, name in enumerate(self.names)}
        missing = [name for name in names if name not in position]
        if missing:
            raise InputError(f"the table has no feature {missing[0]}", hint="build the rows from the model's feature set")
        columns = [position[name] for name in names]
        return Table(tuple(names), self.values[:, columns], self.known[:, columns], self.ids)

    def column(self, name: str) -> tuple[Integers, Booleans]:
        """Return values and known of one feature; `InputError` where there is none of that name."""
        if name not in self.names:
            self.select([name])  # says so
        place = self.names.index(name)  # no table of one column: a row's reasons ask for every column, twice
        return self.values[:, place].copy(), self.known[:, place].copy()

    def identity(self, label: Integers | None = None) -> str:
        """Return the content hash of names and values (and label), whatever the order of rows and columns; ids stay out.

        >>> row = FeatureRow(business_id="B1", as_of=0, feature_set="f", values={"x": 1, "y": 2})
        >>> Table.of([row], ["x", "y"]).identity() == Table.of([row], ["y", "x"]).identity()
        True
        """
        ordered = self.select(sorted(self.names))
        parts = [ordered.values, ordered.known.astype(np.int64)]
        if label is not None:
            parts.append(np.asarray(label, dtype=np.int64)[:, None])
        matrix = np.ascontiguousarray(np.concatenate(parts, axis=1)[canonical_order(ordered, label)], dtype="<i8")
        return bytes_hash("\n".join(ordered.names).encode() + b"\0" + matrix.tobytes())


def canonical_order(table: Table, label: Integers | None = None) -> Integers:
    """Return row positions sorted by content (values by feature name, then label), so that no result hangs on row order.

    >>> rows = [FeatureRow(business_id=b, as_of=0, feature_set="f", values={"x": v}) for b, v in (("a", 9), ("b", 3))]
    >>> canonical_order(Table.of(rows, ["x"])).tolist()
    [1, 0]
    """
    ordered = table.select(sorted(table.names))
    keys = [column for pair in zip(ordered.values.T, ordered.known.T, strict=True) for column in pair]
    if label is not None:
        keys.append(np.asarray(label, dtype=np.int64))
    if not keys:
        return np.arange(len(table))
    return np.lexsort(keys[::-1]).astype(np.int64)
