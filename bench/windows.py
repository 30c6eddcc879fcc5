"""In: made-up invoices, evenly spread and not. Out: CPU seconds and memory of all invoice features. Used: `make bench`.

Peers: all 56 written by hand for polars and pandas with the same meaning (any version, any instant a row), and a bare scan of the
columns that are read. All read the book's own files, and every value of every business is compared. Uneven data has one business
with a tenth of all records. `python -m bench.windows RECORDS BUSINESSES PASSES` measures another size than that of `make bench`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow.dataset as ds

from bench.invoices import AS_OF, HOME
from bench.measure import DisagreementError, Row, compare, emit, plain_row, race
from bench.processes import run, say_peak
from bench.windows_pandas import by_pandas
from bench.windows_polars import COLUMNS, Floats, by_polars, looks_of
from weilend.core.plan import Spine
from weilend.engine import Book, BookView
from weilend.engine.batch.looks import months_of
from weilend.engine.duckdb import fold_and_finish
from weilend.features import FeatureTable, finish, make_plan
from weilend.features.sets import INVOICE
from weilend.testing.scale import Amount, fields_of, name_subjects, write_book

SPREADS = {"even": 0.0, "uneven": 1.03}
COUNT = len(INVOICE.features)
#: A float so near to a tie may be rounded either way: sums of shares are added in an order of their own by each.
NEAR_TIE = 1e-6
#: What a business has that is known but has no row in a window.
WITHOUT_ROWS = {"sales_longest_gap_months_36m": 36.0} | {
    feature.name: 0.0 for feature in INVOICE.features if feature.aggregate in ("sum", "count", "distinct", "active_days")
    or feature.aggregate.startswith("months_")
}  # fmt: skip


def rows(count: int = 1_000_000, businesses: int = 10_000, passes: int = 2) -> list[Row]:
    """Return the rows of time on both spreads of data."""
    found = []
    for what, folder in _books(count, businesses):
        found += _times(what, folder, businesses, passes)
    return found


def peaks(count: int = 1_000_000, businesses: int = 10_000) -> list[Row]:
    """Return the rows of memory on both spreads of data, each contender in a process of its own."""
    found = []
    for what, folder in _books(count, businesses):
        used = {name: run("windows", "only", name, str(folder), str(businesses)).megabytes for name in MAKERS}
        ours_, *others = used
        found += [plain_row(what, "MB", used[ours_], name, used[name], check="-") for name in others]
    return found


def _books(count: int, businesses: int) -> Iterator[tuple[str, Path]]:
    """Yield what is measured, and the folder of its book, which then goes."""
    for spread, exponent in SPREADS.items():
        with TemporaryDirectory(prefix="weilend-bench-") as name:
            folder = Path(name) / "book"
            amount = Amount(kind="invoice", rows=count, subjects=businesses, until=AS_OF + 60 * 86_400, zipf=exponent)
            write_book(folder, [amount], HOME, fields_of(INVOICE))
            yield f"{COUNT} features of {businesses:,} businesses, {count:,} records, {spread}", folder


def _times(what: str, folder: Path, businesses: int, passes: int) -> list[Row]:
    works = {name: make(folder, businesses) for name, make in MAKERS.items()}
    ours = works["weilend"]()
    for name in ("polars", "pandas"):
        check(f"{what}, {name}", ours, works[name]())
    samples = race(works, passes=passes, least_seconds=0)
    return [
        *compare(what, samples, unit="CPU s", scale=1, clock="cpu", check="equal"),
        *compare(what, samples, unit="s", scale=1, clock="wall", check="equal"),
    ]


def ours(folder: Path, businesses: int) -> Callable[[], FeatureTable]:
    view, plan, spine = _view(folder), make_plan(INVOICE), _spine(businesses)

    def work() -> FeatureTable:
        values = np.zeros((spine.size, COUNT), dtype=np.int64)
        known = np.zeros(values.shape, dtype=np.bool_)
        for block, table in fold_and_finish(plan, spine, view, HOME, lambda part, states: finish(INVOICE, part, states, HOME)):
            values[block.rows], known[block.rows] = table.values, table.known
        return FeatureTable(INVOICE, spine, values, known, {})

    return work


def polars(folder: Path, businesses: int) -> Callable[[], dict[str, Floats]]:
    paths, spine = _paths(_view(folder)), _spine(businesses)
    return lambda: by_polars(pl.scan_parquet(paths), looks_of(spine, HOME))


def pandas(folder: Path, businesses: int) -> Callable[[], dict[str, Floats]]:
    paths, spine = _paths(_view(folder)), _spine(businesses)

    def work() -> dict[str, Floats]:
        table = ds.dataset(paths).to_table(columns=list(COLUMNS))
        return by_pandas(table.to_pandas(strings_to_categorical=True, date_as_object=False), looks_of(spine, HOME))

    return work


def scan(folder: Path, _: int) -> Callable[[], Any]:
    """Read every value of the columns once, and no more than that."""
    paths = _paths(_view(folder))
    sums = ", ".join(
        f"sum(length({name}))" if name.endswith(("id", "tion", "us")) else f"sum({name} - DATE '2000-01-01')" if name.endswith("on")
        else f"sum({name})" for name in COLUMNS
    )  # fmt: skip

    def work() -> Any:
        with duckdb.connect(config={"threads": 2}) as connection:
            return connection.sql(f"SELECT {sums} FROM read_parquet({paths})").fetchall()

    return work


MAKERS: dict[str, Callable[[Path, int], Callable[[], Any]]] = {
    "weilend": ours,
    "polars": polars,
    "pandas": pandas,
    "bare scan": scan,
}


def check(what: str, mine: FeatureTable, theirs: dict[str, Floats]) -> None:
    """Raise `DisagreementError` unless every value is equal; a peer's floats are rounded and cut to range as ours are."""
    oldest = theirs["oldest_day"]
    there = np.isfinite(oldest)
    months = np.where(there, HOME.month_of(AS_OF) - months_of(np.where(there, oldest, 0).astype(np.int64)), -1)
    for at, feature in enumerate(INVOICE.features):
        value = np.where(np.isnan(theirs[feature.name]), WITHOUT_ROWS.get(feature.name, np.nan), theirs[feature.name])
        known = np.isfinite(value) & (months >= max(feature.history_months, 1))
        off = np.abs(np.clip(np.where(known, value, 0), feature.lo, feature.hi) - mine.values[:, at])
        wrong = np.flatnonzero((known != mine.known[:, at]) | (off > 0.5 + NEAR_TIE))
        if wrong.size:
            row = int(wrong[0])
            ours_ = mine.values[row, at] if mine.known[row, at] else None
            raise DisagreementError(
                f"{what}: {feature.name} of {mine.spine.subjects[row]} is {ours_}, the peer says {value[row]}"
            )


def _view(folder: Path) -> BookView:
    return Book.open(folder, calendar=HOME).view()


def _paths(view: BookView) -> list[str]:
    return [file.path for file in view.files("invoice")]


def _spine(businesses: int) -> Spine:
    return Spine(name_subjects("E", businesses), (AS_OF,) * businesses)


if __name__ == "__main__":
    if sys.argv[1:2] == ["only"]:
        MAKERS[sys.argv[2]](Path(sys.argv[3]), int(sys.argv[4]))()
        say_peak()
    else:
        sizes = tuple(map(int, sys.argv[1:]))
        emit(lambda: [*rows(*sizes), *peaks(*sizes[:2])])
