"""In: a typed tree. Out: its steps, where it looks up literals by one number. Used: by back ends that look up fast.

A table of PDs by points is such a tree: a CASE, halved or in a row, of hundreds of comparisons of one number with literals.
"""

from __future__ import annotations

from itertools import pairwise

from weilend.formula.tree import Node, Value


def find_stairs(node: Node) -> list[tuple[int, Value]]:
    """Return the steps of a CASE over one integer that is never NULL: up to which value which result; the last from there on.

    None of them where the tree is something else.

    >>> from weilend.core.records import Field
    >>> from weilend.formula import parse
    >>> fields = {"n": Field("n", "integer", 0, 9, nullable=False)}
    >>> halved = "CASE WHEN n <= 3 THEN 30 ELSE CASE WHEN n <= 5 THEN 50 ELSE 90 END END"
    >>> [value for _, value in find_stairs(parse(halved, fields).root)]
    [30, 50, 90]
    >>> find_stairs(parse("CASE WHEN n < 3 THEN 30 ELSE 90 END", fields).root)
    []
    """
    subject = node.args[0].args[0] if node.op == "case" and node.args[0].args else None
    if subject is None or subject.nullable or subject.type != "integer":
        return []
    found = _steps_below(node, subject, 2**64)
    rising = all(low < high for (low, _), (high, _) in pairwise(found))
    return found if rising else []


def _steps_below(node: Node, subject: Node, top: int) -> list[tuple[int, Value]]:
    """Return the steps of a part that speaks of values up to `top`; nothing where it is no such part."""
    if node.op == "literal":
        return [(top, node.value)]
    if node.op != "case":
        return []
    found: list[tuple[int, Value]] = []
    for test, result in zip(node.args[:-1:2], node.args[1::2], strict=True):
        if test.op != "<=" or test.args[0] != subject or test.args[1].op != "literal":
            return []
        inner = _steps_below(result, subject, int(str(test.args[1].value)))
        if not inner:
            return []
        found += inner
    rest = _steps_below(node.args[-1], subject, top)
    return [*found, *rest] if rest else []
