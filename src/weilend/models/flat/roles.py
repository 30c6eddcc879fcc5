"""In: what was asked on the command line. Out: `Roles`, which column plays which part. Used: by sample design and the desk."""

from __future__ import annotations

import msgspec


class Roles(msgspec.Struct, frozen=True, kw_only=True):
    """Which column of a flat table is what; "" where no column plays the part.

    `bad` and `indeterminate` are values of the label, as text; `special` are numbers that stand for something else (-7 for "never
    asked"). `known` names the columns that were known when the business applied; none says that all others are offered.

    >>> Roles(label="default").taken()
    ('default',)
    """

    label: str
    bad: tuple[str, ...] = ()
    indeterminate: tuple[str, ...] = ()
    time: str = ""
    id: str = ""
    group: str = ""
    decision: str = ""
    weight: str = ""
    special: tuple[float, ...] = ()
    known: tuple[str, ...] = ()
    safer: tuple[str, ...] = ()
    riskier: tuple[str, ...] = ()

    def taken(self) -> tuple[str, ...]:
        """Return the columns that play a part, and are therefore no input of a model."""
        return tuple(name for name in (self.label, self.time, self.id, self.group, self.decision, self.weight) if name)

    def named(self) -> tuple[str, ...]:
        """Return every column that somebody named, so that a name that does not exist can be told."""
        return (*self.taken(), *self.known, *self.safer, *self.riskier)
