"""In: a home, an as_of, an alert budget. Out: what its applications teach: detectors, how rare each mark is, floors of
grades, a score.
Used: as `weilend fraud fit`, and by whoever assesses an application.

Kept as documents of the store, each named by its content, so that a receipt that names the model finds it again. Only what
was known at
the as_of is learned from. Whoever shares a phone, device or account is dealt into one fold: a ring that stands on both sides of a
split makes any score look better than it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.app.desk.fraud.groups import groups_of
from weilend.app.desk.fraud.rings import Rings, open_rings
from weilend.app.desk.fraud.scores import Confirmed, Scored, find_recipe, learn_score
from weilend.app.desk.fraud.subjects import touched
from weilend.app.desk.home import Home
from weilend.app.desk.progress import Tell, say_nothing
from weilend.app.desk.spines import fold_spine
from weilend.core.errors import InputError, NotFoundError
from weilend.core.ids import bytes_hash, canonical_json, content_hash
from weilend.core.money import PPM
from weilend.core.plan import Plan, Spine
from weilend.core.values import Application
from weilend.engine import BookView
from weilend.features.compute import FeatureTable, finish
from weilend.features.plans import make_plan
from weilend.features.sets import FRAUD
from weilend.fraud.detectors import Ensemble, fit_ensemble, from_bytes, to_bytes
from weilend.fraud.signals import SIGNALS, mark_table
from weilend.fraud.suspicion import Calibration, calibrate
from weilend.fraud.verdict import RingSaid, find_ruled
from weilend.fraud.verdict_table import TABLE
from weilend.models.prediction import Model
from weilend.store import Document

MODEL, DETECTORS, SCORE = "fraud_model", "fraud_detectors", "fraud_score"
RECIPE: Final = "card"
#: What detectors look at: features that say on which side danger lies. The others describe, and would make the quiet look strange.
COLUMNS: Final = tuple(feature.name for feature in FRAUD.features if feature.sign)
Matrix = npt.NDArray[np.float64]


class FraudModel(msgspec.Struct, frozen=True, kw_only=True):
    """What a home learned of its applications up to an instant; `detectors` and `score` name documents ("" where there is
    no score).

    `confirmed` is how many applications reviewers had found fraudulent and sound by then, `pseudo` how many were taken as if;
    `auc_ppm` how well a score ranked the confirmed ones, and `gain_ppm` by how much better than suspicion without it (95 %): one
    that is not better beyond chance is not kept.
    """

    as_of: int
    rows: int
    budget_ppm: int
    seed: int
    feature_set: str
    columns: tuple[str, ...]
    detectors: str
    learned: Calibration
    score: str = ""
    confirmed: tuple[int, int] = (0, 0)
    pseudo: tuple[int, int] = (0, 0)
    auc_ppm: int | None = None
    gain_ppm: tuple[int, int, int] | None = None

    @property
    def identity(self) -> str:
        """The content hash by which receipts name it."""
        return content_hash(self)


class FraudRoom(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What a home has to judge applications with; None is what it has not."""

    model: FraudModel | None = None
    detectors: Ensemble | None = None
    score: Model | None = None
    rings: Rings | None = None

    @property
    def model_id(self) -> str:
        """The identity of the model, "" where there is none."""
        return "" if self.model is None else self.model.identity

    @property
    def learned(self) -> Calibration | None:
        """What was learned of applications."""
        return None if self.model is None else self.model.learned


def fit_fraud(
    home: Home, *, as_of: int, at: int, budget_ppm: int = TABLE.budget_ppm, seed: int = 1, tell: Tell = say_nothing
) -> FraudModel:
    """Learn from every application known at an instant (UTC seconds), keep what was learned, and return it.

    Raises `NotFoundError` where the book has no application by then, `InputError` for a budget that is no share.
    """
    shares, view = TABLE.shares(budget_ppm), home.book.view()
    applications = known_applications(view, as_of)
    tell("fold features", 0, 4)
    table = fraud_features(home, applications, view)
    matrix, segments = matrix_of(table), [one.product for one in applications]
    tell("learn what is usual", 1, 4)
    detectors = fit_ensemble(matrix, COLUMNS, seed=seed, segments=segments)
    said: dict[str, list[int | None]] = {"anomaly": [round(PPM * one) for one in detectors.score(matrix, segments).tolist()]}
    rings = open_rings(home, view)
    tell("look for rings", 2, 4)
    said["ring"] = [_ring_ppm(one) for one in rings.hear(applications)] if rings else [None] * len(applications)
    marks, families = mark_table(table), {one.id: one.family for one in SIGNALS.values()}
    ruled, stopped = find_ruled(table)
    learn = partial(
        calibrate,
        marks=marks,
        families=families,
        shares=shares,
        tied=TABLE.tied,
        weights=TABLE.voices,
        most_marks=TABLE.most_marks,
        ruled=ruled,
        stopped=stopped,
    )
    first = learn(said)
    tell("learn from what was confirmed", 3, 4)
    names = sorted(marks)
    suspicions = [
        first.add_up({name: values[row] for name, values in said.items()}, [one for one in names if marks[one][row]])
        for row in range(len(applications))
    ]
    groups = groups_of(touched(home, applications, view))
    confirmed = Confirmed.read(view, applications, as_of)
    scored = learn_score(table, confirmed, suspicions, groups, budget_ppm=budget_ppm, seed=seed, recipe=RECIPE)
    said["score"] = list(scored.out_of_fold) if scored and scored.is_heard else [None] * len(applications)
    learned = learn(said)
    return _keep(home, _model(detectors, learned, scored, confirmed, as_of, budget_ppm, seed), detectors, scored, at=at)


def _ring_ppm(said: RingSaid | None) -> int | None:
    return None if said is None else said.ring_ppm


def _model(
    detectors: Ensemble,
    learned: Calibration,
    scored: Scored | None,
    confirmed: Confirmed,
    as_of: int,
    budget_ppm: int,
    seed: int,
) -> FraudModel:
    model = FraudModel(
        as_of=as_of, rows=learned.rows, budget_ppm=budget_ppm, seed=seed, feature_set=FRAUD.identity, columns=COLUMNS,
        detectors=to_bytes(detectors)[0], learned=learned, confirmed=confirmed.counts,
    )  # fmt: skip
    if scored is None:
        return model
    gain = (scored.gain.estimate, scored.gain.lo, scored.gain.hi)
    told = msgspec.structs.replace(model, pseudo=scored.pseudo, auc_ppm=scored.auc_ppm, gain_ppm=gain)
    if not scored.is_heard:
        return told
    return msgspec.structs.replace(told, score=bytes_hash(find_recipe(RECIPE).write(scored.model)))


def _keep(home: Home, model: FraudModel, detectors: Ensemble, scored: Scored | None, *, at: int) -> FraudModel:
    contents = {(DETECTORS, model.detectors): to_bytes(detectors)[1]}
    if scored is not None and model.score:
        contents[SCORE, model.score] = find_recipe(RECIPE).write(scored.model)
    contents[MODEL, model.identity] = canonical_json(model)
    papers = [Document(kind=kind, document_id=name, content=text, cites=(), at=at) for (kind, name), text in contents.items()]
    home.store.put_documents(papers)
    return model


def open_room(home: Home, view: BookView, model_id: str | None = None) -> FraudRoom:
    """Return what a home has to judge applications with: the newest model (or the one that is named), and its rings.

    Raises `NotFoundError` for a model that is not there, `InputError` where it was learned on other features.
    """
    content = _newest(home) if model_id is None else home.store.document(MODEL, model_id).content
    rings = open_rings(home, view)
    if content is None:
        return FraudRoom(rings=rings)
    model = _decode(content)
    detectors = from_bytes(home.store.document(DETECTORS, model.detectors).content)
    score = find_recipe(RECIPE).read(home.store.document(SCORE, model.score).content) if model.score else None
    return FraudRoom(model=model, detectors=detectors, score=score, rings=rings)


def _decode(content: bytes) -> FraudModel:
    try:
        model = msgspec.json.decode(content, type=FraudModel)
    except msgspec.ValidationError:
        raise InputError("the fraud model is of an older form", hint="learn again: weilend fraud fit") from None
    if model.feature_set != FRAUD.identity:
        raise InputError("the fraud model was learned on other features", hint="learn again: weilend fraud fit")
    return model


def _newest(home: Home) -> bytes | None:
    newest = None
    for document in home.store.documents(MODEL):
        newest = document
    return None if newest is None else newest.content


def known_applications(view: BookView, as_of: int) -> tuple[Application, ...]:
    """Return the applications that were known at an instant, each once, in the order of the book; raises `NotFoundError`
    for none."""
    columns = ("application_id", "product", "business_id", "happened_at", "known_at", "consent_id", "seq")
    rows = sorted(view.read("application", as_of=as_of, columns=columns).to_pylist(), key=lambda row: row["seq"])
    first = {row["application_id"]: row for row in reversed(rows) if row["happened_at"] <= as_of}
    if not first:
        raise NotFoundError("the book has no application by then", hint="decide some, or bring their records in")
    return tuple(
        Application(application_id=name, product=row["product"], business_id=row["business_id"], as_of=row["happened_at"],
                    consent_id=row["consent_id"])
        for name, row in sorted(first.items(), key=lambda item: item[1]["seq"])
    )  # fmt: skip


def fraud_features(home: Home, applications: Sequence[Application], view: BookView) -> FeatureTable:
    """Return the feature set `fraud` of each application, as known at its as_of."""
    spine = Spine(tuple(one.business_id for one in applications), tuple(one.as_of for one in applications))
    return finish(FRAUD, spine, fold_spine(home, _plan(), spine, view), home.calendar)


@lru_cache(maxsize=1)
def _plan() -> Plan:
    """Compile the folds once: it takes as long as a hundred decisions."""
    return make_plan(FRAUD)


def matrix_of(table: FeatureTable) -> Matrix:
    """Return the columns that detectors look at, NaN where a value is not known."""
    names = [feature.name for feature in table.feature_set.features]
    at = [names.index(name) for name in COLUMNS]
    return np.where(table.known[:, at], table.values[:, at].astype(np.float64), np.nan)
