"""In: policies, a file of applications. Out: what they would have done, as values. Used: by `weilend policy backtest|diff`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec

from weilend.app.desk.backtest.data import BAD, PREPARED, columns_of, prepare_history
from weilend.app.desk.home import Home
from weilend.app.desk.products import find_features, find_product
from weilend.app.desk.progress import Tell, say_nothing
from weilend.app.desk.sealed import make_evaluator
from weilend.decision import Evaluator, Policy
from weilend.decision.backtest import BackTest, measure_policy
from weilend.decision.differences import Difference, find_differences
from weilend.decision.select import select_program
from weilend.decision.swap import NEW, OLD, Comparison, compare_policies
from weilend.engine.programs import open_history

_DECIDED = "decided"


class Backtested(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A policy over history: the policy, compiled, what it would have done, and what of the history had to be assumed."""

    data: str
    evaluator: Evaluator
    result: BackTest
    segments: tuple[str, ...]
    assumed: tuple[str, ...]


class Compared(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Two policies over the same history, and how their files differ."""

    data: str
    old: Evaluator
    new: Evaluator
    differences: tuple[Difference, ...]
    result: Comparison
    segments: tuple[str, ...]
    assumed: tuple[str, ...]


def evaluator_of(policy: Policy, home: Home | None = None) -> Evaluator:
    """Return a policy compiled for its product, which comes with weilend or was kept by a home.

    >>> from weilend.decision import load_policy
    >>> evaluator_of(load_policy("enterprise_loan")).program.outcome
    'outcome'
    """
    product = find_product(policy.product, home)
    return make_evaluator(product, find_features(product.feature_set, home), policy)


def run_backtest(evaluator: Evaluator, data: Path, segments: Sequence[str] = (), tell: Tell = say_nothing) -> Backtested:
    """Decide every application in a Parquet file with a policy, and count. Raises `InputError` where a column is wrong."""
    with open_history(data) as history:
        tell("decide", 0, 1)
        told, assumed = prepare_history(history, [evaluator.program], segments)
        selection = select_program(evaluator.program, source=PREPARED, keep=(*told, BAD))
        history.keep(_DECIDED, selection.sql)
        tell("decide", 1, 1)
        tell("count", 0, 1)
        result = measure_policy(partial(history.group, _DECIDED), selection, segments=told)
        tell("count", 1, 1)
    return Backtested(data=data.name, evaluator=evaluator, result=result, segments=told, assumed=assumed)


def run_comparison(
    old: Evaluator, new: Evaluator, data: Path, segments: Sequence[str] = (), tell: Tell = say_nothing
) -> Compared:
    """Decide every application in a Parquet file with both policies, and count what changes."""
    programs = [old.program, new.program]
    with open_history(data) as history:
        tell("decide", 0, 1)
        told, assumed = prepare_history(history, programs, segments)
        raw = tuple(name for name in columns_of(programs) if name not in told)
        before = select_program(old.program, source=PREPARED, keep=(*raw, *told, BAD), prefix=OLD)
        answers = [name for name in before.columns if name not in raw]
        after = select_program(new.program, source=f"({before.sql})", keep=answers, prefix=NEW)
        history.keep(_DECIDED, after.sql)
        tell("decide", 1, 1)
        tell("count", 0, 1)
        result = compare_policies(partial(history.group, _DECIDED), before, after, segments=told)
        tell("count", 1, 1)
    differences = find_differences(old.policy, new.policy)
    return Compared(data=data.name, old=old, new=new, differences=differences, result=result, segments=told, assumed=assumed)
