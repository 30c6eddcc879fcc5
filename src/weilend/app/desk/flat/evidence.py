"""In: a model that was built. Out: `Evidence`, what its report tells beyond the validation. Used: by the report of a model.

How each column moves the score, which reasons are given and how stable they are, what sources buy, how the rejects bound the bad
rate of all applicants, how groups fare on fields that the model never saw.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from weilend.app.desk.flat.allowance import Allowance
from weilend.app.desk.flat.bins import name_bins
from weilend.app.desk.flat.models import CARD, Built
from weilend.app.desk.progress import Tell, say_nothing
from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.models.ablation import subsets_of
from weilend.models.attributions import attribute
from weilend.models.boosted import BoostedModel
from weilend.models.card import Card
from weilend.models.fairness import GroupRates, report_groups
from weilend.models.grouped import resample_groups
from weilend.models.prediction import Model
from weilend.models.recipes.registry import RECIPES
from weilend.models.reject_inference import Band, bad_rate_bands
from weilend.models.reject_inference.bounds import LEAST_REFITS
from weilend.models.sample import Sample
from weilend.models.table import Integers, Table
from weilend.models.value import Economics, Valued, parts_of, value_sources

#: Rows whose reasons and effects are looked at: shares are then known to about one in a hundred.
LOOKED_AT: Final = 2_000
#: Leaves that are walked for the reasons of all of them (nine seconds, and effects take as long again), and the fewest rows all
#: the same. No clock has a part in it.
WALKED_LEAVES: Final = 50_000_000
LEAST_LOOKED_AT: Final = 200
REASONS: Final = 3
#: Cards that are fitted anew on resampled groups to see whether reasons stay, and up to how many cells they are.
REFITS: Final = 5
REFITTED_CELLS: Final = 1_000_000
#: Trainings anew for the bands of the rejects, where they cost little.
BAND_REFITS: Final = 10
#: The share of applications approved where nobody said what a loan brings and costs; the report says that it is an example.
APPROVED_PPM: Final = 700_000


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """How one column, or a table of two, moves the score: `reach_milli` thousandths of a point a row, on average, from the mean.

    `bins` names its bins and `points_milli` says what each brings against the mean; None where no row that was looked at is in it.
    A table's cells are shown elsewhere: it has no bins here.
    """

    column: str
    reach_milli: int
    bins: tuple[str, ...]
    points_milli: tuple[int | None, ...]


class ReasonShare(msgspec.Struct, frozen=True):
    """How often a column is among the first three reasons, and how often the first, in ppm of the rows looked at."""

    column: str
    among_ppm: int
    first_ppm: int


class Told(msgspec.Struct, frozen=True):
    """One row told: its name, points, PD, and its reasons in English and Chinese."""

    row: str
    points: int
    pd_ppm: int
    reasons: tuple[str, ...]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a model's report tells beyond its validation.

    `kept_reasons_ppm` is the share of first three reasons that stay when the card is fitted anew `refits` times (None: not
    measured); `sources` is None where none was named; `fairness` is at the cut-off `approve_points`, which approves `approved_ppm`
    of the judged rows, chosen as `approved_why` says.
    """

    effects: tuple[Effect, ...]
    reasons: tuple[ReasonShare, ...]
    looked_at: int
    examples: tuple[Told, ...]
    kept_reasons_ppm: int | None
    refits: int
    sources: Valued | None
    bands: tuple[Band, ...]
    fairness: dict[str, tuple[GroupRates, ...]]
    approve_points: int
    approved_ppm: int
    approved_why: str


def check_economics(priced_sources: int, economics: Economics | None) -> None:
    """Refuse prices of sources without what a loan brings and costs: `InputError`.

    >>> check_economics(1, None)
    Traceback (most recent call last):
    weilend.core.errors.InputError: what a source buys needs ... Hint: say --margin YUAN and --loss YUAN
    """
    if priced_sources and economics is None:
        raise InputError(
            "what a source buys needs what a loan brings and costs",
            hint="say --margin YUAN and --loss YUAN, or leave its price out",
        )


def gather_evidence(built: Built, *, tell: Tell = say_nothing, allowance: Allowance | None = None) -> Evidence:
    """Return the evidence on a built model; sources are valued where they were named.

    Trainings anew end with the time of `allowance` (None: when all are done), which then says what was cut short.
    """
    table, economics, allowance = _looked_at(built), built.ask.economics, allowance or Allowance()
    tell("tell reasons", 0, 1)
    codes = _reason_codes(built.model, built.ask.recipe, table)
    points, share, why = _cut_off(built, economics)
    kept, refits = _kept_reasons(built, table, codes, tell, allowance)
    return Evidence(
        effects=measure_effects(built, table),
        reasons=_shares(codes),
        looked_at=len(table),
        examples=_examples(built, table),
        kept_reasons_ppm=kept,
        refits=refits,
        sources=_value(built, share, tell, allowance),
        bands=_bands(built, tell, allowance),
        fairness=_fairness(built, points),
        approve_points=points,
        approved_ppm=share,
        approved_why=why,
    )


def _looked_at(built: Built) -> Table:
    """Return the judged rows, or an even part of them where they are many, or many leaves are walked for each."""
    at = built.unseen.at
    return built.design.sample.table.take(at[:: -(-len(at) // rows_looked_at(built.model))])


def rows_looked_at(model: Model) -> int:
    """Return on how many rows reasons and effects are looked at: fewer where a row's reasons are dear.

    >>> from weilend.models.recipes.monotone_boosting import example_model
    >>> rows_looked_at(example_model())
    2000
    """
    if not isinstance(model, BoostedModel):
        return LOOKED_AT
    return min(LOOKED_AT, max(LEAST_LOOKED_AT, WALKED_LEAVES // max(model.forest.leaves, 1)))


def contributions(model: Model, table: Table) -> tuple[tuple[str, ...], Integers]:
    """Return columns and the points (n, k) that each brings to each row: of a card its own, of trees exact Shapley values.

    >>> from weilend.models.recipes.flat_card import fit
    >>> from weilend.models.sample import example_sample
    >>> sample = example_sample(400)
    >>> names, points = contributions(fit(sample, seed=1), sample.table)
    >>> points.shape == (400, len(names))
    True
    """
    if isinstance(model, Card):
        items = model.characteristics
        columns = [item.points_in(*table.column(item.feature.name)) for item in items]
        columns += [pair.points_in(table) for pair in model.pairs]
        points = np.column_stack([np.zeros((len(table), 0), dtype=np.int64), *columns])
        return (*(item.feature.name for item in items), *(pair.name for pair in model.pairs)), points
    assert isinstance(model, BoostedModel)
    told = attribute(model, table)
    return told.features, told.points


def measure_effects(built: Built, table: Table) -> tuple[Effect, ...]:
    """Return how each column that the model reads moves the score, the strongest first."""
    names, points = contributions(built.model, table)
    bins = {one.column.name: one for one in built.bins}
    found = []
    for at, name in enumerate(names):
        off = points[:, at] - points[:, at].mean()
        reach = round(1000 * float(np.abs(off).mean()))
        if name not in bins:  # a table of two columns
            found.append(Effect(column=name, reach_milli=reach, bins=(), points_milli=()))
            continue
        one = bins[name]
        place = one.place(*table.column(name))
        means = (
            round(1000 * float(off[place == bin_].mean())) if (place == bin_).any() else None for bin_ in range(len(one.woe))
        )
        found.append(Effect(column=name, reach_milli=reach, bins=name_bins(one), points_milli=tuple(means)))
    return tuple(sorted(found, key=lambda effect: -effect.reach_milli))


def _reason_codes(model: Model, recipe: str, table: Table) -> list[tuple[str, ...]]:
    return [tuple(reason.code for reason in row) for row in RECIPES[recipe].explain(model, table, REASONS)]


def _shares(codes: list[tuple[str, ...]]) -> tuple[ReasonShare, ...]:
    names = sorted({code for row in codes for code in row})
    counts = [(name, sum(name in row for row in codes), sum(row[:1] == (name,) for row in codes)) for name in names]
    shares = [
        ReasonShare(name, round(PPM * among / len(codes)), round(PPM * first / len(codes))) for name, among, first in counts
    ]
    return tuple(sorted(shares, key=lambda one: -one.among_ppm))


def _examples(built: Built, table: Table) -> tuple[Told, ...]:
    """Return three rows told: among the riskiest twentieth, in the middle, among the safest twentieth."""
    said = built.model.predict(table)
    order = np.argsort(said.points, kind="stable")
    at = np.array([order[len(order) // 40], order[len(order) // 2], order[-1 - len(order) // 40]])
    reasons = RECIPES[built.ask.recipe].explain(built.model, table.take(at), REASONS)
    return tuple(
        Told(table.ids[row], int(said.points[row]), int(said.pd_ppm[row]), tuple(f"{one.en} · {one.zh}" for one in told))
        for row, told in zip(at.tolist(), reasons, strict=True)
    )


def _kept_reasons(
    built: Built, table: Table, codes: list[tuple[str, ...]], tell: Tell, allowance: Allowance
) -> tuple[int | None, int]:
    """Return the share of first three reasons that a card fitted anew on resampled groups gives too, and how many were fitted.

    None where it costs too much, or there was no time.
    """
    sample = built.design.sample if built.design.exception else built.design.part("train")
    if built.ask.recipe != CARD or len(sample) * len(sample.columns) > REFITTED_CELLS:
        return None, 0
    dice, kept, done = np.random.default_rng(built.ask.seed), list[float](), 0
    stop = allowance.watch("cards fitted anew to see whether reasons stay", "reasons", of=REFITS)
    while done < REFITS and not stop():
        tell("fit anew, to see whether reasons stay", done, REFITS)
        again = RECIPES[CARD].fit(resample_groups(sample, dice), seed=built.ask.seed + done)
        pairs = zip(codes, _reason_codes(again, CARD, table), strict=True)
        kept += [len(set(old) & set(new)) / len(old) for old, new in pairs if old]
        done += 1
    return (round(PPM * float(np.mean(kept))) if kept else None), done


def _value(built: Built, approved_ppm: int, tell: Tell, allowance: Allowance) -> Valued | None:
    """Return what each source knows and buys, by cards of parts of the columns; None where no source was named."""
    ask = built.ask
    if not ask.sources:
        return None
    tell("leave out each source in turn", 0, 1)
    costs = {one.name: one.cost_fen for one in ask.sources}
    train, test = built.design.part("train"), built.design.part("test")
    others = len(subsets_of(parts_of(train, tuple(costs)), tuple(costs))) - 1
    stop = allowance.watch("cards of some sources, beside that of all", "sources", of=others)
    return value_sources(
        train,
        test,
        RECIPES[CARD].fit,
        costs,
        ask.economics,
        approved_ppm=approved_ppm or APPROVED_PPM,
        seed=ask.seed,
        stop=stop,
    )


def _bands(built: Built, tell: Tell, allowance: Allowance) -> tuple[Band, ...]:
    """Return bounds on the bad rate of all applicants, none where nobody was rejected, or there was no time."""
    rejects, sample = built.design.rejects, built.design.sample
    n = len(rejects)
    refits = BAND_REFITS if len(sample) * len(sample.columns) <= REFITTED_CELLS else REFITS
    if not n or allowance.watch("bounds on the declined", "declined", of=1)():
        return ()
    stop = allowance.watch("trainings anew behind the bounds on the declined, beyond two", "declined", of=refits - LEAST_REFITS)
    tell("bound the bad rate of all applicants", 0, 1)
    none = np.zeros(n, dtype=np.int64)
    declined = Sample(
        table=rejects, columns=sample.columns, bad=none, weight=np.ones(n), group=-1 - np.arange(n), month=none - 1
    )
    fit = RECIPES[CARD].fit
    return bad_rate_bands(sample, declined, lambda part, at: fit(part, seed=at), seed=built.ask.seed, refits=refits, stop=stop)


def _cut_off(built: Built, economics: Economics | None) -> tuple[int, int, str]:
    """Return the least points approved for the fairness report, the share approved, and why just there."""
    said = built.unseen.said
    if economics is None:
        points = int(np.quantile(said.points, 1 - APPROVED_PPM / PPM, method="higher"))
        why = "an example: nobody said what a loan brings and costs (`--margin`, `--loss`)"
    else:
        paying = said.points[said.pd_ppm <= economics.most_pd_ppm]
        points = int(paying.min()) if len(paying) else int(said.points.max()) + 1
        why = f"where a loan stops to pay, at a PD of {economics.most_pd_ppm / 10_000:.1f} %"
    return points, round(PPM * float((said.points >= points).mean())), why


def _fairness(built: Built, points: int) -> dict[str, tuple[GroupRates, ...]]:
    unseen = built.unseen
    bad, taken = built.design.sample.bad[unseen.at], unseen.said.points >= points
    return {
        name: report_groups([field.names[at] for at in field.place[unseen.at].tolist()], bad, unseen.said, taken)
        for name, field in built.kept_out.items()
    }
