"""In: states. Out: bytes, and states again. Used: where states travel between machines.

A state is a record batch of its groups and one of the names of its parties, in Arrow's stream format.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
import pyarrow as pa

from weilend.core.plan import State
from weilend.engine.frames import NOBODY

_OWN = ("row", "party", "slot", "count", "total")


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    """A state as bytes; no `parties` where it tells none apart."""

    name: str
    groups: bytes
    parties: bytes | None


def pack(states: Mapping[str, State]) -> bytes:
    """Return states as bytes.

    >>> one = np.array([1, 2])
    >>> state = State(row=one, party=one - 1, slot=one, count=one, total=one, parties=np.array(["C1", "甲", "C3"], object))
    >>> again = unpack(pack({"sales": state}))["sales"]
    >>> again.row.tolist(), again.parties.tolist(), again.kept
    ([1, 2], ['C1', '甲', 'C3'], {})
    """
    return msgspec.msgpack.encode([_pack(name, state) for name, state in states.items()])


def unpack(data: bytes) -> dict[str, State]:
    """Return the states that were packed."""
    return {one.name: _unpack(one) for one in msgspec.msgpack.decode(data, type=list[_Packed])}


def _pack(name: str, state: State) -> _Packed:
    groups = {own: getattr(state, own) for own in _OWN} | state.kept
    parties = None if state.parties is NOBODY else _write(pa.table({"party": pa.array(state.parties)}))
    return _Packed(name, _write(pa.table(groups)), parties)


def _unpack(one: _Packed) -> State:
    groups = {name: column.to_numpy() for name, column in zip(*_read(one.groups), strict=True)}
    parties = NOBODY if one.parties is None else _read(one.parties)[1][0].to_numpy(zero_copy_only=False)
    return State(
        row=groups.pop("row"),
        party=groups.pop("party"),
        slot=groups.pop("slot"),
        count=groups.pop("count"),
        total=groups.pop("total"),
        parties=np.asarray(parties),
        kept=groups,
    )


def _write(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _read(data: bytes) -> tuple[list[str], list[pa.ChunkedArray]]:
    table = pa.ipc.open_stream(data).read_all()
    return table.column_names, table.columns
