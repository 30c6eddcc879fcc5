"""In: a seed. Out: random formulas over random rows, and where two back ends disagree on them. Used: by the formula fuzz.

A *world* is a table of fields and rows, with the values at which back ends are known to differ: limits of ranges, zero, halves
of a rounding, empty and non-ASCII texts, the first and last day. Formulas are written as text and go through `parse`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any, Final

import duckdb
import msgspec
import numpy as np
import pyarrow as pa

from weilend.core.errors import FormulaError
from weilend.core.records import MAX_FEN, Field, FieldType
from weilend.formula import Formula, parse, sql
from weilend.formula.standard import Table
from weilend.formula.text import quoted
from weilend.formula.tree import MAX_DAY, MAX_INTEGER, MIN_DAY, Value

TEXTS: Final = (
    "",
    "a",
    "A",
    "ab",
    "b",
    "B",
    "AB",
    "Z",
    "it's",
    "贷款",
    "贷",
    "a\0",
    "a\0b",
    "\uffff",
    "\U0001f600",
    "e\u0301",
    "é",
    " a",
    "z" * 13,
    '"',
    "--",
    "\\",
    "\\u0061",
    "${a}",
    "a\n",
)
WORDS: Final = ("valid", "void", "red")

_TRIES: Final = 5  # before a part that is refused each time becomes a plain field or literal
_DAYS: Final = (MIN_DAY, MAX_DAY, date(2020, 2, 29), date(2019, 12, 31), date(1970, 1, 1), date(1969, 12, 31))
_ARROW: Final[dict[FieldType, pa.DataType]] = {
    "integer": pa.int64(), "text": pa.string(), "date": pa.date32(), "boolean": pa.bool_(),
}  # fmt: skip


class World(msgspec.Struct, frozen=True):
    """Fields and rows that fit them.

    >>> world = world_of(Random(7), rows=3)
    >>> len(world.rows), world.fields["status"].words
    (3, ('valid', 'void', 'red'))
    """

    fields: dict[str, Field]
    rows: tuple[dict[str, Value], ...]


class Mismatch(msgspec.Struct, frozen=True):
    """A pair of a formula and a row on which the answers differ, or leave the proved range."""

    formula: str
    row: dict[str, Value]
    answers: dict[str, Value]


class Campaign(msgspec.Struct, frozen=True):
    """What a fuzz campaign did: pairs of formula and row, how often each operation stood in a formula, what it found."""

    pairs: int
    operations: Counter[str]
    mismatches: tuple[Mismatch, ...]


#: A back end: values of each formula, row by row.
Backend = Callable[[World, Sequence[Formula]], list[list[Value]]]


def world_of(random: Random, rows: int) -> World:
    """Return random fields of every type, and rows that fit them.

    >>> world_of(Random(1), rows=2) == world_of(Random(1), rows=2)
    True
    """
    near, far = sorted((random.randint(-50, 50), random.randint(-50, 50)))
    fields = [
        Field("small", "integer", near, far, nullable=True),
        Field("count", "integer", 0, random.choice((1, 9, 400)), nullable=False),
        Field("net_fen", "integer", -MAX_FEN, MAX_FEN, nullable=False),
        Field("tax_fen", "integer", -MAX_FEN, MAX_FEN, nullable=True),
        Field("rate_ppm", "integer", 0, 2_000_000, nullable=True),
        Field("swing_ppm", "integer", -1_500_000, 1_500_000, nullable=False),
        Field("wide", "integer", -MAX_INTEGER, MAX_INTEGER, nullable=True),
        Field("class", "integer", nullable=True),
        Field("word", "text", nullable=False),
        Field("Other Word", "text", nullable=True),
        Field("status", "text", nullable=True, words=WORDS),
        Field("opened_on", "date", nullable=False),
        Field("closed_on", "date", nullable=True),
        Field("paid", "boolean", nullable=False),
        Field("known", "boolean", nullable=True),
    ]
    return World(
        {field.name: field for field in fields}, tuple({f.name: _cell(random, f) for f in fields} for _ in range(rows))
    )


def _cell(random: Random, field: Field) -> Value:
    if field.nullable and random.random() < 0.2:
        return None
    draws: dict[FieldType, Callable[[], Value]] = {
        "integer": lambda: _integer(random, field),
        "text": lambda: random.choice(field.words or TEXTS),
        "date": lambda: _day(random),
        "boolean": lambda: random.random() < 0.5,
    }
    return draws[field.type]()


def _integer(random: Random, field: Field) -> int:
    low, high = (-MAX_INTEGER, MAX_INTEGER) if field.lo is None or field.hi is None else (field.lo, field.hi)
    near = random.choice((0, 1, -1, 5, 500_000, -500_000, 1_500_000, random.randint(-20, 20)))
    return min(max(random.choice((low, high, near, near, near, random.randint(low, high))), low), high)


def _day(random: Random) -> date:
    return random.choice((*_DAYS, date(2020, 1, 1) + timedelta(days=random.randint(-400, 400))))


class _Author:
    """Writes random formulas; a part that the type check refuses is thrown away and written anew."""

    def __init__(self, random: Random, world: World) -> None:
        self.random = random
        self.fields = world.fields

    def formula(self) -> Formula:
        while True:
            type_: FieldType = self.random.choice(
                ("integer", "integer", "integer", "date", "boolean", "boolean", "boolean", "text")
            )
            try:
                return parse(self.write(type_, self.random.randint(1, 4)), self.fields)
            except FormulaError:
                continue

    def write(self, type_: FieldType, depth: int) -> str:
        if depth == 0:
            return self.leaf(type_)
        for _ in range(_TRIES):
            choices = _CHOICES if self.random.random() < 0.15 else PATTERNS[type_]
            text = self.fill(self.random.choice(choices), type_, depth - 1)
            if self.accepted(text):
                return text
        return self.leaf(type_)

    def accepted(self, text: str) -> bool:
        try:
            parse(text, self.fields)
        except FormulaError:
            return False
        return True

    def fill(self, pattern: str, type_: FieldType, depth: int) -> str:
        """Put random parts for $I (integer), $T (text), $D (date), $B (boolean), $X (the pattern's type), $C (a comparison)."""
        parts: dict[str, Callable[[], str]] = {
            "I": lambda: self.write("integer", depth),
            "T": lambda: self.write("text", depth),
            "D": lambda: self.write("date", depth),
            "B": lambda: self.write("boolean", depth),
            "X": lambda: self.write(type_, depth),
            "i": lambda: self.literal("integer"),
            "t": lambda: self.literal("text"),
            "d": lambda: self.literal("date"),
            "F": lambda: self.field("integer"),
            "W": lambda: quoted(self.random.choice(WORDS)),
            "C": lambda: self.random.choice(("=", "<>", "<", "<=", ">", ">=")),
        }
        return "".join(parts[piece[1:]]() if piece.startswith("$") else piece for piece in _pieces(pattern))

    def leaf(self, type_: FieldType) -> str:
        return self.field(type_) if self.random.random() < 0.75 else self.literal(type_)

    def field(self, type_: FieldType) -> str:
        return '"' + self.random.choice([field.name for field in self.fields.values() if field.type == type_]) + '"'

    def literal(self, type_: FieldType) -> str:
        texts = [text for text in TEXTS if "\0" not in text]
        draws: dict[FieldType, Callable[[], str]] = {
            "integer": lambda: str(
                self.random.choice((0, 1, -1, 2, -3, 7, 1000, 500_000, 1_000_000, -96_000, 10**13, MAX_INTEGER))
            ),
            "text": lambda: quoted(self.random.choice(texts)),
            "date": lambda: f"DATE '{_day(self.random).isoformat()}'",
            "boolean": lambda: self.random.choice(("TRUE", "FALSE")),
        }
        return draws[type_]()


def _pieces(pattern: str) -> list[str]:
    """Split a pattern into plain text and ``$x`` places."""
    first, *rest = pattern.split("$")
    return [first, *(piece for part in rest for piece in ("$" + part[0], part[1:]))]


_CHOICES: Final = (
    "CASE WHEN $B THEN $X ELSE $X END",
    "CASE WHEN $B THEN $X WHEN $B THEN NULL ELSE $X END",
    "CASE WHEN $B THEN $X END",
    "coalesce($X, $X)",
    "coalesce($X, $X, $X)",
)

#: How a formula of each type may be made from others.
PATTERNS: Final[dict[FieldType, tuple[str, ...]]] = {
    "integer": (
        "($I + $I)", "($I - $I)", "($I * $I)", "-($I)", "abs($I)", "div($I, $I)", "div($I, $i)", "mod($I, $I)", "mod($I, $i)",
        "mul_rate($I, $I)", "mul_rate($F, $F)", "mul_rate($I, $i)", "days_between($D, $D)", "least($I, $I)", "greatest($I, $I)",
        "least($I, $I, $I)", "least(greatest($I, -1000), 1000)", "greatest(least($I, 2500000), -2500000)", "mod($I, 1000003)",
        "($i * $i)", "(days_between($D, $D) * days_between($D, $d))",
    ),
    "text": (*_CHOICES, "coalesce($T, $t)", "CASE WHEN $B THEN $t ELSE $T END"),
    "date": (
        "add_days($D, least(greatest($I, -3652058), 3652058))", "add_days($D, $i)", "add_days($D, mod($I, 1000))",
        "least($D, $D)", "greatest($D, $D)", "greatest($D, $d, $D)",
    ),
    "boolean": (
        *("$I $C $I", "$T $C $T", "$T $C $t", "$D $C $D") * 3,
        "$I $C $i", "($B) = ($B)", "($B) <> ($B)", "status = $W", "status <> $W", "status IN ($W, $W)", "status NOT IN ($W)",
        "$I IN ($i, $i)", "$T NOT IN ($t, $t)", "$D IN ($d, $d)", "$I BETWEEN $I AND $I", "$T NOT BETWEEN $T AND $T",
        "$D BETWEEN $D AND $D", "($I) IS NULL", "($T) IS NOT NULL", "($D) IS NULL", "($B) IS NULL",
        "($B) AND ($B)", "($B) OR ($B)", "($B) AND ($B) AND ($B)", "($B) OR ($B) OR ($B)", "NOT ($B)",
        "($B) AND NULL", "starts_with($T, $T)", "starts_with($T, $t)",
    ),
}  # fmt: skip


def formulas_of(random: Random, world: World, count: int) -> list[Formula]:
    """Return random formulas over a world.

    >>> world = world_of(Random(1), rows=1)
    >>> [f.type for f in formulas_of(Random(1), world, 2)] == [f.type for f in formulas_of(Random(1), world, 2)]
    True
    """
    author = _Author(random, world)
    return [author.formula() for _ in range(count)]


def python_values(world: World, formulas: Sequence[Formula]) -> list[list[Value]]:
    """Answer with the Python back end.

    >>> python_values(World({}, ({},)), [parse("1 + 1", {})])
    [[2]]
    """
    return [[function(row) for row in world.rows] for function in (formula.python() for formula in formulas)]


def numpy_values(world: World, formulas: Sequence[Formula]) -> list[list[Value]]:
    """Answer with the NumPy back end; a mask that differs from the values shows as the text ``mask``.

    >>> world = world_of(Random(1), rows=1)
    >>> numpy_values(world, [parse("1 + 1", {})])
    [[2]]
    """
    columns = numpy_columns(world)
    return [_numpy_answer(formula, columns) for formula in formulas]


def _numpy_answer(formula: Formula, columns: Mapping[str, Any]) -> list[Value]:
    values, valid = formula.numpy()(columns)
    answer: list[Value] = [value if known else None for value, known in zip(values.tolist(), valid.tolist(), strict=True)]
    if formula.type == "boolean" and formula.numpy_mask()(columns).tolist() != [value is True for value in answer]:
        return ["mask"] * len(answer)
    return answer


def numpy_columns(world: World) -> dict[str, Any]:
    """Return the rows of a world as NumPy columns.

    >>> numpy_columns(world_of(Random(1), rows=2))["opened_on"].dtype
    dtype('<M8[D]')
    """
    return {name: _numpy_column(field, [row[name] for row in world.rows]) for name, field in world.fields.items()}


def _numpy_column(field: Field, cells: Sequence[Any]) -> Any:
    if field.type == "text":
        return np.array([*cells, None], dtype=object)[:-1]
    if field.type == "date":
        return np.array(["NaT" if cell is None else cell.isoformat() for cell in cells], dtype="datetime64[D]")
    missing = [cell is None for cell in cells]
    values = np.array([cell or 0 for cell in cells], dtype=np.int64 if field.type == "integer" else np.bool_)
    return np.ma.MaskedArray(values, mask=missing) if field.nullable else values


def arrow_rows(world: World) -> pa.Table:
    """Return the rows of a world as an Arrow table, numbered by a last column ``row order``.

    >>> arrow_rows(world_of(Random(1), rows=2))["row order"].to_pylist()
    [0, 1]
    """
    arrays = {n: pa.array([row[n] for row in world.rows], _ARROW[f.type]) for n, f in world.fields.items()}
    return pa.table({**arrays, "row order": pa.array(range(len(world.rows)))})


def duckdb_values(world: World, formulas: Sequence[Formula], table: Table = sql.DIALECTS["duckdb"]) -> list[list[Value]]:
    """Answer with DuckDB, all formulas in one query; another table plants a defect.

    >>> duckdb_values(world_of(Random(1), rows=1), [parse("1 + 1", {})])
    [[2]]
    """
    selected = ", ".join(sql.write(formula.root, table) for formula in formulas)
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("world", arrow_rows(world))
        connection.execute("CREATE TABLE rows AS SELECT * FROM world")
        answer = connection.execute(f'SELECT {selected} FROM rows ORDER BY "row order"').fetchall()
    return [list(column) for column in zip(*answer, strict=True)]


BACKENDS: Final[dict[str, Backend]] = {"python": python_values, "numpy": numpy_values, "duckdb": duckdb_values}


def campaign(seed: int, pairs: int, backends: Mapping[str, Backend] = BACKENDS, *, rows: int = 25, batch: int = 50) -> Campaign:
    """Compare back ends on at least `pairs` pairs of a random formula and a random row.

    The values must be equal in type and value, inside the proved range, and NULL only where the formula is nullable.

    >>> done = campaign(1, 50, rows=5, batch=10)
    >>> done.pairs, done.mismatches
    (50, ())
    """
    random = Random(seed)
    operations: Counter[str] = Counter()
    found: list[Mismatch] = []
    worlds = -(-pairs // (rows * batch))
    for _ in range(worlds):
        world = world_of(random, rows)
        formulas = formulas_of(random, world, batch)
        operations.update(node.op for formula in formulas for node in formula.root.walk())
        found += compare(world, formulas, backends)
    return Campaign(worlds * rows * batch, operations, tuple(found))


def compare(world: World, formulas: Sequence[Formula], backends: Mapping[str, Backend]) -> list[Mismatch]:
    """Return every pair on which the back ends disagree or leave what was proved.

    >>> compare(World({}, ({},)), [parse("1 + 1", {})], {"python": python_values, "liar": lambda *_: [[2.0]]})[0].answers
    {'python': 2, 'liar': 2.0}
    """
    answers = {name: backend(world, formulas) for name, backend in backends.items()}
    pairs = (
        (f, r, {name: values[f][r] for name, values in answers.items()})
        for f in range(len(formulas))
        for r in range(len(world.rows))
    )
    return [
        Mismatch(formulas[f].text, world.rows[r], given)
        for f, r, given in pairs
        if not _agreed(formulas[f], list(given.values()))
    ]


def _agreed(formula: Formula, values: list[Value]) -> bool:
    first = values[0]
    same = all(type(value) is type(first) and value == first for value in values)
    return same and (formula.nullable if first is None else _inside(formula, first))


def _inside(formula: Formula, value: Value) -> bool:
    types: dict[FieldType, type] = {"integer": int, "text": str, "date": date, "boolean": bool}
    if type(value) is not types[formula.type]:
        return False
    return formula.lo is None or formula.hi is None or (isinstance(value, int) and formula.lo <= value <= formula.hi)
