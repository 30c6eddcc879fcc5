"""In: fees as a product declares them. Out: what each takes, when, how it is said in English and Chinese. Used: by costs, booking.

Interest apart, whatever the borrower pays for the loan to anybody is a fee: guarantee, service, insurance (NFRA notice [2025] 9;
rules on showing the all-in cost of personal loans, PBoC and NFRA, in force 2026-08-01).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final, Literal

import msgspec

from weilend.core.credit import Schedule
from weilend.core.money import PPM, mul_rate, show_percent, show_yuan

FeeSort = Literal["guarantee", "service", "insurance", "other"]
FeeBasis = Literal["principal_once", "principal_monthly", "balance_monthly", "fixed_once", "fixed_monthly"]
#: Who gets what the lender earns himself, as a statement says it.
LENDER: Final = ("the lender", "贷款人")
#: What is taken at the start, and with each instalment, in fen.
Takings = tuple[int, tuple[int, ...]]


class DeclaredFee(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fee of a product: its names, what it is reckoned on, at which rate (ppm) or amount (fen), and who gets it.

    >>> fee = DeclaredFee(sort="service", en="Service fee", zh="服务费", basis="principal_once", rate_ppm=20_000,
    ...     payee_en="the lender", payee_zh="贷款人")
    >>> standard(fee)
    ('2.00 % of the principal', '本金的2.00 %')
    """

    sort: FeeSort
    en: Annotated[str, msgspec.Meta(min_length=1)]
    zh: Annotated[str, msgspec.Meta(min_length=1)]
    basis: FeeBasis
    payee_en: Annotated[str, msgspec.Meta(min_length=1)]
    payee_zh: Annotated[str, msgspec.Meta(min_length=1)]
    rate_ppm: Annotated[int, msgspec.Meta(ge=0, le=PPM)] = 0
    amount_fen: Annotated[int, msgspec.Meta(ge=0)] = 0


class Basis(msgspec.Struct, frozen=True):
    """How a fee is reckoned: what it takes of a schedule, and how that is said (when it is collected, and by which standard).

    >>> BASES["fixed_once"].how_zh
    '放款时一次性收取'
    """

    take: Callable[[DeclaredFee, Schedule], Takings]
    standard_en: str
    standard_zh: str
    how_en: str
    how_zh: str


def _each(schedule: Schedule, fen: int) -> tuple[int, ...]:
    return (fen,) * len(schedule.instalments)


_ONCE: Final = ("once, when the money is paid out", "放款时一次性收取")
_MONTHLY: Final = ("with each instalment", "随每期还款收取")
#: The ways in which a fee may be reckoned.
BASES: Final[dict[FeeBasis, Basis]] = {
    "principal_once": Basis(
        lambda fee, schedule: (mul_rate(schedule.principal_fen, fee.rate_ppm), _each(schedule, 0)),
        "{rate} of the principal", "本金的{rate}", *_ONCE,
    ),
    "principal_monthly": Basis(
        lambda fee, schedule: (0, _each(schedule, mul_rate(schedule.principal_fen, fee.rate_ppm))),
        "{rate} of the principal a month", "每月本金的{rate}", *_MONTHLY,
    ),
    "balance_monthly": Basis(
        lambda fee, schedule: (0, tuple(
            mul_rate(row.outstanding_fen + row.principal_fen, fee.rate_ppm) for row in schedule.instalments
        )),
        "{rate} a month of what is outstanding", "每月未还本金的{rate}", *_MONTHLY,
    ),
    "fixed_once": Basis(lambda fee, schedule: (fee.amount_fen, _each(schedule, 0)), "{amount}", "{amount}", *_ONCE),
    "fixed_monthly": Basis(
        lambda fee, schedule: (0, _each(schedule, fee.amount_fen)), "{amount} a month", "每月{amount}", *_MONTHLY
    ),
}  # fmt: skip


def takings(fee: DeclaredFee, schedule: Schedule) -> Takings:
    """Return what a fee takes at the start, and with each instalment, in fen.

    >>> from weilend.core.credit import make_schedule
    >>> fee = DeclaredFee(sort="guarantee", en="Guarantee fee", zh="担保费", basis="balance_monthly", rate_ppm=5_000,
    ...     payee_en="the guarantor", payee_zh="担保公司")
    >>> takings(fee, make_schedule("equal_principal", 100_000, annual_rate_ppm=0, months=2))
    (0, (500, 250))
    """
    return BASES[fee.basis].take(fee, schedule)


def standard(fee: DeclaredFee) -> tuple[str, str]:
    """Return by which standard a fee is charged, in English and Chinese; see `DeclaredFee`.

    >>> fee = DeclaredFee(sort="insurance", en="Insurance", zh="保险费", basis="fixed_monthly", amount_fen=2_000,
    ...     payee_en="the insurer", payee_zh="保险公司")
    >>> standard(fee)[0]
    '¥20 a month'
    """
    basis, words = BASES[fee.basis], {"rate": show_percent(fee.rate_ppm), "amount": show_yuan(fee.amount_fen)}
    return basis.standard_en.format(**words), basis.standard_zh.format(**words)
