"""What-if, search, recourse and trials from files, through the command line: numbers, pages, refusals."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from whatif_example import make_log

from weilend.app.cli.main import cli
from weilend.app.desk.backtest.history import evaluator_of
from weilend.app.desk.whatif import search
from weilend.app.desk.whatif.estimate import run_whatif
from weilend.app.desk.whatif.search import read_levels, run_search
from weilend.core.errors import InputError
from weilend.decision import load_policy
from weilend.decision.parameters import with_parameters
from weilend.decision.prover import Verdict

WIDER = {"max_top_customer_ppm": 950_000}


@pytest.fixture(scope="module")
def log() -> pa.Table:
    return make_log()


@pytest.fixture(scope="module")
def file(log, tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "log.parquet"
    pq.write_table(log, path)
    return path


def weilend(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(one) for one in arguments])


def printed(result: Result) -> str:
    assert result.exception is None, result.exception
    return result.stdout


# ------------------------------------------------------------------------------------------------------------ what-if
def test_a_what_if_counts_the_log_row_by_row(log, file):
    evaluator = evaluator_of(with_parameters(load_policy("enterprise_loan"), WIDER))
    found = run_whatif(evaluator, file).result
    rows = log.to_pylist()
    yes = [evaluator.answer(row).outcome == "approve" for row in rows]
    both = [row for row, one in zip(rows, yes, strict=True) if one and row["logged_outcome"] == "approve"]
    assert (found.applications, found.approved, found.known.applications) == (len(rows), sum(yes), len(both))
    assert found.known.bad_ppm.value == round(1e6 * np.mean([row["bad"] for row in both]))
    tried = [row for row, one in zip(rows, yes, strict=True) if one and row["logged_chance_ppm"] == 700_000]
    never = [row for row, one in zip(rows, yes, strict=True) if one and row["logged_outcome"] == "decline" and row not in tried]
    assert (found.tried[0].applications, found.unknown.applications) == (len(tried), len(never))
    assert any("grade = " in segment for segment in found.unknown.segments)


def test_the_policy_of_the_log_has_nothing_to_estimate(file):
    found = run_whatif(evaluator_of(load_policy("enterprise_loan")), file).result
    assert (found.tried, found.beyond, found.unknown.applications, found.refusals) == ((), None, 0, ())


def test_what_is_missing_is_said_or_refused(log, tmp_path):
    bare, evaluator = tmp_path / "bare.parquet", evaluator_of(load_policy("enterprise_loan"))
    pq.write_table(log.drop_columns(["logged_chance_ppm", "logged_rate_ppm", "owner_id"]), bare)
    assumed = " ".join(run_whatif(evaluator, bare).assumed)
    assert all(name in assumed for name in ("logged_chance_ppm", "logged_rate_ppm", "owner_id"))
    pq.write_table(log.drop_columns(["profit_fen"]), bare)
    with pytest.raises(InputError, match="no column profit_fen"):
        run_whatif(evaluator, bare)
    place = log.column_names.index("logged_outcome")
    pq.write_table(log.set_column(place, "logged_outcome", pa.array(["yes"] * len(log))), bare)
    with pytest.raises(InputError, match="logged_outcome holds yes"):
        run_whatif(evaluator, bare)
    place = log.column_names.index("loss_fen")
    pq.write_table(log.set_column(place, "loss_fen", pa.nulls(len(log), pa.int64())), bare)
    with pytest.raises(InputError, match="loss_fen is NULL where an outcome is known"):
        run_whatif(evaluator, bare)


def test_the_command_prints_the_parts_and_writes_the_page(file, tmp_path):
    page = tmp_path / "page.html"
    text = printed(weilend("policy", "whatif", "enterprise_loan", "--data", file, "--segment", "region", "--out", page))
    assert text.splitlines()[0].startswith("known: ")
    assert "together (" in text
    assert "added up" in page.read_text(encoding="utf-8")
    told = json.loads(printed(weilend("policy", "whatif", "enterprise_loan", "--data", file, "--explain", "points", "--json")))
    assert set(told) >= {"known", "tried", "beyond", "unknown", "combined", "refusals"}


# -------------------------------------------------------------------------------------------------------------- search
VARY = ("--vary", "margin_ppm=5000,10000,15000", "--vary", "max_top_customer_ppm=800000:950000:150000")


@pytest.fixture
def passing(monkeypatch):
    """The prover takes seconds for each variant and is tested elsewhere: here it refutes the first that is asked for alone."""
    asked: list[str] = []

    def verdicts(policy) -> Sequence[Verdict]:
        asked.append(policy.identity)
        status = "refuted" if len(asked) == 1 else "proven"
        return [Verdict(kind="price", where="floor_rate", status=status, said="too dear", witness=None)]

    monkeypatch.setattr(search, "policy_verdicts", verdicts)


def test_a_search_proposes_only_what_the_prover_passes(file, passing):
    found = run_search(load_policy("enterprise_loan"), file, levels=read_levels(VARY[1::2]))
    assert found.tried == 6
    ranked = [one.ranked[2] for one in found.frontier]
    assert ranked == sorted(ranked, reverse=True)
    assert len(found.refused) == 1, "the most profitable is refuted, the second is not"
    assert found.won == found.points[1]
    assert found.winner == with_parameters(load_policy("enterprise_loan"), found.won.variant.values)
    assert found.points[0].result.known.applications == found.points[0].variant.known.applications
    assert found.base.variant.values == {"margin_ppm": 10_000, "max_top_customer_ppm": 800_000}


def test_the_search_command_writes_its_page(file, tmp_path, passing):
    page = tmp_path / "frontier.html"
    text = printed(weilend("policy", "search", "enterprise_loan", "--data", file, *VARY, "--out", page))
    assert "proven: margin_ppm" in text
    html = page.read_text(encoding="utf-8")
    assert "The frontier" in html
    assert "By model alone" in html


def test_a_search_without_a_winner_fails_and_says_why(file, monkeypatch):
    refuted = Verdict(kind="price", where="floor_rate", status="refuted", said="too dear", witness=None)
    monkeypatch.setattr(search, "policy_verdicts", lambda policy: [refuted])
    result = weilend("policy", "search", "enterprise_loan", "--data", file, "--vary", "margin_ppm=15000,20000", "--json")
    assert (result.exit_code, json.loads(result.stdout)["winner"]) == (1, None)
    assert "too dear" in json.loads(result.stdout)["refused"][0]


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ("margin_ppm=a,b", "is not NAME="),
        ("charm=1,2", "no parameter of the policy's own"),
        ("margin_ppm=1,900000", "is outside"),
    ],
)
def test_a_search_that_cannot_be_is_one_sentence(vary, said, file):
    result = weilend("policy", "search", "enterprise_loan", "--data", file, "--vary", vary)
    assert said in str(result.exception)


# -------------------------------------------------------------------------------------------------------------- trials
def trial_file(path, better: float):
    rng = np.random.default_rng(5)
    rows = 900
    arm = rng.random(rows) < 0.5
    month = np.sort(rng.integers(0, 12, rows))
    pq.write_table(
        pa.table({
            "owner_id": [f"O{number}" for number in range(rows)],
            "arm": np.where(arm, "challenger", "champion").tolist(),
            "month": [f"2026-{number + 1:02}" for number in month],
            "value_fen": (10_000 * (rng.normal(size=rows) + better * arm)).astype(np.int64),
            "fpd7": np.zeros(rows, np.int64),
            "dpd7": np.zeros(rows, np.int64),
        }),
        path,
    )  # fmt: skip
    return path


def test_a_trial_is_judged_from_a_file(tmp_path):
    good = trial_file(tmp_path / "good.parquet", 0.5)
    plan = ("--planned-owners", 900)
    assert "verdict: promote" in printed(weilend("policy", "trial", good, *plan, "--month", "2027-06"))
    early = printed(weilend("policy", "trial", good, *plan, "--month", "2026-08"))
    assert "verdict: go on" in early
    same = trial_file(tmp_path / "same.parquet", 0.0)
    assert "verdict: no difference" in printed(weilend("policy", "trial", same, *plan, "--month", "2027-06"))
    assert "is no month" in str(weilend("policy", "trial", good, *plan, "--month", "June").exception)
    assert "there is no file" in str(weilend("policy", "trial", tmp_path / "none", *plan, "--month", "2027-06").exception)


def test_power_is_told_for_a_plan():
    rows = json.loads(printed(weilend("policy", "power", "--owners-a-month", 30, "--months", 4, "--runs", 4, "--json")))
    assert rows[0]["bads"] == "× 1"
    assert len(rows) == 6
