"""In: a number of rows and columns. Out: peak memory and CPU seconds of the recipes on made-up rows, one table. Used: by hand.

`python -m bench.scale` takes 1,000,000 x 300, `--rows 100000 --columns 150` the size at which a report is due in five minutes. Each
recipe and the whole build run in processes of their own, whose peak the system tells (it remembers a fat parent's: start it from a
shell). Memory does not hang on the number of trees: `--trees 20` asks for it alone.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from click.testing import CliRunner

from weilend.app.cli.main import cli
from weilend.app.desk.flat.files import read_flat_model
from weilend.models.ranks import rank_auc
from weilend.models.recipes import flat_card, monotone_boosting
from weilend.models.recipes.boosters import TRIALS
from weilend.models.sample import Column, Sample
from weilend.models.table import Table
from weilend.models.training import Budget

MOST_GB, MOST_SECONDS, JUDGED = 6.0, 300, 50_000
RECIPES = ("card", "monotone_boosting")
#: All of a build: a Parquet file read, designed, guarded, binned, the card fitted, validated and told on a page.
WHOLE = "whole build"
TELLING = 40  # of the columns say something; the rest are noise
HEAD = ("recipe", "rows", "columns", "rows alone GB", "peak GB", "CPU s", "AUC", "below 6 GB")


def make(rows: int, columns: int, seed: int) -> Sample:
    """Return made-up rows, one in eight bad; a tenth of the cells is not known, every tenth column a category."""
    dice = np.random.default_rng(seed)
    values, known = np.empty((rows, columns), dtype=np.int64), np.empty((rows, columns), dtype=np.bool_)
    logit = np.full(rows, -2.6)
    weight = np.random.default_rng(0).normal(0, 0.25, columns)
    for at in range(columns):
        column = dice.integers(0, 8, rows) if at % 10 == 9 else np.rint(dice.normal(0, 1000, rows)).astype(np.int64)
        values[:, at], known[:, at] = column, dice.random(rows) > 0.1
        values[~known[:, at], at] = 0
        if at < TELLING:
            logit += weight[at] * (np.tanh(values[:, at] / 1000) if at % 10 != 9 else values[:, at] % 3 - 1)
    names = tuple(f"column_{at}" for at in range(columns))
    described = tuple(
        Column(name=name, kind="category", words=tuple("abcdefgh")) if at % 10 == 9 else Column(name=name, scale=100)
        for at, name in enumerate(names)
    )
    bad = (dice.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    table = Table(names, values, known, tuple(map(str, range(rows))))
    return Sample(table=table, columns=described, bad=bad, weight=np.ones(rows), group=np.arange(rows), month=np.full(rows, -1))


def peak_gb() -> float:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def run(recipe: str, rows: int, columns: int, trees: int) -> dict[str, float]:
    """Return memory, CPU seconds and AUC on fresh rows of one recipe, in this process."""
    sample = make(rows, columns, seed=1)
    alone, began = peak_gb(), time.process_time()
    boosting = partial(monotone_boosting.fit, trials=TRIALS, budget=Budget(most_trees=trees))
    model = (flat_card.fit if recipe == "card" else boosting)(sample, seed=1)
    spent, peak = time.process_time() - began, peak_gb()
    fresh = make(min(JUDGED, rows), columns, seed=2)
    return {"alone": alone, "peak": peak, "seconds": spent, "auc": rank_auc(fresh.bad, model.predict(fresh.table).points)}


def lay_down(rows: int, columns: int, seed: int, path: Path) -> None:
    """Write the made-up rows as Parquet, the label beside them, some hundred thousand at a time."""
    sample = make(rows, columns, seed)
    schema = pa.schema(
        [(one.name, pa.string() if one.words else pa.float64()) for one in sample.columns] + [("bad", pa.int64())]
    )
    with pq.ParquetWriter(path, schema) as file:
        for start in range(0, rows, 100_000):
            part = slice(start, start + 100_000)
            cells = [
                pa.array(np.array(one.words)[values] if one.words else values / one.scale, mask=~known)
                for one, values, known in zip(
                    sample.columns, sample.table.values[part].T, sample.table.known[part].T, strict=True
                )
            ]
            file.write_table(pa.table([*cells, pa.array(sample.bad[part])], schema=schema))


def build_whole(rows: int, columns: int, folder: Path) -> dict[str, float]:
    """Return memory and CPU seconds of `weilend model build` in this process, and its AUC on rows held out."""
    path = folder / "rows.parquet"
    maker = get_context("spawn").Process(target=lay_down, args=(rows, columns, 1, path))
    maker.start()
    maker.join()
    alone, began = peak_gb(), time.process_time()
    asked = ["model", "build", "big", "--table", str(path), "--label", "bad", "--out", str(folder / "out")]
    done = CliRunner().invoke(cli, [*asked, "--home", str(folder / "home")])
    if done.exit_code:
        raise SystemExit(done.output)
    spent, judged = time.process_time() - began, read_flat_model(folder / "out")[0].judged
    return {"alone": alone, "peak": peak_gb(), "seconds": spent, "auc": judged.auc_ppm / 1e6}


def main() -> int:
    """Print the table; exit 1 where a recipe needed 6 GB or more."""
    parser = argparse.ArgumentParser(description="Peak memory and CPU seconds of the recipes on made-up rows.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=300)
    parser.add_argument("--trees", type=int, default=500, help="of a boosted model, at most")
    parser.add_argument("--recipes", nargs="+", choices=(*RECIPES, WHOLE), default=(*RECIPES, WHOLE))
    parser.add_argument("--one", choices=(*RECIPES, WHOLE), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one == WHOLE:
        with TemporaryDirectory() as folder:
            print(json.dumps(build_whole(asked.rows, asked.columns, Path(folder))))
        return 0
    if asked.one:
        print(json.dumps(run(asked.one, asked.rows, asked.columns, asked.trees)))
        return 0
    lines, failed = [HEAD], 0
    for recipe in asked.recipes:
        size = ["--rows", str(asked.rows), "--columns", str(asked.columns), "--trees", str(asked.trees)]
        done = subprocess.run(
            [sys.executable, "-m", "bench.scale", "--one", recipe, *size], capture_output=True, text=True, check=True
        )
        sys.stderr.write(f"{recipe}: {done.stdout}")
        told = json.loads(done.stdout)
        failed |= told["peak"] >= MOST_GB
        lines.append((recipe, f"{asked.rows:,}", str(asked.columns), f"{told['alone']:.1f}", f"{told['peak']:.1f}",
                      f"{told['seconds']:.0f}", f"{told['auc']:.4f}", "yes" if told["peak"] < MOST_GB else "NO"))  # fmt: skip
    widths = [max(len(line[at]) for line in lines) for at in range(len(HEAD))]
    print("\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
