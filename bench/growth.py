"""In: made-up invoices. Out: how the cost of features grows with records, subjects, snapshots and features. Used: by hand.

`python -m bench.growth` prints a table in Markdown, for docs/methodology/features.md: processor seconds of folding alone and of
folding and finishing, the better of two runs, beside a bare scan of the same files in the same minute.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from bench.invoices import AS_OF, HOME
from bench.windows import scan
from weilend.core.plan import Spine
from weilend.engine import Book
from weilend.engine.duckdb import fold_and_finish
from weilend.features import FeatureSet, finish, make_plan
from weilend.features.sets import INVOICE
from weilend.testing.scale import Amount, fields_of, name_subjects, widen, write_book

MONTH = 30 * 86_400


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """A point of the table."""

    records: int = 2_000_000
    subjects: int = 20_000
    snapshots: int = 1
    features: int = 56


#: Each is the first line with one number changed.
SIZES = (
    Size(),
    *(Size(snapshots=times) for times in (2, 4, 8)),
    *(Size(features=56 * times) for times in (2, 4)),
    *(Size(records=2_000_000 * times) for times in (2, 4)),
    *(Size(subjects=20_000 * times) for times in (2, 4)),
)


def lines(sizes: tuple[Size, ...] = SIZES) -> Iterator[str]:
    """Yield the lines of the table."""
    yield "| records | subjects | snapshots | features | folds | fold | fold and finish | bare scan | times the scan |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for (records, subjects), alike in groupby(sizes, lambda size: (size.records, size.subjects)):
        with TemporaryDirectory(prefix="weilend-bench-") as name:
            folder = Path(name) / "book"
            amount = Amount(kind="invoice", rows=records, subjects=subjects, until=AS_OF)
            write_book(folder, [amount], HOME, fields_of(INVOICE))
            yield from (_line(size, folder) for size in alike)


def _line(size: Size, folder: Path) -> str:
    features = widen(INVOICE, ("invoice",), size.features)
    plan, view, spine = make_plan(features), Book.open(folder, calendar=HOME).view(), _spine(size)

    def fold(answer: Callable[..., Any]) -> None:
        for _ in fold_and_finish(plan, spine, view, HOME, answer):
            pass

    bare = _least(scan(folder, size.subjects))
    alone = _least(lambda: fold(lambda _, states: len(states)))
    both = _least(lambda: fold(lambda part, states: _finish(features, part, states)))
    figures = (f"{size.records:,}", f"{size.subjects:,}", size.snapshots, size.features, len(plan.folds), f"{alone:.2f} s",
               f"{both:.2f} s", f"{bare:.2f} s", f"{both / bare:.0f}")  # fmt: skip
    return f"| {' | '.join(map(str, figures))} |"


def _finish(features: FeatureSet, part: Spine, states: Any) -> int:
    return len(finish(features, part, states, HOME).values)


def _least(work: Callable[[], Any]) -> float:
    """Return the processor seconds of the better of two runs."""
    taken = []
    for _ in range(2):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def _spine(size: Size) -> Spine:
    """Return every subject at the ends of the last months, as many as there are snapshots."""
    names = name_subjects("E", size.subjects) * size.snapshots
    return Spine(names, tuple(AS_OF - MONTH * turn for turn in range(size.snapshots) for _ in range(size.subjects)))


if __name__ == "__main__":
    for line in lines():
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
