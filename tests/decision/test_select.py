"""SQL decides as Python does: every shipped policy, and one that has every part of the language; planted defects are found."""

from __future__ import annotations

import os
from collections import Counter
from functools import cache

import msgspec
import pyarrow as pa
import pytest

from weilend.app.desk.backtest.history import evaluator_of
from weilend.core.errors import InputError
from weilend.decision import Evaluator, load_policy, packing, policy_names
from weilend.decision import select as code
from weilend.decision.cases import case_values
from weilend.decision.select import Selection, select_program
from weilend.engine.programs import open_history
from weilend.formula import duckdb
from weilend.formula.standard import Table
from weilend.testing.applications import find_mismatches, make_applications
from weilend.testing.policies import large_cases, large_evaluator
from weilend.testing.spark import NO_SPARK, spark_session

LARGE = "large"
#: For each policy; 20,000 in all, and a million each by night.
ROWS = 7_000
BATCH = 50_000


@cache
def evaluator(name: str) -> Evaluator:
    return large_evaluator() if name == LARGE else evaluator_of(load_policy(name))


def applications(name: str, rows: int, seed: int) -> pa.Table:
    one = evaluator(name)
    cases = large_cases() if name == LARGE else [case_values(one.policy, case) for case in one.policy.cases]
    return make_applications(one.program, rows, seed, cases)


def decide(made: pa.Table, selection: Selection) -> pa.Table:
    with open_history(made.append_column("row", pa.array(range(made.num_rows)))) as history:
        return history.ask(selection.sql).sort_by("row")


def campaign(name: str, rows: int, seed: int, table: Table | None = None) -> tuple[list[str], Counter[str]]:
    """Return the mismatches among many applications, and how often each outcome came up."""
    selection = select_program(evaluator(name).program, keep=["row"], table=table)
    found, outcomes = [], Counter()
    for start in range(0, rows, BATCH):
        made = applications(name, min(BATCH, rows - start), seed + start)
        decided = decide(made, selection)
        found += find_mismatches(evaluator(name), made, selection, decided)
        outcomes.update(decided["outcome"].to_pylist())
    return found, outcomes


@pytest.mark.parametrize("name", [*policy_names(), LARGE])
def test_sql_decides_as_python_does(name: str) -> None:
    found, outcomes = campaign(name, ROWS, seed=int(os.environ.get("WEILEND_SEED", "1")))
    assert found == []
    assert min(outcomes[outcome] for outcome in ("approve", "refer", "decline")) > ROWS // 100


@pytest.mark.nightly
@pytest.mark.parametrize("name", [*policy_names(), LARGE])
def test_sql_decides_as_python_does_a_million_times(name: str) -> None:
    assert campaign(name, 1_000_000, seed=2)[0] == []


def sparked(name: str, rows: int) -> list[str]:
    """Return the mismatches of Spark, which compiles the query as it does over files."""
    made = applications(name, rows, seed=3)
    selection = select_program(evaluator(name).program, "spark", keep=["row"])
    session = spark_session().newSession()
    session.conf.set("spark.sql.codegen.factoryMode", "CODEGEN_ONLY")
    session.conf.set(
        "spark.sql.execution.arrow.localRelationThreshold", "0"
    )  # or the query is walked through while it is planned
    session.createDataFrame(made.append_column("row", pa.array(range(rows)))).createOrReplaceTempView("applications")
    return find_mismatches(evaluator(name), made, selection, session.sql(selection.sql).toArrow().sort_by("row"))


needs_spark = pytest.mark.skipif(bool(NO_SPARK), reason=NO_SPARK or "Spark is here")


@needs_spark
@pytest.mark.xdist_group("spark")
def test_spark_decides_as_python_does() -> None:
    """The policy with every part of the language; planning takes seconds, whatever the rows, so the others wait for the night."""
    assert sparked(LARGE, 3_000) == []


@needs_spark
@pytest.mark.nightly
@pytest.mark.xdist_group("spark")
@pytest.mark.parametrize("name", policy_names())
def test_spark_decides_as_python_does_by_every_policy(name: str) -> None:
    assert sparked(name, 10_000) == []


def _without_null(pile, node, columns):
    """Planted: a step that is written out where it is read loses its CASE, and so its NULL."""
    inlined = INLINE(pile, node, columns)
    return inlined.args[1] if node.op == "field" and inlined.op == "case" and len(inlined.args) == 3 else inlined


def _from_the_wrong_end(bits, taken, asks):
    return SUM(bits[::-1], taken[::-1], asks)


def _null_is_true(bits, taken, asks):
    return SUM([msgspec.structs.replace(one, on_null=False) for one in bits], taken, asks)


def _asks_anything(node):
    """Planted: what is asked for NULL is taken for what is asked for true."""
    step, _ = ASKED(node)
    return step, False


ASKED = packing._asked
INLINE, SUM = code._Pile._inline, packing._sum
PLANTED = {
    "what is not known counts as true": lambda patch: patch.setattr(packing, "_sum", _null_is_true),
    "bits from the wrong end": lambda patch: patch.setattr(packing, "_sum", _from_the_wrong_end),
    "an outcome asks for a bit too many": lambda patch: patch.setattr(packing, "_asked", _asks_anything),
    "a step loses its NULL": lambda patch: patch.setattr(code._Pile, "_inline", _without_null),
}
#: Defects of the dialect that reach a policy.
WRONG_TABLES: dict[str, Table] = {
    "half down": {**duckdb.TABLE, "mul_rate": lambda _, args: f"({args[0]}::BIGINT * {args[1]} // 1000000)"},
    "greatest skips NULL": {**duckdb.TABLE, "greatest": lambda _, args: f"greatest({', '.join(args)})"},
    "an open BETWEEN": {**duckdb.TABLE, "between": lambda _, args: f"({args[0]} > {args[1]} AND {args[0]} <= {args[2]})"},
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_defects_of_the_select_are_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    PLANTED[name](monkeypatch)
    assert campaign(LARGE, 2_000, seed=1)[0]


@pytest.mark.parametrize("name", WRONG_TABLES)
def test_planted_defects_of_the_dialect_are_found(name: str) -> None:
    assert campaign(LARGE, 2_000, seed=1, table=WRONG_TABLES[name])[0]


def test_each_step_is_written_once() -> None:
    """However often a step is read, its formula stands in the query once: the text grows with the policy, not with its depth."""
    program = evaluator(LARGE).program
    text = select_program(program).sql
    step = next(step for step in program.steps if step.name == "given_pd_ppm")
    rarest = max((node.value for node in step.formula.root.walk() if node.op == "literal"), key=lambda number: number)
    assert text.count(str(rarest)) == 1
    assert len(text) < 60 * sum(len(step.formula.text) for step in program.steps) // 10


def test_a_trace_shows_every_step_and_only_on_demand() -> None:
    one = evaluator("enterprise_loan")
    made = applications("enterprise_loan", 300, seed=4)
    traced = decide(made, select_program(one.program, keep=["row"], trace=True)).to_pylist()
    for values, row in zip(made.to_pylist(), traced, strict=True):
        told = one.trace(values)
        assert {step.name: row[f"step_{step.name}"] for step in one.program.steps} == {
            step.name: told[step.name] for step in one.program.steps
        }
    assert not any(column.startswith("step_") for column in select_program(one.program).columns)


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="two columns would be called 'outcome'"):
        select_program(evaluator("enterprise_loan").program, keep=["outcome"])


def test_kept_columns_may_be_called_as_steps_are() -> None:
    """History has columns of its own, such as the grade of another policy; inside, they do not meet the policy's names."""
    made = applications("enterprise_loan", 50, seed=5).append_column("grade", pa.array(["old"] * 50))
    selection = select_program(evaluator("enterprise_loan").program, keep=["grade", "row"], prefix="new_")
    decided = decide(made, selection)
    assert set(decided["grade"].to_pylist()) == {"old"}
    assert "old" not in decided["new_grade"].to_pylist()


def test_a_finding_beyond_the_first_column_is_packed_into_the_next() -> None:
    packed = list(packing.pack_findings(evaluator(LARGE).program).values())
    assert len(packed) > 1
    assert {len(bits) for bits in packed[:-1]} == {packing.BITS}
