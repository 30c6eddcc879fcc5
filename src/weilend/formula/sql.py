"""In: a typed tree and the table of a dialect. Out: SQL text. Used: by the engines; a dialect is one table, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from weilend.core.registry import Registry
from weilend.formula import duckdb
from weilend.formula.tree import Node

#: How one dialect writes an operation, given the node and its arguments already written. Every argument appears once in what
#: is written, so that the text grows in proportion to the formula.
Table = Mapping[str, Callable[[Node, list[str]], str]]

DIALECTS: Registry[Table] = Registry("SQL dialect")
DIALECTS.add("duckdb", duckdb.TABLE)


def write(node: Node, table: Table) -> str:
    """Return a tree as SQL of a dialect.

    >>> write(Node("not", (Node("literal", value=True),)), DIALECTS["duckdb"])
    '(NOT TRUE)'
    """
    return table[node.op](node, [write(arg, table) for arg in node.args])
