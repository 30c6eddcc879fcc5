"""A what-if reads a home's own decisions: the table that a file gives, from receipts, their probabilities, records of loans."""

from __future__ import annotations

import json
from datetime import date
from types import SimpleNamespace

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from whatif_example import make_log

from weilend.app.cli.main import cli
from weilend.app.desk.backtest.history import evaluator_of
from weilend.app.desk.deliver import deliver
from weilend.app.desk.home import Home, open_home
from weilend.app.desk.steps import DeskSteps, Request
from weilend.app.desk.whatif.estimate import run_whatif
from weilend.app.desk.whatif.home_log import read_home
from weilend.app.desk.whatif.loan_money import count_money
from weilend.core.errors import InputError, NotFoundError
from weilend.core.values import Application, Decision, FeatureRow, FraudFound, FraudVerdict, Offer, Receipt, Score, Standing
from weilend.decision import load_policy, seal, seals
from weilend.decision.parameters import with_parameters
from weilend.features.sets import FEATURE_SETS
from weilend.testing.loans import HOME as CALENDAR
from weilend.testing.loans import as_tables, loan, payment, state, view_of

APPLIED, BOOKED = date(2023, 1, 10), date(2023, 1, 11)
AS_OF, RIPE, GREEN = (CALENDAR.start_of(day) for day in (APPLIED, date(2024, 6, 1), date(2023, 3, 1)))
WIDER = {"max_top_customer_ppm": 950_000}
ROWS = 240
replace = msgspec.structs.replace


def score_of(pd_ppm: int | None, points: int = 0, outside: str = "") -> Score | None:
    if pd_ppm is None:
        return None
    return Score(model_id="m", base_points=0, points=points, pd_ppm=pd_ppm, contributions=(), outside=tuple(outside))


def receipt_of(row: dict, features: tuple[str, ...], sealed: dict[str, str]) -> Receipt:
    """A row of a log as the receipt that a home would hold of it."""
    business = row["business_id"]
    approved = row["logged_outcome"] == "approve"
    values = {name: row.get(name) for name in features}
    statuses = {name.removesuffix("_status"): word for name, word in row.items() if name.endswith("_status")}
    del statuses["fraud"]
    owed = {name: row[name] for name in ("exposure_fen", "group_exposure_fen", "open_loans_count") if name in row}
    return seal(
        application=Application(
            application_id=f"A-{business}", product="enterprise_loan", business_id=business, as_of=AS_OF, consent_id="own-data"
        ),
        book_seq=0,
        sealed=sealed,
        features=FeatureRow(
            business_id=business, as_of=AS_OF - row.get("row_age_seconds", 0), feature_set="f", values=values
        ),
        fraud=FraudVerdict(row["fraud_status"], (), FraudFound(grade=row.get("fraud_grade", "none"))),
        score=score_of(row["pd_ppm"], row["points"], "x" * row["outside_count"]),
        decision=Decision(
            policy_id="p", outcome=row["logged_outcome"], grade="A", limits_fen={}, reasons=(), arms={},
            ceiling_fen=row["logged_ceiling_fen"], floor_rate_ppm=row["logged_rate_ppm"] if approved else None, months=12,
            chance_ppm=row["logged_chance_ppm"],
        ),
        offer=Offer(status="not_assessed"),
        standing=Standing(
            **owed, sources=statuses, drawn_by=row["owner_id"],
            owner=score_of(row["owner_pd_ppm"]), business=score_of(row["business_pd_ppm"]),
        ),
    )  # fmt: skip


def keep(home: Home, receipts: list[Receipt], request_id: str = "R1") -> None:
    request = Request(request_id, tuple(one.application for one in receipts))
    DeskSteps.commit(SimpleNamespace(home=home, clock=lambda: 0), msgspec.json.encode(request), receipts)
    deliver(home, at=0)


def lent(row: dict) -> list:
    """The loan of an approval: paid off after a year, or ninety days late in the summer."""
    ids = {"name": f"L-{row['business_id']}", "business": row["business_id"], "owner": row["owner_id"]}
    (_, booked) = loan(
        **ids, on=BOOKED, application_id=f"A-{row['business_id']}", product="enterprise_loan",
        principal_fen=row["logged_ceiling_fen"],
    )  # fmt: skip
    if row["bad"]:
        return [booked, state(date(2023, 8, 1), 120, outstanding_fen=row["logged_ceiling_fen"], **ids)]
    return [booked, state(date(2024, 1, 12), word="settled", outstanding_fen=0, overdue_fen=0, **ids)]


@pytest.fixture(scope="module")
def log() -> pa.Table:
    table = make_log(ROWS)
    rng = np.random.default_rng(1)
    owners = [f"O{one}" for one in range(ROWS)]  # a bad loan of an owner is bad for all his loans, which a made-up log is not
    table = table.set_column(table.column_names.index("owner_id"), "owner_id", pa.array(owners))
    few = [max(0, min(one or 0, 3)) for one in table["outside_count"].to_pylist()]
    for name, values in (("outside_count", few), ("points", [one or 0 for one in table["points"].to_pylist()])):
        table = table.set_column(table.column_names.index(name), name, pa.array(values))
    drawn = [name for name in table.column_names if name.endswith("_draw_ppm")]
    return table.drop_columns(drawn).append_column("business_id", pa.array([f"E{one}" for one in rng.permutation(ROWS)]))


@pytest.fixture(scope="module")
def home(log, tmp_path_factory) -> Home:
    opened = open_home(tmp_path_factory.mktemp("home") / "home")
    features = tuple(one.name for one in FEATURE_SETS["enterprise"].features)
    sealed = seals(policy="p", product="q", model="m", feature_set="f", runtime={"python": "3.11"})
    rows = log.to_pylist()
    keep(opened, [receipt_of(row, features, sealed) for row in rows])
    facts = [fact for row in rows if row["logged_outcome"] == "approve" for fact in lent(row)]
    opened.book.append(as_tables(facts))
    return opened


@pytest.fixture(scope="module")
def wider():
    return evaluator_of(with_parameters(load_policy("enterprise_loan"), WIDER))


def test_a_home_says_what_a_file_of_the_same_decisions_says(home, log, wider, tmp_path):
    file = tmp_path / "log.parquet"
    pq.write_table(log, file)
    theirs = run_whatif(wider, file).result
    mine = run_whatif(wider, read_home(home, wider, known_by=RIPE)).result
    assert (mine.applications, mine.approved) == (theirs.applications, theirs.approved)
    for part in ("known", "unknown"):
        assert getattr(mine, part).applications == getattr(theirs, part).applications > 0
    assert mine.known.bad_ppm == theirs.known.bad_ppm
    assert [one.bad_ppm for one in mine.tried] == [one.bad_ppm for one in theirs.tried]
    assert mine.tried[0].effective_owners == theirs.tried[0].effective_owners > 0


def test_before_loans_are_ripe_there_are_bounds_alone_and_it_says_so(home, wider):
    found = run_whatif(wider, read_home(home, wider, known_by=GREEN))
    assert found.result.known.applications == 0
    assert found.result.tried == ()
    assert found.result.beyond is None
    assert found.result.unknown.applications == found.result.approved
    assert found.result.unknown.bad_ppm.lo == 0
    assert any("No loan is ripe yet" in one for one in found.assumed)


def test_a_home_that_logged_no_probabilities_says_so(home, log, wider, tmp_path):
    old = open_home(tmp_path / "old")
    bare = [replace(one, decision=replace(one.decision, chance_ppm=None)) for one in home.store.receipts()]
    resealed = [seal(**{n: getattr(one, n) for n in one.__struct_fields__ if n != "receipt_id"}) for one in bare]
    keep(old, resealed)
    found = run_whatif(wider, read_home(old, wider, known_by=RIPE))
    assert found.result.tried == ()
    assert any("no `logged_chance_ppm`" in one for one in found.assumed)
    some = [*resealed[1:], next(iter(home.store.receipts()))]
    mixed = open_home(tmp_path / "mixed")
    keep(mixed, some)
    said = " ".join(read_home(mixed, wider, known_by=RIPE).assumed)
    assert f"{ROWS - 1:,} of {ROWS:,} receipts log no probability" in said
    refused = read_home(old, wider, known_by=RIPE).table
    assert set(refused["borrowed"].to_pylist()) == {0, 1}, "approvals without a loan lapsed"


def test_what_a_loan_brought_is_counted_to_the_fen(tmp_path):
    """¥100,000 at 15 %: half comes back after 100 days with ¥3,000 of interest, the rest is owed at the end; a second is lost."""
    day, until = date(2023, 1, 1), date(2023, 12, 31)
    paid = payment(1, date(2023, 4, 11), 5_300_000, principal_fen=5_000_000, interest_fen=300_000)
    lost = [
        *loan("L2", on=day, principal_fen=2_000_000, fees_fen=7),
        state(date(2023, 7, 1), word="written_off", name="L2", outstanding_fen=0, written_off_fen=2_000_000),
        state(date(2023, 9, 1), word="recovered", name="L2", outstanding_fen=0, written_off_fen=2_000_000,
              recovered_fen=500_000, recovery_cost_fen=50_000),
    ]  # fmt: skip
    view = view_of(tmp_path, loan("L1", on=day), [paid], lost)
    found = count_money(view, ["L1", "L2", "L3"], CALENDAR.end_of(until), 36_500)
    one, two = found["L1"], found["L2"]
    assert (one.earned_fen, one.owed_fen, one.written_off_fen) == (300_000, 5_000_000, 0)
    assert one.funding_fen == (10_000_000 * 364 - 5_000_000 * 264) // 10_000
    assert one.profit_fen(bad=True, lgd_ppm=600_000) == 300_000 - one.funding_fen - 3_000_000
    assert (two.earned_fen, two.owed_fen, two.written_off_fen) == (7, 0, 1_550_000)
    assert two.funding_fen == 2_000_000 * 181 // 10_000
    assert two.loss_fen(bad=True, lgd_ppm=650_000) == 1_550_000
    assert "L3" not in found


def test_the_command_reads_a_home_where_no_file_is_given(home, tmp_path):
    def weilend(*more: str):
        return CliRunner().invoke(cli, ["policy", "whatif", "enterprise_loan", *more])

    result = weilend("--home", str(home.folder), "--known-by", "2024-06-01", "--out", str(tmp_path / "page.html"))
    assert result.exception is None, result.exception
    assert "ripe by the label default" in result.stdout
    assert f"{ROWS} decisions of home" in (tmp_path / "page.html").read_text(encoding="utf-8")
    told = json.loads(weilend("--home", str(home.folder), "--known-by", "2024-06-01", "--label", "fpd30", "--json").stdout)
    assert told["applications"] == ROWS
    assert "there are no decisions to read" in str(weilend().exception)


def test_what_a_home_cannot_tell_is_refused(home, wider, tmp_path):
    with pytest.raises(InputError, match="decided nothing on enterprise_loan"):
        read_home(open_home(tmp_path / "empty"), wider, known_by=RIPE)
    with pytest.raises(NotFoundError, match="no label 'charm'"):
        read_home(home, wider, known_by=RIPE, label="charm")
