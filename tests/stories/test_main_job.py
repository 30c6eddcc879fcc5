"""The main job, judged from outside: from its files, not from its own words."""

from __future__ import annotations

from collections import defaultdict

import msgspec
import pyarrow.compute as pc
import pytest

from tests.stories.conftest import BUDGET_FEN, order_for
from weilend.core.calendars import first_of_month, month_index
from weilend.core.errors import CheckError, ImmatureLabelError, ReplayError
from weilend.core.money import mul_rate
from weilend.core.values import Receipt
from weilend.decision import verify_receipt
from weilend.features import FEATURE_SETS

FEATURES = FEATURE_SETS["invoice"]
YUAN = 100


def fen(text: str) -> int:
    return round(float(text) * YUAN) if text else 0


def sales_by_business(job, months: int) -> dict[str, int]:
    """Add up valid net sales of the last complete months, straight from the book and without any feature."""
    as_of = job.desk.home.calendar.start_of(job.result.order.as_of)
    table = job.desk.home.book.view().read("invoice", as_of=as_of)
    first = first_of_month(month_index(job.result.order.as_of) - months)
    keep = pc.and_(pc.equal(table["direction"], "sale"), pc.equal(table["status"], "valid"))
    keep = pc.and_(
        keep, pc.and_(pc.greater_equal(table["happened_on"], first), pc.less(table["happened_on"], job.result.order.as_of))
    )
    sums: dict[str, int] = defaultdict(int)
    sold = table.filter(keep)
    for name, amount in zip(sold["business_id"].to_pylist(), sold["net_fen"].to_pylist(), strict=True):
        sums[name] += amount
    return sums


def test_everybody_who_applied_is_decided(job):
    assert len(job.lines) == len(job.result.population.applicants.names) == 302
    assert {line["outcome"] for line in job.lines} <= {"approve", "approve, not placed", "refer", "decline"}
    assert {line["outcome"] for line in job.lines} >= {"approve", "refer", "decline"}
    assert all(line["reasons"] for line in job.lines)


def test_the_budget_keeps_every_constraint_to_the_fen(job):
    rates = {line["annual_rate"] for line in job.lines if line["annual_rate"]}
    amounts = {line["business_id"]: fen(line["amount_yuan"]) for line in job.lines}
    placed = {name: amount for name, amount in amounts.items() if amount}
    assert placed
    assert sum(placed.values()) <= BUDGET_FEN
    assert all(100_000 * YUAN <= amount <= 1_000_000 * YUAN and amount % (10_000 * YUAN) == 0 for amount in placed.values())
    assert all(0.04 <= float(rate) <= 0.15 for rate in rates)
    behind: dict[str, list[int]] = defaultdict(list)
    for name, amount in placed.items():
        behind[job.result.population.applicants.top_customers[name] or name].append(amount)
    shared = [sum(group) for group in behind.values() if len(group) > 1]
    assert all(total * 20 <= sum(placed.values()) for total in shared)
    for line in job.lines:
        assert fen(line["amount_yuan"]) <= fen(line["ceiling_yuan"])
        assert line["outcome"] == "approve" or not fen(line["amount_yuan"])


def test_nobody_gets_what_a_quarter_of_sales_cannot_carry(job):
    sales = sales_by_business(job, 12)
    for line in job.lines:
        assert fen(line["ceiling_yuan"]) <= mul_rate(max(sales[line["business_id"]], 0), 250_000)


def test_no_business_without_a_sale_in_six_months_is_approved(job):
    sold = sales_by_business(job, 6)
    approved = [line["business_id"] for line in job.lines if line["outcome"].startswith("approve")]
    assert all(name in sold for name in approved)


def test_reasons_say_the_values_they_were_given_for(job):
    told = 0
    for receipt in job.result.receipts:
        values = receipt.features.values
        for reason in receipt.decision.reasons:
            if reason.code in values:
                said = FEATURES[reason.code].say(values[reason.code])
                assert (reason.en, reason.zh) == (said.en, said.zh)
                told += 1
        if receipt.score:
            assert receipt.score.points == receipt.score.base_points + sum(part.points for part in receipt.score.contributions)
    assert told > 100


def test_every_decision_replays_to_the_bit(job):
    replayed = job.desk.replay()
    assert (replayed.of, replayed.identical, replayed.problems) == (302, 302, ())
    assert job.desk.audit() == ()


def test_the_receipts_on_paper_are_the_receipts_in_the_store(job):
    lines = (job.out / "receipts.jsonl").read_text(encoding="utf-8").splitlines()
    receipts = [msgspec.json.decode(line, type=Receipt) for line in lines]
    for receipt in receipts:
        verify_receipt(receipt)
        assert job.desk.home.store.receipt(receipt.receipt_id) == receipt
    forged = msgspec.structs.replace(
        receipts[0], decision=msgspec.structs.replace(receipts[0].decision, outcome="approve", grade="A")
    )
    with pytest.raises(ReplayError):
        verify_receipt(forged)


@pytest.mark.parametrize("job", ["economy", pytest.param("real", marks=pytest.mark.nightly)], indirect=True)
def test_the_same_run_again_is_the_same_run(job, tmp_path):
    """Nothing is accepted a second time, the same request returns the first receipts, and every output is the same."""
    again = job.desk.run(order_for(job.data), tmp_path / "again")
    assert sum(counted.accepted for counted in again.counted) == 0
    assert again.receipts == job.result.receipts
    for name in ("decisions.csv", "receipts.jsonl", "model/card.json"):
        assert (tmp_path / "again" / name).read_bytes() == (job.out / name).read_bytes()


def test_a_label_that_nobody_knew_yet_is_not_trained_on(job):
    with pytest.raises(ImmatureLabelError, match="assume-label-known"):
        job.desk.run(order_for(job.data, assume_label_known=False), job.out)


def test_the_rating_never_reaches_a_feature(job):
    """The bank's rating is in the book, and no feature can be made of it."""
    from weilend.core.errors import InputError
    from weilend.features.plans import FeatureSet, make_plan
    from weilend.features.spec import Part

    assert job.desk.book_stats()["external_rating"].rows > 100
    planted = msgspec.structs.replace(FEATURES["sales_count_12m"], of=Part("external_rating"), name="rating")
    with pytest.raises(InputError, match="reads external_rating"):
        make_plan(FeatureSet("planted", (planted,)))


def test_a_forged_receipt_in_the_store_does_not_replay(job, monkeypatch):
    """Planted bug: one point more in a stored score is found by replay."""
    receipts = list(job.desk.home.store.receipts())
    score = receipts[0].score
    receipts[0] = msgspec.structs.replace(receipts[0], score=msgspec.structs.replace(score, points=score.points + 1))
    monkeypatch.setattr(type(job.desk.home.store), "receipts", lambda _self: iter(receipts))
    replayed = job.desk.replay(from_records=False)
    assert (replayed.of, replayed.identical) == (302, 301)
    assert isinstance(ReplayError("x"), CheckError)


def test_every_offer_says_what_it_costs_and_to_whom(job):
    """By hand: interest first at a nominal rate and no fee costs a year's interest, and that rate all in."""
    offers = job.result.offers
    for line in job.lines:
        placed, cost = fen(line["amount_yuan"]), offers[line["business_id"]].cost
        assert (cost is not msgspec.UNSET) == bool(placed) == bool(line["costs"])
        if placed:
            interest = sum(row.amount_fen for row in cost.lines)
            assert fen(line["cost_yuan"]) == interest == pytest.approx(placed * float(line["annual_rate"]), abs=12)
            assert float(line["all_in_nominal"]) == pytest.approx(float(line["annual_rate"]), abs=2e-6)
            assert float(line["all_in_effective"]) == pytest.approx((1 + float(line["annual_rate"]) / 12) ** 12 - 1, abs=3e-6)
            assert "to the lender" in line["costs"]
            assert "由贷款人收取" in line["costs"]
