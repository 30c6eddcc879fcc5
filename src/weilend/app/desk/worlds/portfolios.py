"""In: a seed. Out: a portfolio on disk: files as a lender gives them, and the truth beside them. Used: by `weilend sim portfolio`.

files/         what `weilend run --data cumcm2020c=` reads
truth/         what no file tells: the true probability and the outcome of every firm; nothing in the files names it
"""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError
from weilend.economy.portfolio import Portfolio, make_portfolio, write_portfolio

FILES, TRUTH = "files", "truth"


def make_portfolio_files(seed: int, folder: Path, *, known: int = 123, applying: int = 302) -> Portfolio:
    """Write the portfolio of a seed to a new folder; the same seed gives the same bytes.

    Raises `InputError` where the folder has something in it, and for a seed below 0.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not an empty folder", hint="name a new one")
    portfolio = make_portfolio(seed, with_history=known, without_history=applying)
    for name in (FILES, TRUTH):
        (folder / name).mkdir(parents=True)
    write_portfolio(portfolio, folder / FILES, calendar=Calendar())
    pq.write_table(portfolio.truth, folder / TRUTH / "firms.parquet", compression="zstd")
    return portfolio
