"""A small `Result` of invented businesses, put together by hand: sixty with a known outcome, forty that apply."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from weilend.app.desk.models.modelling import LIMITS, SIZES, Study
from weilend.app.desk.placing import candidates_of, economics_of, terms_of
from weilend.app.desk.population import Group, Population
from weilend.app.desk.progress import say_nothing
from weilend.app.desk.proof import NOT_ASSESSED, prove_on_truth
from weilend.app.desk.run import Order, Result
from weilend.app.desk.sealed import Sealed, make_evaluator
from weilend.app.desk.standing import NOTHING_OWED
from weilend.app.desk.stress import stress_book
from weilend.core.calendars import Calendar
from weilend.core.plan import Spine
from weilend.core.values import Application, Offer, Receipt
from weilend.decision import seal, seals
from weilend.features.compute import FeatureTable, Seen
from weilend.features.labels import EXTERNAL_DEFAULT, Labels
from weilend.features.sets import FEATURE_SETS
from weilend.lending import Allotment, Product, load_product, make_offer
from weilend.models.card import Card, Characteristic
from weilend.models.card import seal as seal_card
from weilend.models.drift import measure_drift
from weilend.models.metrics import auc_difference, auc_interval
from weilend.models.package import About
from weilend.models.prediction import Prediction
from weilend.models.validate import judge
from weilend.partners import Allocation, ChurnTable, place
from weilend.sources import Accounting, FileCount

CALENDAR = Calendar()
AS_OF_DAY, KNOWN_DAY = date(2020, 1, 1), date(2020, 3, 1)
AS_OF, KNOWN_AT = CALENDAR.start_of(AS_OF_DAY), CALENDAR.start_of(KNOWN_DAY)
FEATURES = FEATURE_SETS["enterprise"]
YUAN = 100
BUDGET_FEN = 6_000_000 * YUAN
CHURN = ChurnTable.from_rows("ABC", [(rate, *([4 * (rate - 40_000)] * 3)) for rate in range(40_000, 150_001, 10_000)])
#: What the policy wants of a business that trades soundly.
SOUND = {
    "sales_months_active_12m": 12, "sales_months_active_6m": 6, "sales_months_active_3m": 3, "sales_count_6m": 60,
    "sales_count_3m": 30, "days_since_last_sale": 4, "history_months": 36, "sales_void_rate_12m": 50_000,
    "sales_red_rate_12m": 10_000, "top_customer_share_12m": 300_000, "customers_12m": 20, "purchase_to_sales_12m": 700_000,
}  # fmt: skip


@cache
def make_result() -> Result:
    """Return the example; change what a test is about with `msgspec.structs.replace`."""
    product = _small_product()
    population = Population(_labels(), _group("K", 60, seed=1), _group("A", 40, seed=2))
    card = _card()
    sealed = Sealed(make_evaluator(product, FEATURES), product, FEATURES, card)
    receipts = tuple(_decide(sealed, population.applicants, index) for index in range(40))
    candidates = candidates_of(receipts, population.applicants.top_customers)
    allocation = place(candidates, terms_of(product, BUDGET_FEN), economics_of(product), CHURN)
    study = _study(card, population)
    return Result(
        order=Order(
            product=product.name, data=(("cumcm2020c", Path("somewhere/invented")),), consent_id="own-data",
            budget_fen=BUDGET_FEN, as_of=AS_OF_DAY, assume_label_known=True,
        ),
        as_of=AS_OF,
        counted=(_counted(),),
        sealed=sealed,
        population=population,
        study=study,
        receipts=receipts,
        allocation=allocation,
        offers={receipt.application.business_id: _offer(product, receipt, allocation) for receipt in receipts},
        proof=prove_on_truth(study, population, sealed.evaluator, product, CHURN, budget_fen=BUDGET_FEN),
        stress=stress_book(allocation, receipts, population.applicants, card, product, CHURN, say_nothing),
    )  # fmt: skip


def _small_product() -> Product:
    """The product with a grid of four scenarios instead of 36."""
    product = load_product("enterprise_loan")
    grid = {
        "portfolio_bad_rate_ppm": (80_000, 220_000),
        "loss_given_default_ppm": (650_000, 850_000),
        "funding_rate_ppm": (35_000,),
    }
    small = {name: msgspec.structs.replace(one, stress=grid[name]) for name, one in product.assumptions.items()}
    return msgspec.structs.replace(product, assumptions=small)


def _labels() -> Labels:
    bad = {f"K{index:03}": int(index % 10 < 6 and index < 20) for index in range(60)}
    return Labels(EXTERNAL_DEFAULT, bad, dict.fromkeys(bad, KNOWN_AT))


def _group(letter: str, count: int, *, seed: int) -> Group:
    """Return businesses from the smallest to the largest, with every tenth asleep for six months."""
    rng = np.random.default_rng(seed)
    names = tuple(f"{letter}{index:03}" for index in range(count))
    rows = []
    for index in range(count):
        sales = 200_000 * YUAN * (index + 1) + int(rng.integers(1_000_000))
        row = {feature.name: int(rng.integers(1, 1_000)) for feature in FEATURES.features} | SOUND
        row |= {"sales_fen_12m": sales, "sales_fen_6m": sales // 2 + 1, "sales_fen_3m": sales // 4, "sales_fen_36m": 3 * sales}
        if index % 10 == 9:
            row |= dict.fromkeys(("sales_months_active_6m", "sales_months_active_3m", "sales_count_6m", "sales_count_3m"), 0)
        rows.append([row[feature.name] for feature in FEATURES.features])
    values = np.array(rows, dtype=np.int64)
    told = [
        all(part.kind == "invoice" for part in feature.parts) for feature in FEATURES.features
    ]  # nothing else was handed over
    known = np.broadcast_to(np.array(told), values.shape)
    seen = np.full(count, 36, dtype=np.int64)
    table = FeatureTable(
        FEATURES, Spine(names, (AS_OF,) * count), np.where(known, values, 0), known, {"invoice": Seen(30 * seen, seen, seen)}
    )
    tops = {name: "C1" if index % 7 == 0 else f"own{index}" for index, name in enumerate(names)}
    return Group(table, tops, sole_traders=9 if letter == "A" else 2)


def _card() -> Card:
    sales = Characteristic(
        feature=FEATURES["sales_fen_36m"], cuts=(6_000_000 * YUAN, 15_000_000 * YUAN), points=(-40, 0, 40), null_points=0,
        woe_micro=(-1_000_000, 0, 1_000_000), null_woe_micro=0, rows=(10, 15, 35), bads=(6, 6, 0), null_rows=0, null_bads=0,
        coefficient_micro=900_000, information_micro=800_000, seen_lo=0, seen_hi=60_000_000 * YUAN,
    )  # fmt: skip
    voids = Characteristic(
        feature=FEATURES["sales_void_rate_12m"], cuts=(100_000,), points=(3, -3), null_points=0, woe_micro=(100_000, -100_000),
        null_woe_micro=0, rows=(60, 0), bads=(12, 0), null_rows=0, null_bads=0, coefficient_micro=200_000,
        information_micro=10_000, seen_lo=0, seen_hi=1_000_000,
    )  # fmt: skip
    return seal_card(
        Card(characteristics=(sales, voids), base_points=600, lowest_points=0, pd_ppm=(), prior_ppm=80_000, anchor_ppm=80_000,
             sample_ppm=200_000, rows=60, bads=12, seed=1, strength_micro=100_000)
    )  # fmt: skip


def _decide(sealed: Sealed, group: Group, index: int) -> Receipt:
    row = group.features.row(index)
    (said,) = sealed.score([row])
    assert sealed.model
    assert said
    hashes = seals(policy=sealed.evaluator.policy_id, product=sealed.product.identity, model=sealed.model.model_id,
                   feature_set=sealed.features.identity, runtime={"weilend": "0"})  # fmt: skip
    application = Application(application_id=f"app-{index}", product=sealed.product.name, business_id=row.business_id,
                              as_of=AS_OF, consent_id="own-data")  # fmt: skip
    decision = sealed.evaluator.decide(row, NOT_ASSESSED, said, NOTHING_OWED)
    return seal(application=application, book_seq=100, sealed=hashes, features=row, fraud=NOT_ASSESSED, score=said,
                decision=decision, offer=make_offer(sealed.product, decision, None), standing=NOTHING_OWED)  # fmt: skip


def _offer(product: Product, receipt: Receipt, allocation: Allocation) -> Offer:
    if receipt.decision.outcome != "approve":
        return make_offer(product, receipt.decision, None)
    placed = allocation.placement(receipt.application.business_id)
    allotment = Allotment(
        allocation_id=allocation.allocation_id,
        receipt_id=receipt.receipt_id,
        amount_fen=placed.amount_fen if placed else 0,
        annual_rate_ppm=placed.annual_rate_ppm if placed else None,
    )
    return make_offer(product, receipt.decision, allotment)


def _study(card: Card, population: Population) -> Study:
    table, bad = population.known.table(), population.bad()
    run = card.predict(table)
    other = Prediction(run.points + np.arange(len(bad)) % 3, run.pd_ppm)
    size, _ = table.column(SIZES[0])
    figures = judge(bad, [run] * 5, size, seeds=(1, 2, 3, 4, 5))
    about = About(
        model_id=card.model_id, name="pd_enterprise", data="d" * 32, label="external_default", label_known_at=KNOWN_AT,
        assumed_known=True, as_of=AS_OF, feature_set=FEATURES.identity, features_offered=("sales_fen_36m", "sales_void_rate_12m"),
        reconstructed_ppm=1_000_000, seeds=(1, 2, 3, 4, 5), figures=figures, permutations=None, limits=LIMITS,
    )  # fmt: skip
    return Study(
        card=card, about=about, figures=figures, card_runs=(run,) * 5, size_auc=auc_interval(bad, size, seed=1),
        logistic_auc=auc_interval(bad, other.points, seed=1), over_size=auc_difference(bad, run.points, size, seed=1),
        over_logistic=auc_difference(bad, run.points, other.points, seed=1), permutations=None,
        drift=measure_drift(table, population.applicants.table(), seed=1, draws=20),
    )  # fmt: skip


def _counted() -> Accounting:
    files = (
        FileCount(file="sales.parquet", rows_in=1_000, accepted=980, duplicate=17, quarantined=3),
        FileCount(file="firms.csv", rows_in=100, accepted=100, duplicate=0, quarantined=0),
    )
    return Accounting(rows_in=1_100, accepted=1_080, duplicate=17, quarantined=3, files=files,
                      duplicates_of={"K007": 11, "A002": 6}, reasons={"gross_is_not_net_plus_tax": 3})  # fmt: skip
