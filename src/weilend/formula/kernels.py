"""In: arrays. Out: what NumPy has no word for: truncated division, exact rates, texts, NULLs. Used: by `numpy`."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.core.records import FieldType
from weilend.formula.tree import MAX_DAY, MIN_DAY
from weilend.formula.writer import missing

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

_NO_TEXT: Final = np.array("", dtype=object)
_NOT_A_DAY: Final = np.datetime64("NaT", "D")
_FIRST_DAY: Final = np.datetime64(MIN_DAY.isoformat(), "D")
_LAST_DAY: Final = np.datetime64(MAX_DAY.isoformat(), "D")


def _loaded(column: Array, kind: FieldType, nullable: bool, name: str) -> Array:  # noqa: FBT001 - called by generated source only
    """Return the plain array of a column; booleans are False where they are NULL."""
    if isinstance(column, np.ma.MaskedArray):
        if not nullable and np.ma.is_masked(column):
            raise InputError(
                f"column {name!r} has NULLs", hint="its field says that it is never NULL: mend the field or the data"
            )
        filled: Array = column.filled(fill_value=False) if kind == "boolean" else column.data
        return filled
    return column


def _finished(values: Any, valid: Any, n: int, kind: FieldType) -> tuple[Array, Mask]:
    """Return columns of full length with one fill where they are not valid: 0, None, NaT, False."""
    where = np.broadcast_to(np.asarray(valid, dtype=bool), (n,))
    fill: Any = {"integer": 0, "text": None, "date": _NOT_A_DAY, "boolean": False}[kind]
    return np.where(where, values, fill), np.array(where)


def _half_away(product: Array) -> Array:
    """Divide by a million, half away from zero."""
    return np.where(product >= 0, (product + PPM // 2) // PPM, -((PPM // 2 - product) // PPM))


def _mul_rate_wide(fen: Any, ppm: Any) -> Array:
    """Multiply in parts where the product may not fit in 64 bits: all parts have the sign of the whole, so none exceeds it.

    With ``a = qa * M + ra`` and ``b = qb * M + rb`` truncated, ``a * b / M = qa * b + ra * qb + ra * rb / M``.
    """
    million = np.int64(PPM)
    a, b = np.atleast_1d(np.asarray(fen, dtype=np.int64)), np.atleast_1d(np.asarray(ppm, dtype=np.int64))
    qa, qb = _div(a, million), _div(b, million)
    ra, rb = a - qa * million, b - qb * million
    return qa * b + ra * qb + _half_away(ra * rb)


def _div(a: Any, b: Any) -> Array:
    quotient = np.abs(a) // np.abs(b)
    signed: Array = np.where((np.asarray(a) >= 0) == (np.asarray(b) > 0), quotient, -quotient)
    return signed


def _mod(a: Any, b: Any) -> Array:
    rest = np.abs(a) % np.abs(b)
    signed: Array = np.where(np.asarray(a) >= 0, rest, -rest)
    return signed


def _among(column: Array, words: frozenset[str]) -> Mask:
    return np.fromiter(map(words.__contains__, column), dtype=bool, count=len(column))


_starts: Final = np.frompyfunc(str.startswith, 2, 1)


def _starts_with_text(text: Array, start: Array) -> Mask:
    found: Mask = np.asarray(_starts(text, start), dtype=bool)
    return found


#: What generated code calls, by the name that it uses.
KERNELS: Final[dict[str, Any]] = {
    "np": np,
    "_missing": missing,
    "_loaded": _loaded,
    "_finished": _finished,
    "_half_away": _half_away,
    "_mul_rate_wide": _mul_rate_wide,
    "_div": _div,
    "_mod": _mod,
    "_among": _among,
    "_starts_with": _starts_with_text,
    "_no_text": _NO_TEXT,
    "_not_a_day": _NOT_A_DAY,
    "_first_day": _FIRST_DAY,
    "_last_day": _LAST_DAY,
}
