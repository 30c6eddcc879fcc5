"""In: a policy with marked parameters, a file of logged decisions. Out: its frontier, the winners checked. Used: by `weilend policy
search`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from weilend.app.desk.backtest.data import PREPARED, columns_of
from weilend.app.desk.policies import policy_problems, policy_verdicts
from weilend.app.desk.progress import Tell, say_nothing
from weilend.app.desk.whatif.data import read_logged
from weilend.app.desk.whatif.estimate import prepare_log
from weilend.core.errors import InputError, PolicyError
from weilend.decision import Policy, Program, product_parameters
from weilend.decision.compiler import compile_program
from weilend.decision.parameters import make_grid, marked_parameters, with_parameters
from weilend.decision.search import Variant, find_frontier, try_variants, weigh
from weilend.decision.search_kernel import plan_programs
from weilend.decision.whatif import Asked, Logged, WhatIf, estimate_policy
from weilend.decision.whatif.models import expect_of_others
from weilend.engine.columns import Array, to_columns
from weilend.engine.programs import open_history
from weilend.features.sets import FEATURE_SETS
from weilend.lending import load_product

#: Points of a frontier that are told with intervals, and how many are proven until one passes.
MOST_POINTS: Final = 12
#: A case whose answer a variant changes is for people to rewrite; what the prover refutes is not.
CASE: Final = "case '"


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A variant that no other beats, with its what-if: known, estimated and unknown apart, with intervals."""

    variant: Variant
    result: WhatIf


class Searched(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a search found: the policy, the values tried, the policy itself as the first variant, the frontier, its points.

    `winner` is the most profitable point that the prover passes (None: none of the points does), `refused` the sentences for those
    before it, `cases` those of its cases that answer otherwise now and wait for a person. `skipped` variants cannot be compiled.
    """

    data: str
    policy: Policy
    levels: dict[str, tuple[int, ...]]
    tried: int
    skipped: tuple[str, ...]
    base: Point
    frontier: tuple[Variant, ...]
    points: tuple[Point, ...]
    winner: Policy | None
    won: Point | None
    refused: tuple[str, ...]
    cases: tuple[str, ...]
    assumed: tuple[str, ...]


def run_search(
    policy: Policy,
    data: Path,
    *,
    levels: Mapping[str, tuple[int, ...]] | None = None,
    explain: Sequence[str] = (),
    segments: Sequence[str] = (),
    tell: Tell = say_nothing,
) -> Searched:
    """Try every combination of values of the marked parameters (or of `levels`) on logged applications.

    Raises `InputError` where nothing is marked, there are too many variants, or a column is wrong.
    """
    values = dict(levels or marked_parameters(policy))
    grid, programs, skipped = _compile(policy, make_grid(policy, values), tell)
    with open_history(data) as history:
        kept, assumed = prepare_log(history, programs[:1], explain, segments)
        read = tuple(name for name in columns_of(programs[:1]) if name not in kept)
        table = history.columns(PREPARED, (*kept, *read))
    logged, more = read_logged(table, explain=explain, segments=segments)
    columns = {name: column for name, column in to_columns(table).items() if name in columns_of(programs[:1])}
    expected = expect_of_others(logged, 0)
    tried = try_variants(
        grid, plan_programs(programs), columns, weigh(logged, expected=expected), lambda done, of: tell("search", done, of)
    )
    frontier = find_frontier(tried)
    shown = (tried[0], *_spread(frontier))
    points = _points(shown, dict(zip(map(_key, grid), programs, strict=True)), columns, logged, expected, tell)
    winner, won, refused = _prove(policy, points[1:], tell)
    return Searched(
        data=data.name,
        policy=policy,
        levels=values,
        tried=len(grid),
        skipped=skipped,
        base=points[0],
        frontier=frontier,
        points=points[1:],
        winner=winner,
        won=won,
        refused=refused,
        cases=() if winner is None else tuple(map(str, policy_problems(winner))),
        assumed=(*assumed, *more),
    )


def read_levels(texts: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return what ``NAME=1,2,3`` or ``NAME=LO:HI:STEP`` says. Raises `InputError`.

    >>> read_levels(["margin_ppm=5000:15000:5000", "quiet_days=30,60"])
    {'margin_ppm': (5000, 10000, 15000), 'quiet_days': (30, 60)}
    >>> read_levels(["margin_ppm"])
    Traceback (most recent call last):
    weilend.core.errors.InputError: 'margin_ppm' is not NAME=LO:HI:STEP or NAME=1,2,3. Hint: ...
    """
    found = {}
    for text in texts:
        name, _, said = text.partition("=")
        try:
            if ":" in said:
                lo, hi, step = (int(part) for part in said.split(":"))
                found[name] = tuple(range(lo, hi + 1, step))
            else:
                found[name] = tuple(int(part) for part in said.split(","))
        except ValueError:
            raise InputError(
                f"{text!r} is not NAME=LO:HI:STEP or NAME=1,2,3", hint="give whole numbers: fen, ppm, counts"
            ) from None
    return found


def _compile(
    policy: Policy, grid: Sequence[dict[str, int]], tell: Tell
) -> tuple[list[dict[str, int]], list[Program], tuple[str, ...]]:
    """Return the variants that can be compiled, their programs, and why the others cannot: the first of each kind."""
    product = load_product(policy.product)
    fields = {feature.name: feature.as_field() for feature in FEATURE_SETS[product.feature_set].features}
    numbers = product_parameters(msgspec.to_builtins(product))
    good, programs, wrong = [], [], dict[str, None]()
    for place, values in enumerate(grid, start=1):
        variant = with_parameters(policy, values) if place > 1 else policy
        try:
            programs.append(compile_program(variant, fields, numbers, schedule=product.schedule).program)
            good.append(values)
        except PolicyError as error:
            if place == 1:
                raise
            wrong[error.message] = None
        tell("compile", place, len(grid))
    return good, programs, tuple(wrong)


def _spread(frontier: Sequence[Variant]) -> list[Variant]:
    """Return some points of a frontier from end to end, the most profitable first."""
    if len(frontier) <= MOST_POINTS:
        return list(frontier)
    return [frontier[round(at)] for at in np.linspace(0, len(frontier) - 1, MOST_POINTS)]


def _points(
    variants: Sequence[Variant],
    programs: Mapping[str, Program],
    columns: Mapping[str, Array],
    logged: Logged,
    expected: np.ndarray,
    tell: Tell,
) -> tuple[Point, ...]:
    plan = plan_programs([programs[_key(one.values)] for one in variants])
    found = []
    for place, (variant, verdicts) in enumerate(zip(variants, plan.decide(columns), strict=True), start=1):
        asked = Asked(
            approved=verdicts.approved,
            ceiling_fen=verdicts.ceiling_fen.astype(np.float64),
            rate_ppm=verdicts.rate_ppm.astype(np.float64),
        )
        found.append(Point(variant=variant, result=estimate_policy(logged, asked, expected=expected)))
        tell("intervals", place, len(variants))
    return tuple(found)


def _prove(policy: Policy, points: Sequence[Point], tell: Tell) -> tuple[Policy | None, Point | None, tuple[str, ...]]:
    """Return the first point that the prover passes as a policy, and what it says against those before."""
    refused: list[str] = []
    for place, point in enumerate(points, start=1):
        variant = with_parameters(policy, point.variant.values)
        wrong = [str(verdict) for verdict in policy_verdicts(variant) if not verdict.passes]
        tell("prove", place, len(points))
        if not wrong:
            return variant, point, tuple(refused)
        refused.append(f"{say_values(point.variant.values)}: {wrong[0]}")
    return None, None, tuple(refused)


def say_values(values: Mapping[str, int]) -> str:
    """Return values of parameters as they stand in a file.

    >>> say_values({"margin_ppm": 10_000, "quiet_days": 30})
    'margin_ppm = 10_000, quiet_days = 30'
    """
    return ", ".join(f"{name} = {value:_}" for name, value in values.items())


def _key(values: Mapping[str, int]) -> str:
    return say_values(dict(sorted(values.items())))
