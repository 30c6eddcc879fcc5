"""In: lifecycle events of policies, models and lists. Out: the same, appended and chained. Used: by the store's methods.

An event is checked against those before it inside the transaction that writes it, so that of two people who approve at once, only
one does.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, select

from weilend.core.lifecycle import Event, advance, fold
from weilend.store.audit import insert_audited, next_seq
from weilend.store.schema import LIFECYCLE

_COLUMNS = [LIFECYCLE.c[name] for name in Event.__struct_fields__]


def append_event(connection: Connection, kind: str, event: Event) -> None:
    """Append an event of a kind of thing (policy, model, lists); raises `InputError` where it is not legal after those before it.

    >>> import tempfile
    >>> from weilend.store.store import Store
    >>> proposal = Event(name="loan", version="v1", action="propose", who="ann", at=0, effective_at=9, why="lower cap")
    >>> with tempfile.TemporaryDirectory() as home, Store.open(f"{home}/store.db") as store:
    ...     store.put_event("policy", proposal)
    ...     store.events("policy") == (proposal,), store.events("model", "loan"), store.verify_chain()
    (True, (), ())
    """
    advance(fold(read_events(connection, kind, event.name)), event)
    row = {"seq": next_seq(connection, LIFECYCLE), "kind": kind, **msgspec.structs.asdict(event)}
    insert_audited(connection, LIFECYCLE, [row], event.at)


def read_events(connection: Connection, kind: str, name: str | None = None) -> tuple[Event, ...]:
    """Return the events of a kind, or of one thing of it, in the order in which they were appended."""
    query = select(*_COLUMNS).where(LIFECYCLE.c.kind == kind).order_by(LIFECYCLE.c.seq)
    found = connection.execute(query if name is None else query.where(LIFECYCLE.c.name == name))
    return tuple(Event(**row) for row in found.mappings())
