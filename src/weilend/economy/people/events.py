"""In: a scene and its visits. Out: `user_event` records: registrations, pages, forms with their rhythm. Used: by telling.

A form is filled in at the pace of its user: some type, some paste, some begin and leave. Its last event is the moment at which it
is sent, and all of it lies after the consent that its terms asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from weilend.economy.catalogue import catalogue, drawn
from weilend.economy.firms import Bools, Floats, Ints
from weilend.economy.people.scene import Scene
from weilend.economy.people.tokens import DISTRICT_NUMBERS, owner_codes, tokens
from weilend.economy.people.visits import APPLY, BROWSE, LEAVE, NEW_PHONE, REGISTER, Visits
from weilend.economy.traces import maybe, tell, words

_ACTS: Final = (
    "open", "register", "login", "login_failed", "view", "calculate", "ask_staff", "start_form", "read_terms", "fill_field",
    "submit_form", "leave_form", "change_phone", "change_device", "change_password", "change_payee",
)  # fmt: skip
#: No form takes longer, whoever fills it in: the app asks again after that.
_LONGEST_MS = 880_000


class _Events(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Events as rows: `visit` they belong to, `at`, `act` a place in `_ACTS`, `page` one in the vocabulary of `_pages`, the rest
    -1 where it does not apply.
    """

    visit: Ints
    at: Ints
    act: Ints
    page: Ints
    duration_ms: Ints
    pasted: Ints
    edits: Ints
    fen: Ints


def tell_events(scene: Scene, visits: Visits) -> list[pa.Table]:
    """Return what users did, in a district.

    >>> from weilend.economy.people.scene import make_scene
    >>> from weilend.economy.people.visits import draw_visits
    >>> from weilend.economy.plan import make_plan
    >>> scene = make_scene(make_plan(businesses=200, months=12, seed=1), 0)
    >>> events = tell_events(scene, draw_visits(scene))[0]
    >>> events["act"].to_pylist().count("submit_form") >= len(scene.asks)
    True
    """
    dice = scene.dice("events")
    parts = [_single(visits), _browsing(scene, dice, visits), _forms(scene, dice, visits)]
    rows = {name: np.concatenate([getattr(one, name) for one in parts]) for name in _Events.__struct_fields__}
    visit = rows["visit"]
    business = (visits.firm[visit] >= 0) & (visits.purpose[visit] == APPLY)
    columns = {
        "owner_id": owner_codes(scene.district, visits.user[visit]),
        "device_id": tokens("device", visits.device[visit]),
        "business_id": pa.array(scene.firms.code[visits.firm[visit]], mask=~business),
        "act": words(_ACTS, rows["act"]),
        "page": words(_pages(), rows["page"]),
        "session_id": tokens("session", scene.district * DISTRICT_NUMBERS + visit),
        "duration_ms": _said(rows["duration_ms"]),
        "is_pasted": maybe(rows["pasted"] == 1, rows["pasted"] >= 0),
        "edits_count": _said(rows["edits"]),
        "amount_fen": _said(rows["fen"]),
    }
    return [tell("user_event", columns, at=rows["at"], source="app", key=())]


def _said(numbers: Ints) -> pa.Array:
    return maybe(numbers, numbers >= 0)


def _pages() -> list[str]:
    """Return the names of pages, then those of fields."""
    return [one.name for one in catalogue().pages] + [one.name for one in catalogue().fields]


def _rows(visit: Ints, at: Ints, act: Ints, **given: Ints) -> _Events:
    """Return events, without what does not apply."""
    none = np.full(len(visit), -1)
    rest = {name: given.get(name, none) for name in ("page", "duration_ms", "pasted", "edits", "fen")}
    return _Events(visit=visit, at=at, act=act, **rest)


def _single(visits: Visits) -> _Events:
    """Return visits that are one event: registrations, and changes of telephone, device, password, payee."""
    visit = np.flatnonzero((visits.purpose == REGISTER) | (visits.purpose >= NEW_PHONE))
    act = _ACTS.index("change_phone") + visits.purpose[visit] - NEW_PHONE
    return _rows(visit, visits.at[visit], np.where(visits.purpose[visit] == REGISTER, _ACTS.index("register"), act))


def _browsing(scene: Scene, dice: np.random.Generator, visits: Visits) -> _Events:
    """Return visits as the opening of the app and some pages, by the taste of owners and of others."""
    visit = np.flatnonzero(visits.purpose == BROWSE)
    pages = 1 + dice.poisson(scene.plan.constants["pages_mean"], len(visit))
    row = np.repeat(visit, pages)
    first = np.concatenate([[0], np.cumsum(pages)[:-1]]).astype(np.int64)[: len(visit)]
    duration = np.rint(14_000 * np.exp(0.9 * dice.standard_normal(len(row)))).astype(np.int64)
    page = _pages_of(scene, dice, scene.people.is_owner[visits.user[row]])
    page[first] = 0
    act = np.array([_ACTS.index(one.act) for one in catalogue().pages])[page]
    act[first] = _ACTS.index("open")
    return _rows(row, visits.at[row] + _before(duration, first, pages) // 1_000, act, page=page, duration_ms=duration)


def _pages_of(scene: Scene, dice: np.random.Generator, is_owner: Bools) -> Ints:
    """Return the pages that users turn to: owners at times as others do."""
    pages, count = catalogue().pages, len(is_owner)
    tastes = is_owner & (dice.random(count) < scene.plan.constants["page_taste"])
    return np.where(tastes, drawn(dice, [one.owner for one in pages], count), drawn(dice, [one.other for one in pages], count))


def _before(duration: Ints, first: Ints, counts: Ints) -> Ints:
    """Return how much time of its visit had passed before each event."""
    passed = np.cumsum(duration) - duration
    return passed - np.repeat(passed[first], counts)


def _forms(scene: Scene, dice: np.random.Generator, visits: Visits) -> _Events:
    """Return forms: start, terms, fields, and that it is sent or left."""
    visit = np.flatnonzero((visits.purpose >= APPLY) & (visits.purpose <= LEAVE))
    fields = catalogue().fields
    script = [_ACTS.index("start_form"), _ACTS.index("read_terms"), *[_ACTS.index("fill_field")] * len(fields), -1]
    shape = (len(visit), len(script))
    act = np.broadcast_to(script, shape).copy()
    left = visits.purpose[visit] == LEAVE
    act[:, -1] = np.where(left, _ACTS.index("leave_form"), _ACTS.index("submit_form"))
    person = _typing(scene, dice, visits.user[visit], len(fields))
    duration = np.concatenate([_start(dice, len(visit)), person["duration_ms"], np.zeros((len(visit), 1), np.int64)], axis=1)
    for_firms = np.array([False, False, *(one.firms for one in fields), False])
    shown = ~for_firms | (visits.firm[visit] >= 0)[:, None]
    stays = np.where(left, dice.integers(0, len(fields), len(visit)), len(fields))
    shown &= (np.arange(len(script)) < 2 + stays[:, None]) | (np.arange(len(script)) == len(script) - 1)
    duration = np.where(shown, duration, 0)
    to_end = np.minimum(duration[:, ::-1].cumsum(axis=1)[:, ::-1], _LONGEST_MS)
    at = visits.at[visit][:, None] - to_end // 1_000
    asks = np.flatnonzero(visits.purpose[visit] == APPLY)  # in the order of the scene's asks
    at[asks, :2] = scene.consented_at()[:, None] - _until_consent(duration[asks, :2])
    given = {"page": _field_pages(shape), "duration_ms": np.where(np.arange(shape[1]) < shape[1] - 1, duration, -1)}
    given |= {name: _inside(person[name], shape) for name in ("pasted", "edits")}
    given["fen"] = _amounts(visits.want[visit], shape)
    row = np.broadcast_to(visit[:, None], shape)
    return _rows(row[shown], at[shown], act[shown], **{name: value[shown] for name, value in given.items()})


def _until_consent(duration: Ints) -> Ints:
    """Return how many seconds before the consent the start (first) and the terms (second) of a form came up."""
    until: Ints = np.stack([duration.sum(axis=1), duration[:, 1]], axis=1)
    return until // 1_000 + 1


def _start(dice: np.random.Generator, count: int) -> Ints:
    """Return how long (ms) the start and the terms of each form are on the screen."""
    shown: Floats = np.array([2_500.0, 16_000.0]) * np.exp(0.8 * dice.standard_normal((count, 2)))
    return np.rint(shown).astype(np.int64)


def _typing(scene: Scene, dice: np.random.Generator, user: Ints, fields: int) -> Mapping[str, Ints]:
    """Return how each field is filled in: by the pace of its user, at times pasted, at times corrected."""
    shape = (len(user), fields)
    weight = np.array([one.weight for one in catalogue().fields])
    pasted = dice.random(shape) < scene.people.pastes[user][:, None]
    pace: Floats = scene.people.pace[user][:, None] * weight * np.exp(0.45 * dice.standard_normal(shape))
    edits = dice.poisson(0.22, shape) * ~pasted
    duration = np.rint(np.where(pasted, 0.25 * pace, pace) * (1 + 0.5 * edits)).astype(np.int64)
    return {"duration_ms": np.maximum(duration, 40), "pasted": pasted.astype(np.int64), "edits": edits}


def _field_pages(shape: tuple[int, int]) -> Ints:
    """Return the page of each step of a form: fields have names, the other steps none."""
    pages = len(catalogue().pages)
    return np.broadcast_to([-1, -1, *(pages + np.arange(shape[1] - 3)), -1], shape)


def _inside(values: Any, shape: tuple[int, int]) -> Ints:
    """Return values of the fields, -1 at the other steps."""
    padded = np.full(shape, -1)
    padded[:, 2:-1] = values
    return padded


def _amounts(want: Floats, shape: tuple[int, int]) -> Ints:
    """Return the amount that stands in the last field, in whole thousands of yuan as people write it."""
    padded = np.full(shape, -1)
    padded[:, -2] = np.maximum(np.rint(want / 1_000), 1).astype(np.int64) * 100_000
    return padded
