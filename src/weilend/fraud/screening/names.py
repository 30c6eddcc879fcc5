"""In: a name as written, in hanzi or Latin letters. Out: `Name`: its parts as they are compared. Used: by the screen.

Traditional and simplified signs meet in their pinyin. What a part weighs says names.toml.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, Literal

import msgspec
from pypinyin import lazy_pinyin

from weilend.core.errors import InputError

Bearer = Literal["person", "business"]
TABLE: Final[dict[str, Any]] = tomllib.loads(
    files("weilend.fraud.screening").joinpath("names.toml").read_text(encoding="utf-8")
)
WEIGHTS: Final[dict[str, int]] = TABLE["weights"]

_LONGEST: Final = 200  # signs: no name is longer, and comparing takes time by the square
_FRAME: Final = sorted(TABLE["frame"]["words"], key=len, reverse=True)
_HANZI = re.compile(r"[㐀-鿿]")
_NOT_NAME = re.compile(r"[^0-9a-z㐀-鿿]+")
_RUN = re.compile(r"[a-z0-9]+|[㐀-鿿]+")  # pinyin of a sign goes by its neighbours
_REMEMBERED: Final = 100_000


class Name(msgspec.Struct, frozen=True):
    """A name in parts: `core` is what tells bearers apart (given name, a firm's own word), `frame` the rest (surname, legal form).

    `syllables` are the pinyin of the whole without tones, `sounds` the same without what speakers mix up.
    """

    written: str
    bearer: Bearer
    plain: str
    core: str
    frame: str
    syllables: tuple[str, ...]
    sounds: tuple[str, ...]

    @property
    def has_hanzi(self) -> bool:
        """Whether any sign is Chinese."""
        return bool(_HANZI.search(self.plain))


@lru_cache(_REMEMBERED)
def parse_name(written: str, bearer: Bearer) -> Name:
    """Return the parts of a name; raises `InputError` for one without a letter, or longer than 200 signs.

    >>> name = parse_name("欧阳 小明", "person")
    >>> name.frame, name.core, name.syllables
    ('欧阳', '小明', ('ou', 'yang', 'xiao', 'ming'))
    >>> parse_name("杭州蓝鲸科技有限公司", "business").core
    '杭州蓝鲸'
    """
    folded = unicodedata.normalize("NFKC", written).casefold()
    plain = _NOT_NAME.sub(" ", folded).strip()
    if not plain or len(plain) > _LONGEST:
        raise InputError(f"{written[:20]!r} is no name to be screened", hint="give 1 to 200 letters or hanzi")
    core, frame = _person_parts(plain) if bearer == "person" else _firm_parts(plain)
    syllables = _syllables(plain)
    return Name(written, bearer, plain.replace(" ", ""), core, frame, syllables, tuple(map(_sound, syllables)))


def commonness_ppm(surname: str) -> int:
    """Return the share of people with a surname, 0 where it is not among the common ones.

    >>> commonness_ppm("王"), commonness_ppm("亓")
    (72000, 0)
    """
    return int(TABLE["surnames_ppm"].get(surname, 0))


def _person_parts(plain: str) -> tuple[str, str]:
    """Return given name and surname; in Latin letters the order is not known, so all of it is the given name."""
    joined = plain.replace(" ", "")
    if not _HANZI.match(joined) or len(joined) == 1:
        return joined, ""
    width = 2 if joined[:2] in TABLE["compound"]["surnames"] and len(joined) > 2 else 1
    return joined[width:], joined[:width]


def _firm_parts(plain: str) -> tuple[str, str]:
    """Return a firm's own word and the words of its frame; a name of frame words alone is its own core."""
    core, frame = f" {plain} ", []
    for word in _FRAME:
        mark = word if _HANZI.search(word) else f" {word} "
        if mark in core:
            core = core.replace(mark, " ", 1)
            frame.append(word)
    own = core.replace(" ", "")
    return (own, "".join(frame)) if own else (plain.replace(" ", ""), "")


def _syllables(plain: str) -> tuple[str, ...]:
    return tuple(sound for run in _RUN.findall(plain) for sound in (lazy_pinyin(run) if _HANZI.match(run) else (run,)))


def _sound(syllable: str) -> str:
    for careful, careless in TABLE["sounds"]["pairs"]:
        if syllable.startswith(careful):
            syllable = careless + syllable[len(careful) :]
        if syllable.endswith(careful):
            syllable = syllable[: -len(careful)] + careless
    return syllable
