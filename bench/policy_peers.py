"""In: the large policy, compiled. Out: the same for zen-engine and business-rules. Used: by `policy`.

The steps of the program are written in zen's language one by one, so the two cannot drift apart; what only data need that are not
known, too old or out of range is left out, as peers have no three-valued logic, and the table of PDs is an array, which suits zen
better than a tree. Peers give no sentences.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import business_rules
import zen
from business_rules.actions import BaseActions, rule_action
from business_rules.fields import FIELD_TEXT
from business_rules.variables import BaseVariables, boolean_rule_variable, numeric_rule_variable, string_rule_variable

from weilend.decision import Evaluator, Program
from weilend.formula.tree import Node
from weilend.models import Card
from weilend.testing.policies import large_card, large_policy

Values = Mapping[str, Any]
OPERATORS = {
    "=": "equal_to",
    ">": "greater_than",
    "<": "less_than",
    ">=": "greater_than_or_equal_to",
    "<=": "less_than_or_equal_to",
}
_NEVER = "false"
_INFIX = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "+": "+", "-": "-", "*": "*", "mod": "%"}


def zen_graph(evaluator: Evaluator) -> Callable[[Values], dict[str, Any]]:
    """Return a JSON decision model run by zen-engine: every step of the program, one expression each."""
    content = {"expressions": _lines(evaluator), "passThrough": True}
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in"},
        {"id": "steps", "type": "expressionNode", "name": "steps", "content": content},
        {"id": "out", "type": "outputNode", "name": "out"},
    ]
    edges = [{"id": f"{a}-{b}", "sourceId": a, "targetId": b, "type": "edge"} for a, b in pairwise(["in", "steps", "out"])]
    places = [node | {"position": {"x": 0, "y": 0}} for node in nodes]
    decision = zen.ZenEngine().create_decision(json.dumps({"nodes": places, "edges": edges}))
    return lambda values: decision.evaluate(values)["result"]


def zen_compiled(evaluator: Evaluator) -> Callable[[Values], list[bool]]:
    """Return the rules as one compiled zen expression, a list of booleans, for values that have what they read."""
    steps = {step.name: step.formula.root for step in evaluator.program.steps}
    written = [zen_text(steps[one.step], evaluator.program, frozenset()) for one in evaluator.program.rules]
    return zen.compile_expression(f"[{', '.join(written)}]").evaluate


def _lines(evaluator: Evaluator) -> list[dict[str, str]]:
    program, card, lines = evaluator.program, large_card(large_policy()), []
    left_out = {*program.refused, *program.refused.values()}
    done: set[str] = set()
    for step in program.steps:
        if step.name not in left_out:
            text = _table(card) if step.name == "given_pd_ppm" else zen_text(step.formula.root, program, frozenset(done))
            lines.append({"id": step.name, "key": step.name, "value": text})
            done.add(step.name)
    return lines


def _table(card: Card) -> str:
    return f"[{', '.join(map(str, card.pd_ppm))}][$.given_points - {card.lowest_points}]"


def zen_text(node: Node, program: Program, computed: frozenset[str]) -> str:
    """Return a formula in zen's language; what was computed before it is read by ``$``."""
    args = [zen_text(arg, program, computed) for arg in node.args]
    if node.op in _INFIX:
        return f"({args[0]} {_INFIX[node.op]} {args[1]})"
    return _WRITE[node.op](node, args, program, computed)


def _field(node: Node, _args: list[str], program: Program, computed: frozenset[str]) -> str:
    """A refused input is read as it was given; what a card gives stands under its given name."""
    name = str(node.value)
    if name in program.refused.values():
        return _NEVER
    if name in program.refused:
        given = f"given_{name}"
        return f"$.{given}" if given in computed else program.inputs[given].name if given in program.inputs else name
    return f"$.{name}" if name in computed else program.inputs[name].name if name in program.inputs else name


def _or(_node: Node, args: list[str], *_: Any) -> str:
    return f"({' or '.join(arg for arg in args if arg != _NEVER) or _NEVER})"


def _is_null(_node: Node, args: list[str], *_: Any) -> str:
    """A rule is never NULL where everything is known."""
    return _NEVER if args[0].startswith("$.rule_") else f"({args[0]} == null)"


def _literal(node: Node, *_: Any) -> str:
    return f"'{node.value}'" if isinstance(node.value, str) else str(node.value).lower()


def _case(_node: Node, args: list[str], *_: Any) -> str:
    text = args[-1]
    for condition, result in zip(args[-3::-2], args[-2::-2], strict=True):
        text = f"({condition} ? {result} : {text})"
    return text


_WRITE: dict[str, Callable[..., str]] = {
    "field": _field,
    "literal": _literal,
    "null": lambda *_: "null",
    "case": _case,
    "neg": lambda _, args, *__: f"(-{args[0]})",
    "not": lambda _, args, *__: f"(not ({args[0]}))",
    "and": lambda _, args, *__: f"({' and '.join(args)})",
    "or": _or,
    "is_null": _is_null,
    "between": lambda _, args, *__: f"({args[0]} >= {args[1]} and {args[0]} <= {args[2]})",
    "in": lambda _, args, *__: f"({args[0]} in [{', '.join(args[1:])}])",
    "coalesce": lambda _, args, *__: f"({args[0]} == null ? {args[1]} : {args[0]})",
    "least": lambda _, args, *__: f"min([{', '.join(args)}])",
    "greatest": lambda _, args, *__: f"max([{', '.join(args)}])",
    "div": lambda _, args, *__: f"floor({args[0]} / {args[1]})",
    "mul_rate": lambda _, args, *__: f"floor(({args[0]} * {args[1]} + 500000) / 1000000)",
}


def business_rules_run(evaluator: Evaluator) -> Callable[[Values], list[str]]:
    """Return the rules run by business-rules, for values that have grade, ceiling and rate: the ids of those that hold."""
    rules, variables = [], _Variables(evaluator)
    numbers = evaluator.parameters
    for rule in evaluator.policy.rules:
        text = re.sub(r"\b[a-z]\w*\b", lambda word: str(numbers.get(word[0], word[0])), " ".join(rule.when.split()))
        branches = [{"all": [variables.condition(part) for part in branch.split(" and ")]} for branch in text.split(" or ")]
        rules.append({"conditions": {"any": branches}, "actions": [{"name": "hold", "params": {"rule": rule.id}}]})
    kind = type("ApplicantVariables", (BaseVariables,), variables.methods)

    def run(values: Values) -> list[str]:
        held = _Held()
        business_rules.run_all(rules, kind(values), held)
        return held.rules

    return run


class _Held(BaseActions):
    """Notes the rules that hold."""

    def __init__(self) -> None:
        self.rules: list[str] = []

    @rule_action(params={"rule": FIELD_TEXT})
    def hold(self, rule: str) -> None:
        self.rules.append(rule)


class _Variables:
    """Collects the variables that the rules read."""

    def __init__(self, evaluator: Evaluator) -> None:
        fields = evaluator.program.inputs.values()
        self.texts = {field.name for field in fields if field.type == "text"} | {"grade"}
        self.methods: dict[str, Any] = {"__init__": lambda this, values: setattr(this, "values", values)}

    def condition(self, text: str) -> dict[str, Any]:
        """Return one comparison as business-rules says it."""
        if text.endswith(" is null"):
            name = text.removesuffix(" is null")
            return self._add(f"{name}_unknown", boolean_rule_variable, lambda this: this.values[name] is None, "is_true")
        left, operator, right = text.split(" ")
        if right.startswith("'"):
            return self._add(left, string_rule_variable, lambda this: this.values[left], OPERATORS[operator], right.strip("'"))
        return self._add(left, numeric_rule_variable, lambda this: this.values[left], OPERATORS[operator], int(right))

    def _add(self, name: str, kind: Any, read: Any, operator: str, value: object = None) -> dict[str, Any]:
        read.__name__ = name
        self.methods[name] = kind(read)
        return {"name": name, "operator": operator, "value": value}
