"""In: a placed book and the ranges of the product's assumptions. Out: which decisions survive which of them. Used: by `run`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from weilend.app.desk.placing import economics_of, make_candidate, terms_of
from weilend.app.desk.population import Group
from weilend.app.desk.progress import Tell
from weilend.app.desk.proof import NOT_ASSESSED
from weilend.app.desk.sealed import make_evaluator
from weilend.core.values import Receipt
from weilend.decision import Policy
from weilend.lending import Product
from weilend.models import Card, score_table, with_prior
from weilend.partners import Allocation, Candidate, ChurnTable, Scenario, StressCell, scenarios, stress

#: The product's assumptions that are stressed, and the fields of a scenario that hold them.
STRESSED = {
    "portfolio_bad_rate_ppm": "bad_rate_ppm",
    "loss_given_default_ppm": "loss_given_default_ppm",
    "funding_rate_ppm": "funding_rate_ppm",
}


class Stress(msgspec.Struct, frozen=True):
    """What each scenario does to the placed book; `base` is the scenario of the product's base values."""

    base: Scenario
    cells: tuple[StressCell, ...]


def stress_book(
    allocation: Allocation,
    receipts: Sequence[Receipt],
    group: Group,
    card: Card,
    product: Product,
    churn: ChurnTable,
    tell: Tell,
    policy: Policy | None = None,
) -> Stress:
    """Decide and place the applicants again under every combination of the assumptions that the product stresses.

    `policy` is the one that decided; the product's own where none is given.
    """
    grid = list(scenarios(*(product.assumptions[name].stress for name in STRESSED)))
    decided = []

    def decide_again(scenario: Scenario) -> list[Candidate]:
        decided.append(scenario)
        tell("stress the book", len(decided), len(grid))
        return _candidates_under(scenario, receipts, group, card, product, policy)

    cells = stress(allocation, decide_again, grid, terms_of(product, allocation.budget_fen), economics_of(product), churn)
    return Stress(Scenario(**{field: product.assumed(name) for name, field in STRESSED.items()}), cells)


def _candidates_under(
    scenario: Scenario, receipts: Sequence[Receipt], group: Group, card: Card, product: Product, policy: Policy | None
) -> list[Candidate]:
    """Return the applicants that the policy approves under a scenario, and with a ceiling of 0 those it approves no more."""
    changed = product.with_assumptions(**{name: getattr(scenario, field) for name, field in STRESSED.items()})
    evaluator = make_evaluator(changed, group.features.feature_set, policy)
    pds = dict(
        zip(group.names, score_table(with_prior(card, scenario.bad_rate_ppm), group.table()).pd_ppm.tolist(), strict=True)
    )
    rows = {name: index for index, name in enumerate(group.names)}
    candidates = []
    for receipt in receipts:
        name = receipt.application.business_id
        if receipt.score is None:
            continue
        score = msgspec.structs.replace(receipt.score, pd_ppm=pds[name])
        decision = evaluator.decide(group.features.row(rows[name]), NOT_ASSESSED, score, receipt.standing)
        top = group.top_customers[name]
        if decision.outcome == "approve":
            candidates.append(make_candidate(name, receipt.receipt_id, pds[name], decision, top))
        elif receipt.decision.outcome == "approve":
            declined = make_candidate(name, receipt.receipt_id, pds[name], receipt.decision, top)
            candidates.append(msgspec.structs.replace(declined, ceiling_fen=0))
    return candidates
