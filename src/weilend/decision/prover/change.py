"""In: an input that gets worse by one, a number that must not move one way. Out: two rows where it does, or proof. Used: by claims.

One step is enough: where no single step makes the number move the wrong way, no sum of steps does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from weilend.decision.prover.box import Box, Slice
from weilend.decision.prover.machine import Machine
from weilend.decision.prover.points import Row
from weilend.decision.prover.search import ALLOWANCE, Answer
from weilend.decision.prover.split import parts_of, pivot
from weilend.decision.prover.twins import Reach, Twins
from weilend.decision.prover.values import Span, settled
from weilend.formula import Formula


class Change:
    """An input that moves by `step`, and a number that must not rise (`sign` 1) or not fall (`sign` -1) when it does."""

    def __init__(self, machine: Machine, moved: str, step: int, number: Formula, sign: int) -> None:
        self.machine = machine
        self.sign = sign
        self.place = machine.graph.add(number.root)
        self.reach = Reach(Slice(machine.graph, self.place), moved, step)
        self.measure = machine.measure(number)

    def wrong_step(self, row: Row, steps: int) -> Row | None:
        """Return a row from which one step is wrong, where so many steps from a row are; run by the program's own Python."""
        moved = self.reach.moved
        start = row[moved]
        assert isinstance(start, int)

        def at(count: int) -> Row:
            return {**row, moved: start + count * self.reach.step}

        low, high, first, last = 0, steps, self.measure(row), self.measure(at(steps))
        if (last - first) * self.sign <= 0:
            return None
        while high - low > 1:  # one of the two halves is wrong as a whole
            middle = (low + high) // 2
            value = self.measure(at(middle))
            low, high, first, last = (
                (low, middle, first, value) if (value - first) * self.sign > 0 else (middle, high, value, last)
            )
        return at(low)

    def after(self, row: Row) -> Row:
        """Return the row in which the input has moved."""
        value = row[self.reach.moved]
        assert isinstance(value, int)
        return {**row, self.reach.moved: value + self.reach.step}


def worsen(change: Change, *, given: Mapping[str, Span] | None = None, allowance: int = ALLOWANCE) -> Answer:
    """Return a row from which the number moves the wrong way, and the row after the change, or that there is none."""
    waiting = deque(_first(change, dict(given or {})))
    work = 0
    while waiting:
        twins = waiting.popleft()
        work += twins.work
        if twins.empty or not twins.may_be_wrong(change.sign):
            continue
        work += 4 * len(twins.gaps)
        row = _wrong_row(change, twins)
        if row is not None:
            return Answer(row=row, after=change.after(row))
        twins = twins.related()
        work += twins.work
        if twins.empty or not twins.may_be_wrong(change.sign):
            continue
        smaller = _split(change, twins) if work < allowance else None
        if smaller is None and (work >= allowance or not all(settled(span) for span in twins.before.domains.values())):
            return Answer(open=True, stuck=twins.before.domains)
        waiting.extend(smaller or ())
    return Answer()


def _first(change: Change, given: dict[str, Span]) -> list[Twins]:
    """Return the twins over all inputs; none where the input has no two neighbours to move between, or is not read."""
    reach = change.reach
    lo, hi, _ = given.get(reach.moved, change.machine.whole[reach.moved])
    span = (lo, hi - reach.step, False) if reach.step > 0 else (lo - reach.step, hi, False)
    if span[0] > span[1] or reach.moved not in reach.part.inputs:
        return []
    before, after = (Box.whole(reach.part, {**given, reach.moved: one}) for one in (span, reach.shifted(span, 1)))
    return [Twins(reach, before, after, (change.place, change.place))]


def _wrong_row(change: Change, twins: Twins) -> Row | None:
    """Try the whole way that the input can move in the box, from a few rows of the other inputs."""
    reach = change.reach
    lo, hi, _ = twins.before.values[reach.input]
    start = lo if reach.step > 0 else hi
    others = {**twins.before.domains, reach.moved: (start, start, False)}
    return next((row for one in change.machine.tried(others) if (row := change.wrong_step(one, hi - lo + 1)) is not None), None)


def _split(change: Change, twins: Twins) -> Iterable[Twins] | None:
    """Return smaller twins: by words, by what is chosen, by what is open, by any input; None if one row is left."""
    found = _by_words(change, twins) or _by_choice(change, twins) or _by_what_is_open(change, twins)
    return found or _by_an_input(change, twins)


def _by_an_input(change: Change, twins: Twins) -> list[Twins] | None:
    """Split the first input that is open: ranges forget what ties two operations together, rows do not."""
    at = next((at for at in _inputs(change.reach) if not settled(twins.before.values[at])), None)
    if at is None:
        return None
    spans = parts_of(twins.before.values[at])
    if at == change.reach.input:
        return _moved(change, twins, spans)
    return [twins.narrowed({at: span}, {at: span}, twins.target) for span in spans]


def _inputs(reach: Reach) -> list[int]:
    return [reach.part.graph.names[name] for name in reach.part.inputs]


def _by_words(change: Change, twins: Twins) -> list[Twins] | None:
    """Split by what the first moving grade, band or term is before and after: a text, or one of a few numbers."""
    gaps, target = twins.gaps, twins.target
    for at in change.reach.words:
        if gaps.graph.parts[at].type == "text":
            pairs = sorted(gaps.words(at, at), key=lambda pair: (pair[0] or "", pair[1] or ""))
            smaller = [twins.narrowed({at: frozenset([a])}, {at: frozenset([b])}, target) for a, b in pairs if len(pairs) > 1]
        else:
            choices = gaps.choices(at, at)
            smaller = [twins.taking(at, at, i, j) for i, j in choices if len(choices) > 1]
        if smaller and not any(one.same_as(twins) for one in smaller):
            return smaller
    return None


def _by_what_is_open(change: Change, twins: Twins) -> list[Twins] | None:
    """Split what the inputs alone leave open in the number, before the change or after it."""
    reach, target = change.reach, twins.target
    for box, of_after in ((twins.before, False), (twins.after, True)):
        plain = Box.whole(reach.part, box.domains)
        found = pivot(plain, change.place, box)
        if found is None:
            continue
        at, spans = found.place, found.spans
        if at == reach.input:
            return _moved(change, twins, [reach.shifted(span, -1) if of_after else span for span in spans])
        still = at in reach.still
        return [twins.narrowed({} if of_after and not still else {at: span}, {at: span} if of_after or still else {}, target)
                for span in spans]  # fmt: skip
    return None


def _moved(change: Change, twins: Twins, spans: list[Span]) -> list[Twins]:
    at = change.reach.input
    return [twins.narrowed({at: span}, {at: change.reach.shifted(span, 1)}, twins.target) for span in spans]


def _by_choice(change: Change, twins: Twins) -> list[Twins] | None:
    """Split by the branches that are taken: of what is asked, those that are wrong; else of what it is computed from, all."""
    gaps, (x, y) = twins.gaps, twins.target
    parts = gaps.graph.parts
    if "case" in (parts[x].op, parts[y].op):
        pairs = [
            (i, j) for i, j in gaps.choices(x, y) if twins.may_be_wrong(change.sign, (gaps.branch(x, i), gaps.branch(y, j)))
        ]
        return [twins.taking(x, y, i, j) for i, j in pairs]
    below = (at for at in reversed(change.reach.moving) if parts[at].op == "case")
    for at in below:
        choices = gaps.choices(at, at)
        smaller = [twins.taking(at, at, i, j) for i, j in choices] if len(choices) > 1 else []
        if smaller and not any(one.same_as(twins) for one in smaller):
            return smaller
    return None
