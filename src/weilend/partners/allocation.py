"""In: chosen amounts and rates, and the problem. Out: a checked, sealed `Allocation`. Used: by placing and books.

Every allocation in the house goes through `seal`, which verifies it in exact integers; the solver's word is never enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from weilend.core.errors import InfeasibleError
from weilend.core.ids import content_hash
from weilend.core.money import PPM, mul_rate, show_percent, show_yuan
from weilend.core.values import Reason
from weilend.partners.churn import ChurnTable
from weilend.partners.problem import Allocation, Candidate, Economics, Method, Placement, Terms
from weilend.partners.settlement import taken_fen
from weilend.partners.value import in_order, rates_for, shared_customers, yield_ppm


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """All that placing reads, in one value; the order of candidates does not matter.

    >>> Problem(candidates=(), terms=Terms(budget_fen=0), churn=ChurnTable.from_rows("A", [(40_000, 0)]),
    ...     economics=Economics(loss_given_default_ppm=0, funding_rate_ppm=0, churn_class={})).candidates
    ()
    """

    candidates: tuple[Candidate, ...]
    terms: Terms
    economics: Economics
    churn: ChurnTable

    def hashes(self) -> dict[str, str]:
        """Return the content hash of each thing read, whatever the order of candidates."""
        ordered = in_order(self.candidates)
        parts = {"candidates": ordered, "terms": self.terms, "economics": self.economics, "churn": self.churn}
        return {name: content_hash(part) for name, part in parts.items()}


class Choice(msgspec.Struct, frozen=True):
    """An amount and a rate for one business, before it is sealed.

    >>> Choice("E1", 10_000_000, 60_000).annual_rate_ppm
    60000
    """

    business_id: str
    amount_fen: int
    annual_rate_ppm: int


def seal(problem: Problem, choices: Sequence[Choice], *, book: str, method: Method, bound_fen: int | None = None,
         binding: tuple[Reason, ...] = (), also_read: Mapping[str, str] | None = None) -> Allocation:  # fmt: skip
    """Return the allocation of some choices, checked to the fen and sealed by content hash.

    Expected profit of the whole is rounded once, from the exact sum; each placement's own is rounded by itself, so the two
    may differ by half a fen a placement. Raises `InfeasibleError` naming the constraint that is broken.

    >>> churn = ChurnTable.from_rows("A", [(100_000, 600_000)])
    >>> economics = Economics(loss_given_default_ppm=650_000, funding_rate_ppm=35_000, churn_class={"A": "A"})
    >>> firm = Candidate(business_id="E1", receipt_id="r", pd_ppm=50_000, grade="A", ceiling_fen=10**8, floor_rate_ppm=0)
    >>> problem = Problem(candidates=(firm,), terms=Terms(budget_fen=10**8), economics=economics, churn=churn)
    >>> seal(problem, [Choice("E1", 10_000_000, 100_000)], book="mine", method="rule").expected_profit_fen
    110000
    >>> seal(problem, [Choice("E1", 200_000_000, 100_000)], book="mine", method="rule")
    Traceback (most recent call last):
    weilend.core.errors.InfeasibleError: E1 is offered ¥2,000,000, more than its ceiling of ¥1,000,000
    """
    candidates = in_order(problem.candidates)
    chosen = {choice.business_id: choice for choice in choices if choice.amount_fen != 0}
    placements = tuple(_placement(c, chosen[c.business_id], problem) for c in candidates if c.business_id in chosen)
    inputs = problem.hashes() | dict(also_read or {})
    draft = Allocation(
        book=book,
        method=method,
        placements=placements,
        not_placed=tuple(c.business_id for c in candidates if c.business_id not in chosen),
        budget_fen=problem.terms.budget_fen,
        offered_fen=sum(placement.amount_fen for placement in placements),
        expected_taken_fen=_taken_fen(placements, problem),
        expected_profit_fen=_expected_profit_fen(placements, problem),
        bound_fen=bound_fen,
        binding=binding,
        cites=tuple(c.receipt_id for c in candidates),
        inputs=inputs,
        inputs_hash=content_hash(inputs),
        allocation_id="",
    )
    allocation = msgspec.structs.replace(draft, allocation_id=content_hash(draft))
    verify_allocation(allocation, problem)
    return allocation


def verify_allocation(allocation: Allocation, problem: Problem) -> None:
    """Check every constraint, sum and hash of an allocation in exact integers; return nothing when all hold.

    Raises `InfeasibleError` with the first constraint that is broken, and by how much.

    >>> problem = Problem(candidates=(), terms=Terms(budget_fen=0), churn=ChurnTable.from_rows("A", [(40_000, 0)]),
    ...     economics=Economics(loss_given_default_ppm=0, funding_rate_ppm=0, churn_class={}))
    >>> empty = seal(problem, [], book="none", method="rule")
    >>> verify_allocation(msgspec.structs.replace(empty, offered_fen=5), problem)
    Traceback (most recent call last):
    weilend.core.errors.InfeasibleError: the allocation says it offers ¥0.05, its placements add up to ¥0
    """
    by_id = {candidate.business_id: candidate for candidate in problem.candidates}
    _check_everyone_once(allocation, by_id)
    for placement in allocation.placements:
        _check_amount(placement, by_id[placement.business_id], problem.terms)
        _check_rate(placement, by_id[placement.business_id], problem)
    _check_sums(allocation, problem)
    _check_customers(allocation, by_id, problem.terms)
    _check_seal(allocation, problem)


def _placement(candidate: Candidate, choice: Choice, problem: Problem) -> Placement:
    per_yuan = yield_ppm(candidate, choice.annual_rate_ppm, problem.economics, problem.churn)
    return Placement(
        business_id=candidate.business_id,
        receipt_id=candidate.receipt_id,
        grade=candidate.grade,
        pd_ppm=candidate.pd_ppm,
        amount_fen=choice.amount_fen,
        annual_rate_ppm=choice.annual_rate_ppm,
        expected_profit_fen=mul_rate(choice.amount_fen, per_yuan),
    )


def _expected_profit_fen(placements: Sequence[Placement], problem: Problem) -> int:
    by_id = {candidate.business_id: candidate for candidate in problem.candidates}
    exact = sum(
        p.amount_fen * yield_ppm(by_id[p.business_id], p.annual_rate_ppm, problem.economics, problem.churn) for p in placements
    )
    return mul_rate(exact, 1)


def _taken_fen(placements: Sequence[Placement], problem: Problem) -> int:
    return sum(taken_fen(placement, problem.economics, problem.churn) for placement in placements)


def _require(holds: bool, message: str) -> None:  # noqa: FBT001 (a condition reads best in place)
    if not holds:
        raise InfeasibleError(message)


def _check_everyone_once(allocation: Allocation, by_id: Mapping[str, Candidate]) -> None:
    answered = sorted([*(p.business_id for p in allocation.placements), *allocation.not_placed])
    _require(answered == sorted(by_id), "placed and not placed together are not each candidate once")


def _check_amount(placement: Placement, candidate: Candidate, terms: Terms) -> None:
    who, amount = placement.business_id, placement.amount_fen
    offered = f"{who} is offered {show_yuan(amount)}"
    _require(amount >= terms.min_amount_fen, f"{offered}, less than the least of {show_yuan(terms.min_amount_fen)}")
    _require(amount <= terms.max_amount_fen, f"{offered}, more than the most of {show_yuan(terms.max_amount_fen)}")
    _require(amount <= candidate.ceiling_fen, f"{offered}, more than its ceiling of {show_yuan(candidate.ceiling_fen)}")
    _require(amount % terms.amount_step_fen == 0, f"{offered}, no multiple of {show_yuan(terms.amount_step_fen)}")


def _check_rate(placement: Placement, candidate: Candidate, problem: Problem) -> None:
    allowed = rates_for(candidate, problem.terms, problem.churn)
    rate = placement.annual_rate_ppm
    at_rate = f"{placement.business_id} is offered {show_percent(rate)}"
    _require(rate in allowed, f"{at_rate}, which floor {show_percent(candidate.floor_rate_ppm)}, terms and table do not allow")
    rebuilt = _placement(candidate, Choice(candidate.business_id, placement.amount_fen, rate), problem)
    _require(placement == rebuilt, f"the placement of {placement.business_id} does not follow from its decision")


def _check_sums(allocation: Allocation, problem: Problem) -> None:
    offered = sum(placement.amount_fen for placement in allocation.placements)
    said = show_yuan(allocation.offered_fen)
    _require(
        allocation.offered_fen == offered,
        f"the allocation says it offers {said}, its placements add up to {show_yuan(offered)}",
    )
    budget = problem.terms.budget_fen
    _require(
        offered <= budget == allocation.budget_fen, f"{show_yuan(offered)} is offered out of a budget of {show_yuan(budget)}"
    )
    taken = _taken_fen(allocation.placements, problem)
    _require(
        allocation.expected_taken_fen == taken, f"{show_yuan(taken)} is expected to be taken, not what the allocation says"
    )
    profit = _expected_profit_fen(allocation.placements, problem)
    _require(allocation.expected_profit_fen == profit, f"expected profit is {show_yuan(profit)}, not what the allocation says")
    bound = allocation.bound_fen
    _require(bound is None or profit <= bound, "expected profit is above the proven bound, so one of them is wrong")


def _check_customers(allocation: Allocation, by_id: Mapping[str, Candidate], terms: Terms) -> None:
    behind: dict[str, int] = defaultdict(int)
    shared = shared_customers(list(by_id.values()))
    for placement in allocation.placements:
        customer = by_id[placement.business_id].top_customer
        if customer is not None and customer in shared:
            behind[customer] += placement.amount_fen
    share = terms.max_share_behind_one_customer_ppm
    for customer, amount in behind.items():
        held = amount * PPM <= share * allocation.offered_fen
        _require(
            held, f"{show_yuan(amount)} stands behind customer {customer}, more than {show_percent(share)} of what is offered"
        )


def _check_seal(allocation: Allocation, problem: Problem) -> None:
    known = {name: allocation.inputs.get(name) for name in problem.hashes()}
    sealed = known == problem.hashes() and allocation.inputs_hash == content_hash(allocation.inputs)
    _require(sealed, "the allocation was made from other inputs")
    identity = content_hash(msgspec.structs.replace(allocation, allocation_id=""))
    _require(allocation.allocation_id == identity, "the allocation's id is not the hash of its content")
