"""In: conditions over steps that are asked to hold together. Out: a row where they do, or the proof that none is. Used: by claims.

Branch and bound: a box where the conditions cannot hold is done; one where they may is tried at a few rows and split. When no box
is left, nothing was forgotten: that is the proof. When the allowance of work is used up, the answer is open, never "proven".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import msgspec

from weilend.decision.prover.box import Box, Slice
from weilend.decision.prover.machine import Machine
from weilend.decision.prover.points import Row
from weilend.decision.prover.split import Split, pivot, room
from weilend.decision.prover.values import TRUE, Span, settled
from weilend.formula import Formula

#: Operations computed for one question before it is given up: a few seconds.
ALLOWANCE = 400_000


class Answer(msgspec.Struct, frozen=True):
    """A row that was found (and, for a change, the row after it), or none; `open` where the allowance ended the search.

    `stuck` is the box that was looked at last.
    """

    row: Row | None = None
    after: Row | None = None
    open: bool = False
    stuck: dict[str, Span] | None = None


def find(
    machine: Machine,
    conditions: Sequence[Formula],
    *,
    given: Mapping[str, Span] | None = None,
    allowance: int = ALLOWANCE,
) -> Answer:
    """Return a row on which all conditions are true, run by the program's own Python, or that there is none.

    `given` narrows inputs. The conditions read inputs and steps by name.
    """
    question = machine.question(conditions)
    part = Slice(machine.graph, question.place)
    whole = Box.whole(part, given)
    first = whole if whole.empty else whole.narrowed(part.target, TRUE)
    if first.empty:
        return Answer()
    row = next((row for row in machine.near(first.domains) if question.holds(row)), None)
    if row is not None:
        return Answer(row=row)
    waiting, work, boxes = deque([first]), 0, 0
    while waiting:
        # by turns the oldest box, so that no corner is forgotten, and the newest, so that one corner is followed to its end
        box = waiting.pop() if boxes % 2 else waiting.popleft()
        boxes += 1
        row = next((row for row in machine.tried(box.domains) if question.holds(row)), None)
        if row is not None:
            return Answer(row=row)
        plain = Box.whole(part, box.domains)  # what the inputs alone say, without what was assumed
        work += plain.work
        if not plain.target & TRUE:
            continue
        found = pivot(plain, part.target, box)
        if work > allowance or (found is None and not _single(box)):
            return Answer(open=True, stuck=box.domains)
        smaller = _smaller(box, found) if found is not None else []
        work += sum(one.work for one in smaller)
        waiting.extend(one for one in smaller if not one.empty)
    return Answer()


def _smaller(box: Box, found: Split) -> list[Box]:
    """Return the boxes that a split makes, the one with the most room the last."""
    return sorted(
        (box.narrowed(found.place, span) for span in found.spans), key=lambda one: 0.0 if one.empty else room(one, found)
    )


def _single(box: Box) -> bool:
    """Tell whether only one row is left in a box, and its words stand for themselves: then trying it has answered."""
    return not box.part.opaque and all(settled(span) for span in box.domains.values())
