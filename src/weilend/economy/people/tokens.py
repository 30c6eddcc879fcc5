"""In: numbers of things and of users. Out: the codes under which records name them. Used: by every maker of people's records, and
by other makers that name an owner or an account.

A code is a scrambled number, as a keyed hash would be: neither its digits nor its rank tells who or what it is.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.economy.firms import Ints
from weilend.economy.traces import named, scrambled

#: Numbers of a district begin at its own multiple of this, those of a range of holders within it at theirs.
DISTRICT_NUMBERS: Final = 1 << 30
RANGE_NUMBERS: Final = 1 << 26
#: The letter that codes of a sort begin with; its place salts them.
_LETTERS: Final = {
    "owner": "O", "phone": "P", "device": "D", "address": "A", "wifi": "W", "ip": "I", "account": "C", "bookkeeper": "K",
    "agent": "G", "session": "S", "scope": "H",
}  # fmt: skip


def tokens(sort: str, number: Ints) -> pa.Array:
    """Return the codes of things of a sort; NULL for -1, which is nothing.

    >>> tokens("phone", np.array([7, -1])).to_pylist()
    ['P231971655293084', None]
    """
    salt = list(_LETTERS).index(sort)
    codes = named(_LETTERS[sort], scrambled(np.maximum(number, 0), salt + 101), 15)
    return (
        codes if number.size and number.min() >= 0 else pc.if_else(pa.array(number >= 0), codes, pa.scalar(None, pa.string()))
    )


def owner_codes(district: int, user: Ints) -> pa.Array:
    """Return the codes of the users of a district, owners or not.

    >>> len(set(owner_codes(0, np.arange(100)).to_pylist() + owner_codes(1, np.arange(100)).to_pylist()))
    200
    """
    return tokens("owner", district * DISTRICT_NUMBERS + user)


def mixed(number: Ints) -> Ints:
    """Return numbers of 24 bits without order that belong to numbers for good: what a person or a thing is like without being
    drawn.

    >>> mixed(np.array([1, 2])).tolist() == mixed(np.array([1, 2])).tolist()
    True
    """
    return np.asarray((number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40), dtype=np.int64)
