"""In: nothing. Out: `Described`, what a card needs to know of a feature or a column. Used: by cards, and by all who print one."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import msgspec

from weilend.core.records import Field
from weilend.core.values import Reason
from weilend.features.spec import Feature, Unit
from weilend.models.sample import Column


@runtime_checkable
class Described(Protocol):
    """What a card stands on: a `Feature` of the book, or a `Column` of a flat table. Its values are integers, or not known."""

    @property
    def name(self) -> str:
        """How it is called."""
        ...

    @property
    def sign(self) -> int:
        """+1 where more was declared safer, -1 where riskier, 0 where nothing was."""
        ...

    @property
    def unit(self) -> Unit:
        """What is counted."""
        ...

    @property
    def why(self) -> str:
        """Why it matters."""
        ...

    @property
    def en(self) -> str:
        """The sentence that states ``{value}``, in English."""
        ...

    @property
    def zh(self) -> str:
        """The sentence that states ``{value}``, in Chinese."""
        ...

    def say(self, value: int | None) -> Reason:
        """Return the sentence that states a value."""
        ...

    def as_field(self) -> Field:
        """Return what formulas may read."""
        ...


def read_described(kind: type, plain: Any) -> Described:
    """Return what a card stands on from its plain form: a feature aggregates, a column does not (a decoder's hook).

    >>> read_described(Described, {"name": "income"}).say(5).en
    'income was 5'
    """
    if kind is not Described:
        raise NotImplementedError(kind)  # what msgspec asks of a hook
    return msgspec.convert(plain, Feature) if "aggregate" in plain else msgspec.convert(plain, Column)
