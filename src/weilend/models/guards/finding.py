"""In: nothing. Out: `Finding`, what a guard saw and what was done about it. Used: by every guard, the desk and the report."""

from __future__ import annotations

from typing import Literal

import msgspec

Action = Literal["dropped", "kept", "changed"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a guard found: of which column ("" of the whole sample), how strong, what was done, and why.

    `figures` are counts, or rates in ppm by name. `changed` says that the column stays but is read differently.

    >>> Finding(guard="constants", column="x", action="dropped", why="one value in every row").action
    'dropped'
    """

    guard: str
    column: str = ""
    action: Action
    why: str
    figures: dict[str, int] = {}
