"""In: `forbidden.toml`. Out: whether an input is one that no policy may read, and why. Used: where a policy is read."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

import msgspec


class Forbidden(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What no policy may read: a pattern over words of a name, one over a Chinese label, and why.

    >>> ban = Forbidden("sex", "sex|gender", "性别", "women and men borrow on the same terms")
    >>> ban.covers("owner_sex", "业主情况"), ban.covers("sussex_sales_fen", "当地销售额")
    (True, False)
    """

    what: str
    name: str
    zh: str
    why: str

    def covers(self, name: str, zh: str) -> bool:
        """Return whether an input of that name and Chinese label is meant."""
        return bool(re.search(rf"(^|_)({self.name})(_|$)", name.lower()) or re.search(self.zh, zh))


@cache
def forbidden_inputs() -> tuple[Forbidden, ...]:
    """Return all that no policy may read.

    >>> [ban.what for ban in forbidden_inputs()][:2]
    ['where the owner was born', 'sex']
    """
    text = (files("weilend.decision") / "forbidden.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)["forbidden"], tuple[Forbidden, ...])


def find_forbidden(name: str, zh: str) -> Forbidden | None:
    """Return why an input may not be read; None where it may.

    >>> find_forbidden("owner_birth_province", "出生地").why
    'it stands for ancestry, and nobody chose it'
    >>> find_forbidden("shop_region", "店铺所在地") is None
    True
    """
    return next((ban for ban in forbidden_inputs() if ban.covers(name, zh)), None)
