"""In: matrix, grades and experiments of a policy. Out: steps: words, grade, arms, their values. Used: by the compiler."""

from __future__ import annotations

from weilend.decision.facts import draw_field, open_field
from weilend.decision.parts import Experiment, Matrix
from weilend.decision.program import ExperimentSteps
from weilend.decision.scope import Scope
from weilend.decision.trees import choose, literal
from weilend.formula.text import quoted
from weilend.formula.tree import Node


def add_matrix(scope: Scope, name: str, matrix: Matrix) -> None:
    """Add the word of a matrix under its name; NULL where a band's input is."""
    row, column = matrix.rows.input, matrix.columns.input
    rows = [_banded(column, matrix.columns.below, [quoted(word) for word in words]) for words in matrix.words]
    known = f"{row} IS NULL OR {column} IS NULL"
    text = f"CASE WHEN {known} THEN NULL ELSE {_banded(row, matrix.rows.below, rows)} END"
    path = ("matrix", name)
    scope.let(
        name, scope.compile(path, text, "text"), path, words=tuple(dict.fromkeys(w for words in matrix.words for w in words))
    )
    scope.show(name)


def _banded(name: str, below: tuple[int, ...], results: list[str]) -> str:
    whens = "".join(f" WHEN {name} < {bound} THEN {result}" for bound, result in zip(below, results[:-1], strict=True))
    return f"CASE{whens} ELSE {results[-1]} END"


def add_grades(scope: Scope) -> None:
    """Add ``grade``, the first whose condition is true (NULL where none is), and each value that grades bring."""
    grades = scope.policy.grades
    conditions = [scope.compile(("grades", grade.name, "when"), grade.when, "boolean").root for grade in grades]
    given = scope.let(
        "grade",
        choose([(when, literal(grade.name)) for when, grade in zip(conditions, grades, strict=True)]),
        "grades",
        words=tuple(grade.name for grade in grades),
    )
    for value in grades[0].values:
        pairs = [(Node("=", (given, literal(grade.name)), nullable=True), literal(grade.values[value])) for grade in grades]
        scope.let(value, choose(pairs), ("grades", grades[0].name, "values"))
        scope.show(value, unit=unit_of(value))
    scope.show("grade")


def add_experiment(scope: Scope, experiment: Experiment) -> ExperimentSteps:
    """Add the arm and its values: outside `when`, and where its budget is spent, the first arm holds."""
    path = ("experiments", experiment.name)
    scope.give(experiment.draw, draw_field(experiment))
    when = scope.compile((*path, "when"), experiment.when, "boolean", only={"grade": scope.known["grade"]}).root
    if experiment.budget is not None:
        scope.give(experiment.open, open_field(experiment))
        scope.show(experiment.open, unit="count")
        when = Node("and", (when, Node("=", (scope.node(experiment.open), literal(1)))), nullable=when.nullable)
    first, total = literal(experiment.arms[0].name), 0
    drawn = []
    for arm in experiment.arms[:-1]:
        total += arm.share_ppm
        drawn.append((Node("<", (scope.node(experiment.draw), literal(total))), literal(arm.name)))
    last = literal(experiment.arms[-1].name)
    inside = choose(drawn, last) if drawn else last
    chosen = inside if when.op == "literal" and when.value is True else choose([(when, inside)], first)
    names = tuple(arm.name for arm in experiment.arms)
    arm_read = scope.let(experiment.name, chosen, path, words=names)
    scope.show(experiment.name)
    for value in experiment.arms[0].values:
        *pairs, (_, other) = [(Node("=", (arm_read, literal(arm.name))), literal(arm.values[value])) for arm in experiment.arms]
        scope.let(value, choose(pairs, other) if pairs else other, path)
        scope.show(value, unit=unit_of(value))
    return ExperimentSteps(experiment, experiment.draw, experiment.name)


def unit_of(name: str) -> str:
    """Return the unit that a name ends with, as all names of amounts and rates do here.

    >>> unit_of("grade_cap_fen"), unit_of("tier")
    ('fen', '')
    """
    return next((unit for unit in ("fen", "ppm", "months", "days", "count") if name.endswith(f"_{unit}")), "")
