"""In: states of two parts. Out: how one stands to the other: consistency, coverage, same-day turn. Used: through the registry."""

from __future__ import annotations

import numpy as np

from weilend.core.plan import Ints
from weilend.features.finish.aggregate import ONE, aggregate, divide
from weilend.features.finish.series import gained, gains, sums
from weilend.features.finish.window import HALF_BITS, Floats, Mask, Window


@aggregate("difference", parts=2)
def finish_difference(window: Window) -> Floats:
    """Sum of the one less the sum of the other."""
    return (window.once(sums) - window.other.once(sums)).astype(np.float64)


@aggregate("log_ratio", parts=2)
def finish_log_ratio(window: Window) -> Floats:
    """Natural logarithm of the ratio of two sums, in ppm: 0 where they agree, above 0 where the first is larger."""
    return window.once(log_ratio)


@aggregate("log_gap", parts=2)
def finish_log_gap(window: Window) -> Floats:
    """Natural logarithm of the ratio of two sums without its sign, in ppm: 0 where they agree; not known unless both exceed 0."""
    return np.abs(window.once(log_ratio))


@aggregate("signed_ratio", parts=2)
def finish_signed_ratio(window: Window) -> Floats:
    """Sum of the one over the sum of the other, in ppm, below zero where the first is; unknown unless the other is above zero."""
    return divide(window.once(sums), window.other.once(sums)) * ONE


@aggregate("same_day_share", "day", parts=2)
def finish_same_day_share(window: Window) -> Floats:
    """What went the other way on the same day, over what came, in ppm: money that only passes through."""
    there, place = match(window)
    went = np.where(there, window.other.total[place], 0) if len(window.other.total) else np.zeros_like(window.total)
    turned = np.maximum(np.minimum(window.total, went), 0)
    return divide(window.add(turned), window.once(gained)) * ONE


@aggregate("shared_share", by=True, parts=2, company="shared_share")
def finish_shared_share(window: Window) -> Floats:
    """Share of the first sum with parties that also stand on the other side, in ppm: who pays and is paid."""
    return divide(window.add(window.once(gains) * window.once(shared_groups)), window.once(gained)) * ONE


@aggregate("shared_sum", by=True, parts=2, company="shared_share")
def finish_shared_sum(window: Window) -> Floats:
    """Sum of the one over parties that also stand on the other side: exact, and nothing added to one side alone moves it."""
    return window.add(window.total * window.once(shared_groups)).astype(np.float64)


def shared_groups(window: Window) -> Mask:
    """Return which groups are of a party that also stands on the other side."""
    mine, theirs = name_parties(window)
    return find(mine, np.sort(theirs))[0]


def name_parties(window: Window) -> tuple[Ints, Ints]:
    """Return a number for the row and the party of each group of the one part, and of the other: the same for the same."""
    names = [*window.names().tolist(), *window.other.names().tolist()]
    codes = {name: code for code, name in enumerate(dict.fromkeys(names))}
    code = np.fromiter(map(codes.__getitem__, names), dtype=np.int64, count=len(names))
    keys = (np.concatenate((window.row, window.other.row)) << HALF_BITS) + code
    return keys[: len(window.row)], keys[len(window.row) :]


def log_ratio(window: Window) -> Floats:
    """Return the logarithm of the ratio of the two sums, in ppm; NaN unless both are above zero."""
    ratio = divide(window.once(sums), window.other.once(sums))
    positive = ratio > 0
    return np.where(positive, np.log(np.where(positive, ratio, 1.0)) * ONE, np.nan)


def match(window: Window) -> tuple[Mask, Ints]:
    """Return for each group whether the other part has one of the same row and time, and where; no parties are told apart."""
    mine, theirs = ((one.row << HALF_BITS) + one.time for one in (window, window.other))
    return find(mine, theirs)


def find(keys: Ints, among: Ints) -> tuple[Mask, Ints]:
    """Return for each key whether it stands among others that rise, and where.

    >>> find(np.array([5, 7]), np.array([1, 5]))
    (array([ True, False]), array([1, 1]))
    """
    if not len(among):
        return np.zeros(len(keys), dtype=np.bool_), np.zeros(len(keys), dtype=np.int64)
    place = np.minimum(np.searchsorted(among, keys), len(among) - 1)
    return among[place] == keys, place
