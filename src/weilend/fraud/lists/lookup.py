"""In: subjects, an instant, a seq. Out: how they stood on the lists. Used: by the desk, live and in back-tests.

One subject costs microseconds and no compiled code; many are asked of the kernels. Both see what any process added, at the next
lookup: they look at 8 shared bytes, and read on where those have grown.
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError, NotFoundError
from weilend.core.records.people import SUBJECTS
from weilend.fraud.generations import current
from weilend.fraud.lists.delta import read_from
from weilend.fraud.lists.entries import Entry, chain_of
from weilend.fraud.lists.generation import Generation, Version
from weilend.fraud.lists.identity import fingerprint, fingerprints, identities, identity, kind_seed
from weilend.fraud.lists.meanings import ACTS, HALF_LIVES, MEANINGS, NAMES, PARTS, Meaning
from weilend.fraud.lists.shelf import CHANGES, DELTA
from weilend.fraud.lists.verdict import NOTHING, Hit, Verdict, judge

NEWEST: Final = 2**62  # a seq that no book reaches: everything there is
_KINDS: Final = {kind: code for code, kind in enumerate(SUBJECTS)}
_TRIES: Final = 5
_HALF_LIVES: Final = np.array(HALF_LIVES, np.int64)


class Found(msgspec.Struct, frozen=True):
    """How many subjects stood: the meaning of each as its place in `MEANINGS` (0 none to 3 deny), and how grave (0 to 100)."""

    meanings: npt.NDArray[np.int8]
    severities: npt.NDArray[np.int16]

    def counts(self) -> dict[Meaning, int]:
        """Return how many stood how.

        >>> Found(np.array([0, 3], np.int8), np.array([0, 100], np.int16)).counts()
        {'none': 1, 'allow': 0, 'watch': 0, 'deny': 1}
        """
        return {meaning: int((self.meanings == code).sum()) for code, meaning in enumerate(MEANINGS)}


class Lists:
    """The lists of a home, as a reader has them. Raises `NotFoundError` where there are none: not knowing is no clean answer."""

    def __init__(self, folder: Path, calendar: Calendar) -> None:
        if current(folder) is None:
            raise NotFoundError(f"there are no lists in {folder.name}", hint="import entries first: weilend lists import PATH")
        self._folder, self._calendar = folder, calendar
        with (folder / CHANGES).open("rb") as file:
            self._changes = memoryview(mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)).cast("Q")
        self._seen = -1
        self._read_to = 0
        self._refreshing = Lock()
        self._generation: Generation
        self._refresh()

    @property
    def generation(self) -> Generation:
        """The generation that is in force now."""
        self._refresh()
        return self._generation

    @property
    def logged(self) -> int:
        """How many entries the log has beside the generation."""
        self._refresh()
        return sum(map(len, self._logged.values()))

    @property
    def seq(self) -> int:
        """Up to which seq of the book generation and log have its entries."""
        self._refresh()
        return max([self._generation.meta.seq, *(one.seq for entries in self._logged.values() for one in entries)])

    def find(self, kind: str, subject_id: str, *, as_of: int, seq: int = NEWEST) -> Verdict:
        """Return how a subject stood at an instant (UTC seconds), as the book knew then; with `seq`, as it stood up to there.

        Raises `InputError` for a kind of subject that does not exist.
        """
        number = _number(kind)
        if self._changes[0] != self._seen:
            self._refresh()
        high, low = identity(subject_id)
        code = fingerprint(kind, high, low)
        versions = [one for part in self._parts for one in part.versions(number, high, low, code)]
        if self._logged:
            versions += [_version(one) for one in self._logged.get((kind, subject_id), ())]
        return judge(versions, as_of, seq) if versions else NOTHING

    def knows(self, subject_id: str) -> bool:
        """Return whether generation or log hold anything of an identity, whatever kind of subject it is and whether in
        force or not."""
        self._refresh()
        high, low = identity(subject_id)
        codes = {kind: fingerprint(kind, high, low) for kind in SUBJECTS}
        held = any(part.versions(_KINDS[kind], high, low, code) for part in self._parts for kind, code in codes.items())
        return held or any(name == subject_id for _, name in self._logged)

    def explain(self, kind: str, subject_id: str, hit: Hit) -> Entry:
        """Return the full entry behind a hit of a subject: reason, source, case, who put it there, under which consent.

        Raises `NotFoundError` where the entry was erased since.
        """
        generation = self._generation  # another one may come while this looks
        number, (high, low) = _number(kind), identity(subject_id)
        code = fingerprint(kind, high, low)
        for part in generation.parts.values():
            for version in part.versions(number, high, low, code):
                if version.seq == hit.seq:
                    return generation.entry(version.place, self._calendar)
        for one in self._logged.get((kind, subject_id), ()):
            if one.seq == hit.seq:
                return one
        raise NotFoundError(f"the book has no entry {hit.seq} of this {kind} any more", hint="ask for its verdict again")

    def find_many(
        self, kind: str, subject_ids: pa.Array, *, as_of: int | Sequence[int] | npt.NDArray[np.int64], seq: int = NEWEST
    ) -> Found:
        """Return what `find` returns of each subject of a text column without nulls; `as_of` is one instant, or one a row."""
        number = _number(kind)
        self._refresh()
        from weilend.fraud.lists import kernels  # late: numba is slow to load, and one subject does not need it

        instants = np.ascontiguousarray(np.broadcast_to(np.asarray(as_of, np.int64), len(subject_ids)))
        high, low = identities(subject_ids)
        codes = fingerprints(np.uint64(kind_seed(kind)), high, low)
        meanings, severities = np.zeros(len(codes), np.int8), np.zeros(len(codes), np.int16)
        heads, answers = np.empty(len(codes), np.int64), np.empty(len(codes), np.int16)
        for meaning in reversed(PARTS):  # the strongest last: it overwrites
            if not self._generation.parts[meaning].rows:
                continue
            arrays = self._arrays(meaning)
            kernels.find_heads(codes, heads, *arrays["find"])
            kernels.judge(heads, answers, high, low, number, instants, seq, _HALF_LIVES, *arrays["judge"])
            hit = answers >= 0
            meanings[hit], severities[hit] = MEANINGS.index(meaning), answers[hit]
        self._add_logged(kind, subject_ids, instants, seq, Found(meanings, severities))
        return Found(meanings, severities)

    def _add_logged(self, kind: str, subject_ids: pa.Array, instants: npt.NDArray[np.int64], seq: int, found: Found) -> None:
        """Answer anew for the subjects that the log speaks of."""
        names = [name for of, name in self._logged if of == kind]
        if not names:
            return
        for row in np.flatnonzero(pc.is_in(subject_ids, value_set=pa.array(names)).to_numpy(zero_copy_only=False)).tolist():
            verdict = self.find(kind, subject_ids[row].as_py(), as_of=int(instants[row]), seq=seq)
            found.meanings[row], found.severities[row] = MEANINGS.index(verdict.meaning), verdict.severity

    def _arrays(self, meaning: Meaning) -> dict[str, Any]:
        """Return the arguments of the two kernels for a part, made once a generation."""
        if meaning not in self._kernel_arrays:
            part = self._generation.parts[meaning]
            arrays = part.arrays()
            find = (arrays["groups"], arrays["groups"].view(np.uint8), arrays["remainders"], part.bits)
            self._kernel_arrays[meaning] = {"find": find, "judge": (arrays["starts"], arrays["rows"])}
        return self._kernel_arrays[meaning]

    def _refresh(self) -> None:
        """Read what changed since the last look: a new generation, or more of the log; one thread at a time."""
        with self._refreshing:
            count = self._changes[0]
            if count == self._seen:
                return
            folder = self._open_current()
            entries, self._read_to = read_from(folder / DELTA, self._read_to)
            for one in entries:
                self._logged.setdefault((one.subject_kind, one.subject_id), []).append(one)
            self._seen = count

    def _open_current(self) -> Path:
        """Map the generation in force where it is another one, and return its folder.

        Two swaps between reading the name and opening the files would take them away: then the name is read again.
        """
        for _ in range(_TRIES):
            folder = current(self._folder)
            if folder is None:
                continue
            if self._seen >= 0 and folder.name == self._generation.name:
                return folder
            try:
                self._generation = Generation(folder)
            except FileNotFoundError:
                continue
            self._parts = [part for part in self._generation.parts.values() if part.rows]
            self._kernel_arrays: dict[Meaning, dict[str, Any]] = {}
            self._logged: dict[tuple[str, str], list[Entry]] = {}
            self._read_to = 0
            return folder
        raise NotFoundError(f"there are no lists in {self._folder.name}", hint="build them again: weilend lists build")


def _number(kind: str) -> int:
    """Return the code of a kind of subject."""
    number = _KINDS.get(kind)
    if number is None:
        raise InputError(f"there is no kind of subject {kind!r}", hint=f"there is: {', '.join(SUBJECTS)}")
    return number


def _version(one: Entry) -> Version:
    """Return an entry of the log as the index would have it."""
    high, low = identity(one.subject_id)
    return Version(
        high=high,
        low=low,
        kind=_KINDS[one.subject_kind],
        chain=chain_of(one.key),
        known_at=one.known_at,
        seq=one.seq,
        from_at=one.happened_at,
        until_at=one.until_at,
        act=ACTS.index(one.act),
        list=NAMES.index(one.list_name),
        severity=one.severity,
        place=-1,
    )
