"""In: states of the same folds. Out: one state each. Used: for several spine rows, for records that were folded apart, and where
kinds are added up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.plan import KEEPS, Ints, Measure, State
from weilend.engine.extremes import combine, refuse_overflow
from weilend.engine.frames import NOBODY

_NONE = np.zeros(0, dtype=np.int64)


def empty(measures: Sequence[Measure]) -> State:
    """Return the state of a fold without rows.

    >>> list(empty(("least",)).kept)
    ['least']
    """
    kept = {name: _NONE for measure in measures for name in KEEPS[measure]}
    return State(row=_NONE, party=_NONE, slot=_NONE, count=_NONE, total=_NONE, parties=NOBODY, kept=kept)


def chain(states: Sequence[State]) -> State:
    """Put the states of different spine rows one behind the other.

    >>> chain([empty(()), empty(())]).row.tolist()
    []
    """
    if len(states) == 1:
        return states[0]
    starts = np.cumsum([0] + [len(state.parties) for state in states])
    kept = {name: np.concatenate([state.kept[name] for state in states]) for name in states[0].kept}
    row, slot, count, total = (np.concatenate([getattr(state, name) for state in states]) for name in _PLAIN)
    party = np.concatenate([state.party + start for state, start in zip(states, starts, strict=False)])
    named = [state.parties for state in states if len(state.parties)]
    parties = np.concatenate(named) if named else NOBODY
    return State(row=row, party=party, slot=slot, count=count, total=total, parties=parties, kept=kept)


def merge(states: Mapping[str, State], more: Mapping[str, State]) -> dict[str, State]:
    """Merge the states of disjoint sets of records: groups add up, extremes win.

    >>> merge({"f": empty(())}, {"f": empty(())})["f"].count.tolist()
    []
    """
    return {name: _unite(chain([states[name], more[name]])) for name in states}


def add_up(states: Sequence[State]) -> State:
    """Return one state of what several folds of the same spine rows say, with counts and sums alone; they tell nobody apart.

    >>> add_up([empty(("least",)), empty(())]).total.tolist()
    []
    """
    return _unite(chain([msgspec.structs.replace(state, kept={}) for state in states]))


_PLAIN = ("row", "slot", "count", "total")


def _unite(state: State) -> State:
    """Make one group of what has the same row, party and slot."""
    if not len(state.row):
        return state
    refuse_overflow(state.total)
    parties, codes = np.unique(state.parties, return_inverse=True) if len(state.parties) else (NOBODY, None)
    party = state.party if codes is None else codes[state.party]
    order = np.lexsort((state.slot, party, state.row))
    row, party, slot = state.row[order], party[order], state.slot[order]
    start = np.flatnonzero(np.concatenate([[True], _differs(row) | _differs(party) | _differs(slot)]))
    columns = {"count": state.count, "total": state.total, **state.kept}
    united = combine({name: column[order] for name, column in columns.items()}, start)
    count, total = united.pop("count"), united.pop("total")
    return State(row=row[start], party=party[start], slot=slot[start], count=count, total=total, parties=parties, kept=united)


def _differs(column: Ints) -> npt.NDArray[np.bool_]:
    return np.not_equal(column[1:], column[:-1])
