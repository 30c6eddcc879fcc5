"""In: a `Program`. Out: one Python function, and its source to read. Used: by the evaluator, for live decisions.

The function computes every step from top to bottom with locals and returns integers, words and codes; no sentence is made in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from weilend.decision.program import Finding, Program
from weilend.formula.python import write_block
from weilend.formula.tree import Value
from weilend.formula.writer import compile_source

Values = Mapping[str, Value]
#: What a function returns: outcome, grade, ceiling, floor rate, months, binding limit, places of the findings that hold, then the
#: amounts of the limits and the arms by name, and the values that were asked for, each in the program's order.
Result = tuple[
    str,
    str | None,
    int | None,
    int | None,
    int | None,
    str | None,
    list[int],
    dict[str, int | None],
    dict[str, str],
    tuple[Any, ...],
]


class Function(msgspec.Struct, frozen=True):
    """A program as a function of feature values and facts, its source, and the names of the values that it returns besides.

    >>> Function.__struct_fields__
    ('run', 'source', 'shown')
    """

    run: Callable[[Values, Values], Result]
    source: str
    shown: tuple[str, ...]


def make_function(program: Program, facts: frozenset[str], shown: Sequence[str] = ()) -> Function:
    """Return a program as a Python function of two mappings: values of features, and of the names in `facts`.

    `shown` are the names of inputs and steps whose values it returns last. A missing value raises `KeyError`.

    >>> from weilend.core.records import Field
    >>> from weilend.decision.program import Step
    >>> from weilend.formula import parse
    >>> fields = {"n": Field("n", "integer", 0, 9)}
    >>> texts = {"outcome": "CASE WHEN n > 5 THEN 'refer' ELSE 'approve' END", "grade": "'A'", "ceiling_fen": "2 * n",
    ...     "floor_rate_ppm": "n", "months": "12", "binding_limit": "'cap'"}
    >>> steps = tuple(Step(name, parse(text, fields), "an example") for name, text in texts.items())
    >>> program = Program(policy_id="p", inputs=fields, steps=steps, rules=(), limits=(), sources=(), experiments=(), terms=(),
    ...     refused={}, findings=())
    >>> make_function(program, frozenset(), ["n"]).run({"n": 4}, {})
    ('approve', 'A', 8, 4, 12, 'cap', [], {}, {}, (4,))
    """
    block = write_block(list(program.inputs), [(step.name, step.formula.root) for step in program.steps])
    local = block.locals
    answer = [
        *(
            local[name]
            for name in (program.outcome, program.grade, program.ceiling_fen, program.floor_rate_ppm, program.months)
        ),
        local[program.binding_limit],
        "_found",
        _dict((one.limit.name, local[one.amount]) for one in program.limits),
        _dict((one.experiment.name, local[one.arm]) for one in program.experiments),
        _tuple(local[name] for name in shown),
    ]
    loads, readers = _loads(program, local, facts)
    lines = [
        *loads,
        *block.lines,
        "_found = []",
        *_finds(program, local),
        f"return {', '.join(answer)}",
    ]
    source = "\n".join(["def formula(_features, _facts):", *(f"    {line}" for line in lines)])
    return Function(compile_source(source, {**block.constants, **readers}), source, tuple(shown))


def _loads(program: Program, local: Mapping[str, str], facts: frozenset[str]) -> tuple[list[str], dict[str, Any]]:
    """Return the lines that read features and facts, all of one mapping at once, and the functions that they call."""
    lines, readers = [], {}
    for space, wanted in (("_features", False), ("_facts", True)):
        names = {name: field.name for name, field in program.inputs.items() if (field.name in facts) is wanted}
        if names:
            readers[f"_of{space}"] = itemgetter(*names.values())
            lines.append(f"{', '.join(local[name] for name in names)} = _of{space}({space})")
    return lines, readers


def _finds(program: Program, local: Mapping[str, str]) -> list[str]:
    """Return the lines that collect the places of the findings that hold; on an approval only those that ask for one can."""
    soft = [place for place, finding in enumerate(program.findings) if finding.outcome == "approve"]
    branches = [(f"if {local[program.outcome]} == 'approve':", soft), ("else:", range(len(program.findings)))]
    lines = []
    for head, places in branches:
        asked = [f"    {line}" for place in places for line in _find(place, program.findings[place], local)]
        lines += [head, *(asked or ["    pass"])]
    return lines


def _find(place: int, finding: Finding, local: Mapping[str, str]) -> list[str]:
    return [f"if {_test(finding, local)}:", f"    _found.append({place})"]


def _test(finding: Finding, local: Mapping[str, str]) -> str:
    return f"{local[finding.step]} is None" if finding.on_null else local[finding.step]


def _dict(pairs: Iterable[tuple[str, str]]) -> str:
    return f"{{{', '.join(f'{name!r}: {local}' for name, local in pairs)}}}"


def _tuple(names: Any) -> str:
    listed = list(names)
    return f"({', '.join(listed)}{',' if len(listed) == 1 else ''})"
