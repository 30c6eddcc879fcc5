"""In: a table, a label, features. Out: a regularised logistic regression. Used: as the benchmark that the card is held against.

It is what a modeller would try first: every feature, no declared signs, an L2 penalty chosen by inner cross-validation.
It never decides: it has no reasons that add up to a score in integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.features.spec import Feature
from weilend.models.folds import stratified_folds
from weilend.models.guard import check_trainable, refuse_label_copies
from weilend.models.prediction import Prediction
from weilend.models.prior import logit_ppm, to_pd_ppm
from weilend.models.ridge import fit_path, log_loss
from weilend.models.table import Floats, Integers, Table, canonical_order

#: Inverse strengths, weak data to strong: a factor of about three apart; beyond 1 a hundred rows are fitted to the letter.
INVERSE_STRENGTHS: Final = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
INNER_FOLDS: Final = 5
HEAVY_TAILED: Final = frozenset({"fen", "count"})  # sizes: a logarithm makes a firm twice as large one step larger


class Frame(msgspec.Struct, frozen=True, eq=False):
    """How columns are made comparable, learned from training rows only.

    `logs` marks columns behind a signed logarithm, `fill` stands for NULL, `centre` and `spread` standardise.
    """

    names: tuple[str, ...]
    logs: tuple[bool, ...]
    fill: Floats
    centre: Floats
    spread: Floats

    def standardise(self, table: Table) -> Floats:
        """Return (n, k) standardised columns without gaps."""
        mine = table.select(self.names)
        filled = np.where(mine.known, _shape(mine, self.logs), self.fill)
        return np.asarray((filled - self.centre) / self.spread)


class LogisticModel(msgspec.Struct, frozen=True, eq=False):
    """Coefficients on the standardised columns of a frame: positive is riskier."""

    frame: Frame
    coefficients: Floats
    intercept: float

    def predict(self, table: Table) -> Prediction:
        """Return points (millionths of the logit of staying good) and PD of each row."""
        logit = self.intercept + self.frame.standardise(table) @ self.coefficients
        return Prediction(np.rint(-PPM * logit).astype(np.int64), to_pd_ppm(logit))


def fit(table: Table, label: Integers, features: Sequence[Feature], *, seed: int, prior_ppm: int) -> LogisticModel:
    """Return the benchmark on the features whose sign is declared (the same that a card may use); label 1 is bad.

    NULL becomes the median and columns are standardised, both on the rows that are trained on. `prior_ppm` moves the
    intercept as on a card. Raises `InputError` as `woe_card.fit` does.

    >>> from weilend.models.recipes.woe_card import example_data
    >>> table, label, features = example_data()
    >>> model = fit(table, label, features, seed=1, prior_ppm=80_000)
    >>> [int(np.sign(c)) for c in model.coefficients]
    [-1, 1]
    """
    usable = sorted((feature for feature in features if feature.sign != 0), key=lambda feature: feature.name)
    table = table.select([feature.name for feature in usable])
    order = canonical_order(table, label)
    table, label = table.take(order), np.asarray(label, dtype=np.int64)[order]
    check_trainable(table, label)
    refuse_label_copies(table, label)
    logs = tuple(feature.unit in HEAVY_TAILED for feature in usable)
    inverse = _choose_strength(table, label, logs, seed)
    frame = _frame(table, logs)
    ((intercept, *coefficients),) = _fit_path(frame.standardise(table), label, [inverse])
    sample = float(label.mean())
    return LogisticModel(frame, np.array(coefficients), intercept + logit_ppm(prior_ppm) - float(np.log(sample / (1 - sample))))


def _choose_strength(table: Table, label: Integers, logs: tuple[bool, ...], seed: int) -> float:
    fold = stratified_folds(table, label, folds=INNER_FOLDS, seed=seed)
    loss = np.zeros(len(INVERSE_STRENGTHS))
    for this in range(INNER_FOLDS):
        frame = _frame(table.take(fold != this), logs)
        columns, train, rest = frame.standardise(table), fold != this, fold == this
        path = _fit_path(columns[train], label[train], INVERSE_STRENGTHS)
        loss += log_loss(path, -columns[rest], label[rest])
    return INVERSE_STRENGTHS[int(np.argmin(loss))]


def _frame(table: Table, logs: tuple[bool, ...]) -> Frame:
    shaped = np.where(table.known, _shape(table, logs), np.nan)
    shaped[:, ~table.known.any(axis=0)] = 0.0
    fill = np.nanmedian(shaped, axis=0)
    filled = np.where(np.isnan(shaped), fill, shaped)
    spread = filled.std(axis=0)
    return Frame(table.names, logs, fill, filled.mean(axis=0), np.where(spread > 0, spread, 1.0))


def _fit_path(columns: Floats, label: Integers, inverses: Sequence[float]) -> Floats:
    """Return (len(inverses), 1 + k) intercepts and coefficients; the penalty weighs as much as 1 / inverse rows."""
    return fit_path(-columns, label, [1 / (inverse * len(label)) for inverse in inverses], least=-np.inf)


def _shape(table: Table, logs: tuple[bool, ...]) -> Floats:
    values = table.values.astype(np.float64)
    return np.where(np.array(logs, dtype=np.bool_), np.sign(values) * np.log1p(np.abs(values)), values)
