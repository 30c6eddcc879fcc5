"""In: nothing. Out: what a ring query answers: `RingVerdict`, with its members and the few edges that carry it. Used: by judge,
doors.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from weilend.fraud.graph.types import Node

#: `not_assessed`: no edge names the node (never means clean); `watch` is a person's to look at.
Status = Literal["not_assessed", "clear", "watch", "alert"]


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One party that the asked one shares something with: `strength_ppm` how much, over how many independent `families`;
    `counts_ppm` what it adds to the verdict, with what was known of it (`known`: fraud, defaulted, declined, applied or
    nothing).
    """

    node: Node
    strength_ppm: int
    counts_ppm: int
    families: tuple[str, ...]
    known: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One edge that carries a verdict: who holds which key, said first and last at (UTC seconds), with how many holders it had."""

    holder: Node
    key: Node
    type: str
    first_at: int
    last_at: int
    holders: int


class RingVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a node stood in a ring at `as_of`, as known then up to `seq`; `anomaly_ppm` higher is stranger.

    `features` are counts, ppm and days by name (docs/methodology/rings.md); `truncated` says that the neighbourhood was larger
    than a query looks at.
    """

    node: Node
    as_of: int
    seq: int
    status: Status
    anomaly_ppm: int = 0
    features: dict[str, int] = {}
    members: tuple[Member, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    truncated: bool = False
