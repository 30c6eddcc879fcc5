"""In: flows by account and day, and balances that were stated. Out: daily balances over all accounts. Used: through the registry.

Where entries state no balance of their own (a wallet's bill, a bank's export without that column), a balance is what was stated
once and what flowed since: at the end of a day an account holds what was last stated for it at or before that day plus what flowed
since, or, before anything was stated, what was first stated less what flowed until then. The first part of such a feature are
signed flows, the second balances as they stand at the end of a day, after all flows of it. All accounts count on every day, from
the first on which any of them shows to the day before the as_of. An account of which nothing was stated leaves the whole row
without an answer: how much it holds nobody knows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from weilend.core.plan import Ints
from weilend.features.finish.aggregate import aggregate
from weilend.features.finish.balances import LOW_FEN, Stretches, days_below, mean_of, stretch, tenth_percentile_of
from weilend.features.finish.pairs import name_parties
from weilend.features.finish.window import Floats, Mask, Rows, Window


class Events(NamedTuple):
    """Flows and statements in the order (row, account, day, flows first): `accounts` has the number of each one's account."""

    accounts: Rows
    row: Ints
    day: Ints
    flow: Ints
    stated: Mask
    balance: Ints


def roll(window: Window) -> Stretches:
    """Return the stretches of every row over which the balance of all its accounts stayed the same."""
    events = line_up(window)
    accounts, place = events.accounts, np.arange(len(events.row))
    flowed = np.cumsum(events.flow)
    flowed -= (flowed - events.flow)[accounts.start][accounts.row]
    beyond = events.balance - flowed  # what an account holds besides what flowed, where a statement says so
    first = accounts.least(np.where(events.stated, place, len(place)), 0)  # the place of each account's first statement
    known = first < len(place)
    first = np.where(known, first, 0)
    last = np.maximum.accumulate(np.where(events.stated, place, -1))
    source = np.where(last >= accounts.start[accounts.row], last, first[accounts.row])
    opening = beyond[first]
    moved = flowed + beyond[source]
    moved -= accounts.before(moved, opening)
    holder = events.row[accounts.start]
    opened = Rows(events.row, window.size).least(events.day, 0)
    answered = np.ones(window.size, dtype=np.bool_)
    answered[holder[~known]] = False
    row, day = np.concatenate((events.row, holder)), np.concatenate((events.day, opened[holder]))
    counts = answered[row] & (day < window.as_of_day[row])
    return stretch(row[counts], day[counts], np.concatenate((moved, opening))[counts], window)


def line_up(window: Window) -> Events:
    """Return the flows and the statements of all accounts together."""
    other = window.other
    who = np.concatenate(name_parties(window))
    day, row = np.concatenate((window.slot, other.slot)), np.concatenate((window.row, other.row))
    nothing = np.zeros_like(window.total), np.zeros_like(other.total)
    stated = np.concatenate((nothing[0], nothing[1] + 1)).astype(np.bool_)
    order = np.lexsort((stated, day, who))
    who = who[order]
    account = np.cumsum(np.append(0, who[1:] != who[:-1]))[: len(who)]
    return Events(
        accounts=Rows(account, int(account[-1]) + 1 if len(account) else 0),
        row=row[order],
        day=day[order],
        flow=np.concatenate((window.total, nothing[1]))[order],
        stated=stated[order],
        balance=np.concatenate((nothing[0], other.kept("last")))[order],
    )


@aggregate("running_balance_mean", "day", by=True, parts=2, measures=("last",), company="running_balance")
def finish_running_balance_mean(window: Window) -> Floats:
    """Mean of the balances at the end of each day, from what was stated and what flowed."""
    return mean_of(window.once(roll))


@aggregate("running_balance_p10", "day", by=True, parts=2, measures=("last",), company="running_balance")
def finish_running_balance_p10(window: Window) -> Floats:
    """Tenth percentile of the balances at the end of each day, nearest rank, from what was stated and what flowed."""
    return tenth_percentile_of(window.once(roll))


@aggregate("running_balance_low_days", "day", by=True, parts=2, measures=("last",), company="running_balance")
def finish_running_balance_low_days(window: Window) -> Floats:
    """Days that ended with less than `balances.LOW_FEN`, from what was stated and what flowed."""
    return days_below(window.once(roll), LOW_FEN)


@aggregate("running_balance_overdrawn_days", "day", by=True, parts=2, measures=("last",), company="running_balance")
def finish_running_balance_overdrawn_days(window: Window) -> Floats:
    """Days that ended below zero, from what was stated and what flowed."""
    return days_below(window.once(roll), 0)
