"""In: nothing. Out: `LoanAccount`, what is known of a loan after its events, and what it owes on a day. Used: by the ledger.

What lies ahead is *planned* and bears interest; what fell due and is not paid stands in *items* and bears penalty interest.
Interest of the running period and penalties are kept as exact fractions and rounded where they are booked, so that it does not
matter how often anybody looks.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final, Literal, Self

import msgspec

from weilend.core.credit import round_half_up
from weilend.core.money import PPM, mul_rate
from weilend.lending.contract import Contract, PeriodCount, check_contract, period_rate
from weilend.lending.events import Event, Payer, Way
from weilend.lending.rules import COMPONENTS, RULES, Component

Status = Literal["open", "settled", "settled_early", "renewed", "written_off"]


class Amounts(msgspec.Struct, frozen=True, kw_only=True):
    """What an instalment, or a payment towards it, is made of, in fen.

    >>> (Amounts(interest=5, principal=7) - Amounts(interest=5)).total
    7
    """

    fee: int = 0
    penalty: int = 0
    compound: int = 0
    interest: int = 0
    principal: int = 0

    @property
    def total(self) -> int:
        """All components together."""
        return self.fee + self.penalty + self.compound + self.interest + self.principal

    def of(self, component: Component) -> int:
        """Return one component.

        >>> Amounts(fee=3).of("fee")
        3
        """
        value: int = getattr(self, component)
        return value

    def plus(self, component: Component, fen: int) -> Self:
        """Return the same with more of one component.

        >>> Amounts().plus("fee", 3).fee
        3
        """
        return msgspec.structs.replace(self, **{component: self.of(component) + fen})

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(**{name: self.of(name) + other.of(name) for name in COMPONENTS})

    def __sub__(self, other: Amounts) -> Amounts:
        return Amounts(**{name: self.of(name) - other.of(name) for name in COMPONENTS})


NOTHING: Final = Amounts()


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """An instalment that lies ahead; `carried` is booked already and falls due with it: fees, and arrears of an older schedule.

    >>> Planned(number=1, due_on=date(2024, 2, 1), principal_fen=90, interest_fen=10).due.total
    100
    """

    number: int
    due_on: date
    principal_fen: int
    interest_fen: int
    carried: Amounts = NOTHING

    @property
    def due(self) -> Amounts:
        """What falls due."""
        return self.carried + Amounts(principal=self.principal_fen, interest=self.interest_fen)


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """An instalment that fell due and is not paid: what it was, what is still owed, and the penalties that grow on it.

    `penalty` and `compound` are all that grew so far, exactly; `*_booked_fen` what of it was booked.

    >>> Item(number=1, schedule_no=1, due_on=date(2024, 2, 1), was=Amounts(principal=90), owed=Amounts(principal=9)).owed.total
    9
    """

    number: int
    schedule_no: int
    due_on: date
    was: Amounts
    owed: Amounts
    penalty: Fraction = Fraction(0)
    compound: Fraction = Fraction(0)
    penalty_booked_fen: int = 0
    compound_booked_fen: int = 0


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """What of a payment went to one instalment; `number` None where it went to what was not due yet.

    >>> Paid(payment_id="P1", on=date(2024, 2, 1), amounts=Amounts(principal=5)).number is None
    True
    """

    payment_id: str
    on: date
    amounts: Amounts
    number: int | None = None
    schedule_no: int = 1
    due_on: date | None = None
    payer: Payer = "borrower"
    way: Way = "debit"
    is_early_payoff: bool = False


class LoanAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A loan after its events. `history` is all that was appended, `active` what holds of it (payments taken back are gone).

    `fallen` is every instalment that fell due, as it was; `paid` where payments in force went; `taken_back` the reversal, its day,
    and where the payment had gone. `on` is the day of the last event, `morning_dpd` the days past due with which it began.
    The running period started on `period_from` and bore `accrued` (exact fen) until `accrued_to`. Amounts are fen, `balances`
    debits positive.

    >>> from weilend.lending.example import example_contract
    >>> account = open_account(example_contract(method="revolving"))
    >>> account.status, account.outstanding_fen
    ('open', 0)
    """

    contract: Contract
    on: date
    annual_rate_ppm: int
    day_count: PeriodCount
    period_from: date
    accrued_to: date
    accrued: Fraction = Fraction(0)
    planned: tuple[Planned, ...] = ()
    items: tuple[Item, ...] = ()
    status: Status = "open"
    schedule_no: int = 1
    drawn_fen: int = 0
    repaid_fen: int = 0
    written_off_fen: int = 0
    claim_fen: int = 0
    recovered_fen: int = 0
    recovery_cost_fen: int = 0
    credit_fen: int = 0
    restructured_on: date | None = None
    under_stress: bool = False
    renewed_by: str | None = None
    morning_dpd: int = 0
    max_dpd: int = 0
    first_dpd: int = 0
    balances: dict[str, int] = {}
    fallen: tuple[Item, ...] = ()
    paid: tuple[Paid, ...] = ()
    taken_back: tuple[tuple[str, date, tuple[Paid, ...]], ...] = ()
    active: tuple[Event, ...] = ()
    history: tuple[Event, ...] = ()

    @property
    def outstanding_fen(self) -> int:
        """Principal that is owed, due or not."""
        return self.drawn_fen - self.repaid_fen - self.written_off_fen

    @property
    def planned_fen(self) -> int:
        """Principal that is not due yet."""
        return sum(row.principal_fen for row in self.planned)

    @property
    def owed(self) -> Amounts:
        """What fell due and is not paid."""
        return sum((item.owed for item in self.items), NOTHING)

    @property
    def carried(self) -> Amounts:
        """What is booked and falls due with an instalment that lies ahead."""
        return sum((row.carried for row in self.planned), NOTHING)

    @property
    def allowance_fen(self) -> int:
        """What is set aside for its loss."""
        return -self.balances.get("allowance", 0)


def open_account(contract: Contract) -> LoanAccount:
    """Return the account of a contract under which nothing was drawn yet; raises `InputError` as `check_contract` does.

    >>> from weilend.lending.example import example_contract
    >>> open_account(example_contract()).planned
    ()
    """
    check_contract(contract)
    day = contract.booked_on
    return LoanAccount(
        contract=contract,
        on=day,
        annual_rate_ppm=contract.annual_rate_ppm,
        day_count=contract.day_count,
        period_from=day,
        accrued_to=day,
    )


def interest_to(account: LoanAccount, on: date) -> Fraction:
    """Return the interest of the running period until a day in it, exactly: each day bears its part of the period.

    Fineract's progressive loan does the same (``ProgressiveEMICalculatorTest``): 83.57 at 7 %, 14 of February's 29 days, 0.24.

    >>> from weilend.lending.example import example_loan
    >>> interest_to(example_loan(), date(2024, 1, 2)) * 31
    Fraction(150000, 1)
    """
    if not account.planned or on <= account.accrued_to:
        return account.accrued
    end = account.planned[0].due_on
    whole = period_rate(account.annual_rate_ppm, account.period_from, end, account.day_count)
    bears_fen = account.drawn_fen if account.contract.method == "flat_fee" else account.planned_fen
    part = Fraction((on - account.accrued_to).days, (end - account.period_from).days)
    return account.accrued + bears_fen * whole * part


def accrue_penalties(account: LoanAccount, on: date) -> tuple[LoanAccount, dict[str, int]]:
    """Return the account with what overdue money bore until a day, and the postings that book it.

    Overdue principal bears penalty interest and overdue interest compound interest, at the contract rate times `penalty_ppm`, by
    actual days over 360. Within the days of grace it grows and is not booked; who pays within them owes none.

    >>> from weilend.lending.example import example_loan
    >>> accrue_penalties(example_loan(date(2024, 2, 1)), date(2024, 2, 11))[1]["penalty"]  # 7,668.00 at 27 % for 10 days
    5751
    """
    days = (on - account.on).days
    a_day = Fraction(account.annual_rate_ppm * account.contract.penalty_ppm, PPM * PPM * RULES.penalty_days_per_year)
    if not days or not a_day or not account.items:
        return account, {}
    items = tuple(_grown(item, a_day * days, on, account.contract.grace_days) for item in account.items)
    booked: dict[str, int] = {}
    for name in ("penalty", "compound"):
        fen = sum(getattr(item, f"{name}_booked_fen") for item in items)
        fen -= sum(getattr(item, f"{name}_booked_fen") for item in account.items)
        booked |= {name: fen, f"{name}_income": -fen}
    return msgspec.structs.replace(account, items=items, on=on), booked


def _grown(item: Item, rate: Fraction, on: date, grace_days: int) -> Item:
    """Let one item grow; what is booked in all is always the rounding of what grew in all, however often it was looked at."""
    penalty, compound = item.penalty + item.owed.principal * rate, item.compound + item.owed.interest * rate
    if (on - item.due_on).days <= grace_days:
        return msgspec.structs.replace(item, penalty=penalty, compound=compound)
    penalty_fen, compound_fen = round_half_up(penalty), round_half_up(compound)
    owed = item.owed.plus("penalty", penalty_fen - item.penalty_booked_fen)
    return msgspec.structs.replace(
        item,
        penalty=penalty,
        compound=compound,
        penalty_booked_fen=penalty_fen,
        compound_booked_fen=compound_fen,
        owed=owed.plus("compound", compound_fen - item.compound_booked_fen),
    )


def early_fee_fen(account: LoanAccount, principal_fen: int) -> int:
    """Return the fee for principal that is repaid before it is due.

    >>> from weilend.lending.example import example_loan
    >>> early_fee_fen(example_loan(early_fee_ppm=10_000), 50_000)
    500
    """
    return mul_rate(principal_fen, account.contract.early_fee_ppm)


def arrears_fen(account: LoanAccount, on: date) -> int:
    """Return what is due and unpaid on a day, penalties until then included: who pays it is current.

    >>> from weilend.lending.example import example_loan
    >>> loan = example_loan(date(2024, 2, 1))
    >>> arrears_fen(loan, date(2024, 2, 1)), arrears_fen(loan, date(2024, 2, 11))
    (916800, 923676)
    """
    return accrue_penalties(account, on)[0].owed.total


def payoff_fen(account: LoanAccount, on: date, *, with_fee: bool = True) -> int:
    """Return what repays a loan in full on a day: arrears, principal, interest until that day, the fee, less the credit.

    A day on which an instalment falls due is asked about after it fell due (`ledger.bring_to`).

    >>> from weilend.lending.example import example_loan
    >>> payoff_fen(example_loan(), date(2024, 1, 1)), payoff_fen(example_loan(date(2024, 2, 1)), date(2024, 2, 1))
    (10000000, 10150000)
    """
    brought, _ = accrue_penalties(account, on)
    fee = early_fee_fen(account, account.planned_fen) if with_fee else 0
    interest = round_half_up(interest_to(account, on))
    return brought.owed.total + account.carried.total + account.planned_fen + interest + fee - account.credit_fen


def dpd_at(account: LoanAccount, on: date) -> int:
    """Return the days since the oldest due day of which something is unpaid that counts (`rules.toml`); 0 where nothing is.

    >>> from weilend.lending.example import example_loan
    >>> dpd_at(example_loan(date(2024, 3, 1)), date(2024, 3, 2))
    30
    """
    unpaid = [item.due_on for item in account.items if any(item.owed.of(name) for name in RULES.counts_as_overdue)]
    return max(((on - due_on).days for due_on in unpaid), default=0)
