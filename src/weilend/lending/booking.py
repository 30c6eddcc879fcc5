"""In: a product, an offer that was accepted, who funds it. Out: the contract, and its first events. Used: by the desk, by worlds.

The contract is what the offer said, nothing else: amount, rate, months, the product's fees and penalties, and the cap that was in
force, which no later schedule may exceed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from weilend.core.credit import Instalment, Schedule, month_days
from weilend.core.errors import InputError
from weilend.core.values import Offer
from weilend.lending.account import LoanAccount
from weilend.lending.accounts import Share
from weilend.lending.caps import cap_for
from weilend.lending.contract import Contract, check_contract
from weilend.lending.costs import cost_statement
from weilend.lending.events import Drawdown, Event, Fee
from weilend.lending.fees import LENDER, DeclaredFee, takings
from weilend.lending.products import Product


def book_offer(
    product: Product,
    offer: Offer,
    *,
    loan_id: str,
    business_id: str,
    application_id: str,
    on: date,
    owner_id: str | None = None,
    shares: Sequence[Share] = (),
) -> Contract:
    """Return the contract of an offer that was accepted; raises `InputError` where nothing was offered.

    >>> from weilend.lending.products import load_product
    >>> offer = Offer(status="offered", amount_fen=20_000_000, annual_rate_ppm=96_000, months=12)
    >>> contract = book_offer(load_product("enterprise_loan"), offer, loan_id="L1", business_id="E1", application_id="A1",
    ...     on=date(2026, 9, 1))
    >>> contract.method, contract.limit_fen, contract.rate_cap_ppm, contract.matures_on.isoformat()
    ('interest_first', 20000000, 240000, '2027-09-01')
    """
    if offer.amount_fen is None or offer.annual_rate_ppm is None or offer.months is None:
        raise InputError(f"an offer that is {offer.status} cannot be booked", hint="book what was offered")
    contract = Contract(
        loan_id=loan_id,
        business_id=business_id,
        owner_id=owner_id,
        application_id=application_id,
        product=product.name,
        method=product.schedule,
        annual_rate_ppm=offer.annual_rate_ppm,
        booked_on=on,
        due_on=month_days(on, offer.months)[1:],
        penalty_ppm=product.penalty_ppm,
        early_fee_ppm=product.early_fee_ppm,
        limit_fen=offer.amount_fen,
        rate_cap_ppm=cap_for(product.lender_type, product.name, on).rate_ppm,
        shares=tuple(shares),
    )
    return check_contract(contract)


def first_events(product: Product, offer: Offer, contract: Contract) -> tuple[Event, ...]:
    """Return what happens on the booking day: the money is paid out, and the fees of the day are taken.

    >>> from weilend.lending.products import load_product
    >>> product = load_product("enterprise_loan")
    >>> offer = Offer(status="offered", amount_fen=20_000_000, annual_rate_ppm=96_000, months=12)
    >>> contract = book_offer(product, offer, loan_id="L1", business_id="E1", application_id="A1",
    ...     on=date(2026, 9, 1))
    >>> [event.kind for event in first_events(product, offer, contract)]
    ['drawdown']
    """
    schedule = cost_statement(product, offer).schedule
    drawdown = Drawdown(event_id=f"{contract.loan_id}-drawdown", on=contract.booked_on, amount_fen=schedule.principal_fen)
    upfront = ((fee, takings(fee, schedule)[0]) for fee in product.fees)
    fees = (
        _fee(fee, fen, f"{contract.loan_id}-fee-{place}", contract.booked_on, at_once=True)
        for place, (fee, fen) in enumerate(upfront)
        if fen
    )
    return (drawdown, *fees)


def monthly_fees(product: Product, account: LoanAccount) -> tuple[Fee, ...]:
    """Return the fees that the next instalment carries: what a job appends once the one before has fallen due.

    >>> from weilend.lending.example import example_loan
    >>> from weilend.lending.products import load_product
    >>> monthly_fees(load_product("enterprise_loan"), example_loan())
    ()
    """
    if not account.planned:
        return ()
    now = account.planned[0]
    left_fen = account.planned_fen - now.principal_fen
    row = Instalment(
        number=now.number, principal_fen=now.principal_fen, interest_fen=now.interest_fen, outstanding_fen=left_fen
    )
    charged = ((fee, takings(fee, Schedule(account.drawn_fen, (row,)))[1][0]) for fee in product.fees)
    name = f"{account.contract.loan_id}-fee-{account.schedule_no}-{now.number}"
    return tuple(
        _fee(fee, fen, f"{name}-{place}", account.on, at_once=False) for place, (fee, fen) in enumerate(charged) if fen
    )


def _fee(fee: DeclaredFee, fen: int, event_id: str, on: date, *, at_once: bool) -> Fee:
    payee = "lender" if fee.payee_en == LENDER[0] else fee.payee_en
    return Fee(event_id=event_id, on=on, amount_fen=fen, en=fee.en, zh=fee.zh, payee=payee, at_once=at_once)
