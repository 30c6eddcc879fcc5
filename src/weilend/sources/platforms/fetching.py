"""In: how far a shop has been read. Out: the requests to ask next, and the records in the answers. Used: by platforms and
jobs.

Platforms hand over what changed within a window of time, a page at a time, newest first; new changes push older ones to later
pages. So the first page of a window tells how many there are, and the others are asked from the last one back: none is
missed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError
from weilend.sources.batch import Batch
from weilend.sources.documents.jsons import Json, everywhere, load_object
from weilend.sources.intake import Intake

OVERLAP_SECONDS: Final = 600  # asked again: a change may become visible a little after its time
DAY_SECONDS: Final = 86_400


class SyncState(msgspec.Struct, frozen=True, kw_only=True):
    """How far a shop has been read: up to what instant its changes are known (None: not at all), and what time it is now.

    >>> SyncState(now=0).synced_until is None
    True
    """

    now: int
    synced_until: int | None = None
    calendar: Calendar = Calendar()


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a platform's interface, without credentials: its name, its parameters, and the window and page that it covers.

    >>> Request(method="m", params={}, since=0, until=9, page=1).until
    9
    """

    method: str
    params: dict[str, str | int]
    since: int
    until: int
    page: int


Parse = Callable[[bytes, Intake, int | None, str], Batch]


class Fetcher(msgspec.Struct, frozen=True, kw_only=True):
    """How one interface of a platform is asked by the time of last change, and read.

    `window_seconds` is the longest window that one request may cover, `history_days` how far back the platform looks. `names`
    are the parameters for since, until, page and page size; `stamp` says whether they hold local time or UTC seconds.

    >>> from weilend.sources.platforms.taobao import TRADES
    >>> [request.params["page_no"] for request in TRADES.plan(SyncState(now=1_700_000_000, synced_until=1_699_999_000))]
    [1]
    """

    platform: str
    method: str
    names: tuple[str, str, str, str]
    read: Parse
    window_seconds: int = DAY_SECONDS
    history_days: int = 90
    page_size: int = 100
    first_page: int = 1
    stamp: Literal["local", "epoch"] = "local"
    total: str = "total_results"
    params: Mapping[str, str | int] = {}

    def plan(self, state: SyncState) -> tuple[Request, ...]:
        """Return the first request of every window that is to be read, oldest first; empty where all is read.

        What is older than the platform keeps cannot be asked any more: a shop must be read at least once in `history_days`.
        """
        oldest = state.now - self.history_days * DAY_SECONDS
        since = oldest if state.synced_until is None else max(oldest, state.synced_until - OVERLAP_SECONDS)
        if state.synced_until is not None and state.synced_until > state.now:
            raise InputError("a shop was read up to a time that has not come", hint="check the clock, or the state of the shop")
        starts = range(since, state.now, self.window_seconds)
        return tuple(
            self._request(at, min(at + self.window_seconds, state.now), self.first_page, state.calendar) for at in starts
        )

    def follow(self, request: Request, response: bytes, calendar: Calendar) -> tuple[Request, ...]:
        """Return the requests for the other pages of a window, from the last one back, given the answer to its first."""
        if request.page != self.first_page:
            return ()
        total = next((one for one in everywhere(load_object(response, self.method), self.total) if isinstance(one, int)), 0)
        pages = -(-total // self.page_size)
        last = self.first_page + pages - 1
        return tuple(self._request(request.since, request.until, page, calendar) for page in range(last, self.first_page, -1))

    def parse(self, response: bytes, intake: Intake, *, received_at: int | None = None) -> Batch:
        """Return the records in an answer.

        With `received_at` (UTC seconds) they were observed then. Without, the answer is history handed over: each station that an
        order tells of (paid, shipped, signed) becomes a version known when it was reached.
        """
        return self.read(response, intake, received_at, self.method)

    def advance(self, state: SyncState, requests: tuple[Request, ...]) -> SyncState:
        """Return the state after every page of some windows has been read."""
        until = max([request.until for request in requests], default=state.synced_until or 0)
        return msgspec.structs.replace(state, synced_until=until if requests else state.synced_until)

    def _request(self, since: int, until: int, page: int, calendar: Calendar) -> Request:
        values = (self._stamp(since, calendar), self._stamp(until, calendar), page, self.page_size)
        params = {**self.params, **dict(zip(self.names, values, strict=True))}
        return Request(method=self.method, params=params, since=since, until=until, page=page)

    def _stamp(self, instant: int, calendar: Calendar) -> str | int:
        return instant if self.stamp == "epoch" else local_time(instant, calendar)


def local_time(instant: int, calendar: Calendar) -> str:
    """Return an instant as a platform writes local time.

    >>> local_time(0, Calendar())
    '1970-01-01 08:00:00'
    """
    day = calendar.day_of(instant)
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=midnight + instant - calendar.start_of(day))
    return f"{local:%Y-%m-%d %H:%M:%S}"


def answered(message: Json) -> str | None:
    """Return what a platform says instead of an answer, None where it answers.

    >>> answered({"error_response": {"code": 27, "msg": "Invalid session"}})
    'Invalid session'
    """
    for name in ("error_response", "errorResponse"):
        error: Any = message.get(name)
        if isinstance(error, dict):
            told = (error.get(key) for key in ("sub_msg", "error_msg", "zh_desc", "msg", "code"))
            return str(next((one for one in told if one), "an error"))
    return None
