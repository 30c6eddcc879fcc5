"""In: outcomes, decisions and a field kept out of training. Out: rates per group with intervals. Used: by the validation report.

It reports and judges nothing: rates differ between groups for many reasons, and which difference is lawful is not a number.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from weilend.core.errors import InputError
from weilend.models.calibration import jeffreys_interval
from weilend.models.metrics import Interval
from weilend.models.prediction import Prediction
from weilend.models.table import Booleans, Integers


class GroupRates(msgspec.Struct, frozen=True, kw_only=True):
    """The rates of one group in ppm, with Jeffreys' 95 % intervals; None where the group has no row to count.

    `approved` is of all rows; `bad_rate` of rows with an outcome, beside their mean PD; `goods_declined` of the goods;
    `bads_approved` of the bads.
    """

    group: str
    rows: int
    bads: int
    mean_pd_ppm: int
    approved: Interval
    bad_rate: Interval
    goods_declined: Interval | None
    bads_approved: Interval | None


def report_groups(field: Sequence[str], bad: Integers, said: Prediction, approved: Booleans) -> tuple[GroupRates, ...]:
    """Return the rates of each group of a field, by name; `field` (n,) was not given to the model.

    Raises `InputError` where the field speaks of other rows.

    >>> said = Prediction(np.array([600, 500, 600, 500]), np.array([20_000, 400_000, 20_000, 400_000]))
    >>> one, two = report_groups(["a", "a", "b", "b"], np.array([0, 1, 0, 0]), said, said.points > 550)
    >>> one.approved.estimate_ppm, two.goods_declined.estimate_ppm, two.bads_approved
    (500000, 500000, None)
    """
    if len(field) != len(bad) or len(approved) != len(bad):
        raise InputError(f"the field has {len(field)} rows, the outcomes {len(bad)}", hint="give one value a row")
    names, place = np.unique(np.asarray(field, dtype=np.str_), return_inverse=True)
    return tuple(_rates(str(name), place == at, bad, said, approved) for at, name in enumerate(names))


def _rates(name: str, mine: Booleans, bad: Integers, said: Prediction, approved: Booleans) -> GroupRates:
    goods, bads = mine & (bad == 0), mine & (bad == 1)
    return GroupRates(
        group=name,
        rows=int(mine.sum()),
        bads=int(bads.sum()),
        mean_pd_ppm=round(float(said.pd_ppm[mine].mean())),
        approved=_rate(approved, mine),
        bad_rate=_rate(bad == 1, mine),
        goods_declined=_rate(~approved, goods) if goods.any() else None,
        bads_approved=_rate(approved, bads) if bads.any() else None,
    )


def _rate(happened: Booleans, among: Booleans) -> Interval:
    return jeffreys_interval(int((happened & among).sum()), int(among.sum()))
