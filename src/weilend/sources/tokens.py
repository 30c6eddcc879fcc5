"""In: a key and personal identifiers. Out: keyed hashes, and what they stand for. Used: by every source, so that records name
nobody.

A token is 32 hex digits of HMAC-SHA256 over purpose and value. The purpose keeps apart a phone and an account of equal digits;
equal values of one purpose give equal tokens in every source, which is what joins them.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa

from weilend.core.errors import InputError

#: What a token stands for. `party` is the name of a counterparty as a bill writes it.
PURPOSES = (
    "account", "party", "person", "business", "phone", "email", "id_number", "address", "buyer", "order", "device", "ip", "wifi",
)  # fmt: skip

#: As what an identifier of each kind of subject is hidden, wherever it is met (in bank lines, links, sightings, applications, on
#: lists), so that what is the same is the same everywhere.
PURPOSE_OF: Final[Mapping[str, str]] = {
    "business": "business", "owner": "id_number", "person": "id_number", "device": "device", "account": "account",
    "phone": "phone", "address": "address", "wifi": "wifi", "ip": "ip", "email": "email", "contact": "phone", "agent": "id_number",
}  # fmt: skip

#: What a token stands for, to be kept encrypted or not at all: never in a record.
CLEAR = pa.schema([("token", pa.string()), ("purpose", pa.string()), ("value", pa.string())])

_SHORTEST_KEY = 16  # bytes: what an attacker would have to guess
# Each matches a whole run at once and leaves the judging to a function, so that a text takes time by its length.
_RUNS = re.compile(r"[0-9*Xx][0-9*Xx-]{2,}")
_WORDS = re.compile(r"[^\s,;:，；：]+")
_DIGIT = re.compile(r"[0-9]")
_NUMBER_SIGNS = 3  # fewer signs from the first digit on are a count, not a number that names somebody
_HIDDEN = "#"


class Tokens(msgspec.Struct, frozen=True):
    """The keyed hash of an institution: one key, changed only by a migration.

    Raises `InputError` for a purpose that does not exist or a key that could be guessed.

    >>> tokens = Tokens(b"a key of an example, 32 bytes ...")
    >>> tokens.of("phone", "13800000000") == tokens.of("phone", " 13800000000"), len(tokens.of("phone", "13800000000"))
    (True, 32)
    >>> tokens.of("phone", "1") == tokens.of("account", "1")
    False
    """

    key: bytes

    def __post_init__(self) -> None:
        if len(self.key) < _SHORTEST_KEY:
            raise InputError(f"the key that hides names has {len(self.key)} bytes", hint=f"give {_SHORTEST_KEY} or more")

    def of(self, purpose: str, value: str) -> str:
        """Return the token of one value; spaces at its ends do not count."""
        if purpose not in PURPOSES:
            raise InputError(f"no token has the purpose {purpose!r}", hint=f"there is: {', '.join(PURPOSES)}")
        return hmac.digest(self.key, f"{purpose}\x1f{value.strip()}".encode(), "sha256")[:16].hex()

    def column(self, purpose: str, values: pa.Array) -> tuple[pa.Array, pa.Table]:
        """Return the tokens of a text column, nulls kept, and the `CLEAR` rows behind them; one HMAC for each distinct value.

        >>> column, clear = Tokens(bytes(16)).column("party", pa.array(["甲", None, "甲"]))
        >>> column[0] == column[2], column[1].as_py(), clear.to_pylist()[0]["value"]
        (True, None, '甲')
        """
        encoded = values if pa.types.is_dictionary(values.type) else values.cast(pa.string()).dictionary_encode()
        hidden, clear = self.clear_rows(purpose, encoded.dictionary.cast(pa.string()))
        return hidden.take(encoded.indices), clear

    def clear_rows(self, purpose: str, distinct: pa.Array) -> tuple[pa.Array, pa.Table]:
        """Return the tokens of distinct texts, and the `CLEAR` rows behind them."""
        hidden = pa.array([self.of(purpose, value) for value in distinct.to_pylist()], pa.string())
        return hidden, pa.table([hidden, pa.repeat(pa.scalar(purpose), len(hidden)), distinct], schema=CLEAR)


def clear_values(tables: Iterable[pa.Table]) -> pa.Table:
    """Return `CLEAR` rows of several columns or files as one table, each token once.

    >>> one = pa.table([["t"], ["party"], ["甲"]], schema=CLEAR)
    >>> clear_values([one, one]).num_rows
    1
    """
    joined = pa.concat_tables([CLEAR.empty_table(), *tables]).combine_chunks()
    codes = joined["token"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    return joined.take(pa.array(np.unique(codes, return_index=True)[1]))


def scrub(text: str, names: Iterable[str] = ()) -> str:
    """Return a text without what could name somebody: names that are known, runs of digits as of phones and accounts, e-mail.

    >>> scrub("转账给张三 13800000000 a@b.cn 12期", ["张三"])
    '转账给# # # 12期'
    """
    for name in sorted({name for name in names if len(name) > 1}, key=len, reverse=True):
        text = text.replace(name, _HIDDEN)
    return _RUNS.sub(_without_number, _WORDS.sub(_without_address, text))


def _without_address(word: re.Match[str]) -> str:
    return _HIDDEN if "@" in word[0] else word[0]


def _without_number(run: re.Match[str]) -> str:
    """Return a run of digits, masks and dashes hidden from its first number on."""
    digit = _DIGIT.search(run[0])
    if digit is None or len(run[0]) - digit.start() < _NUMBER_SIGNS:
        return run[0]
    return run[0][: run[0].rfind("-", 0, digit.start()) + 1] + _HIDDEN
