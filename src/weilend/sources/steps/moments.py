"""In: days and times of day as facts. Out: instants by the home's calendar, and back. Used: as steps of nearly every profile."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar
from weilend.sources.columns.cells import nulls, truth
from weilend.sources.columns.days import DAY_SECONDS, FIRST_DAY, LAST_DAY
from weilend.sources.steps.scene import STEPS, Facts, Scene, Step, Told

_EPOCH: Final = date(1970, 1, 1)
_MONTH_DAY = re.compile(r"(\d{1,2})[/-](\d{1,2})")
_MONTH = re.compile(r"(\d{4})\D+(\d{1,2})")


def instants_of(days: pa.Array, seconds: pa.Array, calendar: Calendar) -> pa.Array:
    """Return the instants (UTC seconds) of local days and seconds since midnight; NULL seconds stand for the end of the day.

    >>> instants_of(pa.array([date(2020, 1, 1)] * 2), pa.array([0, None], pa.int32()), Calendar()).to_pylist()
    [1577808000, 1577894399]
    """
    numbers = days.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False)
    distinct, place = np.unique(numbers, return_inverse=True)
    starts = np.array([calendar.start_of(_EPOCH + timedelta(days=int(day))) for day in distinct], np.int64)
    ends = np.array([calendar.end_of(_EPOCH + timedelta(days=int(day))) for day in distinct], np.int64)
    untimed = nulls(seconds)
    result = np.where(untimed, ends[place], starts[place] + seconds.fill_null(0).to_numpy(zero_copy_only=False))
    _correct_changes(result, (ends - starts + 1 != DAY_SECONDS)[place] & ~untimed, calendar)
    return pa.array(result, mask=nulls(days))


def local_parts(instants: pa.Array, calendar: Calendar) -> tuple[pa.Array, pa.Array]:
    """Return local day and seconds since midnight of instants; seconds are NULL at the end of a day, where a day without a time
    stands.

    >>> [column.to_pylist() for column in local_parts(pa.array([1577808000, 1577894399]), Calendar())]
    [[datetime.date(2020, 1, 1), datetime.date(2020, 1, 1)], [0, None]]
    """
    zone = ZoneInfo(calendar.zone)
    local = [datetime.fromtimestamp(instant, zone) for instant in instants.to_pylist()]
    seconds = [moment.hour * 3600 + moment.minute * 60 + moment.second for moment in local]
    days = pa.array([moment.date() for moment in local], pa.date32())
    return days, pa.array([None if second == DAY_SECONDS - 1 else second for second in seconds], pa.int32())


def _correct_changes(result: npt.NDArray[np.int64], changed: npt.NDArray[np.bool_], calendar: Calendar) -> None:
    """Correct the instants of days on which the clock was put forward or back."""
    for row in np.flatnonzero(changed):
        start = datetime.fromtimestamp(int(result[row]), ZoneInfo(calendar.zone))
        day_start = calendar.start_of(start.date())
        wall = datetime.combine(start.date(), datetime.min.time()) + timedelta(seconds=int(result[row]) - day_start)
        result[row] = int(wall.replace(tzinfo=ZoneInfo(calendar.zone)).timestamp())


def _parse_moment(facts: Facts, scene: Scene) -> Told:
    seconds = facts.get("time", pa.nulls(len(facts["day"]), pa.int32()))
    if "time_day" in facts:  # a time that is said of another day than the booking day says nothing of the booking
        seconds = pc.if_else(
            pc.fill_null(pc.equal(facts["time_day"], facts["day"]), fill_value=False), seconds, pa.scalar(None, pa.int32())
        )
    at = instants_of(facts["day"], seconds, scene.intake.calendar)
    return Told(facts={"happened_on": facts["day"], "happened_at": at, "has_time": pc.is_valid(seconds)})


def _render_moment(facts: Facts, scene: Scene) -> Facts:
    day, seconds = local_parts(facts["happened_at"], scene.intake.calendar)
    return {"day": day, "time": seconds, "time_day": day}


def _parse_statement_year(facts: Facts, scene: Scene) -> Told:
    """Give days written as month/day the year of their statement: a month after that of the statement is of the year before."""
    said = _MONTH.search(scene.said.get("month", ""))

    def dated(text: str) -> date | None:
        found = _MONTH_DAY.fullmatch(text)
        if not found or not said:
            return None
        year, month, day = int(said[1]), int(found[1]), int(found[2])
        try:
            return date(year - (month > int(said[2])), month, day)
        except ValueError:
            return None

    days = [None if text is None else dated(text) for text in facts["month_day"].to_pylist()]
    column = pa.array(days, pa.date32())
    outside = truth(pc.or_(pc.less(column, pa.scalar(FIRST_DAY)), pc.greater(column, pa.scalar(LAST_DAY))))
    return Told(facts={"day": column}, faults=((nulls(column), "not_a_day"), (outside, "day_out_of_range")))


def _render_statement_year(facts: Facts, _scene: Scene) -> Facts:
    return {"month_day": pa.array([day.strftime("%m/%d") for day in facts["day"].to_pylist()], pa.string())}


def _parse_event(name: str) -> Step:
    """Return a step that makes the instant `<name>_at` of the facts `<name>_day` and `<name>_time`."""

    def parse(facts: Facts, scene: Scene) -> Told:
        return Told(facts={f"{name}_at": instants_of(facts[f"{name}_day"], facts[f"{name}_time"], scene.intake.calendar)})

    def render(facts: Facts, scene: Scene) -> Facts:
        known = pc.is_valid(facts[f"{name}_at"])
        day, seconds = local_parts(facts[f"{name}_at"].fill_null(0), scene.intake.calendar)
        return {
            f"{name}_day": pc.if_else(known, day, pa.scalar(None, pa.date32())),
            f"{name}_time": pc.if_else(known, pc.fill_null(seconds, DAY_SECONDS - 1), pa.scalar(None, pa.int32())),
        }

    return Step(parse, render, (f"{name}_at",))


STEPS.add("moment", Step(_parse_moment, _render_moment, ("happened_on", "happened_at", "has_time")))
STEPS.add("statement_year", Step(_parse_statement_year, _render_statement_year, ("day",)))
for _name in ("placed", "pay", "consign", "signed", "end", "promised", "closed", "review"):
    STEPS.add(f"{_name}_moment", _parse_event(_name))
