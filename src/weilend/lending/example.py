"""In: nothing. Out: a small contract, and the account of a loan under it. Used: by examples and tests of this room."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from weilend.core.credit import month_days
from weilend.lending.account import LoanAccount, open_account
from weilend.lending.contract import Contract
from weilend.lending.events import Drawdown
from weilend.lending.ledger import apply, bring_to

FIRST_DAY = date(2024, 1, 1)
PRINCIPAL_FEN = 10_000_000


def example_contract(*, months: int = 12, **terms: Any) -> Contract:
    """Return a contract of 18 % a year over some months from 1 January 2024, in equal instalments unless `terms` say otherwise.

    >>> example_contract(months=3).due_on[-1]
    datetime.date(2024, 4, 1)
    """
    usual = Contract(
        loan_id="L1",
        business_id="E1",
        application_id="A1",
        product="seller_loan",
        method="equal_instalment",
        annual_rate_ppm=180_000,
        booked_on=FIRST_DAY,
        due_on=month_days(FIRST_DAY, months)[1:],
    )
    return msgspec.structs.replace(usual, **terms)


def example_loan(until: date = FIRST_DAY, *, amount_fen: int = PRINCIPAL_FEN, months: int = 12, **terms: Any) -> LoanAccount:
    """Return the account of ¥100,000 lent under `example_contract`, with all that fell due until a day, and nothing paid.

    >>> example_loan(date(2024, 2, 1)).owed.total
    916800
    """
    drawdown = Drawdown(event_id="D1", on=FIRST_DAY, amount_fen=amount_fen)
    account, _ = apply(open_account(example_contract(months=months, **terms)), drawdown)
    return bring_to(account, until)
