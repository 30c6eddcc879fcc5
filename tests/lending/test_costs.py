from __future__ import annotations

from datetime import date
from importlib.resources import files

import msgspec
import pytest
from scipy.optimize import brentq
from tests.real import worked_loans

from weilend.core.errors import InputError, PolicyError
from weilend.core.values import Decision, Offer
from weilend.lending.accounts import Share
from weilend.lending.booking import book_offer, first_events, monthly_fees
from weilend.lending.caps import CAPS, cap_for, prime_rate_ppm
from weilend.lending.cost_text import say_offer, show_cost
from weilend.lending.costs import cost_statement, find_breach
from weilend.lending.events import Repayment
from weilend.lending.fees import BASES, DeclaredFee
from weilend.lending.ledger import apply, bring_to, fold
from weilend.lending.offer import Allotment, make_offer
from weilend.lending.products import Product, load_product, read_product

SIGNING = date(2026, 9, 1)
PAYMENT = Repayment(event_id="P", on=SIGNING, amount_fen=1)
FUNDERS = (Share("bank_a", 800_000), Share("own", 200_000))
SELLER = load_product("ecommerce_seller_loan")
TEXT = files("weilend.lending").joinpath("products/ecommerce_seller_loan.toml").read_text(encoding="utf-8")
GUARANTEE = DeclaredFee(
    sort="guarantee", en="Guarantee fee", zh="担保费", basis="balance_monthly", rate_ppm=5_000,
    payee_en="the guarantor", payee_zh="融资担保公司",
)  # fmt: skip
SERVICE = DeclaredFee(
    sort="service", en="Service fee", zh="服务费", basis="principal_once", rate_ppm=20_000,
    payee_en="the platform", payee_zh="平台方",
)  # fmt: skip
OFFER = Offer(status="offered", amount_fen=10_000_000, annual_rate_ppm=180_000, months=12)


def with_fees(*fees: DeclaredFee, **changes: object) -> Product:
    return msgspec.structs.replace(SELLER, fees=fees, **changes)


def test_the_worked_costs_of_the_statement() -> None:
    """18 % in equal instalments; with 2 % at the start; with a guarantee of 0.5 % a month on the balance: 24.00 % and 26.82 %."""
    rates = [
        (statement.nominal_rate_ppm, statement.effective_rate_ppm)
        for statement in (cost_statement(with_fees(*fees), OFFER) for fees in ((), (SERVICE,), (GUARANTEE,)))
    ]
    worked = [(180_000, 195_618), (219_099, 242_497), (240_000, 268_242)]
    assert all(
        abs(found - said) <= 1
        for pair, wanted in zip(rates, worked, strict=True)
        for found, said in zip(pair, wanted, strict=True)
    )


def test_the_worked_costs_are_those_of_the_vectors() -> None:
    worked = worked_loans()["apr"]
    for name, fees in (
        ("emi18", ()),
        ("emi18_plus_2pct_upfront_fee", (SERVICE,)),
        ("emi18_plus_guarantee_0.5pct_balance", (GUARANTEE,)),
    ):
        statement = cost_statement(with_fees(*fees), OFFER)
        assert statement.nominal_rate_ppm == pytest.approx(worked[name]["apr_nominal"] * 1e6, abs=1.5), name
        assert statement.effective_rate_ppm == pytest.approx(worked[name]["apr_effective"] * 1e6, abs=1.5), name


@pytest.mark.parametrize("basis", BASES)
def test_every_way_of_a_fee_is_said_counted_and_flows(basis: str) -> None:
    amounts = {"amount_fen": 12_345} if basis.startswith("fixed") else {"rate_ppm": 3_000}
    fee = msgspec.structs.replace(GUARANTEE, **({"basis": basis, "rate_ppm": 0} | amounts))
    statement = cost_statement(with_fees(fee), OFFER)
    interest, line = statement.lines
    assert line.amount_fen == statement.fees_fen > 0
    assert sum(statement.flows_fen) == statement.interest_fen + statement.fees_fen == statement.total_fen - 10_000_000
    assert interest.amount_fen == statement.interest_fen
    assert statement.nominal_rate_ppm > 180_000
    for language, payee in (("en", "the guarantor"), ("zh", "融资担保公司")):
        shown = show_cost(statement, language)  # type: ignore[arg-type]
        assert payee in shown
        assert "{" not in shown


def test_the_statement_in_english() -> None:
    product = with_fees(SERVICE, early_fee_ppm=10_000)
    assert show_cost(cost_statement(product, OFFER), "en") == (
        "All-in cost of the loan\n\n"
        "Principal: ¥100,000, 12 months; to repay in all: ¥112,015.99\n\n"
        "| Cost | How it is collected | Standard | Paid to | In all |\n"
        "|---|---|---|---|---|\n"
        "| Interest | with each instalment | 18.00 % a year | the lender | ¥10,015.99 |\n"
        "| Service fee | once, when the money is paid out | 2.00 % of the principal | the platform | ¥2,000 |\n\n"
        "All-in cost a year when repaid as agreed: 21.91 % simple (12 × the monthly rate), 24.25 % compounded\n\n"
        "If it is not repaid as agreed:\n"
        "- Penalty interest: 27.00 % a year on overdue principal\n"
        "- Compound interest: 27.00 % a year on overdue interest\n"
        "- Early repayment fee: 1.00 % of principal repaid early, once\n\n"
        "There are no other charges."
    )
    assert "and ¥2,000 of fees" in cost_statement(product, OFFER).say().en


def test_a_cap_is_met_by_one_convention_and_not_by_the_other() -> None:
    statement = cost_statement(with_fees(GUARANTEE), OFFER)
    cap = cap_for(SELLER.lender_type, SELLER.name, SIGNING)
    assert (cap.rate_ppm, cap.convention, cap.checked) == (240_000, "nominal", True)
    assert find_breach(SELLER, msgspec.structs.replace(statement, nominal_rate_ppm=240_000), cap) is None
    breach = find_breach(SELLER, statement, msgspec.structs.replace(cap, convention="effective"))
    assert breach.en == "ecommerce_seller_loan costs 26.82 % a year all in (effective), above the cap of 24.00 %"


def test_caps_follow_the_lender_the_product_and_the_day() -> None:
    assert [prime_rate_ppm(day) for day in (date(2020, 8, 20), date(2026, 9, 1))] == [38_500, 30_000]
    assert cap_for("private_lender", "any", date(2020, 8, 19)).rate_ppm == 240_000
    assert cap_for("private_lender", "any", date(2020, 8, 20)).rate_ppm == 154_000
    assert cap_for("micro_loan_company", "any", date(2028, 1, 1)).rate_ppm == 120_000
    own = msgspec.structs.replace(CAPS.caps[0], product="ecommerce_seller_loan", cap_ppm=200_000)
    caps = msgspec.structs.replace(CAPS, caps=(*CAPS.caps, own))
    assert cap_for("finance_institution", "ecommerce_seller_loan", SIGNING, caps).rate_ppm == 200_000
    assert cap_for("finance_institution", "enterprise_loan", SIGNING, caps).rate_ppm == 240_000
    with pytest.raises(InputError, match="no cap is known for a finance_institution on 2017-08-03"):
        cap_for("finance_institution", "any", date(2017, 8, 3))
    assert all((row.cap_ppm is None) != (row.lpr_multiple is None) and row.source for row in CAPS.caps)
    assert [row.from_on for row in CAPS.lpr] == sorted(row.from_on for row in CAPS.lpr)


def test_an_offer_above_the_cap_of_its_day_is_refused_and_never_re_priced() -> None:
    decision = Decision(
        policy_id="p",
        outcome="approve",
        grade="A",
        ceiling_fen=50_000_000,
        floor_rate_ppm=60_000,
        limits_fen={},
        reasons=(),
        months=12,
    )
    given = Allotment(allocation_id="P1", receipt_id="R1", amount_fen=10_000_000, annual_rate_ppm=230_000)
    dear = with_fees(SERVICE)
    assert make_offer(SELLER, decision, given, on=SIGNING).annual_rate_ppm == 230_000
    assert make_offer(dear, decision, given).annual_rate_ppm == 230_000, "without a day no cap is asked for"
    refused = make_offer(dear, decision, given, on=SIGNING)
    assert (refused.status, refused.amount_fen, refused.cost) == ("not_placed", None, msgspec.UNSET)
    assert refused.refused.en.startswith("ecommerce_seller_loan costs 26.")
    assert "高于上限24.00 %" in refused.refused.zh
    assert [one.code for one in say_offer(refused)] == ["above_cap"]


def test_an_offer_of_a_day_says_each_fee_its_payee_and_the_rate_by_both_conventions() -> None:
    decision = Decision(policy_id="p", outcome="approve", grade="A", ceiling_fen=50_000_000, floor_rate_ppm=60_000, limits_fen={},
                        reasons=(), months=12)  # fmt: skip
    given = Allotment(allocation_id="P1", receipt_id="R1", amount_fen=10_000_000, annual_rate_ppm=100_000)
    product = with_fees(SERVICE, GUARANTEE)
    bare, offer = (make_offer(product, decision, given, on=on) for on in (None, SIGNING))
    statement = cost_statement(product, bare)
    assert {one.sort for one in offer.cost.lines} == {"interest", "service", "guarantee"}
    assert [one.payee_en for one in offer.cost.lines] == [one.payee_en for one in statement.lines]
    assert offer.cost.total_fen == sum(one.amount_fen for one in offer.cost.lines) == statement.total_fen - statement.amount_fen
    monthly = brentq(lambda rate: sum(fen / (1 + rate) ** month for month, fen in enumerate(statement.flows_fen)), 0, 1)
    assert offer.cost.nominal_rate_ppm == pytest.approx(12e6 * monthly, abs=1)
    assert offer.cost.effective_rate_ppm == pytest.approx(1e6 * ((1 + monthly) ** 12 - 1), abs=1)
    assert len(say_offer(offer)) == 4
    assert b"cost" not in msgspec.json.encode(bare), "offers from before keep their ids"


FEE_TEXT = (
    'fees = [{ sort = "service", en = "Service fee", zh = "服务费", basis = "principal_once", rate_ppm = 20_000, '
    'payee_en = "the lender", payee_zh = "贷款人" }]'
)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("fees = []", FEE_TEXT.replace("20_000", "0"), "fees is wrong.*rate_ppm"),
        ("fees = []", FEE_TEXT.replace("principal_once", "fixed_once"), "fees is wrong.*amount_fen"),
        ("fees = []", FEE_TEXT.replace('"service"', '"bribe"'), r"fees\[0\].sort: Invalid enum value 'bribe'"),
        ("penalty_ppm = 1_500_000", "penalty_ppm = 1_600_000", "penalty_ppm is wrong.*1300000 to 1500000"),
    ],
)
def test_a_product_that_declares_a_wrong_fee_is_refused(old: str, new: str, said: str) -> None:
    assert read_product(TEXT.replace("fees = []", FEE_TEXT), file="ecommerce_seller_loan.toml").fees[0].rate_ppm == 20_000
    with pytest.raises(PolicyError, match=said):
        read_product(TEXT.replace(old, new), file="ecommerce_seller_loan.toml")


def test_a_product_keeps_its_identity_where_it_says_what_goes_without_saying() -> None:
    """Receipts seal a product by its hash: those that were made before fees could be declared must still replay."""
    silent = "\n".join(
        line for line in TEXT.split("\n") if not line.startswith(("lender_type", "penalty_ppm", "early_fee", "fees"))
    )
    assert len(silent) < len(TEXT)
    assert read_product(silent, file="ecommerce_seller_loan.toml").identity == SELLER.identity
    assert len({SELLER.identity, with_fees(SERVICE).identity, with_fees(early_fee_ppm=1).identity}) == 3
    again = msgspec.json.decode(msgspec.json.encode(with_fees(SERVICE)), type=Product)
    assert (again, again.identity) == (with_fees(SERVICE), with_fees(SERVICE).identity)


def test_what_was_stated_is_what_the_ledger_takes() -> None:
    """A loan with both fees, lived as agreed: the money that came and went is the flows of the statement, to the fen."""
    product = with_fees(SERVICE, GUARANTEE)
    statement = cost_statement(product, OFFER)
    contract = book_offer(
        product,
        OFFER,
        loan_id="L1",
        business_id="E1",
        application_id="A1",
        on=SIGNING,
        shares=(Share("bank_a", 800_000), Share("own", 200_000)),
    )
    account, entries = fold(contract, first_events(product, OFFER, contract))
    assert account.balances["cash"] == statement.flows_fen[0]
    flows = [statement.flows_fen[0]]
    while account.status == "open":
        for fee in monthly_fees(product, account):
            account, _ = apply(account, fee)
        account = bring_to(account, account.planned[0].due_on)
        before, owed = account.balances["cash"], account.owed.total
        account, _ = apply(account, msgspec.structs.replace(PAYMENT, event_id=f"P{len(flows)}", on=account.on, amount_fen=owed))
        flows.append(account.balances["cash"] - before)
    assert tuple(flows) == statement.flows_fen
    assert account.balances["payable_fees"] == -statement.fees_fen, "none of the fees is the lender's own"
    assert account.status == "settled"
    assert len(entries) == 2


def test_only_what_was_offered_is_booked() -> None:
    with pytest.raises(InputError, match="an offer that is not_placed cannot be booked"):
        book_offer(SELLER, Offer(status="not_placed"), loan_id="L1", business_id="E1", application_id="A1", on=SIGNING)
