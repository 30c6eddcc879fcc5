"""In: a feature row and a card. Out: its points, PD and reasons. Used: by the desk for each decision, by validation for many.

A card is a table of integers: each feature's value falls into a bin, the bin has points, and
``base_points + sum of points = points`` exactly. Scoring needs no floating point, so a score is the same everywhere.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec
import numpy as np

from weilend.core.errors import CheckError, InputError
from weilend.core.ids import content_hash
from weilend.core.values import Contribution, FeatureRow, Reason, Score
from weilend.models.described import Described
from weilend.models.pairs import Pair
from weilend.models.prediction import Prediction
from weilend.models.prior import logit_ppm, to_pd_ppm
from weilend.models.table import Booleans, Integers, Table

#: The scale: 600 points are odds of 50 goods to 1 bad, 20 more points double them (Siddiqi 2006).
ANCHOR_POINTS: Final = 600
ANCHOR_ODDS: Final = 50
POINTS_TO_DOUBLE: Final = 20
FACTOR: Final = POINTS_TO_DOUBLE / math.log(2)
#: The recipe of every card, of features and of flat tables alike.
RECIPE: Final = "card"


class Characteristic(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One feature of a card: bin j holds the values above ``cuts[j - 1]`` and up to ``cuts[j]``, and brings ``points[j]``.

    `woe_micro` and `coefficient_micro` are in millionths; `rows` and `bads` are what training saw in each bin; the `null_`
    fields speak of rows where the feature is not known. `seen_lo..seen_hi` is the range of known values in training.
    Of a category, ``levels[place]`` is the bin of a word, the last entry that of words never seen; there are no cuts then.
    ``special_points[j]`` are the points of ``specials[j]``, a value that stands for something else than a number.
    """

    feature: Described
    cuts: tuple[int, ...]
    points: tuple[int, ...]
    null_points: int
    woe_micro: tuple[int, ...]
    null_woe_micro: int
    rows: tuple[int, ...]
    bads: tuple[int, ...]
    null_rows: int
    null_bads: int
    coefficient_micro: int
    information_micro: int
    seen_lo: int
    seen_hi: int
    levels: tuple[int, ...] = ()
    specials: tuple[int, ...] = ()
    special_points: tuple[int, ...] = ()
    special_rows: tuple[int, ...] = ()
    special_bads: tuple[int, ...] = ()

    def points_of(self, value: int | None) -> int:
        """Return the points of a value."""
        if value is None:
            return self.null_points
        if value in self.specials:
            return self.special_points[self.specials.index(value)]
        if self.levels:
            return self.points[self.levels[value if 0 <= value < len(self.levels) else -1]]
        return self.points[bisect_left(self.cuts, value)]

    def points_in(self, values: Integers, known: Booleans) -> Integers:
        """Return the points (n,) of many values, equal to `points_of` one by one."""
        if self.levels:
            last = len(self.levels) - 1
            bins = np.array(self.levels, dtype=np.int64)[np.where((values >= 0) & (values < last), values, last)]
        else:
            bins = np.searchsorted(np.array(self.cuts, dtype=np.int64), values, side="left")
        points = np.array(self.points, dtype=np.int64)[bins]
        for special, said in zip(self.specials, self.special_points, strict=True):
            points[values == special] = said
        return np.where(known, points, self.null_points)

    def is_outside(self, value: int | None) -> bool:
        """Return whether training saw no such value: beyond its range, or unknown where it was always known."""
        if value is None:
            return self.null_rows == 0
        return not self.seen_lo <= value <= self.seen_hi

    def all_points(self) -> tuple[int, ...]:
        """Return the points of every bin, "not known" and specials after the others."""
        return (*self.points, self.null_points, *self.special_points)

    def best_points(self) -> int:
        """Return the most points that the feature can bring."""
        return max(self.all_points())


class Card(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A scorecard. `pd_ppm[points - lowest_points]` is the PD at `prior_ppm`, the stated bad rate of the portfolio.

    The points are anchored at `anchor_ppm` and never move; `with_prior` changes PDs only. `sample_ppm` is the bad rate of
    the training rows, `strength_micro` the ridge strength that inner cross-validation chose. `model_id` hashes all of it.
    `pairs` are tables of two columns, each of which is a characteristic too; a card without them hashes as if there were no such.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> [item.feature.name for item in example_card().characteristics]
    ['sales_fen_12m', 'void_rate_12m']
    """

    recipe: ClassVar[str] = RECIPE
    libraries: ClassVar[tuple[str, ...]] = ()

    model_id: str = msgspec.field(default_factory=str)  # by a factory, so that an id left out is written, and hashed, as ""
    characteristics: tuple[Characteristic, ...]
    base_points: int
    lowest_points: int
    pd_ppm: tuple[int, ...]
    prior_ppm: int
    anchor_ppm: int
    sample_ppm: int
    rows: int
    bads: int
    seed: int
    strength_micro: int
    pairs: tuple[Pair, ...] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """The features that it reads."""
        return tuple(item.feature.name for item in self.characteristics)

    def of(self, name: str) -> Characteristic:
        """Return the characteristic of a name; `CheckError` where a table reads a column that the card has not."""
        for item in self.characteristics:
            if item.feature.name == name:
                return item
        raise CheckError(f"the card has no column {name}", hint="take the card from where it was built")

    def predict(self, table: Table) -> Prediction:
        """Return points and PD of each row of a table (see `score_table`)."""
        return score_table(self, table)


def seal(card: Card) -> Card:
    """Return the card with its PD table for its prior and its identity filled in.

    >>> card = seal(Card(characteristics=(), base_points=600, lowest_points=600, pd_ppm=(), prior_ppm=80_000,
    ...     anchor_ppm=80_000, sample_ppm=220_000, rows=123, bads=27, seed=1, strength_micro=1000))
    >>> card.pd_ppm, card.model_id == identity(card)
    ((19608,), True)
    """
    parts: tuple[Characteristic | Pair, ...] = (*card.characteristics, *card.pairs)
    lowest = card.base_points + sum(min(part.all_points()) for part in parts)
    highest = card.base_points + sum(part.best_points() for part in parts)
    goods = math.log(ANCHOR_ODDS) + (np.arange(lowest, highest + 1) - ANCHOR_POINTS) / FACTOR
    pd_ppm = to_pd_ppm(-goods + logit_ppm(card.prior_ppm) - logit_ppm(card.anchor_ppm))
    whole = msgspec.structs.replace(card, lowest_points=lowest, pd_ppm=tuple(pd_ppm.tolist()))
    return msgspec.structs.replace(whole, model_id=identity(whole))


def identity(card: Card) -> str:
    """Return the content hash of a card, its own id left out.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> identity(example_card()) == example_card().model_id
    True
    """
    return content_hash(msgspec.structs.replace(card, model_id=""))


def check_identity(card: Card) -> Card:
    """Return the card if its id is the hash of its content; `CheckError` otherwise: somebody changed it.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> check_identity(msgspec.structs.replace(example_card(), base_points=0))
    Traceback (most recent call last):
    weilend.core.errors.CheckError: model ... is not what its id says. Hint: ...
    """
    if identity(card) != card.model_id:
        raise CheckError(f"model {card.model_id or '(no id)'} is not what its id says", hint="take it from where it was built")
    return card


def with_prior(card: Card, prior_ppm: int) -> Card:
    """Return the card for a portfolio with another bad rate: PDs move (see `prior`), points do not.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> card = example_card()
    >>> strict = with_prior(card, 150_000)
    >>> strict.base_points == card.base_points, min(b - a for a, b in zip(card.pd_ppm, strict.pd_ppm)) > 0
    (True, True)
    >>> with_prior(strict, card.prior_ppm) == card
    True
    """
    return seal(msgspec.structs.replace(card, prior_ppm=prior_ppm))


def score(card: Card, row: FeatureRow) -> Score:
    """Return points, PD, contributions and what is outside the card's experience; integers throughout.

    Raises `InputError` where the row lacks a feature of the card (None is a value, absence is not).

    >>> from weilend.models.recipes.woe_card import example_card
    >>> card = example_card()
    >>> values = {"sales_fen_12m": 900_000_000, "void_rate_12m": None}
    >>> row = FeatureRow(business_id="B", as_of=0, feature_set="f", values=values)
    >>> said = score(card, row)
    >>> said.points == said.base_points + sum(c.points for c in said.contributions)
    True
    >>> said.contributions[0].reason.en, said.outside
    ('sales of the last 12 months were ¥9,000,000', ('sales_fen_12m', 'void_rate_12m'))
    """
    contributions, outside = [], []
    for item in card.characteristics:
        name = item.feature.name
        if name not in row.values:
            raise InputError(f"{row.business_id} has no feature {name}", hint="build the row from the model's feature set")
        value = row.values[name]
        points = item.points_of(value)
        contributions.append(Contribution(name, value, points, item.best_points() - points, item.feature.say(value)))
        if item.is_outside(value):
            outside.append(name)
    contributions += [_say_pair(card, pair, row) for pair in card.pairs]
    points = card.base_points + sum(c.points for c in contributions)
    return Score(
        model_id=card.model_id,
        base_points=card.base_points,
        points=points,
        pd_ppm=card.pd_ppm[points - card.lowest_points],
        contributions=tuple(contributions),
        outside=tuple(outside),
    )


def score_each(card: Card, rows: Sequence[FeatureRow]) -> list[Score]:
    """Return the score of each row (see `score`).

    >>> from weilend.models.recipes.woe_card import example_card
    >>> score_each(example_card(), [])
    []
    """
    return [score(card, row) for row in rows]


def _say_pair(card: Card, pair: Pair, row: FeatureRow) -> Contribution:
    """Return what a table of two columns brings: one contribution, whose sentence states both values."""
    values = [row.values[axis.feature] for axis in pair.axes]
    points = pair.points_of(*values)
    said = [card.of(axis.feature).feature.say(value) for axis, value in zip(pair.axes, values, strict=True)]
    return Contribution(pair.name, None, points, pair.best_points() - points, pair.join(*said))


def score_table(card: Card, table: Table) -> Prediction:
    """Return points and PD of every row at once; equal to `score` row by row.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> card = example_card()
    >>> row = FeatureRow(business_id="B", as_of=0, feature_set="f", values={"sales_fen_12m": 1, "void_rate_12m": 0})
    >>> score_table(card, Table.of([row], list(row.values))).points.tolist() == [score(card, row).points]
    True
    """
    points = np.full(len(table), card.base_points, dtype=np.int64)
    for item in card.characteristics:
        points += item.points_in(*table.column(item.feature.name))
    for pair in card.pairs:
        points += pair.points_in(table)
    return Prediction(points, np.array(card.pd_ppm, dtype=np.int64)[points - card.lowest_points])


def strongest_reasons(card: Card, table: Table, most: int) -> list[tuple[Reason, ...]]:
    """Return, for each row, the sentences of the `most` characteristics and pairs that cost it most points, the costliest first.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> table = Table(("sales_fen_12m", "void_rate_12m"), np.array([[100, 0]]), np.ones((1, 2), dtype=np.bool_), ("B",))
    >>> [reason.en for reason in strongest_reasons(example_card(), table, 1)[0]]
    ['sales of the last 12 months were ¥1']
    """
    if not card.characteristics:
        return [()] * len(table)
    columns = {item.feature.name: table.column(item.feature.name) for item in card.characteristics}
    alone = [item.best_points() - item.points_in(*columns[item.feature.name]) for item in card.characteristics]
    lost = np.column_stack([*alone, *(pair.best_points() - pair.points_in(table) for pair in card.pairs)])
    order = np.argsort(-lost, axis=1, kind="stable")[:, :most]

    def say(part: Characteristic | Pair, row: int) -> Reason:
        if isinstance(part, Pair):
            return part.join(*(say(card.of(axis.feature), row) for axis in part.axes))
        return part.feature.say(_value(columns[part.feature.name], row))

    parts = (*card.characteristics, *card.pairs)
    return [tuple(say(parts[at], row) for at in places if lost[row, at] > 0) for row, places in enumerate(order.tolist())]


def _value(column: tuple[Integers, Booleans], row: int) -> int | None:
    return int(column[0][row]) if column[1][row] else None
