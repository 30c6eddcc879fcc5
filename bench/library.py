"""In: made-up records of six kinds. Out: CPU seconds and memory of a thousand features of many applications. Used: `make bench`.

Each application has its own instant, its own shop and its own owner. There is no peer that computes these; beside it stands a
bare scan of the same columns of the same files. Each is a process of its own, so that time and memory are its own.
`python -m bench.library RECORDS APPLICATIONS FEATURES` measures another size than that of `make bench`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np

from bench.invoices import AS_OF, HOME
from bench.measure import Row, agree, emit, plain_row
from bench.processes import run, say_peak
from weilend.core.plan import Spine
from weilend.engine import Book, BookView
from weilend.engine.duckdb import fold_and_finish
from weilend.engine.numpy import fold as fold_few
from weilend.features import FEATURE_SETS, FeatureSet, finish, make_plan
from weilend.testing.scale import Amount, fields_of, name_subjects, widen, write_book

#: Share of all records, and the letter of the subjects, by kind.
KINDS = {"order": (0.3, "S"), "bank_entry": (0.28, "E"), "wallet_entry": (0.2, "E"), "invoice": (0.12, "E"),
         "user_event": (0.06, "P"), "refund": (0.04, "S")}  # fmt: skip
FEATURES = 1_000
SAMPLE = 8


def rows(records: int = 2_000_000, applications: int = 4_000, features: int = FEATURES) -> list[Row]:
    """Return CPU, wall and memory of all features against a bare scan, some applications compared with those of NumPy."""
    with TemporaryDirectory(prefix="weilend-bench-") as name:
        folder = Path(name) / "book"
        write_book(folder, _amounts(records, applications), HOME, fields_of(_features(features)))
        given = (str(folder), str(applications), str(features))
        scanned, built = (run("library", work, *given) for work in ("scan", "build"))
    what = f"{features} features, {applications:,} applications, {records:,} records"
    check = f"{SAMPLE} equal"
    return [
        plain_row(what, "CPU s", built.cpu, "bare scan", scanned.cpu, check=check),
        plain_row(what, "s", built.wall, "bare scan", scanned.wall, check=check),
        plain_row(what, "MB", built.megabytes, "bare scan", scanned.megabytes, check="-"),
    ]


def build(folder: str, applications: str, count: str) -> None:
    """Compute every feature of every application, and some of them again by NumPy."""
    features, view, spine = _features(int(count)), Book.open(Path(folder), calendar=HOME).view(), _spine(int(applications))
    plan = make_plan(features)
    values = np.zeros((spine.size, len(features.features)), dtype=np.int64)
    known = np.zeros(values.shape, dtype=np.bool_)
    for block, table in fold_and_finish(plan, spine, view, HOME, lambda part, states: finish(features, part, states, HOME)):
        values[block.rows], known[block.rows] = table.values, table.known
    chosen = np.linspace(0, spine.size - 1, SAMPLE).astype(int).tolist()
    few = _some(spine, chosen)
    again = finish(features, few, fold_few(plan, few, view, HOME), HOME)
    agree("features by NumPy, values", values[chosen].tolist(), again.values.tolist())
    agree("features by NumPy, known", known[chosen].tolist(), again.known.tolist())
    shares = known.mean(axis=0)
    sys.stderr.write(f"known: {known.mean():.0%} of all values; {(shares > 0.01).sum()} of {count} features are known\n")


def scan(folder: str, _: str, count: str) -> None:
    """Read every value of the columns that the features read, once."""
    view = Book.open(Path(folder), calendar=HOME).view()
    reads = {kind: sorted(_reads(kind, _features(int(count)))) for kind in KINDS}
    with duckdb.connect(config={"threads": 2}) as connection:
        for kind, names in reads.items():
            connection.sql(_bare(view, kind, names)).fetchall()


def _bare(view: BookView, kind: str, names: list[str]) -> str:
    paths = [file.path for file in view.files(kind)]
    counted = ", ".join(f"bit_xor(hash({name}))" for name in names)
    return f"SELECT {counted} FROM read_parquet({paths}) WHERE known_at <= {AS_OF} AND happened_at <= {AS_OF}"


def _reads(kind: str, features: FeatureSet) -> set[str]:
    folds = [one for one in make_plan(features).folds if one.kind == kind]
    return {name for one in folds for name in one.reads} | {"happened_at", "happened_on", "known_until"}


def _features(count: int) -> FeatureSet:
    return widen(FEATURE_SETS["library"], tuple(KINDS), count)


def _amounts(records: int, applications: int) -> list[Amount]:
    return [
        Amount(kind=kind, rows=int(records * share), subjects=applications, until=AS_OF, prefix=prefix, seed=number)
        for number, (kind, (share, prefix)) in enumerate(KINDS.items())
    ]


def _spine(applications: int) -> Spine:
    """Return applications of the last quarter, each at its own instant, with a shop and an owner from anywhere in their tables."""
    dice = np.random.default_rng(9)
    as_of = (AS_OF - dice.integers(0, 90 * 86_400, applications)).tolist()
    shops, owners = (name_subjects(letter, applications) for letter in "SP")
    shuffled = [dice.permutation(applications).tolist() for _ in range(2)]
    linked = {
        role: tuple((names[at],) for at in order)
        for role, names, order in zip(("shop_id", "owner_id"), (shops, owners), shuffled, strict=True)
    }
    return Spine(name_subjects("E", applications), tuple(as_of), linked=linked)


def _some(spine: Spine, rows: list[int]) -> Spine:
    linked = {role: tuple(groups[row] for row in rows) for role, groups in spine.linked.items()}
    return Spine(tuple(spine.subjects[row] for row in rows), tuple(spine.as_of[row] for row in rows), spine.role, linked)


if __name__ == "__main__":
    if sys.argv[1:2] in (["build"], ["scan"]):
        {"build": build, "scan": scan}[sys.argv[1]](*sys.argv[2:])
        say_peak()
    else:
        emit(lambda: rows(*map(int, sys.argv[1:])))
