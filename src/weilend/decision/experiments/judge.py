"""In: what became of the owners of two arms. Out: go on, promote, reject or stop, and the look that said so. Used: by the desk,
and by the simulation, which looks with the same eyes.

An owner is one draw: his loans are added up before anything is compared, and he counts once, in the month in which he was assigned,
when all of it is ripe. So looks have independent increments, whatever his loans have in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.decision.experiments.bounds import find_bounds

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Measure = Literal["value", "fpd7", "dpd7"]
Verdict = Literal["go on", "promote", "reject", "stop: fpd7", "stop: dpd7", "no difference"]
#: What is compared: value last, for guards look first in a month.
MEASURES: Final[tuple[Measure, ...]] = ("fpd7", "dpd7", "value")
#: A guard looks when so many loans of both arms were late: rates of fewer have no normal law.
LEAST_LATE: Final = 10
_Count = Annotated[int, msgspec.Meta(gt=0)]
_Small = Annotated[int, msgspec.Meta(gt=0, lt=PPM)]


class Design(msgspec.Struct, frozen=True, kw_only=True):
    """How a trial is looked at: fixed before it begins, for every choice after a look is another chance of a false alarm.

    Value is compared on both sides by O'Brien & Fleming's spending, guards on the bad side alone by Pocock's. Months are
    counted from assignment until the outcome is ripe. `planned_owners` (both arms) is the information at which all of alpha is
    spent.

    >>> Design(planned_owners=4_000).alpha_in_all_ppm
    50000
    """

    planned_owners: _Count
    value_alpha_ppm: _Small = 40_000
    guard_alpha_ppm: _Small = 5_000
    value_months: _Count = 6
    fpd7_months: _Count = 2
    dpd7_months: _Count = 3

    @property
    def alpha_in_all_ppm(self) -> int:
        """The chance of any false alarm, at most."""
        return self.value_alpha_ppm + 2 * self.guard_alpha_ppm

    def months_of(self, measure: Measure) -> int:
        """Return after how many months a measure is ripe."""
        return {"value": self.value_months, "fpd7": self.fpd7_months, "dpd7": self.dpd7_months}[measure]

    def bounds_of(self, measure: Measure, owners: Sequence[int]) -> tuple[float, ...]:
        """Return the z at which each look may stop; `owners` of both arms that are ripe by each look."""
        parts = [count / self.planned_owners for count in owners]
        if measure == "value":
            return find_bounds(parts, self.value_alpha_ppm / PPM, "obrien_fleming")
        return find_bounds(parts, self.guard_alpha_ppm / PPM, "pocock", sides=1)


class Outcomes(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Loans of owners in a trial, a row each: owner, whether he is the challenger's, the month (a running number) in which he
    was assigned, what the loan brought in fen, whether its first instalment was seven days late, and whether it was seven days
    late in its second month on book. What is not ripe yet is not read.

    >>> Outcomes.__struct_fields__
    ('owner', 'challenger', 'month', 'value_fen', 'fpd7', 'dpd7')
    """

    owner: Integers
    challenger: Any
    month: Integers
    value_fen: Floats
    fpd7: Floats
    dpd7: Floats

    def __post_init__(self) -> None:
        """Refuse an owner who is in two arms or two months."""
        order = np.argsort(self.owner, kind="stable")
        same = self.owner[order][1:] == self.owner[order][:-1]
        for name, what in (("challenger", "arms"), ("month", "months of assignment")):
            column = getattr(self, name)[order]
            if (same & (column[1:] != column[:-1])).any():
                raise InputError(f"an owner is in two {what}", hint="an owner is assigned once, by a hash of who he is")


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look: when, at what, at how many owners, the difference of the arms (fen an owner, or ppm of loans), its z and the bound.

    >>> Look(month=9, measure="value", owners=400, difference=120, z_milli=1_800, bound_milli=4_100).stops
    False
    """

    month: int
    measure: Measure
    owners: int
    difference: int
    z_milli: int
    bound_milli: int

    @property
    def stops(self) -> bool:
        """Whether the bound is reached; a guard stops on the bad side alone."""
        z = abs(self.z_milli) if self.measure == "value" else self.z_milli
        return z >= self.bound_milli


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict, the month of it, and every look until then.

    >>> Judged(verdict="go on", month=3, looks=()).verdict
    'go on'
    """

    verdict: Verdict
    month: int
    looks: tuple[Look, ...]


def judge(design: Design, outcomes: Outcomes, *, month: int) -> Judged:
    """Return what all looks until a month say, the first that stops being the last; looks are taken every month.

    >>> market = 40 * 25
    >>> numbers = np.arange(market)
    >>> flat = Outcomes(owner=numbers, challenger=numbers % 2 == 1, month=numbers % 25, value_fen=100.0 + numbers % 7,
    ...     fpd7=np.zeros(market), dpd7=np.zeros(market))
    >>> judge(Design(planned_owners=market), flat, month=12).verdict
    'go on'
    >>> better = msgspec.structs.replace(flat, value_fen=flat.value_fen + 20.0 * (numbers % 2))
    >>> found = judge(Design(planned_owners=market), better, month=12)
    >>> found.verdict, found.month, len(found.looks)
    ('promote', 6, 10)
    """
    first, months = int(outcomes.month.min()), int(outcomes.month.max() - outcomes.month.min()) + 1
    looks: list[Look] = []
    for measure in MEASURES:
        moments = np.cumsum(count_moments(outcomes, measure, first, months), axis=0)
        owners = moments[:, :, 0].sum(axis=1).astype(np.int64)
        ripe = [at for at in range(months) if owners[at] and first + at + design.months_of(measure) <= month]
        ripe = [at for at in ripe if at == 0 or owners[at] > owners[at - 1]]
        z, difference = compare_arms(moments, measure)
        bounds = design.bounds_of(measure, owners[ripe].tolist()) if ripe else ()
        looks += [
            Look(
                month=first + at + design.months_of(measure),
                measure=measure,
                owners=int(owners[at]),
                difference=round(float(difference[at]) * (1 if measure == "value" else PPM)),
                z_milli=round(1000 * float(z[at])),
                bound_milli=round(1000 * bound),
            )
            for at, bound in zip(ripe, bounds, strict=True)
        ]
    looks.sort(key=lambda look: (look.month, MEASURES.index(look.measure)))
    stopped = next((at for at, look in enumerate(looks) if look.stops), None)
    if stopped is not None:
        return Judged(verdict=_verdict(looks[stopped]), month=looks[stopped].month, looks=tuple(looks[: stopped + 1]))
    done = any(look.measure == "value" and look.owners >= design.planned_owners for look in looks)
    return Judged(verdict="no difference" if done else "go on", month=month, looks=tuple(looks))


def _verdict(look: Look) -> Verdict:
    if look.measure == "value":
        return "promote" if look.z_milli > 0 else "reject"
    return "stop: fpd7" if look.measure == "fpd7" else "stop: dpd7"


def count_moments(outcomes: Outcomes, measure: Measure, first: int, months: int) -> Floats:
    """Return sums over owners (months, 2 arms, 6): owners, b, n, b squared, b times n, n squared, of b over n: what an owner's
    loans brought over one owner, or how many were late over how many there were.

    >>> two = Outcomes(owner=np.array([1, 1, 2]), challenger=np.array([True, True, False]), month=np.array([0, 0, 0]),
    ...     value_fen=np.array([3.0, 4.0, 5.0]), fpd7=np.zeros(3), dpd7=np.zeros(3))
    >>> count_moments(two, "value", 0, 1)[0, 1].tolist()
    [1.0, 7.0, 1.0, 49.0, 7.0, 1.0]
    """
    _, start, place = np.unique(outcomes.owner, return_index=True, return_inverse=True)
    column = outcomes.value_fen if measure == "value" else getattr(outcomes, measure)
    b = np.bincount(place, weights=column)
    n = np.ones(len(b)) if measure == "value" else np.bincount(place).astype(np.float64)
    cell = 2 * (outcomes.month[start] - first) + outcomes.challenger[start]
    sums = [np.bincount(cell, weights=each, minlength=2 * months) for each in (np.ones(len(b)), b, n, b * b, b * n, n * n)]
    return np.asarray(np.stack(sums, axis=1).reshape(months, 2, 6), dtype=np.float64)


def compare_arms(moments: Floats, measure: Measure) -> tuple[Floats, Floats]:
    """Return z and difference (challenger less champion) of sums (…, 2, 6); z is 0 where an arm has fewer than two owners.

    The variance of each arm's ratio is that of sums over owners (Deng, Lu & Litz 2017: the delta method).

    >>> arms = np.array([[2, 4.0, 2, 10.0, 4.0, 2], [2, 8.0, 2, 34.0, 8.0, 2]])
    >>> [round(float(one), 3) for one in compare_arms(arms, "value")]
    [1.414, 2.0]
    """
    owners, b, n, bb, bn, nn = (moments[..., at] for at in range(6))
    ready = (owners >= 2).all(axis=-1)
    safe = np.where(n > 0, n, 1.0)
    ratio = b / safe
    spread = np.maximum(bb - 2 * ratio * bn + ratio**2 * nn, 0) / safe**2 * owners / np.maximum(owners - 1, 1)
    error = np.sqrt(spread.sum(axis=-1))
    if measure != "value":
        ready = ready & (b.sum(axis=-1) >= LEAST_LATE)
    difference = ratio[..., 1] - ratio[..., 0]
    return np.where(ready & (error > 0), difference / np.where(error > 0, error, 1.0), 0.0), difference
