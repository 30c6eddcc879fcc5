"""In: states of two parts. Out: how one stands to the other: consistency, coverage, same-day turn. Used: through the registry."""

from __future__ import annotations

import numpy as np

from weilend.core.plan import State
from weilend.features.finish.aggregate import ONE, Floats, Ints, Window, add_by_row, aggregate, divide


def sums(window: Window, state: State) -> Ints:
    """Return the sum over the window per row."""
    inside = state.slot < window.length
    return add_by_row(state.row[inside], state.total[inside], window.size)


def other(window: Window) -> State:
    """Return the state that the first is held against."""
    assert window.other is not None, "an aggregate of two parts is planned with two folds"
    return window.other


@aggregate("difference", parts=2)
def finish_difference(window: Window) -> Floats:
    """Sum of the one less the sum of the other."""
    return (sums(window, window.state) - sums(window, other(window))).astype(np.float64)


@aggregate("log_ratio", parts=2)
def finish_log_ratio(window: Window) -> Floats:
    """Natural logarithm of the ratio of two sums, in ppm: 0 where they agree, above 0 where the first is larger."""
    ratio = divide(sums(window, window.state), sums(window, other(window)))
    positive = ratio > 0
    return np.where(positive, np.log(np.where(positive, ratio, 1.0)) * ONE, np.nan)


@aggregate("same_day_share", "day", parts=2)
def finish_same_day_share(window: Window) -> Floats:
    """What went the other way on the same day, over what came, in ppm: money that only passes through."""
    came, went = _by_day(window, window.state), _by_day(window, other(window))
    days = sorted(came.keys() & went.keys())
    turned = np.zeros(window.size, dtype=np.int64)
    for row, day in days:
        turned[row] += min(came[row, day], went[row, day])
    return divide(turned, add_by_row(*_positive(window, window.state), window.size)) * ONE


def _positive(window: Window, state: State) -> tuple[Ints, Ints]:
    inside = state.slot >= window.first_day[state.row]
    return state.row[inside], np.maximum(state.total[inside], 0)


def _by_day(window: Window, state: State) -> dict[tuple[int, int], int]:
    inside = np.flatnonzero((state.slot >= window.first_day[state.row]) & (state.total > 0))
    keys = zip(state.row[inside].tolist(), state.slot[inside].tolist(), strict=True)
    return dict(zip(keys, state.total[inside].tolist(), strict=True))


@aggregate("shared_share", by=True, parts=2)
def finish_shared_share(window: Window) -> Floats:
    """Share of the first sum with parties that also stand on the other side, in ppm: who pays and is paid."""
    inside = window.state.slot < window.length
    names = window.state.parties[window.state.party[inside]]
    row, amount = window.state.row[inside], np.maximum(window.state.total[inside], 0)
    against = other(window)
    there = against.slot < window.length
    both = set(zip(against.row[there].tolist(), against.parties[against.party[there]].tolist(), strict=True))
    shared = np.array([key in both for key in zip(row.tolist(), names.tolist(), strict=True)], dtype=np.bool_)
    return divide(add_by_row(row[shared], amount[shared], window.size), add_by_row(row, amount, window.size)) * ONE
