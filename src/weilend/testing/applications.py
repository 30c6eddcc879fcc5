"""In: a policy, compiled, and a seed. Out: many applications that it may meet; where a back end answers otherwise. Used: by laws.

A value lies within what the policy accepts, at an edge, beside a number that a formula compares it with, outside, or is not known.
Half of the applications start from a worked case, all their amounts grown or shrunk together, and differ in few values: rows in
which everything is drawn alike are never approved. Of some, all that one source tells is missing together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weilend.core.records import Field, FieldType
from weilend.decision import Answer, Evaluator, Program
from weilend.decision.select import ARM, LIMIT, Selection
from weilend.formula.tree import Node, Value

Random = np.random.Generator
Cells = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

#: Where nothing bounds a value, as far from zero as raw values are drawn.
WIDE: Final = 10**14
#: Of drawn values, how many are not known; of a row that starts from a case, how many values are drawn anew all the same.
NULL_SHARE, ODD_SHARE = 0.04, 0.03
#: How numbers are drawn: anywhere in the accepted range, where formulas compare, at a single spot such as an edge.
_WAYS: Final = (0.3, 0.5, 0.2)
#: Of applications, how many lack a source altogether, for each source.
GONE_SHARE: Final = 0.05
#: What stands where a value is not known, by type, and how NumPy holds values of it.
_EMPTY: Final[dict[FieldType, tuple[Any, Any]]] = {
    "integer": (0, np.int64),
    "text": ("", object),
    "boolean": (False, np.bool_),
    "date": (None, object),
}
_COMPARED: Final = frozenset({"=", "<>", "<", "<=", ">", ">=", "in", "between"})


def make_applications(program: Program, rows: int, seed: int, cases: Sequence[Mapping[str, Value]] = ()) -> pa.Table:
    """Return applications, a column for each raw field of a program, the same for the same seed.

    `cases` are values by raw field from which half of the rows start.

    >>> program = Program(policy_id="p", inputs={"n": Field("n", "integer", 0, 9)}, rules=(), limits=(), sources=(),
    ...     experiments=(), terms=(), refused={}, findings=(), steps=())
    >>> table = make_applications(program, 200, seed=1, cases=[{"n": 5}])
    >>> table.num_rows, {5, -1, 10, None} <= set(table["n"].to_pylist())
    (200, True)
    """
    random = np.random.default_rng(seed)
    near, lacking = compared_with(program), _lacking(program, rows, random)
    start = np.where(random.random(rows) < (0.5 if cases else 0.0), random.integers(0, max(1, len(cases)), rows), -1)
    size = random.choice([1_000, 1_000, 1_000, 300, 900, 1_100, 3_000], rows)
    columns = {}
    for name, field in program.inputs.items():
        stays = (start >= 0) & (random.random(rows) >= ODD_SHARE)
        drawn, known = _draw(field, sorted(near[name]), rows, random)
        given = [case.get(field.name) for case in cases] or [None]
        told, told_known = _told(field, given, start, size)
        values, there = np.where(stays, told, drawn), np.where(stays, told_known, known)
        columns[field.name] = pa.array(values, mask=~(there & ~lacking.get(name, np.zeros(rows, np.bool_))))
    return pa.table(columns)


def compared_with(program: Program) -> dict[str, set[int]]:
    """Return, for each input, the integers that formulas compare it with, directly or by the step of its name.

    >>> from weilend.decision.program import Step
    >>> from weilend.formula import parse
    >>> n = Field("n", "integer", 0, 9)
    >>> step = Step("few", parse("n < 3 OR n IN (5, 7)", {"n": n}), "an example")
    >>> program = Program(policy_id="p", inputs={"n": n}, rules=(), limits=(), sources=(), experiments=(), terms=(), refused={},
    ...     findings=(), steps=(step,))
    >>> sorted(compared_with(program)["n"])
    [3, 5, 7]
    """
    found: defaultdict[str, set[int]] = defaultdict(set)
    for step in program.steps:
        for node in step.formula.root.walk():
            if node.op in _COMPARED:
                numbers = [arg.value for arg in node.args if arg.op == "literal"]
                for name in _inputs_of(program, node.args):
                    found[name].update(number for number in numbers if type(number) is int)
    return found


def _inputs_of(program: Program, nodes: Iterable[Node]) -> list[str]:
    names = [str(node.value) for node in nodes if node.op == "field"]
    return [name for read in names for name in (read, f"given_{read}") if name in program.inputs]


def _lacking(program: Program, rows: int, random: Random) -> dict[str, Mask]:
    """Return, for each input of a source, the rows in which that source is missing, and so is the input."""
    lacking = {}
    for one in program.sources:
        gone = random.random(rows) < GONE_SHARE
        told = [step for step in program.steps if {one.present, one.status} & step.formula.names]
        for name in {name for step in told for name in step.formula.names & program.inputs.keys()}:
            if program.inputs[name].nullable:
                lacking[name] = gone
    return lacking


def _draw(field: Field, near: Sequence[int], rows: int, random: Random) -> tuple[Cells, Mask]:
    """Return values of a field, and which are known."""
    known = np.ones(rows, np.bool_) if not field.nullable else random.random(rows) >= NULL_SHARE
    if field.type == "text":
        return random.choice(np.array(field.words or ("a", "b"), dtype=object), rows), known
    if field.type == "boolean":
        return random.random(rows) < 0.5, known
    lo, hi = -WIDE if field.lo is None else field.lo, WIDE if field.hi is None else field.hi
    spots = [lo, hi, 0, 1, lo - 1, hi + 1, -WIDE, WIDE, *(number + by for number in near for by in (-1, 0, 1))]
    ways = (
        random.integers(lo, hi, rows, endpoint=True),
        random.integers(near[0], near[-1], rows, endpoint=True) if near else np.zeros(rows, np.int64),
        random.choice(np.array(spots, dtype=np.int64), rows),
    )
    return np.choose(random.choice(len(ways), rows, p=_WAYS), ways), known


def _told(field: Field, given: Sequence[Value], start: Cells, size: Cells) -> tuple[Cells, Mask]:
    """Return the value of each row's case, amounts in proportion to the row's size."""
    known = np.array([value is not None for value in given])[start]
    empty, kind = _EMPTY[field.type]
    values: Cells = np.array([empty if value is None else value for value in given], dtype=kind)[start]
    return (values * size // 1_000 if field.unit == "fen" else values), known


def read_answer(selection: Selection, row: Mapping[str, Any]) -> Answer:
    """Return a row that a SELECT answered as the `Answer` that Python gives: the same where both are right.

    >>> from weilend.decision.program import Finding
    >>> from weilend.decision.select import ANSWER
    >>> found = tuple(Finding(code, code, "refer") for code in "abc")
    >>> selection = Selection(sql="", columns=(), packed={"findings_0": found})
    >>> row = {"outcome": "refer", "ceiling_fen": 7, "limit_sales": 7, "arm_test": "control", "findings_0": 5, "business_id": "E1"}
    >>> answer = read_answer(selection, {**dict.fromkeys(ANSWER), **row})
    >>> answer.codes, answer.ceiling_fen, answer.limits_fen, answer.arms
    (('a', 'c'), None, {'sales': 7}, {'test': 'control'})
    """
    approved = row["outcome"] == "approve"
    columns = ((column, place, one) for column, bits in selection.packed.items() for place, one in enumerate(bits))
    codes = tuple(one.code for column, place, one in columns if row[column] >> place & 1)
    return Answer(
        outcome=row["outcome"],
        grade=row["grade"],
        ceiling_fen=row["ceiling_fen"] if approved else None,
        floor_rate_ppm=row["floor_rate_ppm"] if approved else None,
        months=row["months"] if approved else None,
        limits_fen={name.removeprefix(LIMIT): amount for name, amount in row.items() if name.startswith(LIMIT)},
        codes=(*codes, f"limit_{row['binding_limit']}") if approved else codes,
        arms={name.removeprefix(ARM): arm for name, arm in row.items() if name.startswith(ARM)},
    )


def find_mismatches(evaluator: Evaluator, applications: pa.Table, selection: Selection, decided: pa.Table) -> list[str]:
    """Return, in words, each application that a SELECT decided otherwise than Python: amounts, price, reasons, arms.

    `decided` has the rows of `applications` in their order, in the columns of the selection.
    """
    return [
        f"{dict(values)}: {ours} in Python, {theirs} in SQL"
        for values, row in zip(applications.to_pylist(), decided.to_pylist(), strict=True)
        if (ours := evaluator.answer(values)) != (theirs := read_answer(selection, row))
    ]
