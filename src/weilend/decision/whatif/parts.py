"""In: figures of rows that are told apart. Out: what is known, estimated, not known: values that cannot be added up by mistake.

Used: by the desk and its page. The three are of different kinds, and `+` between them is an error; who wants one number asks for
`Combined`, whose sentence says what was added to what.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import msgspec

from weilend.core.errors import InputError
from weilend.core.money import show_percent, show_yuan
from weilend.decision.whatif.intervals import Figure

#: Below so many effective owners an estimate is told as weak: normal intervals of rates are then not to be trusted.
FEW_OWNERS = 30


class Apart(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of rows brings: how many applications, the bad rate of borrowers (ppm), loss and profit in fen.

    >>> nothing = Figure(0, 0, 0)
    >>> part = Apart(applications=0, bad_ppm=None, loss_fen=nothing, profit_fen=nothing)
    >>> part + part
    Traceback (most recent call last):
    weilend.core.errors.InputError: known, estimated and unknown are not added up. Hint: ask for `combined`, which says what it adds
    """

    applications: int
    bad_ppm: Figure | None
    loss_fen: Figure
    profit_fen: Figure

    def __add__(self, other: object) -> NoReturn:
        raise InputError("known, estimated and unknown are not added up", hint="ask for `combined`, which says what it adds")

    __radd__ = __add__

    @property
    def by(self) -> str:
        """By what it is said; each kind says it itself."""
        return ""

    @property
    def figures(self) -> str:
        """Bad rate, loss and profit with their intervals, in words."""
        rate = "no borrower" if self.bad_ppm is None else f"bad rate {_spanned(self.bad_ppm, _percent)}"
        return f"{rate}, loss {_spanned(self.loss_fen, _yuan)}, profit {_spanned(self.profit_fen, _yuan)}"


class Known(Apart, frozen=True, kw_only=True):
    """Applications that both approve and whose outcome was seen; `moved` of them under other terms, which are scaled.

    >>> Known.__struct_fields__[-1]
    'moved'
    """

    moved: int

    @property
    def by(self) -> str:
        """By what it is known."""
        return f"seen; {self.moved:,} at other terms, in proportion" if self.moved else "seen"

    def __str__(self) -> str:
        scaled = f", {self.moved:,} of them at other terms, in proportion" if self.moved else ""
        return f"known: {self.applications:,} applications that both approve{scaled}: {self.figures}"


class Estimated(Apart, frozen=True, kw_only=True):
    """Applications that only the new policy approves, by a method that assumes something; nobody has seen them.

    `effective_owners` is how many owners of equal weight speak for them.

    >>> Estimated.__struct_fields__[-3:]
    ('method', 'assumes', 'effective_owners')
    """

    method: str
    assumes: str
    effective_owners: int

    @property
    def weak(self) -> bool:
        """Whether too few owners speak for it."""
        return self.effective_owners < FEW_OWNERS

    @property
    def by(self) -> str:
        """By what it is estimated, and if what."""
        weak = ", too few to trust the interval" if self.weak else ""
        return f"{self.method}, if {self.assumes}; {self.effective_owners:,} effective owners{weak}"

    def __str__(self) -> str:
        return f"estimated: {self.applications:,} applications, {self.by}: {self.figures}"


class Unknown(Apart, frozen=True, kw_only=True):
    """Applications of which nothing like them was ever approved, or whose outcome is not in yet: only bounds (Manski 1990).

    A figure's value is the middle of its bounds and says nothing by itself. `segments` names where they are.

    >>> Unknown.__struct_fields__[-2:]
    ('segments', 'pending')
    """

    segments: tuple[str, ...]
    pending: int

    @property
    def by(self) -> str:
        """By what it is bounded, and where it is."""
        return f"bounds (Manski 1990){': ' if self.segments else ''}{'; '.join(self.segments)}"

    def __str__(self) -> str:
        rate = "" if self.bad_ppm is None else f"bad rate {_bounds(self.bad_ppm, _percent)}, "
        money = f"loss {_bounds(self.loss_fen, _yuan)}, profit {_bounds(self.profit_fen, _yuan)}"
        where = f" ({'; '.join(self.segments)})" if self.segments else ""
        waiting = f", {self.pending:,} of them approved before and not yet ripe" if self.pending else ""
        return f"unknown: {self.applications:,} applications{where}{waiting}: {rate}{money}"


class Combined(Apart, frozen=True, kw_only=True):
    """Everything together, and the sentence that says what was added; it cannot be made without one.

    >>> nothing = Figure(0, 0, 0)
    >>> Combined(applications=0, bad_ppm=None, loss_fen=nothing, profit_fen=nothing, added=" ")
    Traceback (most recent call last):
    weilend.core.errors.InputError: nobody said what was added up. Hint: name the known and the estimated part
    """

    added: str

    def __post_init__(self) -> None:
        """Refuse a sum that does not say what it adds."""
        if not self.added.strip():
            raise InputError("nobody said what was added up", hint="name the known and the estimated part")

    @property
    def by(self) -> str:
        """What was added up."""
        return self.added

    def __str__(self) -> str:
        return f"together ({self.added}): {self.applications:,} applications, {self.figures}"


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy would have brought on logged applications, in parts that stay apart.

    `tried` are the estimates of swap-ins like whom some were approved by chance, one for each method; `beyond` that of the
    others by the outcome model alone; `unknown` bounds the others. `refusals` say which estimate is not made for which segment.

    >>> WhatIf.__struct_fields__[:5]
    ('applications', 'approved', 'known', 'tried', 'beyond')
    """

    applications: int
    approved: int
    known: Known
    tried: tuple[Estimated, ...]
    beyond: Estimated | None
    unknown: Unknown
    combined: Combined
    refusals: tuple[str, ...]

    @property
    def parts(self) -> tuple[Apart, ...]:
        """Every part, the known first."""
        beyond = () if self.beyond is None else (self.beyond,)
        return (self.known, *self.tried, *beyond, self.unknown, self.combined)

    def __str__(self) -> str:
        return "\n".join((*(str(part) for part in self.parts), *self.refusals))


def _percent(ppm: int) -> str:
    return show_percent(ppm, 1)


def _yuan(fen: int) -> str:
    return show_yuan(100 * round(fen / 100))


def _spanned(figure: Figure, show: Callable[[int], str]) -> str:
    return f"{show(figure.value)} ({_bounds(figure, show)})"


def _bounds(figure: Figure, show: Callable[[int], str]) -> str:
    return f"{show(figure.lo)} to {show(figure.hi)}"
