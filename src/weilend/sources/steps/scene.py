"""In: nothing. Out: `Scene`, what a step knows beside the rows, and `Told`, what it makes of them. Used: by steps, the reader."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pyarrow as pa

from weilend.core.registry import Registry
from weilend.sources.columns.cells import Mask
from weilend.sources.columns.vocabulary import Memory
from weilend.sources.intake import Intake
from weilend.sources.profile import Layout, Profile

Facts = dict[str, pa.Array]


class Scene(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Beside the rows of a sheet: its profile and layout, the intake, what the lines around the rows say, and the file's hash.

    For writing, `clear` says what tokens stand for. `memory` holds what was found out about texts of the sheet.

    >>> Scene.__struct_fields__
    ('profile', 'layout', 'intake', 'said', 'file_id', 'clear', 'memory')
    """

    profile: Profile
    layout: Layout
    intake: Intake
    said: dict[str, str] = {}
    file_id: str = ""
    clear: dict[str, str] = {}
    memory: Memory = msgspec.field(default_factory=Memory)

    @property
    def what(self) -> str:
        """The format in words, to be named in errors."""
        return f"{self.profile.en} ({self.profile.name})"


class Told(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a step adds to the facts, the rows it faults (mask and code of the reason), and what new tokens stand for.

    >>> Told(facts={}).faults
    ()
    """

    facts: Facts
    faults: tuple[tuple[Mask, str], ...] = ()
    clear: tuple[pa.Table, ...] = ()


class Step(msgspec.Struct, frozen=True):
    """Work on facts row by row, and its inverse for writing. `gives` are the facts that reading adds.

    A step that `again` works on what records hold as well: writing asks it which records follow from others.

    >>> Step(lambda facts, scene: Told(facts={}), lambda facts, scene: {}, ("a",)).gives
    ('a',)
    """

    parse: Callable[[Facts, Scene], Told]
    render: Callable[[Facts, Scene], Facts]
    gives: tuple[str, ...] = ()
    again: bool = False


def parse_nothing(_facts: Facts, _scene: Scene) -> Told:
    """Add nothing: for a step that has work only in writing.

    >>> parse_nothing({}, None).facts
    {}
    """
    return Told(facts={})


def render_nothing(_facts: Facts, _scene: Scene) -> Facts:
    """Give nothing back: for a step whose facts no column writes.

    >>> render_nothing({}, None)
    {}
    """
    return {}


STEPS: Registry[Step] = Registry("step of a profile")


def count_of(facts: Facts) -> int:
    """Return how many rows facts are of.

    >>> count_of({"a": pa.array([1, 2])})
    2
    """
    return len(next(iter(facts.values()))) if facts else 0
