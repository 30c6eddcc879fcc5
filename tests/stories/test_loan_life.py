"""The life of a loan, told as it is lived: an offer with its full cost, good months, a bounced payment, a hard winter, a new
schedule, a loan that is lost and half of it found again; and what its books say at each turn.
"""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from weilend.core.errors import InputError
from weilend.core.values import Decision
from weilend.lending.account import LoanAccount, arrears_fen, payoff_fen
from weilend.lending.accounts import Share, balances_of, by_funder
from weilend.lending.booking import book_offer, first_events
from weilend.lending.contract import Contract
from weilend.lending.cost_text import show_cost
from weilend.lending.costs import cost_statement
from weilend.lending.events import Event, Payoff, Recovery, Repayment, Restructuring, Reversal, WriteOff
from weilend.lending.fees import DeclaredFee
from weilend.lending.ledger import apply, bring_to, fold
from weilend.lending.offer import Allotment, make_offer
from weilend.lending.products import load_product
from weilend.lending.standing import stand
from weilend.lending.statement import show_statement
from weilend.lending.worth import dated_value_fen, money_flows

SIGNED = date(2026, 9, 1)
GUARANTEE = DeclaredFee(
    sort="guarantee", en="Guarantee fee", zh="担保费", basis="principal_once", rate_ppm=10_000,
    payee_en="the guarantor", payee_zh="融资担保公司",
)  # fmt: skip
PRODUCT = msgspec.structs.replace(load_product("ecommerce_seller_loan"), fees=(GUARANTEE,))
DECISION = Decision(
    policy_id="p",
    outcome="approve",
    grade="B",
    ceiling_fen=15_000_000,
    floor_rate_ppm=120_000,
    limits_fen={},
    reasons=(),
    months=12,
)
FUNDERS = (Share("bank_a", 700_000), Share("own", 300_000))


def allotted(rate_ppm: int) -> Allotment:
    return Allotment(allocation_id="P1", receipt_id="R1", amount_fen=12_000_000, annual_rate_ppm=rate_ppm)


class Story:
    """A loan and its events so far; each line of the tale appends one."""

    def __init__(self, contract: Contract, *events: Event) -> None:
        self.account = fold(contract, events)[0]

    def wait(self, until: date) -> LoanAccount:
        self.account = bring_to(self.account, until)
        return self.account

    def then(self, event: Event) -> LoanAccount:
        self.account, _ = apply(self.wait(event.on), event)
        return self.account

    def pays(self, on: date, fen: int | None = None) -> LoanAccount:
        return self.then(Repayment(event_id=f"pay-{on}", on=on, amount_fen=fen or arrears_fen(self.wait(on), on)))


@pytest.fixture
def story() -> Story:
    """A seller was offered ¥120,000 at 15 %, read what it costs, and signed."""
    dear = make_offer(PRODUCT, DECISION, allotted(239_000), on=SIGNED)
    assert dear.status == "not_placed"
    assert dear.refused.en.endswith("all in (nominal), above the cap of 24.00 %")
    offer = make_offer(PRODUCT, DECISION, allotted(150_000), on=SIGNED)
    told = show_cost(cost_statement(PRODUCT, offer), "zh")
    assert "| 担保费 | 放款时一次性收取 | 本金的1.00 % | 融资担保公司 | ¥1,200 |" in told
    assert "单利16.93 %" in told
    assert "罚息：按逾期本金年化22.50 %" in told
    contract = book_offer(PRODUCT, offer, loan_id="LN1", business_id="B1", application_id="AP1", on=SIGNED, shares=FUNDERS)
    return Story(contract, *first_events(PRODUCT, offer, contract))


def test_a_loan_that_is_repaid(story: Story) -> None:
    assert story.account.balances["cash"] == -12_000_000 + 120_000, "paid out, less the guarantor's fee, which is held for him"

    # Two good months; in the third the debit bounces, and the books learn of it three days later.
    for month in (10, 11):
        story.pays(date(2026, month, 1))
    story.pays(date(2026, 12, 1))
    assert stand(story.account, date(2026, 12, 3)).state == "current"
    bounced = story.then(Reversal(event_id="bounce", on=date(2026, 12, 4), of="pay-2026-12-01"))
    found = stand(bounced, bounced.on)
    assert (found.state, found.dpd, found.bucket, found.risk_class.zh) == ("overdue", 3, "M1", "关注")
    assert bounced.owed.penalty > 0

    # She pays on the 10th, penalties included, and is current again; the loan remembers nine days.
    paid = story.pays(date(2026, 12, 10))
    assert stand(paid, paid.on).dpd == 0
    assert paid.max_dpd == 9
    assert paid.balances["penalty_income"] < 0

    # After the spring sale she pays it off: what is outstanding and the interest of twenty days, no fee.
    for month in (1, 2, 3):
        story.pays(date(2027, month, 1))
    day = date(2027, 3, 21)
    quote = payoff_fen(story.account, day)
    with pytest.raises(InputError, match=f"give {quote} fen"):
        apply(story.account, Payoff(event_id="payoff", on=day, amount_fen=quote - 1))
    done = story.then(Payoff(event_id="payoff", on=day, amount_fen=quote))
    assert (done.status, done.outstanding_fen, done.credit_fen) == ("settled_early", 0, 0)
    assert not any(done.balances.get(name) for name in ("principal", "interest", "penalty", "compound", "fee"))

    # The statement tells it all, and the books close: by account, by funder, by what it was worth.
    told = show_statement(done.contract, done.history, day, "en")
    assert told.count("\n| 202") == len(done.history)
    assert "| 2026-12-04 | payment taken back | -¥10,831 |" in told
    assert told.endswith(
        "On 2027-03-21: settled early, 0 days past due, C, class normal; ¥0 of principal left, ¥0 due and unpaid."
    )
    _, entries = fold(done.contract, done.history)
    assert sum(balances_of(entries).values()) == 0
    shares = [balances_of(part[name] for part in by_funder(entries, FUNDERS)) for name in ("bank_a", "own")]
    assert all(not part.get("principal") for part in shares)
    assert shares[0]["interest_income"] == pytest.approx(0.7 * done.balances["interest_income"], abs=20)
    assert dated_value_fen(money_flows(entries), 35_000, SIGNED) > 0


def test_a_loan_that_is_lost_and_half_found(story: Story) -> None:
    # Two months are paid, then nothing. Days past due grow, and with them bucket and class.
    for month in (10, 11):
        story.pays(date(2026, month, 1))
    for day, bucket, class_zh in (
        (date(2026, 12, 31), "M1", "关注"),
        (date(2027, 2, 1), "M3", "关注"),
        (date(2027, 3, 3), "M4", "次级"),
    ):
        found = stand(story.account, day)
        assert (found.bucket, found.risk_class.zh) == (bucket, class_zh)
    assert found.is_non_accrual

    # A new schedule with a longer breath: all principal over nine months at 8 %, arrears with the first. It is paid once.
    days = tuple(date(2027, month, 15) for month in range(4, 13))
    new = story.then(Restructuring(event_id="new", on=date(2027, 3, 15), annual_rate_ppm=80_000, due_on=days))
    assert (stand(new, new.on).state, stand(new, new.on).dpd, new.under_stress) == ("restructured", 0, True)
    with pytest.raises(InputError, match=r"is to 30\.00 % a year\. Hint: give 0 to 24\.00 %"):
        apply(new, Restructuring(event_id="dear", on=date(2027, 3, 15), annual_rate_ppm=300_000, due_on=days))
    story.pays(days[0])
    assert stand(story.account, days[0]).dpd == 0

    # Then it stops for good. It is written off on day 181, and half of the claim comes back by court, at a price.
    end = date(2027, 11, 12)
    story.wait(end)
    assert stand(story.account, end).dpd == 181
    lost = story.then(WriteOff(event_id="off", on=end))
    assert (lost.outstanding_fen, lost.written_off_fen) == (0, lost.drawn_fen - lost.repaid_fen)
    assert lost.balances["impairment_loss"] == lost.claim_fen > lost.written_off_fen, (
        "booked interest and penalties are lost as well"
    )
    back = story.then(Recovery(event_id="court", on=date(2028, 5, 8), amount_fen=lost.claim_fen // 2, cost_fen=300_000))
    assert stand(back, back.on).state == "recovered"

    told = show_statement(back.contract, back.history, back.on, "zh")
    assert "| 2027-11-12 | 核销 |" in told
    assert "核销后有收回" in told
    _, entries = fold(back.contract, back.history)
    assert sum(balances_of(entries).values()) == 0
    assert dated_value_fen(money_flows(entries), 35_000, SIGNED) < 0
