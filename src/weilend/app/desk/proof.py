"""In: a study with out-of-fold PDs, a product, a budget. Out: what the book would have earned. Used: by `run`.

The proof on truth: every known business is judged by a card that never saw it, the budget is scaled to their number, placed and
settled with what really happened to them; five simpler books are placed under the same constraints.
"""

from __future__ import annotations

import msgspec

from weilend.app.desk.models.modelling import Study
from weilend.app.desk.placing import economics_of, make_candidate, terms_of
from weilend.app.desk.population import Population
from weilend.app.desk.standing import NOTHING_OWED
from weilend.core.values import FraudVerdict, Score
from weilend.decision import Evaluator
from weilend.lending import Product
from weilend.models.card import Card
from weilend.partners import ChurnTable, Comparison, Problem, compare_books

NOT_ASSESSED = FraudVerdict("not_assessed")
#: A receipt id that says: this decision was made for a proof, nobody applied.
NO_RECEIPT = "out-of-fold"


class Proof(msgspec.Struct, frozen=True):
    """The known businesses decided out of fold: how many were approved, how many of those went bad, and the books compared."""

    approved: int
    approved_bad: int
    decided: int
    bad: int
    budget_fen: int
    comparison: Comparison


def prove_on_truth(
    study: Study, population: Population, evaluator: Evaluator, product: Product, churn: ChurnTable, *, budget_fen: int
) -> Proof:
    """Place the known businesses by their out-of-fold PDs (first seed) and settle with the real outcomes."""
    group, bad = population.known, population.bad()
    run = study.card_runs[0]
    outcomes = {name: bool(value) for name, value in zip(group.names, bad.tolist(), strict=True)}
    candidates = []
    for index, name in enumerate(group.names):
        score = _score_out_of_fold(study.card, int(run.points[index]), int(run.pd_ppm[index]))
        decision = evaluator.decide(group.features.row(index), NOT_ASSESSED, score, NOTHING_OWED)
        if decision.outcome == "approve":
            candidates.append(make_candidate(name, NO_RECEIPT, score.pd_ppm, decision, group.top_customers[name]))
    scaled = _scale(budget_fen, len(group.names), len(population.applicants.names), product.terms.amount_step_fen)
    problem = Problem(
        candidates=tuple(candidates),
        terms=terms_of(product, scaled),
        economics=economics_of(product),
        churn=churn,
    )
    return Proof(
        approved=len(candidates),
        approved_bad=sum(outcomes[candidate.business_id] for candidate in candidates),
        decided=len(outcomes),
        bad=sum(outcomes.values()),
        budget_fen=scaled,
        comparison=compare_books(problem, group.amounts("sales_fen_12m"), outcomes, seed=study.about.seeds[0]),
    )


def _score_out_of_fold(card: Card, points: int, pd_ppm: int) -> Score:
    """Return a score with a stranger card's verdict; its reasons are not kept, because nobody is told them."""
    return Score(model_id=card.model_id, base_points=points, points=points, pd_ppm=pd_ppm, contributions=())


def _scale(budget_fen: int, part: int, whole: int, step_fen: int) -> int:
    return budget_fen * part // whole // step_fen * step_fen
