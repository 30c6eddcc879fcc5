"""In: kinds of record and a seed. Out: many random rows of each, quickly. Used: by laws over whole feature sets, and for scale.

Hypothesis shrinks, and pays for it row by row; here one seed makes thousands of rows, edges and NULLs more often than not.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta

import pyarrow as pa

from weilend.core.records import KINDS, Field
from weilend.testing.records import Row, Value, as_table

DAY_SECONDS = 86_400
DAYS_LATE = (0, 0, 0, 1, 15, 90)


def random_records(
    kinds: Sequence[str], seed: int, *, rows: int, subjects: Sequence[str], since: int, until: int
) -> dict[str, pa.Table]:
    """Return tables of records that happened between two instants (UTC seconds), a few of them known only later.

    >>> made = random_records(["invoice"], 7, rows=5, subjects=["E1"], since=1_500_000_000, until=1_577_808_000)
    >>> made["invoice"].num_rows, made == random_records(["invoice"], 7, rows=5, subjects=["E1"], since=1_500_000_000,
    ...     until=1_577_808_000)
    (5, True)
    """
    rng = random.Random(seed)
    tables = {}
    for name in kinds:
        facts = [_row(name, rng, subjects, since, until) for _ in range(rows)]
        tables[name] = as_table(KINDS[name], facts)
    return tables


def _row(name: str, rng: random.Random, subjects: Sequence[str], since: int, until: int) -> Row:
    kind = KINDS[name]
    happened_at = rng.randint(since, until)
    row: dict[str, Value] = {kind.subjects[0]: rng.choice(subjects)}
    row |= {subject: rng.choice((None, *"ABCDEF")) for subject in kind.subjects[1:]}
    row |= {field.name: _value(field, rng, happened_at) for field in kind.fields}
    known_at = happened_at + DAY_SECONDS * rng.choice(DAYS_LATE)
    frame: dict[str, Value] = {"happened_at": happened_at, "known_at": known_at, "known_basis": "observed", "source": "test"}
    return {**row, **frame, "consent_id": "own-data"}


def _value(field: Field, rng: random.Random, happened_at: int) -> Value:
    if field.nullable and rng.random() < 0.25:
        return None
    if field.type == "integer":
        lo, hi = field.lo or 0, field.hi if field.hi is not None else 10**6
        small = rng.choice((lo, hi, 0, 1, 100, 10_000, rng.randint(lo, hi), rng.randint(0, 10**6)))
        return min(max(small, lo), hi)
    if field.type == "text":
        return rng.choice(field.words) if field.words else rng.choice(("a", "b", "c", "甲"))
    if field.type == "date":
        return date(1970, 1, 1) + timedelta(days=happened_at // DAY_SECONDS + rng.randint(-400, 400))
    return rng.random() < 0.5
