"""In: one formula of thirty operations. Out: microseconds an evaluation. Used: `make bench`, subject `formula`.

Peers: cel-python (its default interpreter), and Python's own `eval` of the same text, as text and compiled beforehand. Ours
answers NULL where a field that it needs is NULL; `eval` would raise there, so it does less.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bench.measure import Row, agree, compare, emit, race
from weilend.core.records import Field
from weilend.formula import parse

ROWS = 200
NAMES = ("sales_fen", "sales_half_fen", "customers", "months", "void_ppm", "top_ppm", "pd_ppm", "debts_fen")
HIGHEST = (10**10, 10**10, 500, 36, 10**6, 10**6, 10**6, 10**9)
#: Thirty operations that SQL, CEL and Python all have, in SQL's words.
TEXT = """(sales_fen * 3 + sales_half_fen * 2 - debts_fen > 200000000 AND customers >= 3 AND months >= 12)
    OR (sales_half_fen * 2 > sales_fen + 50000000 AND NOT (void_ppm > 300000) AND top_ppm < 800000 AND pd_ppm * 65 < 5200000)
    OR (customers * 1000 + months > 4000 AND void_ppm + top_ppm <= 900000 AND debts_fen <> sales_fen)"""
OPERATION = re.compile(r"AND|OR|NOT|<=|>=|<>|[<>*+-]")


def rows(count: int = ROWS, passes: int = 10) -> list[Row]:
    """Return the rows of the race, after every answer has been compared."""
    given = make_rows(count)
    works = {"weilend": ours(), **peers()}
    answers = {name: [bool(work(row)) for row in given] for name, work in works.items()}
    for name, answer in answers.items():
        agree(f"the formula, {name}", answers["weilend"], answer)
    samples = race({name: (lambda work=work: [work(row) for row in given]) for name, work in works.items()}, passes=passes)
    operations = len(OPERATION.findall(TEXT))
    return compare(
        f"a formula of {operations} operations", samples, unit="CPU us", scale=1e6 / count, clock="cpu", check="equal"
    )


def ours() -> Callable[[Mapping[str, Any]], Any]:
    """Return the formula compiled by the Python back end, every field nullable."""
    fields = {name: Field(name, "integer", 0, hi) for name, hi in zip(NAMES, HIGHEST, strict=True)}
    return parse(TEXT, fields).python()


def peers() -> dict[str, Callable[[Mapping[str, Any]], Any]]:
    """Return the same text for each peer."""
    import celpy

    environment = celpy.Environment()
    program = environment.program(environment.compile(said_in({"AND": "&&", "OR": "||", "NOT": "!", "<>": "!="})))
    text = f"({said_in({'AND': 'and', 'OR': 'or', 'NOT': 'not', '<>': '!='})})"
    code = compile(text, "formula", "eval")
    return {
        "cel-python": lambda row: program.evaluate({name: celpy.celtypes.IntType(value) for name, value in row.items()}),
        "eval of the text": lambda row: eval(text, {}, row),
        "eval, compiled before": lambda row: eval(code, {}, row),
    }


def said_in(words: Mapping[str, str]) -> str:
    """Return the text with another language's words for SQL's."""
    return " ".join(re.sub("AND|OR|NOT|<>", lambda word: words[word[0]], TEXT).split())


def make_rows(count: int) -> list[dict[str, int]]:
    """Return rows whose answers are mixed, the same every time."""
    dice = np.random.default_rng(11)
    highest = (10**8, 10**8, 6, 36, 600_000, 10**6, 150_000, 10**8)
    columns = [dice.integers(0, hi, count).tolist() for hi in highest]
    return [dict(zip(NAMES, values, strict=True)) for values in zip(*columns, strict=True)]


if __name__ == "__main__":
    emit(rows)
