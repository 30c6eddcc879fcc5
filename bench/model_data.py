"""In: the folder of public lending data (WEILEND_DATA). Out: a `Sample` of each set. Used: by `bench.models`.

What everyone who models these sets must drop is dropped for all contenders: row numbers, dates, a column that stands there twice,
loans whose end nobody knows. Nothing else is; signs are not declared, because nobody declared any.
"""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from weilend.models.guards import Case, guard_sample
from weilend.models.guards.codes import mark_codes
from weilend.models.recipes.flat_card import narrow
from weilend.models.sample import Column, Sample
from weilend.models.table import Table

MOST_SCALE = 9  # decimals of a number that are kept: what public files hold
EXACT = 2**53
SEED = 7
Cells = Sequence[str]


def folder() -> Path | None:
    """Return where the public data lies, None where it is not."""
    place = Path(os.environ.get("WEILEND_DATA", ""))
    return place if os.environ.get("WEILEND_DATA") and place.is_dir() else None


def sample_of(columns: dict[str, Cells], bad: npt.NDArray[np.int64], categories: Sequence[str] = ()) -> Sample:
    """Return a sample of columns of text: numbers where all cells are, categories otherwise; an empty cell is NULL."""
    parts = [_column(name, cells, is_category=name in categories) for name, cells in columns.items()]
    values, known = np.stack([p[1] for p in parts], axis=1), np.stack([p[2] for p in parts], axis=1)
    table = Table(tuple(columns), values, known, tuple(map(str, range(len(bad)))))
    rows = len(bad)
    return Sample(table=table, columns=tuple(p[0] for p in parts), bad=bad, weight=np.ones(rows), group=np.arange(rows),
                  month=np.full(rows, -1))  # fmt: skip


def _column(name: str, cells: Cells, *, is_category: bool) -> tuple[Column, npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    known = np.array([cell not in ("", "NA", "?", "Missing") for cell in cells])
    numbers = None if is_category else _numbers(cells, known)
    if numbers is None:
        words = tuple(sorted({cell for cell, there in zip(cells, known, strict=True) if there}))
        place = {word: at for at, word in enumerate(words)}
        return Column(name=name, kind="category", words=words), np.array([place.get(cell, 0) for cell in cells]), known
    scale = _scale(numbers)
    return Column(name=name, scale=scale), np.where(known, np.rint(numbers * scale), 0).astype(np.int64), known


def _numbers(cells: Cells, known: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64] | None:
    try:
        return np.array([float(cell) if there else 0.0 for cell, there in zip(cells, known, strict=True)])
    except ValueError:
        return None


def _scale(numbers: npt.NDArray[np.float64]) -> int:
    for power in range(MOST_SCALE):
        shifted = numbers * 10**power
        if np.abs(shifted - np.rint(shifted)).max() < 1e-6 or np.abs(shifted).max() * 10 > EXACT:
            return int(10**power)
    return int(10**MOST_SCALE)


def _from_rows(
    rows: Sequence[dict[str, str]], label: str, bad: str, drop: Sequence[str], categories: Sequence[str] = ()
) -> Sample:
    names = [name for name in rows[0] if name not in (label, *drop)]
    labels = np.array([int(row[label] == bad) for row in rows], dtype=np.int64)
    return sample_of({name: [row[name] for row in rows] for name in names}, labels, categories)


def gmsc(root: Path) -> Sample:
    """150,000 borrowers; 90 days late within two years."""
    with zipfile.ZipFile(root / "gmsc" / "cs-training.csv.zip") as archive:
        text = archive.read("cs-training.csv").decode()
    return _from_rows(list(csv.DictReader(io.StringIO(text))), "SeriousDlqin2yrs", "1", [""])


def uci_taiwan(root: Path) -> Sample:
    """30,000 card holders; no payment next month. Sex, education and marriage are codes, hence categories."""
    rows = list(csv.DictReader(io.StringIO((root / "uci_taiwan" / "UCI_Credit_Card.csv").read_text())))
    return _from_rows(rows, "default.payment.next.month", "1", ["ID"], ["SEX", "EDUCATION", "MARRIAGE"])


def hmeq(root: Path) -> Sample:
    """5,960 home-equity loans."""
    return _from_rows(list(csv.DictReader(io.StringIO((root / "hmeq" / "hmeq.csv").read_text()))), "BAD", "1", [])


def german(root: Path) -> Sample:
    """1,000 loans; the last column says 2 where bad."""
    lines = [line.split() for line in (root / "german" / "german.data").read_text().splitlines() if line]
    return _from_rows([{f"a{at:02d}": cell for at, cell in enumerate(line, 1)} for line in lines], "a21", "2", [])


def polish(root: Path) -> Sample:
    """7,027 firms, 64 ratios of their statements; bankrupt within five years."""
    text = (root / "polish_bankruptcy" / "1year.arff").read_text().splitlines()
    start = next(at for at, line in enumerate(text) if line.strip().lower() == "@data")
    rows = [line.split(",") for line in text[start + 1 :] if line.strip()]
    return _from_rows([{f"x{at:02d}": cell for at, cell in enumerate(row, 1)} for row in rows], f"x{len(rows[0]):02d}", "1", [])


def lendingclub_2018(root: Path) -> Sample:
    """31,766 loans of 2018 that had ended: only resolved loans are here, which makes the sample worse than the book was."""
    table = pq.read_table(root / "lendingclub_2018" / "lendingclub.parquet")
    names = [name for name in table.column_names if name not in ("id", "issue_d", "loan_status", "grade.1")]
    cells = {name: ["" if value is None else str(value) for value in table.column(name).to_pylist()] for name in names}
    return sample_of(cells, np.array(table.column("loan_status").to_pylist(), dtype=np.int64))


def berka(root: Path) -> Sample:
    """682 loans of a Czech bank, without the 403 that were still running: 76 bad of 279 ended or in arrears."""
    table = pq.read_table(root / "berka" / "loan_features.parquet")
    loans = [line.split(";") for line in (root / "berka" / "loan.asc").read_text().splitlines()[1:]]
    status = np.array([loan[-1].strip('"') for loan in loans])
    bad = np.array(table.column("default").to_pylist(), dtype=np.int64)
    if not (np.isin(status, ("B", "D")) == bad).all():
        raise ValueError("the features of berka are not in the order of its loans")
    names = [name for name in table.column_names if name not in ("default", "weight")]
    cells = {name: ["" if value is None else str(value) for value in table.column(name).to_pylist()] for name in names}
    return sample_of(cells, bad).take(status != "C")


SETS: dict[str, Callable[[Path], Sample]] = {
    "german": german, "berka": berka, "hmeq": hmeq, "polish": polish, "uci_taiwan": uci_taiwan,
    "lendingclub_2018": lendingclub_2018, "gmsc": gmsc,
}  # fmt: skip


def guarded(sample: Sample) -> tuple[Sample, tuple[str, ...]]:
    """Return a sample without what our guards drop, special codes marked, and the columns dropped: alike for all contenders."""
    left, findings = guard_sample(Case(sample, np.arange(len(sample)), seed=SEED))
    gone = tuple(name for name in sample.table.names if name not in left)
    return mark_codes(narrow(sample, left), list(findings)), gone
