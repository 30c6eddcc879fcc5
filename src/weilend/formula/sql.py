"""In: a typed tree and the table of a dialect. Out: SQL text. Used: by the engines; a dialect is one table, nothing else."""

from __future__ import annotations

from weilend.core.registry import Registry
from weilend.formula import duckdb, spark
from weilend.formula.standard import Table
from weilend.formula.tree import Node

DIALECTS: Registry[Table] = Registry("SQL dialect")
DIALECTS.add("duckdb", duckdb.TABLE)
DIALECTS.add("spark", spark.TABLE)


def write(node: Node, table: Table) -> str:
    """Return a tree as SQL of a dialect.

    >>> write(Node("not", (Node("literal", value=True),)), DIALECTS["duckdb"])
    '(NOT TRUE)'
    """
    return table[node.op](node, [write(arg, table) for arg in node.args])
