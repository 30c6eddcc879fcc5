"""In: who is on watch lists, a name that applies. Out: who it may be, ranked, with what matched how. Used: by the desk.

Candidates share a key (credit code, sounds, two signs in a row); a key that too many share is left out, for it finds everybody.
Each is scored by its parts: what tells bearers apart weighs most, a common surname little, and a common name alone proves nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

import msgspec
from rapidfuzz.distance import Levenshtein

from weilend.core.errors import InputError
from weilend.fraud.screening.names import WEIGHTS, Bearer, Name, commonness_ppm, parse_name

ONE: Final = 1_000_000
_MOST_SHARED: Final = 2_000  # a key of more entities than that tells nobody apart
_LEAST: Final = 650_000


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One who stands on a watch list, under all names it is known by; `uscc` is the unified social credit code of a firm."""

    listed_id: str
    bearer: Bearer
    names: tuple[str, ...]
    uscc: str = ""
    source: str = ""


class Alike(msgspec.Struct, frozen=True):
    """How one part of a name matched: 1,000,000 is equal. `en` and `zh` say it to a reviewer."""

    part: str
    ours: str
    theirs: str
    alike_ppm: int
    en: str
    zh: str


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """One who may be meant: how likely by the name (ppm, higher is more alike), by which of its names, and why."""

    listed: Listed
    name: str
    alike_ppm: int
    parts: tuple[Alike, ...]


class Screen:
    """Names of watch lists, ready to be searched. Raises `InputError` for an entry without a name.

    >>> screen = Screen([Listed(listed_id="1", bearer="person", names=("张伟", "Zhang Wei")),
    ...     Listed(listed_id="2", bearer="person", names=("亓晓东",))])
    >>> [(match.listed.listed_id, match.alike_ppm) for match in screen.search("齐小东", "person")]
    [('2', 900000)]
    >>> screen.search("张伟", "person")[0].alike_ppm  # two signs and a common surname: no proof by themselves
    700000
    """

    def __init__(self, listed: Iterable[Listed]) -> None:
        self._listed = tuple(listed)
        self._names: list[list[Name]] = []
        self._by_key: dict[str, list[int]] = defaultdict(list)
        for number, one in enumerate(self._listed):
            if not one.names:
                raise InputError(f"{one.listed_id} has no name", hint="give one name or more")
            names = [parse_name(name, one.bearer) for name in one.names]
            self._names.append(names)
            for key in {key for name in names for key in _keys(name)} | ({f"uscc:{one.uscc.upper()}"} if one.uscc else set()):
                self._by_key[key].append(number)

    def search(
        self, written: str, bearer: Bearer, *, uscc: str = "", least_ppm: int = _LEAST, limit: int = 20
    ) -> tuple[Match, ...]:
        """Return who may be meant, the most alike first; equal ones in the order of the list. Raises as `parse_name` does."""
        name = parse_name(written, bearer)
        keys = [*_keys(name), *([f"uscc:{uscc.upper()}"] if uscc else [])]
        shared = [found for key in keys if len(found := self._by_key.get(key, [])) <= _MOST_SHARED or key.startswith("uscc")]
        numbers = sorted({number for found in shared for number in found})
        matches = [self._match(number, name, uscc) for number in numbers if self._listed[number].bearer == bearer]
        ranked = sorted((match for match in matches if match.alike_ppm >= least_ppm), key=lambda match: -match.alike_ppm)
        return tuple(ranked[:limit])

    def _match(self, number: int, ours: Name, uscc: str) -> Match:
        listed = self._listed[number]
        scored = [(_compare(ours, theirs), theirs) for theirs in self._names[number]]
        (alike, parts), best = max(scored, key=lambda pair: pair[0][0])
        if listed.uscc and uscc and listed.uscc.upper() == uscc.upper():
            said = Alike("uscc", uscc, listed.uscc, ONE, "the credit code is the same", "统一社会信用代码相同")
            return Match(listed=listed, name=best.written, alike_ppm=ONE, parts=(said, *parts))
        if listed.uscc and uscc:
            said = Alike(
                "uscc", uscc, listed.uscc, 0, "the credit codes differ: another firm", "统一社会信用代码不同，不是同一企业"
            )
            return Match(listed=listed, name=best.written, alike_ppm=alike // 2, parts=(said, *parts))
        return Match(listed=listed, name=best.written, alike_ppm=alike, parts=parts)


def _keys(name: Name) -> Iterator[str]:
    """Yield what two names must share to be compared: sounds joined, sounds sorted, two sounds or two signs in a row."""
    yield f"joined:{''.join(name.syllables)}"
    yield f"sorted:{'.'.join(sorted(name.sounds))}"
    if name.bearer == "person":
        yield f"but:{'.'.join(name.sounds)}"
        for left_out in range(len(name.sounds) if len(name.sounds) > 2 else 0):  # a sign too few, too many, or another one
            yield f"but:{'.'.join(sound for at, sound in enumerate(name.sounds) if at != left_out)}"
    else:
        yield from (f"sounds:{first}.{second}" for first, second in pairwise(name.sounds))
        yield from (f"signs:{first}{second}" for first, second in pairwise(name.core))


def _compare(ours: Name, theirs: Name) -> tuple[int, tuple[Alike, ...]]:
    """Return how alike two names are, and part by part why."""
    core, frame = _compare_part("core", ours.core, theirs.core, ours, theirs), _compare_frame(ours, theirs)
    most = _most(ours, theirs)
    if frame is None or core is None:
        whole = _compare_whole(ours, theirs)
        return min(whole.alike_ppm, most), (whole,)
    weight = ONE - _frame_weight(ours, theirs)
    parted = (core.alike_ppm * weight + frame.alike_ppm * (ONE - weight)) // ONE
    return min(parted, most), (core, frame)


def _compare_part(part: str, our_text: str, their_text: str, ours: Name, theirs: Name) -> Alike | None:
    if not (our_text and their_text and ours.has_hanzi and theirs.has_hanzi):
        return None
    return _best(part, our_text, their_text, parse_name(our_text, "business"), parse_name(their_text, "business"))


def _compare_frame(ours: Name, theirs: Name) -> Alike | None:
    """Compare surnames, or the frames of firms; a firm that leaves its frame out is not another firm."""
    what = "surname" if ours.bearer == "person" else "frame"
    if ours.bearer == "business" and not (ours.frame and theirs.frame):
        return Alike(what, ours.frame, theirs.frame, ONE, "one is written short", "其一为简称")
    return _compare_part(what, ours.frame, theirs.frame, ours, theirs)


def _compare_whole(ours: Name, theirs: Name) -> Alike:
    """Compare the names as a whole, also where one of them is in Latin letters and its order is not known."""
    straight = _best("whole", ours.plain, theirs.plain, ours, theirs)
    if ours.has_hanzi and theirs.has_hanzi:
        return straight
    turned = sorted(ours.sounds) == sorted(theirs.sounds) and len(ours.sounds) > 1
    if turned and straight.alike_ppm < WEIGHTS["sound"]:
        return Alike(
            "whole", ours.written, theirs.written, WEIGHTS["sound"], "the same sounds in another order", "拼音相同，语序不同"
        )
    return straight


def _best(part: str, our_text: str, their_text: str, ours: Name, theirs: Name) -> Alike:
    """Return the strongest of the three ways in which two texts may match: signs, pinyin, sounds."""
    signs = Levenshtein.normalized_similarity(our_text, their_text)
    pinyin = Levenshtein.normalized_similarity("".join(ours.syllables), "".join(theirs.syllables))
    sound = Levenshtein.normalized_similarity("".join(ours.sounds), "".join(theirs.sounds))
    ways = (
        (_ppm(signs, "hanzi"), "written alike", "字形相近"),
        (_ppm(pinyin, "pinyin"), "the same or nearly the same pinyin", "拼音相同或相近"),
        (_ppm(sound, "sound"), "sounds that are often mixed up", "易混读音"),
    )
    alike, en, zh = max(ways, key=lambda way: way[0])
    equal = our_text == their_text
    return Alike(part, our_text, their_text, alike, "the same" if equal else en, "相同" if equal else zh)


def _ppm(share: float, way: str) -> int:
    return int(share * WEIGHTS[way])


def _frame_weight(ours: Name, theirs: Name) -> int:
    if ours.bearer == "business":
        return ONE - WEIGHTS["core"]
    common = max(commonness_ppm(ours.frame), commonness_ppm(theirs.frame))
    return WEIGHTS["surname_common"] if common else WEIGHTS["surname_rare"]


def _most(ours: Name, theirs: Name) -> int:
    """Return how much a name can prove at most: a person's name alone less, the more people bear it."""
    if ours.bearer == "business":
        return ONE
    surname = ours.frame or theirs.frame
    if not commonness_ppm(surname):
        return WEIGHTS["most_rare"]
    short = max(len(ours.core) if ours.frame else 0, len(theirs.core) if theirs.frame else 0) < 2
    return WEIGHTS["most_common_short"] if short else WEIGHTS["most_common_long"]
