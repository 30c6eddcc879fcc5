"""In: party states (counterparty by month). Out: concentration, loyalty, tenure. Used: through the registry of aggregates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from weilend.core.plan import Ints
from weilend.engine.extremes import add_runs
from weilend.features.finish.aggregate import ONE, aggregate, divide
from weilend.features.finish.series import YEAR
from weilend.features.finish.window import Floats, Rows, Window


class Parties(NamedTuple):
    """Each party of each row: where its groups start, its sum, its number of months, its oldest and youngest slot."""

    rows: Rows
    start: Ints
    total: Ints
    months: Ints
    oldest: Ints
    youngest: Ints


def gather(window: Window) -> Parties:
    """Return the parties that have groups in the window."""
    row, party, slot = window.row, window.party, window.slot
    begins = np.ones(len(row), dtype=np.bool_)
    np.not_equal(party[1:], party[:-1], out=begins[1:])
    begins[window.start] = True
    start = begins.nonzero()[0]
    if not len(start):
        return Parties(Rows(row, window.size), start, start, start, start, start)
    end = np.concatenate((start[1:], [len(row)]))
    one, other = slot[start], slot[end - 1]  # the ends of a party's time, whichever way it runs
    return Parties(
        rows=Rows(row[start], window.size),
        start=start,
        total=add_runs(window.total, start),
        months=end - start,
        oldest=np.maximum(one, other),
        youngest=np.minimum(one, other),
    )


def number(window: Window) -> Ints:
    """Return the number of parties per row."""
    return window.once(gather).rows.tally()


def gains(window: Window) -> Ints:
    """Return the sum of each party, zero for one that is negative."""
    return np.maximum(window.once(gather).total, 0)


def gained(window: Window) -> Ints:
    """Return the sum over parties of what is gained, per row."""
    return window.once(gather).rows.add(window.once(gains))


def shares(window: Window) -> tuple[Rows, Floats]:
    """Return the share of each party with a positive sum, in ascending order within each row, so that float sums of them do not
    depend on the order of parties.
    """
    gain = window.once(gains)
    some = gain > 0
    rows = Rows(window.once(gather).rows.row[some], window.size)
    return rows, rows.ascend(gain[some]) / window.once(gained)[rows.row]


@aggregate("distinct", by=True)
def finish_distinct(window: Window) -> Floats:
    """Number of parties."""
    return window.once(number).astype(np.float64)


@aggregate("share_of_top", by=True)
def finish_share_of_top(window: Window) -> Floats:
    """The largest party's share of the total, in ppm."""
    return divide(window.once(gather).rows.most(window.once(gains), 0), window.once(gained)) * ONE


@aggregate("share_of_top_five", by=True)
def finish_share_of_top_five(window: Window) -> Floats:
    """The five largest parties' share of the total, in ppm."""
    rows, share = window.once(shares)
    rank = rows.end.repeat(rows.end - rows.start) - np.arange(len(share))
    return rows.blank(rows.add_floats(np.where(rank <= 5, share, 0.0)) * ONE)


@aggregate("hhi", by=True)
def finish_hhi(window: Window) -> Floats:
    """Herfindahl-Hirschman index: the sum of squared shares, 0 to 1, in ppm."""
    rows, share = window.once(shares)
    return rows.blank(rows.add_floats(share * share) * ONE)


@aggregate("entropy", by=True)
def finish_entropy(window: Window) -> Floats:
    """Shannon entropy of the shares in nats, in ppm of a nat."""
    rows, share = window.once(shares)
    return rows.blank(rows.add_floats(-share * np.log(share)) * ONE)


@aggregate("overlap", by=True)
def finish_overlap(window: Window) -> Floats:
    """Parties of both halves of the window over parties of either (Jaccard), in ppm."""
    parties, either = window.once(gather), window.once(number)
    half = (window.length // 2)[parties.rows.row]
    both = parties.rows.add((parties.youngest < half) & (parties.oldest >= half))
    return divide(both, either) * ONE


@aggregate("repeat_rate", by=True)
def finish_repeat_rate(window: Window) -> Floats:
    """Parties seen in at least two months over all parties, in ppm."""
    parties = window.once(gather)
    return divide(parties.rows.add(parties.months >= 2), window.once(number)) * ONE


@aggregate("tenure", by=True)
def finish_tenure(window: Window) -> Floats:
    """Months since each party was first seen in the window, averaged over parties of its last twelve months, in months."""
    parties = window.once(gather)
    active = parties.youngest < YEAR
    return divide(parties.rows.add((parties.oldest + 1) * active), parties.rows.add(active))


@aggregate("new_share", by=True)
def finish_new_share(window: Window) -> Floats:
    """Share of the last twelve months' total with parties that were not seen earlier in the window, in ppm."""
    parties = window.once(gather)
    recent = np.where(window.slot < YEAR, window.total, 0)
    gain = np.maximum(add_runs(recent, parties.start), 0) if len(recent) else recent
    return divide(parties.rows.add(gain * (parties.oldest < YEAR)), parties.rows.add(gain)) * ONE
