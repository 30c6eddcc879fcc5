"""One formula, one answer: Spark agrees with Python on random formulas over random rows; planted defects of Spark are found."""

from __future__ import annotations

import os
from functools import partial

import pytest

from weilend.formula import sql
from weilend.formula.standard import STANDARD, call, wides
from weilend.formula.text import quoted
from weilend.testing.formulas import campaign, python_values
from weilend.testing.spark import NO_SPARK, spark_values

pytestmark = [pytest.mark.skipif(bool(NO_SPARK), reason=NO_SPARK), pytest.mark.xdist_group("spark")]

PAIRS = int(os.environ.get("WEILEND_FUZZ", "5000"))
SPARK = sql.DIALECTS["spark"]
#: Spark computes in two ways, and has two modes of arithmetic: each way in each mode must give the answer of Python.
WAYS = {
    "python": python_values,
    "compiled, ANSI": spark_values,
    "walked, not ANSI": partial(spark_values, ansi=False, compiled=False),
}
OTHER_WAYS = {
    "python": python_values,
    "compiled, not ANSI": partial(spark_values, ansi=False),
    "walked, ANSI": partial(spark_values, compiled=False),
}


@pytest.mark.parametrize(("ways", "share"), [(WAYS, 1), (OTHER_WAYS, 5)], ids=["ways", "other ways"])
def test_fuzz_spark_agrees(ways, share, capsys):
    done = campaign(seed=20200101 + share, pairs=PAIRS // share, backends=ways)
    with capsys.disabled():
        told = f"{done.pairs:,} pairs, {done.operations.total():,} operations, {len(done.mismatches)} mismatches"
        print(f"\nformula fuzz on Spark ({', '.join(ways)}): {told}")  # noqa: T201 - the count is asked for
    assert done.pairs >= PAIRS // share >= 1000
    assert done.mismatches == ()
    if share == 1:
        assert not set(SPARK) - set(done.operations), "an operation that no random formula holds"


def _floored_half_up(_node, args):
    raised = f"({args[0]}::DECIMAL(38, 0) * {args[1]} + 500000)"
    return f"(({raised} - pmod({raised}, 1000000)) DIV 1000000)"


def _by_words_without_case(operator):
    return lambda n, a: (
        f"(lower({a[0]}) {operator} lower({a[1]}))" if n.args[0].type == "text" else f"({a[0]} {operator} {a[1]})"
    )


def _as_spark_reads_it(node, args):
    """Write every text between quotes, where a backslash escapes; a lone one would not even parse."""
    return quoted(node.value) if isinstance(node.value, str) and node.value != "\\" else SPARK["literal"](node, args)


#: Spark's own meanings that are not ours, and defects of those who write for it, as the rows of its table that they replace.
PLANTED = {
    "least skips NULL": {"least": call},
    "greatest skips NULL": {"greatest": call},
    "half up": {"mul_rate": _floored_half_up},
    "half to even": {"mul_rate": lambda _, a: f"(bround({a[0]}::DECIMAL(38, 0) * {a[1]}, -6) DIV 1000000)"},
    "half down": {"mul_rate": lambda _, a: f"(({a[0]}::DECIMAL(38, 0) * {a[1]}) DIV 1000000)"},
    "a product of 64 bits wraps": {"mul_rate": lambda n, a: "(round({} * {}, -6) DIV 1000000)".format(*wides(n, a))},
    "literals of 32 bits wrap": {op: lambda n, a: f"({a[0]} {n.op} {a[1]})" for op in ("+", "-", "*")},
    "remainder never negative": {"mod": lambda _, a: f"pmod({a[0]}::BIGINT, {a[1]}::BIGINT)"},
    "floor instead of truncation": {"div": lambda _, a: f"floor({a[0]}::DOUBLE / {a[1]})"},
    "NULL equals NULL": {"=": lambda _, a: f"({a[0]} <=> {a[1]})"},
    "texts without case": {op: _by_words_without_case(op) for op in ("<", "<=", ">", ">=")},
    "escapes in texts": {"literal": _as_spark_reads_it},
    "days of 32 bits": {"days_between": lambda _, a: f"datediff({a[1]}, {a[0]})"},
    "days counted backwards": {"days_between": lambda _, a: f"datediff({a[0]}, {a[1]})::BIGINT"},
}


@pytest.mark.parametrize("name", PLANTED)
def test_fuzz_finds_a_planted_defect_of_spark_within_10000_pairs(name):
    """Out of ANSI mode, where Spark is silent about what overflows."""
    faulty = partial(spark_values, table={**SPARK, **PLANTED[name]}, ansi=False, compiled=False)
    backends = {"python": python_values, "faulty": faulty}
    assert any(campaign(seed, 2500, backends, batch=100).mismatches for seed in range(4))


def test_the_planted_defects_replace_rows_of_the_table():
    assert all(set(rows) <= set(SPARK) for rows in PLANTED.values())
    assert set(STANDARD) < set(SPARK)
