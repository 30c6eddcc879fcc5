"""In: a home, applications. Out: what the graph of links says of each, where the home keeps one. Used: before a decision, at a fit.

The graph is asked as of each application, so it says what it would have said then. A home whose graph was never built is not asked:
that is told apart from a graph that finds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from weilend.app.desk.home import Home
from weilend.core.values import Application, Reason
from weilend.engine import BookView
from weilend.fraud.verdict import RingSaid
from weilend.store import Vault

if TYPE_CHECKING:  # late: the graph loads numba, and most homes keep none
    from weilend.fraud.graph import Graph, GraphShelf, RingVerdict

GRAPH: Final = "graph"


class Rings(msgspec.Struct, frozen=True, eq=False):
    """The graph of a home as one view of its book reads it, up to the view's seq."""

    graph: Graph
    seq: int

    def verdicts(self, applications: Sequence[Application]) -> tuple[RingVerdict, ...]:
        """Return what the graph says of the business of each application at its as_of, members and edges included."""
        from weilend.fraud.graph import Node, query_many  # late: as above

        asked = [(Node("business", one.business_id), one.as_of) for one in applications]
        return tuple(query_many(self.graph, asked, seq=self.seq))

    def hear(self, applications: Sequence[Application]) -> tuple[RingSaid | None, ...]:
        """Return the same as a verdict of fraud takes it; None where no edge names the business."""
        return tuple(ring_said(one) for one in self.verdicts(applications))


def open_rings(home: Home, view: BookView) -> Rings | None:
    """Return the graph of a home, None where none was ever built."""
    if not (home.folder / GRAPH).is_dir():
        return None
    return Rings(graph_shelf(home).graph(view), view.seq)


def build_rings(home: Home) -> int:
    """Bring the graph of a home to where its book stands, and return what `GraphShelf.catch_up` counts."""
    return graph_shelf(home).catch_up(home.book)


def forget_in_rings(home: Home, subject: str) -> None:
    """Take one who was erased out of the graph of a home, the forerunner of the generation in force included."""
    if (home.folder / GRAPH).is_dir():
        graph_shelf(home).forget(subject, home.book)


def graph_shelf(home: Home) -> GraphShelf:
    """Return the shelf of a home's graph, which names nobody who was erased."""
    from weilend.fraud.graph import GraphShelf  # late: as above

    return GraphShelf(home.folder / GRAPH, home.calendar, erased=Vault(home.store.engine).erased())


def ring_said(told: RingVerdict) -> RingSaid | None:
    """Return a ring verdict as a fraud verdict takes it: its strength, its figures, a sentence where a person should look.

    >>> from weilend.fraud.graph import Node, RingVerdict
    >>> ring_said(RingVerdict(node=Node("business", "E1"), as_of=0, seq=0, status="not_assessed")) is None
    True
    """
    if told.status == "not_assessed":
        return None
    reasons: tuple[Reason, ...] = ()
    if told.status in ("watch", "alert"):
        parties = [one for one in told.members if one.counts_ppm > 0] or list(told.members)
        shared = ", ".join(dict.fromkeys(family for one in parties for family in one.families))
        en = f"shares {shared or 'what it uses'} with {len(parties)} other parties"
        zh = f"与另外{len(parties)}方共用资料（{shared or '多项'}）"
        reasons = (Reason("fraud_ring", en, zh, "soft_signal", "fraud"),)
    return RingSaid(ring_ppm=told.anomaly_ppm, figures=dict(sorted(told.features.items())), reasons=reasons)
