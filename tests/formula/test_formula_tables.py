"""A CASE that looks up literals by one number is a table in DuckDB, and says the same at every number; and two plain values."""

from __future__ import annotations

from random import Random

import pytest

from weilend.core.records import Field
from weilend.formula import Formula, parse, sql
from weilend.formula.stairs import find_stairs
from weilend.testing.formulas import World, duckdb_values, python_values

LOW, HIGH = -40, 60
FIELDS = {
    "points": Field("points", "integer", LOW, HIGH, nullable=False),
    "maybe": Field("maybe", "integer", LOW, HIGH),
    "wide": Field("wide", "integer", -(10**9), 10**9, nullable=False),
}
ROWS = tuple({"points": n, "maybe": None if n % 7 == 0 else n, "wide": n} for n in range(LOW, HIGH + 1))
WORLD = World(FIELDS, ROWS)


def halved(name: str, stairs: list[tuple[int, str]]) -> str:
    if len(stairs) == 1:
        return stairs[0][1]
    middle = len(stairs) // 2
    low, high = halved(name, stairs[:middle]), halved(name, stairs[middle:])
    return f"CASE WHEN {name} <= {stairs[middle - 1][0]} THEN {low} ELSE {high} END"


def in_a_row(name: str, stairs: list[tuple[int, str]]) -> str:
    whens = " ".join(f"WHEN {name} <= {cut} THEN {value}" for cut, value in stairs[:-1])
    return f"CASE {whens} ELSE {stairs[-1][1]} END"


def stairs_of(random: Random, size: int, values: list[str]) -> list[tuple[int, str]]:
    cuts = sorted(random.sample(range(LOW - 3, HIGH + 3), size))
    return [(cut, random.choice(values)) for cut in cuts]


def written(formula: Formula) -> str:
    return sql.write(formula.root, sql.DIALECTS["duckdb"])


@pytest.mark.parametrize("shape", [halved, in_a_row])
@pytest.mark.parametrize("values", [["1", "-5", "900000"], ["'A'", "'it''s'", "''"]], ids=["numbers", "texts"])
def test_a_table_says_what_the_case_says(shape, values):
    random = Random(1)
    formulas = [parse(shape("points", stairs_of(random, size, values)), FIELDS) for size in (16, 17, 40, 90)]
    assert all("CASE" not in written(formula) for formula in formulas)
    assert duckdb_values(WORLD, formulas) == python_values(WORLD, formulas)


@pytest.mark.parametrize("name", ["maybe", "wide"])
def test_what_may_be_null_or_anything_stays_a_case(name):
    formula = parse(halved(name, stairs_of(Random(2), 20, ["1", "2"])), FIELDS)
    assert "CASE" in written(formula)
    assert duckdb_values(WORLD, [formula]) == python_values(WORLD, [formula])


def test_what_is_no_table_has_no_stairs():
    for text in (
        "CASE WHEN points < 3 THEN 1 ELSE 2 END",
        "CASE WHEN points <= 3 THEN points ELSE 2 END",
        "CASE WHEN points <= 3 THEN 1 WHEN wide <= 5 THEN 2 ELSE 3 END",
        "CASE WHEN points <= 5 THEN 1 WHEN points <= 3 THEN 2 ELSE 3 END",
        "CASE WHEN points <= 5 THEN 1 END",
        "points + 1",
    ):
        assert find_stairs(parse(text, FIELDS).root) == []


def test_the_extreme_of_two_plain_values_is_null_where_one_is():
    texts = ("least(maybe, 5)", "greatest(maybe, points)", "greatest(0, maybe)", "least(maybe, maybe)", "least(maybe, wide, 3)")
    formulas = [parse(text, FIELDS) for text in texts]
    assert duckdb_values(WORLD, formulas) == python_values(WORLD, formulas)


def test_what_stands_in_for_an_unknown_truth():
    texts = ("coalesce(maybe > 5, FALSE)", "coalesce(maybe > 5, TRUE)", "coalesce(maybe NOT BETWEEN 3 AND 9, TRUE)",
             "coalesce(maybe > 5, maybe IS NULL)", "coalesce(maybe > 5, maybe > 7, TRUE)")  # fmt: skip
    formulas = [parse(text, FIELDS) for text in texts]
    assert duckdb_values(WORLD, formulas) == python_values(WORLD, formulas)


def test_a_planted_table_that_begins_one_too_late_is_found(monkeypatch):
    formula = parse(halved("points", stairs_of(Random(3), 30, ["1", "2", "3"])), FIELDS)
    table = {**sql.DIALECTS["duckdb"], "case": lambda node, args: RULE(node, args).replace(f"({LOW - 1})", f"({LOW})")}
    assert duckdb_values(WORLD, [formula], table) != python_values(WORLD, [formula])


RULE = sql.DIALECTS["duckdb"]["case"]
