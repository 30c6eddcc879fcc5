"""In: a spine. Out: who of a kind's subjects is looked at, by which spine row, at which instant. Used: by the SQL engines."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar
from weilend.core.plan import Ints, Spine
from weilend.engine.batch.passes import LOOK_PLACE, LOOK_SUBJECT
from weilend.engine.book_schema import local_days


class Looks(msgspec.Struct, frozen=True):
    """Looks in the order of their subjects: the one at place p has the looks ``start[p] .. start[p + 1]``.

    `row` is the spine row of each look; `as_of` is the instant of each spine row (UTC seconds), `month` the index of its month.

    >>> looks = find_looks(Spine(("E2", "E1", "E2"), (1577808000, 1577808000, 0)), "business_id", Calendar())
    >>> looks.subjects.to_pylist(), looks.start.tolist(), looks.row.tolist(), looks.month.tolist()
    (['E1', 'E2'], [0, 1, 3], [1, 0, 2], [24240, 24240, 23640])
    """

    subjects: pa.Array
    start: Ints
    row: Ints
    as_of: Ints
    month: Ints

    @property
    def one_a_subject(self) -> bool:
        """Whether each subject has one look."""
        return len(self.subjects) == len(self.row)

    @property
    def one_a_row(self) -> bool:
        """Whether no spine row has several."""
        return len(np.unique(self.row)) == len(self.row)

    def table(self) -> pa.Table:
        """Return the subjects with their places, as a pass joins them."""
        places = pa.array(np.arange(len(self.subjects), dtype=np.int32))
        return pa.table({LOOK_SUBJECT: self.subjects, LOOK_PLACE: places})


def find_looks(spine: Spine, role: str, calendar: Calendar) -> Looks:
    """Return the looks of a spine at the subjects of a role; subjects are in the order of their UTF-8, as books keep them."""
    members = spine.members(role)
    names = pa.array([subject for _, subject in members], pa.string())
    order = pc.sort_indices(names).to_numpy()
    runs = pc.run_end_encode(names.take(pa.array(order)))
    as_of = np.array(spine.as_of, dtype=np.int64)
    return Looks(
        subjects=runs.values,
        start=np.append(0, runs.run_ends.to_numpy()).astype(np.int64),
        row=np.array([row for row, _ in members], dtype=np.int64)[order],
        as_of=as_of,
        month=months_of(local_days(as_of, calendar)),
    )


def months_of(days: Ints) -> Ints:
    """Return the month index (``12 * year + month - 1``) of days since 1970-01-01.

    >>> months_of(np.array([0, 18262])).tolist()  # the second is 2020-01-01
    [23640, 24240]
    """
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 12 * 1970
