"""In: the rules of a policy. Out: steps: what each answers, the outcome; and the findings. Used: by the compiler, last."""

from __future__ import annotations

from collections.abc import Mapping

from weilend.core.values import Outcome
from weilend.decision.program import AcceptedUnknown, Finding, RuleStep
from weilend.decision.scope import Scope
from weilend.decision.trees import either, is_null
from weilend.formula.tree import Node

#: What is asked where nothing spoke against an approval: nothing is approved blind.
_BLIND = {"ceiling_unknown": "ceiling_fen", "floor_rate_unknown": "floor_rate_ppm"}


def add_rules(scope: Scope) -> tuple[RuleStep, ...]:
    """Add the condition of every rule as ``rule_<id>``."""
    steps = []
    for rule in scope.policy.rules:
        path = ("rules", rule.id, "when")
        scope.let(f"rule_{rule.id}", scope.compile(path, rule.when, "boolean"), path)
        steps.append(RuleStep(rule, f"rule_{rule.id}"))
    return tuple(steps)


def read_accepted(scope: Scope) -> tuple[AcceptedUnknown, ...]:
    """Return what may stay unknown; its conditions are proved like any formula, and are no use of what they name."""
    used, names = set(scope.used), {*scope.policy.inputs, *(source.status for source in scope.policy.sources), *scope.numbers}
    only = {name: field for name, field in scope.named.items() if name in names}
    found = tuple(
        AcceptedUnknown(
            input=name,
            why=given.why,
            when=scope.compile(("accepted", name, "when"), given.when, "boolean", only=only) if given.when else None,
        )
        for name, given in sorted(scope.policy.accepted.items())
    )
    scope.used = used
    return found


def add_outcome(scope: Scope, refused: Mapping[str, str]) -> tuple[Finding, ...]:
    """Add ``declined``, ``referred``, ``ceiling_unknown``, ``floor_rate_unknown`` and ``outcome``; return the findings in order."""
    findings = [
        *(Finding(f"{name}_refused", step, "refer") for name, step in refused.items()),
        *_missing(scope),
        *_of_rules(scope),
        Finding("price_above_cap", "price_above_cap", "decline"),
        *([Finding("shorter_term", "shorter_term", "approve")] if "shorter_term" in scope.known else []),
    ]
    scope.let("declined", _asks(scope, findings, "decline"), "outcome")
    scope.let("referred", _asks(scope, findings, "refer"), "outcome")
    for name, value in _BLIND.items():
        scope.let(name, f"NOT declined AND NOT referred AND {value} IS NULL", "outcome")
        findings.append(Finding(name, name, "refer"))
    blind = " OR ".join(("referred", *_BLIND))
    scope.let("outcome", f"CASE WHEN declined THEN 'decline' WHEN {blind} THEN 'refer' ELSE 'approve' END", "outcome")
    return tuple(findings)


def _missing(scope: Scope) -> list[Finding]:
    found = []
    for source in scope.policy.sources:
        if source.missing != "degrade":
            name = f"{source.name}_missing"
            scope.let(name, f"NOT {source.name}_present", ("sources", source.name))
            found.append(Finding(name, name, source.missing))
    return found


def _of_rules(scope: Scope) -> list[Finding]:
    found = []
    for rule in scope.policy.rules:
        step = f"rule_{rule.id}"
        found.append(Finding(rule.id, step, rule.outcome))
        if rule.unknown != "pass" and scope.known[step].nullable:
            found.append(Finding(f"{rule.id}_unknown", step, rule.unknown, on_null=True))
    return found


def _asks(scope: Scope, findings: list[Finding], outcome: Outcome) -> Node:
    """Return whether any finding asks for an outcome."""
    steps = [(scope.node(finding.step), finding.on_null) for finding in findings if finding.outcome == outcome]
    return either([is_null(step) if on_null else step for step, on_null in steps])
