"""In: meanings.toml. Out: what each list means, how grave its entries are and how that wears off. Used: wherever a hit is read."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Final, Literal

import msgspec

from weilend.core.records import LIST_ENTRY

Meaning = Literal["none", "allow", "watch", "deny"]

#: From the weakest to the strongest: where a subject stands on several lists, the last one counts.
MEANINGS: Final[tuple[Meaning, ...]] = ("none", "allow", "watch", "deny")
#: Those that a list may have, the strongest first: the parts of a generation.
PARTS: Final[tuple[Meaning, ...]] = ("deny", "watch", "allow")
#: What a hit may bear on. Only the first is ever spared.
CHECKS: Final = ("step_up", "deny_list", "identity", "credit_model")
#: What an entry says: the names by their codes. In force are those of `IN_FORCE`.
ACTS: Final = LIST_ENTRY.field("act").words
IN_FORCE: Final = frozenset({"added", "disputed"})
DAY_SECONDS: Final = 86_400


class ListMeaning(msgspec.Struct, frozen=True):
    """What a list means; `severity` (0 to 100) holds for entries that say none, `half_life_days` 0 wears off never.

    >>> LISTS["deny"].meaning, LISTS["allow"].meaning
    ('deny', 'allow')
    """

    meaning: Meaning
    severity: int
    half_life_days: int


_TEXT = files("weilend.fraud.lists").joinpath("meanings.toml").read_text(encoding="utf-8")
LISTS: Final[dict[str, ListMeaning]] = msgspec.convert(tomllib.loads(_TEXT), dict[str, ListMeaning])
#: The names of lists by their codes, which is the order of the record's vocabulary.
NAMES: Final = LIST_ENTRY.field("list_name").words
#: By code: seconds after which an entry weighs half; 0 never.
HALF_LIVES: Final = tuple(LISTS[name].half_life_days * DAY_SECONDS for name in NAMES)


def wear_off(severity: int, age_seconds: int, half_life_seconds: int) -> int:
    """Return what is left of a severity: halved, rounded down, after each half-life; it does not wear off where that is 0.

    >>> wear_off(80, 0, 10), wear_off(80, 25, 10), wear_off(80, 25, 0)
    (80, 20, 80)
    """
    return severity >> min(max(age_seconds, 0) // half_life_seconds, 7) if half_life_seconds else severity
