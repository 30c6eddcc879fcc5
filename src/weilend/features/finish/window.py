"""In: states, and how rows look at them. Out: `Window`, what a finish function is given. Used: by every finish function.

Many looks (a fold, or two, and a length) stand behind one another in one window, each with a row for every spine row, so that an
aggregate is called once for all features that use it. A finish function works row by row: what it says of a row must not depend
on what other rows there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.plan import Ints, Slot, State

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
#: How an aggregate groups rows in time; ``series`` divides the window by its own unit.
Grain = Slot | Literal["series"]
T = TypeVar("T")

#: Slots and codes of parties need no more bits.
HALF_BITS = 32
#: Amounts of so many bits (1.4e14 fen) stand beside the number of a row in 64.
AMOUNT_BITS = 47
NO_INTS = np.zeros(0, dtype=np.int64)


class Sight(msgspec.Struct, frozen=True):
    """How looks see spine rows: `length` of each look counts slots (months, or days of a window in days).

    `first_day` (looks, spine rows) and `as_of_day` (spine rows) are the local days since 1970-01-01 on which a window opens and on
    which it looks, `utc_offset_hours` (spine rows) is how far the clock was ahead of UTC then. `lag` says how many slots each look
    leaves out before its own begin, None where no look does.
    """

    length: Ints
    first_day: Ints
    as_of_day: Ints
    utc_offset_hours: Ints
    lag: Ints | None = None


class Rows:
    """Things in the order of rows: the `row` of each, `size` rows, where each row that is `present` has its `start` and `end`.

    >>> rows = Rows(np.array([0, 0, 2]), 3)
    >>> rows.add(np.array([5, 6, 7])), rows.tally(), rows.there
    (array([11,  0,  7]), array([2, 0, 1]), array([ True, False,  True]))
    >>> rows.most(np.array([5, 6, 7]), -1), rows.first(np.array([5, 6, 7]), -1), rows.last(np.array([5, 6, 7]), -1)
    (array([ 6, -1,  7]), array([ 5, -1,  7]), array([ 6, -1,  7]))
    >>> rows.before(np.array([5, 6, 7]), np.array([1, 2, 3])), rows.after(np.array([5, 6, 7]), np.array([1, 2, 3]))
    (array([1, 5, 3]), array([6, 1, 3]))
    """

    def __init__(self, row: Ints, size: int) -> None:
        self.row, self.size = row, size
        begins = np.ones(len(row), dtype=np.bool_)
        np.not_equal(row[1:], row[:-1], out=begins[1:])
        self.start = begins.nonzero()[0]
        self.present = row[self.start]

    @property
    def end(self) -> Ints:
        """The place behind the last thing of each row that is present."""
        end = np.empty(len(self.start), dtype=np.int64)
        end[:-1], end[-1:] = self.start[1:], len(self.row)
        return end

    @property
    def there(self) -> Mask:
        """Which rows have anything."""
        there = np.zeros(self.size, dtype=np.bool_)
        there[self.present] = True
        return there

    def tally(self) -> Ints:
        """Return how many things each row has."""
        return self._place(self.end - self.start, 0)

    def add(self, amount: npt.NDArray[Any]) -> Ints:
        """Return exact integer sums."""
        return self._place(np.add.reduceat(amount, self.start, dtype=np.int64) if len(amount) else NO_INTS, 0)

    def add_floats(self, amount: Floats) -> Floats:
        """Return sums of floats, added as they stand: who calls this sees to it that the order means something."""
        return np.bincount(self.row, weights=amount, minlength=self.size).astype(np.float64)

    def most(self, amount: Ints, nothing: int) -> Ints:
        """Return the largest of each row."""
        return self._place(np.maximum.reduceat(amount, self.start) if len(amount) else NO_INTS, nothing)

    def least(self, amount: Ints, nothing: int) -> Ints:
        """Return the smallest of each row."""
        return self._place(np.minimum.reduceat(amount, self.start) if len(amount) else NO_INTS, nothing)

    def first(self, amount: Ints, nothing: int) -> Ints:
        """Return the first of each row."""
        return self._place(amount[self.start], nothing)

    def last(self, amount: Ints, nothing: int) -> Ints:
        """Return the last of each row."""
        return self._place(amount[self.end - 1], nothing)

    def before(self, column: Ints, first: Ints) -> Ints:
        """Return what stands before each thing in its row; `first` has what stands before the first, one element a row."""
        shifted = np.empty(len(column), dtype=np.int64)
        shifted[1:] = column[:-1]
        shifted[self.start] = first[self.present]
        return shifted

    def after(self, column: Ints, last: Ints) -> Ints:
        """Return what stands after each thing in its row; `last` has what stands after the last, one element a row."""
        shifted = np.empty(len(column), dtype=np.int64)
        shifted[:-1] = column[1:]
        shifted[self.end - 1] = last[self.present]
        return shifted

    def blank(self, values: npt.NDArray[Any]) -> Floats:
        """Return values of rows, NaN where a row has nothing."""
        answer = np.full(self.size, np.nan)
        answer[self.present] = values[self.present]
        return answer

    def ascend(self, amount: Ints) -> Ints:
        """Return amounts, none below zero, in rising order within each row.

        >>> Rows(np.array([0, 0, 2]), 3).ascend(np.array([9, 5, 7]))
        array([5, 9, 7])
        """
        bits = AMOUNT_BITS
        if self.size >> (63 - bits) or (len(amount) and int(amount.max()) >> bits):
            order: Ints = np.lexsort((amount, self.row))
            return amount[order]
        packed: Ints = np.sort((self.row << bits) | amount)  # one number is sorted ten times as fast as two
        ascended: Ints = packed & (2**bits - 1)
        return ascended

    def _place(self, values: Ints, nothing: int) -> Ints:
        if len(values) == self.size:
            return values
        placed = np.full(self.size, nothing, dtype=np.int64) if nothing else np.zeros(self.size, dtype=np.int64)
        placed[self.present] = values
        return placed


class Window(Rows):
    """The groups of folds that lie within windows, in the order (row, party, time). Time runs forward; in a series that tells
    parties apart it may run backward.

    `states` has one state a look, whose rows are spine rows; a row of the window is a spine row as a look sees it, look by look.
    All count time by `grain`. `slot`, `party`, `count` and `total` are columns of the groups as `State` has them, `length`,
    `first_day`, `as_of_day` and `utc_offset_hours` columns of rows as `Sight` has them. `other` is the window of the second part.

    >>> ones = np.ones(3, dtype=np.int64)
    >>> months = State(row=0 * ones, party=0 * ones, slot=np.array([0, 7, 1]), count=ones, total=ones, parties=NO_INTS)
    >>> window = Window([months], Sight(np.array([6]), np.array([[0]]), np.array([180]), np.array([8])), "series")
    >>> window.slot  # the month before last, the last one; seven months ago is too long ago
    array([1, 0])
    """

    def __init__(self, states: Sequence[State], sight: Sight, grain: Grain, others: Sequence[State] = ()) -> None:
        self.sight, self.grain = sight, grain
        self._states = states
        self._others = others
        self._columns: dict[str, npt.NDArray[Any]] = {}
        self._made: dict[Callable[..., Any], Any] = {}
        self._index: Ints | None = None
        looks, each = len(states), len(sight.as_of_day)
        sizes = [len(state.row) for state in states]
        row = (np.arange(looks) * each).repeat(sizes)
        if each > 1:
            row += np.concatenate([state.row for state in states])
        super().__init__(self._arrange(row), looks * each)

    @property
    def length(self) -> Ints:
        """The number of slots that each row looks back."""
        return self.once(_spread_lengths)

    @property
    def first_day(self) -> Ints:
        """The local day on which each row's window opens."""
        return self.sight.first_day.ravel()

    @property
    def as_of_day(self) -> Ints:
        """The local day on which each row looks."""
        return self._repeat(self.sight.as_of_day)

    @property
    def utc_offset_hours(self) -> Ints:
        """How far each row's clock was ahead of UTC when it looked."""
        return self._repeat(self.sight.utc_offset_hours)

    def _repeat(self, column: Ints) -> Ints:
        return np.concatenate([column] * len(self._states))

    @property
    def slot(self) -> Ints:
        """The time of each group."""
        return self._column("slot")

    @property
    def time(self) -> Ints:
        """The time of each group as a number that grows with it."""
        return -self.slot if self.grain == "series" else self.slot

    @property
    def party(self) -> Ints:
        """The code of each group's party, which means nothing beside those of another look."""
        return self._column("party")

    @property
    def count(self) -> Ints:
        """The number of rows of records in each group."""
        return self._column("count")

    @property
    def total(self) -> Ints:
        """The sum of each group."""
        return self._column("total")

    def kept(self, name: str) -> Ints:
        """Return what the folds keep of each group besides."""
        return self._column(name)

    def names(self) -> npt.NDArray[Any]:
        """Return the name, or the integer, by which each group is told apart."""
        named = [state.parties[state.party] for state in self._states if len(state.party)]
        return self._pick(np.concatenate(named)) if named else NO_INTS

    def values(self) -> Ints:
        """Return the integer by which each group is told apart."""
        return self.names().astype(np.int64)

    @property
    def other(self) -> Window:
        """The window of the second part."""
        assert self._others, "an aggregate of two parts is planned with two folds"
        return self.once(_open_other)

    def once(self, make: Callable[[Window], T]) -> T:
        """Return what a function makes of this window, made once for all aggregates that ask for it."""
        if make not in self._made:
            self._made[make] = make(self)
        made: T = self._made[make]
        return made

    def _arrange(self, row: Ints) -> Ints:
        """Find which groups lie within the windows, and in which order; return their rows."""
        inside = self._inside(row)
        if inside is not None and not inside.all():
            row = self._choose(inside.nonzero()[0], row)
        named = any(len(state.parties) for state in self._states)
        who = (row << HALF_BITS) + self.party if named else row
        after, before = who[1:], who[:-1]
        rising = after > before
        if not rising.all():
            time = self.time
            same, later = after == before, time[1:] > time[:-1]
            forward = (rising | (same & later)).all()
            if not forward and not (named and self.grain == "series" and (rising | (same & ~later)).all()):
                row = self._choose(np.lexsort((time, who)), row)
        return row

    def _inside(self, row: Ints) -> Mask | None:
        if self.grain == "series":
            return self.slot < self.length[row] if self.sight.lag is None else self._inside_lagging(self.sight.lag, row)
        return self.slot >= self.first_day[row] if self.grain == "day" else None

    def _inside_lagging(self, lag: Ints, row: Ints) -> Mask:
        """Count slots from where the windows of looks that lag begin, and return which lie within them."""
        slot = self.slot - lag.repeat(len(self.sight.as_of_day))[row]
        self._columns["slot"] = slot
        return (slot >= 0) & (slot < self.length[row])

    def _choose(self, index: Ints, row: Ints) -> Ints:
        """Keep some groups, in an order, of every column."""
        self._index = index if self._index is None else self._index[index]
        self._columns = {name: column[index] for name, column in self._columns.items()}
        return row[index]

    def _column(self, name: str) -> Ints:
        if name not in self._columns:
            plain = name in ("slot", "party", "count", "total")
            parts = [getattr(state, name) if plain else state.kept[name] for state in self._states]
            self._columns[name] = self._pick(np.concatenate(parts))
        return self._columns[name]

    def _pick(self, column: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return column if self._index is None else column[self._index]


def _spread_lengths(window: Window) -> Ints:
    return window.sight.length.repeat(len(window.sight.as_of_day))


def _open_other(window: Window) -> Window:
    return Window(window._others, window.sight, window.grain)
