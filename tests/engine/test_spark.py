"""Spark folds the same states from the same folder: every invoice feature and every aggregate, compacted or not, at any seq."""

from __future__ import annotations

import os
import tempfile
from datetime import date, timedelta
from pathlib import Path

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
from weilend.features.sets import INVOICE
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
