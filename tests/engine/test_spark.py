"""Spark folds the same states from the same folder: every invoice feature and every aggregate, compacted or not, at any seq."""

from __future__ import annotations

import os
import tempfile
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.features.test_finish_more import MORE

from weilend.app.desk.desk import open_desk
from weilend.core.plan import Spine
from weilend.engine import duckdb, spark
from weilend.engine.book import Book
from weilend.features.compute import finish
from weilend.features.plans import FeatureSet, make_plan
from weilend.features.sets import INVOICE, LIBRARY
from weilend.testing.bulk import random_records
from weilend.testing.invoices import FIRST_DAY, HOME, Invoice, as_records, invoices
from weilend.testing.spark import NO_SPARK, spark_session

pytestmark = [pytest.mark.skipif(bool(NO_SPARK), reason=NO_SPARK or "Spark is here"), pytest.mark.xdist_group("spark")]
#: An example takes seconds, most of them for planning: few in every run, many in `make fuzz`.
LONG = 10 if os.environ.get("WEILEND_FUZZ") else 1
EVERYTHING = FeatureSet("everything", (*INVOICE.features, *MORE.features))


@settings(max_examples=2 * LONG, deadline=None)
@given(invoices(size=40), st.integers(300, 1300), st.booleans(), st.booleans())
def test_spark_equals_duckdb_to_the_bit(facts, day, compacted, earlier):
    plan = make_plan(EVERYTHING)
    at = HOME.start_of(FIRST_DAY + timedelta(days=day))
    spine = Spine(("E1", "E2", "E1", "nobody"), (at, at, at - 86_400 * 77, at))
    with tempfile.TemporaryDirectory() as folder:
        book = Book.open(Path(folder) / "book", calendar=HOME)
        book.append({"invoice": as_records(facts[: len(facts) // 2])})
        book.append({"invoice": as_records(facts[len(facts) // 2 :])})
        if compacted:
            book.compact("invoice")
        view = book.view(book.view().seq // 2 if earlier else None)
        many = finish(EVERYTHING, spine, duckdb.fold(plan, spine, view, HOME), HOME)
        sparked = finish(EVERYTHING, spine, spark.fold(plan, spine, view, HOME, spark_session()), HOME)
        assert (many.values == sparked.values).all()
        assert (many.known == sparked.known).all()


SOME = ("invoice", "order", "user_event")
LIBRARY_OF_SOME = FeatureSet("some", tuple(one for one in LIBRARY.features if {part.kind for part in one.parts} <= set(SOME)))


def values_of(spine, states):
    """Values as a table, NULL where a feature is not known."""
    table = finish(LIBRARY_OF_SOME, spine, states, HOME)
    columns = zip(LIBRARY_OF_SOME.features, table.values.T, ~table.known.T, strict=True)
    return pa.table({feature.name: pa.array(value, mask=unknown) for feature, value, unknown in columns})


def test_what_executors_finish_is_what_duckdb_gives(tmp_path):
    """Several kinds, instants, subjects a row and blocks; a kind without records, and rows that nobody knows."""
    plan, as_of = make_plan(LIBRARY_OF_SOME), 1_577_808_000
    shops, owners = (("S1", "S3"), ("S2",), (), ("S1",), ("S3",)), (("S2",), (), ("S1", "S3"), ("S2",), ("S9",))
    spine = Spine(
        ("S2", "S1", "S2", "nobody", "S3"),
        (as_of, as_of - 1, as_of - 86_400 * 77, as_of, as_of),
        linked={"shop_id": shops, "owner_id": owners},
    )
    book = Book.open(tmp_path / "book", calendar=HOME)
    times = {"since": as_of - 1_100 * 86_400, "until": as_of + 86_400 * 20}
    book.append(random_records(("invoice", "order"), 5, rows=200, subjects=("S1", "S2", "S3"), **times))
    view = book.view()
    frame = spark.fold_and_finish(plan, spine, view, HOME, spark_session(), values_of, tmp_path / "spine", block_rows=2)
    answer = frame.toArrow().sort_by("spine_row")
    assert answer["spine_row"].to_pylist() == list(range(spine.size))
    assert answer.drop_columns(["spine_row"]).equals(values_of(spine, duckdb.fold(plan, spine, view, HOME)))
    known = [column.null_count < spine.size for column in answer.columns]
    assert sum(known) > len(known) // 2


def test_a_clock_that_leaks_on_spark_is_caught(tmp_path, monkeypatch):
    """Planted bug: a pass in Spark's SQL that reads what is known only later."""
    features = FeatureSet("one", (INVOICE["sales_fen_12m"],))
    plan, late = make_plan(features), Invoice("E1", "C1", "sale", 1, 900, 100_000, "valid", late=400)
    spine = Spine(("E1",), (HOME.start_of(FIRST_DAY + timedelta(days=1000)),))
    book = Book.open(tmp_path / "book", calendar=HOME)
    book.append({"invoice": as_records([late])})

    def sold():
        return finish(features, spine, spark.fold(plan, spine, book.view(), HOME, spark_session()), HOME).column(
            "sales_fen_12m"
        )

    assert sold() == finish(features, spine, duckdb.fold(plan, spine, book.view(), HOME), HOME).column("sales_fen_12m")
    honest = spark.write_pass

    def leaky(*given, **more):
        return honest(*given, **more).replace("WHERE known_at <=", "WHERE 0 <=")

    monkeypatch.setattr(spark, "write_pass", leaky)
    assert sold() == [100_000]


def test_the_how_to_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    """The Python of docs/howto/spark.md on a small home, with the session of this process."""
    page = (Path(__file__).parents[2] / "docs" / "howto" / "spark.md").read_text(encoding="utf-8")
    code = page.split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    spark_session()
    facts = [Invoice("E1", "C1", "sale", 1, (date(2019, 12, 5) - FIRST_DAY).days, 12_300, "valid")]
    open_desk("weilend-home").home.book.append({"invoice": as_records(facts)})
    exec(compile(code, "spark.md", "exec"), {})
    assert capsys.readouterr().out.strip() == "12300"
    assert (tmp_path / "features.parquet").is_dir()
