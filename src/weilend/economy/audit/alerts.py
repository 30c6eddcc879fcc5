"""In: what a contender says of applications, and what the truth says. Out: who is alerted on a budget, what that found.
Used: by the study of fraud.

A contender is nothing but one number an application, higher is more suspicious, so all are held to the same budget and count alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.economy.firms import Bools, Floats, Ints


class Judged(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What the truth says of applications (n): their `month`; the number of the `pattern` behind each (-1 honest life), how well
    it hides (`level` 0 to 2, -1 no fraud), its `case` (-1 where that has too few firms to be a ring); `lost_fen`, what fraud
    would take at the standard offer; `is_good`, who would pay that back; and who shares things for a reason, by sort.

    >>> Judged.__struct_fields__[:3]
    ('month', 'pattern', 'level')
    """

    month: Ints
    pattern: Ints
    level: Ints
    case: Ints
    lost_fen: Ints
    is_good: Bools
    innocent: Mapping[str, Bools]

    def __len__(self) -> int:
        return len(self.month)


def share_of(part: int, whole: int) -> float:
    """Return a part of a whole as a share, 0 of nothing.

    >>> share_of(1, 4), share_of(0, 0)
    (0.25, 0.0)
    """
    return part / whole if whole else 0.0


class _Counts(msgspec.Struct, frozen=True):
    """Counts that add up, one by one."""

    def __add__(self, other: Self) -> Self:
        return type(self)(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


class Tally(_Counts, frozen=True, kw_only=True):
    """What alerts found among some applications.

    >>> one = Tally(applications=9, frauds=4, alerts=5, found=2, lost_fen=80, saved_fen=20, good_stopped=3)
    >>> one.recall, one.precision, one.saved
    (0.5, 0.4, 0.25)
    """

    applications: int
    frauds: int
    alerts: int
    found: int
    lost_fen: int
    saved_fen: int
    good_stopped: int

    @property
    def recall(self) -> float:
        """The share of frauds that were alerted, 0 where there are none."""
        return share_of(self.found, self.frauds)

    @property
    def precision(self) -> float:
        """The share of alerts that were fraud, 0 where there are none."""
        return share_of(self.found, self.alerts)

    @property
    def saved(self) -> float:
        """The share of the money that fraud would have taken."""
        return share_of(self.saved_fen, self.lost_fen)


NOTHING_FOUND = Tally(applications=0, frauds=0, alerts=0, found=0, lost_fen=0, saved_fen=0, good_stopped=0)


def alert_by_month(score: Floats, month: Ints, budget_ppm: int) -> Bools:
    """Return the alerts of a budget that is spent to the last application: in each month its most suspicious.

    What a month's share leaves of an application is carried to the next, so that small months spend the same. Of equal scores those
    in a fixed order without meaning go first.

    >>> alert_by_month(np.array([1.0, 9.0, 2.0, 3.0]), np.array([0, 0, 1, 1]), 500_000).tolist()
    [False, True, False, True]
    """
    alerts = np.zeros(len(score), np.bool_)
    tie = np.random.default_rng(0).random(len(score))
    spent, seen = 0, 0
    for one in np.unique(month):
        rows = np.flatnonzero(month == one)
        seen += len(rows)
        allowed = seen * budget_ppm // PPM - spent
        order = rows[np.lexsort((tie[rows], -score[rows]))]
        alerts[order[:allowed]] = True
        spent += allowed
    return alerts


def floor_of(score: Floats, budget_ppm: int) -> float:
    """Return the least score above which no more than a share of some applications lie.

    >>> scores = np.array([1.0, 2.0, 3.0, 3.0])
    >>> floor_of(scores, 500_000), floor_of(scores, 250_000)
    (2.0, 3.0)
    """
    allowed = len(score) * budget_ppm // PPM
    return float(np.sort(score)[::-1][min(allowed, len(score) - 1)])


def tally(judged: Judged, alert: Bools, among: Bools | None = None) -> Tally:
    """Return what alerts found, among some of the applications or all."""
    some = np.ones(len(judged), np.bool_) if among is None else among
    fraud = judged.level >= 0
    return Tally(
        applications=int(some.sum()),
        frauds=int((some & fraud).sum()),
        alerts=int((some & alert).sum()),
        found=int((some & alert & fraud).sum()),
        lost_fen=int(judged.lost_fen[some & fraud].sum()),
        saved_fen=int(judged.lost_fen[some & alert & fraud].sum()),
        good_stopped=int((some & alert & ~fraud & judged.is_good).sum()),
    )


class RingTally(_Counts, frozen=True):
    """Rings of three firms or more: their members who asked, how many were found before money went out, how many rings in part."""

    members: int
    found: int
    rings: int
    touched: int


def tally_rings(judged: Judged, alert: Bools) -> RingTally:
    """Return how many members of rings were alerted.

    >>> blank = np.zeros(3, np.int64)
    >>> ring = Judged(month=blank, pattern=blank, level=blank, case=np.array([4, 4, -1]), lost_fen=blank,
    ...               is_good=blank > 0, innocent={})
    >>> tally_rings(ring, np.array([True, False, True]))
    RingTally(members=2, found=1, rings=1, touched=1)
    """
    member = judged.case >= 0
    return RingTally(
        int(member.sum()),
        int((member & alert).sum()),
        len(np.unique(judged.case[member])),
        len(np.unique(judged.case[member & alert])),
    )


class FalseAlarms(_Counts, frozen=True):
    """Honest applications of a sort and of all others, and how many of each were alerted.

    >>> FalseAlarms(100, 2, 1_000, 20).is_accused, FalseAlarms(100, 12, 1_000, 20).is_accused
    (False, True)
    """

    applications: int
    alerted: int
    others: int
    others_alerted: int

    @property
    def is_accused(self) -> bool:
        """Whether they are alerted more often than others by more than two standard errors of so many."""
        if not self.applications or not self.others:
            return False
        pooled = (self.alerted + self.others_alerted) / (self.applications + self.others)
        error = (pooled * (1 - pooled) * (1 / self.applications + 1 / self.others)) ** 0.5
        return bool(self.alerted / self.applications - self.others_alerted / self.others > 2 * error)


def tally_innocents(judged: Judged, alert: Bools) -> dict[str, FalseAlarms]:
    """Return, for each sort of honest people who share, how often they are alerted, beside honest people who share nothing."""
    honest = judged.level < 0
    sharing = np.zeros(len(judged), np.bool_)
    for who in judged.innocent.values():
        sharing |= who
    rest = honest & ~sharing
    beside = int(rest.sum()), int((rest & alert).sum())
    return {
        name: FalseAlarms(int((honest & who).sum()), int((honest & who & alert).sum()), *beside)
        for name, who in judged.innocent.items()
    }
