"""In: nothing. Out: what a model says of many rows at once, and what a model is. Used: by recipes, validation and the desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from weilend.models.table import Integers, Table


class Prediction(msgspec.Struct, frozen=True, eq=False):
    """`points` (n,) higher is safer, in the model's own unit; `pd_ppm` (n,) the probability of default.

    >>> import numpy as np
    >>> Prediction(np.array([600]), np.array([20_000])).pd_ppm.tolist()
    [20000]
    """

    points: Integers
    pd_ppm: Integers


class Model(Protocol):
    """Anything that predicts a table."""

    def predict(self, table: Table) -> Prediction:
        """Return points and PD of each row; a row's answer does not depend on the other rows."""
        ...


class RowModel(Model, Protocol):
    """A model that can decide: it scores feature rows (see `row_model.score_rows`), whatever recipe made it.

    `model_id` is the hash of its content, `sample_ppm` the bad rate of the `rows` that it learned from, of which `bads` were bad;
    `libraries` are those, beside NumPy, on which the bits of its scores hang.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> model: RowModel = example_card()
    >>> model.recipe, model.reads, model.rows
    ('card', ('sales_fen_12m', 'void_rate_12m'), 60)
    """

    @property
    def model_id(self) -> str:
        """The hash of its content."""
        ...

    @property
    def recipe(self) -> str:
        """The recipe that made it, which reads, writes and explains it."""
        ...

    @property
    def reads(self) -> tuple[str, ...]:
        """The features that it reads."""
        ...

    @property
    def libraries(self) -> Sequence[str]:
        """The libraries on which the bits of its scores hang."""
        ...

    @property
    def sample_ppm(self) -> int:
        """The bad rate of its training rows."""
        ...

    @property
    def rows(self) -> int:
        """How many rows it learned from."""
        ...

    @property
    def bads(self) -> int:
        """How many of them were bad."""
        ...


class Fit(Protocol):
    """A recipe with everything but the rows and the seed decided: selection, bins and strength all happen inside."""

    def __call__(self, table: Table, label: Integers, *, seed: int) -> Model:
        """Return a model trained on these rows and no others."""
        ...
