"""In: a function of things that are made once and used for ever. Out: the same function, computed once. Used: for plans, features.

To hash a feature set costs more than to fold one subject, so what was made of it is found by which objects they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

MOST = 64


def remember(make: Callable[[tuple[T, ...]], R]) -> Callable[[Sequence[T]], R]:
    """Return a function that remembers its last 64 answers by the identity of what it was given, which must never change.

    >>> count = remember(lambda things: print("made") or len(things))
    >>> things = (object(), object())
    >>> count(things), count(list(things))
    made
    (2, 2)
    """
    kept: dict[tuple[int, ...], tuple[tuple[T, ...], R]] = {}  # the things are kept too: else an id could be given again
    guard = Lock()

    def recall(things: Sequence[T]) -> R:
        key = tuple(map(id, things))
        found = kept.get(key)
        if found is None:
            found = (tuple(things), make(tuple(things)))
            with guard:
                if len(kept) >= MOST:
                    kept.pop(next(iter(kept)))
                kept[key] = found
        return found[1]

    return recall
