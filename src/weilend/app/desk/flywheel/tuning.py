"""In: a run. Out: the expert's rules with the numbers that would have earned most in its very months. Used: by rivals.

Known only afterwards, so nobody could have lent by them: a baseline that is no straw man.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product as combinations
from itertools import zip_longest
from typing import Final

import msgspec
import numpy as np

from weilend.app.desk.flywheel.ground import OWN
from weilend.app.desk.flywheel.lending import outcomes
from weilend.app.desk.flywheel.policies import NO_MODEL, Terms, with_numbers, without_chance
from weilend.app.desk.flywheel.rows import DECIDED, Rows
from weilend.app.desk.flywheel.run import Run
from weilend.app.desk.flywheel.showing import columns_of
from weilend.app.desk.flywheel.terms import LIMITS, RATES, THIN_SHARES
from weilend.app.desk.sealed import make_evaluator
from weilend.decision import Policy, product_parameters
from weilend.decision.compiler import compile_program
from weilend.decision.search_kernel import Verdicts, plan_programs
from weilend.engine.columns import Array
from weilend.models.table import Integers

#: What a search may try of the expert's thresholds, of those that a product has; the last lets everybody through.
CHOICES: Final = {
    "max_low_days": (10, 20, 30, 45, 60, 91),
    "max_utilisation_ppm": (500_000, 600_000, 700_000, 800_000, 900_000, 10_000_000),
    "max_queries_count": (2, 4, 6, 8, 12, 10_000),
    "thin_share_ppm": THIN_SHARES,
    "min_shop_age_days": (730, 365, 180, 90, 0),
    "min_positive_ppm": (970_000, 950_000, 930_000, 900_000, 0),
    "max_refund_ppm": (100_000, 150_000, 200_000, 250_000, 350_000, 100_000_000),
    "max_tax_arrears_fen": (0, 100_000, 1_000_000, 5_000_000_000_000),
    "min_tax_rating_count": (4, 3, 2, 1),
}
#: How often the search goes through all thresholds.
ROUNDS: Final = 2


class Asks(msgspec.Struct, frozen=True, eq=False):
    """Who asks for a product (`rows`), and what a policy reads of them who is nobody's old lender."""

    rows: Integers
    columns: dict[str, Array]


def tune(run: Run) -> dict[str, Policy]:
    """Return the expert's policy of each product with limit, rate and thresholds searched for on the outcomes of all months.

    Products are searched side by side: what one is offered changes nothing for another's applicants.
    """
    best = {name: without_chance(policy) for name, policy in run.first.items()}
    most, asks = dict.fromkeys(best, -(2**62)), {name: _asks(run, policy) for name, policy in best.items()}

    def attempt(variants: Mapping[str, Sequence[Policy]]) -> None:
        for name, profits in _profits(run, variants, asks).items():
            for policy, fen in zip(variants[name], profits, strict=True):
                if fen > most[name]:
                    best[name], most[name] = policy, fen

    terms = [Terms(limit, rate) for limit, rate in combinations(LIMITS, RATES[2:])]
    start = {name: let_all_through(policy) for name, policy in best.items()}
    attempt({name: [with_numbers(one, terms={NO_MODEL: each}) for each in terms] for name, one in start.items()})
    for named in list(zip_longest(*(_tunable(one) for one in best.values()))) * ROUNDS:
        tried = {name: parameter for name, parameter in zip(best, named, strict=True) if parameter}
        attempt({name: [with_numbers(best[name], parameters={parameter: choice}) for choice in CHOICES[parameter]]
                 for name, parameter in tried.items()})  # fmt: skip
    return best


def let_all_through(policy: Policy) -> Policy:
    """Return a policy whose thresholds turn nobody away: limit and rate are searched for so.

    >>> from weilend.app.desk.flywheel.policies import load_first_loan
    >>> let_all_through(load_first_loan().policy).parameters["min_shop_age_days"].base
    0
    """
    return with_numbers(policy, parameters={name: CHOICES[name][-1] for name in _tunable(policy)})


def without_own(shown: Rows) -> Rows:
    """Return what applicants show without their history with the flywheel: another lender has none of it."""
    known = shown.known.copy()
    known[:, -len(OWN) :] = False
    return msgspec.structs.replace(shown, known=known)


def _tunable(policy: Policy) -> list[str]:
    return [name for name in CHOICES if name in policy.parameters]


def _asks(run: Run, policy: Policy) -> Asks:
    rows = run.of_product(policy.product)
    evaluator = make_evaluator(run.products[policy.product], DECIDED, policy)
    return Asks(rows, columns_of(evaluator, without_own(run.shown.take(rows)), None))


def _profits(run: Run, variants: Mapping[str, Sequence[Policy]], asks: Mapping[str, Asks]) -> dict[str, list[int]]:
    """Return what each variant of a product's policy would have earned from those who asked for it, in fen."""
    said = {name: _decide(run, name, policies, asks[name]) for name, policies in variants.items()}
    found: dict[str, list[int]] = {name: [] for name in variants}
    for place in range(max(map(len, variants.values()))):
        approved, terms = np.zeros(len(run.rows), np.bool_), np.zeros((2, len(run.rows)), np.int64)
        here = [name for name in variants if place < len(variants[name])]
        for name in here:
            rows, one = asks[name].rows, said[name][place]
            approved[rows], terms[0, rows], terms[1, rows] = one.approved, one.ceiling_fen, one.rate_ppm
        lent = outcomes(run.ground, run.rows, approved, terms[0], terms[1], run.sheet.assumed("funding_rate_ppm"))
        profit = lent.profit_fen(run.settings.costs)
        for name in here:
            found[name].append(int(profit[asks[name].rows].sum()))
    return found


def _decide(run: Run, name: str, policies: Sequence[Policy], asks: Asks) -> list[Verdicts]:
    """Return what policies say, that differ in little, to those who ask for a product."""
    product = run.products[name]
    fields = {feature.name: feature.as_field() for feature in DECIDED.features}
    numbers = product_parameters(msgspec.to_builtins(product))
    programs = [compile_program(one, fields, numbers, schedule=product.schedule).program for one in policies]
    return list(plan_programs(programs).decide(asks.columns))
