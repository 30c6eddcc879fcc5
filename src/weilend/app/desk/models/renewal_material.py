"""In: the book, or a flat table. Out: rows with outcomes, and which of them are new to the champion. Used: by renewal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import msgspec
import numpy as np

from weilend.app.desk.flat.models import Ask, design_table, guard_design
from weilend.app.desk.fraud.groups import groups_of
from weilend.app.desk.fraud.subjects import touched
from weilend.app.desk.home import Home
from weilend.app.desk.population import find_population
from weilend.app.desk.products import find_features
from weilend.core.errors import ImmatureLabelError, InputError
from weilend.core.plan import Spine
from weilend.core.values import Application
from weilend.features.plans import FeatureSet
from weilend.lending import Product
from weilend.models.card import RECIPE
from weilend.models.flat import code_table
from weilend.models.flat.coding import read_as
from weilend.models.flat.dates import month_of
from weilend.models.prediction import Model
from weilend.models.recipes import woe_card
from weilend.models.recipes.registry import RECIPES
from weilend.models.sample import Column, Sample
from weilend.models.table import Booleans, Integers, Table

_EPOCH = date(1970, 1, 1).toordinal()


class Material(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a renewal looks at: n rows with outcomes known at `as_of` (UTC seconds), `fresh` (n,) those known since the champion.

    `see` and `see_now` give the rows, and those who ask now, in the columns of a model; `fit_by` learns by a recipe from some
    of the rows. `prior_ppm` is the bad rate at which models give PDs, None where it is that of their own rows.
    """

    recipe: str
    as_of: int
    bad: Integers
    group: Integers
    fresh: Booleans
    see: Callable[[Sequence[Column]], Table]
    see_now: Callable[[Sequence[Column]], Table]
    fit_by: Callable[[str, Integers, int], Model]
    columns: tuple[Column, ...]
    prior_ppm: int | None
    known_until: int

    def fit(self, rows: Integers, seed: int) -> Model:
        """Return what the recipe learns from the rows at some places."""
        return self.fit_by(self.recipe, rows, seed)

    @property
    def fresh_bads(self) -> int:
        """Bads that the champion has not learned from."""
        return int(self.bad[self.fresh].sum())

    @property
    def fresh_goods(self) -> int:
        """Goods that the champion has not learned from."""
        return int(self.fresh.sum()) - self.fresh_bads


def product_material(
    home: Home, product: Product, *, as_of: int, known_until: int | None, recipe: str = RECIPE, assume_label_known: bool = False
) -> Material:
    """Return what is known of a product's businesses at an instant; fresh are those whose outcome became known after another.

    Businesses that share an owner, a telephone or a device stay together when the sample is split. Raises `ImmatureLabelError`
    where no outcome was known by then and nobody says to assume it.
    """
    features, population = find_features(product.feature_set, home), find_population(home, product, as_of=as_of)
    since = population.labels.since
    names = population.known.names
    places = np.array([at for at, name in enumerate(names) if assume_label_known or since[name] <= as_of], dtype=np.int64)
    if not len(places):
        raise ImmatureLabelError("no outcome was known at that date", hint="renew later")
    table, bad, applicants = population.known.table().take(places), population.bad()[places], population.applicants.table()
    fresh = np.array([known_until is None or since[name] > known_until for name in table.ids], dtype=np.bool_)
    prior_ppm = product.assumed("portfolio_bad_rate_ppm")
    sample = _sample_of(features, table, bad, _tied(home, product, population.known.features.spine)[places])

    def fit_by(name: str, rows: Integers, seed: int) -> Model:
        if name == RECIPE:  # a product's card is the one of declared signs, made for few rows
            return woe_card.fit(table.take(rows), bad[rows], features.features, seed=seed, prior_ppm=prior_ppm)
        return RECIPES[name].fit(sample.take(rows), seed=seed, prior_ppm=prior_ppm)

    return Material(
        recipe=recipe, as_of=as_of, bad=bad, group=sample.group, fresh=fresh, see=lambda _columns: table,
        see_now=lambda _columns: applicants, fit_by=fit_by, columns=() if recipe == RECIPE else sample.columns, prior_ppm=prior_ppm,
        known_until=max(as_of, population.labels.known_at) if assume_label_known else as_of,
    )  # fmt: skip


def _sample_of(features: FeatureSet, table: Table, bad: Integers, group: Integers) -> Sample:
    """Return rows as recipes take them, in the columns whose sign is declared: a product's model is held to it."""
    columns = tuple(Column(name=one.name, sign=one.sign) for one in features.features if one.sign)
    chosen = table.select([one.name for one in columns])
    count = len(bad)
    return Sample(table=chosen, columns=columns, bad=bad, weight=np.ones(count), group=group, month=np.full(count, -1))


def _tied(home: Home, product: Product, spine: Spine) -> Integers:
    """Return which businesses belong together because they share something, each as it stood when it was looked at."""
    asked = tuple(
        Application(application_id=name, product=product.name, business_id=name, as_of=at, consent_id="")
        for name, at in zip(spine.subjects, spine.as_of, strict=True)
    )
    return np.array(groups_of(touched(home, asked, home.book.view())), dtype=np.int64)


def flat_material(home: Home, ask: Ask, *, as_of: int, known_until: int | None) -> Material:
    """Return the sample of a flat table, guarded as for a new model; fresh are the rows of months after an instant.

    Raises `InputError` where the table has no time column, or where nobody knows up to when the champion learned (None).
    """
    if not ask.roles.time:
        raise InputError(
            "without a time column nobody knows which rows are new to the champion", hint="name the column with --time"
        )
    if known_until is None:
        raise InputError(
            "nobody said up to when the champion learned", hint="give the first day of what is new with --since YYYY-MM-DD"
        )
    design, _ = guard_design(design_table(ask)[0], ask)
    sample, first = design.sample, _month(home, known_until)
    fresh = sample.month >= first

    def see(columns: Sequence[Column]) -> Table:
        return code_table(read_as(ask.table, columns), columns).take(design.row)

    def see_now(columns: Sequence[Column]) -> Table:
        if ask.population is None:
            return see(columns).take(fresh)
        return code_table(read_as(ask.population, columns), columns)

    return Material(
        recipe=ask.recipe, as_of=as_of, bad=sample.bad, group=sample.group, fresh=np.asarray(fresh), see=see, see_now=see_now,
        fit_by=lambda name, rows, seed: RECIPES[name].fit(sample.take(rows), seed=seed, prior_ppm=ask.prior_ppm),
        columns=sample.columns,
        prior_ppm=ask.prior_ppm, known_until=home.calendar.start_of(_after(int(sample.month.max()))),
    )  # fmt: skip


def _month(home: Home, instant: int) -> int:
    return int(month_of(np.array([home.calendar.day_of(instant).toordinal() - _EPOCH]))[0])


def _after(month: int) -> date:
    """Return the first day of the month after a running month number."""
    return np.datetime64(month + 1, "M").astype("datetime64[D]").item()  # type: ignore[no-any-return]
