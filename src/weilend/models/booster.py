"""In: a boosted model and one row. Out: its points and PD in microseconds, equal to the batch to the bit. Used: for live decisions.

The library's own Python call takes tens of microseconds for one row, most of them before a tree is asked. Its C call for single
rows, prepared once, takes the trees' time only. Where the loaded library lacks it, the Python call serves: slower, the same answer.
"""

from __future__ import annotations

import ctypes
import threading
import weakref
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from weilend.core.errors import CheckError, InputError
from weilend.models.boosted import LEAST_POINTS, MOST_POINTS, BoostedModel, loaded
from weilend.models.encoding import encode_value
from weilend.models.forest import GRID

#: Constants of LightGBM's C interface (c_api.h): doubles in, the raw margin out, all trees.
_DOUBLES, _RAW_MARGIN, _FIRST_TREE, _ALL_TREES = 1, 1, 0, -1
_CALLS: Final = (
    "LGBM_BoosterLoadModelFromString",
    "LGBM_BoosterPredictForMatSingleRowFastInit",
    "LGBM_BoosterPredictForMatSingleRowFast",
    "LGBM_FastConfigFree",
    "LGBM_BoosterFree",
)


class OneRow:
    """A boosted model made ready for one row at a time.

    One may be shared by threads: a lock guards its buffers, so that calls take turns; give each thread its own to run at once. What
    the library holds is freed with the object, or by `close`.

    >>> from weilend.models.recipes.monotone_boosting import example_model, example_sample
    >>> model, table = example_model(), example_sample().table
    >>> row = dict(zip(table.names, table.values[0].tolist()))
    >>> with OneRow(model) as one:
    ...     one.predict(row)[0] == int(model.predict(table).points[0])
    True
    """

    def __init__(self, model: BoostedModel) -> None:
        self._cells = [(slot.feature, encode_value(slot, None), slot if slot.specials else None) for slot in model.slots]
        self._curve, self._pd_ppm = model.curve, model.pd_ppm
        self._row = (ctypes.c_double * len(model.slots))()
        self._lock = threading.Lock()
        native = _native(model.forest.text, self._row)
        self.is_native = native is not None
        self._margin, free = native if native is not None else (_library_call(model.forest.text, self._row), _nothing)
        self._finish = weakref.finalize(self, free)

    def units(self, row: Mapping[str, int | None]) -> int:
        """Return the margin of a row in units of the grid; `InputError` where the row lacks a feature or the model was closed."""
        try:
            cells = [
                null if (value := row[feature]) is None else value if slot is None else encode_value(slot, value)
                for feature, null, slot in self._cells
            ]
        except KeyError as error:
            raise InputError(
                f"the row has no feature {error.args[0]}", hint="build the row from the model's feature set"
            ) from None
        with self._lock:
            if not self._finish.alive:
                raise InputError("this model was closed", hint="open it again")
            self._row[:] = cells  # type: ignore[assignment] # ctypes turns whole numbers into doubles
            return round(self._margin() * GRID)

    def predict(self, row: Mapping[str, int | None]) -> tuple[int, int]:
        """Return points and PD (ppm) of a row: equal to the model's `predict` on a table of it."""
        points = min(max(self._curve.point(self.units(row)), LEAST_POINTS), MOST_POINTS)
        return points, self._pd_ppm[points - LEAST_POINTS]

    def close(self) -> None:
        """Free what the library holds; a second time does nothing."""
        with self._lock:
            self._finish()

    def __enter__(self) -> OneRow:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _nothing() -> None:
    return


def _library_call(text: str, row: Any) -> Callable[[], float]:
    """Return the library's Python call on the buffer: the safe way, and what the quick way is held against."""
    booster, view = loaded(text), np.frombuffer(row, dtype=np.float64).reshape(1, -1)
    return lambda: float(np.asarray(booster.predict(view, raw_score=True, num_threads=1))[0])


def _native(text: str, row: Any) -> tuple[Callable[[], float], Callable[[], None]] | None:
    """Return the C call on the buffer and what frees it, None where the library does not offer it."""
    import lightgbm.basic  # late: the command line starts without it

    library = getattr(lightgbm.basic, "_LIB", None)
    if library is None or not all(hasattr(library, name) for name in _CALLS):
        return None
    load, ready, call, free_call, free_booster = (library[name] for name in _CALLS)  # own copies: nobody's types are changed
    booster, settings, trees = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_int()
    _check(load(ctypes.c_char_p(text.encode()), ctypes.byref(trees), ctypes.byref(booster)))
    _check(ready(booster, ctypes.c_int(_RAW_MARGIN), ctypes.c_int(_FIRST_TREE), ctypes.c_int(_ALL_TREES), ctypes.c_int(_DOUBLES),
                 ctypes.c_int32(len(row)), ctypes.c_char_p(b"num_threads=1"), ctypes.byref(settings)))  # fmt: skip
    length, margin = ctypes.c_int64(), ctypes.c_double()
    call.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    buffers = (row, length, margin)  # held by the closure below, for as long as the library writes to their addresses
    places = (settings.value, *(ctypes.addressof(buffer) for buffer in buffers))

    def ask() -> float:
        _check(call(*places))
        return float(buffers[2].value)

    def free() -> None:
        _check(free_call(settings))
        _check(free_booster(booster))

    return ask, free


def _check(code: int) -> None:
    if code:
        raise CheckError(f"LightGBM refused a single row (code {code})", hint="check that the model was loaded whole")
