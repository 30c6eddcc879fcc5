"""One formula, one answer: Python, NumPy and DuckDB agree on random formulas over random rows; planted defects are found."""

from __future__ import annotations

import os
from random import Random

import pytest

from weilend.formula import parse, sql
from weilend.formula.text import write
from weilend.formula.tree import Node
from weilend.testing.formulas import (
    BACKENDS,
    campaign,
    compare,
    duckdb_values,
    formulas_of,
    numpy_values,
    python_values,
    world_of,
)

PAIRS = int(os.environ.get("WEILEND_FUZZ", "5000"))
DUCKDB = sql.DIALECTS["duckdb"]


def test_fuzz_backends_agree(capsys):
    done = campaign(seed=20200101, pairs=PAIRS)
    with capsys.disabled():
        told = f"{done.pairs:,} pairs, {done.operations.total():,} operations, {len(done.mismatches)} mismatches"
        print(f"\nformula fuzz: {told}")  # noqa: T201 - the count is asked for
    assert done.pairs >= PAIRS >= 5000
    assert done.mismatches == ()
    assert not set(DUCKDB) - set(done.operations), "an operation that no random formula holds"


@pytest.mark.parametrize("seed", range(3))
def test_fuzz_canonical_text_parses_to_the_same_formula(seed):
    random = Random(seed)
    world = world_of(random, rows=0)
    for formula in formulas_of(random, world, 100):
        again = parse(formula.text, world.fields)
        assert again == formula
        assert again.identity == formula.identity


def _call(node: Node, args: list[str]) -> str:
    return f"{node.op}({', '.join(args)})"


def _by_words_without_case(operator: str):
    return lambda n, a: (
        f"(lower({a[0]}) {operator} lower({a[1]}))" if n.args[0].type == "text" else f"({a[0]} {operator} {a[1]})"
    )


#: Defects that real back ends have had, each as the rows of DuckDB's table that it replaces.
PLANTED = {
    "floor instead of truncation": {"div": lambda _, a: f"floor({a[0]}::DOUBLE / nullif({a[1]}, 0))::HUGEINT"},
    "remainder with the sign of the divisor": {
        "mod": lambda _, a: f"((({a[0]}::HUGEINT % nullif({a[1]}, 0)) + {a[1]}) % nullif({a[1]}, 0))::BIGINT"
    },
    "half to even": {"mul_rate": lambda _, a: f"round_even({a[0]}::DOUBLE * {a[1]} / 1e6, 0)::HUGEINT"},
    "half down": {"mul_rate": lambda _, a: f"(({a[0]}::HUGEINT * {a[1]}) // 1000000)::BIGINT"},
    "least skips NULL": {"least": _call},
    "greatest skips NULL": {"greatest": _call},
    "two-valued NOT": {"not": lambda _, a: f"(NOT coalesce({a[0]}, FALSE))"},
    "NULL equals NULL": {"=": lambda _, a: f"({a[0]} IS NOT DISTINCT FROM {a[1]})"},
    "BETWEEN without its upper end": {"between": lambda _, a: f"({a[0]} >= {a[1]} AND {a[0]} < {a[2]})"},
    "texts without case": {op: _by_words_without_case(op) for op in ("<", "<=", ">", ">=")},
    "days counted backwards": {"days_between": lambda _, a: f"({a[0]} - {a[1]})"},
}


@pytest.mark.parametrize("name", PLANTED)
def test_fuzz_finds_a_planted_defect_within_5000_pairs(name):
    faulty = {**DUCKDB, **PLANTED[name]}
    backends = {"python": python_values, "faulty": lambda world, formulas: duckdb_values(world, formulas, faulty)}
    assert any(campaign(seed, 1250, backends).mismatches for seed in range(4))


def test_fuzz_finds_a_value_of_another_type():
    floats = {
        **BACKENDS,
        "floats": lambda world, formulas: [[_as_float(v) for v in vs] for vs in python_values(world, formulas)],
    }
    assert campaign(3, 500, floats).mismatches


def _as_float(value):
    return float(value) if type(value) is int else value


def test_fuzz_finds_a_value_outside_the_proved_range():
    world = world_of(Random(0), rows=1)
    formula = parse("net_fen + 1", world.fields)
    narrow = type(formula)(formula.text, Node("+", formula.root.args, type="integer", lo=0, hi=0))
    assert compare(world, [formula], {"python": python_values, "numpy": numpy_values}) == []
    far = type(world)(world.fields, ({**world.rows[0], "net_fen": 5},))
    assert compare(far, [narrow], {"python": python_values})
    assert write(narrow.root) == formula.text
