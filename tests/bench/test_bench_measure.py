"""The benchmark's measure: both orders, honest ratios, and a failure where results differ; peers are asked on tiny sizes only.

The peers live in an environment of their own (`make bench` makes it); where it is not there, their tests say so and skip.
"""

from __future__ import annotations

import importlib
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".bench-venv" / "bin" / "python"
#: Sizes at which each subject is done in seconds; what counts here is that all agree.
TINY = {
    "policy": "20, 2, 20000",
    "replay": "60",
    "formula": "20, 2",
    "features": "6000, 3, 2",
    "windows": "6000, 60, 2",
    "library": "6000, 30, 300",
    "online": "6000, 2",
    "binning": "20000, 3, 2",
    "book": "400, 5, 2",
    "placing": "30, 300, 2",
    "sources": "2000, 500, 2",
    "lists": "40000, 2000, 2",
    "detectors": "300, 2, 1",
    "graph": "20000, 60, 2",
}


@pytest.fixture
def bench(monkeypatch):
    """The modules of the benchmark, which is no part of the package."""
    monkeypatch.syspath_prepend(str(ROOT))
    return lambda name: importlib.import_module(f"bench.{name}")


def test_every_other_pass_runs_in_the_opposite_order(bench):
    said = []
    measure = bench("measure")
    samples = measure.race({"a": lambda: said.append("a"), "b": lambda: said.append("b")}, passes=4, least_seconds=0)
    assert "".join(said) == "ab" + "abbaabba"  # one call of each to warm up
    assert {name: len(taken) for name, taken in samples.items()} == {"a": 4, "b": 4}


def test_a_ratio_is_taken_within_a_pass_so_drift_does_not_touch_it(bench):
    measure = bench("measure")
    ours, theirs = ([measure.Sample(second * factor, 0.0) for second in (1, 10, 100)] for factor in (1, 3))
    (row,) = measure.compare("work", {"weilend": ours, "peer": theirs}, unit="s", scale=1, check="equal")
    assert (row.ratio, row.low, row.high) == (3, 3, 3)
    assert (row.ours, row.theirs) == (10, 30)


def test_more_is_better_turns_the_ratio_round(bench):
    measure = bench("measure")
    assert measure.plain_row("profit", "yuan", 110, "greedy", 100, check="-", higher=True).ratio == 1.1
    assert measure.plain_row("bytes", "MB", 50, "SQLite", 100, check="-").ratio == 2


@pytest.mark.parametrize(("seconds_a_call", "calls"), [(1e-6, 10_000), (1.0, 1)])
def test_short_work_is_called_often_enough_and_long_work_once(bench, monkeypatch, seconds_a_call, calls):
    measure = bench("measure")
    monkeypatch.setattr(measure, "sample", lambda _work, _calls: measure.Sample(wall=seconds_a_call, cpu=seconds_a_call))
    assert measure.calls_for(lambda: None, 0.01) == calls


def test_a_difference_is_named_where_it_is(bench):
    measure = bench("measure")
    measure.agree("features", {"sales": [1, None]}, {"sales": [1, None]})
    with pytest.raises(measure.DisagreementError, match=r"features, sales, number 1: weilend says None, the peer 2"):
        measure.agree("features", {"sales": [1, None]}, {"sales": [1, 2]})


def test_a_difference_ends_with_exit_code_1_and_a_sentence(bench):
    measure = bench("measure")

    def differ():
        measure.agree("one decision", "approve", "decline")

    with pytest.raises(SystemExit) as ended:
        measure.emit(differ)
    assert ended.value.code == "results differ: one decision: weilend says 'approve', the peer 'decline'"


def test_the_table_has_a_line_for_each_row_and_shows_no_spread_of_what_is_counted_once(bench):
    row = {"work": "profit", "unit": "yuan", "ours": 1100.0, "peer": "greedy", "theirs": 1000.0, "ratio": 1.1,
           "low": 1.1, "high": 1.1, "check": "never less"}  # fmt: skip
    head, line = bench("run").table([row]).splitlines()
    assert head.split() == ["work", "unit", "weilend", "peer", "its", "ratio", "least-most", "results"]
    assert line.split() == ["profit", "yuan", "1,100", "greedy", "1,000", "1.10", "never", "less"]


def test_every_subject_has_a_file_and_a_tiny_size(bench):
    measured = {path.stem for path in (ROOT / "bench").glob("*.py") if "    emit(" in path.read_text(encoding="utf-8")}
    assert set(bench("run").SUBJECTS) == set(TINY) == measured


@pytest.mark.skipif(not PYTHON.exists(), reason="no .bench-venv with the peers: make bench makes it")
@pytest.mark.parametrize("subject", TINY)
def test_weilend_and_its_peers_agree_on_tiny_sizes(subject, bench):
    code = f"from bench.{subject} import rows; found = rows({TINY[subject]}); assert found; print(len(found))"
    environment = {**os.environ, **bench("run").THREADS}
    done = subprocess.run([PYTHON, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.splitlines()[-1]) >= 1


@pytest.mark.skipif(not PYTHON.exists(), reason="no .bench-venv with the peers: make bench makes it")
def test_a_wrong_policy_is_caught_by_the_peers():
    code = """
import msgspec
from bench import policy, policy_peers
from weilend.testing.policies import compile_large, large_card, large_evaluator, large_policy
right, graph = large_policy(), policy_peers.zen_graph
rules = [msgspec.structs.replace(one, when="shop_age_months <= 39") if one.id == "young_shop" else one for one in right.rules]
policy_peers.zen_graph = lambda wrong: graph(large_evaluator())
policy.large_evaluator = lambda: compile_large(msgspec.structs.replace(right, rules=tuple(rules)), large_card(right))
policy.emit(lambda: policy.one_by_one(60, 2))
"""
    done = subprocess.run([PYTHON, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "results differ: rules, zen graph" in done.stderr or "results differ: outcome" in done.stderr
