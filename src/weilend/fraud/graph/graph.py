"""In: a generation (files or memory) and the edges that came after it. Out: `Graph`, one graph of both. Used: by inquiry and
nightly.

Opening a generation maps files and reads none. What came after it is a small graph of its own, whose nodes have the numbers of
the generation where they stand there and higher ones where they do not; whoever walks looks into both.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weilend.core.errors import BookError, NotFoundError
from weilend.fraud.generations import META
from weilend.fraud.graph.build import FORMAT, NAMES, TYPE, Arrays, Built, Meta, build
from weilend.fraud.graph.edges import Edges
from weilend.fraud.graph.types import NODE_KINDS, EdgeType, Node, types_of
from weilend.fraud.lists.identity import fingerprint, identity

Array = npt.NDArray[Any]
#: A query at this seq reads all that there is.
NEWEST: Final = 2**62


class Later(msgspec.Struct, frozen=True, eq=False):
    """What came after a generation, with the numbers of the whole graph: the nodes that it speaks of, ascending, and the codes
    of those that the generation does not have (`codes`; `places` of them in `built`).
    """

    built: Built
    codes: Array
    places: Array
    nodes: Array
    starts: Array
    near: Array
    rows: Array


class Graph:
    """A graph as a query walks it.

    >>> from weilend.fraud.graph.edges import edges_from
    >>> graph = Graph.of(edges_from(pa.table({"from": ["a", "b"], "to": ["x", "x"]})))
    >>> graph.nodes, graph.find(Node("thing", "a")) >= 0, graph.find(Node("thing", "nobody"))
    (3, True, -1)
    """

    def __init__(self, built: Built, types: dict[str, EdgeType], later: Iterable[pa.Table] = ()) -> None:
        self.types = types
        self.main = built.arrays
        self._names = built.names
        if built.types != tuple(types):
            raise BookError("this graph was built with another table of edge types", hint="rebuild it")
        self.later = _over(self.main, build(later, types))
        self.walked = self._arrays()

    @classmethod
    def of(cls, edges: Edges) -> Graph:
        """Return the graph of some `Edges`, in memory."""
        return cls(build([edges.table], edges.types), edges.types)

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        extra = self.later.nodes
        return max(len(self.main.codes), int(extra[-1]) + 1 if len(extra) else 0)

    def find(self, node: Node) -> int:
        """Return the number of a node, -1 where no edge has ever named it."""
        return self.number_of(fingerprint(node.kind, *identity(node.id)))

    def number_of(self, fingerprinted: int) -> int:
        """Return the number of the node with a fingerprint, -1 where there is none."""
        code = np.uint64(fingerprinted)
        for codes, first in ((self.main.codes, 0), (self.later.codes, len(self.main.codes))):
            place = int(np.searchsorted(codes, code))
            if place < len(codes) and codes[place] == code:
                return first + place
        return -1

    def find_any(self, name: str) -> Node:
        """Return the node with an identity, whatever its kind; raises `NotFoundError` where there is none."""
        for kind in reversed(NODE_KINDS):
            if self.find(Node(kind, name)) >= 0:
                return Node(kind, name)
        raise NotFoundError(f"no edge names {name!r}", hint="ask for a node as the edges write it")

    def holders(self, node: Node) -> list[Node]:
        """Return who holds a node of the generation as a key, in the order of names; none of a node that is no key."""
        number = self.find(node)
        if not 0 <= number < len(self.main.codes):
            return []
        rows = self.main.rows[self.main.starts[number] : self.main.starts[number + 1]]
        keys = np.array([one.role == "key" for one in self.types.values()], np.bool_)
        held = rows[(self.main.ends[rows, 1] == number) & keys[self.main.said[rows, TYPE]]]
        return sorted(self.name(int(holder)) for holder in np.unique(self.main.ends[held, 0]))

    def name(self, number: int) -> Node:
        """Return what a number stands for."""
        names, place = self._names, number
        if number >= len(self.main.codes):
            names, place = self.later.built.names, int(self.later.places[number - len(self.main.codes)])
        return Node(names["kind"][place].as_py(), names["id"][place].as_py())

    def _arrays(self) -> tuple[Any, Any, Array]:
        """Return what the walk reads: (codes, starts, near, rows, said) of the generation, of what came later, and its nodes."""
        main, later = self.main, self.later
        both = (
            (main.codes, main.starts, main.near, main.rows, main.said),
            (later.codes, later.starts, later.near, later.rows, later.built.arrays.said),
        )
        generation, after = (tuple(_sealed(one) for one in part) for part in both)
        return generation, after, _sealed(later.nodes)


def open_generation(folder: Path) -> tuple[Meta, Built]:
    """Return a generation, mapped into memory. Raises `BookError` for one of another format."""
    meta = msgspec.json.decode((folder / META).read_bytes(), type=Meta)
    if meta.format != FORMAT:
        raise BookError(f"the graph {folder.name} has format {meta.format}", hint="rebuild it")
    arrays = Arrays(**{name: _map(folder / f"{name}.npy") for name in Arrays.__struct_fields__})
    with pa.memory_map(str(folder / NAMES)) as source:
        names = pa.ipc.open_file(source).read_all()
    return meta, Built(arrays, names, meta.types)


def empty_graph(types: dict[str, EdgeType] | None = None) -> Built:
    """Return the graph without edges.

    >>> empty_graph().names.num_rows
    0
    """
    return build([], types if types is not None else types_of(()))


def _map(path: Path) -> Array:
    """Return the array in a file: mapped, or read where it is empty, for nothing cannot be mapped."""
    found: Array = np.load(path, mmap_mode="r", allow_pickle=False) if path.stat().st_size > 128 else np.load(path)
    return np.asarray(found)


def _in_main(main: Arrays, codes: Array) -> Array:
    """Return the numbers that nodes have in a generation, -1 where they have none."""
    if not len(main.codes) or not len(codes):
        return np.full(len(codes), -1, np.int64)
    places = np.minimum(np.searchsorted(main.codes, codes), len(main.codes) - 1)
    return np.where(main.codes[places] == codes, places, -1)


def _over(main: Arrays, built: Built) -> Later:
    """Return a small graph with the numbers of the large one."""
    own = built.arrays
    numbers = _in_main(main, own.codes)
    new = numbers < 0
    numbers[new] = len(main.codes) + np.arange(int(new.sum()))
    order = np.argsort(numbers, kind="stable")
    lengths = np.diff(own.starts)[order]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    places = np.repeat(own.starts[:-1][order] - starts[:-1], lengths) + np.arange(starts[-1])
    near = numbers[own.near[places]].astype(np.uint32) if len(places) else own.near
    rows = own.rows[places] if len(places) else own.rows
    return Later(built, own.codes[new], np.flatnonzero(new), numbers[order], starts, near, rows)


def _sealed(array: Array) -> Array:
    """Return an array that cannot be written, as mapped ones are: the walk is compiled once for both."""
    view = array.view()
    view.flags.writeable = False
    return view
