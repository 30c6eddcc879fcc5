"""In: the policy of the enterprise loan. Out: the same rules for zen-engine and business-rules. Used: by `decision`.

The rules of both are made from the texts in the policy file, parameters written in as numbers, so they cannot drift apart. The
limits and the price of the zen graph are written out by hand. Peers have no three-valued logic; applicants here have no NULLs.
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

from weilend.decision import Evaluator

Values = Mapping[str, int | str | None]

#: What the graph computes before its rules, in order; names of parameters become numbers.
ZEN_STEPS = {
    "grade": "pd_ppm < grade_a_ppm ? 'A' : (pd_ppm < grade_b_ppm ? 'B' : (pd_ppm < grade_c_ppm ? 'C' : 'D'))",
    "grade_cap_fen": "$.grade == 'A' ? cap_a : ($.grade == 'B' ? cap_b : ($.grade == 'C' ? cap_c : cap_d))",
    "sales_capacity": "floor((max([sales_fen_12m, 0]) * sales_capacity_ppm + 500000) / 1000000)",
    "trend": "2 * floor((max([sales_fen_6m, 0]) * sales_capacity_ppm + 500000) / 1000000)",
    "customer_concentration": """top_customer_share_12m > concentrated_ppm ? 2 * floor((floor((max([sales_fen_12m, 0])
        * (1000000 - top_customer_share_12m) + 500000) / 1000000) * sales_capacity_ppm + 500000) / 1000000) : max_amount_fen""",
    "grade_cap": "$.grade != 'D' ? $.grade_cap_fen : max_amount_fen",
    "starter": "outside_count > 0 ? starter_fen : max_amount_fen",
    "ceiling_fen": """floor(max([0, min([$.sales_capacity, $.trend, $.customer_concentration, max_amount_fen, $.grade_cap,
        $.starter])]) / amount_step_fen) * amount_step_fen""",
    "floor_rate_ppm": """max([min_annual_rate_ppm, margin_ppm + floor(((funding_rate_ppm + floor((pd_ppm * loss_given_default_ppm
        + 500000) / 1000000) + 1) * 1000000 + max([1000000 - pd_ppm, 1]) - 1) / max([1000000 - pd_ppm, 1]))])""",
}
OPERATORS = {
    "=": "equal_to",
    ">": "greater_than",
    "<": "less_than",
    ">=": "greater_than_or_equal_to",
    "<=": "less_than_or_equal_to",
}


def zen_graph(evaluator: Evaluator) -> Callable[[Values], dict[str, Any]]:
    """Return a JSON decision model run by zen-engine: grade, limits, ceiling, floor rate, then every rule as a boolean."""
    steps = {name: write_numbers(text, zen_numbers(evaluator)) for name, text in ZEN_STEPS.items()}
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in"},
        _expressions("amounts", steps),
        _expressions("rules", zen_rules(evaluator)),
        {"id": "out", "type": "outputNode", "name": "out"},
    ]
    path = ["in", "amounts", "rules", "out"]
    edges = [{"id": f"{a}-{b}", "sourceId": a, "targetId": b, "type": "edge"} for a, b in pairwise(path)]
    places = [node | {"position": {"x": 0, "y": 0}} for node in nodes]
    decision = zen.ZenEngine().create_decision(json.dumps({"nodes": places, "edges": edges}))
    return lambda values: decision.evaluate(values)["result"]


def zen_compiled(evaluator: Evaluator) -> Callable[[Values], list[bool]]:
    """Return all rules as one compiled zen expression: a list of booleans."""
    expression = zen.compile_expression(f"[{', '.join(zen_rules(evaluator).values())}]")
    return expression.evaluate


def zen_rules(evaluator: Evaluator) -> dict[str, str]:
    """Return each rule's formula in zen's language."""
    numbers = zen_numbers(evaluator)
    words = ((r"\s+", " "), (r"(?<![<>=])=(?!=)", "=="), ("<>", "!="), (" is null", " == null"))
    rules = {}
    for rule in evaluator.policy.rules:
        text = write_numbers(rule.when, numbers)
        for ours, theirs in words:
            text = re.sub(ours, theirs, text)
        rules[rule.id] = text.replace("<==", "<=").replace(">==", ">=")
    return rules


def zen_numbers(evaluator: Evaluator) -> dict[str, int]:
    """Return parameters and the caps of the grades by name."""
    caps = {f"cap_{grade.name.lower()}": grade.values["grade_cap_fen"] for grade in evaluator.policy.grades}
    return evaluator.parameters | caps


def write_numbers(text: str, numbers: Mapping[str, int]) -> str:
    """Return a formula with the names of parameters replaced by their numbers.

    >>> write_numbers("history_months < least", {"least": 12})
    'history_months < 12'
    """
    return re.sub(r"\b[a-z]\w*\b", lambda word: str(numbers.get(word[0], word[0])), text)


def _expressions(name: str, texts: Mapping[str, str]) -> dict[str, Any]:
    lines = [{"id": key, "key": key, "value": " ".join(text.split())} for key, text in texts.items()]
    return {"id": name, "type": "expressionNode", "name": name, "content": {"expressions": lines, "passThrough": True}}


def business_rules_run(evaluator: Evaluator) -> Callable[[Values], list[str]]:
    """Return the rules run by business-rules: the ids of those that hold, in order."""
    rules, variables = [], _Variables(evaluator)
    for rule in evaluator.policy.rules:
        text = " ".join(write_numbers(rule.when, evaluator.parameters).split())
        branches = [
            {"all": [variables.condition(part) for part in branch.strip("() ").split(" and ")]} for branch in text.split(" or ")
        ]
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
    """Collects the variables that the rules read; a comparison of two inputs is a variable of its own, their difference."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.texts = {name for name, field in evaluator.fields.items() if field.type == "text"} | {"grade"}
        self.methods: dict[str, Any] = {"__init__": lambda this, values: setattr(this, "values", values)}

    def condition(self, text: str) -> dict[str, Any]:
        """Return one comparison as business-rules says it."""
        if text.endswith(" is null"):
            name = text.removesuffix(" is null")
            return self._add(f"{name}_unknown", boolean_rule_variable, lambda this: this.values[name] is None, "is_true")
        left, operator, right = text.split(" ")
        if right.startswith("'"):
            return self._add(left, string_rule_variable, lambda this: this.values[left], OPERATORS[operator], right.strip("'"))
        if right.isdigit():
            return self._add(left, numeric_rule_variable, lambda this: this.values[left], OPERATORS[operator], int(right))
        difference = lambda this: this.values[left] - this.values[right]  # noqa: E731 - one line among its like
        return self._add(f"{left}_less_{right}", numeric_rule_variable, difference, OPERATORS[operator], 0)

    def _add(self, name: str, kind: Any, read: Any, operator: str, value: object = None) -> dict[str, Any]:
        read.__name__ = name
        self.methods[name] = kind(read)
        return {"name": name, "operator": operator, "value": value}
