"""In: party states (counterparty by month). Out: concentration, loyalty, tenure. Used: through the registry of aggregates."""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.features.finish.aggregate import ONE, Floats, Ints, Window, add_by_row, add_floats_by_row, aggregate, divide


class Parties(msgspec.Struct, frozen=True):
    """Sums per (row, party) over ages ``since <= age < until``, one element each."""

    row: Ints
    total: Ints
    months: Ints
    oldest: Ints
    youngest: Ints


def gather(window: Window, until: int, since: int = 0) -> Parties:
    """Return the sums of each party within a range of ages, parties without rows left out."""
    state = window.state
    inside = np.flatnonzero((state.slot >= since) & (state.slot < until))
    order = inside[np.lexsort((state.slot[inside], state.party[inside], state.row[inside]))]
    row, party = state.row[order], state.party[order]
    start = np.flatnonzero((np.diff(row, prepend=-1) != 0) | (np.diff(party, prepend=-1) != 0))
    if not start.size:
        empty = np.zeros(0, dtype=np.int64)
        return Parties(empty, empty, empty, empty, empty)
    slot = state.slot[order]
    totals, months = np.add.reduceat(state.total[order], start), np.diff(start, append=len(order))
    return Parties(row[start], totals, months, oldest=slot[np.append(start[1:], len(order)) - 1], youngest=slot[start])


def shares(window: Window) -> tuple[Ints, Floats]:
    """Return (row, share of the row's total) per party with a positive total."""
    parties = gather(window, window.length)
    positive = parties.total > 0
    row, amount = parties.row[positive], parties.total[positive]
    return row, divide(amount, add_by_row(row, amount, window.size)[row])


def blank_empty(window: Window, row: Ints, values: Floats) -> Floats:
    """Return the values with NaN where a row has no party at all."""
    return np.where(np.bincount(row, minlength=window.size)[: window.size] > 0, values, np.nan)


@aggregate("distinct", by=True)
def finish_distinct(window: Window) -> Floats:
    """Number of parties."""
    return np.bincount(gather(window, window.length).row, minlength=window.size)[: window.size].astype(np.float64)


@aggregate("share_of_top", by=True)
def finish_share_of_top(window: Window) -> Floats:
    """The largest party's share of the total, in ppm."""
    row, share = shares(window)
    top = np.zeros(window.size)
    np.maximum.at(top, row, share)
    return blank_empty(window, row, top * ONE)


@aggregate("share_of_top_five", by=True)
def finish_share_of_top_five(window: Window) -> Floats:
    """The five largest parties' share of the total, in ppm."""
    row, share = shares(window)
    order = np.lexsort((-share, row))
    row, share = row[order], share[order]
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    return blank_empty(window, row, add_floats_by_row(row[rank < 5], share[rank < 5], window.size) * ONE)


@aggregate("hhi", by=True)
def finish_hhi(window: Window) -> Floats:
    """Herfindahl-Hirschman index: the sum of squared shares, 0 to 1, in ppm."""
    row, share = shares(window)
    return blank_empty(window, row, add_floats_by_row(row, share * share, window.size) * ONE)


@aggregate("entropy", by=True)
def finish_entropy(window: Window) -> Floats:
    """Shannon entropy of the shares in nats, in ppm of a nat."""
    row, share = shares(window)
    return blank_empty(window, row, add_floats_by_row(row, -share * np.log(share), window.size) * ONE)


@aggregate("overlap", by=True)
def finish_overlap(window: Window) -> Floats:
    """Parties of both halves of the window over parties of either (Jaccard), in ppm."""
    half = window.length // 2
    both = np.bincount(gather(window, window.length).row, minlength=window.size)[: window.size]
    later = np.bincount(gather(window, half).row, minlength=window.size)[: window.size]
    earlier = np.bincount(gather(window, window.length, half).row, minlength=window.size)[: window.size]
    return divide(later + earlier - both, both) * ONE


@aggregate("repeat_rate", by=True)
def finish_repeat_rate(window: Window) -> Floats:
    """Parties seen in at least two months over all parties, in ppm."""
    parties = gather(window, window.length)
    again = np.bincount(parties.row[parties.months >= 2], minlength=window.size)[: window.size]
    return divide(again, np.bincount(parties.row, minlength=window.size)[: window.size]) * ONE


@aggregate("tenure", by=True)
def finish_tenure(window: Window) -> Floats:
    """Months since each party was first seen in the window, averaged over parties of its last twelve months, in months."""
    parties = gather(window, window.length)
    active = parties.youngest < 12
    months = add_by_row(parties.row[active], parties.oldest[active] + 1, window.size)
    return divide(months, np.bincount(parties.row[active], minlength=window.size)[: window.size])


@aggregate("new_share", by=True)
def finish_new_share(window: Window) -> Floats:
    """Share of the last twelve months' total with parties that were not seen earlier in the window, in ppm."""
    everything = gather(window, window.length)
    recent = gather(window, 12)
    fresh = everything.oldest < 12
    new = add_by_row(everything.row[fresh], np.maximum(everything.total[fresh], 0), window.size)
    return divide(new, add_by_row(recent.row, np.maximum(recent.total, 0), window.size)) * ONE
