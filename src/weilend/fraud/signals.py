"""In: the features of an application. Out: the marks of fraud that they bear. Used: by the verdict, and where it is
learned how rare
each mark is.

A mark is a line of `signals.toml`: a formula over the feature set `fraud`, in the language of rules and limits. One
application goes
through plain Python, many through NumPy; both come from one formula and agree.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.core.values import Reason
from weilend.features.compute import FeatureTable
from weilend.features.plans import FeatureSet
from weilend.features.sets import FRAUD
from weilend.formula import Formula, parse

Flags = npt.NDArray[np.bool_]


class Signal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One mark: when it holds, which feature's sentence says so, and the family of marks that say the same.

    >>> SIGNALS["emulator"].family, SIGNALS["emulator"].say({"device_emulator_count_90d": 3}).en
    ('device', '3 visits on an emulator in the last 90 days')
    """

    id: str
    family: str
    when: str
    tells: str

    def say(self, values: Mapping[str, int | None]) -> Reason:
        """Return the sentence of this mark for the values that bear it, in English and Chinese."""
        said = FRAUD[self.tells].say(values.get(self.tells))
        return Reason(f"fraud_{self.id}", said.en, said.zh, "soft_signal", "fraud")


def read_signals(text: str) -> dict[str, Signal]:
    """Return the marks of a table in TOML by id; raises `InputError` for one that is there twice or tells no feature.

    >>> read_signals('[[signals]]\\nid = "x"\\nfamily = "f"\\nwhen = "true"\\ntells = "nothing"')
    Traceback (most recent call last):
    weilend.core.errors.InputError: signal x tells 'nothing', which is no feature. Hint: name one of the feature set fraud
    """
    try:
        rows = msgspec.convert(tomllib.loads(text)["signals"], list[Signal])
    except (tomllib.TOMLDecodeError, KeyError, msgspec.ValidationError) as error:
        raise InputError(f"this is no table of signals: {error}", hint="a line needs id, family, when and tells") from None
    found: dict[str, Signal] = {}
    for one in rows:
        if one.id in found:
            raise InputError(f"signal {one.id} is there twice", hint="give each its own id")
        if one.tells not in {feature.name for feature in FRAUD.features}:
            hint = "name one of the feature set fraud"
            raise InputError(f"signal {one.id} tells {one.tells!r}, which is no feature", hint=hint)
        found[one.id] = one
    return found


SIGNALS: Final = read_signals(files("weilend.fraud").joinpath("signals.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=8)
def _formulas(features: FeatureSet) -> dict[str, Formula]:
    fields = {feature.name: feature.as_field() for feature in features.features}
    return {one.id: parse(one.when, fields) for one in SIGNALS.values()}


def find_marks(values: Mapping[str, int | None]) -> tuple[str, ...]:
    """Return the ids of the marks that one application bears, in the order of the table; what is not known is no mark.

    Raises `InputError` where a feature of the set is missing altogether.

    >>> nothing = dict.fromkeys((feature.name for feature in FRAUD.features), None)
    >>> find_marks(nothing), find_marks({**nothing, "device_emulator_count_90d": 1})
    ((), ('emulator',))
    """
    try:
        return tuple(name for name, formula in _formulas(FRAUD).items() if formula.python()(values) is True)
    except KeyError as error:
        hint = "compute the feature set fraud"
        raise InputError(f"the features of this application lack {error.args[0]}", hint=hint) from None


def mark_table(table: FeatureTable) -> dict[str, Flags]:
    """Return, for each mark, the rows of a table of the feature set `fraud` that bear it.

    >>> from weilend.core.plan import Spine
    >>> size = (2, len(FRAUD.features))
    >>> marks = mark_table(FeatureTable(FRAUD, Spine(("E1", "E2"), (0, 0)), np.ones(size, np.int64), np.ones(size, np.bool_), {}))
    >>> marks["emulator"].tolist()
    [True, True]
    """
    columns = masked_columns(table)
    return {name: formula.numpy_mask()(columns) for name, formula in _formulas(table.feature_set).items()}


def masked_columns(table: FeatureTable) -> dict[str, np.ma.MaskedArray]:
    """Return the columns of a table of features as formulas read many rows, masked where a value is not known.

    >>> from weilend.core.plan import Spine
    >>> size = (1, len(FRAUD.features))
    >>> none = FeatureTable(FRAUD, Spine(("E1",), (0,)), np.zeros(size, np.int64), np.zeros(size, np.bool_), {})
    >>> masked_columns(none)["device_emulator_count_90d"].mask.tolist()
    [True]
    """
    names = [feature.name for feature in table.feature_set.features]
    return {name: np.ma.array(table.values[:, at], mask=~table.known[:, at]) for at, name in enumerate(names)}
