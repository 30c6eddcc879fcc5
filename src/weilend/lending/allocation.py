"""In: what is owed, an amount, an order. Out: what is owed after it, and where the amount went. Used: by the ledger.

An order walks a queue of (instalment, component) and each takes what it is owed. So two payments of a day go where one of their sum
would go, whichever comes first: the queue does not know how the money came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from weilend.lending.account import NOTHING, Amounts, Item
from weilend.lending.rules import AllocationStep, Component


def allocate(
    items: Sequence[Item], amount_fen: int, order: AllocationStep
) -> tuple[tuple[Item, ...], tuple[Amounts, ...], int]:
    """Return the items after a payment, what each of those given got, and what is left over; what is paid up is gone.

    >>> from datetime import date
    >>> from weilend.lending.rules import order_at
    >>> owed = Amounts(penalty=5, interest=10, principal=100)
    >>> item = Item(number=1, schedule_no=1, due_on=date(2024, 2, 1), was=owed, owed=owed)
    >>> after, got, left = allocate([item], 20, order_at("standard", 0))
    >>> after[0].owed.principal, got[0].penalty, got[0].interest, left
    (95, 5, 10, 0)
    """
    got = [NOTHING] * len(items)
    left = amount_fen
    for place, component in _queue(len(items), order):
        taken = min(left, items[place].owed.of(component) - got[place].of(component))
        got[place] = got[place].plus(component, taken)
        left -= taken
    after = (msgspec.structs.replace(item, owed=item.owed - part) for item, part in zip(items, got, strict=True))
    return tuple(item for item in after if item.owed != NOTHING), tuple(got), left


def _queue(count: int, order: AllocationStep) -> Iterator[tuple[int, Component]]:
    if order.first == "instalment":
        return ((place, component) for place in range(count) for component in order.components)
    return ((place, component) for component in order.components for place in range(count))
