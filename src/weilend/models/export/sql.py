"""In: steps and a dialect. Out: one query that adds `points` and `pd_ppm` to a table. Used: to run a model where the data lies."""

from __future__ import annotations

from typing import Final

from weilend.core.errors import InputError
from weilend.core.registry import Registry
from weilend.formula import Formula, sql
from weilend.formula.standard import STANDARD, Rule, Table, call, wides
from weilend.formula.tree import Node
from weilend.models.export.steps import Exported


def _division(operator: str) -> Rule:
    def rule(node: Node, args: list[str]) -> str:
        left, right = wides(node, args)
        return f"({left} {operator} {right})"  # never by zero: every divisor in an exported model is a literal

    return rule


#: What an exported model needs of PostgreSQL, whose division of whole numbers cuts off towards zero as ours does.
POSTGRESQL: Final[Table] = {
    **STANDARD,
    "field": lambda node, _: '"' + str(node.value).replace('"', '""') + '"',
    "null": lambda _node, _args: "NULL::BIGINT",
    "div": _division("/"),
    "mod": _division("%"),
    "least": lambda node, args: call(node, wides(node, args)),  # never NULL in an exported model
    "greatest": lambda node, args: call(node, wides(node, args)),
}
#: What stands behind each inner query, so that the engine works it out once. PostgreSQL would write the inner formulas into the
#: outer ones wherever they are read, and a text of a megabyte would become one of a gigabyte.
FENCES: Final = {"postgresql": " OFFSET 0"}
DIALECTS: Final[Registry[Table]] = Registry("SQL dialect of exported models")
for _name in sql.DIALECTS:
    DIALECTS.add(_name, sql.DIALECTS[_name])
DIALECTS.add("postgresql", POSTGRESQL)


def write_sql(exported: Exported, dialect: str, table: str) -> str:
    """Return a query over a table: its columns, the model's steps (named ``model_…``), `points` and `pd_ppm`.

    Numbers are read as whole numbers in quanta, categories as their words. Raises `NotFoundError` for a dialect that is not there,
    `InputError` where the model reads a column named as one of its steps.

    >>> from weilend.models.export.steps import export_card
    >>> from weilend.models.recipes.woe_card import example_card
    >>> write_sql(export_card(example_card()), "duckdb", "firms")[:20]
    'SELECT *, CASE WHEN '
    """
    rules = DIALECTS[dialect]
    names = {name for name, _ in exported.steps} | {each.name for each in exported.inputs}
    taken = sorted(names & {each.feature for each in exported.inputs})
    if taken:
        raise InputError(f"the model reads a column named {taken[0]}, as one of its own steps is", hint="rename the column")
    columns = [f"{quoted(each.feature, rules)} AS {quoted(each.name, rules)}" for each in exported.inputs]
    fence = FENCES.get(dialect, "")
    query = f"SELECT *, {', '.join(columns)} FROM {quoted(table, rules)}"  # noqa: S608 - names are quoted, formulas parsed
    for at, layer in enumerate(_layers(exported)):
        written = [f"{_bare(sql.write(formula.root, rules))} AS {quoted(name, rules)}" for name, formula in layer]
        query = f"SELECT *, {', '.join(written)} FROM ({query}{fence}) AS layer_{at}"  # noqa: S608 - as above
    return query


def _layers(exported: Exported) -> list[list[tuple[str, Formula]]]:
    """Return the steps in groups: each reads nothing of its own group, so that a query nests as little as it must."""
    depth = {each.name: 0 for each in exported.inputs}
    layers: list[list[tuple[str, Formula]]] = []
    for name, formula in exported.steps:
        depth[name] = 1 + max((depth[read] for read in formula.names), default=0)
        while len(layers) < depth[name]:
            layers.append([])
        layers[depth[name] - 1].append((name, formula))
    return layers


def quoted(name: str, rules: Table) -> str:
    """Return the name of a column or table in a dialect.

    >>> quoted("age", DIALECTS["spark"]), quoted("age", DIALECTS["postgresql"])
    ('`age`', '"age"')
    """
    return rules["field"](Node("field", value=name), [])


def _bare(text: str) -> str:
    return text[1:-1] if text.startswith("(CASE") and text.endswith("END)") else text
