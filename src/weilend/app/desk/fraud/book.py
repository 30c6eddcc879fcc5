"""In: a home. Out: the fraud verdict of its applications as rows; its rings; those of a list of edges. Used: as `weilend fraud
score|rings|explain`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

from weilend.app.desk.fraud.assess import assess, read_evidence
from weilend.app.desk.fraud.models import known_applications
from weilend.app.desk.fraud.rings import build_rings, graph_shelf
from weilend.app.desk.home import Home
from weilend.app.desk.progress import Tell, say_nothing
from weilend.core.errors import InputError, NotFoundError
from weilend.core.values import Application, FraudFound, FraudVerdict

#: What is told of an application, in this order.
COLUMNS: Final = (
    "application", "business", "product", "status", "grade", "step_up", "suspicion_milli", "anomaly_ppm", "ring_ppm", "score_ppm",
    "hits", "marks", "reasons",
)  # fmt: skip
#: Applications that are judged together.
AT_ONCE: Final = 2_000


def score_book(
    home: Home, *, as_of: int, names: Sequence[str] = (), tell: Tell = say_nothing
) -> tuple[tuple[Application, FraudVerdict], ...]:
    """Return the verdict on each application known at an instant (UTC seconds), or on some of them by application or business.

    Each is judged as of itself: with what was known when it came in. The model is the home's newest, which may have learned later.
    Raises `NotFoundError` for a name that never applied.
    """
    view = home.book.view()
    known = known_applications(view, as_of)
    there = {name for one in known for name in (one.application_id, one.business_id)}
    strange = next((name for name in names if name not in there), None)
    if strange is not None:
        raise NotFoundError(
            f"nobody applied as {strange!r} by then", hint="give applications or businesses as records have them"
        )
    chosen = [one for one in known if not names or one.application_id in names or one.business_id in names]
    evidence, found = read_evidence(home, view), []
    for start in range(0, len(chosen), AT_ONCE):
        some = chosen[start : start + AT_ONCE]
        found += list(zip(some, assess(home, some, view, evidence), strict=True))
        tell("judge applications", len(found), len(chosen))
    return tuple(found)


def rows_of(judged: Sequence[tuple[Application, FraudVerdict]]) -> Iterator[tuple[object, ...]]:
    """Yield `COLUMNS` of each application that was judged, the most suspicious first."""

    def weight(one: tuple[Application, FraudVerdict]) -> tuple[str, int, str]:
        found = one[1].found
        suspicion = found.suspicion_milli or 0 if isinstance(found, FraudFound) else 0
        return ("" if one[1].grade == "none" else one[1].grade, suspicion, one[0].application_id)

    for application, verdict in sorted(judged, key=weight, reverse=True):
        found = verdict.found if isinstance(verdict.found, FraudFound) else FraudFound(grade="none")
        yield (
            application.application_id, application.business_id, application.product, verdict.status, found.grade, found.step_up,
            found.suspicion_milli, found.anomaly_ppm, found.ring.get("ring_ppm"), found.score_ppm,
            " ".join(f"{hit.kind}:{hit.list_name}" for hit in found.hits), " ".join(found.marks),
            "; ".join(f"{reason.en} ({reason.zh})" for reason in verdict.reasons),
        )  # fmt: skip


def write_rows(rows: Sequence[Sequence[object]], columns: Sequence[str], out: Path) -> None:
    """Write rows as csv or JSON, by the ending of the file; raises `InputError` for another ending."""
    if out.suffix not in (".csv", ".json"):
        raise InputError(f"this cannot be written as {out.suffix or out.name}", hint="name a file .csv or .json")
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".json":
        out.write_bytes(
            msgspec.json.format(msgspec.json.encode([dict(zip(columns, row, strict=True)) for row in rows]), indent=1)
        )
        return
    with out.open("w", encoding="utf-8-sig", newline="") as file:  # a spreadsheet reads Chinese by the mark
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def find_book_rings(home: Home, *, as_of: int, consent_id: str = "") -> pa.Table:
    """Bring the graph to where the book stands and return its rings as known at an instant; with a consent, publish them
    as records.

    What is published are `graph_profile` records, known from now on, that the next day's features read.
    """
    from weilend.fraud.graph import nightly, publish, rings_table  # late: numba is slow to load

    build_rings(home)
    view = home.book.view()
    night = nightly(graph_shelf(home).graph(view), as_of=as_of, seq=view.seq)
    if consent_id:
        home.book.append({"graph_profile": publish(night, book_seq=view.seq, published_at=as_of, consent_id=consent_id)})
    return rings_table(night)


def find_edge_rings(path: Path) -> pa.Table:
    """Return the rings among the edges of a file (columns from, to; perhaps type, at, weight)."""
    from weilend.fraud.graph import find_rings, read_edges  # late: as above

    return find_rings(read_edges(path))


def explain_edge_node(path: Path, name: str) -> dict[str, Any]:
    """Return what the edges of a file say of one node, as plain values: status, strength, figures, members, and the edges
    behind it."""
    from weilend.fraud.graph import explain, read_edges  # late: as above

    told: dict[str, Any] = msgspec.to_builtins(explain(read_edges(path), name))
    return told
