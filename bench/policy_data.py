"""In: a number of rows and a seed. Out: made-up applications for the large policy, as a lender sees them. Used: by `policy`.

Most values are ordinary, a few break a rule; a few are not known, and of some a source is missing. Made once, written several
times: what is measured is deciding, not telling rows apart.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from weilend.testing.policies import large_cases

DAY_SECONDS = 86_400
STATUSES = ("present", "missing", "stale")
VERDICTS = ("clear", "not_assessed", "alert")
#: Facts that the card gives; whoever decides with a card inside does not read them.
SCORED = ("pd_ppm", "points", "outside_count")


def make_table(rows: int, seed: int, *, unknown: bool = True) -> pa.Table:
    """Return applications; without anything unknown or missing where peers cannot take it."""
    random = np.random.default_rng(seed)
    size = np.exp(random.normal(0, 0.9, rows))
    columns = {}
    for name, usual in large_cases()[0].items():
        if name in SCORED:
            continue
        if isinstance(usual, str):
            columns[name] = _words(name, rows, random, unknown=unknown)
        else:
            never = not unknown or name in ("row_age_seconds", "margin_test_draw_ppm")
            known = np.ones(rows, bool) if never else random.random(rows) >= 0.03
            columns[name] = pa.array(_numbers(name, int(usual or 0), size, random), mask=~known)
    return pa.table(columns)


def write_folder(folder: Path, rows: int, files: int) -> None:
    """Write `rows` applications in files of equal rows."""
    part = make_table(rows // files, 1)
    for number in range(files):
        pq.write_table(part, folder / f"part-{number}.parquet", row_group_size=122_880)


def _words(name: str, rows: int, random: np.random.Generator, *, unknown: bool) -> pa.Array:
    if name == "fraud_status":
        return pa.array(random.choice(np.array(VERDICTS, dtype=object), rows, p=[0.8, 0.18, 0.02]))
    return pa.array(random.choice(np.array(STATUSES, dtype=object), rows, p=[0.95, 0.03, 0.02] if unknown else [1, 0, 0]))


def _numbers(name: str, usual: int, size: np.ndarray, random: np.random.Generator) -> np.ndarray:
    rows = len(size)
    if name == "row_age_seconds":
        return random.integers(0, 20 * DAY_SECONDS, rows)
    if name == "margin_test_draw_ppm":
        return random.integers(0, 1_000_000, rows)
    if "fen" in name:
        owed = np.where(random.random(rows) < 0.8, 0, 20_000_000 * size)
        return (owed if usual == 0 else usual * size * np.exp(random.normal(0, 0.3, rows))).astype(np.int64)
    if name == "positive_review_rate_6m":
        return np.clip(random.normal(960_000, 40_000, rows), 0, 1_000_000).astype(np.int64)
    if usual > 10:
        return np.clip(usual * np.exp(random.normal(0, 0.65, rows)), 0, 1_000_000 if usual > 1_000 else 350).astype(np.int64)
    return random.poisson(max(usual, 0.15), rows)
