"""In: what a night found. Out: `graph_profile` records for the book, which the next day's features read. Used: by jobs.

A profile describes the night's instant and is known when it is published: a back-test of an earlier application never sees it.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from weilend.core.errors import InputError
from weilend.core.records import GRAPH_PROFILE
from weilend.fraud.graph.nightly import Night, Ring
from weilend.sources.identity import identify

KIND: Final = "graph_profile"
KEY: Final = ("subject_kind", "subject_id", "book_seq")
SOURCE: Final = "own"
#: Of whom a profile is written; what they share is no subject of credit.
_SUBJECTS: Final = ("business", "owner", "person")


def publish(night: Night, *, book_seq: int, published_at: int, consent_id: str) -> pa.Table:
    """Return one `graph_profile` for each business and person in a ring, ready for `Book.append`.

    `happened_at` is the instant that the night describes, `known_at` that of publishing (UTC seconds); `book_seq` is how far
    the book was read. Raises `InputError` where it would be known before it happened.

    >>> from weilend.fraud.graph.edges import edges_from
    >>> from weilend.fraud.graph.graph import Graph
    >>> from weilend.fraud.graph.nightly import nightly
    >>> night = nightly(Graph.of(edges_from(pa.table({"from": ["a"], "to": ["x"]}))), as_of=0)
    >>> publish(night, book_seq=1, published_at=60, consent_id="own-data").num_rows
    0
    """
    if published_at < night.as_of:
        raise InputError(
            f"a night of {night.as_of} cannot be published at {published_at}, before it", hint="publish after it was computed"
        )
    facts = [
        {"subject_id": node.id, "subject_kind": node.kind, "book_seq": book_seq, **_said(rings)}
        for node, rings in sorted(_by_subject(night).items())
    ]
    types = {"integer": pa.int64(), "text": pa.string()}
    fields = {"subject_id": pa.string(), **{field.name: types[field.type] for field in GRAPH_PROFILE.fields}}
    columns = {name: pa.array([fact.get(name) for fact in facts], type_) for name, type_ in fields.items()}
    key, record_id = identify(KIND, columns, KEY)
    frame: dict[str, Any] = {
        "happened_at": pa.repeat(pa.scalar(night.as_of, pa.int64()), len(facts)),
        "known_at": pa.repeat(pa.scalar(published_at, pa.int64()), len(facts)),
    }
    texts = {"known_basis": "observed", "source": SOURCE, "consent_id": consent_id}
    frame |= {name: pa.repeat(pa.scalar(text, pa.string()), len(facts)) for name, text in texts.items()}
    return pa.table({**columns, **frame, "key": key, "record_id": record_id})


def _by_subject(night: Night) -> dict[Any, list[Ring]]:
    """Return the rings of each business and person: a ring's member stands for its whole party."""
    rings: dict[int, list[Ring]] = {}
    for ring in night.rings:
        for member in ring.members:
            rings.setdefault(int(night.party[member]), []).append(ring)
    nodes = np.flatnonzero(np.isin(night.party, np.array(list(rings), np.int64)))
    named = {number: night.graph.name(number) for number in nodes.tolist()}
    return {node: rings[int(night.party[number])] for number, node in named.items() if node.kind in _SUBJECTS}


def _said(rings: list[Ring]) -> dict[str, int | str | None]:
    """Return what a profile says of rings, strongest first: the first one, and all that went round in circles."""
    flows = sum(ring.flow_fen for ring in rings)
    return {
        "ring_id": rings[0].ring_id,
        "ring_size_count": len(rings[0].members),
        "ring_density_ppm": rings[0].density_ppm,
        "cycle_fen": flows if any(ring.found_by == "circle" for ring in rings) else None,
    }
