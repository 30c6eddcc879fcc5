"""In: programs that differ in a few numbers, columns of applications. Out: whom each approves, up to what, at which rate. Used: by
search and recourse.

Steps are told apart by what they compute, not by their names: a step that reads the same values by the same formula is computed
once for all programs. So features are evaluated once, and a variant costs the steps that its parameters reach.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weilend.decision.program import Program, Step
from weilend.engine.columns import Texts
from weilend.formula.numpy import columns as as_columns

Array = npt.NDArray[Any]
Booleans = npt.NDArray[np.bool_]
#: Rows that are computed together: their columns stay in the processor's cache.
CHUNK: Final = 32_768


class Verdicts(msgspec.Struct, frozen=True, eq=False):
    """What a program answers to rows: whom it approves, and ceiling (fen) and rate (ppm), which count for approvals alone."""

    approved: Booleans
    ceiling_fen: Array
    rate_ppm: Array


class Cell(msgspec.Struct, frozen=True, eq=False):
    """A step as a function of columns: its number, what it reads by name, and whether it is a text."""

    number: int
    reads: dict[str, int]
    compute: Callable[[Mapping[str, Array]], tuple[Array, Array]]
    is_text: bool


class Turn(msgspec.Struct, frozen=True, eq=False):
    """What one program adds: cells not computed before, where its answers stand, and what nobody reads after it."""

    cells: tuple[Cell, ...]
    hurdles: tuple[int, ...]
    ceiling: int
    rate: int
    forget: tuple[int, ...]


class Plan(msgspec.Struct, frozen=True, eq=False):
    """Programs ready to decide columns: the raw columns by number, a turn for each program."""

    raw: dict[str, int]
    turns: tuple[Turn, ...]

    def decide(self, columns: Mapping[str, Array]) -> Iterator[Verdicts]:
        """Yield what each program answers to the rows of columns (by raw field: integers masked where NULL, texts as `Texts`)."""
        rows = len(next(iter(columns.values())))
        known: dict[int, Array] = {number: columns[name] for name, number in self.raw.items()}
        width = np.empty(rows, dtype=np.int8)
        for turn in self.turns:
            for cell in turn.cells:
                given = {name: known[number] for name, number in cell.reads.items()} or {"": width}
                known[cell.number] = _column(*cell.compute(given), is_text=cell.is_text)
            stopped = np.zeros(rows, dtype=np.bool_)
            for number in turn.hurdles:
                stopped |= np.asarray(known[number])
            ceiling, rate = (np.ma.getdata(known[number]) for number in (turn.ceiling, turn.rate))
            yield Verdicts(~stopped, ceiling, rate)
            for number in turn.forget:
                del known[number]


def plan_programs(programs: Sequence[Program]) -> Plan:
    """Return programs as one plan; neighbours in the sequence should differ in little.

    >>> from weilend.decision.example import example_evaluator
    >>> plan = plan_programs([example_evaluator().program] * 2)
    >>> len(plan.turns[0].cells) > 10, plan.turns[1].cells
    (True, ())
    >>> rows = {"sales_fen_12m": np.array([10**8, 10**5]), "pd_ppm": np.array([20_000, 20_000]),
    ...     "row_age_seconds": np.zeros(2, int), "shop_status": Texts.of(pa.array(["present", "present"]))}
    >>> [(one.approved.tolist(), one.ceiling_fen.tolist()) for one in plan.decide(rows)][1]
    ([True, False], [25000000, 0])
    """
    planner = _Planner()
    drafts = [planner.add(program) for program in programs]
    last: dict[int, int] = {}
    for place, (_, answers, read) in enumerate(drafts):
        last |= dict.fromkeys((*answers, *read), place)
    kept = set(planner.raw.values())
    turns = []
    for place, (cells, answers, read) in enumerate(drafts):
        forget = tuple(sorted({one for one in (*answers, *read) if last[one] == place} - kept))
        turns.append(Turn(tuple(cells), tuple(answers[2:]), answers[0], answers[1], forget))
    return Plan(planner.raw, tuple(turns))


class _Planner:
    """Numbers what programs compute, the same for the same."""

    def __init__(self) -> None:
        self.raw: dict[str, int] = {}
        self.numbers: dict[object, int] = {}

    def add(self, program: Program) -> tuple[list[Cell], list[int], list[int]]:
        """Return the new cells of a program, the numbers of ceiling, rate and hurdles, and every number that it reads."""
        steps = {step.name: step for step in program.steps}
        hurdles = sorted(steps[program.outcome].formula.names)
        wanted = [program.ceiling_fen, program.floor_rate_ppm, *hurdles]
        needed = _closure(steps, wanted)
        named = {name: self._raw(field.name) for name, field in program.inputs.items()}
        cells, read = [], []
        for step in program.steps:
            if step.name in needed:
                reads = {name: named[name] for name in sorted(step.formula.names)}
                number = self._number((step.formula.text, *reads.items()))
                if number[1]:
                    root = step.formula.root
                    cells.append(Cell(number[0], reads, as_columns(root), root.type == "text"))
                named[step.name] = number[0]
                read += [number[0], *reads.values()]
        return cells, [named[name] for name in wanted], read

    def _raw(self, column: str) -> int:
        if column not in self.raw:
            self.raw[column] = self._number(("raw", column))[0]
        return self.raw[column]

    def _number(self, key: object) -> tuple[int, bool]:
        """Return the number of what is computed, and whether it is new."""
        if key in self.numbers:
            return self.numbers[key], False
        self.numbers[key] = len(self.numbers)
        return self.numbers[key], True


def _closure(steps: Mapping[str, Step], wanted: Sequence[str]) -> set[str]:
    found, waiting = set[str](), list(wanted)
    while waiting:
        name = waiting.pop()
        if name in steps and name not in found:
            found.add(name)
            waiting += steps[name].formula.names
    return found


def _column(values: Array, valid: Array, *, is_text: bool) -> Array:
    if is_text:
        return Texts.of(pa.array(values, pa.string()))
    return values if valid.all() else np.ma.MaskedArray(values, ~valid)


def take_rows(columns: Mapping[str, Array], start: int, stop: int) -> dict[str, Array]:
    """Return some rows of columns.

    >>> take_rows({"n": np.arange(5)}, 1, 3)["n"].tolist()
    [1, 2]
    """
    return {name: column[start:stop] for name, column in columns.items()}
