"""In: what happened to a loan. Out: one frozen value for each sort of event. Used: by the ledger, which is a fold over them.

An event says what was done and when, never what follows from it; nothing is changed, only appended, and a mistake is taken back by
another event.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from weilend.lending.contract import PeriodCount

Payer = Literal["borrower", "owner", "guarantor", "partner", "insurer", "collector", "buyer", "unknown"]
Way = Literal["debit", "transfer", "offset", "new_loan", "court", "security"]


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    """What every event has: an identity of its own, and the local day on which it is booked."""

    event_id: str
    on: date

    @property
    def kind(self) -> str:
        """The word for this sort of event."""
        return str(self.__struct_config__.tag)


class Drawdown(_Event, frozen=True, kw_only=True, tag="drawdown"):
    """Money is paid out (支用); by `way` new_loan it repays an older loan instead, and no cash moves.

    >>> Drawdown(event_id="D1", on=date(2024, 1, 1), amount_fen=100).kind
    'drawdown'
    """

    amount_fen: int
    way: Literal["transfer", "new_loan"] = "transfer"


class Due(_Event, frozen=True, kw_only=True, tag="due"):
    """An instalment falls due.

    >>> Due(event_id="L1-1-1", on=date(2024, 2, 1), number=1).number
    1
    """

    number: int


class Fee(_Event, frozen=True, kw_only=True, tag="fee"):
    """A fee is charged: at once, out of the money (`at_once`), or with the next instalment; for us, or for somebody else.

    >>> Fee(event_id="F1", on=date(2024, 1, 1), amount_fen=100, en="Guarantee fee", zh="担保费", payee="guarantor").at_once
    False
    """

    amount_fen: int
    en: str
    zh: str
    payee: str = "lender"
    at_once: bool = False


class Repayment(_Event, frozen=True, kw_only=True, tag="repayment"):
    """Money came (还款), and is used up by the order of allocation.

    >>> Repayment(event_id="P1", on=date(2024, 2, 1), amount_fen=100).payer
    'borrower'
    """

    amount_fen: int
    payer: Payer = "borrower"
    way: Way = "debit"


class Prepayment(_Event, frozen=True, kw_only=True, tag="prepayment"):
    """Part of the principal is repaid before it is due (部分提前还款); the fee for it comes on top.

    `keeps` says what stays: the last day, with smaller instalments, or the instalment, with an earlier last day.

    >>> Prepayment(event_id="P1", on=date(2024, 2, 10), principal_fen=100).keeps
    'term'
    """

    principal_fen: int
    keeps: Literal["term", "instalment"] = "term"
    payer: Payer = "borrower"
    way: Way = "debit"


class Payoff(_Event, frozen=True, kw_only=True, tag="payoff"):
    """All is repaid at once (提前结清): the amount must be what `payoff_fen` says for the day.

    >>> Payoff(event_id="P1", on=date(2024, 2, 10), amount_fen=100).way
    'debit'
    """

    amount_fen: int
    payer: Payer = "borrower"
    way: Way = "debit"


class Renewal(_Event, frozen=True, kw_only=True, tag="renewal"):
    """All that is owed is repaid by a new loan, without cash (无还本续贷 where only the principal is left).

    >>> Renewal(event_id="R1", on=date(2024, 2, 10), amount_fen=100, renewed_by="L2").under_stress
    False
    """

    amount_fen: int
    renewed_by: str
    under_stress: bool = False


class RateChange(_Event, frozen=True, kw_only=True, tag="rate_change"):
    """The yearly rate changes from a day on; the instalments that are left are reckoned anew.

    >>> RateChange(event_id="C1", on=date(2024, 2, 1), annual_rate_ppm=40_000).annual_rate_ppm
    40000
    """

    annual_rate_ppm: int


class Restructuring(_Event, frozen=True, kw_only=True, tag="restructuring"):
    """The principal gets new due days and a new rate; other arrears fall due with the first of them.

    >>> Restructuring(event_id="X1", on=date(2024, 6, 1), annual_rate_ppm=40_000, due_on=(date(2024, 9, 1),)).under_stress
    True
    """

    annual_rate_ppm: int
    due_on: tuple[date, ...]
    day_count: PeriodCount | None = None
    under_stress: bool = True


class Provision(_Event, frozen=True, kw_only=True, tag="provision"):
    """The allowance for the loan's loss is brought to an amount.

    >>> Provision(event_id="V1", on=date(2024, 6, 30), allowance_fen=100).allowance_fen
    100
    """

    allowance_fen: int


class WriteOff(_Event, frozen=True, kw_only=True, tag="write_off"):
    """All that is owed leaves the books (核销); the claim stays.

    >>> WriteOff(event_id="W1", on=date(2024, 12, 31)).kind
    'write_off'
    """


class Recovery(_Event, frozen=True, kw_only=True, tag="recovery"):
    """Money came for a loan that was written off, and getting it cost something.

    >>> Recovery(event_id="R1", on=date(2025, 3, 1), amount_fen=100, cost_fen=20).cost_fen
    20
    """

    amount_fen: int
    cost_fen: int = 0
    payer: Payer = "borrower"


class Reversal(_Event, frozen=True, kw_only=True, tag="reversal"):
    """An earlier payment did not hold (退票): the books become what they would be without it.

    >>> Reversal(event_id="B1", on=date(2024, 2, 4), of="P1").of
    'P1'
    """

    of: str


Event = (
    Drawdown | Due | Fee | Repayment | Prepayment | Payoff | Renewal | RateChange | Restructuring | Provision | WriteOff
    | Recovery | Reversal
)  # fmt: skip
#: Events that bring money, and so can be taken back.
PAYMENTS = (Repayment, Prepayment, Payoff, Recovery)


def encode_events(events: tuple[Event, ...]) -> bytes:
    """Return events as JSON, as a store keeps them.

    >>> decode_events(encode_events((WriteOff(event_id="W1", on=date(2024, 12, 31)),)))[0].kind
    'write_off'
    """
    return msgspec.json.encode(events)


def decode_events(content: bytes) -> tuple[Event, ...]:
    """Return the events in what `encode_events` gave.

    >>> decode_events(b'[]')
    ()
    """
    return msgspec.json.decode(content, type=tuple[Event, ...])
