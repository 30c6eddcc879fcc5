"""In: an export and its proof. Out: a query or a script that runs beside the exported file. Used: by the targets.

Each carries its rows and what the model says of them, and needs nothing but what the export itself needs.
"""

from __future__ import annotations

from typing import Final

import msgspec

from weilend.core.records import FieldType
from weilend.formula.tree import Node
from weilend.models.export.onnx import KNOWN
from weilend.models.export.proof import Cell, Proof
from weilend.models.export.sql import DIALECTS, quoted, write_sql
from weilend.models.export.steps import Exported

#: How a text column is called where it is not STRING.
_TEXT: Final = {"postgresql": "TEXT"}


def write_sql_check(exported: Exported, proof: Proof, dialect: str) -> str:
    """Return one query over rows of its own: how many were checked, and how many the model's SQL scores otherwise (0).

    >>> from weilend.models.export.proof import draw_proof
    >>> from weilend.models.export.steps import export_card
    >>> from weilend.models.recipes.woe_card import example_card
    >>> card, exported = example_card(), export_card(example_card())
    >>> write_sql_check(exported, draw_proof(card, exported), "duckdb").splitlines()[1][:31]
    'WITH "proof_rows"("sales_fen_12'
    """
    rules = DIALECTS[dialect]
    types = ["BIGINT" if each.field.type == "integer" else _TEXT.get(dialect, "STRING") for each in exported.inputs]
    names = [quoted(name, rules) for name in (*proof.features, "expected_points", "expected_pd_ppm")]

    def cell(value: Cell) -> str:
        kind: FieldType = "text" if isinstance(value, str) else "integer"
        return "NULL" if value is None else rules["literal"](Node("literal", value=value, type=kind), [])

    lines = [
        "(" + ", ".join(map(cell, (*row, *said))) + ")"
        for row, *said in zip(proof.rows, proof.points, proof.pd_ppm, strict=True)
    ]
    casts = [f"CAST({name} AS {kind}) AS {name}" for name, kind in zip(names, (*types, "BIGINT", "BIGINT"), strict=True)]
    return _QUERY.format(  # names are quoted, cells are literals of the dialect
        rows=quoted("proof_rows", rules), names=", ".join(names), values=",\n  ".join(lines), table=quoted("proof", rules),
        casts=", ".join(casts), query=write_sql(exported, dialect, "proof"),
    )  # fmt: skip


_QUERY: Final = """\
-- One line: rows checked, and how many are scored otherwise than by the model (0 is right).
WITH {rows}({names}) AS (VALUES
  {values}
), {table} AS (
  SELECT {casts} FROM {rows}
)
SELECT count(*) AS checked, count(CASE WHEN points = expected_points AND pd_ppm = expected_pd_ppm THEN NULL ELSE 1 END) AS wrong
FROM (
{query}
) AS scored;
"""
_SCRIPT: Final = '''"""Check the model in {file}: run this beside it. Exit code 1 where a row is scored otherwise than it was."""

import json
import sys
from pathlib import Path

{imports}
MODEL = Path(__file__).with_name({file!r})
PROOF = json.loads({proof!r})


def scores(features, rows):
    """Return points and PD (ppm) of rows."""
{body}

found = [list(said) for said in scores(PROOF["features"], PROOF["rows"])]
expected = [list(said) for said in zip(PROOF["points"], PROOF["pd_ppm"])]
wrong = sum(one != other for one, other in zip(found, expected))
print(f"{{len(found)}} rows checked, {{wrong}} scored otherwise than by the model")
sys.exit(bool(wrong) or len(found) != len(expected))
'''

#: How a script scores rows by each kind of file.
PYTHON: Final = """
    module = {}
    exec(compile(MODEL.read_text(encoding="utf-8"), str(MODEL), "exec"), module)
    return [module["predict"](dict(zip(features, row))) for row in rows]
"""
ONNX: Final = f"""
    session = onnxruntime.InferenceSession(MODEL.read_bytes(), providers=["CPUExecutionProvider"])
    kinds = {{given.name: given.type for given in session.get_inputs()}}
    feeds = {{}}
    for name, cells in zip(features, zip(*rows)):
        empty, kind = ("", object) if kinds.get(name) == "tensor(string)" else (0, np.int64)
        feeds[name] = np.array([empty if cell is None else cell for cell in cells], dtype=kind)
        feeds[{KNOWN!r}.format(name)] = np.array([cell is not None for cell in cells])
    given = {{name: cells for name, cells in feeds.items() if name in kinds}}
    return zip(*(part.tolist() for part in session.run(["points", "pd_ppm"], given)))
"""
FORMULA: Final = """
    exported = read_formula(MODEL.read_text(encoding="utf-8"), msgspec.json.decode(INPUTS, type=list[Input]))
    steps = [(name, formula.python()) for name, formula in exported.steps]
    for row in rows:
        scope = dict(zip([each.name for each in exported.inputs], row))
        for name, compute in steps:
            scope[name] = compute(scope)
        yield scope["points"], scope["pd_ppm"]
"""
FORMULA_IMPORTS: Final = """import msgspec

from weilend.models.export.formula import read_formula
from weilend.models.export.steps import Input

INPUTS = {inputs!r}
"""


def write_script_check(proof: Proof, file: str, body: str, imports: str = "") -> str:
    """Return a script that scores the rows of a proof by the exported file and counts what differs.

    >>> compile(write_script_check(Proof((), (), (), ()), "model.py", PYTHON), "check", "exec") is not None
    True
    """
    text = msgspec.json.encode(proof).decode()
    return _SCRIPT.format(file=file, imports=imports, proof=text, body=body.strip("\n"))
