"""In: a population. Out: the card that decides, and what is known of it. Used: by `run` and by `weilend model build`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.app.desk.home import Home
from weilend.app.desk.population import Population
from weilend.app.desk.progress import Tell, say_nothing
from weilend.core.money import PPM
from weilend.features.labels import LoanLabel
from weilend.features.plans import FeatureSet
from weilend.lending import Product
from weilend.models.card import Card
from weilend.models.drift import Drift, measure_drift
from weilend.models.folds import SEEDS
from weilend.models.guard import check_label_known
from weilend.models.metrics import Interval, auc_difference, auc_interval
from weilend.models.package import About
from weilend.models.prediction import Fit, Prediction
from weilend.models.prior import shift_prior
from weilend.models.recipes import logistic, woe_card
from weilend.models.validate import Figures, Permutations, judge, judge_permutations, permuted_auc, runs_over_seeds

#: What a plain reader would rank firms by, the first that a product's features have; every model has to be held against it.
SIZES = ("sales_fen_36m", "wallet_receipts_fen_12m")

#: Where the evidence ends of what others told of firms, and of loans of our own.
LIMITS = (
    "trained on firms that a bank chose to lend to and a contest chose to show; it has seen no firm that was turned away",
    "the label has no date, so nothing is known of when firms default",
)
OWN_LIMITS = (
    "trained on loans that were granted and taken up; it has seen nobody who was turned away",
    "of a business with several loans only the first that came of age counts",
)


class Study(msgspec.Struct, frozen=True, eq=False):
    """What is known of a model: figures out of fold, differences to simpler rankings, and where the evidence ends.

    `card_runs` are the out-of-fold predictions of each seed at the portfolio's bad rate. `permutations` is None unless asked.
    """

    card: Card
    about: About
    figures: Figures
    card_runs: tuple[Prediction, ...]
    size_auc: Interval
    logistic_auc: Interval
    over_size: Interval
    over_logistic: Interval
    permutations: Permutations | None
    drift: tuple[Drift, ...]


class Training(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is to be built: at which instant, on whose word that the label was known, and how thoroughly to look."""

    as_of: int
    assume_label_known: bool = False
    seeds: tuple[int, ...] = SEEDS
    permutations: int = 0


def fit_card(population: Population, product: Product, training: Training) -> Card:
    """Return the card on all known businesses; refuses labels that nobody knew at the as_of.

    Raises `ImmatureLabelError` unless the label was known by then or that is assumed.
    """
    check_label_known(population.labels.known_at, training.as_of, assume_known=training.assume_label_known)
    features, prior_ppm = population.known.features.feature_set.features, product.assumed("portfolio_bad_rate_ppm")
    return woe_card.fit(population.known.table(), population.bad(), features, seed=training.seeds[0], prior_ppm=prior_ppm)


def study_model(
    card: Card,
    population: Population,
    product: Product,
    training: Training,
    *,
    reconstructed_ppm: int,
    tell: Tell = say_nothing,
) -> Study:
    """Return what is known of a card: nested cross-validation over seeds, against logistic regression and size alone."""
    table, bad, seed = population.known.table(), population.bad(), training.seeds[0]
    size, _ = table.column(next(name for name in SIZES if name in table.names))
    recipes = _recipes(population, product)
    runs = [_run(fit, population, training.seeds, name, tell) for fit, name in zip(recipes, ("card", "benchmark"), strict=True)]
    points = [np.stack([run.points for run in part]) for part in runs]
    figures = judge(bad, _at_sample_rate(runs[0], bad, product), size, seeds=training.seeds)
    permutations = _permute(recipes[0], population, training.permutations, figures, tell)
    about = _about(card, population, product, training, figures, permutations, reconstructed_ppm)
    return Study(
        card=card,
        about=about,
        figures=figures,
        card_runs=tuple(runs[0]),
        size_auc=auc_interval(bad, size, seed=seed),
        logistic_auc=auc_interval(bad, points[1], seed=seed),
        over_size=auc_difference(bad, points[0], size, seed=seed),
        over_logistic=auc_difference(bad, points[0], points[1], seed=seed),
        permutations=permutations,
        drift=measure_drift(table, population.applicants.table(), seed=seed) if population.applicants.names else (),
    )


def share_reconstructed_ppm(home: Home, features: FeatureSet) -> int:
    """Return the share of the records behind a feature set that were handed over as history, not observed as they happened."""
    stats = [one for kind, one in home.book.stats().items() if kind in features.kinds]
    return sum(one.rows * one.reconstructed_ppm for one in stats) // max(sum(one.rows for one in stats), 1)


def _recipes(population: Population, product: Product) -> tuple[Fit, Fit]:
    features = population.known.features.feature_set.features
    prior_ppm = product.assumed("portfolio_bad_rate_ppm")
    card: Fit = partial(woe_card.fit, features=features, prior_ppm=prior_ppm)
    benchmark: Fit = partial(logistic.fit, features=features, prior_ppm=prior_ppm)
    return card, benchmark


def _run(fit: Fit, population: Population, seeds: Sequence[int], name: str, tell: Tell) -> list[Prediction]:
    runs = []
    for run in runs_over_seeds(fit, population.known.table(), population.bad(), seeds=seeds):
        runs.append(run)
        tell(f"validate the {name}", len(runs), len(seeds))
    return runs


def _permute(fit: Fit, population: Population, draws: int, figures: Figures, tell: Tell) -> Permutations | None:
    if not draws:
        return None
    table, bad, found = population.known.table(), population.bad(), []
    for seed in range(1, draws + 1):
        found.append(permuted_auc(fit, table, bad, seed=seed))
        tell("permute the labels", seed, draws)
    return judge_permutations(found, figures.auc.estimate_ppm / PPM)


def _at_sample_rate(runs: Sequence[Prediction], bad: npt.NDArray[np.int64], product: Product) -> list[Prediction]:
    """Return the runs with PDs at the sample's own bad rate: only there can they be held against its outcomes."""
    prior_ppm, sample_ppm = product.assumed("portfolio_bad_rate_ppm"), round(PPM * float(bad.mean()))
    return [Prediction(run.points, shift_prior(run.pd_ppm, from_ppm=prior_ppm, to_ppm=sample_ppm)) for run in runs]


def _about(
    card: Card,
    population: Population,
    product: Product,
    training: Training,
    figures: Figures,
    permutations: Permutations | None,
    reconstructed_ppm: int,
) -> About:
    return About(
        model_id=card.model_id,
        name=product.model,
        data=population.known.table().identity(population.bad()),
        label=product.label,
        label_known_at=population.labels.known_at,
        assumed_known=population.labels.known_at > training.as_of,
        as_of=training.as_of,
        feature_set=population.known.features.feature_set.identity,
        features_offered=tuple(f.name for f in population.known.features.feature_set.features if f.sign),
        reconstructed_ppm=reconstructed_ppm,
        seeds=training.seeds,
        figures=figures,
        permutations=permutations,
        limits=(
            f"{card.bads} bads: every figure carries the interval that so few allow",
            *(OWN_LIMITS if isinstance(population.labels.spec, LoanLabel) else LIMITS),
        ),
    )
