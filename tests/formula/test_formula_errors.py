"""What a wrong formula is told: the texts are golden, since analysts read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from weilend.core.errors import FormulaError
from weilend.core.records import MAX_FEN, Field
from weilend.formula import parse

FIELDS = {
    field.name: field
    for field in (
        Field("net_fen", "integer", -MAX_FEN, MAX_FEN, nullable=False),
        Field("status", "text", words=("valid", "void")),
        Field("direction", "text", words=("sale", "purchase")),
        Field("happened_on", "date", nullable=False),
        Field("seq", "integer"),
        Field("paid", "boolean"),
    )
}

WRONG = (
    "",
    "   ",
    "net_fenn > 0",
    "net_fen >",
    "net_fen > 0)",
    "(net_fen > 0",
    "net_fen > 0 and status = 'vaild'",
    "status IN ('valid', 'lost')",
    "net_fen = 'x'",
    "status = 1",
    "net_fen AND TRUE",
    "net_fen / 2 > 0",
    "net_fen % 2 = 0",
    "net_fen * net_fen > 0",
    "mul_rate(net_fen, net_fen) > 0",
    "abs(net_fen) * 1000000 > 5",
    "seq + 1",
    "1.5 > 0",
    "9223372036854775808 = 1",
    "happened_on > now()",
    "happened_on > current_date",
    "random() > 0",
    "happened_on > '2020-01-01'",
    "happened_on = DATE '2020-02-30'",
    "happened_on = DATE '20200201'",
    "happened_on = CAST('2020-01-01' AS DATE)",
    "status LIKE 'va%'",
    "status || 'x' = 'y'",
    "net_fen = NULL",
    "NULL",
    "net_fen IN (1, NULL)",
    "net_fen IN ()",
    "net_fen IN (seq)",
    "paid IS TRUE",
    "paid > FALSE",
    "CASE net_fen WHEN 1 THEN 2 END",
    "CASE WHEN paid THEN NULL END",
    "CASE WHEN paid THEN 1 ELSE 'x' END",
    "least(net_fen)",
    "least(status, 'valid')",
    "div(net_fen, 0)",
    "mul_rate(net_fen)",
    "mulrate(net_fen, 5)",
    "max(net_fen, 5)",
    "sum(net_fen)",
    "invoice.net_fen > 0",
    "(SELECT 1)",
    "net_fen IN (SELECT 1)",
    "'open",
    "net_fen; status",
    "add_days(happened_on, net_fen)",
    "贷款金额 > 0",
    "net_fen > 0 and\n  statsu = 'valid'",
    "status = '贷款' AND nett_fen > 0",
    "status = 'a\x00b'",
    "net_fen::int > 0",
    "net_fen BETWEEN SYMMETRIC 1 AND 2",
    "status = 'a' 'b'",
    "a[1] = 2",
)

GOLDEN = Path(__file__).parent.parent / "golden" / "formula_errors.txt"


def _told(text: str) -> str:
    with pytest.raises(FormulaError) as caught:
        parse(text, FIELDS)
    return f"{text!r}\n{caught.value}\n"


def test_errors_are_the_golden_ones():
    assert "\n".join(map(_told, WRONG)) == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", WRONG)
def test_every_error_draws_a_caret_and_gives_a_hint(text):
    told = _told(text)
    assert "^" in told
    assert told.rstrip().split("\n")[-1].startswith("Hint: ")
    assert len(told.rstrip().split("\n")[-1]) > len("Hint: ")


MONSTERS = (
    "(" * 500 + "1" + ")" * 500,
    "not " * 2000 + "paid",
    "1" + "+1" * 2000,
    "-" * 3000 + "1",
    "- " * 3000 + "1",
    "abs(" * 40 + "1" + ")" * 40,
    "'" * 4001,
    "x" * 20_000,
    "case when paid then " * 20 + "1" + " end" * 20,
)


@pytest.mark.parametrize("text", MONSTERS, ids=lambda text: text[:8])
def test_a_monstrous_formula_is_refused_and_breaks_nothing(text):
    with pytest.raises(FormulaError):
        parse(text, FIELDS)


def test_an_overflow_is_named_with_its_size():
    with pytest.raises(FormulaError, match=r"net_fen \* net_fen can reach 1" + "0" * 26):
        parse("1 + net_fen * net_fen", FIELDS)
