"""In: chances on rows left out, their outcomes. Out: log-loss once a line through the logits is fitted to them. Used: by training.

Deep trees say too much long before they order worse, and how much is said the curve repairs afterwards: plain log-loss would stop
them too early, and AUC hears less of what few rows can tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import expit

from weilend.models.calibration import LEAST_SLOPE
from weilend.models.table import Floats

if TYPE_CHECKING:
    import lightgbm

#: A line through logits is drawn to these as they are with this weight.
LINE_ROWS: Final = 20.0
#: Further a line moves at no step: folds whose trees order them perfectly would throw it far out.
MOST_STEP: Final = 2.0


class Straightened:
    """Log-loss on rows left out once a line through the logits is fitted to their outcomes (Platt 1999).

    The line follows the trees by one Newton step each.

    >>> class Left:
    ...     def get_label(self): return np.array([0.0, 1.0, 1.0, 0.0])
    ...     def get_weight(self): return None
    >>> name, loss, more_is_better = Straightened()(np.array([0.1, 0.9, 0.6, 0.4]), Left())
    >>> name, 0.2 < loss < 0.5, more_is_better
    ('straightened', True, False)
    """

    name = "straightened"

    def __init__(self) -> None:
        self._lines: dict[int, tuple[float, float]] = {}

    def __call__(self, chance: Floats, data: lightgbm.Dataset) -> tuple[str, float, bool]:
        """Return the name, the loss, and that more is not better, as the library asks for it."""
        bad, given = np.asarray(data.get_label()), data.get_weight()
        weight = np.ones(len(bad)) if given is None else np.asarray(given, dtype=np.float64)
        chance = np.clip(chance, 1e-9, 1 - 1e-9)
        logit = np.log(chance / (1 - chance))
        base, slope = self._lines[id(data)] = _step(logit, bad, weight, self._lines.get(id(data), (0.0, 1.0)))
        said = base + slope * logit
        return self.name, float(np.average(np.logaddexp(0.0, said) - bad * said, weights=weight)), False


def _step(logit: Floats, bad: Floats, weight: Floats, line: tuple[float, float]) -> tuple[float, float]:
    """Return a line one Newton step nearer to the outcomes, drawn to what the logits say as they are: few rows bend no line."""
    base, slope = line
    chance = expit(base + slope * logit)
    wrong, firm = weight * (chance - bad), weight * chance * (1 - chance)
    bend = firm @ logit
    pull = np.array([wrong.sum() + LINE_ROWS * base, wrong @ logit + LINE_ROWS * (slope - 1)])
    by = np.linalg.solve(np.array([[firm.sum() + LINE_ROWS, bend], [bend, firm @ logit**2 + LINE_ROWS]]), pull).clip(
        -MOST_STEP, MOST_STEP
    )
    return float(base - by[0]), max(float(slope - by[1]), LEAST_SLOPE)
