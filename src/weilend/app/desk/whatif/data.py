"""In: a table of decided applications. Out: `Logged`, what was done and what became of it; and what had to be assumed. Used: by
what-if and search.

Besides what a back-test reads there stand, an application a row: `logged_outcome` (approve, refer, decline),
`logged_chance_ppm` (the probability of that answer, as receipts log it), `logged_ceiling_fen`, `logged_rate_ppm`, and of those
who borrowed `bad`, `loss_fen` and `profit_fen` (losses taken off). `owner_id` says who belongs together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weilend.app.desk.backtest.data import BAD, BUSINESS, OWNER
from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.decision.whatif import Logged

OUTCOME, CHANCE, CEILING, RATE = "logged_outcome", "logged_chance_ppm", "logged_ceiling_fen", "logged_rate_ppm"
BORROWED, LOSS, PROFIT = "borrowed", "loss_fen", "profit_fen"
NEEDED: Final = (OUTCOME, CEILING, LOSS, PROFIT)
#: Every column of a log, in the order in which it is told.
LOG: Final = (OUTCOME, CHANCE, CEILING, RATE, BORROWED, LOSS, PROFIT, OWNER)
#: What an outcome model reads where nothing else is named: probabilities of default, as log odds.
SCORES: Final = ("pd_ppm", "owner_pd_ppm", "business_pd_ppm")
_ANSWERS: Final = ("approve", "refer", "decline")

Floats = npt.NDArray[np.float64]


def refuse_unlogged(columns: Iterable[str]) -> None:
    """Raise `InputError` where applications lack a column without which nothing can be said of what became of them.

    >>> refuse_unlogged(["logged_outcome", "loss_fen", "profit_fen"])
    Traceback (most recent call last):
    weilend.core.errors.InputError: the applications have no column logged_ceiling_fen. Hint: ...
    """
    there = set(columns)
    missing = next((name for name in (*NEEDED, BAD) if name not in there), None)
    if missing is not None:
        hint = f"a log of decisions has {', '.join((*NEEDED, BAD))}; weilend policy backtest reads applications without a log"
        raise InputError(f"the applications have no column {missing}", hint=hint)


def read_logged(
    table: pa.Table, *, explain: Sequence[str] = (), segments: Sequence[str] = ()
) -> tuple[Logged, tuple[str, ...]]:
    """Return the log that a table holds, and what had to be assumed, a sentence each.

    `explain` are columns that the outcome model reads, by default the probabilities of default that are there. Raises `InputError`
    where a column is missing or holds what it cannot.

    >>> table = pa.table({"logged_outcome": ["approve", "decline"], "logged_ceiling_fen": [500, None], "bad": [True, None],
    ...     "loss_fen": [300, None], "profit_fen": [-300, None], "pd_ppm": [20_000, 90_000], "owner_id": ["a", "b"]})
    >>> logged, assumed = read_logged(table)
    >>> logged.seen.tolist(), logged.explain.round(2).tolist(), assumed[0][:34]
    ([True, False], [[-3.89], [-2.31]], 'There is no `logged_chance_ppm`: e')
    """
    refuse_unlogged(table.column_names)
    answered = table[OUTCOME].to_numpy()
    wrong = next((one for one in set(answered.tolist()) if one not in _ANSWERS), "")
    if wrong != "":
        raise InputError(f"column {OUTCOME} holds {wrong or 'NULL'}", hint=f"say one of: {', '.join(_ANSWERS)}")
    approved = answered == "approve"
    bad, bad_known = _numbers(table, BAD)
    borrowed, _ = _numbers(table, BORROWED, np.ones(len(table)))
    seen = approved & (bad_known | (borrowed == 0))
    money = {name: _numbers(table, name) for name in (CEILING, LOSS, PROFIT)}
    unknown = next((name for name, (_, known) in money.items() if (seen & ~known).any()), None)
    if unknown is not None:
        raise InputError(
            f"column {unknown} is NULL where an outcome is known", hint="give it for every application with an outcome"
        )
    chance, _ = _numbers(table, CHANCE, np.full(len(table), float(PPM)))
    rate, _ = _numbers(table, RATE, np.zeros(len(table)))
    owner, assumed = _owners(table)
    logged = Logged(
        owner=owner,
        approved=approved,
        chance_ppm=chance.astype(np.int64),
        seen=seen,
        borrowed=borrowed,
        bad=np.where(borrowed == 1, bad, 0.0),
        loss_fen=money[LOSS][0],
        profit_fen=money[PROFIT][0],
        ceiling_fen=money[CEILING][0],
        rate_ppm=rate,
        explain=explain_by(table, explain),
        segments={name: table[name].cast(pa.string()).to_numpy() for name in segments},
    )
    return logged, (*_missing(table), *assumed)


def explain_by(table: pa.Table, columns: Sequence[str]) -> Floats:
    """Return the columns (n, k) that an outcome model reads: log odds of probabilities, logarithms of other numbers, NULL flags.

    >>> explain_by(pa.table({"sales_fen": [0, None]}), ["sales_fen"]).tolist()
    [[0.0, 0.0], [0.0, 1.0]]
    """
    missing = next((name for name in columns if name not in table.column_names), None)
    if missing is not None:
        raise InputError(f"the applications have no column {missing!r}", hint="explain outcomes by columns that are there")
    names = columns or [name for name in SCORES if name in table.column_names]
    found = []
    for name in names:
        values, known = _numbers(table, name)
        plain = _log_odds(values) if name.endswith("pd_ppm") else np.sign(values) * np.log1p(np.abs(values))
        found.append(np.where(known, plain, plain[known].mean() if known.any() else 0.0))
        if not known.all():
            found.append((~known).astype(np.float64))
    return np.stack(found, axis=1) if found else np.zeros((len(table), 0))


def _log_odds(ppm: Floats) -> Floats:
    chance = np.clip(ppm, 1, PPM - 1) / PPM
    return np.asarray(np.log(chance / (1 - chance)), dtype=np.float64)


def _numbers(table: pa.Table, name: str, otherwise: Floats | None = None) -> tuple[Floats, Any]:
    """Return a column as numbers, 0 where NULL, and where it is not; `otherwise` where there is no such column."""
    if otherwise is not None and name not in table.column_names:
        return otherwise, np.ones(len(table), dtype=np.bool_)
    column = table[name]
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_boolean(column.type)):
        raise InputError(f"column {name} holds {column.type}", hint="give numbers, NULL where a value is not known")
    known = column.is_valid().to_numpy()
    return column.cast(pa.float64()).fill_null(0.0).to_numpy(), known


def _owners(table: pa.Table) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Return a number for each owner, and what is assumed where nobody says who belongs together."""
    for name in (OWNER, BUSINESS):
        if name in table.column_names:
            codes = table[name].combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy().astype(np.int64)
            alone = codes < 0  # nobody knows whose: each by itself
            codes = np.where(alone, codes.max(initial=0) + 1 + np.cumsum(alone), codes)
            said = () if name == OWNER else (f"There is no `{OWNER}`: each `{BUSINESS}` is taken as an owner of its own.",)
            return codes, said
    alone_all = np.arange(len(table), dtype=np.int64)
    return alone_all, (
        f"There is no `{OWNER}`: each application is taken as an owner of its own, so intervals may be too narrow.",
    )


def _missing(table: pa.Table) -> tuple[str, ...]:
    told = {
        CHANCE: "every answer is taken as certain, so nothing can be estimated by chance",
        RATE: "what was earned is kept per yuan, whatever the new price",
        BORROWED: "every approval with a known outcome is taken to have borrowed",
    }
    return tuple(f"There is no `{name}`: {said}." for name, said in told.items() if name not in table.column_names)
