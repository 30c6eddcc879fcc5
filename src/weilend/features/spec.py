"""In: nothing. Out: `Feature`, one line of the data dictionary. Used: by the themes here, and by models and decision above."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from weilend.core.errors import InputError
from weilend.core.plan import Reach
from weilend.core.records import Field
from weilend.core.values import Reason

Unit = Literal["fen", "ppm", "count", "days", "months"]


class Part(msgspec.Struct, frozen=True):
    """The rows that a feature is made of: a kind, a filter, the value of each row, and what tells rows apart.

    `where` and `value` are formulas over the kind's columns; `by` is a column, or a formula of integers; `on` is the date column
    by which a row belongs to a month, the day on which it happened unless given (a tax return belongs to its period).

    >>> Part("invoice", "direction = 'sale'", "net_fen", "counterparty_id").kind
    'invoice'
    >>> Part("tax_filing", value="declared_sales_fen", on="period_end_on").on
    'period_end_on'
    """

    kind: str
    where: str = ""
    value: str = ""
    by: str = ""
    on: str = ""


#: The rows of one part, or of a first part and of others that are added to it: what a bank says, mended by what a bill says of the
#: same money. The first must have been seen; of the others counts what there is. Only aggregates that add up, by month or by age,
#: and tell nobody apart, take more than one.
Measured = Part | tuple[Part, ...]


def parts_of(measured: Measured) -> tuple[Part, ...]:
    """Return the parts whose rows are added up, the first first.

    >>> bank, bill = Part("bank_entry", value="amount_fen"), Part("wallet_entry", "nature = 'loan_in'", "-amount_fen")
    >>> len(parts_of(bank)), [part.kind for part in parts_of((bank, bill))]
    (1, ['bank_entry', 'wallet_entry'])
    """
    return measured if isinstance(measured, tuple) else (measured,)


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """An aggregate of record values over a window before the as_of: complete calendar months, or days of 24 hours.

    The value is an integer in `unit`, a multiple of `quantum` within ``lo..hi``, or None where history does not suffice: every
    kind that it reads must have been seen for `history_months` complete months and `history_days`, by a record of its own or of
    a kind in `seen_in` (who looked at the register and found no event has seen it). A window in months ends `lag_months` before
    the last complete month, where what is told of a month is told that much later (a tax return is filed the month after).
    `sign` is the declared credit sign: +1 higher is safer, -1 higher is riskier, 0 not for a model.
    `en` and `zh` are sentences with ``{value}`` in them; `why` says why it matters.

    >>> share = Feature(name="top_customer_share_12m", aggregate="share_of_top", of=Part("invoice", by="counterparty_id"),
    ...     months=12, unit="ppm", lo=0, hi=1_000_000, sign=-1, why="one customer's trouble becomes the firm's",
    ...     en="the largest customer bought {value} of sales", zh="最大客户占销售额的{value}")
    >>> share.say(250_000).en, share.reach.text
    ('the largest customer bought 25.0 % of sales', '12 months')
    >>> share.say(None).zh
    '最大客户占销售额的（未知）'
    """

    name: str
    aggregate: str
    of: Measured
    against: Measured | None = None
    months: int = 0
    days: int = 0
    unit: Unit
    lo: int
    hi: int
    sign: Literal[-1, 0, 1]
    why: str
    en: str
    zh: str
    quantum: int = 1
    history_months: int = 0
    history_days: int = 0
    seen_in: tuple[str, ...] = ()
    cost_fen: int = 0
    lag_months: int = 0

    def __post_init__(self) -> None:
        if self.quantum < 1:
            raise InputError(f"feature {self.name} has a quantum of {self.quantum}", hint="give 1 or more, in its unit")
        if (self.months > 0) == (self.days > 0):
            raise InputError(f"feature {self.name} needs a window in months or in days", hint="give one of them, above zero")
        if self.lag_months < 0 or (self.lag_months and self.days):
            raise InputError(f"feature {self.name} lags by {self.lag_months} months", hint="0 or more, with a window in months")

    @property
    def reach(self) -> Reach:
        """How far back the window goes."""
        return Reach("months", self.months) if self.months else Reach("days", self.days)

    @property
    def sides(self) -> tuple[tuple[Part, ...], ...]:
        """The rows it is made of: what is measured, and what that is held against, each of one part or more."""
        return tuple(parts_of(side) for side in (self.of, self.against) if side is not None)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The part of each side that must have been seen: its first."""
        return tuple(side[0] for side in self.sides)

    def say(self, value: int | None) -> Reason:
        """Return the sentence that states a value of this feature, in English and Chinese."""
        return Reason(
            self.name,
            self.en.format(value="(not known)" if value is None else show_value(value, self.unit)),
            self.zh.format(value="（未知）" if value is None else show_value_zh(value, self.unit)),
        )

    def as_field(self) -> Field:
        """Return the feature as a field that formulas of a policy may read."""
        return Field(self.name, "integer", self.lo, self.hi, nullable=True, unit=self.unit, about=self.why)


def show_value(value: int, unit: Unit) -> str:
    """Return a value in English.

    >>> show_value(12_345_600, "fen"), show_value(3, "months"), show_value(1, "days"), show_value(-250, "ppm")
    ('¥123,456', '3 months', '1 day', '-0.0 %')
    """
    return SHOWN[unit](value)


def show_value_zh(value: int, unit: Unit) -> str:
    """Return a value in Chinese.

    >>> show_value_zh(12_345_600, "fen"), show_value_zh(3, "months")
    ('12.35万元', '3个月')
    """
    return SHOWN_ZH[unit](value)


def _percent(ppm: int) -> str:
    """Return `money.show_percent` with one decimal, half to even, in a third of its time: reasons are full of shares."""
    whole, rest = divmod(abs(ppm), 1_000)
    whole += rest > 500 or (rest == 500 and whole % 2)
    return f"{'-' if ppm < 0 else ''}{whole // 10}.{whole % 10} %"


def _yuan(fen: int) -> str:
    """Return an amount in whole yuan, as `money.show_yuan` writes it."""
    whole = round(fen / 100)
    return f"¥{whole:,}" if whole >= 0 else f"-¥{-whole:,}"


def _count(value: int) -> str:
    return f"{value:,}"


def _singular(value: int, unit: str) -> str:
    return f"{value:,} {unit if value != 1 else unit[:-1]}"


#: How a value of each unit is said in English and in Chinese.
SHOWN: Final[dict[str, Callable[[int], str]]] = {
    "fen": _yuan,
    "ppm": _percent,
    "count": _count,
    "days": lambda value: _singular(value, "days"),
    "months": lambda value: _singular(value, "months"),
}
SHOWN_ZH: Final[dict[str, Callable[[int], str]]] = {
    "fen": lambda value: f"{value / 1_000_000:,.2f}万元",
    "ppm": _percent,
    "count": _count,
    "days": lambda value: f"{value}天",
    "months": lambda value: f"{value}个月",
}
