"""In: the conditions of a CASE. Out: what being chosen says of each branch. Used: by the graph.

In ``CASE WHEN x BETWEEN 0 AND 9 THEN x END`` the value is within 0..9 although x is not.
"""

from __future__ import annotations

from collections.abc import Sequence

from weilend.decision.prover.parts import Bounds, Part

#: What is known of a condition, and so of the one inside its NOT.
_INSIDE_NOT = {"true": "false", "false": "true", "not true": "not false", "not false": "not true"}
#: Where all parts of an AND or OR are known alike.
_ALIKE = {("and", "true"), ("and", "not false"), ("or", "false"), ("or", "not true")}


def branch_bounds(parts: Sequence[Part], args: tuple[int, ...]) -> tuple[Bounds, ...]:
    """Return for each branch of a CASE what its condition, and the failing of those before it, say of its value."""
    conditions, branches = args[:-1:2], (*args[1::2], args[-1])
    found = []
    for index, branch in enumerate(branches):
        whole = Bounds()
        for other in conditions[:index]:
            whole = whole.both(_says(parts, other, branch, "not true"))
        found.append(whole.both(_says(parts, conditions[index], branch, "true")) if index < len(conditions) else whole)
    return tuple(found)


def _says(parts: Sequence[Part], condition: int, place: int, truth: str) -> Bounds:
    """Return what the truth of a condition says of the value at a place; its range holds where the value is known."""
    part = parts[condition]
    if part.op == "not":
        return _says(parts, part.args[0], place, _INSIDE_NOT[truth])
    if part.op == "holds":
        return _says(parts, part.args[0], place, "true" if truth in ("true", "not false") else "not true")
    if (part.op, truth) in _ALIKE:
        whole = Bounds()
        for arg in part.args:
            whole = whole.both(_says(parts, arg, place, truth))
        return whole
    if part.op == "is_null" and part.args[0] == place:
        return Bounds(known=truth in ("false", "not true"))
    if part.op == "<" and part.args[0] == place and parts[part.args[1]].op == "literal" and part.type == "boolean":
        return _below(parts[part.args[1]].value, truth)
    return Bounds()


def _below(line: object, truth: str) -> Bounds:
    if not isinstance(line, int):
        return Bounds()
    known = truth in ("true", "false")
    return Bounds(hi=line - 1, known=known) if truth in ("true", "not false") else Bounds(lo=line, known=known)
