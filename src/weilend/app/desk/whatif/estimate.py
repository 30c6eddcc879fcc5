"""In: a policy, logged decisions of a file or a home. Out: what it would have brought. Used: by `weilend policy whatif`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa

from weilend.app.desk.backtest.data import BAD, BUSINESS, PREPARED, prepare_history
from weilend.app.desk.progress import Tell, say_nothing
from weilend.app.desk.whatif.data import LOG, SCORES, read_logged, refuse_unlogged
from weilend.app.desk.whatif.home_log import HomeLog
from weilend.decision import Evaluator, Program
from weilend.decision.select import select_program
from weilend.decision.whatif import Asked, WhatIf, estimate_policy
from weilend.engine.programs import History, open_history

#: Before the new policy's answers.
NEW: Final = "new_"


class Wondered(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A policy over a log: the policy, compiled, what it would have brought, and what had to be assumed."""

    data: str
    evaluator: Evaluator
    result: WhatIf
    assumed: tuple[str, ...]


def run_whatif(
    evaluator: Evaluator,
    data: Path | HomeLog,
    *,
    explain: Sequence[str] = (),
    segments: Sequence[str] = (),
    tell: Tell = say_nothing,
) -> Wondered:
    """Return what a policy would have brought on the logged applications of a Parquet file, or of a home.

    `explain` are columns for the outcome model, `segments` those that tell applications apart where an estimate is refused; the
    policy's own grade is one more. Raises `InputError` where a column is wrong.
    """
    rows, said = (data, ()) if isinstance(data, Path) else (data.table, data.assumed)
    with open_history(rows) as history:
        tell("decide", 0, 1)
        kept, assumed = prepare_log(history, [evaluator.program], explain, segments)
        table = history.ask(select_program(evaluator.program, source=PREPARED, keep=kept, prefix=NEW).sql)
        tell("decide", 1, 1)
    tell("estimate", 0, 1)
    logged, more = read_logged(table, explain=explain, segments=(*segments, f"{NEW}grade"))
    named = {name.removeprefix(NEW): words for name, words in logged.segments.items()}
    result = estimate_policy(msgspec.structs.replace(logged, segments=named), _asked(table))
    tell("estimate", 1, 1)
    return Wondered(data=data.name, evaluator=evaluator, result=result, assumed=(*said, *assumed, *more))


def prepare_log(
    history: History, programs: Sequence[Program], explain: Sequence[str], segments: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Make the relation `prepared` with the log in it; return the columns to keep, and what of the history was assumed.

    Raises `InputError` where a column is missing or holds what it cannot.
    """
    types = history.types
    refuse_unlogged(types)
    there = [name for name in (*LOG, BUSINESS, *SCORES) if name in types]
    wanted = tuple(dict.fromkeys((*segments, *there, *explain)))
    _, assumed = prepare_history(history, programs, wanted)
    return (*wanted, BAD), assumed


def _asked(table: pa.Table) -> Asked:
    def numbers(name: str) -> np.ndarray:
        return np.asarray(table[f"{NEW}{name}"].cast(pa.float64()).fill_null(0.0).to_numpy(), dtype=np.float64)

    approved = np.asarray(table[f"{NEW}outcome"].to_numpy() == "approve", dtype=np.bool_)
    return Asked(approved=approved, ceiling_fen=numbers("ceiling_fen"), rate_ppm=numbers("floor_rate_ppm"))
