"""In: rows of a rate-and-churn table. Out: `ChurnTable`, customers lost at a rate. Used: by placing and settlement."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec

from weilend.core.errors import InputError
from weilend.core.money import PPM


class ChurnRow(msgspec.Struct, frozen=True):
    """At one annual rate, the share of customers lost in each class, in the order of the table's classes, in ppm.

    >>> ChurnRow(40_000, (0, 0, 0)).annual_rate_ppm
    40000
    """

    annual_rate_ppm: int
    lost_ppm: tuple[int, ...]


class ChurnTable(msgspec.Struct, frozen=True):
    """The share of customers that an annual rate drives away, by class: a reference input, taken as it is.

    The real table wiggles: in a few places a higher rate loses fewer customers. That is kept, neither smoothed nor made
    monotone, and nothing is interpolated: only the rates of the table can be offered. Raises `InputError` when rates do not
    rise or a share is none.

    >>> table = ChurnTable.from_rows(("A", "B"), [(40_000, 0, 0), (42_500, 94_574, 66_800)])
    >>> table.lost_ppm("B", 42_500), table.rates_ppm
    (66800, (40000, 42500))
    >>> table.lost_ppm("D", 42_500)
    Traceback (most recent call last):
    weilend.core.errors.InputError: the churn table has no class 'D'. Hint: it has A, B
    """

    classes: tuple[str, ...]
    rows: tuple[ChurnRow, ...]

    def __post_init__(self) -> None:
        rates = self.rates_ppm
        if not rates or any(low >= high for low, high in pairwise(rates)):
            raise InputError("the churn table's rates do not rise", hint="give each annual rate once, lowest first")
        for row in self.rows:
            if len(row.lost_ppm) != len(self.classes) or not all(0 <= lost <= PPM for lost in row.lost_ppm):
                raise InputError(
                    f"the churn table is wrong at rate {row.annual_rate_ppm} ppm",
                    hint="give one share from 0 to 1,000,000 ppm for each class",
                )

    @classmethod
    def from_rows(cls, classes: Sequence[str], rows: Iterable[Sequence[int]]) -> ChurnTable:
        """Return the table of rows ``(annual_rate_ppm, lost_ppm per class …)``, sorted by rate.

        >>> ChurnTable.from_rows("A", [(50_000, 9), (40_000, 0)]).rates_ppm
        (40000, 50000)
        """
        ordered = sorted((tuple(row) for row in rows), key=lambda row: row[0])
        return cls(tuple(classes), tuple(ChurnRow(row[0], row[1:]) for row in ordered))

    @classmethod
    def from_shares(cls, rows: Sequence[tuple[int, Mapping[str, int]]]) -> ChurnTable:
        """Return the table of rows ``(annual_rate_ppm, {class: lost_ppm})``, as the source of the real table reads it.

        >>> ChurnTable.from_shares([(40_000, {"A": 0, "B": 5})]).lost_ppm("B", 40_000)
        5
        """
        classes = tuple(rows[0][1]) if rows else ()
        if any(set(shares) != set(classes) for _, shares in rows):
            raise InputError("the churn table's rows do not have the same classes", hint=f"give each row {', '.join(classes)}")
        return cls.from_rows(classes, [(rate, *(shares[name] for name in classes)) for rate, shares in rows])

    @property
    def rates_ppm(self) -> tuple[int, ...]:
        """The annual rates of the table, rising."""
        return tuple(row.annual_rate_ppm for row in self.rows)

    def lost_ppm(self, churn_class: str, annual_rate_ppm: int) -> int:
        """Return the share of a class's customers that is lost at a rate of the table.

        >>> ChurnTable.from_rows("A", [(40_000, 7)]).lost_ppm("A", 41_000)
        Traceback (most recent call last):
        weilend.core.errors.InputError: the churn table has no rate 41000 ppm. Hint: offer only the rates of the table
        """
        if churn_class not in self.classes:
            raise InputError(f"the churn table has no class {churn_class!r}", hint=f"it has {', '.join(self.classes)}")
        at = bisect_left(self.rows, annual_rate_ppm, key=lambda row: row.annual_rate_ppm)
        if at == len(self.rows) or self.rows[at].annual_rate_ppm != annual_rate_ppm:
            raise InputError(f"the churn table has no rate {annual_rate_ppm} ppm", hint="offer only the rates of the table")
        return self.rows[at].lost_ppm[self.classes.index(churn_class)]
