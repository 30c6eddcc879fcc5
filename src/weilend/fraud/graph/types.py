"""In: edges.toml. Out: `EdgeType`, what an edge of a type is and tells, and the codes of types and families. Used: in all the
graph.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib.resources import files
from typing import Any, Final, Literal

import msgspec

from weilend.core.records.people import SUBJECTS

Role = Literal["bond", "key", "tie", "flow", "mark"]

#: What a node may be, beside what a subject is: things that only records of papers name, and what a list of edges does not say.
NODE_KINDS: Final = (*SUBJECTS, "drawer", "layout", "thing")
#: A node of a list of edges, where the list does not say what it is.
THING: Final = "thing"
DAY_SECONDS: Final = 86_400


class Node(msgspec.Struct, frozen=True, order=True):
    """A node of the graph: what it is (`NODE_KINDS`) and its identity.

    >>> Node("phone", "t1").id
    't1'
    """

    kind: str
    id: str


class Origin(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Which records say an edge: the columns of its two ends (of a mark there is but one), what these are, and which rows.

    A kind of node that begins with @ is read from that column.
    """

    record: str
    from_: str
    from_kind: str
    to: str = ""
    to_kind: str = ""
    until: str = ""
    amount: str = ""
    where: tuple[tuple[str, str, Any], ...] = ()


class EdgeType(msgspec.Struct, frozen=True, kw_only=True, rename={"origins": "source"}):
    """A type of edge; edges.toml says what the fields mean.

    >>> EDGE_TYPES["wifi"].family, EDGE_TYPES["address"].family
    ('place', 'place')
    """

    role: Role
    family: str = ""
    weight_ppm: int = 0
    window_days: int = 0
    plain: int = 1
    origins: tuple[Origin, ...] = ()


_TEXT = files("weilend.fraud.graph").joinpath("edges.toml").read_text(encoding="utf-8")
EDGE_TYPES: Final[dict[str, EdgeType]] = msgspec.convert(tomllib.loads(_TEXT), dict[str, EdgeType])
#: A type that a list of edges names and the table does not know: a key, each of a family of its own.
UNKNOWN: Final = EdgeType(role="key", weight_ppm=500_000, plain=30)


def types_of(names: Iterable[str]) -> dict[str, EdgeType]:
    """Return the types of some names, those that the table does not know as keys of a family of their own.

    >>> types_of(("phone", "car"))["car"].family
    'car'
    """
    return {name: EDGE_TYPES.get(name) or msgspec.structs.replace(UNKNOWN, family=name) for name in names}
