"""In: named things. Out: the same things by name, and a refusal that lists what there is. Used: for every extension point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from weilend.core.errors import InputError, NotFoundError

T = TypeVar("T")


class Registry(Generic[T]):
    """Things of one sort by name; built-ins and outsiders are added the same way.

    >>> colours: Registry[int] = Registry("colour")
    >>> colours.add("red", 1)
    1
    >>> colours["blue"]
    Traceback (most recent call last):
    weilend.core.errors.NotFoundError: no colour 'blue'. Hint: there is: red
    """

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self._things: dict[str, T] = {}

    def add(self, name: str, thing: T) -> T:
        """Add a thing and return it; a name is given once."""
        if name in self._things:
            raise InputError(f"{self.noun} {name!r} is there already", hint="choose another name")
        self._things[name] = thing
        return thing

    def __getitem__(self, name: str) -> T:
        if name not in self._things:
            raise NotFoundError(f"no {self.noun} {name!r}", hint=f"there is: {', '.join(self._things) or 'none'}")
        return self._things[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)
