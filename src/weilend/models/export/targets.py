"""In: an export and its proof. Out: the files that are handed out: the model, and a check that runs beside it. Used: by the desk.

To add a target: a function that writes, one that writes the check, and a line below.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from weilend.core.registry import Registry
from weilend.models.export.checks import FORMULA, FORMULA_IMPORTS, ONNX, PYTHON, write_script_check, write_sql_check
from weilend.models.export.formula import describe_inputs, read_formula, write_formula
from weilend.models.export.onnx import ask_onnx, write_onnx
from weilend.models.export.proof import Cell, Proof, find_differences
from weilend.models.export.python import write_python
from weilend.models.export.sql import write_sql
from weilend.models.export.steps import Exported


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A way out: `write` the model (of a table's name, in SQL), and `check` (given the name of the model's file) what proves it.

    `differ` runs what was written here, where that is possible, and counts the rows that differ; None where it takes a server.
    """

    write: Callable[[Exported, str], bytes]
    check: Callable[[Exported, Proof, str], str]
    differ: Callable[[bytes, Exported, Proof], int | None]
    check_suffix: str
    run: str


def _formula_check(exported: Exported, proof: Proof, file: str) -> str:
    inputs = msgspec.json.encode(exported.inputs).decode()
    return write_script_check(proof, file, FORMULA, FORMULA_IMPORTS.format(inputs=inputs))


def _differ_python(content: bytes, exported: Exported, proof: Proof) -> int:  # noqa: ARG001 - every target is asked alike
    module: dict[str, Callable[[dict[str, Cell]], tuple[int, int]]] = {}
    exec(content.decode(), module)  # noqa: S102 - what was just written, of formulas that were parsed and typed
    predict = module["predict"]
    asked = (dict(zip(proof.features, row, strict=True)) for row in proof.rows)
    return sum(
        predict(row) != expected for row, expected in zip(asked, zip(proof.points, proof.pd_ppm, strict=True), strict=True)
    )


def _differ_onnx(content: bytes, exported: Exported, proof: Proof) -> int:  # noqa: ARG001 - every target is asked alike
    pairs = zip(zip(*ask_onnx(content, proof), strict=True), zip(proof.points, proof.pd_ppm, strict=True), strict=True)
    return sum(found != expected for found, expected in pairs)


def _sql_target(dialect: str, run: str) -> Target:
    def write(exported: Exported, table: str) -> bytes:
        head = [f"-- Model {exported.model_id}: points (higher is safer) and pd_ppm, behind the columns of the table.",
                "-- It reads:", *describe_inputs(exported, "--")]  # fmt: skip
        return "\n".join([*head, write_sql(exported, dialect, table) + ";", ""]).encode()

    return Target(
        write=write, check=lambda exported, proof, _file: write_sql_check(exported, proof, dialect),
        differ=lambda _content, _exported, _proof: None, check_suffix=".sql", run=run,
    )  # fmt: skip


_ONNX_IMPORTS: Final = "import numpy as np\nimport onnxruntime\n"
TARGETS: Final[Registry[Target]] = Registry("target of an export")
TARGETS.add(
    "formula",
    Target(
        write=lambda exported, _table: write_formula(exported).encode(), check=_formula_check, check_suffix=".py", run="python",
        differ=lambda content, exported, proof: find_differences(read_formula(content.decode(), exported.inputs), proof),
    ),
)  # fmt: skip
for _dialect, _run in (("duckdb", "duckdb <"), ("spark", "spark-sql -f"), ("postgresql", "psql -f")):
    TARGETS.add(f"sql-{_dialect}", _sql_target(_dialect, _run))
TARGETS.add(
    "python",
    Target(
        write=lambda exported, _table: write_python(exported).encode(), check_suffix=".py", run="python", differ=_differ_python,
        check=lambda _exported, proof, file: write_script_check(proof, file, PYTHON),
    ),
)  # fmt: skip
TARGETS.add(
    "onnx",
    Target(
        write=lambda exported, _table: write_onnx(exported), check_suffix=".py", run="python", differ=_differ_onnx,
        check=lambda _exported, proof, file: write_script_check(proof, file, ONNX, _ONNX_IMPORTS),
    ),
)  # fmt: skip
