"""In: a compiled policy. Out: rows from its cells, decided by NumPy; what contradicts a verdict. Used: to judge the prover.

Nothing here is the prover's: values stand between the numbers that formulas compare with, every step is computed by the NumPy back
end of the formula language, and a claim is looked at on all rows. Where the cells of all inputs that a claim depends on are few,
all are looked at; else many are drawn: worked cases with one input in every cell, and rows by chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.records import Field
from weilend.decision import Evaluator, Program, Verdict, make_claims, make_judge
from weilend.decision.cases import case_values
from weilend.decision.prover import PROPERTIES
from weilend.decision.prover.claims import Claim, Never, Sometimes, Stated, Steady
from weilend.decision.prover.values import Span
from weilend.formula import Formula
from weilend.formula.tree import Node, Value
from weilend.testing.applications import compared_with, make_applications

Columns = dict[str, npt.NDArray[Any]]
Row = Mapping[str, Value]
Mask = npt.NDArray[np.bool_]

#: So many cells are looked at one by one; where there are more, some are drawn.
ALL_CELLS: Final = 20_000
_FAR: Final = 10**14
_KINDS: Final = {"integer": (0, np.int64), "boolean": (False, np.bool_)}


def cells_of(evaluator: Evaluator) -> dict[str, tuple[Value, ...]]:
    """Return for each input the values that stand for its cells: at, below and above each number that it is compared with.

    >>> from weilend.decision.example import example_evaluator
    >>> cells_of(example_evaluator())["given_pd_ppm"][:5]
    (None, -1, 0, 1, 19999)
    """
    program, near = evaluator.program, compared_with(evaluator.program)
    cases = [case_values(evaluator.policy, case) for case in evaluator.policy.cases]
    return {name: _cells(field, near[name], [case.get(field.name) for case in cases]) for name, field in program.inputs.items()}


def _cells(field: Field, near: Iterable[int], told: Sequence[Value]) -> tuple[Value, ...]:
    unknown: tuple[Value, ...] = (None,) if field.nullable else ()
    if field.type != "integer":
        return (*unknown, *(field.words if field.type == "text" else (False, True)))
    points = {
        *near,
        *(one for one in told[:1] if isinstance(one, int)),
        *(end for end in (field.lo, field.hi) if end is not None),
    }
    values = {point + step for point in points or {0} for step in (-1, 0, 1)}
    return (*unknown, *sorted(values))


def draw_rows(evaluator: Evaluator, rows: int, seed: int) -> list[dict[str, Value]]:
    """Return rows by input: cases with one input in each of its cells, two inputs in some, and `rows` by chance.

    >>> from weilend.decision.example import example_evaluator
    >>> len(draw_rows(example_evaluator(), 100, 1)) > 150
    True
    """
    program, cells = evaluator.program, cells_of(evaluator)
    random = np.random.default_rng(seed)
    cases = [case_values(evaluator.policy, case) for case in evaluator.policy.cases]
    starts = [{name: case.get(field.name) for name, field in program.inputs.items()} for case in cases]
    approved = [row for row in starts if evaluator.answer(_by_field(program, row)).outcome == "approve"] or starts[:1]
    chosen = [approved[at] for at in random.permutation(len(approved))[:4]]
    found = [{**start, name: value} for start in chosen for name, values in cells.items() for value in values]
    names = sorted(cells)
    for _ in range(rows):
        start = starts[random.integers(len(starts))] if random.random() < 0.3 else approved[random.integers(len(approved))]
        changed = [names[at] for at in random.integers(len(names), size=random.integers(1, 4))]
        found.append({**start, **{name: cells[name][random.integers(len(cells[name]))] for name in changed}})
    table = make_applications(program, rows, seed, cases).to_pylist()
    return found + [{name: row[field.name] for name, field in program.inputs.items()} for row in table]


def all_rows(evaluator: Evaluator, names: Sequence[str]) -> list[dict[str, Value]] | None:
    """Return the first case with some inputs in all their cells at once; None where there are too many.

    >>> from weilend.decision.example import example_evaluator
    >>> len(all_rows(example_evaluator(), ["given_pd_ppm", "shop_status"]))
    52
    """
    cells = cells_of(evaluator)
    if np.prod([float(len(cells[name])) for name in names]) > ALL_CELLS:
        return None
    case = case_values(evaluator.policy, evaluator.policy.cases[0])
    base = {name: case.get(field.name) for name, field in evaluator.program.inputs.items()}
    return [{**base, **dict(zip(names, values, strict=True))} for values in product(*(cells[name] for name in names))]


def compute(program: Program, rows: Sequence[Row]) -> Columns:
    """Return every input and step of a program over rows by input, computed by NumPy.

    >>> from weilend.decision.example import example_evaluator
    >>> evaluator = example_evaluator()
    >>> compute(evaluator.program, all_rows(evaluator, ["shop_status"]))["outcome"].tolist()
    ['approve', 'refer', 'refer', 'refer']
    """
    columns = {name: _column(field, [row[name] for row in rows]) for name, field in program.inputs.items()}
    for step in program.steps:
        columns[step.name] = _computed(step.formula, columns)
    return columns


def _column(field: Field, values: list[Value]) -> npt.NDArray[Any]:
    if field.type == "text":
        return np.array(values, dtype=object)
    empty, kind = _KINDS[field.type]
    mask = [value is None for value in values]
    return np.ma.MaskedArray(np.array([empty if value is None else value for value in values], dtype=kind), mask=mask)


def _computed(formula: Formula, columns: Columns) -> npt.NDArray[Any]:
    if not formula.names:  # NumPy cannot tell how many rows there are
        size, value = len(next(iter(columns.values()))), formula.python()({})
        return _column(Field("", formula.type), [value] * size)
    values, valid = _compiled(formula.root)({name: columns[name] for name in formula.names})
    if formula.type == "text":
        words = np.array(values, dtype=object)
        words[~valid] = None
        return words
    return np.ma.MaskedArray(values, mask=~valid)


@lru_cache(maxsize=20_000)
def _compiled(root: Node) -> Any:
    return Formula("", root).numpy()


class Judged(msgspec.Struct, frozen=True):
    """A verdict that rows contradict, and the first such row, by input."""

    verdict: Verdict
    row: dict[str, Value]


class Rows:
    """Rows of a policy and all that follows from them, to look at claims with.

    >>> from weilend.decision.example import example_evaluator
    >>> from weilend.decision import make_claims
    >>> evaluator = example_evaluator()
    >>> rows = Rows(evaluator, draw_rows(evaluator, 50, 1), seed=1)
    >>> claims = make_claims(evaluator, ["answer", "reachable"])
    >>> [rows.find(claim) is not None for claim in claims][:3], rows.find(claims[-1]) is None
    ([False, False, False], False)
    """

    def __init__(self, evaluator: Evaluator, rows: Sequence[dict[str, Value]], seed: int) -> None:
        self.evaluator = evaluator
        self.rows = list(rows)
        self.columns = compute(evaluator.program, self.rows)
        self.random = np.random.default_rng(seed)
        self._worse: dict[tuple[str, int], tuple[list[dict[str, Value]], Columns, Columns]] = {}

    def find(self, claim: Claim) -> int | None:
        """Return the number of a row that shows that what is never so is so, that what is sometimes so is, or a wrong move."""
        if isinstance(claim, Stated):
            return None
        if isinstance(claim, Steady):
            return self._wrong_move(claim)
        assert isinstance(claim, Never | Sometimes)
        mask = _given(claim.given, self.columns, len(self.rows))
        for condition in claim.conditions:
            mask &= _holds(condition, self.columns, len(self.rows))
        return int(np.argmax(mask)) if mask.any() else None

    def _wrong_move(self, claim: Steady) -> int | None:
        """Look at pairs of rows in which only the moved input differs, by one or by as much as to another cell."""
        key = claim.moved, claim.step
        if key not in self._worse:
            self._worse[key] = self._pairs(claim)
        rows, before, after = self._worse[key]
        if not rows:
            return None
        mask = _given(claim.given, before, len(rows)) & _given(claim.given, after, len(rows))
        first, second = (np.ma.getdata(_computed(claim.number, columns)).astype(object) for columns in (before, after))
        mask &= ((second - first) * claim.sign > 0).astype(np.bool_)
        return int(np.argmax(mask)) if mask.any() else None

    def _pairs(self, claim: Steady) -> tuple[list[dict[str, Value]], Columns, Columns]:
        name = claim.moved
        cells = [value for value in cells_of(self.evaluator)[name] if isinstance(value, int)]
        outcome = self.columns["outcome"]
        known = [row for row, said in zip(self.rows, outcome, strict=True) if isinstance(row[name], int) and said != "decline"]
        start = [known[at] for at in self.random.permutation(len(known))[:3_000]]
        rows, moved = [], []
        for row in start:
            value = row[name]
            assert isinstance(value, int)
            worse = [one for one in cells if (one - value) * claim.step > 0]
            for other in {value + claim.step, *(worse[:1]), *(worse[int(self.random.integers(len(worse)))] for _ in worse[:1])}:
                rows.append(row)
                moved.append({**row, name: other})
        program = self.evaluator.program
        return (rows, compute(program, rows), compute(program, moved)) if rows else ([], {}, {})


def contradiction(rows: Rows, claim: Claim, verdict: Verdict) -> Judged | None:
    """Return a row that contradicts a verdict: `proven` never so, and it is so; `refuted` as never so, and it is so."""
    said_never = verdict.status == ("refuted" if isinstance(claim, Sometimes) else "proven")
    at = rows.find(claim) if said_never else None
    return None if at is None else Judged(verdict, rows.rows[at])


def look_everywhere(evaluator: Evaluator, claim: Claim, verdict: Verdict) -> Judged | None:
    """Look for a contradiction in every cell of the inputs that a claim depends on, where they are few enough."""
    if not isinstance(claim, Never | Sometimes):
        return None
    names = sorted(_inputs(evaluator.program, claim.conditions) | claim.given.keys())
    rows = all_rows(evaluator, names)
    return None if rows is None else contradiction(Rows(evaluator, rows, seed=0), claim, verdict)


def replay(evaluator: Evaluator, claim: Claim, verdict: Verdict) -> bool:
    """Tell whether a witness shows what it is said to show: the policy's own steps are run on it, one by one."""
    if verdict.witness is None or isinstance(claim, Stated):
        return verdict.witness is None
    known = evaluator.trace(verdict.witness.values)
    if isinstance(claim, Steady):
        assert verdict.witness.after is not None
        later = evaluator.trace(verdict.witness.after)
        number = claim.number.python()
        differ = [name for name in evaluator.program.inputs if known[name] != later[name]]
        return differ == [claim.moved] and (number(later) - number(known)) * claim.sign > 0  # type: ignore[operator]
    assert isinstance(claim, Never | Sometimes)
    return all(condition.python()(known) is True for condition in claim.conditions)


class Judgement(msgspec.Struct, frozen=True):
    """The verdicts on all claims of a policy, and in words what is wrong with any of them: nothing, where the prover is right."""

    verdicts: tuple[Verdict, ...]
    wrong: tuple[str, ...]


def judge_prover(
    evaluator: Evaluator, seed: int, *, rows: int = 1_500, properties: Sequence[str] = tuple(PROPERTIES)
) -> Judgement:
    """Prove all claims of a policy, then look for what contradicts the verdicts, and replay every witness.

    >>> from weilend.decision.example import example_evaluator
    >>> judge_prover(example_evaluator(), seed=1, rows=100, properties=["monotone", "missing"]).wrong
    ()
    """
    claims, judge = make_claims(evaluator, properties), make_judge(evaluator)
    verdicts = tuple(judge.decide(claim) for claim in claims)
    drawn, wrong = Rows(evaluator, draw_rows(evaluator, rows, seed), seed), []
    for claim, verdict in zip(claims, verdicts, strict=True):
        found = contradiction(drawn, claim, verdict)
        if found is None and verdict.status == "refuted" and verdict.witness is None:
            found = look_everywhere(evaluator, claim, verdict)
        if found is not None:
            wrong.append(f"{verdict}, and yet: {found.row}")
        if not replay(evaluator, claim, verdict):
            wrong.append(f"{verdict}: its witness does not show it")
    return Judgement(verdicts, tuple(wrong))


def _by_field(program: Program, row: Row) -> dict[str, Value]:
    return {field.name: row[name] for name, field in program.inputs.items()}


def _inputs(program: Program, conditions: Iterable[Formula]) -> set[str]:
    formulas = {step.name: step.formula for step in program.steps}
    waiting, seen = [name for one in conditions for name in one.names], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += formulas[name].names if name in formulas else ()
    return seen & program.inputs.keys()


def _holds(condition: Formula, columns: Columns, size: int) -> Mask:
    value = _computed(condition, columns)
    return np.ma.filled(np.ma.asarray(value), fill_value=False).astype(np.bool_) if size else np.zeros(0, np.bool_)


def _given(spans: Mapping[str, Span], columns: Columns, size: int) -> Mask:
    """Return the rows that lie in the spans of a claim: an integer as (lo, hi, may be NULL), a text as the set of its words."""
    mask = np.ones(size, np.bool_)
    for name, span in spans.items():
        column = columns[name]
        if isinstance(span, frozenset):
            mask &= np.isin(column, list(span))
        else:
            empty = np.ma.getmaskarray(column)
            values = np.ma.getdata(column)
            mask &= np.where(empty, bool(span[2]), (values >= span[0]) & (values <= span[1]))
    return mask
