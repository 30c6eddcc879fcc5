"""What formulas mean, on examples small enough to check by hand; every example is asked of Python, NumPy, DuckDB and Spark."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weilend.core.errors import InputError, NotFoundError
from weilend.core.money import mul_rate
from weilend.core.records import KINDS, Field
from weilend.formula import parse, sql
from weilend.formula.ranges import RULES, remainder, truncated
from weilend.formula.tree import MAX_INTEGER
from weilend.testing.formulas import BACKENDS, World
from weilend.testing.spark import NO_SPARK, spark_frame, spark_values


def needs_spark(test):
    return pytest.mark.skipif(bool(NO_SPARK), reason=NO_SPARK)(pytest.mark.xdist_group("spark")(test))


FIELDS = {
    field.name: field
    for field in (
        Field("n", "integer", -(10**13), 10**13),
        Field("m", "integer", 0, 2_000_000),
        Field("t", "text"),
        Field("d", "date"),
        Field("p", "boolean"),
        Field("q", "boolean"),
    )
}
NOTHING = dict.fromkeys(FIELDS)


def answer(text, **cells):
    formula = parse(text, FIELDS)
    world = World(FIELDS, ({**NOTHING, **cells},))
    answers = {name: backend(world, [formula])[0][0] for name, backend in BACKENDS.items()}
    assert len({(type(value), value) for value in answers.values()}) == 1, answers
    return answers["python"]


MEANING = [
    ("div(n, 2)", {"n": -7}, -3),
    ("div(7, n)", {"n": -2}, -3),
    ("div(7, n)", {"n": 0}, None),
    ("mod(n, 2)", {"n": -7}, -1),
    ("mod(n, -2)", {"n": 7}, 1),
    ("mod(7, n)", {"n": 0}, None),
    ("mul_rate(n, 100000)", {"n": 5}, 1),
    ("mul_rate(n, 100000)", {"n": -5}, -1),
    ("mul_rate(n, 100000)", {"n": 4}, 0),
    ("n + m", {"n": 1}, None),
    ("least(n, 5)", {"n": None}, None),
    ("greatest(n, m)", {"n": 5}, None),
    ("least(n, m)", {"n": -5, "m": 3}, -5),
    ("greatest(d, DATE '2020-01-01')", {}, None),
    ("least(d, DATE '2020-01-01')", {"d": date(2021, 1, 1)}, date(2020, 1, 1)),
    ("coalesce(n, m, 7)", {}, 7),
    ("coalesce(5, n)", {}, 5),
    ("days_between(d, DATE '2020-03-01')", {"d": date(2020, 2, 28)}, 2),
    ("add_days(d, 1)", {"d": date(2020, 2, 28)}, date(2020, 2, 29)),
    ("add_days(d, 1)", {"d": date(9999, 12, 31)}, None),
    ("add_days(d, -1)", {"d": date(1, 1, 1)}, None),
    ("starts_with(t, '')", {"t": ""}, True),
    ("starts_with(t, '贷')", {"t": "贷款"}, True),
    ("starts_with(t, 'a')", {}, None),
    ("t < 'a'", {"t": "B"}, True),
    ("t > 'ｚ'", {"t": "\U0001f600"}, True),
    ("t = 'a'", {"t": "a\0"}, False),
    ("t > 'a'", {"t": "a\0"}, True),
    ("t = 'it''s'", {"t": "it's"}, True),
    ("t = '\\u0061'", {"t": "a"}, False),
    ("t = '\\'", {"t": "\\"}, True),
    ("t = '${a}'", {"t": "${a}"}, True),
    ("t IN ('a', 'b')", {}, None),
    ("t NOT IN ('a', 'b')", {"t": "c"}, True),
    ("n BETWEEN m AND 5", {"n": 9}, False),
    ("n BETWEEN m AND 5", {"n": 3}, None),
    ("CASE WHEN p THEN 1 END", {}, None),
    ("CASE WHEN p THEN 1 ELSE 2 END", {}, 2),
    ("n IS NULL", {}, True),
    ("(n > 1) IS NULL", {}, True),
    ("p = q", {"p": True}, None),
    ("1 = 1", {}, True),
    ("TRUE", {}, True),
    ("(CASE WHEN p THEN t END = '') IS NULL", {"t": "x"}, True),
    ("CASE WHEN p THEN t END IN ('', 'a')", {"t": "x"}, None),
    ("7 BETWEEN -7 AND n", {}, None),
    ("7 BETWEEN n AND -7", {}, False),
    # parts that read no field, found wrong by the long fuzz
    ("least(add_days(DATE '2020-02-29', mod(-1, 1000)), d) IS NULL", {"d": date(2020, 1, 1)}, False),
    ("add_days(DATE '9999-12-31', 1) IS NULL AND p", {"p": True}, True),
    ("coalesce(add_days(DATE '9999-12-31', 1), DATE '2020-01-01', d)", {}, date(2020, 1, 1)),
    ("div(n, mod(7, 7))", {"n": 1}, None),
]


@pytest.mark.parametrize(("text", "cells", "value"), MEANING)
def test_meaning(text, cells, value):
    assert answer(text, **cells) == value


@needs_spark
@pytest.mark.parametrize("compiled", [True, False])
def test_spark_means_the_same(compiled):
    """All examples in one query; formula and row of one example have the same number."""
    world = World(FIELDS, tuple({**NOTHING, **cells} for _, cells, _ in MEANING))
    answers = spark_values(world, [parse(text, FIELDS) for text, _, _ in MEANING], compiled=compiled)
    given = [(text, type(answers[i][i]), answers[i][i]) for i, (text, _, _) in enumerate(MEANING)]
    assert given == [(text, type(value), value) for text, _, value in MEANING]


THREE = (True, False, None)


@pytest.mark.parametrize("p", THREE)
@pytest.mark.parametrize("q", THREE)
def test_three_valued_tables(p, q):
    both = False if p is False or q is False else None if p is None or q is None else True
    one = True if p is True or q is True else None if p is None or q is None else False
    assert answer("p AND q", p=p, q=q) is both
    assert answer("p OR q", p=p, q=q) is one
    assert answer("NOT p", p=p) is (None if p is None else not p)


@given(st.integers(-(10**13), 10**13), st.integers(0, 2_000_000))
def test_mul_rate_is_the_one_of_core(n, m):
    wide = parse("mul_rate(n * 100000, m)", FIELDS)  # the product does not fit in 64 bits
    narrow = parse("mul_rate(mod(n, 1000000007), m)", FIELDS)
    columns = {"n": np.array([n]), "m": np.array([m])}
    for formula, fen in ((wide, n * 100_000), (narrow, remainder(n, 1_000_000_007))):
        assert formula.python()({"n": n, "m": m}) == mul_rate(fen, m) == formula.numpy()(columns)[0][0]


SMALL = st.integers(-40, 40)
BINARY = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "div": truncated, "mod": remainder,
          "mul_rate": mul_rate, "least": min, "greatest": max}  # fmt: skip


@given(st.sampled_from(sorted(BINARY)), *(st.tuples(SMALL, SMALL).map(sorted) for _ in range(2)))
def test_ranges_hold_every_value(op, a, b):
    if op in ("div", "mod") and tuple(b) == (0, 0):
        return
    low, high = RULES[op](tuple(a), tuple(b))
    values = [BINARY[op](x, y) for x in range(a[0], a[1] + 1) for y in range(b[0], b[1] + 1) if y or op not in ("div", "mod")]
    assert low <= min(values)
    assert max(values) <= high
    if op != "mod":
        assert (low, high) == (min(values), max(values)), "wider than needed"


def test_a_range_is_proved_up_to_the_last_integer():
    assert parse(f"{MAX_INTEGER - 1} + 1", {}).hi == MAX_INTEGER
    with pytest.raises(InputError, match="can reach 9223372036854775808"):
        parse(f"{MAX_INTEGER} + 1", {})
    assert answer(f"-{MAX_INTEGER}") == -MAX_INTEGER


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("((n))+1 -(2- m)", "n + 1 - (2 - m)"),
        ("not p = q", "NOT (p = q)"),
        ("n not in (1,2)and p or q", "n NOT IN (1, 2) AND p OR q"),
        ("p and (q and p)", "p AND q AND p"),
        ("(p or q) and p", "(p OR q) AND p"),
        ("- -1", "-(-1)"),
        ("-(n)", "-n"),
        ("n - -1", "n - -1"),
        ('"n" != 1', "n <> 1"),
        ("case when p then 1 else null end", "CASE WHEN p THEN 1 END"),
        ("date '2020-01-01' < d -- why", "DATE '2020-01-01' < d"),
        ("MUL_RATE(n, m)", "mul_rate(n, m)"),
    ],
)
def test_canonical_text(text, canonical):
    formula = parse(text, FIELDS)
    assert formula.text == canonical
    assert parse(canonical, FIELDS) == formula


def test_identity_is_of_meaning_not_of_spelling():
    assert parse("n>1", FIELDS).identity == parse("(n) > 1", FIELDS).identity
    assert parse("n>1", FIELDS).identity != parse("n>2", FIELDS).identity
    assert parse("x = x", {"x": Field("x", "text")}).identity != parse("x = x", {"x": Field("x", "date")}).identity


def test_an_invoice_filter_as_a_mask():
    mask = parse("net_fen > 0 AND status = 'valid'", KINDS["invoice"].readable()).numpy_mask()
    columns = {"net_fen": np.array([1, 2, -3]), "status": np.array(["valid", "void", "valid"], dtype=object)}
    assert mask(columns).tolist() == [True, False, False]
    assert mask({name: column[:0] for name, column in columns.items()}).tolist() == []


STRANGE = ("class", "row", "n", 'a "b"', "贷款", "__import__('os')", "a; DROP TABLE x", "_1", "np", "x_ok", "len", "next",
           "`", "a.b", "${a}", "--", "\\")  # fmt: skip


def strange(*more):
    names = (*STRANGE, *more)
    fields = {name: Field(name, "integer", 0, 9, nullable=False) for name in names}
    text = " + ".join('"' + name.replace('"', '""') + '"' for name in names)
    return parse(text, fields), World(fields, (dict.fromkeys(names, 1),))


def test_strange_names_are_quoted_and_never_run():
    formula, world = strange()
    assert [backend(world, [formula]) for backend in BACKENDS.values()] == [[[len(STRANGE)]]] * 3
    assert parse(formula.text, world.fields) == formula


@needs_spark
def test_strange_names_are_quoted_in_spark():
    formula, world = strange("N", "Class")  # beside n and class
    assert spark_values(world, [formula]) == [[len(STRANGE) + 2]]


def test_what_is_missing_is_named():
    formula = parse("n > 1", FIELDS)
    with pytest.raises(InputError, match="the row has no 'n'"):
        formula.python()({})
    with pytest.raises(InputError, match="the table has no 'n'"):
        formula.numpy()({"m": np.array([1])})
    with pytest.raises(NotFoundError, match="no SQL dialect 'oracle'"):
        formula.sql("oracle")
    with pytest.raises(InputError, match="a mask needs a boolean"):
        parse("n + 1", FIELDS).numpy_mask()


def test_a_null_in_a_column_that_has_none_is_refused():
    formula = parse("a > 1", {"a": Field("a", "integer", 0, 9, nullable=False)})
    with pytest.raises(InputError, match="'a' has NULLs"):
        formula.numpy_mask()({"a": np.ma.MaskedArray([1, 2], mask=[True, False])})


@pytest.mark.parametrize("dialect", ["duckdb", "spark"])
def test_sql_grows_with_the_formula_and_not_faster(dialect):
    one = parse("least(greatest(div(mul_rate(n, m), m), mod(n, m)), n)", FIELDS)
    text = one.text
    for _ in range(3):
        text = text.replace("mod(n, m)", f"mod({one.text}, m)")
    assert len(parse(text, FIELDS).sql(dialect)) < 16 * len(text)


def plan_size(formula, world, table):
    """Return how much longer what Spark has made of a formula is than the formula."""
    frame = spark_frame(world).selectExpr(sql.write(formula.root, table))
    return len(frame._jdf.queryExecution().optimizedPlan().toString()) / len(formula.text)


@needs_spark
@pytest.mark.parametrize("inner", ["div(7, {})", "least({}, m)", "greatest({}, m)", "add_days(d, {})"])
def test_what_spark_makes_of_a_formula_does_not_double_at_each_level(inner):
    """Spark copies some arguments, that of `nullif` for one: ten levels would be 1,024 copies."""
    text = "mod(n, 1000)"
    for _ in range(6 if inner.startswith("add_days") else 10):
        text = inner.format(text if not text.startswith("add_days") else f"days_between(d, {text})")
    formula = parse(f"CASE WHEN p THEN {text} END", FIELDS)
    world = World(FIELDS, ({**NOTHING, "n": 7, "m": 5, "d": date(2020, 2, 28), "p": True},))
    assert spark_values(world, [formula]) == [[formula.python()(world.rows[0])]]
    assert plan_size(formula, world, sql.DIALECTS["spark"]) < 40


@needs_spark
def test_a_nullif_that_spark_copies_is_found():
    formula = parse(f"CASE WHEN p THEN {'div(7, ' * 8}n{')' * 8} END", FIELDS)
    copied = {**sql.DIALECTS["spark"], "div": lambda _, args: f"({args[0]} DIV nullif({args[1]}, 0))"}
    assert plan_size(formula, World(FIELDS, (NOTHING,)), copied) > 40
