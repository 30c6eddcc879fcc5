"""In: a home. Out: the keyed hash of its institution, and clear values sealed under a key for each subject. Used: by ingest, erase.

The secret of the home gives two keys by HMAC: one hides identifiers (a token is the same in every file, which is what joins them),
one wraps the keys of subjects. A subject's own key is random and lies wrapped in the store; once it is shredded, nothing gives back
what was sealed under it. Sealing is AES-SIV (RFC 5297): the same text under the same key gives the same ciphertext, so that a file
read twice is kept once.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from typing import Final

import msgspec
import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from weilend.app.desk.home import KEY_FILE, SECRET_BYTES, Home, home_secret
from weilend.core.errors import CheckError, InputError, NotFoundError
from weilend.sources import Tokens
from weilend.store import Vault

_SIV_BYTES: Final = 64
#: Whose key seals what belongs to no one business, such as a file of many.
INSTITUTION: Final = "-"

Clear = dict[str, tuple[str, str]]  # token → purpose, value


def tokens_of(home: Home) -> Tokens:
    """Return the keyed hash of a home; its secret is made where there is none yet."""
    return Tokens(_derived(home, b"tokens", SECRET_BYTES))


def seal(home: Home, subject: str, content: bytes) -> bytes:
    """Return content encrypted under the key of a subject; raises `InputError` for one who was erased."""
    return seal_all(home, subject, [content])[0]


def seal_all(home: Home, subject: str, contents: Sequence[bytes]) -> list[bytes]:
    """Return several contents of a subject, each encrypted as `seal` does: the key is fetched once."""
    whose = subject or INSTITUTION
    box = AESSIV(_key(home, whose))
    return [box.encrypt(content, [whose.encode()]) for content in contents]


def unseal(home: Home, subject: str, sealed: bytes) -> bytes:
    """Return what was sealed; raises `NotFoundError` where the key was shredded, `CheckError` where it is not the one."""
    whose = subject or INSTITUTION
    wrapped = Vault(home.store.engine).key(whose)
    if wrapped is None:
        raise NotFoundError(f"what was sealed for {whose} is erased", hint="nothing brings it back")
    return _opened(_unwrapped(home, whose, wrapped), whose, sealed)


def keep_clear(home: Home, subject: str, clear: pa.Table, *, at: int) -> bool:
    """Keep what tokens stand for, sealed; returns whether it was new."""
    if not clear.num_rows:
        return False
    rows = sorted(set(zip(*(clear[name].to_pylist() for name in ("token", "purpose", "value")), strict=True)))
    return Vault(home.store.engine).put_sealed(subject or INSTITUTION, seal(home, subject, msgspec.json.encode(rows)), at)


def clear_values(home: Home, subject: str) -> Clear:
    """Return what the tokens in the records of a subject stand for; raises `NotFoundError` for one who was erased."""
    found: Clear = {}
    for sealed in Vault(home.store.engine).sealed(subject or INSTITUTION):
        rows = msgspec.json.decode(unseal(home, subject, sealed), type=list[tuple[str, str, str]])
        found |= {token: (purpose, value) for token, purpose, value in rows}
    return found


def _derived(home: Home, purpose: bytes, size: int) -> bytes:
    secret = home_secret(home.folder)
    return b"".join(hmac.digest(secret, purpose + bytes([part]), "sha256") for part in range(size // SECRET_BYTES))


def _key(home: Home, subject: str) -> bytes:
    """Return the key of a subject, made where there is none."""
    vault = Vault(home.store.engine)
    wrapped = vault.key(subject)
    if wrapped is None:
        fresh = AESSIV(_derived(home, b"wrap", _SIV_BYTES)).encrypt(secrets.token_bytes(_SIV_BYTES), [subject.encode()])
        wrapped = vault.put_key(subject, fresh)
    if wrapped is None:
        raise InputError(f"{subject} was erased", hint="who was erased comes back under a new identity only")
    return _unwrapped(home, subject, wrapped)


def _unwrapped(home: Home, subject: str, wrapped: bytes) -> bytes:
    return _opened(_derived(home, b"wrap", _SIV_BYTES), subject, wrapped)


def _opened(key: bytes, subject: str, sealed: bytes) -> bytes:
    try:
        return AESSIV(key).decrypt(sealed, [subject.encode()])
    except InvalidTag:
        raise CheckError(
            f"what was sealed for {subject} does not open with this home's secret", hint=f"bring back its {KEY_FILE}"
        ) from None
