"""In: signs of a champion, a schedule. Out: whether to refit, to recalibrate or to do nothing, with reasons. Used: by renewal."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.models.calibration import Update

Action = Literal["nothing", "recalibrate", "refit"]
FILE: Final = Path(__file__).with_name("renewal.toml")


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a model is renewed; each number has its reason in the file.

    >>> load_schedule().due_after_days
    365
    """

    least_fresh_bads: int
    least_fresh_goods: int
    due_after_days: int
    drifted: tuple[str, ...]
    too_low: tuple[str, ...]


def load_schedule(path: Path = FILE) -> Schedule:
    """Return the schedule in a file; `InputError` where it is malformed.

    >>> load_schedule(Path("no-such-file"))
    Traceback (most recent call last):
    weilend.core.errors.InputError: no-such-file is no schedule of renewal: ... Hint: give the fields of renewal.toml
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Schedule)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InputError(f"{path} is no schedule of renewal: {error}", hint="give the fields of renewal.toml") from None


class Signs(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks for a renewal: how old the champion is, how its points moved, what its PDs need, how many outcomes are fresh."""

    age_days: int
    fresh_bads: int
    fresh_goods: int
    drift: str
    psi_ppm: int
    chance_ppm: int
    too_low: str
    update: Update
    can_bend: bool


def is_few(bads: int, goods: int, schedule: Schedule) -> bool:
    """Return whether fresh outcomes are fewer than the schedule asks for.

    >>> is_few(29, 900, load_schedule()), is_few(30, 30, load_schedule())
    (True, False)
    """
    return bads < schedule.least_fresh_bads or goods < schedule.least_fresh_goods


def choose_action(signs: Signs, schedule: Schedule) -> tuple[Action, tuple[str, ...]]:
    """Return what to do, and every reason for or against it, in sentences.

    >>> quiet = Signs(age_days=30, fresh_bads=90, fresh_goods=900, drift="green", psi_ppm=0, chance_ppm=9_000, too_low="open",
    ...     update=Update("none", 0, PPM, PPM, PPM), can_bend=False)
    >>> choose_action(quiet, load_schedule())[0]
    'nothing'
    >>> choose_action(msgspec.structs.replace(quiet, update=Update("intercept", 300_000, PPM, 0, PPM)), load_schedule())[0]
    'recalibrate'
    >>> choose_action(msgspec.structs.replace(quiet, age_days=400, fresh_bads=3), load_schedule())
    ('nothing', ('not enough: 3 fresh bads and 900 fresh goods, 30 and 30 needed', '400 days old, due after 365'))
    """
    kind, few = (
        signs.update.kind,
        signs.fresh_bads < schedule.least_fresh_bads or signs.fresh_goods < schedule.least_fresh_goods,
    )
    drifted, due = signs.drift in schedule.drifted, signs.age_days >= schedule.due_after_days
    bent = kind == "intercept_and_slope"
    low = signs.too_low in schedule.too_low
    enough = (
        f"not enough: {signs.fresh_bads} fresh bads and {signs.fresh_goods} fresh goods, "
        f"{schedule.least_fresh_bads} and {schedule.least_fresh_goods} needed"
    )
    found = (
        (few, enough),
        (due, f"{signs.age_days} days old, due after {schedule.due_after_days}"),
        (drifted, f"points moved: PSI {signs.psi_ppm / PPM:.3f}, by chance up to {signs.chance_ppm / PPM:.3f}"),
        (kind != "none", f"PDs are broken: {kind.replace('_', ' ')} (p {signs.update.against_none_ppm / PPM:.4f})"),
        (low, "a grade's PD is too low (Jeffreys, Holm-adjusted)"),
    )
    reasons = tuple(said for holds, said in found if holds) or ("not due, no drift, and its PDs hold",)
    table: Sequence[tuple[bool, Action]] = (
        (few, "nothing"),
        (due or drifted, "refit"),
        (bent and not signs.can_bend, "refit"),  # a card's slope is its scale: only other points can change it
        (kind != "none", "recalibrate"),
        (low, "refit"),  # a grade is wrong and neither intercept nor slope says so: the order is
        (True, "nothing"),
    )
    return next(action for holds, action in table if holds), reasons
