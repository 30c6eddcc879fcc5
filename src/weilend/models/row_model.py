"""In: a model's bytes, feature rows. Out: `RowModel`, by whatever recipe, and its scores. Used: by all who decide with a model.

The bytes say which recipe made them, and the recipe reads, writes and scores: nobody here knows a card from trees, but that a card
is read without loading what fits models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from weilend.core.errors import InputError
from weilend.core.ids import canonical_json
from weilend.core.values import FeatureRow, Score
from weilend.models.card import RECIPE, Card, check_identity, score_each
from weilend.models.described import Described
from weilend.models.package import read_card
from weilend.models.prediction import RowModel

if TYPE_CHECKING:
    from weilend.models.recipes.registry import Recipe

__all__ = ["RowModel", "read_model", "recipe_of", "score_rows", "write_model"]


class _Named(msgspec.Struct, frozen=True):
    recipe: str = RECIPE


class _Kept(msgspec.Struct, frozen=True):
    """How every recipe but the card keeps its models: under `model`, which names the recipe."""

    model: _Named = _Named()


def recipe_of(content: bytes) -> str:
    """Return the recipe of a model that was kept as bytes; raises `InputError` where they are no JSON.

    >>> recipe_of(b'{"model": {"recipe": "monotone_boosting"}, "trees": ""}'), recipe_of(b'{"base_points": 600}')
    ('monotone_boosting', 'card')
    """
    try:
        return msgspec.json.decode(content, type=_Kept).model.recipe
    except msgspec.DecodeError as error:
        raise _no_model(error) from None


def read_model(content: bytes) -> RowModel:
    """Return the model of its bytes, by whatever recipe it was made.

    Raises `InputError` where they hold none, `CheckError` where it is not what its id says: somebody changed it.

    >>> from weilend.models.recipes.monotone_boosting import example_model
    >>> read_model(write_model(example_model())) == example_model()
    True
    """
    recipe = recipe_of(content)
    try:
        return check_identity(read_card(content)) if recipe == RECIPE else _recipe(recipe).read(content)
    except msgspec.DecodeError as error:
        raise _no_model(error) from None


def write_model(model: RowModel) -> bytes:
    """Return a model as bytes, without pickle; the same model gives the same bytes.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> read_model(write_model(example_card())) == example_card()
    True
    """
    return canonical_json(model) if isinstance(model, Card) else _recipe(model.recipe).write(model)


def score_rows(model: RowModel, rows: Sequence[FeatureRow], features: Sequence[Described]) -> list[Score]:
    """Return the score of each row: points, PD, and what each value brings, stated in the words of its feature.

    A row is scored alike alone and among others. Raises `InputError` where a row lacks a feature of the model.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> row = FeatureRow(business_id="B", as_of=0, feature_set="f", values={"sales_fen_12m": 100, "void_rate_12m": None})
    >>> score_rows(example_card(), [row], ())[0].contributions[0].reason.en
    'sales of the last 12 months were ¥1'
    """
    return score_each(model, rows) if isinstance(model, Card) else _recipe(model.recipe).score(model, rows, features)


def _recipe(name: str) -> Recipe:
    from weilend.models.recipes.registry import RECIPES  # late: it loads what fits models, and a card decides without

    return RECIPES[name]


def _no_model(error: Exception) -> InputError:
    return InputError(f"this is no model: {error}", hint="take it from where it was built")
