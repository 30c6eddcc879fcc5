"""In: a champion, what became known since, a schedule. Out: nothing, a recalibrated or a new model in shadow, and why.

Used: by `weilend model renew`, at night. Nobody is asked up to *proposed and in shadow*, and nobody is made champion here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import numpy as np

from weilend.app.desk.home import Home
from weilend.app.desk.models.champion import Named, champion, releases_of, shadows
from weilend.app.desk.models.evidence import Evidence, judge_pair
from weilend.app.desk.models.kept import read_version
from weilend.app.desk.models.life import (
    Build,
    find_builds,
    find_version,
    keep_evidence,
    put_in_shadow,
    register_model,
)
from weilend.app.desk.models.renewal_material import Material, product_material
from weilend.app.desk.models.renewal_schedule import Action, Schedule, Signs, choose_action, is_few, load_schedule
from weilend.app.desk.progress import Tell, say_nothing
from weilend.app.desk.releases import SHORT, Act
from weilend.core.errors import TooFewError
from weilend.core.money import PPM
from weilend.lending import Product, load_product
from weilend.models import Card, with_prior
from weilend.models.boosted import BoostedModel, repaired
from weilend.models.calibration import Update, choose_update
from weilend.models.card import RECIPE
from weilend.models.grouped import grouped_folds
from weilend.models.judgement.gates import load_gates, measure_stability, read_grades
from weilend.models.master_scale import grade_table, load_scale
from weilend.models.prediction import Model, Prediction
from weilend.models.prior import logit_ppm, shift_prior, to_pd_ppm
from weilend.models.recipes.registry import RECIPES
from weilend.models.table import Booleans

DAY: Final = 86_400  # seconds
FOLDS: Final = 5
DRAWS: Final = 500
#: Who puts up what was renewed: a program, so that any named person may approve.
RENEWAL: Final = "renewal"


class Renewal(msgspec.Struct, frozen=True, kw_only=True):
    """What a renewal did and why; `version` is the model that is now in shadow ("" where there is none), `evidence` its judgement.

    >>> Renewal(name="pd_enterprise", action="nothing", reasons=("not due",)).version
    ''
    """

    name: str
    action: Action
    reasons: tuple[str, ...]
    version: str = ""
    evidence: Evidence | None = None


def read_signs(model: Model, build: Build, material: Material, *, seed: int = 1) -> Signs:
    """Return what the champion shows on what became known since it was built."""
    table, fresh = material.see(build.columns), material.fresh
    drift, psi_ppm, chance_ppm = "open", 0, 0
    if not fresh.all():
        before = model.predict(table.take(~fresh)).points
        moved = measure_stability(before, model.predict(material.see_now(build.columns)).points, seed=seed, draws=DRAWS)
        drift = load_gates()["points_psi"].read(moved.lo_ppm, moved.hi_ppm).state if moved.moved else "green"
        psi_ppm, chance_ppm = moved.psi_ppm, moved.chance_95_ppm
    update, too_low = Update("none", 0, PPM, PPM, PPM), "open"
    if min(material.fresh_bads, material.fresh_goods) > 0:
        bad, said = material.bad[fresh], at_own_rate(model.predict(table.take(fresh)), model, material.prior_ppm)
        update = choose_update(bad, said.pd_ppm)
        too_low = read_grades(load_gates()["grade_too_low"], grade_table(bad, said.pd_ppm, load_scale())).state
    return Signs(
        age_days=(material.as_of - build.as_of) // DAY, fresh_bads=material.fresh_bads, fresh_goods=material.fresh_goods,
        drift=drift, psi_ppm=psi_ppm, chance_ppm=chance_ppm, too_low=too_low, update=update,
        can_bend=isinstance(model, BoostedModel),
    )  # fmt: skip


def at_own_rate(said: Prediction, model: Model, prior_ppm: int | None) -> Prediction:
    """Return PDs at the bad rate of the rows that a model learned from: only there can they be held against such outcomes."""
    if prior_ppm is None:
        return said
    return Prediction(said.points, shift_prior(said.pd_ppm, from_ppm=prior_ppm, to_ppm=model.sample_ppm))  # type: ignore[attr-defined]


def _moved_card(card: Card, update: Update) -> Card:
    return with_prior(card, int(to_pd_ppm(logit_ppm(card.prior_ppm) + update.intercept_micro / PPM)))


#: How PDs of each sort of model are repaired while its points stay.
_REPAIRS: Final[dict[type, Callable[..., Model]]] = {Card: _moved_card, BoostedModel: repaired}


def recalibrate(model: Model, update: Update) -> Model:
    """Return a model whose PDs are repaired; points, and so the order of all who ask, stay.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> card = example_card()
    >>> worse = recalibrate(card, Update("intercept", 500_000, PPM, 0, PPM))
    >>> worse.base_points == card.base_points, worse.pd_ppm[0] > card.pd_ppm[0]
    (True, True)
    """
    return _REPAIRS[type(model)](model, update)


def judge_refit(
    material: Material, current: tuple[Model, Build] | None, made: tuple[Model, Build], said: Prediction | None = None,
) -> Evidence:  # fmt: skip
    """Return evidence on what the recipe makes of the material: every row is judged by a model that did not learn from it.

    Against a champion only rows count that it has not learned from either. `made` is the challenger as it will decide, `said` what
    models that are out of fold say, where that is known already.
    """
    said = said or say_out_of_fold(material)
    rows = material.fresh if current else np.ones(len(material.bad), dtype=np.bool_)
    challenger, how = Prediction(said.points[rows], said.pd_ppm[rows]), f"refitted, {FOLDS} folds of whole groups"
    return _evidence(material, rows, challenger, current, made, how)


def say_out_of_fold(material: Material, *, seed: int = 1, tell: Tell = say_nothing) -> Prediction:
    """Return what the recipe says of each row when it has not learned from its group, PDs at the rate of these rows."""
    folds = grouped_folds(material.group, material.bad, folds=FOLDS, seed=seed)
    points, pd_ppm = np.zeros(len(folds), dtype=np.int64), np.zeros(len(folds), dtype=np.int64)
    own = material.see(material.columns)
    for this in range(FOLDS):
        model, held = material.fit(np.flatnonzero(folds != this), seed), folds == this
        said = at_own_rate(model.predict(own.take(held)), model, material.prior_ppm)
        points[held], pd_ppm[held] = said.points, said.pd_ppm
        tell(f"validate the {material.recipe}", this + 1, FOLDS)
    return Prediction(points, pd_ppm)


def judge_recalibration(
    material: Material, current: tuple[Model, Build], made: tuple[Model, Build], *, seed: int = 1
) -> Evidence:
    """Return evidence on a recalibration: the repair of each fresh row is learned from the other folds of fresh rows."""
    model, build = current
    rows = material.fresh
    bad, table = material.bad[rows], material.see(build.columns).take(rows)
    base = at_own_rate(model.predict(table), model, material.prior_ppm)
    folds, pd_ppm = grouped_folds(material.group[rows], bad, folds=FOLDS, seed=seed), base.pd_ppm.copy()
    for this in range(FOLDS):
        held = folds == this
        mended = recalibrate(model, choose_update(bad[~held], base.pd_ppm[~held]))
        pd_ppm[held] = at_own_rate(mended.predict(table.take(held)), model, material.prior_ppm).pd_ppm
    challenger, how = Prediction(base.points, pd_ppm), f"recalibrated, {FOLDS} folds of whole groups"
    return _evidence(material, rows, challenger, current, made, how)


def _evidence(
    material: Material, rows: Booleans, challenger: Prediction, current: tuple[Model, Build] | None, made: tuple[Model, Build],
    how: str,
) -> Evidence:  # fmt: skip
    """Return the evidence of what a challenger said of some rows; its points on those who ask now are held against all rows."""
    moved = tuple(made[0].predict(see(made[1].columns)).points for see in (material.see, material.see_now))
    bad, champion_said, against = material.bad[rows], None, ""
    if current is not None:
        model, build = current
        said = model.predict(material.see(build.columns).take(rows))
        champion_said, against = at_own_rate(said, model, material.prior_ppm), build.version
    verdict = judge_pair(bad, material.group[rows], challenger, champion_said, (moved[0], moved[1]))
    return Evidence(challenger=made[1].version, champion=against, rows=len(bad), bads=int(bad.sum()), how=how, verdict=verdict)


def current_champion(home: Home, named: Named, *, at: int) -> tuple[Model, Build] | None:
    """Return the champion with what it was made of, None where there is none."""
    version = champion(home, named, at=at)
    if version is None:
        return None
    build = find_builds(home, named)[version]
    return read_version(home, named.kind, version), build


def recipe_in_force(home: Home, named: Named, version: str = "", *, at: int) -> str:
    """Return by which recipe a version (the champion where none is named) was made: a renewal keeps it."""
    build = find_builds(home, named).get(version or champion(home, named, at=at) or "")
    return build.recipe if build else RECIPE


def renew(home: Home, named: Named, material: Material, *, at: int, schedule: Schedule | None = None) -> Renewal:
    """Decide between refit, recalibration and nothing, and put what comes of it in shadow with its evidence; promotes nothing."""
    current, why = current_champion(home, named, at=at), why_not(home, named, at=at)
    if current is None or why:
        return Renewal(name=named.name, action="nothing", reasons=(why,))
    model, build = current
    signs = read_signs(model, build, material)
    action, reasons = choose_action(signs, schedule or load_schedule())
    if action == "nothing":
        return Renewal(name=named.name, action=action, reasons=reasons)
    refit = action == "refit"
    made = material.fit(np.arange(len(material.bad)), 1) if refit else recalibrate(model, signs.update)
    recipe = material.recipe if refit else build.recipe
    version = RECIPES[recipe].identify(made)
    if releases_of(home, named).of(named.name).state(version, at) not in ("draft", "superseded", "retired"):
        return Renewal(name=named.name, action="nothing", reasons=(*reasons, "the same model came of it"))
    paper = Build(
        name=named.name, version=version, recipe=recipe, as_of=material.as_of, rows=len(material.bad),
        bads=int(material.bad.sum()), columns=material.columns if refit else build.columns,
        known_until=material.known_until, about=f"{action}: {'; '.join(reasons)}", id=build.id,
    )  # fmt: skip
    evidence = (judge_refit if refit else judge_recalibration)(material, current, (made, paper))
    register_model(home, named, paper, RECIPES[recipe].write(made), at=at)
    keep_evidence(home, named, evidence, at=at)
    put_in_shadow(home, named, Act(who=RENEWAL, why=paper.about, at=at), version)
    return Renewal(name=named.name, action=action, reasons=reasons, version=version, evidence=evidence)


def why_not(home: Home, named: Named, *, at: int) -> str:
    """Return why nothing is renewed, whatever became known: nobody is champion, or one waits in shadow ("" where neither holds)."""
    waits = shadows(home, named, at=at)
    if waits:
        return f"{waits[0][:SHORT]} is in shadow already: promote it, or retire it"
    return "" if champion(home, named, at=at) else "there is no champion: put one in shadow and promote it"


def renew_models(home: Home, products: Sequence[str], *, as_of: int, at: int) -> tuple[Renewal, ...]:
    """Renew the models of products on what was known at an instant; `at` is when it is filed.

    A model of a flat table is renewed by `renew`, because it needs the table.
    """
    return tuple(_renew_product(home, load_product(name), as_of=as_of, at=at) for name in products)


def _renew_product(home: Home, product: Product, *, as_of: int, at: int) -> Renewal:
    named = Named("model", product.model)
    why = why_not(home, named, at=at)
    if why:  # before the book is read
        return Renewal(name=named.name, action="nothing", reasons=(why,))
    material = product_material(
        home, product, as_of=as_of, known_until=known_to(home, named, "", at=at), recipe=recipe_in_force(home, named, at=at)
    )
    return renew(home, named, material, at=at)


def judge_version(home: Home, named: Named, material: Material, version: str, *, at: int) -> Evidence:
    """Return evidence on a version that is there, and keep it; fresh are rows that neither it nor the champion has learned from.

    Where these are too few and there is no champion, its recipe is judged instead, out of fold, with its gates. Raises
    `TooFewError` where they are too few and there is one.
    """
    current, build = current_champion(home, named, at=at), find_version(home, named, version)
    made = read_version(home, named.kind, build.version), build
    few = is_few(material.fresh_bads, material.fresh_goods, load_schedule())
    if few and current:
        raise TooFewError(
            f"not enough: {material.fresh_bads} fresh bads and {material.fresh_goods} fresh goods",
            hint="wait for more outcomes",
        )
    evidence = judge_refit(material, current, made) if few else _judge_as_it_is(material, current, made)
    keep_evidence(home, named, evidence, at=at)
    return evidence


def _judge_as_it_is(material: Material, current: tuple[Model, Build] | None, made: tuple[Model, Build]) -> Evidence:
    model, build = made
    said = model.predict(material.see(build.columns).take(material.fresh))
    challenger, how = at_own_rate(said, model, material.prior_ppm), "on outcomes known since it was built"
    return _evidence(material, material.fresh, challenger, current, made, how)


def known_to(home: Home, named: Named, version: str, *, at: int) -> int | None:
    """Return the instant up to which outcomes were known to the champion or to a version ("" for none); None where nobody said."""
    current = current_champion(home, named, at=at)
    builds = [current[1]] if current else []
    builds += [find_version(home, named, version)] if version else []
    known = [build.known_until for build in builds]
    return None if None in known or not known else max(one for one in known if one is not None)
