"""In: ``tables/caps.toml``. Out: the highest all-in yearly cost that a lender may ask on a day. Used: before an offer is made.

A cap can be met by one convention and not by the other, so a row names its own. Nothing here re-prices: what breaches is refused.
"""

from __future__ import annotations

import tomllib
from datetime import date
from typing import Final

import msgspec

from weilend.core.credit import RateConvention
from weilend.core.errors import InputError
from weilend.lending.accounts import TABLES


class CapRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of the table of caps: for whom, from when until when (inclusive), a figure or a multiple of the prime rate.

    >>> CAPS.caps[0].cap_ppm
    240000
    """

    lender_type: str
    from_on: date
    convention: RateConvention
    checked: bool
    source: str
    until_on: date | None = None
    product: str = ""
    cap_ppm: int | None = None
    lpr_multiple: int | None = None


class PrimeRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The one-year loan prime rate from a day on.

    >>> CAPS.lpr[-1].rate_ppm <= CAPS.lpr[0].rate_ppm
    True
    """

    from_on: date
    rate_ppm: int


class Caps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table of caps and the prime rates that it leans on.

    >>> sorted({row.lender_type for row in CAPS.caps})
    ['facilitated', 'finance_institution', 'micro_loan_company', 'private_lender']
    """

    caps: tuple[CapRow, ...]
    lpr: tuple[PrimeRate, ...]


class Cap(msgspec.Struct, frozen=True, kw_only=True):
    """The cap in force for a lender on a day: a yearly rate in ppm by a convention, and where it comes from.

    >>> cap_for("finance_institution", "enterprise_loan", date(2026, 9, 1)).rate_ppm
    240000
    """

    rate_ppm: int
    convention: RateConvention
    source: str
    checked: bool


#: The caps that there are.
CAPS: Final = msgspec.convert(tomllib.loads(TABLES.joinpath("caps.toml").read_text(encoding="utf-8")), Caps)


def prime_rate_ppm(on: date, caps: Caps = CAPS) -> int:
    """Return the one-year loan prime rate on a day; raises `InputError` for a day before the table begins.

    >>> prime_rate_ppm(date(2024, 10, 20)), prime_rate_ppm(date(2024, 10, 21))
    (33500, 31000)
    """
    known = [row.rate_ppm for row in caps.lpr if row.from_on <= on]
    if not known:
        raise InputError(f"no prime rate is known on {on}", hint="add it to tables/caps.toml")
    return known[-1]


def cap_for(lender_type: str, product: str, on: date, caps: Caps = CAPS) -> Cap:
    """Return the strictest cap in force; raises `InputError` where none is known, for no cap is not the same as no rule.

    >>> cap_for("private_lender", "any", date(2024, 11, 1)).rate_ppm
    124000
    >>> cap_for("pawnshop", "any", date(2024, 11, 1))
    Traceback (most recent call last):
    weilend.core.errors.InputError: no cap is known for a pawnshop on 2024-11-01. Hint: ...
    """
    rows = [
        row
        for row in caps.caps
        if row.lender_type == lender_type
        and row.product in ("", product)
        and row.from_on <= on
        and (row.until_on is None or on <= row.until_on)
    ]
    if not rows:
        there = ", ".join(sorted({row.lender_type for row in caps.caps}))
        raise InputError(f"no cap is known for a {lender_type} on {on}", hint=f"add it to tables/caps.toml; there is: {there}")
    return min((_cap(row, on, caps) for row in rows), key=lambda cap: cap.rate_ppm)


def _cap(row: CapRow, on: date, caps: Caps) -> Cap:
    rate_ppm = row.cap_ppm if row.cap_ppm is not None else (row.lpr_multiple or 0) * prime_rate_ppm(on, caps)
    return Cap(rate_ppm=rate_ppm, convention=row.convention, source=row.source, checked=row.checked)
