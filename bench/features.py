"""In: made-up invoices in a book. Out: CPU seconds of features over all businesses, and of one. Used: `make bench`.

Peers: the same twelve features written by hand for polars, pandas and DuckDB, and a bare scan of the columns that are read.
All read the book's own Parquet files; for one business all start from rows that are in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds

from bench.feature_peers import COLUMNS, SUBSET, by_duckdb, by_pandas, by_polars, whole
from bench.invoices import AS_OF, HOME, make_invoices, subjects
from bench.measure import Row, Sample, agree, compare, emit, race
from weilend.core.plan import Plan, Spine
from weilend.engine import Book, BookView
from weilend.engine.duckdb import fold as fold_many
from weilend.engine.numpy import fold_rows, read_columns
from weilend.features import FeatureSet, FeatureTable, finish, make_plan
from weilend.features.sets import INVOICE

THREADS = 2
TWELVE = FeatureSet("twelve", tuple(INVOICE[name] for name in SUBSET))
COUNT = len(INVOICE.features)
READ = ("business_id", "counterparty_id", "direction", "status", "net_fen", "tax_fen", "happened_at")
KNOWN = f"known_at <= {AS_OF} AND known_until > {AS_OF}"


def rows(count: int = 1_000_000, businesses: int = 1_000, passes: int = 4) -> list[Row]:
    """Return the rows of both races, after every value of every business has been compared."""
    with TemporaryDirectory() as folder:
        book = Book.open(Path(folder) / "book", calendar=HOME)
        book.append({"invoice": make_invoices(count, businesses)})
        book.compact("invoice")
        view = book.view()
        return [*_many(view, businesses, passes), *_one(view, passes)]


def _many(view: BookView, businesses: int, passes: int) -> list[Row]:
    spine = Spine(subjects(businesses), (AS_OF,) * businesses)
    paths = [file.path for file in view.files("invoice")]
    works = {"weilend": lambda: _ours(TWELVE, make_plan(TWELVE), spine, view), **_peers(paths)}
    answers = _as_dict(works["weilend"](), TWELVE)
    for name, work in works.items():
        if name != "weilend":
            agree(f"twelve features of all, {name}", answers, whole(work(), spine.subjects))
    every = make_plan(INVOICE)
    works |= {"scan": lambda: _scan(paths), f"weilend {COUNT}": lambda: _ours(INVOICE, every, spine, view)}
    samples = race(works, passes=passes, least_seconds=0)
    twelve = {name: samples[name] for name in works if name not in ("scan", f"weilend {COUNT}")}
    scans = {"weilend": samples[f"weilend {COUNT}"], "bare scan": samples["scan"]}
    each = {name: [_times(one, 1 / len(SUBSET)) for one in taken] for name, taken in twelve.items()}
    each |= {"weilend": [_times(one, 1 / COUNT) for one in scans["weilend"]]}
    what = f"of {view.read('invoice', columns=['seq']).num_rows:,} invoices"
    return [
        *compare(f"12 features {what}", twelve, unit="CPU s", scale=1, clock="cpu", check="equal"),
        *compare(
            f"a feature, ours of {COUNT}, theirs of 12", each, unit="CPU ms", scale=1e3, clock="cpu", check="the 12 equal"
        ),
        *compare(f"{COUNT} features {what}", scans, unit="CPU s", scale=1, clock="cpu", check="-"),
    ]


def _one(view: BookView, passes: int) -> list[Row]:
    spine = Spine(subjects(1), (AS_OF,))
    table = view.read("invoice", subjects=spine.subjects, as_of=AS_OF, columns=list(COLUMNS))
    twelve, every = make_plan(TWELVE), make_plan(INVOICE)
    columns = read_columns(list(every.folds), spine.subjects[0], AS_OF, view)
    connection = duckdb.connect(config={"threads": THREADS})
    connection.register("invoices", table)
    lazy, frame = pl.from_arrow(table).lazy(), _frame(table)
    month = HOME.month_of(AS_OF)
    works: dict[str, Callable[[], Any]] = {
        "weilend": lambda: finish(TWELVE, spine, fold_rows(list(twelve.folds), columns, 0, AS_OF, month), HOME),
        "polars": lambda: by_polars(lazy),
        "pandas": lambda: by_pandas(frame),
        "DuckDB": lambda: by_duckdb(connection, "invoices"),
    }
    answers = _as_dict(works["weilend"](), TWELVE)
    for name in ("polars", "pandas", "DuckDB"):
        agree(f"twelve features of one, {name}", answers, whole(works[name](), spine.subjects))
    alone = {
        "weilend": lambda: finish(INVOICE, spine, fold_rows(list(every.folds), columns, 0, AS_OF, month), HOME),
        "its DuckDB fold": lambda: _ours(INVOICE, every, spine, view),
    }
    agree(f"{COUNT} features of one", _as_dict(alone["weilend"](), INVOICE), _as_dict(alone["its DuckDB fold"](), INVOICE))
    about: dict[str, Any] = {"unit": "ms", "scale": 1e3, "check": "equal"}
    what = f"of one business, {table.num_rows:,} rows"
    return [
        *compare(f"12 features {what}", race(works, passes=2 * passes), **about),
        *compare(f"{COUNT} features {what}", race(alone, passes=2 * passes), **about),
    ]


def _ours(features: FeatureSet, plan: Plan, spine: Spine, view: BookView) -> FeatureTable:
    return finish(features, spine, fold_many(plan, spine, view, HOME), HOME)


def _as_dict(table: FeatureTable, features: FeatureSet) -> dict[str, list[int | None]]:
    return {feature.name: table.column(feature.name) for feature in features.features}


def _peers(paths: list[str]) -> dict[str, Callable[[], Any]]:
    known = (pl.col("known_at") <= AS_OF) & (pl.col("known_until") > AS_OF)

    def pandas() -> pd.DataFrame:
        times = ["known_at", "known_until"]
        frame = _frame(ds.dataset(paths).to_table(columns=[*COLUMNS, *times]))
        return by_pandas(frame[(frame["known_at"] <= AS_OF) & (frame["known_until"] > AS_OF)])

    def database() -> pl.DataFrame:
        with duckdb.connect(config={"threads": THREADS}) as connection:
            return by_duckdb(connection, f"(SELECT {', '.join(COLUMNS)} FROM read_parquet({paths}) WHERE {KNOWN})")

    return {"polars": lambda: by_polars(pl.scan_parquet(paths).filter(known)), "pandas": pandas, "DuckDB": database}


def _scan(paths: list[str]) -> object:
    """Read every value of the columns once, and no more than that."""
    sums = ", ".join(
        f"sum(length({name}::VARCHAR))" if name.endswith(("id", "tion", "us")) else f"sum({name})" for name in READ
    )
    with duckdb.connect(config={"threads": THREADS}) as connection:
        return connection.sql(
            f"SELECT {sums}, sum(happened_on - DATE '2000-01-01') FROM read_parquet({paths}) WHERE {KNOWN}"
        ).fetchall()


def _frame(table: pa.Table) -> pd.DataFrame:
    """Return a pandas frame with texts as categories and days as timestamps, which is how pandas is quickest."""
    return table.to_pandas(strings_to_categorical=True, date_as_object=False)


def _times(one: Sample, factor: float) -> Sample:
    return Sample(one.wall * factor, one.cpu * factor)


if __name__ == "__main__":
    emit(rows)
