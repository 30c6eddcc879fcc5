"""In: nothing. Out: how long work says where it is. Used: by the use cases; a door shows it or does not."""

from __future__ import annotations

from typing import Protocol


class Tell(Protocol):
    """Told each step of long work: its name, how much of it is done, and of how much."""

    def __call__(self, step: str, done: int, of: int) -> None:
        """Say where a step is; `of` is 0 where the total is not known."""
        ...


def say_nothing(step: str, done: int, of: int) -> None:
    """Tell nobody.

    >>> say_nothing("reading", 1, 2)
    """
