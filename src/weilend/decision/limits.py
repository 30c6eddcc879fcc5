"""In: the limits of a policy. Out: steps: whether each applies, its amount, the least, the ceiling. Used: by the compiler."""

from __future__ import annotations

from weilend.decision.program import LimitSteps
from weilend.decision.scope import Scope
from weilend.decision.trees import TRUE, choose, literal, never_null
from weilend.formula.tree import Node

#: The ceiling before a term takes its share.
FULL = "full_ceiling_fen"
STEP = "ceiling_step_fen"
LOWEST = "lowest_limit"


def add_limits(scope: Scope) -> tuple[LimitSteps, ...]:
    """Add every limit, ``lowest_limit`` (NULL where one that applies is not known), ``binding_limit`` and ``full_ceiling_fen``.

    Where it is not known whether a limit applies, it applies.
    """
    limits = []
    for limit in scope.policy.limits:
        path, amount = ("limits", limit.name), f"limit_{limit.name}"
        when = scope.compile((*path, "when"), limit.when, "boolean").root if limit.when else TRUE
        applies = scope.let(f"{amount}_applies", never_null(when, TRUE), (*path, "when"))
        formula = scope.compile((*path, "formula"), limit.formula, "integer")
        if formula.hi is None:
            scope.policy.places.refuse((*path, "formula"), "it has no highest value", "give its inputs lo and hi")
        scope.let(amount, choose([(applies, formula.root)]) if limit.when else formula, (*path, "formula"))
        limits.append(LimitSteps(limit, f"{amount}_applies", amount))
    scope.let(LOWEST, _lowest(scope, limits), "ceiling")
    bound = [(_equal(scope.node(one.amount), scope.node(LOWEST)), literal(one.limit.name)) for one in limits]
    scope.let("binding_limit", choose(bound), "ceiling")
    scope.let(STEP, scope.compile(("ceiling", "step"), scope.policy.ceiling.step, "integer"), ("ceiling", "step"))
    scope.let(FULL, rounded_down(scope, f"greatest({LOWEST}, 0)"), "ceiling")
    return tuple(limits)


def rounded_down(scope: Scope, amount: str) -> str:
    """Return the text of an amount rounded down to a multiple of the ceiling's step; NULL where the step is not above zero."""
    text = f"{amount} - mod({amount}, {STEP})"
    lo = scope.known[STEP].lo
    return text if lo is not None and lo > 0 else f"CASE WHEN {STEP} > 0 THEN {text} END"


def _lowest(scope: Scope, limits: list[LimitSteps]) -> str:
    highest = max(scope.known[one.amount].hi or 0 for one in limits)
    unknown = [f"({one.applies} AND {one.amount} IS NULL)" if one.limit.when else f"{one.amount} IS NULL" for one in limits]
    unknown = [text for text, one in zip(unknown, limits, strict=True) if scope.known[one.amount].nullable]
    if all(one.limit.when for one in limits):
        unknown.append(f"NOT ({' OR '.join(one.applies for one in limits)})")
    amounts = [f"coalesce({one.amount}, {highest})" if scope.known[one.amount].nullable else one.amount for one in limits]
    least = f"least({', '.join(amounts)})" if len(amounts) > 1 else amounts[0]
    return f"CASE WHEN {' OR '.join(unknown)} THEN NULL ELSE {least} END" if unknown else least


def _equal(left: Node, right: Node) -> Node:
    return Node("=", (left, right), nullable=left.nullable or right.nullable)
