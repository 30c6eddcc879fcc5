"""In: the facts of a whole sheet. Out: the same in the order in which things happened, lines numbered. Used: as steps over a
sheet.

Exports stand the latest row first or last; here every sheet is turned so that rows ascend, before any balance is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.registry import Registry
from weilend.sources.columns.days import FIRST_DAY, LAST_DAY, read_day
from weilend.sources.columns.groups import ordinals_of
from weilend.sources.steps.scene import Facts, Scene, count_of

#: Steps over the facts of a whole sheet, by name.
WHOLES: Registry[Callable[[Facts, Scene], Facts]] = Registry("step over a sheet")

_EPOCH: Final = date(1970, 1, 1)
_DAY = re.compile(r"\d{4}\D\d{1,2}\D\d{1,2}日?|\d{8}")


def ascend(facts: Facts, scene: Scene) -> Facts:
    """Return facts in the order in which they happened.

    The sheet is turned where most rows descend, or, where days tell nothing, where balances run from below. Lines of one day then
    stay as the bank booked them; a bill without balances is ordered by its times.

    >>> from weilend.core.calendars import Calendar
    >>> from weilend.sources import CUMCM2020C, Intake
    >>> scene = Scene(profile=CUMCM2020C, layout=CUMCM2020C.layouts[0], intake=Intake(calendar=Calendar(), consent_id="x"))
    >>> days = pa.array([date(2020, 1, 2), date(2020, 1, 1)])
    >>> ascend({"happened_on": days, "happened_at": pa.array([9, 5])}, scene)["happened_at"].to_pylist()
    [5, 9]
    """
    count = count_of(facts)
    order = np.arange(count)
    if _descends(facts, scene):
        order = order[::-1]
    by = facts["happened_on"].cast(pa.int32()) if has_balances(facts) else facts["happened_at"]
    key = by.to_numpy(zero_copy_only=False)[order]
    if count and (np.diff(key) < 0).any():
        order = order[np.argsort(key, kind="stable")]
    return (
        facts if np.array_equal(order, np.arange(count)) else {name: fact.take(pa.array(order)) for name, fact in facts.items()}
    )


def number_lines(facts: Facts, _scene: Scene) -> Facts:
    """Return facts with `line_no`, the place of each line among those of its account and day, from 1.

    A number within the day, and not within the file, is the same in every statement that holds the whole day.

    >>> days = pa.array([date(2020, 1, 1), date(2020, 1, 1), date(2020, 1, 2)])
    >>> number_lines({"account_id": pa.array(["a", "a", "a"]), "happened_on": days}, None)["line_no"].to_pylist()
    [1, 2, 1]
    """
    return facts | {"line_no": pa.array(ordinals_of([facts["account_id"], facts["happened_on"]]) + 1)}


def say_until(facts: Facts, scene: Scene) -> Facts:
    """Return facts with `until_on`, the last day that the file covers, and `late_on`, when a row was known as it stands.

    That is the day it happened, or, where something came later (what was paid back of it), the last day that the file covers.

    >>> from weilend.core.calendars import Calendar
    >>> from weilend.sources import CUMCM2020C, Intake
    >>> intake = Intake(calendar=Calendar(), consent_id="x")
    >>> scene = Scene(profile=CUMCM2020C, layout=CUMCM2020C.layouts[0], intake=intake, said={"until": "2020-02-29 23:59:59"})
    >>> say_until({"happened_on": pa.array([date(2020, 1, 2)])}, scene)["until_on"].to_pylist()
    [datetime.date(2020, 2, 29)]
    """
    days = facts["happened_on"]
    last = pc.max(days).as_py()
    said = said_day(scene, "until")
    until = max((day for day in (last, said) if day is not None), default=None)
    until_on = pa.repeat(pa.scalar(until, pa.date32()), count_of(facts))
    late = pc.is_valid(facts["refunded_fen"]) if "refunded_fen" in facts else pa.repeat(pa.scalar(value=False), count_of(facts))
    return facts | {"until_on": until_on, "late_on": pc.if_else(late, pc.max_element_wise(until_on, days), days)}


def said_day(scene: Scene, name: str) -> date | None:
    """Return a day that the lines around the rows say, None where they do not, or say one that cannot be.

    >>> from weilend.core.calendars import Calendar
    >>> from weilend.sources import CUMCM2020C, Intake
    >>> intake = Intake(calendar=Calendar(), consent_id="x")
    >>> said_day(Scene(profile=CUMCM2020C, layout=CUMCM2020C.layouts[0], intake=intake, said={"since": "20251201"}), "since")
    datetime.date(2025, 12, 1)
    """
    found = _DAY.search(scene.said.get(name, ""))
    day = read_day(found[0], ("ymd",)) if found else None
    return day if day is not None and FIRST_DAY <= day <= LAST_DAY else None


def signed_fen(facts: Facts) -> pa.Array:
    """Return amounts with their sign: what came in above zero.

    >>> signed_fen({"direction": pa.array(["in", "out"]), "amount_fen": pa.array([5, 7])}).to_pylist()
    [5, -7]
    """
    return pc.if_else(pc.equal(facts["direction"], "out"), pc.negate(facts["amount_fen"]), facts["amount_fen"])


def has_balances(facts: Facts) -> bool:
    """Return whether any line says the balance after it.

    >>> has_balances({"balance_fen": pa.nulls(2, pa.int64())})
    False
    """
    return "balance_fen" in facts and facts["balance_fen"].null_count < len(facts["balance_fen"])


def day_before(day: date) -> date:
    """Return the day before.

    >>> day_before(date(2020, 3, 1))
    datetime.date(2020, 2, 29)
    """
    return day - timedelta(days=1)


def _descends(facts: Facts, scene: Scene) -> bool:
    steps = np.diff(facts["happened_at"].to_numpy(zero_copy_only=False))
    down, up = int((steps < 0).sum()), int((steps > 0).sum())
    if down != up:
        return down > up
    if has_balances(facts):
        amount = signed_fen(facts).to_numpy(zero_copy_only=False)
        balance = facts["balance_fen"].cast(pa.float64()).fill_null(float("nan")).to_numpy(zero_copy_only=False)
        forward = int((balance[1:] == balance[:-1] + amount[1:]).sum())
        backward = int((balance[:-1] == balance[1:] + amount[:-1]).sum())
        if forward != backward:
            return backward > forward
    return scene.layout.descending


WHOLES.add("ascend", ascend)
WHOLES.add("number_lines", number_lines)
WHOLES.add("say_until", say_until)
