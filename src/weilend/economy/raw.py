"""In: nothing. Out: what happened, before it is told: movements of money, orders, invoices, as arrays. Used: by honest makers
and by the patterns of fraud, whose shares are joined before balances run and records are written, so that fraud stands among
honest facts.

`pattern` says who made it: 0 honest life, else the place of a pattern in `fraud.PATTERNS`; only the truth is told of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec
import numpy as np

from weilend.core.records.money import BANK_NATURES, COUNTERPARTIES
from weilend.economy.firms import Bools, Ints

#: The places of words in their vocabularies.
KIND = {name: place for place, name in enumerate(COUNTERPARTIES)}
NATURE = {name: place for place, name in enumerate(BANK_NATURES)}


class Flows(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Money into (+) and out of (-) the accounts of firms: `firm` as position, local `day` and `second` of it, `fen`.

    `party` numbers who is on the other side (`-1` nobody who has a name), `kind` is a place in `COUNTERPARTIES`, `nature` one in
    `BANK_NATURES`, `lender` the number of a lender or -1.
    """

    firm: Ints
    day: Ints
    second: Ints
    fen: Ints
    party: Ints
    kind: Ints
    nature: Ints
    lender: Ints
    pattern: Ints


class Orders(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Orders of shops: `shop` as position, `buyer` a number, `at` UTC seconds when paid, `fen` paid, `fate` 0 completed, 1
    refunded after it was signed, 2 closed before it was shipped; `waybill` a number, -1 where nothing was sent.
    """

    shop: Ints
    buyer: Ints
    at: Ints
    fen: Ints
    units: Ints
    fate: Ints
    waybill: Ints
    level: Ints
    review: Ints
    pattern: Ints


class Papers(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Invoices: `seller` and `buyer` as positions of firms, -1 for one outside the district, who is then `party`, a number.

    `net` and `tax` in fen, negative on a red-letter invoice;
    `drawer` numbers who drew it.
    """

    seller: Ints
    buyer: Ints
    party: Ints
    day: Ints
    second: Ints
    net: Ints
    tax: Ints
    void: Bools
    drawer: Ints
    pattern: Ints


Facts = TypeVar("Facts", Flows, Orders, Papers)


def joined(parts: Sequence[Facts]) -> Facts:
    """Return facts of one sort after each other.

    >>> none = np.zeros(0, np.int64)
    >>> one = Flows(firm=none, day=none, second=none, fen=none, party=none, kind=none, nature=none, lender=none, pattern=none)
    >>> len(joined([one, one]).firm)
    0
    """
    names = parts[0].__struct_fields__
    return type(parts[0])(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def rows_of(facts: Facts, rows: Ints | Bools) -> Facts:
    """Return facts at positions, or where a mask is true.

    >>> none = np.zeros(0, np.int64)
    >>> one = Flows(firm=none, day=none, second=none, fen=none, party=none, kind=none, nature=none, lender=none, pattern=none)
    >>> len(rows_of(one, none).day)
    0
    """
    return type(facts)(**{name: getattr(facts, name)[rows] for name in facts.__struct_fields__})
