"""In: the price of a policy. Out: steps: what each term must bear and may, and the first that fits. Used: by the compiler."""

from __future__ import annotations

from weilend.core.credit import Method
from weilend.core.money import PPM
from weilend.decision.limits import FULL, rounded_down
from weilend.decision.parts import Term
from weilend.decision.pricing import highest_rate_ppm
from weilend.decision.program import TermSteps
from weilend.decision.scope import Scope
from weilend.decision.trees import literal

#: How a term is reached: its number, 0 where none fits, NULL where it is not known.
TERM = "term"


def add_price(scope: Scope, schedule: Method | None) -> tuple[TermSteps, ...]:
    """Add ceiling and required rate of every term, and of the first that fits ``ceiling_fen``, ``floor_rate_ppm``, ``months``.

    Where none fits, ``price_above_cap`` is true and the last term stands in for the others, for reasons to speak of.
    """
    price, places = scope.policy.floor_rate, scope.policy.places
    if schedule is None:
        places.refuse(
            ("floor_rate",), "the cost of a term needs the product's schedule", "compile it with the product's schedule"
        )
    cap, fee = (scope.constant(("floor_rate", key), getattr(price, key)) for key in ("cap", "fee_ppm"))
    if not 0 <= cap <= 10 * PPM or not 0 <= fee < PPM:
        places.refuse(
            ("floor_rate",), f"a cap of {cap} ppm and a fee of {fee} ppm cannot be", "give ppm of a year, and of the amount"
        )
    terms = tuple(
        _add_term(scope, number, term, highest_rate_ppm(schedule, term.months, fee, price.convention, cap))
        for number, term in enumerate(price.terms, start=1)
    )
    _add_choice(scope, terms)
    return terms


def _add_term(scope: Scope, number: int, term: Term, highest: int) -> TermSteps:
    path = ("floor_rate", "terms", f"[{number - 1}]")
    share = FULL if term.ceiling_share_ppm == PPM else rounded_down(scope, f"mul_rate({FULL}, {term.ceiling_share_ppm})")
    ceiling = scope.let(f"term_{number}_ceiling_fen", share, path)
    names = {"months": literal(term.months), "ceiling_fen": ceiling}
    rate = scope.compile(("floor_rate", "formula"), scope.policy.floor_rate.formula, "integer", instead=names)
    if rate.lo is None or rate.lo < 0:
        scope.policy.places.refuse(
            ("floor_rate", "formula"), "it can be negative", "keep it at or above zero with greatest(…, 0)"
        )
    scope.let(f"term_{number}_rate_ppm", rate, ("floor_rate", "formula"))
    scope.let(f"term_{number}_fits", f"term_{number}_rate_ppm <= {highest}", path)
    return TermSteps(term, highest, *(f"term_{number}_{what}" for what in ("ceiling_fen", "rate_ppm", "fits")))


def _add_choice(scope: Scope, terms: tuple[TermSteps, ...]) -> None:
    """Take the first term that fits; a term that may fit, for all that is known, is not passed over."""
    tried = "".join(
        f" WHEN {one.fits} THEN {number} WHEN {one.fits} IS NULL THEN NULL" for number, one in enumerate(terms, start=1)
    )
    scope.let(TERM, f"CASE{tried} ELSE 0 END", "floor_rate")
    scope.let("ceiling_fen", _of_term([one.ceiling_fen for one in terms]), "ceiling")
    scope.let("floor_rate_ppm", _of_term([one.required_rate_ppm for one in terms], unknown=True), "floor_rate")
    scope.let("months", _of_term([str(one.term.months) for one in terms], unknown=True), "floor_rate")
    scope.let("price_above_cap", f"{TERM} = 0", "floor_rate")
    if len(terms) > 1:
        scope.let("shorter_term", f"{TERM} > 1", "floor_rate")
    for name, unit in (("ceiling_fen", "fen"), ("floor_rate_ppm", "ppm"), ("months", "months")):
        scope.show(name, unit=unit)


def _of_term(values: list[str], *, unknown: bool = False) -> str:
    """Return the text that takes the value of the term: the last where none fits, and NULL or the last where it is not known."""
    *others, last = values
    if not others:
        return last
    known = f" WHEN {TERM} IS NULL THEN NULL" if unknown else ""
    whens = "".join(f" WHEN {TERM} = {number} THEN {value}" for number, value in enumerate(others, start=1))
    return f"CASE{known}{whens} ELSE {last} END"
