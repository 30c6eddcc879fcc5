"""In: a `Program`. Out: one SQL SELECT that decides every row of a relation. Used: for back-tests and for history, on any engine.

The steps of a program become columns. A step that is read once is written where it is read; one that is read more often is
computed once, in a SELECT below the one that reads it. So the query is a pile of SELECTs, as deep as steps build upon each
other. Which findings hold is packed into integers, a bit each (`packing`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from weilend.core.errors import InputError
from weilend.decision.packing import RULES, pack_findings, pack_steps
from weilend.decision.program import Finding, Program
from weilend.formula import sql
from weilend.formula.standard import Table
from weilend.formula.tree import Node

#: Before the names of limits, arms and steps, where they are columns.
LIMIT, ARM, STEP = "limit_", "arm_", "step_"
#: What a decision answers besides limits and findings: the columns of a result, as `Program` names their steps.
ANSWER: Final = ("outcome", "grade", "ceiling_fen", "floor_rate_ppm", "months", "binding_limit")


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """A SELECT and what its columns are: `columns` in their order, `packed` with the findings of each packed column, bit by bit.

    >>> Selection(sql="SELECT 1", columns=("a",), packed={}).columns
    ('a',)
    """

    sql: str
    columns: tuple[str, ...]
    packed: dict[str, tuple[Finding, ...]]


def select_program(
    program: Program,
    dialect: str = "duckdb",
    *,
    source: str = "applications",
    keep: Sequence[str] = (),
    prefix: str = "",
    trace: bool = False,
    table: Table | None = None,
) -> Selection:
    """Return the SELECT that decides every row of `source`, a relation with a column for each raw field of the program.

    Columns: those of `keep` as they are, then, each after `prefix`, outcome, grade, ceiling_fen, floor_rate_ppm, months,
    binding_limit, the amount of each limit (`limit_<name>`), the arm of each experiment (`arm_<name>`), the findings that hold
    (`findings_0` …, a bit each), and with `trace` every step (`step_<name>`). `source` is a name or a SELECT in parentheses.
    `table` stands in for the dialect's own, so that a test can plant a defect. Raises `InputError` where two columns would
    share a name.

    >>> from weilend.decision.program import Finding, Step
    >>> from weilend.core.records import Field
    >>> from weilend.formula import parse
    >>> n, high = Field("n", "integer", 0, 9), Field("high", "boolean")
    >>> steps = {"outcome": "CASE WHEN high THEN 'refer' ELSE 'approve' END", "grade": "CASE WHEN n > 3 THEN 'B' END",
    ...     "ceiling_fen": "2 * n", "floor_rate_ppm": "n", "months": "12", "binding_limit": "'cap'", "high": "n = 5 OR n > 7"}
    >>> program = Program(policy_id="p", inputs={"n": n}, rules=(), limits=(), sources=(), experiments=(), terms=(), refused={},
    ...     findings=(Finding("high", "high", "refer"),),
    ...     steps=tuple(Step(name, parse(text, {"n": n, "high": high}), "an example") for name, text in steps.items()))
    >>> print(select_program(program).sql)
    SELECT
      (CASE WHEN "high" THEN 'refer' ELSE 'approve' END) AS "outcome",
      (CASE WHEN ("n" > 3) THEN 'B' ELSE NULL::VARCHAR END) AS "grade",
      (2::BIGINT * "n"::BIGINT) AS "ceiling_fen",
      "n" AS "floor_rate_ppm",
      12 AS "months",
      'cap' AS "binding_limit",
      (CASE WHEN "high" THEN 1::BIGINT ELSE 0::BIGINT END) AS "findings_0"
    FROM (SELECT
      "n",
      (("n" = 5) OR ("n" > 7)) AS "high"
    FROM (SELECT
      "n" AS "n"
    FROM applications))
    """
    steps, packed = pack_steps(program)
    outputs = _outputs(program, trace=trace) | packed
    names = (*keep, *(f"{prefix}{name}" for name in outputs))
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"two columns would be called {twice[0]!r}", hint="give the answers another prefix")
    raw = {name: field.name for name, field in program.inputs.items()}
    pile = _Pile(raw, steps, {**(table or sql.DIALECTS[dialect]), **RULES}, keep)
    text = pile.write(source, dict(zip(names[len(keep) :], outputs.values(), strict=True)))
    return Selection(sql=text, columns=names, packed={f"{prefix}{name}": bits for name, bits in pack_findings(program).items()})


def _outputs(program: Program, *, trace: bool) -> dict[str, Node]:
    """Return what each column but the packed ones holds, as trees over steps and inputs."""
    names = {name: getattr(program, name) for name in ANSWER}
    names |= {f"{LIMIT}{one.limit.name}": one.amount for one in program.limits}
    names |= {f"{ARM}{one.experiment.name}": one.arm for one in program.experiments}
    names |= {f"{STEP}{step.name}": step.name for step in program.steps if trace}
    return {name: Node("field", value=step) for name, step in names.items()}


class _Pile:
    """Writes a program as SELECTs on top of each other, the raw columns at the bottom."""

    def __init__(self, raw: Mapping[str, str], roots: Mapping[str, Node], table: Table, keep: Sequence[str]) -> None:
        self.table = table
        self.raw = raw
        self.roots = roots
        self.kept = {f"kept {place}": name for place, name in enumerate(keep)}
        self.floor_of = dict.fromkeys(self.raw, 0)

    def write(self, source: str, outputs: Mapping[str, Node]) -> str:
        """Return the whole query."""
        named = self._columns(outputs.values())
        trees = {name: self._inline(self.roots[name], named) for name in self.roots if name in named}
        for name in trees:
            self._place(name, trees)
        last = {name: self._inline(node, named) for name, node in outputs.items()}
        needed = {name: tree.names for name, tree in trees.items()}
        read_last = frozenset[str]().union(*(tree.names for tree in last.values()))
        text, top = source, max((self.floor_of[name] for name in read_last), default=0)
        for floor in range(top + 1):
            above = read_last.union(*(needed[name] for name in trees if self.floor_of[name] > floor))
            columns = [self._column(name, trees, floor) for name in self.floor_of if self._stands(name, floor, above)]
            kept = [f"{self._name(name if floor == 0 else place)} AS {self._name(place)}" for place, name in self.kept.items()]
            text = f"(SELECT\n  {_listed([*kept, *columns])}\nFROM {text})"
        kept = [f"{self._name(place)} AS {self._name(name)}" for place, name in self.kept.items()]
        columns = [f"{sql.write(tree, self.table)} AS {self._name(name)}" for name, tree in last.items()]
        return f"SELECT\n  {_listed([*kept, *columns])}\nFROM {text}"

    def _columns(self, outputs: Iterable[Node]) -> frozenset[str]:
        """Return the steps that get a column of their own: those that are read more than once, by all that is needed."""
        reads: Counter[str] = Counter()
        waiting = [name for node in outputs for name in _reads(node)]
        while waiting:
            name = waiting.pop()
            reads[name] += 1
            if reads[name] == 1 and name in self.roots:
                waiting += _reads(self.roots[name])
        return frozenset(name for name, count in reads.items() if count > 1 and name in self.roots and self.roots[name].args)

    def _inline(self, node: Node, columns: frozenset[str]) -> Node:
        """Return a tree in which steps without a column stand written out."""
        if node.op != "field":
            return msgspec.structs.replace(node, args=tuple(self._inline(arg, columns) for arg in node.args))
        name = str(node.value)
        return node if name in columns or name in self.raw else self._inline(self.roots[name], columns)

    def _place(self, name: str, trees: Mapping[str, Node]) -> int:
        """Return the floor of a column, above all that it reads."""
        if name not in self.floor_of:
            self.floor_of[name] = 1 + max((self._place(read, trees) for read in trees[name].names), default=0)
        return self.floor_of[name]

    def _stands(self, name: str, floor: int, above: frozenset[str]) -> bool:
        return self.floor_of[name] <= floor and name in above

    def _column(self, name: str, trees: Mapping[str, Node], floor: int) -> str:
        if self.floor_of[name] < floor:
            return self._name(name)
        written = self._name(self.raw[name]) if name in self.raw else sql.write(trees[name], self.table)
        return f"{written} AS {self._name(name)}"

    def _name(self, name: str) -> str:
        return self.table["field"](Node("field", value=name), [])


def _reads(node: Node) -> list[str]:
    return [str(part.value) for part in node.walk() if part.op == "field"]


def _listed(columns: Sequence[str]) -> str:
    return ",\n  ".join(columns)
