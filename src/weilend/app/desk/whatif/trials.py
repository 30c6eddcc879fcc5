"""In: a file of a trial's loans, a plan. Out: verdicts and power, as rows for people. Used: by `weilend policy trial|power`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from weilend.app.desk.progress import Tell, say_nothing
from weilend.core.errors import InputError, NotFoundError
from weilend.core.money import PPM, show_percent, show_yuan
from weilend.decision.experiments import Design, Judged, Market, Outcomes, judge, simulate

Rows = list[tuple[object, ...]]
ARMS: Final = ("champion", "challenger")
COLUMNS: Final = ("owner_id", "arm", "month", "value_fen", "fpd7", "dpd7")
#: What a challenger may bring, as power is told: the factor on bads, the factor on margin.
EFFECTS: Final = ((PPM, PPM), (800_000, PPM), (700_000, PPM), (500_000, PPM), (PPM, 1_200_000), (1_500_000, PPM))


def judge_file(data: Path, *, planned_owners: int, month: str) -> Judged:
    """Return the verdict on a trial's loans in a Parquet file, as at the end of a month (YYYY-MM).

    Raises `InputError` where a column is missing or holds what it cannot, or an owner is in two arms.
    """
    if not data.is_file():
        raise NotFoundError(f"there is no file {data}", hint="name a Parquet file of loans, a row each")
    return judge(Design(planned_owners=planned_owners), read_outcomes(pq.read_table(data)), month=month_number(month))


def read_outcomes(table: pa.Table) -> Outcomes:
    """Return a trial's loans from a table; what is not ripe may be NULL.

    >>> table = pa.table({"owner_id": ["a", "b"], "arm": ["champion", "challenger"], "month": ["2026-01", "2026-02"],
    ...     "value_fen": [5, None], "fpd7": [0, 1], "dpd7": [0, None]})
    >>> found = read_outcomes(table)
    >>> found.challenger.tolist(), found.month.tolist(), found.fpd7.tolist()
    ([False, True], [24313, 24314], [0.0, 1.0])
    """
    missing = next((name for name in COLUMNS if name not in table.column_names), None)
    if missing is not None:
        raise InputError(f"the loans have no column {missing}", hint=f"give {', '.join(COLUMNS)}, a loan a row")
    if not table.num_rows:
        raise InputError("there are no loans", hint="judge a trial that has begun")
    arms = set(table["arm"].to_pylist())
    if not arms <= set(ARMS):
        raise InputError(f"column arm holds {sorted(map(str, arms - set(ARMS)))[0]}", hint="say champion or challenger")
    numbers = {name: table[name].cast(pa.float64()).fill_null(0.0).to_numpy() for name in ("value_fen", "fpd7", "dpd7")}
    return Outcomes(
        owner=table["owner_id"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64),
        challenger=table["arm"].to_numpy() == "challenger",
        month=np.array([month_number(text) for text in table["month"].to_pylist()], dtype=np.int64),
        **numbers,
    )


def month_number(text: str) -> int:
    """Return a month as a running number.

    >>> month_number("2026-01") - month_number("2025-12")
    1
    >>> month_number("soon")
    Traceback (most recent call last):
    weilend.core.errors.InputError: 'soon' is no month. Hint: write it like 2026-01
    """
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", str(text)):
        raise InputError(f"{text!r} is no month", hint="write it like 2026-01")
    year, month = str(text).split("-")
    return 12 * int(year) + int(month)


def look_rows(judged: Judged) -> tuple[tuple[str, ...], Rows]:
    """Return every look of a trial: when, at what, at how many owners, the difference, z and the bound.

    >>> look_rows(Judged(verdict="go on", month=1, looks=()))[1]
    []
    """
    rows: Rows = [
        (
            f"{(one.month - 1) // 12:04}-{(one.month - 1) % 12 + 1:02}",
            one.measure,
            one.owners,
            show_yuan(one.difference) if one.measure == "value" else show_percent(one.difference),
            f"{one.z_milli / 1000:.2f}",
            f"{one.bound_milli / 1000:.2f}",
            "yes" if one.stops else "no",
        )
        for one in judged.looks
    ]
    return ("month", "measure", "owners", "difference", "z", "bound", "stops"), rows


def power_rows(
    owners_a_month: int, months: int, pd_ppm: int, *, runs: int, seed: int, tell: Tell = say_nothing
) -> tuple[tuple[str, ...], Rows]:
    """Return how often a trial of so many owners ends how, for some effects of the challenger; the first line is no effect.

    >>> columns, rows = power_rows(20, 4, 80_000, runs=4, seed=1)
    >>> columns[:3], len(rows)
    (('bads', 'margin', 'promoted'), 6)
    """
    if owners_a_month <= 0 or months <= 0 or runs <= 0 or not 0 < pd_ppm < PPM // 2:
        raise InputError(
            "a plan needs owners, months and runs above zero, and bads between 0 and half", hint="correct the plan"
        )
    rows: Rows = []
    for place, (bads, margin) in enumerate(EFFECTS, start=1):
        market = Market(
            months=months, owners_a_month=owners_a_month, pd_ppm=pd_ppm, pd_factor_ppm=bads, margin_factor_ppm=margin
        )
        found = simulate(Design(planned_owners=market.owners), market, runs=runs, seed=seed)
        ends = (found.promoted, found.rejected, found.guarded)
        rows.append((
            f"× {bads / PPM:g}", f"× {margin / PPM:g}", *(show_percent(PPM * count // runs, 1) for count in ends),
            "–" if found.median_months is None else found.median_months,
        ))  # fmt: skip
        tell("simulate", place, len(EFFECTS))
    return ("bads", "margin", "promoted", "rejected", "stopped by a guard", "months, half of those that ended"), rows
