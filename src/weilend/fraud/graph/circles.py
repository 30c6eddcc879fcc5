"""In: flows of invoices and of money. Out: rings of firms that invoice each other in a circle with no money behind it. Used: by
nightly.

A circle is a way of two to five invoices that leads back to where it began, no firm twice, within a window, of near-equal
amounts: the seller of each is the buyer of the one before. It counts where the payments between the same firms in that time are
a small part of what was invoiced; firms that do pay each other round about are trading partners. One circle is looked for from
each invoice onwards.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.fraud.graph.types import DAY_SECONDS

Ints = npt.NDArray[np.int64]
WINDOW_DAYS: Final = 90
#: Amounts are near-equal where they differ by at most a seventh of the larger.
NEAR_PARTS: Final = 7
#: Payments of at most a tenth of what was invoiced are no money behind it.
PAID_PARTS: Final = 10
#: A circle is gone round at least so often: once may be chance. Two firms that buy from each other are a market of two.
LEAST_ROUNDS: Final = 2
LEAST_FIRMS: Final = 3
#: Looks into the list for one invoice: firms that trade with everybody are given up.
BUDGET: Final = 2_000


class Circle(msgspec.Struct, frozen=True):
    """Firms (numbers) in a circle, how many times it was gone round at least, what was invoiced and paid in it, and from when
    to when.
    """

    firms: tuple[int, ...]
    rounds: int
    invoiced_fen: int
    paid_fen: int
    first_at: int
    last_at: int


def find_circles(invoices: Ints, payments: Ints, nodes: int) -> list[Circle]:
    """Return the circles among invoices (rows of from, to, at, amount), the largest first; payments go from payer to paid.

    >>> once = np.array([[0, 1, 10, 700], [1, 2, 20, 690], [2, 0, 30, 700]])
    >>> ring = np.concatenate([once, once + [0, 0, 40, 0]])
    >>> find_circles(ring, np.zeros((0, 4), np.int64), 3)[0].firms
    (0, 1, 2)
    >>> paid = ring[:, [1, 0, 2, 3]]
    >>> find_circles(ring, paid, 3)
    []
    """
    rows = _closed(invoices[np.lexsort((invoices[:, 1], invoices[:, 0], invoices[:, 2]))], nodes)
    found: dict[tuple[int, ...], list[Ints]] = {}
    for circle in _trace(rows, nodes):
        found.setdefault(tuple(sorted(rows[circle, 0].tolist())), []).append(circle)
    paid = _by_pair(payments)
    circles = [_sum_up(firms, rows[np.unique(np.concatenate(each))], paid) for firms, each in found.items()]
    unpaid = [
        one
        for one in circles
        if one.rounds >= LEAST_ROUNDS and len(one.firms) >= LEAST_FIRMS and one.paid_fen * PAID_PARTS <= one.invoiced_fen
    ]
    return sorted(unpaid, key=lambda one: (-one.invoiced_fen, one.firms))


def _closed(rows: Ints, nodes: int) -> Ints:
    """Return the rows that may lie on a circle: what leads nowhere, or comes from nowhere, is left out, again and again."""
    while len(rows):
        sells, buys = np.zeros(nodes, np.bool_), np.zeros(nodes, np.bool_)
        sells[rows[:, 0]], buys[rows[:, 1]] = True, True
        keep = buys[rows[:, 0]] & sells[rows[:, 1]] & (rows[:, 0] != rows[:, 1])
        if keep.all():
            break
        rows = rows[keep]
    return rows


def _trace(rows: Ints, nodes: int) -> list[Ints]:
    from weilend.fraud.graph import steps  # late: numba is slow to load

    out = np.argsort(rows[:, 0], kind="stable")
    starts = np.searchsorted(rows[out, 0], np.arange(nodes + 1))
    flows = tuple(np.ascontiguousarray(rows[:, column]) for column in range(4))
    circles = np.full((len(rows), steps.MOST_LENGTH), -1, np.int64)
    limits = (WINDOW_DAYS * DAY_SECONDS, NEAR_PARTS, BUDGET)
    count = steps.find_circles(flows, starts, out, limits, circles)
    return [circle[circle >= 0] for circle in circles[:count]]


def _by_pair(payments: Ints) -> dict[tuple[int, int], Ints]:
    """Return the payments (at, amount) by who pays whom."""
    order = np.lexsort((payments[:, 2], payments[:, 1], payments[:, 0]))
    rows = payments[order]
    pairs, first = np.unique(rows[:, :2], axis=0, return_index=True)
    parts: Any = np.split(rows[:, 2:], first[1:]) if len(rows) else []
    return {(int(one), int(other)): part for (one, other), part in zip(pairs.tolist(), parts, strict=True)}


def _sum_up(firms: tuple[int, ...], rows: Ints, paid: dict[tuple[int, int], Ints]) -> Circle:
    """Return a circle with what was paid for its invoices: by each buyer to each seller from its first day to a window later."""
    first, last = int(rows[:, 2].min()), int(rows[:, 2].max())
    until = last + WINDOW_DAYS * DAY_SECONDS
    total, (pairs, times) = 0, np.unique(rows[:, :2], axis=0, return_counts=True)
    for seller, buyer in pairs.tolist():
        of_pair = paid.get((buyer, seller))
        if of_pair is not None:
            total += int(of_pair[(of_pair[:, 0] >= first) & (of_pair[:, 0] <= until), 1].sum())
    return Circle(firms, int(times.min()), int(rows[:, 3].sum()), total, first, last)
