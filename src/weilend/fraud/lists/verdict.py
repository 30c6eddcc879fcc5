"""In: versions of entries, an instant, a seq. Out: `Verdict`: how a subject stood on the lists. Used: by lookup and desk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from weilend.core.errors import InputError
from weilend.core.records import FAR_FUTURE
from weilend.fraud.lists.generation import Version
from weilend.fraud.lists.meanings import ACTS, CHECKS, HALF_LIVES, IN_FORCE, LISTS, MEANINGS, NAMES, Meaning, wear_off

_FORCE: Final = frozenset(ACTS.index(act) for act in IN_FORCE)
_DISPUTED: Final = ACTS.index("disputed")
_MEANING: Final = tuple(LISTS[name].meaning for name in NAMES)
_RANK: Final = {meaning: rank for rank, meaning in enumerate(MEANINGS)}


class Hit(msgspec.Struct, frozen=True, gc=False):
    """A subject stands on a list: since when, until when (None: no end), known since, how grave it still is, disputed or not.

    `seq` names the record in the book, by which `Lists.explain` finds its reasons.
    """

    list_name: str
    meaning: Meaning
    severity: int
    since_at: int
    until_at: int | None
    known_at: int
    is_disputed: bool
    seq: int


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What all hits mean together: deny is stronger than watch, watch than allow.

    >>> Verdict("none").spares("step_up"), Verdict("allow").spares("step_up"), Verdict("allow").spares("identity")
    (False, True, False)
    """

    meaning: Meaning
    hits: tuple[Hit, ...] = ()

    @property
    def severity(self) -> int:
        """The gravest of the hits that decide, 0 to 100."""
        return max((hit.severity for hit in self.hits if hit.meaning == self.meaning), default=0)

    def spares(self, check: str) -> bool:
        """Return whether a check need not be made: an allow hit spares the step-up, and nothing spares anything else.

        Raises `InputError` for a check that does not exist.
        """
        if check not in CHECKS:
            raise InputError(f"there is no check {check!r}", hint=f"there is: {', '.join(CHECKS)}")
        return check == "step_up" and self.meaning == "allow"


NOTHING: Final = Verdict("none")


def judge(versions: Iterable[Version], as_of: int, last_seq: int) -> Verdict:
    """Return how a subject stood at an instant (UTC seconds), as the book up to a seq knew then; hits with the strongest first.

    The newest version of each chain that was known then says how it stands.

    >>> dates = {"known_at": 5, "from_at": 0, "until_at": 99}
    >>> added = Version(high=1, low=1, kind=0, chain=1, seq=1, act=0, list=0, severity=9, place=0, **dates)
    >>> removed = added._replace(act=1, known_at=8, seq=2)
    >>> [judge([added, removed], at, seq).meaning for at, seq in ((4, 9), (5, 9), (8, 9), (8, 1))]
    ['none', 'deny', 'none', 'deny']
    """
    newest: dict[int, Version] = {}
    for one in versions:
        if one.known_at <= as_of and one.seq <= last_seq:
            before = newest.get(one.chain)
            if before is None or (before.known_at, before.seq) < (one.known_at, one.seq):
                newest[one.chain] = one
    hits = [_hit(one, as_of) for one in newest.values() if one.act in _FORCE and one.from_at <= as_of <= one.until_at]
    if not hits:
        return NOTHING
    if len(hits) > 1:
        hits.sort(key=lambda hit: (-_RANK[hit.meaning], -hit.severity, hit.seq))
    return Verdict(hits[0].meaning, tuple(hits))


def _hit(one: Version, as_of: int) -> Hit:
    severity = wear_off(one.severity, as_of - one.from_at, HALF_LIVES[one.list])
    until = None if one.until_at == FAR_FUTURE else one.until_at
    disputed = one.act == _DISPUTED
    return Hit(NAMES[one.list], _MEANING[one.list], severity, one.from_at, until, one.known_at, disputed, one.seq)
