"""In: a home, raw files, a product, a budget. Out: everything the main job finds. Used: by `weilend run`, outputs and report.

Raw files to a placed budget in one go: ingest, learn from the businesses whose outcome is known, decide those that apply, place the
budget, prove it on the known outcomes, stress it.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec

from weilend.app.desk.decide import decide
from weilend.app.desk.deliver import deliver
from weilend.app.desk.home import Home
from weilend.app.desk.intake.ingest import check_readable, ingest
from weilend.app.desk.models.modelling import Study, Training, fit_card, share_reconstructed_ppm, study_model
from weilend.app.desk.placing import load_churn, place_budget
from weilend.app.desk.policies import deciding_policy
from weilend.app.desk.population import Group, Population, find_population
from weilend.app.desk.progress import Tell, say_nothing
from weilend.app.desk.proof import Proof, prove_on_truth
from weilend.app.desk.sealed import Sealed, keep_sealed, make_evaluator
from weilend.app.desk.steps import DeskSteps, Request
from weilend.app.desk.stress import Stress, stress_book
from weilend.core.ids import canonical_json, content_hash
from weilend.core.values import Application, Offer, Receipt
from weilend.features.sets import FEATURE_SETS
from weilend.lending import cap_for, load_product
from weilend.partners import Allocation
from weilend.sources import Accounting
from weilend.store import Document

PERMUTATIONS = 100


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of the main job.

    `full` also permutes the labels, which takes minutes; `note` is said on the report's first page, such as that the
    data is made up.
    """

    product: str
    data: tuple[tuple[str, Path], ...]
    consent_id: str
    budget_fen: int
    as_of: date
    note: str = ""
    assume_label_known: bool = False
    full: bool = False


def check_order(order: Order) -> None:
    """Raise what a run would raise for wrong input, before a home is made or changed: product, files, reference table."""
    product = load_product(order.product)
    make_evaluator(product, FEATURE_SETS[product.feature_set])
    cap_for(product.lender_type, product.name, order.as_of)  # else no offer could be made at the end
    for profile, path in order.data:
        check_readable(path, consent_id=order.consent_id, profile=profile)
    load_churn(order.data[0][1])


class Result(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """All that the main job found, for outputs and report."""

    order: Order
    as_of: int
    counted: tuple[Accounting, ...]
    sealed: Sealed
    population: Population
    study: Study
    receipts: tuple[Receipt, ...]
    allocation: Allocation
    offers: dict[str, Offer]
    proof: Proof
    stress: Stress


def run(home: Home, order: Order, *, at: int, tell: Tell = say_nothing) -> Result:
    """Run the main job; `at` is the instant at which what it keeps is filed, and whose live policy decides.

    Where no policy went live yet, the shipped one decides. Raises `ImmatureLabelError` when
    the label was not known at the as_of and that is not assumed.
    """
    counted = tuple(
        ingest(home, path, profile=profile, consent_id=order.consent_id, at=at, tell=tell) for profile, path in order.data
    )
    churn = load_churn(order.data[0][1])
    product, as_of = load_product(order.product), home.calendar.start_of(order.as_of)
    features = FEATURE_SETS[product.feature_set]
    tell("fold features", 0, 1)
    population = find_population(home, product, as_of=as_of)
    training = Training(
        as_of=as_of,
        assume_label_known=order.assume_label_known,
        permutations=PERMUTATIONS if order.full else 0,
    )
    card = fit_card(population, product, training)
    policy = deciding_policy(home, product.policy, at=at)
    sealed = Sealed(make_evaluator(product, features, policy), product, features, card)
    keep_sealed(home, sealed, at=at)
    receipts = decide_all(home, sealed, population.applicants, order, as_of, at=at)
    tops = population.applicants.top_customers
    tell("place the budget", 0, 1)
    allocation, offers = place_budget(home, product, receipts, tops, churn, budget_fen=order.budget_fen, at=at)
    reconstructed = share_reconstructed_ppm(home, features)
    study = study_model(card, population, product, training, reconstructed_ppm=reconstructed, tell=tell)
    about = Document(
        kind="model_card", document_id=content_hash(study.about), content=canonical_json(study.about), cites=(), at=at
    )
    home.store.put_document(about)
    return Result(
        order=order,
        as_of=as_of,
        counted=counted,
        sealed=sealed,
        population=population,
        study=study,
        receipts=receipts,
        allocation=allocation,
        offers=offers,
        proof=prove_on_truth(study, population, sealed.evaluator, product, churn, budget_fen=order.budget_fen),
        stress=stress_book(allocation, receipts, population.applicants, card, product, churn, tell, policy),
    )


def decide_all(home: Home, sealed: Sealed, group: Group, order: Order, as_of: int, *, at: int) -> tuple[Receipt, ...]:
    """Decide every applicant in one request and tell the book.

    The request's id hangs on who asks, what decides and what is known of them: a run repeated on the same data is the same
    request and returns the first receipts.
    """
    steps = DeskSteps(home, sealed)
    applications = tuple(
        Application(
            application_id=content_hash([order.product, name, as_of]),
            product=order.product,
            business_id=name,
            as_of=as_of,
            consent_id=order.consent_id,
        )
        for name in group.names
    )
    request_id = content_hash([steps.seals, applications, group.table().identity()])
    receipts = decide(steps, msgspec.json.encode(Request(request_id, applications)))
    deliver(home, at=at)
    return tuple(receipts)
