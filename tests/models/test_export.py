"""Exported models: SQL, formulas and Python give the model's own whole numbers on rows with gaps, codes, new words and extremes."""

from __future__ import annotations

import duckdb
import msgspec
import numpy as np
import pyarrow as pa
import pytest
import sqlglot

from weilend.core.errors import InputError, NotFoundError
from weilend.models.calibration import Calibrated
from weilend.models.curve import FINE, Curve
from weilend.models.export import export_boosted, export_card, write_python, write_sql
from weilend.models.export.sql import DIALECTS
from weilend.models.forest import GRID
from weilend.models.recipes import additive_boosting, monotone_boosting, woe_card
from weilend.models.recipes.monotone_boosting import example_sample
from weilend.models.table import Table
from weilend.models.training import Budget
from weilend.testing.spark import NO_SPARK, spark_session

ROWS = 10_000
QUICK = Budget(folds=3, repeats=1, most_trees=15)
EDGES = (-(2**62) + 1, -(10**15), -10, -9, -8, -1, 0, 1, 10**15, 2**62 - 1)


def strange_rows(table: Table, rows: int, words: int = 4) -> Table:
    """Return rows drawn from a table, then with extremes, gaps and categories that no training has seen."""
    rng = np.random.default_rng(40)
    values = table.values[rng.integers(0, len(table), rows)]
    odd = rng.random(values.shape) < 0.15
    values = np.where(odd, rng.choice(EDGES, values.shape), values)
    if "region" in table.names:
        values[:, table.names.index("region")] = rng.integers(0, words + 1, rows)
    known = rng.random(values.shape) > 0.15
    return Table(table.names, np.where(known, values, 0), known, tuple(map(str, range(rows))))


def plain(model, table: Table) -> dict[str, list[int | str | None]]:
    """Return columns as a database has them: numbers in quanta, categories as words."""
    words = {c.name: (*c.words, "elsewhere") for c in getattr(model, "columns", ()) if c.kind == "category"}
    return {
        name: [None if not k else words[name][v] if name in words else v for v, k in zip(values.tolist(), known, strict=True)]
        for name, values, known in zip(table.names, table.values.T, table.known.T, strict=True)
    }


def models() -> dict[str, tuple[object, Table, object]]:
    sample = example_sample(900, seed=41)
    bent = Calibrated("isotonic", Curve((-3 * GRID, -GRID, GRID // 2, 2 * GRID),
                      (800 * FINE + 5, 650 * FINE, 520 * FINE + 77, 300 * FINE)), {})  # fmt: skip
    boosted = monotone_boosting.fit(sample, seed=1, trials=1, budget=QUICK)
    additive = additive_boosting.fit(sample, seed=1, trials=1, budget=QUICK, most_pairs=3)
    curved = msgspec.structs.replace(additive, curve=bent.curve)
    card, firms = woe_card.example_card(), woe_card.example_data()[0]
    made = {"trees": boosted, "tables": additive, "bent_curve": curved}
    return {"card": (card, firms, export_card(card))} | {n: (m, sample.table, export_boosted(m)) for n, m in made.items()}


MODELS = models()


@pytest.mark.parametrize("name", MODELS)
def test_duckdb_says_what_the_model_says(name):
    model, table, exported = MODELS[name]
    rows = strange_rows(table, ROWS)
    said = model.predict(rows)
    with duckdb.connect(config={"threads": 1}) as base:
        base.register("some rows", pa.table({**plain(model, rows), "place": range(ROWS)}))
        found = base.sql(write_sql(exported, "duckdb", "some rows") + " ORDER BY place").select("points", "pd_ppm").fetchnumpy()
    assert (found["points"] == said.points).all()
    assert (found["pd_ppm"] == said.pd_ppm).all()
    assert len(set(said.points.tolist())) >= 20


@pytest.mark.parametrize("name", MODELS)
def test_python_says_what_the_model_says_and_needs_nothing_else(name):
    model, table, exported = MODELS[name]
    rows = strange_rows(table, 1_000)
    text, module = write_python(exported), {}
    assert "weilend" not in text
    exec(compile(text, "exported", "exec"), module)
    columns, said = plain(model, rows), model.predict(rows)
    found = [module["predict"](dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]
    assert found == list(zip(said.points.tolist(), said.pd_ppm.tolist(), strict=True))


@pytest.mark.parametrize("name", MODELS)
def test_postgresql_is_read_as_the_same_query(name):
    """Translated to DuckDB by sqlglot, which knows that PostgreSQL divides whole numbers; a server was asked by hand."""
    model, table, exported = MODELS[name]
    rows = strange_rows(table, 1_000)
    query = sqlglot.transpile(write_sql(exported, "postgresql", "rows"), read="postgres", write="duckdb")[0]
    with duckdb.connect(config={"threads": 1}) as base:
        base.register("rows", pa.table({**plain(model, rows), "place": range(1_000)}))
        found = base.sql(query + " ORDER BY place").select("points", "pd_ppm").fetchnumpy()
    said = model.predict(rows)
    assert (found["points"] == said.points).all()
    assert (found["pd_ppm"] == said.pd_ppm).all()


@pytest.mark.nightly
@pytest.mark.skipif(bool(NO_SPARK), reason=NO_SPARK)
@pytest.mark.xdist_group("spark")
@pytest.mark.parametrize("name", MODELS)
def test_spark_says_what_the_model_says(name):
    model, table, exported = MODELS[name]
    rows = strange_rows(table, 1_000)
    session = spark_session()
    session.createDataFrame(pa.table({**plain(model, rows), "place": range(1_000)})).createOrReplaceTempView("rows")
    found = session.sql(write_sql(exported, "spark", "rows")).select("place", "points", "pd_ppm").orderBy("place").collect()
    said = model.predict(rows)
    assert [(row.points, row.pd_ppm) for row in found] == list(zip(said.points.tolist(), said.pd_ppm.tolist(), strict=True))


def test_postgresql_works_out_each_inner_query_once():
    """Without a fence the server ran out of memory on these trees: it copies each formula to wherever it is read."""
    query = write_sql(MODELS["trees"][2], "postgresql", "rows")
    assert query.count("OFFSET 0") == query.count("AS layer_")


def test_a_planted_fault_is_noticed():
    model, table, exported = MODELS["tables"]
    rows = strange_rows(table, 3_000)
    wrong = write_sql(exported, "duckdb", "rows").replace("<=", "<")
    with duckdb.connect(config={"threads": 1}) as base:
        base.register("rows", pa.table({**plain(model, rows), "place": range(3_000)}))
        found = base.sql(wrong + " ORDER BY place").select("points").fetchnumpy()["points"]
    assert (found != model.predict(rows).points).any()


def test_large_trees_unknown_dialects_and_names_that_clash_are_refused(monkeypatch):
    exported = MODELS["trees"][2]
    with pytest.raises(NotFoundError, match="no SQL dialect"):
        write_sql(exported, "cobol", "rows")
    clash = msgspec.structs.replace(exported, inputs=(msgspec.structs.replace(exported.inputs[0], feature="points"),))
    with pytest.raises(InputError, match="rename the column"):
        write_sql(clash, "duckdb", "rows")
    assert sorted(DIALECTS) == ["duckdb", "postgresql", "spark"]
    monkeypatch.setattr("weilend.models.export.steps.MOST_LEAVES", 10)
    start = {**monotone_boosting.STARTS[0], "feature_fraction": 1.0}
    monkeypatch.setattr(monotone_boosting, "STARTS", (start,))
    deep = monotone_boosting.fit(example_sample(900, seed=41), seed=1, trials=1, budget=QUICK)
    with pytest.raises(InputError, match="are written out"):
        export_boosted(deep)
