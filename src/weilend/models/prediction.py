"""In: nothing. Out: what a model says of many rows at once, and what a model is. Used: by recipes and validation."""

from __future__ import annotations

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


class Fit(Protocol):
    """A recipe with everything but the rows and the seed decided: selection, bins and strength all happen inside."""

    def __call__(self, table: Table, label: Integers, *, seed: int) -> Model:
        """Return a model trained on these rows and no others."""
        ...
