"""In: the book, or a flat table. Out: rows with outcomes, and which of them are new to the champion. Used: by renewal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import msgspec
import numpy as np

from weilend.app.desk.flat.models import Ask, guard_design
from weilend.app.desk.home import Home
from weilend.app.desk.population import find_population
from weilend.app.desk.products import find_features
from weilend.core.errors import ImmatureLabelError, InputError
from weilend.lending import Product
from weilend.models.design import design_sample
from weilend.models.flat import code_table, read_frame
from weilend.models.flat.coding import read_as
from weilend.models.flat.dates import month_of
from weilend.models.prediction import Model
from weilend.models.recipes import woe_card
from weilend.models.recipes.registry import RECIPES
from weilend.models.sample import Column
from weilend.models.table import Booleans, Integers, Table

_EPOCH = date(1970, 1, 1).toordinal()


class Material(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a renewal looks at: n rows with outcomes known at `as_of` (UTC seconds), `fresh` (n,) those known since the champion.

    `see` and `see_now` give the rows, and those who ask now, in the columns of a model; `fit` learns from the rows at some places,
    by the recipe. `prior_ppm` is the bad rate at which models give PDs, None where it is that of their own rows.
    """

    recipe: str
    as_of: int
    bad: Integers
    group: Integers
    fresh: Booleans
    see: Callable[[Sequence[Column]], Table]
    see_now: Callable[[Sequence[Column]], Table]
    fit: Callable[[Integers, int], Model]
    columns: tuple[Column, ...]
    prior_ppm: int | None
    known_until: int

    @property
    def fresh_bads(self) -> int:
        """Bads that the champion has not learned from."""
        return int(self.bad[self.fresh].sum())

    @property
    def fresh_goods(self) -> int:
        """Goods that the champion has not learned from."""
        return int(self.fresh.sum()) - self.fresh_bads


def product_material(home: Home, product: Product, *, as_of: int, known_until: int | None) -> Material:
    """Return what is known of a product's businesses at an instant; fresh are those whose outcome became known after another.

    Raises `ImmatureLabelError` where no outcome was known by then.
    """
    features, population = find_features(product.feature_set, home), find_population(home, product, as_of=as_of)
    since = population.labels.since
    places = np.array([at for at, name in enumerate(population.known.names) if since[name] <= as_of], dtype=np.int64)
    if not len(places):
        raise ImmatureLabelError("no outcome was known at that date", hint="renew later")
    table, bad, applicants = population.known.table().take(places), population.bad()[places], population.applicants.table()
    fresh = np.array([known_until is None or since[name] > known_until for name in table.ids], dtype=np.bool_)
    prior_ppm = product.assumed("portfolio_bad_rate_ppm")

    def fit(rows: Integers, seed: int) -> Model:
        return woe_card.fit(table.take(rows), bad[rows], features.features, seed=seed, prior_ppm=prior_ppm)

    return Material(
        recipe="card", as_of=as_of, bad=bad, group=np.arange(len(bad)), fresh=fresh, see=lambda _columns: table,
        see_now=lambda _columns: applicants, fit=fit, columns=(), prior_ppm=prior_ppm, known_until=as_of,
    )  # fmt: skip


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
    frame = read_frame(ask.table, times=[ask.roles.time], words=[ask.roles.id, ask.roles.group])
    design, _ = guard_design(frame, design_sample(frame, ask.roles, seed=ask.seed), ask)
    sample, first = design.sample, _month(home, known_until)
    fresh = sample.month >= first
    recipe = RECIPES[ask.recipe]

    def see(columns: Sequence[Column]) -> Table:
        return code_table(read_as(ask.table, columns), columns).take(design.row)

    def see_now(columns: Sequence[Column]) -> Table:
        if ask.population is None:
            return see(columns).take(fresh)
        return code_table(read_as(ask.population, columns), columns)

    return Material(
        recipe=ask.recipe, as_of=as_of, bad=sample.bad, group=sample.group, fresh=np.asarray(fresh), see=see, see_now=see_now,
        fit=lambda rows, seed: recipe.fit(sample.take(rows), seed=seed, prior_ppm=ask.prior_ppm), columns=sample.columns,
        prior_ppm=ask.prior_ppm, known_until=home.calendar.start_of(_after(int(sample.month.max()))),
    )  # fmt: skip


def _month(home: Home, instant: int) -> int:
    return int(month_of(np.array([home.calendar.day_of(instant).toordinal() - _EPOCH]))[0])


def _after(month: int) -> date:
    """Return the first day of the month after a running month number."""
    return np.datetime64(month + 1, "M").astype("datetime64[D]").item()  # type: ignore[no-any-return]
