"""In: nothing. Out: the values that placing reads and writes. Used: in every file of this room, and by the desk.

Candidates + Terms + Economics + ChurnTable ─place→ Allocation ─settle→ Settlement
"""

from __future__ import annotations

from typing import Literal

import msgspec

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.core.values import Reason

Method = Literal["optimal", "gap", "rule"]


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """An approved business: what its decision allows, and the customer on whom it leans most.

    `ceiling_fen` and `floor_rate_ppm` are the policy's and are never exceeded or undercut; a ceiling under the least amount
    means that nothing can be placed. `top_customer` is the code of its largest customer, None where that is not known.

    >>> Candidate(business_id="E1", receipt_id="r1", pd_ppm=30_000, grade="A", ceiling_fen=10**8, floor_rate_ppm=0).grade
    'A'
    """

    business_id: str
    receipt_id: str
    pd_ppm: int
    grade: str
    ceiling_fen: int
    floor_rate_ppm: int
    top_customer: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.pd_ppm <= PPM:
            raise InputError(f"{self.business_id}: a pd of {self.pd_ppm} ppm is none", hint="give 0 to 1,000,000 ppm")


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What may be placed: amounts per business in fen, rates in ppm a year, the budget, and the cap behind one customer.

    Amounts are 0 or from `min_amount_fen` to `max_amount_fen` in multiples of the step. Loans run one year, as the profit
    formula does. The base values are those of the enterprise loan. Raises `InputError` where they contradict each other.

    >>> Terms(budget_fen=10_000_000_000).max_amount_fen
    100000000
    >>> Terms(budget_fen=0, months=24)
    Traceback (most recent call last):
    weilend.core.errors.InputError: placing values loans of 12 months, not 24. Hint: give months = 12
    """

    budget_fen: int
    min_amount_fen: int = 10_000_000
    max_amount_fen: int = 100_000_000
    amount_step_fen: int = 1_000_000
    min_annual_rate_ppm: int = 40_000
    max_annual_rate_ppm: int = 150_000
    max_share_behind_one_customer_ppm: int = 50_000
    months: int = 12

    def __post_init__(self) -> None:
        if self.months != 12:
            raise InputError(f"placing values loans of 12 months, not {self.months}", hint="give months = 12")
        if self.budget_fen < 0:
            raise InputError(f"a budget of {self.budget_fen} fen is negative", hint="give 0 or more")
        if self.amount_step_fen <= 0 or not self.amount_step_fen <= self.min_amount_fen <= self.max_amount_fen:
            raise InputError("the amounts contradict each other", hint="give 0 < step <= least <= most")
        if self.min_amount_fen % self.amount_step_fen or self.max_amount_fen % self.amount_step_fen:
            raise InputError("least and most amount are no multiples of the step", hint="make them so, or the step smaller")
        if not 0 <= self.max_share_behind_one_customer_ppm <= PPM:
            raise InputError("the cap behind one customer is no share", hint="give 0 to 1,000,000 ppm")


class Economics(msgspec.Struct, frozen=True, kw_only=True):
    """What a loan costs and loses, in ppm, and which class of the churn table stands for each of our grades (an assumption).

    >>> Economics(loss_given_default_ppm=650_000, funding_rate_ppm=35_000, churn_class={"A": "A"}).class_of("C")
    Traceback (most recent call last):
    weilend.core.errors.InputError: grade 'C' has no churn class. Hint: there is one for A
    """

    loss_given_default_ppm: int
    funding_rate_ppm: int
    churn_class: dict[str, str]

    def class_of(self, grade: str) -> str:
        """Return the class of the churn table that stands for a grade."""
        if grade not in self.churn_class:
            raise InputError(f"grade {grade!r} has no churn class", hint=f"there is one for {', '.join(self.churn_class)}")
        return self.churn_class[grade]


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """An amount at a rate for one business; it cites the receipt of the decision that allows it.

    `expected_profit_fen` is the amount times its expected yield, with take-up and default weighed in.

    >>> Placement(business_id="E1", receipt_id="r1", grade="A", pd_ppm=10_000, amount_fen=50_000_000, annual_rate_ppm=60_000,
    ...     expected_profit_fen=700_000).amount_fen
    50000000
    """

    business_id: str
    receipt_id: str
    grade: str
    pd_ppm: int
    amount_fen: int
    annual_rate_ppm: int
    expected_profit_fen: int


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """A placed budget and its receipt: who gets what, what it cites, what it was computed from, and how good it can be.

    `book` names the rule that made it (``placed`` is ours) and `method` says what is proven: ``optimal``, ``gap`` (stopped
    early) or ``rule`` (not optimised). `expected_taken_fen` is how much of what is offered is expected to be taken up.
    `bound_fen` is an upper bound on what any allocation could expect, found in integers and apart from the solver; None for
    a rule. `not_placed` are approved and left with nothing. `inputs` maps what was read to content hashes, `inputs_hash` is
    the hash of that map, `allocation_id` of everything else here.

    >>> empty = Allocation(book="placed", method="optimal", placements=(), not_placed=("E1",), budget_fen=0, offered_fen=0,
    ...     expected_taken_fen=0, expected_profit_fen=0, bound_fen=0, binding=(), cites=("r1",), inputs={}, inputs_hash="",
    ...     allocation_id="")
    >>> empty.placement("E1") is None
    True
    """

    book: str
    method: Method
    placements: tuple[Placement, ...]
    not_placed: tuple[str, ...]
    budget_fen: int
    offered_fen: int
    expected_taken_fen: int
    expected_profit_fen: int
    bound_fen: int | None
    binding: tuple[Reason, ...]
    cites: tuple[str, ...]
    inputs: dict[str, str]
    inputs_hash: str
    allocation_id: str

    def placement(self, business_id: str) -> Placement | None:
        """Return what a business was given, None where it was not placed."""
        return next((placement for placement in self.placements if placement.business_id == business_id), None)
