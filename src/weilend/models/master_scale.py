"""In: a file of PD bounds. Out: grades, and whether outcomes bear them out. Used: by boosters, reports and policies."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.models.calibration import jeffreys_interval, jeffreys_p_value
from weilend.models.metrics import Interval
from weilend.models.table import Integers

FILE: Final = Path(__file__).with_name("master_scale.toml")


class Grade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A grade and the highest PD (ppm) that has it."""

    name: str
    up_to_ppm: int


class MasterScale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Grades, safest first, with rising bounds that end at one.

    >>> scale = load_scale()
    >>> scale.name, scale.names_of(np.array([1_000, 65_000, 65_001]))
    ('standard', ('A1', 'C1', 'C2'))
    """

    name: str
    grade: tuple[Grade, ...]

    def __post_init__(self) -> None:
        bounds = [grade.up_to_ppm for grade in self.grade]
        if not bounds or bounds != sorted(set(bounds)) or bounds[0] <= 0 or bounds[-1] != PPM:
            raise InputError(
                f"the bounds of scale {self.name} do not rise from above 0 to {PPM}", hint="order the grades by PD"
            )
        if len({grade.name for grade in self.grade}) != len(self.grade):
            raise InputError(f"scale {self.name} names a grade twice", hint="give each grade its own name")

    def places(self, pd_ppm: Integers) -> Integers:
        """Return the place 0.. of the grade of each PD; a higher PD never has a safer grade."""
        bounds = np.array([grade.up_to_ppm for grade in self.grade], dtype=np.int64)
        return np.searchsorted(bounds, pd_ppm, side="left").astype(np.int64)

    def names_of(self, pd_ppm: Integers) -> tuple[str, ...]:
        """Return the name of the grade of each PD."""
        return tuple(self.grade[place].name for place in self.places(pd_ppm).tolist())


def load_scale(path: Path = FILE) -> MasterScale:
    """Return the scale in a file; `InputError` where it is malformed.

    >>> len(load_scale().grade)
    11
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), MasterScale)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InputError(f"{path} is not a master scale: {error}", hint="give name and [[grade]] with up_to_ppm") from None


class GradeLine(msgspec.Struct, frozen=True):
    """A grade's rows: mean PD, bad rate with Jeffreys' interval, and the Jeffreys test's p value that the PD is too low."""

    grade: str
    rows: int
    bads: int
    mean_pd_ppm: int
    bad_rate: Interval
    too_low_p_ppm: int


def grade_table(bad: Integers, pd_ppm: Integers, scale: MasterScale) -> tuple[GradeLine, ...]:
    """Return one line for each grade that has rows, safest first.

    >>> line, = grade_table(np.array([1, 0, 0, 0]), np.array([190_000] * 4), load_scale())
    >>> line.grade, line.rows, line.bads, line.bad_rate.estimate_ppm
    ('C3', 4, 1, 250000)
    """
    place = scale.places(pd_ppm)
    return tuple(_line(scale.grade[at].name, bad[place == at], pd_ppm[place == at]) for at in np.unique(place).tolist())


def _line(grade: str, bad: Integers, pd_ppm: Integers) -> GradeLine:
    rows, bads, mean = len(bad), int(bad.sum()), round(float(pd_ppm.mean()))
    p_value = round(PPM * jeffreys_p_value(bads, rows, mean))
    return GradeLine(grade, rows, bads, mean, jeffreys_interval(bads, rows), p_value)
