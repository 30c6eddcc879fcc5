"""An export is handed out with rows that meet every edge and a check that runs; a planted fault at any edge is caught."""

from __future__ import annotations

import importlib
import subprocess
import sys

import duckdb
import msgspec
import pytest
import sqlglot

from weilend.app.desk.models.export import export_model
from weilend.core.errors import CheckError, InputError
from weilend.formula import parse
from weilend.models.calibration import Calibrated
from weilend.models.curve import FINE, Curve
from weilend.models.export import TARGETS, Exported, draw_proof, export_boosted, export_card, find_differences
from weilend.models.export.onnx import ask_onnx, write_onnx
from weilend.models.export.steps import Input
from weilend.models.forest import GRID
from weilend.models.recipes import additive_boosting, flat_card, monotone_boosting, woe_card
from weilend.models.recipes.monotone_boosting import example_sample
from weilend.models.sample import Column

HAS_ONNX = all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime"))
NO_ONNX = "the extra onnx is not installed"
NIGHTLY_ONNX = (pytest.mark.nightly, pytest.mark.skipif(not HAS_ONNX, reason=NO_ONNX))


def models():
    """Each sort of model: a card of the book, one of a table with words and codes, trees, and tables with a bent curve."""
    table_card = flat_card.fit(example_sample(900, seed=41), seed=1)
    boosted, additive = monotone_boosting.example_model(), additive_boosting.example_model()
    bent = Calibrated("isotonic", Curve((-3 * GRID, -GRID, GRID // 2), (800 * FINE + 5, 650 * FINE, 520 * FINE + 77)), {})
    return {
        "card": (woe_card.example_card(), ()),
        "table card": (table_card, tuple(item.feature for item in table_card.characteristics)),
        "trees": (boosted, boosted.columns),
        "bent": (msgspec.structs.replace(additive, curve=bent.curve), additive.columns),
    }


MODELS = models()
LONG = pytest.param("trees", marks=pytest.mark.nightly)  # their SQL and Python are tested in test_export
SHORT = [*(name for name in MODELS if name != "trees"), LONG]


def exported_of(name: str) -> Exported:
    model, _ = MODELS[name]
    return export_card(model) if "card" in name else export_boosted(model)


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.parametrize("target", ["formula", "python"])
def test_what_is_written_scores_as_the_model_does(name, target):
    model, columns = MODELS[name]
    exported = exported_of(name)
    proof = draw_proof(model, exported, columns)
    assert TARGETS[target].differ(TARGETS[target].write(exported, "rows"), exported, proof) == 0
    assert len(set(proof.points)) > 10, "the rows are not all alike"


@pytest.mark.parametrize(
    ("name", "dialect"),
    [("table card", "duckdb"), ("card", "postgresql"), pytest.param("bent", "postgresql", marks=pytest.mark.nightly)],
)
def test_the_check_of_a_database_finds_nothing_but_what_was_planted(name, dialect):
    """PostgreSQL's is translated by sqlglot here; a server was asked by hand."""
    model, columns = MODELS[name]
    exported = exported_of(name)
    query = TARGETS[f"sql-{dialect}"].check(exported, draw_proof(model, exported, columns), "")
    read = "postgres" if dialect == "postgresql" else dialect
    with duckdb.connect(config={"threads": 1}) as base:

        def asked(text: str) -> tuple[int, int]:
            return base.sql(sqlglot.transpile(text, read=read, write="duckdb")[0]).fetchall()[0]

        assert asked(query) == (300, 0)
        head, inner = query.split("SELECT *", 1)
        assert asked(head + "SELECT *" + inner.replace("<=", "<"))[1] > 0


@pytest.mark.skipif(not HAS_ONNX, reason=NO_ONNX)
@pytest.mark.parametrize("name", SHORT)
def test_onnx_says_what_the_model_says_to_the_bit(name):
    model, columns = MODELS[name]
    exported = exported_of(name)
    proof = draw_proof(model, exported, columns, rows=1_000)
    content = write_onnx(exported)
    assert ask_onnx(content, proof) == (list(proof.points), list(proof.pd_ppm))
    assert content == write_onnx(exported)


def test_without_the_extra_it_says_so_in_words(monkeypatch, tmp_path):
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr("weilend.models.export.onnx.importlib.import_module", missing)
    with pytest.raises(InputError, match=r"onnx is not installed.*pip install 'weilend\[onnx\]'"):
        export_model(*MODELS["card"], "onnx", tmp_path / "card.onnx")
    assert list(tmp_path.iterdir()) == []


def test_every_edge_of_a_card_is_met():
    """Each cut of each characteristic is moved by one, each points by one: the proof notices every single one."""
    for name in ("card", "table card"):
        model, columns = MODELS[name]
        proof = draw_proof(model, export_card(model), columns)
        changed = 0
        for at, item in enumerate(model.characteristics):
            spots = [("cuts", place) for place in range(len(item.cuts))] + [
                ("points", place) for place in range(len(item.points))
            ]
            for field, place in spots:
                values = list(getattr(item, field))
                if field == "cuts" and item.points[place] == item.points[place + 1]:
                    continue
                values[place] += 1
                other = msgspec.structs.replace(item, **{field: tuple(values)})
                items = (*model.characteristics[:at], other, *model.characteristics[at + 1 :])
                fault = export_card(msgspec.structs.replace(model, characteristics=items))
                assert find_differences(fault, proof) > 0, (name, item.feature.name, field, place)
                changed += 1
        assert changed > 5


@pytest.mark.parametrize(
    "target", ["python", pytest.param("formula", marks=pytest.mark.nightly), pytest.param("onnx", marks=NIGHTLY_ONNX)]
)
def test_the_check_is_a_script_that_fails_where_the_file_was_changed(target, tmp_path):
    suffix = {"python": "py", "formula": "txt", "onnx": "onnx"}[target]
    handed = export_model(*MODELS["table card"], target, tmp_path / f"card.{suffix}")
    assert handed.was_run
    run = [sys.executable, handed.check.name]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "300 rows checked, 0 scored otherwise than by the model\n"), done.stderr
    if target == "python":
        handed.model.write_text(handed.model.read_text(encoding="utf-8").replace("<=", "<"), encoding="utf-8")
        done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 1


def test_what_is_not_the_model_is_not_handed_out(monkeypatch, tmp_path):
    right = exported_of("card")
    fields = {each.name: each.field for each in right.inputs}
    (first, formula), *rest = right.steps
    wrong = msgspec.structs.replace(right, steps=((first, parse(formula.text.replace("<=", "<", 1), fields)), *rest))
    monkeypatch.setattr("weilend.app.desk.models.export.export_card", lambda _: wrong)
    with pytest.raises(CheckError, match="rows are scored otherwise than by the model"):
        export_model(*MODELS["card"], "sql-spark", tmp_path / "card.sql")
    assert list(tmp_path.iterdir()) == []


def test_what_has_to_be_given_is_said_in_one_line_whatever_a_column_is_called():
    column = Column(name="odd\nname", scale=100)
    card = MODELS["card"][0]
    item = msgspec.structs.replace(card.characteristics[0], feature=column)
    exported = export_card(msgspec.structs.replace(card, characteristics=(item,)))
    text = TARGETS["sql-duckdb"].write(exported, "rows").decode()
    assert "--   odd name: a number times 100, rounded to a whole number\n" in text
    assert all(line.startswith("--") for line in text.split("SELECT")[0].strip().split("\n"))
    assert isinstance(exported.inputs[0], Input)
