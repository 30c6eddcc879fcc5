"""In: nothing. Out: what fraud leaves that other makers tell: shared things, changes in the register, debts elsewhere, edited
statements. Used: by patterns, which say it, and by the makers of people's and of bank's records, who tell it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
import numpy as np

from weilend.economy.firms import Floats, Ints


class Share(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What some firms, or their owners, hold (or are like) because of fraud: one value for each firm, from a local day on.

    For a thing that people hold (`people.OF_USERS`, `people.OF_FIRMS`) the value is a label: equal labels of a pattern in a
    district are one thing, which nobody else holds. Else it is the habit itself (`pace`: milliseconds a field; `face`: how
    alike of one) or `sent`, the second of the month of an application.
    """

    what: str
    firm: Ints
    value: Floats | Ints
    since: Ints | None = None


class Changes(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What happened to firms on local days: `event` is one of a registry event, or an act of a user in our app.

    >>> Changes(event="representative_changed", firm=np.array([3]), day=np.array([19_700])).firm.tolist()
    [3]
    """

    event: str
    firm: Ints
    day: Ints


class Debts(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Loans taken elsewhere by fraud: local `day`, `lender` by number, `fen` paid out, `due` fen a month for `months`; `told`
    whether the lender reports it to the bureau, `booked` whether it ran over the account that we are shown.
    """

    firm: Ints
    day: Ints
    lender: Ints
    fen: Ints
    due: Ints
    months: Ints
    told: Ints
    booked: Ints


class Forged(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Statements that were edited before they were handed over: from the local day `first` to `last`, a share `touched` of
    the lines that bring money was written larger by `factor`; the balance was mended after a share `mended` of these, the
    others stand in no sum.
    """

    firm: Ints
    first: Ints
    last: Ints
    touched: Floats
    factor: Floats
    mended: Floats


Rows = TypeVar("Rows", bound=msgspec.Struct)


def gathered(parts: Sequence[Rows], like: type[Rows], **given: Any) -> Rows | None:
    """Return rows of one sort after each other, `given` fields apart; nothing where there are no rows.

    >>> day = Changes(event="x", firm=np.array([3]), day=np.array([5]))
    >>> gathered([day, day], Changes, event="x").firm.tolist()
    [3, 3]
    """
    if not parts:
        return None
    names = [name for name in like.__struct_fields__ if name not in given]
    return like(**given, **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})
