"""In: nothing. Out: `Entry`, a line of a bank statement in clear. Used: by every format of bank statements."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

Direction = Literal["in", "out"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A booked line of a statement in clear: amounts in fen (hundredths), `booked_at` where a time of day is told.

    `booked_on` is then its local day.

    >>> Entry(amount_fen=100, direction="in", booked_on=date(2020, 1, 1)).signed_fen
    100
    """

    amount_fen: int
    direction: Direction
    booked_on: date
    booked_at: int | None = None
    value_on: date | None = None
    nature: str = "unknown"
    channel: str | None = None
    party_kind: str = "unknown"
    party: str | None = None
    party_account: str | None = None
    text: str | None = None
    lender: str | None = None

    @property
    def signed_fen(self) -> int:
        """The amount, below zero where money left."""
        return self.amount_fen if self.direction == "in" else -self.amount_fen
