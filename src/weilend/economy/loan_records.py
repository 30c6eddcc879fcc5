"""In: applications, decisions, loans. Out: their records: application, decision, disbursement, instalment_due, repayment,
loan_state. Used: by `tell_district`.

A loan's state is told at the end of every month on book, and once when it ends: settled, settled early, renewed or written off.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from weilend.economy.district import District
from weilend.economy.firms import NEVER, Ints
from weilend.economy.loans import LOST, RENEWED, WRITE_OFF_DPD, Decisions, Loans
from weilend.economy.traces import DAY, dates, instant, named, scrambled, some, tell, words

PRODUCTS = ("seller_loan", "enterprise_loan")
_NOON = 12 * 3_600
_STATES = ("current", "overdue", "settled", "settled_early", "renewed", "written_off")
_SOURCE = "weilend"


def application_ids(district: District) -> pa.Array:
    """Return the identities of all applications of a district, by their order in `District.asks`."""
    return named("AP", scrambled(np.arange(len(district.asks)) + district.number * 100_000, district.plan.seed + 41), 15)


def tell_applications(district: District, decisions: Decisions) -> dict[str, list[pa.Table]]:
    """Return the records of applications and of what the lender of old answered within a day."""
    firms, asks = district.firms, district.asks
    dice, count = district.plan.dice("answers", district.number), len(asks)
    at = district.asked_at()
    product = words(PRODUCTS, np.where(firms.has_shop[asks.firm], 0, 1))
    own = {"business_id": pa.array(firms.code[asks.firm]), "application_id": application_ids(district), "product": product}
    answered = at + 600 + (dice.exponential(0.2, count) * DAY).astype(np.int64)
    outcome = {
        **own,
        "outcome": words(("decline", "approve"), decisions.approved.astype(np.int64)),
        "receipt_id": named("RC", scrambled(np.arange(count) + district.number * 100_000, district.plan.seed + 42), 15),
        "ceiling_fen": pa.array(np.rint(decisions.offer.limit * 100).astype(np.int64), mask=~decisions.approved),
    }
    key = ("application_id",)
    return {
        "application": [tell("application", own, at=at, source=_SOURCE, key=key)],
        "decision": [tell("decision", outcome, at=answered, source=_SOURCE, key=key)],
    }


def tell_loans(district: District, loans: Loans) -> dict[str, list[pa.Table]]:
    """Return the records of loans as far as they happened before the world ends."""
    over = int(district.plan.first_days[district.plan.months]) - 1
    own = {
        "business_id": pa.array(district.firms.code[loans.firm]),
        "loan_id": named("LN", scrambled(loans.ask + district.number * 100_000, district.plan.seed + 43), 15),
    }
    last = np.take_along_axis(loans.due_day, loans.term[:, None] - 1, axis=1)[:, 0]
    paid_out = {
        **own,
        "application_id": application_ids(district).take(pa.array(loans.ask)),
        "product": words(PRODUCTS, np.where(district.firms.has_shop[loans.firm], 0, 1)),
        "principal_fen": loans.principal_fen,
        "annual_rate_ppm": loans.rate_ppm,
        "method": "equal_instalment",
        "instalments_count": loans.term,
        "first_due_on": dates(loans.due_day[:, 0]),
        "matures_on": dates(last),
    }
    inside = loans.booked <= over
    booked = tell(
        "disbursement", some(paid_out, inside), at=instant(loans.booked[inside], _NOON), source=_SOURCE, key=("loan_id",)
    )
    return {
        "disbursement": [booked],
        "instalment_due": [_tell_dues(own, loans, over)],
        "repayment": [_tell_repayments(own, loans, over)],
        "loan_state": [_tell_states(own, loans, last, over)],
    }


def _tell_dues(own: dict[str, Any], loans: Loans, over: int) -> pa.Table:
    number = np.arange(loans.due_day.shape[1])
    end = np.where(np.isin(loans.fate, (RENEWED,)), loans.stop + 2, loans.payoff)
    falls = (number < loans.term[:, None]) & (loans.due_day <= over) & (number <= end[:, None])
    loan, place = np.nonzero(falls)
    columns = {
        **some(own, loan),
        "instalment_no": place + 1,
        "due_on": dates(loans.due_day[loan, place]),
        "due_fen": (loans.principal + loans.interest)[loan, place],
        "principal_fen": loans.principal[loan, place],
        "interest_fen": loans.interest[loan, place],
    }
    return tell(
        "instalment_due", columns, at=instant(loans.due_day[loan, place]), source=_SOURCE, key=("loan_id", "instalment_no")
    )


def _tell_repayments(own: dict[str, Any], loans: Loans, over: int) -> pa.Table:
    number = np.arange(loans.due_day.shape[1])
    day = loans.due_day + loans.late
    pays = (number < loans.term[:, None]) & (loans.late >= 0) & (day <= over)
    loan, place = np.nonzero(pays)
    early = place == loans.payoff[loan]
    rest = np.cumsum(loans.principal[:, ::-1], axis=1)[:, ::-1]
    principal = np.where(early, rest[loan, place], loans.principal[loan, place])
    interest = loans.interest[loan, place]
    columns = {
        **some(own, loan),
        "payment_id": named("PY", scrambled(loan * 16 + place, 44), 15),
        "paid_fen": principal + interest,
        "principal_fen": principal,
        "interest_fen": interest,
        "instalment_no": place + 1,
        "due_on": dates(loans.due_day[loan, place]),
        "late_days": loans.late[loan, place],
        "payer": "borrower",
        "way": "debit",
        "is_early_payoff": early,
    }
    key = ("loan_id", "instalment_no")
    return tell("repayment", columns, at=instant(day[loan, place], 18 * 3_600), source=_SOURCE, key=key)


def _tell_states(own: dict[str, Any], loans: Loans, last: Ints, over: int) -> pa.Table:
    """Return the state of each loan at the end of each month on book: days past due, what is owed, how it ended."""
    ends = _month_ends(loans)
    unpaid = _unpaid(loans, ends)
    dpd = np.where(unpaid["since"] < NEVER * 10, ends - unpaid["since"], 0)
    lost = (loans.fate == LOST)[:, None] & (dpd > WRITE_OFF_DPD)
    renewed = (loans.fate == RENEWED)[:, None] & (dpd > 30)
    done = unpaid["owed"] == 0
    state = np.select([lost, renewed, done & (loans.payoff < NEVER)[:, None], done, dpd > 0], [5, 4, 3, 2, 1], 0)
    ended = state >= 2
    told = (ends <= over) & (np.cumsum(ended, axis=1) - ended == 0)
    loan, month = np.nonzero(told)
    gone = ended[loan, month]
    owed = np.where(gone, 0, unpaid["owed"][loan, month])
    written = np.where(state[loan, month] == 5, unpaid["owed"][loan, month], 0)
    days_late = np.where(gone & (state[loan, month] < 4), 0, dpd[loan, month])
    columns = {
        **some(own, loan),
        "state": words(_STATES, state[loan, month]),
        "dpd": days_late,
        "outstanding_fen": owed,
        "mob": month,
        "booked_on": dates(loans.booked[loan]),
        "matures_on": dates(last[loan]),
        "principal_fen": loans.principal_fen[loan],
        "overdue_fen": np.where(gone, 0, unpaid["overdue"][loan, month]),
        "overdue_principal_fen": np.where(gone, 0, unpaid["overdue_principal"][loan, month]),
        "written_off_fen": written,
        "recovered_fen": written * loans.recovered_ppm[loan] // 10**6,
        "max_dpd": np.maximum.accumulate(dpd, axis=1)[loan, month],
        "under_stress": state[loan, month] == 4,
    }
    return tell("loan_state", columns, at=instant(ends[loan, month]), source=_SOURCE, key=("loan_id", "happened_on"))


def _month_ends(loans: Loans) -> Ints:
    """Return the last day of the booking month and of the eighteen after it."""
    first = np.datetime64("1970-01-01") + loans.booked
    month = first.astype("datetime64[M]")[:, None] + np.arange(1, 20)
    return month.astype("datetime64[D]").astype(np.int64) - 1


def _unpaid(loans: Loans, ends: Ints) -> dict[str, Ints]:
    """Return, at each month's end: since which day the oldest unpaid instalment is due, what is overdue, what principal is
    owed.
    """
    since = np.full(ends.shape, NEVER * 10)
    overdue, overdue_principal = np.zeros((2, *ends.shape), np.int64)
    owed = np.repeat(loans.principal_fen[:, None], ends.shape[1], axis=1)
    for number in range(loans.due_day.shape[1]):
        runs = number < loans.term
        due, late = loans.due_day[:, number][:, None], loans.late[:, number][:, None]
        paid = runs[:, None] & (late >= 0) & (due + late <= ends)
        open_now = runs[:, None] & (due <= ends) & ~paid & (number <= loans.payoff)[:, None]
        since = np.where(open_now, np.minimum(since, due), since)
        overdue += open_now * (loans.principal + loans.interest)[:, number][:, None]
        overdue_principal += open_now * loans.principal[:, number][:, None]
        rest = loans.principal[:, number:].sum(axis=1)
        amount = np.where(number == loans.payoff, rest, loans.principal[:, number])
        owed = owed - paid * amount[:, None]
    return {"since": since, "overdue": overdue, "overdue_principal": overdue_principal, "owed": owed}
