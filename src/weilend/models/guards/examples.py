"""In: a seed. Out: a clean case, and cases with one planted fault each. Used: by the examples and tests of guards."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.models.guards.case import Case
from weilend.models.sample import Column, Sample
from weilend.models.table import Booleans, Integers, Table

ROWS = 3_000
NAMES = ("income", "debt", "age", "sales", "orders", "noise")
FIRST_MONTH = 570


def clean(seed: int = 1, *, rows: int = ROWS, months: int = 6) -> Case:
    """Return a case in which five honest columns drive the label a little and one says nothing.

    >>> len(clean().columns), clean().bads > 300
    (6, True)
    """
    dice = np.random.default_rng(seed)
    latent = dice.normal(size=(rows, 6))
    bad = (dice.random(rows) < 1 / (1 + np.exp(1.6 - latent @ np.array([0.7, -0.5, 0.4, 0.3, -0.3, 0.0])))).astype(np.int64)
    known = dice.random((rows, 6)) > 0.03
    values = np.where(known, np.rint(latent * 1000 + 5000), 0).astype(np.int64)
    month = FIRST_MONTH + np.arange(rows) * months // rows if months else np.full(rows, -1)
    sample = Sample(
        table=Table(NAMES, values, known, tuple(map(str, range(rows)))), columns=tuple(Column(name=name) for name in NAMES),
        bad=bad, weight=np.ones(rows), group=np.arange(rows), month=month.astype(np.int64),
    )  # fmt: skip
    return Case(sample, dice.permutation(rows), seed=seed, time="month" if months else "")


def plant_leak(seed: int = 1) -> Case:
    """Return a case with a column that is the outcome with noise."""
    case, noise = _planted(seed)
    return add_column(case, "leak", case.sample.bad * 3000 + noise * 900)


def plant_presence(seed: int = 1) -> Case:
    """Return a case with a column that is known for bads only, and not for all of them."""
    case, noise = _planted(seed)
    return add_column(case, "closed", noise * 99, (case.sample.bad == 1) & (noise < 0.5))


def plant_pure(seed: int = 1) -> Case:
    """Return a case with a rating whose worst grade only bads have."""
    case, noise = _planted(seed)
    return add_column(case, "rating", np.where((case.sample.bad == 1) & (noise < 0), 4, 1 + np.arange(len(noise)) % 3))


def plant_flip(seed: int = 1) -> Case:
    """Return a case with a column that turns its sign in the newer half."""
    case, noise = _planted(seed)
    side = np.where(case.sample.month < FIRST_MONTH + 3, 900, -900)
    return add_column(case, "turning", (case.sample.bad - 0.5) * side + noise * 900)


def plant_rewritten(seed: int = 1) -> Case:
    """Return a case with a column that knows the outcome of the older half only: there was time to write it."""
    case, noise = _planted(seed)
    return add_column(case, "balance", case.sample.bad * np.where(case.sample.month < FIRST_MONTH + 3, 1200, 0) + noise * 900)


def plant_drift(seed: int = 1) -> Case:
    """Return a case with a column whose values move by three standard deviations."""
    case, noise = _planted(seed)
    return add_column(case, "moving", (case.sample.month - FIRST_MONTH) * 600 + noise * 1000)


def plant_id(seed: int = 1) -> Case:
    """Return a case with a number that counts the loans in the order of time."""
    case, _ = _planted(seed)
    return add_column(case, "loan_no", np.arange(len(case.sample)) * 7 + 100_000)


def plant_order(seed: int = 1) -> Case:
    """Return a case whose file is sorted so that bads stand late."""
    case, noise = _planted(seed)
    return Case(case.sample, np.argsort(np.argsort(case.sample.bad + noise)), seed=seed)


def plant_constant(seed: int = 1) -> Case:
    """Return a case with a column of one value."""
    case, noise = _planted(seed)
    return add_column(case, "country", np.ones(len(noise)))


def plant_copy(seed: int = 1) -> Case:
    """Return a case with income in another unit."""
    case, _ = _planted(seed)
    values, known = case.sample.table.column("income")
    return add_column(case, "income_again", values * 12, known)


def plant_group(seed: int = 1) -> Case:
    """Return a case in which every row stands twice under one customer number."""
    case = clean(seed, rows=ROWS // 2)
    twice = np.tile(np.arange(ROWS // 2), 2)
    sample = msgspec.structs.replace(case.sample.take(twice), group=np.arange(len(twice)))
    numbers = np.random.default_rng(seed).permutation(10**6)
    return add_column(Case(sample, np.arange(len(twice)), seed=seed), "customer", numbers[twice])


def plant_contradiction(seed: int = 1) -> Case:
    """Return a case in which ten groups have a good and a bad row each."""
    sample = clean(seed).sample
    goods, bads = np.flatnonzero(sample.bad == 0)[:10], np.flatnonzero(sample.bad == 1)[:10]
    group, month = sample.group.copy(), sample.month.copy()
    group[bads], month[bads] = group[goods], month[goods]
    return Case(msgspec.structs.replace(sample, group=group, month=month), np.arange(len(sample)), seed=seed)


def plant_code(seed: int = 1) -> Case:
    """Return a case in which thirty rows have an income of 999999."""
    case = clean(seed)
    values, known = case.sample.table.values.copy(), case.sample.table.known.copy()
    values[:30, 0], known[:30, 0] = 999_999, True
    table = Table(case.sample.table.names, values, known, case.sample.table.ids)
    return case.on(msgspec.structs.replace(case.sample, table=table))


def plant_censored(seed: int = 1) -> Case:
    """Return a case in which the bad rate falls by month."""
    case, _ = _planted(seed)
    spared = np.random.default_rng(seed).random(len(case.sample)) < (case.sample.month - FIRST_MONTH) / 8
    return case.on(msgspec.structs.replace(case.sample, bad=np.where(spared, 0, case.sample.bad)))


def plant_bias(seed: int = 1) -> Case:
    """Return a case whose rejects have less income."""
    case, other = clean(seed), clean(seed + 1).sample.table
    values = other.values.copy()
    values[:, 0] -= 900
    return Case(case.sample, case.row, seed=seed, rejects=Table(other.names, values, other.known, other.ids))


def add_column(case: Case, name: str, values: npt.ArrayLike, known: Booleans | None = None) -> Case:
    """Return the case with one more column.

    >>> add_column(clean(), "x", np.ones(ROWS)).columns[-1].name
    'x'
    """
    there = np.ones(len(case.sample), dtype=np.bool_) if known is None else known
    more: Integers = np.where(there, np.rint(values), 0).astype(np.int64)
    old = case.sample.table
    table = Table((*old.names, name), np.column_stack([old.values, more]), np.column_stack([old.known, there]), old.ids)
    return case.on(msgspec.structs.replace(case.sample, table=table, columns=(*case.columns, Column(name=name))))


def _planted(seed: int) -> tuple[Case, npt.NDArray[np.float64]]:
    case = clean(seed)
    return case, np.random.default_rng(seed + 10_000).normal(size=len(case.sample))
