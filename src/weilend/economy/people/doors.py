"""In: a scene. Out: `consent` and `identity_check` records. Used: by telling.

Consent comes before what it allows: to watch for fraud before the first event, to ask the bureau before the report. Identity is
checked while the form is filled in; honest people fail too, and try again.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import pyarrow as pa

from weilend.core.ids import content_hash
from weilend.core.money import PPM
from weilend.economy.firms import Floats, Ints
from weilend.economy.people.holdings import NOTHING
from weilend.economy.people.making import first_day
from weilend.economy.people.scene import Scene
from weilend.economy.people.tokens import owner_codes, tokens
from weilend.economy.traces import dates, local_day, maybe, tell, words

_PURPOSES: Final = ("anti_fraud", "marketing", "credit_decision", "bureau_query", "sharing", "model_building")
_ANTI_FRAUD, _MARKETING, _CREDIT, _BUREAU, _SHARING, _MODELS = range(6)
_METHODS: Final = ("phone", "name_and_id", "id_document", "face", "bank_card", "business_licence", "legal_representative")
_DOCUMENT, _FACE, _LICENCE = 2, 3, 5
_OUTCOMES: Final = ("pass", "fail", "unclear", "unavailable")
#: The first check comes so long before an application is sent; each takes so long.
_CHECKS_BEFORE, _CHECK_SECONDS = 420, 36


class _Said(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Acts of consent as rows: `firm` -1 where it is about the user alone."""

    user: Ints
    firm: Ints
    purpose: Ints
    at: Ints
    withdrawn: bool = False


def tell_doors(scene: Scene) -> dict[str, list[pa.Table]]:
    """Return consents and identity checks of a district.

    >>> from weilend.economy.people.scene import make_scene
    >>> from weilend.economy.plan import make_plan
    >>> told = tell_doors(make_scene(make_plan(businesses=200, months=12, seed=1), 0))
    >>> told["consent"][0]["act"].to_pylist().count("granted") > 800
    True
    """
    return {"consent": [_consents(scene, scene.dice("consent"))], "identity_check": [_checks(scene, scene.dice("identity"))]}


def marketing_until(scene: Scene) -> tuple[Ints, Ints]:
    """Return from when until when (UTC seconds) each user allows that we write to them; where never, an empty span.

    >>> from weilend.economy.people.scene import make_scene
    >>> from weilend.economy.plan import make_plan
    >>> begin, end = marketing_until(make_scene(make_plan(businesses=200, months=12, seed=1), 0))
    >>> 0.4 < float((begin < end).mean()) < 0.8
    True
    """
    c, dice, joined = scene.plan.constants, scene.dice("marketing"), scene.joined_at()
    allows = dice.random(len(joined)) < c["marketing_consent_share"]
    stops = allows & (dice.random(len(joined)) < c["marketing_withdrawn_share"])
    rest = np.maximum(scene.end_at - joined - 120, 1)
    stop = joined + 60 + (dice.random(len(joined)) * rest).astype(np.int64)
    return np.where(allows, joined + 20, scene.end_at), np.where(stops, stop, scene.end_at)


def _consents(scene: Scene, dice: np.random.Generator) -> pa.Table:
    """Return who allowed what when."""
    users, joined, asks = np.arange(len(scene.people)), scene.joined_at(), scene.asks
    begin, end = marketing_until(scene)
    allows, stops = np.flatnonzero(begin < scene.end_at), np.flatnonzero((begin < end) & (end < scene.end_at))
    given = scene.consented_at()
    builds = np.flatnonzero(dice.random(len(asks)) < scene.plan.constants["modelling_consent_share"])

    def of_users(who: Ints, purpose: int, at: Ints, *, withdrawn: bool = False) -> _Said:
        firm = np.full(len(who), NOTHING)
        return _Said(user=who, firm=firm, purpose=np.full(len(who), purpose), at=at[who], withdrawn=withdrawn)

    def of_asks(row: Ints, purpose: int) -> _Said:
        return _Said(user=scene.askers()[row], firm=asks.firm[row], purpose=np.full(len(row), purpose), at=given[row])

    every = np.arange(len(asks))
    said = [
        of_users(users, _ANTI_FRAUD, joined - 15),
        of_users(allows, _MARKETING, begin),
        of_users(stops, _MARKETING, end, withdrawn=True),
        of_asks(every, _CREDIT),
        of_asks(every, _BUREAU),
        of_asks(every, _SHARING),
        of_asks(builds, _MODELS),
    ]
    return _told_consents(scene, dice, said)


def _told_consents(scene: Scene, dice: np.random.Generator, said: list[_Said]) -> pa.Table:
    user, firm, purpose, at = (
        np.concatenate([getattr(one, name) for one in said]) for name in ("user", "firm", "purpose", "at")
    )
    wordings = [content_hash({"purpose": one})[:16] for one in _PURPOSES]
    asked = firm >= 0
    columns = {
        "owner_id": owner_codes(scene.district, user),
        "business_id": _business(scene, firm),
        "purpose": words(_PURPOSES, purpose),
        "act": words(
            ("granted", "withdrawn"), np.repeat([int(one.withdrawn) for one in said], [len(one.user) for one in said])
        ),
        "recipient": words(("partners",), np.where(purpose == _SHARING, 0, -1)),
        "wording_id": words(wordings, purpose),
        "door": words(("app", "web"), (scene.traits(user) % 8 == 0).astype(np.int64)),
        "valid_until_on": dates(local_day(at) + 730, asked),
        "read_seconds": maybe(np.rint(9 * np.exp(0.7 * dice.standard_normal(len(at)))).astype(np.int64), at > 0),
    }
    key = ("owner_id", "business_id", "purpose", "act", "happened_on")
    return tell("consent", columns, at=at, source="app", key=key)


def _business(scene: Scene, firm: Ints) -> pa.Array:
    """Return the codes of firms, NULL where there is none."""
    return pa.array(scene.firms.code[firm], mask=firm < 0)


def _checks(scene: Scene, dice: np.random.Generator) -> pa.Table:
    """Return the identity checks of every application: a first attempt of each method, a second one of who failed."""
    asks, people, company = scene.asks, scene.people, scene.firms.is_company[scene.asks.firm]
    methods = np.where(company, len(_METHODS), _LICENCE)
    ask = np.repeat(np.arange(len(asks)), methods)
    method = np.arange(len(ask)) - np.repeat(np.cumsum(methods) - methods, methods)
    user = scene.askers()[ask]
    outcome = _outcomes(scene, dice, people.fails[user])
    again = np.flatnonzero(outcome == 1)
    second = _outcomes(scene, dice, np.minimum(2 * people.fails[user[again]], 0.8))
    ask, method, user = (np.concatenate([one, one[again]]) for one in (ask, method, user))
    attempt = np.repeat([1, 2], [len(outcome), len(again)])
    outcome = np.concatenate([outcome, second])
    at = scene.asked_at()[ask] - _CHECKS_BEFORE + method * _CHECK_SECONDS + attempt * 12 - dice.integers(0, 12, len(ask))
    judged = outcome < 3
    match = np.clip(people.face[user] + 0.015 * dice.standard_normal(len(user)) - 0.25 * (outcome == 1), 0, 1)
    until = 11 + scene.traits(user) % (365 * 12)
    columns = {
        "owner_id": owner_codes(scene.district, user),
        "business_id": pa.array(scene.firms.code[asks.firm[ask]]),
        "device_id": tokens("device", scene.asking_devices()[ask]),
        "method": words(_METHODS, method),
        "outcome": words(_OUTCOMES, outcome),
        "verifier": words(("operator", "police", "police", "police", "card_network", "register", "register"), method),
        "match_ppm": maybe(np.rint(match * PPM).astype(np.int64), (method == _FACE) & judged),
        "attempt_no": pa.array(attempt),
        "document_until_on": dates(first_day(scene.plan, 0) + until, (method == _DOCUMENT) & judged),
        "looks_forged": maybe(dice.random(len(user)) < 0.003 + 0.03 * (outcome == 1), (method == _DOCUMENT) & judged),
    }
    key = ("owner_id", "business_id", "method", "attempt_no", "happened_on")
    return tell("identity_check", columns, at=at, source="app", key=key)


def _outcomes(scene: Scene, dice: np.random.Generator, fails: Floats) -> Ints:
    """Return how checks end, by the chance to fail of each."""
    c, luck = scene.plan.constants, dice.random(len(fails))
    unclear = 1 - c["check_unclear"] - c["check_down"]
    return np.where(luck < fails, 1, np.where(luck < unclear, 0, np.where(luck < 1 - c["check_down"], 2, 3)))
