"""In: a compiled policy, the values of an application. Out: the cheapest change of what its owner can change that would be
approved. Used: beside a decision, so that an answer of no says what would make it a yes.

A policy declares which inputs an applicant can change, which way, in which steps, and what a step costs her. All combinations
of steps are decided by the policy itself, cheapest first, so the first that is approved is the cheapest there is, however rules
and limits hang together (Ustun, Spangher & Liu 2019). It says what the policy would answer if the input were so; not that
changing it changes the risk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import prod
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weilend.core.errors import InputError
from weilend.core.values import Outcome
from weilend.decision.evaluator import Evaluator
from weilend.decision.parts import Change
from weilend.decision.program import Finding, Program
from weilend.decision.search_kernel import CHUNK, Plan, plan_programs
from weilend.decision.wording import show, show_zh
from weilend.engine.columns import Texts
from weilend.formula.tree import Value

Integers = npt.NDArray[np.int64]
#: So many inputs are changed together at most: longer advice is none.
MOST_INPUTS: Final = 3
#: So many combinations are decided at most, some seconds of work.
MOST_WAYS: Final = 2_000_000


class Turned(msgspec.Struct, frozen=True, kw_only=True):
    """One input that is changed: from what to what, in how many steps, at which cost; and how people call it.

    >>> Turned(name="owner_lenders_180d", en="lenders", zh="机构数", unit="count", old=5, new=3, cost=6).line
    'lenders: 5 → 3'
    """

    name: str
    en: str
    zh: str
    unit: str
    old: int
    new: int
    cost: int

    @property
    def line(self) -> str:
        """The change in English."""
        return f"{self.en}: {show(self.old, self.unit)} → {show(self.new, self.unit)}"

    @property
    def line_zh(self) -> str:
        """The change in Chinese."""
        return f"{self.zh}：{show_zh(self.old, self.unit)} → {show_zh(self.new, self.unit)}"


class Recourse(msgspec.Struct, frozen=True, kw_only=True):
    """What would turn an answer into an approval, and at which ceiling; no `turned` where nothing within the limits does.

    `immovable` are reasons that hang on nothing an applicant can change; `tried` is how many combinations were decided.

    >>> Recourse(outcome="decline", turned=(), cost=0, ceiling_fen=None, immovable=("inactive_6m",), tried=0).en
    'none within limits: nothing that an applicant can change touches inactive_6m'
    """

    outcome: Outcome
    turned: tuple[Turned, ...]
    cost: int
    ceiling_fen: int | None
    immovable: tuple[str, ...]
    tried: int

    @property
    def en(self) -> str:
        """The answer in English."""
        if self.outcome == "approve":
            return "approved as it is"
        if self.turned:
            return f"would be approved up to {show(self.ceiling_fen, 'fen')} with {'; '.join(one.line for one in self.turned)}"
        if self.immovable:
            return f"none within limits: nothing that an applicant can change touches {', '.join(self.immovable)}"
        return f"none within limits: {self.tried:,} combinations of what an applicant can change were decided"

    @property
    def zh(self) -> str:
        """The answer in Chinese."""
        if self.outcome == "approve":
            return "现状即可通过"
        if self.turned:
            lines = "；".join(one.line_zh for one in self.turned)
            return f"若{lines}，可获批，额度上限{show_zh(self.ceiling_fen, 'fen')}"
        if self.immovable:
            return f"限定范围内无可行改变：申请人无法改变{'、'.join(self.immovable)}"
        return f"限定范围内无可行改变：已试{self.tried:,}种组合"


def find_recourse(evaluator: Evaluator, values: Mapping[str, Value], *, plan: Plan | None = None) -> Recourse:
    """Return the cheapest change of changeable inputs that a policy would approve; exact over all combinations of steps.

    `values` are those of `Evaluator.answer`. At most three inputs are changed together; what is not known is not
    changed, and the last step ends where the range that the policy accepts does. `plan` is the program by `plan_programs`, to be
    made once where many are asked for. Raises `InputError` where the declared steps make more than two million combinations.

    >>> from weilend.decision.example import example_evaluator
    >>> evaluator = changeable(example_evaluator(), {"sales_fen_12m": Change(direction="up", step=200_000, most_steps=9, cost=1)})
    >>> poor = {"sales_fen_12m": 500_000, "pd_ppm": 20_000, "shop_status": "present", "row_age_seconds": 0}
    >>> find_recourse(evaluator, poor).en
    'would be approved up to ¥2,000 with sales of twelve months: ¥5,000 → ¥11,000'
    >>> find_recourse(evaluator, poor | {"shop_status": "missing"}).en
    'none within limits: nothing that an applicant can change touches shop_missing'
    """
    answer = evaluator.answer(values)
    nothing = Recourse(outcome=answer.outcome, turned=(), cost=0, ceiling_fen=answer.ceiling_fen, immovable=(), tried=0)
    if answer.outcome == "approve":
        return nothing
    changes = _changes(evaluator, values)
    immovable = _immovable(evaluator.program, set(answer.codes), set(changes))
    if immovable:
        return msgspec.structs.replace(nothing, immovable=immovable)
    names = list(changes)
    ways, costs = _ways([len(steps) - 1 for steps in changes.values()], [_cost(evaluator, name) for name in names])
    plan = plan or plan_programs([evaluator.program])
    place = _first_approved(plan, values, {name: np.array(changes[name]) for name in names}, ways)
    if place is None:
        return msgspec.structs.replace(nothing, tried=len(ways))
    turned = tuple(
        _turned(evaluator, name, changes[name][0], changes[name][step], step)
        for name, step in zip(names, ways[place].tolist(), strict=True)
        if step
    )
    after = evaluator.answer({**values, **{one.name: one.new for one in turned}})
    return msgspec.structs.replace(
        nothing, turned=turned, cost=int(costs[place]), ceiling_fen=after.ceiling_fen, tried=place + 1
    )


def changeable(evaluator: Evaluator, changes: Mapping[str, Change]) -> Evaluator:
    """Return a compiled policy with other declarations of what an applicant can change; it decides as before.

    >>> from weilend.decision.example import example_evaluator
    >>> changeable(example_evaluator(), {}).policy_id == example_evaluator().policy_id
    True
    """
    inputs = {name: msgspec.structs.replace(one, change=changes.get(name)) for name, one in evaluator.policy.inputs.items()}
    return msgspec.structs.replace(evaluator, policy=msgspec.structs.replace(evaluator.policy, inputs=inputs))


def _changes(evaluator: Evaluator, values: Mapping[str, Value]) -> dict[str, list[int]]:
    """Return the values that each changeable input can take, its own first."""
    fields = {field.name: field for field in evaluator.program.inputs.values()}
    found = {}
    for name, given in evaluator.policy.inputs.items():
        value, field = values.get(name), fields.get(name)
        if given.change is None or field is None or not isinstance(value, int):
            continue
        sign = 1 if given.change.direction == "up" else -1
        lo, hi = (-(2**62) if field.lo is None else field.lo), (2**62 if field.hi is None else field.hi)
        if lo <= value <= hi:
            steps = (value + sign * given.change.step * step for step in range(given.change.most_steps + 1))
            found[name] = list(dict.fromkeys(min(max(step, lo), hi) for step in steps))
    return {name: steps for name, steps in found.items() if len(steps) > 1}


def _immovable(program: Program, codes: set[str], movable: set[str]) -> tuple[str, ...]:
    """Return the codes against an approval that hang on nothing that can move."""
    formulas = {step.name: step.formula.names for step in program.steps}

    def reads(finding: Finding) -> set[str]:
        seen, waiting = set[str](), [finding.step]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += formulas.get(name, ())
        return {program.inputs[name].name for name in seen if name in program.inputs}

    against = [one for one in program.findings if one.code in codes and one.outcome != "approve"]
    return tuple(one.code for one in against if not reads(one) & movable)


def _ways(most: Sequence[int], cost: Sequence[int]) -> tuple[Integers, Integers]:
    """Return every combination of steps (m, k) of at most `MOST_INPUTS` inputs, cheapest first, and their costs (m,)."""
    chosen = [those for size in range(1, MOST_INPUTS + 1) for those in combinations(range(len(most)), size)]
    count = sum(prod(most[at] for at in those) for those in chosen)
    if count > MOST_WAYS:
        raise InputError(
            f"{count:,} combinations of what can be changed are too many", hint="declare larger steps, or fewer of them"
        )
    ways = np.concatenate([np.zeros((0, len(most)), np.int64), *(_steps(those, most) for those in chosen)])
    costs = ways @ np.array(cost, dtype=np.int64)
    order = np.lexsort(((ways > 0).sum(axis=1), costs))
    return ways[order], costs[order]


def _steps(those: Sequence[int], most: Sequence[int]) -> Integers:
    grid = np.meshgrid(*(np.arange(1, most[at] + 1) for at in those), indexing="ij")
    found = np.zeros((grid[0].size, len(most)), dtype=np.int64)
    for at, steps in zip(those, grid, strict=True):
        found[:, at] = steps.ravel()
    return found


def _first_approved(plan: Plan, values: Mapping[str, Value], levels: Mapping[str, Integers], ways: Integers) -> int | None:
    """Return the place of the first combination that a plan approves; None where it approves none."""
    for start, stop in _batches(len(ways)):
        part = ways[start:stop]
        moved = {name: steps[part[:, at]] for at, (name, steps) in enumerate(levels.items())}
        columns = {name: moved.get(name, _constant(values[name], stop - start)) for name in plan.raw}
        (verdicts,) = plan.decide(columns)
        if verdicts.approved.any():
            return start + int(verdicts.approved.argmax())
    return None


def _batches(count: int) -> Iterator[tuple[int, int]]:
    """Yield ranges that grow: most answers are cheap."""
    start, size = 0, 256
    while start < count:
        yield start, min(start + size, count)
        start, size = start + size, min(2 * size, CHUNK)


def _constant(value: Value, rows: int) -> Any:
    if isinstance(value, str):
        return Texts.of(pa.array([value] * rows))
    if value is None:
        return np.ma.MaskedArray(np.zeros(rows, dtype=np.int64), np.ones(rows, dtype=np.bool_))
    return np.full(rows, value)


def _cost(evaluator: Evaluator, name: str) -> int:
    change = evaluator.policy.inputs[name].change
    return 0 if change is None else change.cost


def _turned(evaluator: Evaluator, name: str, old: int, new: int, steps: int) -> Turned:
    given = evaluator.policy.inputs[name]
    cost = steps * _cost(evaluator, name)
    return Turned(name=name, en=given.en, zh=given.zh, unit=given.unit, old=old, new=new, cost=cost)
