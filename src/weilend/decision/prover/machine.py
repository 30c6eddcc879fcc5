"""In: inputs and steps of a program. Out: `Machine`, which runs any of them in plain Python. Used: to try and confirm rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from weilend.core.records import Field
from weilend.decision.prover.box import domain
from weilend.decision.prover.graph import Graph
from weilend.decision.prover.points import Row, moved, points
from weilend.decision.prover.values import Span
from weilend.formula import Formula
from weilend.formula.tree import Node

Run = Callable[[Mapping[str, Any]], Any]


class Question:
    """Conditions over inputs and steps, the place where all of them hold, and the steps that they need.

    `holds` runs the steps' own compiled Python, one by one, on one row of inputs.
    """

    def __init__(self, machine: Machine, conditions: Sequence[Formula]) -> None:
        self.conditions = tuple(formula.python() for formula in conditions)
        self.steps = machine.needed(name for formula in conditions for name in formula.names)
        root = Node("and", tuple(formula.root for formula in conditions)) if len(conditions) > 1 else conditions[0].root
        self.place = machine.graph.add(root)
        self._days = machine.days

    def holds(self, row: Row) -> bool:
        """Tell whether every condition is true in a row."""
        known = computed(row, self.steps, self._days)
        return all(condition(known) is True for condition in self.conditions)


class Machine:
    """The inputs and steps of a program, as a graph for proofs and as Python for rows; `seeds` are rows to begin with,

    `usual` ranges of integers that are accepted.

    >>> from weilend.formula import parse
    >>> fields = {"n": Field("n", "integer", 0, 9)}
    >>> machine = Machine(fields, [("twice", parse("2 * n", fields))], [{"n": 4}])
    >>> machine.run({"n": 4}), machine.completed({})
    ({'n': 4, 'twice': 8}, {'n': 4})
    """

    def __init__(
        self,
        inputs: Mapping[str, Field],
        steps: Iterable[tuple[str, Formula]],
        seeds: Sequence[Row] = (),
        usual: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        self.inputs = dict(inputs)
        self.usual = dict(usual or {})
        self.formulas = dict(steps)
        self.graph = Graph(inputs, self.formulas.items())
        self.whole = {name: domain(self.graph, field) for name, field in self.inputs.items()}
        self.days = frozenset(name for name, field in self.inputs.items() if field.type == "date")
        self.seeds = [moved(self.whole, seed) for seed in seeds] or [moved(self.whole, {})]

    def question(self, conditions: Sequence[Formula]) -> Question:
        """Return a question about inputs and steps."""
        return Question(self, conditions)

    def measure(self, number: Formula) -> Callable[[Row], int]:
        """Return a number over inputs and steps as a function of a row of inputs."""
        run, steps = number.python(), self.needed(number.names)

        def measured(row: Row) -> int:
            value = run(computed(row, steps, self.days))
            assert isinstance(value, int)
            return value

        return measured

    def completed(self, row: Row) -> Row:
        """Return a row of all inputs: those that are not given are as in the first seed."""
        return {**self.seeds[0], **row}

    def tried(self, domains: Mapping[str, Span]) -> Iterator[Row]:
        """Yield a few rows of all inputs that lie in a box of some."""
        return (self.completed(row) for row in points(domains, self.seeds, self.usual))

    def near(self, domains: Mapping[str, Span]) -> Iterator[Row]:
        """Yield every seed, moved into a box of some inputs."""
        for seed in self.seeds:
            yield {**seed, **moved(domains, seed)}

    def run(self, row: Row) -> dict[str, Any]:
        """Return the value of every input and step for a row of all inputs."""
        return computed(row, self.needed(self.formulas), self.days)

    def needed(self, names: Iterable[str]) -> tuple[tuple[str, Run], ...]:
        """Return the steps, in order, that some names are computed from."""
        found: set[str] = set()
        waiting = [name for name in names if name in self.formulas]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(other for other in self.formulas[name].names if other in self.formulas)
        return tuple((name, formula.python()) for name, formula in self.formulas.items() if name in found)


def computed(row: Row, steps: Iterable[tuple[str, Run]], days: frozenset[str]) -> dict[str, Any]:
    """Return a row with the value of each step; a date is the number of its day in a row, and a date in a formula.

    >>> computed({"n": 4}, [("twice", lambda row: 2 * row["n"])], frozenset())
    {'n': 4, 'twice': 8}
    """
    known: dict[str, Any] = dict(row)
    for name in days:
        known[name] = None if row[name] is None else date.fromordinal(int(row[name]))  # type: ignore[arg-type]
    for name, run in steps:
        known[name] = run(known)
    return known
