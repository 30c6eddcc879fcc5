"""In: made-up records. Out: milliseconds of one subject's features, and of fetching its records. Used: `make bench`.

What an application waits for: the median call, in processor time of one thread and, where files are read, on the wall too. From
records in memory to a feature row, the peer is the same plan folded by our DuckDB engine, which every value is compared with;
fetching is held against DuckDB over the same files, their ends kept in memory, rows compared.

`python -m bench.online 100000000 4 FOLDER` measures the largest kind at another size, in a book that stays in a folder.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from bench.invoices import AS_OF, HOME
from bench.measure import Row, Sample, agree, compare, emit
from weilend.core.plan import Columns, Fold, Plan, Spine
from weilend.core.records import KINDS
from weilend.engine import Book, BookView
from weilend.engine.duckdb import fold as fold_many
from weilend.engine.numpy import fold_kinds, read_columns
from weilend.features import FEATURE_SETS, FeatureSet, FeatureTable, finish, make_plan
from weilend.testing.scale import Amount, fields_of, name_subjects, write_book

INVOICE, ENTERPRISE, SELLER = (FEATURE_SETS[name] for name in ("invoice", "enterprise", "seller"))
MONTH = HOME.month_of(AS_OF)
FEW, MANY = 2_000, 100_000
#: Of kinds but the largest there are so many records at most.
SMALL_KIND = 2_000_000
LARGEST = "invoice"
#: A pass calls each contender so often: a slow one less.
CALLS, PASS_SECONDS = 100, 0.2
SUBJECTS_ASKED = 97


def rows(records: int = 2_000_000, passes: int = 4, folder: str = "") -> list[Row]:
    """Return the rows of one subject's features, and of fetching from a book of so many records of its largest kind."""
    sizes = [(INVOICE, FEW), (ENTERPRISE, FEW), (SELLER, FEW), (INVOICE, min(MANY, records)), (ENTERPRISE, min(MANY, records))]
    with TemporaryDirectory(prefix="weilend-bench-") as name:
        found = [
            row for features, size in sizes for row in _features(Path(name) / f"{features.name}{size}", features, size, passes)
        ]
        return found + _fetch(Path(folder or name) / "online", ENTERPRISE, records, passes)


def _features(folder: Path, features: FeatureSet, size: int, passes: int) -> list[Row]:
    """Return the rows of the features of one subject, of whose records each kind has its part, all in memory."""
    each = size // len(features.kinds)
    view = write_book(folder, [_amount(kind, each, 1) for kind in features.kinds], HOME, fields_of(features)).view()
    plan, spine = make_plan(features), look_at(features, 0)
    folds = by_kind(plan)
    read = [(some, read_columns(some, spine.subjects[0], AS_OF, view)) for some in folds.values()]
    what = f"{len(features.features)} features of {features.name}, {each * len(features.kinds):,} records of one subject"
    works = {"weilend": lambda: _compute(features, spine, read), "its DuckDB fold": lambda: _ask(features, spine, plan, view)}
    agree(what, *(work().row(0).values for work in works.values()))
    return compare(what, race_medians(works, passes), unit="ms cpu", scale=1e3, clock="cpu", check="equal")


def _compute(features: FeatureSet, spine: Spine, read: Sequence[tuple[Sequence[Fold], Columns]]) -> FeatureTable:
    table = finish(features, spine, fold_kinds(read, 0, AS_OF, MONTH), HOME)
    table.row(0)
    return table


def _ask(features: FeatureSet, spine: Spine, plan: Plan, view: BookView) -> FeatureTable:
    return finish(features, spine, fold_many(plan, spine, view, HOME), HOME)


def _amount(kind: str, rows: int, subjects: int) -> Amount:
    return Amount(kind=kind, rows=rows, subjects=subjects, until=AS_OF)


def by_kind(plan: Plan) -> dict[str, tuple[Fold, ...]]:
    """Return the folds of a plan by kind."""
    kinds = dict.fromkeys(one.kind for one in plan.folds)
    return {kind: tuple(one for one in plan.folds if one.kind == kind) for kind in kinds}


def look_at(features: FeatureSet, number: int) -> Spine:
    """Return a look at one business; its shop, its owner and its devices have its name."""
    name = name_subjects("E", number + 1)[number]
    roles = {KINDS[kind].subjects[0] for kind in features.kinds} - {"business_id"}
    return Spine((name,), (AS_OF,), linked=dict.fromkeys(roles, ((name,),)))


def race_medians(works: Mapping[str, Callable[[], Any]], passes: int) -> dict[str, list[Sample]]:
    """Return the median call of each contender, one a pass; every other pass runs in the opposite order."""
    samples: dict[str, list[Sample]] = {name: [] for name in works}
    for number in range(passes):
        for name in list(works) if number % 2 == 0 else reversed(list(works)):
            samples[name].append(_median_call(works[name]))
    return samples


def _median_call(work: Callable[[], Any]) -> Sample:
    work()
    began, walls, cpus = time.perf_counter(), [], []
    while len(walls) < CALLS and (len(walls) < 3 or time.perf_counter() - began < PASS_SECONDS):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        cpus.append(time.process_time() - cpu)
        walls.append(time.perf_counter() - wall)
    return Sample(median(walls), median(cpus))


def _fetch(folder: Path, features: FeatureSet, records: int, passes: int) -> list[Row]:
    """Return the rows of fetching what a product needs of one subject: of its largest kind, of any other, of all together."""
    subjects = max(records // FEW, 4)
    book = _open(folder, features, records, subjects)
    folds = by_kind(make_plan(features))
    found = []
    for kinds in (*((kind,) for kind in folds), tuple(folds)):
        size = records if LARGEST in kinds else min(records, SMALL_KIND)
        what = (
            f"fetch one subject of {size:,} {kinds[0]} records"
            if len(kinds) == 1
            else f"fetch one subject of all {len(kinds)} kinds"
        )
        asks = {"weilend": _ask_us(book, folds, kinds, subjects), "DuckDB": _ask_duckdb(book.view(), folds, kinds, subjects)}
        agree(what, *([ask() for _ in range(3)] for ask in asks.values()))
        medians = race_medians(asks, passes)
        for clock, unit in (("cpu", "ms cpu"), ("wall", "ms")):
            found += compare(what, medians, unit=unit, scale=1e3, clock=clock, check="rows equal")
    return found


def _open(folder: Path, features: FeatureSet, records: int, subjects: int) -> Book:
    """Return the book in a folder; it is written first where it is not there."""
    if folder.exists():
        return Book.open(folder, calendar=HOME)
    sizes = {kind: records if kind == LARGEST else min(records, SMALL_KIND) for kind in features.kinds}
    return write_book(folder, [_amount(kind, size, subjects) for kind, size in sizes.items()], HOME, fields_of(features))


def _ask_us(book: Book, folds: dict[str, tuple[Fold, ...]], kinds: Sequence[str], subjects: int) -> Callable[[], list[int]]:
    turn = _turn(subjects)

    def ask() -> list[int]:
        name, view = next(turn), book.view()
        return [len(read_columns(folds[kind], name, AS_OF, view)["seq"]) for kind in kinds]

    return ask


def _ask_duckdb(
    view: BookView, folds: dict[str, tuple[Fold, ...]], kinds: Sequence[str], subjects: int
) -> Callable[[], list[int]]:
    turn, connection = _turn(subjects), duckdb.connect(config={"threads": 1})
    connection.execute("SET GLOBAL parquet_metadata_cache = true")

    def ask() -> list[int]:
        name = next(turn)
        return [_query(connection, view, folds[kind], name) for kind in kinds]

    return ask


def _query(connection: duckdb.DuckDBPyConnection, view: BookView, folds: Sequence[Fold], subject: str) -> int:
    """Return how many rows a query over the same files gives."""
    kind = KINDS[folds[0].kind]
    files = [file.path for file in view.files(kind.name) if file.first_subject <= subject <= file.last_subject]
    if not files:
        return 0
    names = sorted({"happened_on", "happened_at", "seq"} | {name for one in folds for name in one.reads})
    where = f"{kind.subjects[0]} = '{subject}' AND known_at <= {AS_OF} AND known_until > {AS_OF} AND happened_at <= {AS_OF}"
    query = f"SELECT {', '.join(names)} FROM read_parquet({files}) WHERE {where} ORDER BY happened_at, seq"
    return connection.sql(query).to_arrow_table().num_rows


def _turn(subjects: int) -> Any:
    """Return the names of subjects in a turn that jumps from file to file."""
    names = name_subjects("E", subjects)
    return cycle(names[:: max(1, subjects // SUBJECTS_ASKED)])


if __name__ == "__main__":
    emit(lambda: rows(*map(int, sys.argv[1:3]), *sys.argv[3:4]))
