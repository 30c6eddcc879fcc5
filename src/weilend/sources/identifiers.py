"""In: numbers of firms, people, cards, phones. Out: whether their check digits hold. Used: by reconciliation facts of sources.

A wrong digit is a sign, not a proof: it is counted and never quarantines a row.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

_USCC: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: no I, O, S, V, Z
_USCC_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)  # powers of 3 modulo 31
_ORGANISATION: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # GB 11714-1997
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_CITIZEN_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999
_CITIZEN_DIGITS: Final = "10X98765432"
_PHONE = re.compile(r"(?:\+?86)?1[3-9][0-9]{9}")
_CARD = re.compile(r"[0-9]{16,19}")
_CITIZEN = re.compile(r"[1-9][0-9]{5}(?P<birth>[0-9]{8})[0-9]{3}[0-9X]")


def is_uscc(text: str) -> bool:
    """Return whether a unified social credit code holds its check digit (GB 32100-2015).

    >>> is_uscc("91350100M000100Y43"), is_uscc("91350100M000100Y44")
    (True, False)
    """
    if len(text) != len(_USCC_WEIGHTS) + 1 or any(sign not in _USCC for sign in text):
        return False
    total = sum(_USCC.index(sign) * weight for sign, weight in zip(text, _USCC_WEIGHTS, strict=False))
    return _USCC[-total % len(_USCC)] == text[-1]


def has_inner_digit(text: str) -> bool:
    """Return whether the organisation code inside a unified social credit code holds its own check digit (GB 11714-1997).

    Many checkers leave it out: a made-up code may pass the outer one alone.

    >>> has_inner_digit("91350100M000100Y43"), has_inner_digit("91110105MA00P8L2RU")
    (True, False)
    """
    inner = text[8:17]
    if len(inner) != len(_ORGANISATION_WEIGHTS) + 1 or any(sign not in _ORGANISATION for sign in inner):
        return False
    total = sum(_ORGANISATION.index(sign) * weight for sign, weight in zip(inner, _ORGANISATION_WEIGHTS, strict=False))
    return inner[-1] == "0123456789X0"[-total % 11]


def is_citizen_number(text: str) -> bool:
    """Return whether an identity card number has a birthday and holds its check digit (GB 11643-1999).

    >>> is_citizen_number("11010519491231002X"), is_citizen_number("110105194912310021"), is_citizen_number("110105194913310021")
    (True, False, False)
    """
    found = _CITIZEN.fullmatch(text)
    if not found or _no_day(found["birth"]):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _CITIZEN_WEIGHTS, strict=False))
    return _CITIZEN_DIGITS[total % len(_CITIZEN_DIGITS)] == text[-1]


def is_card_number(text: str) -> bool:
    """Return whether a bank card number of 16 to 19 digits holds its check digit (Luhn, ISO/IEC 7812-1).

    >>> is_card_number("4111111111111111"), is_card_number("4111111111111112")
    (True, False)
    """
    if not _CARD.fullmatch(text):
        return False
    digits = [int(digit) for digit in reversed(text)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def is_mobile_number(text: str) -> bool:
    """Return whether a text is a number of a mobile phone in mainland China.

    >>> is_mobile_number("13800000000"), is_mobile_number("+8613800000000"), is_mobile_number("12345678901")
    (True, True, False)
    """
    return bool(_PHONE.fullmatch(text))


def is_taxpayer_number(text: str) -> bool:
    """Return whether a taxpayer's number may be one: a credit code with both digits, an identity card number (and two digits
    behind it, of sole traders), or one of the 15 and 20 signs of before 2015, which have no check digit.

    >>> is_taxpayer_number("91350100M000100Y43"), is_taxpayer_number("91110105MA00P8L2RU"), is_taxpayer_number("110105194912310")
    (True, False, True)
    """
    plain = text.strip().upper()
    if len(plain) in (15, 20) and plain.isalnum() and not is_citizen_number(plain[:18]):
        return True
    return (is_uscc(plain) and has_inner_digit(plain)) or is_citizen_number(plain[:18])


def _no_day(text: str) -> bool:
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return True
    return False
