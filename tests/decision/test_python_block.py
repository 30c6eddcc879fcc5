"""What the Python back end writes for programs: tables looked up by halving, NULL asked once, steps in one block."""

import pytest

from weilend.core.records import Field
from weilend.formula import parse
from weilend.formula.python import write_block
from weilend.formula.writer import compile_source

FIELDS = {
    "sure": Field("sure", "integer", -100, 100, nullable=False),
    "maybe": Field("maybe", "integer", -100, 100),
    "other": Field("other", "integer", -100, 100),
}
NUMBERS = (None, -100, -1, 0, 1, 6, 7, 8, 41, 42, 43, 100)
STAIRS = "CASE WHEN {x} <= 1 THEN 5 WHEN {x} <= 6 THEN 3 WHEN {x} <= 7 THEN 9 WHEN {x} <= 8 THEN 2 WHEN {x} <= 20 THEN 7 \
WHEN {x} <= 30 THEN 1 WHEN {x} <= 42 THEN 8 WHEN {x} <= 50 THEN 4 ELSE 6 END"


def stairs(value: int) -> int:
    bounds = ((1, 5), (6, 3), (7, 9), (8, 2), (20, 7), (30, 1), (42, 8), (50, 4))
    return next((result for bound, result in bounds if value <= bound), 6)


def test_a_table_of_literals_is_looked_up_by_halving():
    formula = parse(STAIRS.format(x="sure"), FIELDS)
    assert "_bisect" in formula.python_source
    assert [formula.python()({"sure": value}) for value in range(-100, 101)] == [stairs(value) for value in range(-100, 101)]


def test_a_table_inside_a_table_is_the_same_one():
    text = f"CASE WHEN sure <= 42 THEN {STAIRS.format(x='sure')} ELSE 0 END"
    formula = parse(text, FIELDS)
    found = [formula.python()({"sure": value}) for value in range(-100, 101)]
    assert found == [stairs(value) if value <= 42 else 0 for value in range(-100, 101)]


@pytest.mark.parametrize(
    "text",
    [
        STAIRS.format(x="maybe"),
        STAIRS.format(x="sure").replace("sure <= 8", "sure <= 3"),
        STAIRS.format(x="sure").replace("sure <= 8", "sure < 8"),
        STAIRS.format(x="sure").replace("THEN 9", "THEN sure"),
        STAIRS.format(x="sure").replace("sure <= 30", "sure + 1 <= 30"),
    ],
)
def test_what_is_no_rising_table_is_asked_one_by_one(text):
    assert "_bisect" not in parse(text, FIELDS).python_source


def test_after_a_test_for_null_a_comparison_does_not_ask_again():
    formula = parse("CASE WHEN maybe IS NULL THEN -1 WHEN maybe <= 3 THEN 0 ELSE 1 END", FIELDS)
    assert formula.python_source.count("None") == 2  # in the guard of the row, and once in the test
    assert [formula.python()({"maybe": value}) for value in (None, 3, 4)] == [-1, 0, 1]


def test_what_a_test_for_null_knows_is_not_believed_outside_it():
    """The long branch is written before the CASE, and the short one is used again after it: there the value may be NULL."""
    long = "CASE WHEN maybe <= 41 THEN maybe * maybe + 1000000 WHEN maybe <= 42 THEN maybe + 2000000 ELSE maybe - 3000000 END"
    text = f"CASE WHEN maybe IS NULL THEN 0 WHEN maybe <= 7 AND other <= 7 THEN {long} ELSE 5 END"
    again = f"CASE WHEN maybe <= 7 AND other <= 7 THEN 1 WHEN coalesce({long}, 0) > 0 THEN 2 ELSE 3 END"
    steps = [("first", parse(text, FIELDS).root), ("second", parse(again, FIELDS).root)]
    block = write_block(["maybe", "other"], steps)
    lines = ["def formula(maybe, other):", *(f"    {line}" for line in block.lines), "    return first, second"]
    run = compile_source("\n".join(lines), block.constants)
    for maybe in NUMBERS:
        for other in NUMBERS:
            row = {"maybe": maybe, "other": other}
            low = maybe is not None and other is not None and maybe <= 7 and other <= 7
            known = -1 if maybe is None else maybe * maybe + 10**6 if maybe <= 41 else 2042 * 10**3 if maybe == 42 else -1
            assert run(**row) == (
                0 if maybe is None else maybe * maybe + 10**6 if low else 5,
                1 if low else 2 if known > 0 else 3,
            )


def test_a_block_reads_what_stands_before_it_and_computes_what_is_shared_once():
    first = parse("abs(sure) + 1", FIELDS)
    then = parse("first * (abs(sure) + 1)", {**FIELDS, "first": Field("first", "integer", first.lo, first.hi, nullable=False)})
    block = write_block(["sure"], [("first", first.root), ("then", then.root)])
    assert block.lines == ("first = abs(sure) + 1", "then = first * first")
