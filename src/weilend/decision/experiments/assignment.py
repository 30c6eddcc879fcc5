"""In: a trial of two policies, an owner. Out: which policy decides, which looks on, with what probability. Used: before a decision.

The arm hangs on the owner by a keyed hash, never on the application: who asks twice meets the same policy, no firm of an owner
is in another arm than the others, and nobody can draw again by applying anew (Kohavi, Tang & Xu 2020, chapter 14).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from weilend.core.ids import draw_ppm
from weilend.core.money import PPM

Arm = Literal["champion", "challenger"]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """Two policies side by side: the challenger decides for a share of owners, or with `shadow` for none and is only recorded.

    `salt` is the key of the draw: two trials with other salts draw independently. Policies are named by identity.

    >>> Trial(name="wider_c", salt="2026-12", champion="p1", challenger="p2", share_ppm=200_000).shadow
    False
    """

    name: str
    salt: Annotated[str, msgspec.Meta(min_length=1)]
    champion: str
    challenger: str
    share_ppm: Annotated[int, msgspec.Meta(ge=0, le=PPM)]
    shadow: bool = False


class Assigned(msgspec.Struct, frozen=True, kw_only=True):
    """Which arm an owner is in, the policy that decides, those that look on, and the probability (ppm) of this arm.

    >>> Assigned(arm="champion", decides="p1", watches=(), chance_ppm=800_000).decides
    'p1'
    """

    arm: Arm
    decides: str
    watches: tuple[str, ...]
    chance_ppm: int


def assign(trial: Trial, owner_id: str) -> Assigned:
    """Return the arm of an owner, the same for ever within a trial.

    >>> trial = Trial(name="wider_c", salt="2026-12", champion="p1", challenger="p2", share_ppm=200_000)
    >>> arms = [assign(trial, f"O{number}").arm for number in range(1000)]
    >>> arms.count("challenger"), assign(trial, "O1") == assign(trial, "O1")
    (196, True)
    >>> assign(msgspec.structs.replace(trial, shadow=True), "O1").watches
    ('p2',)
    """
    if trial.shadow:
        return Assigned(arm="champion", decides=trial.champion, watches=(trial.challenger,), chance_ppm=PPM)
    if draw_ppm(trial.salt, owner_id) < trial.share_ppm:
        return Assigned(arm="challenger", decides=trial.challenger, watches=(), chance_ppm=trial.share_ppm)
    return Assigned(arm="champion", decides=trial.champion, watches=(), chance_ppm=PPM - trial.share_ppm)
