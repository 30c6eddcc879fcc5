"""In: detectors that have learned. Out: bytes without pickle, named by their content, and back. Used: to seal and to replay
them."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.core.ids import bytes_hash
from weilend.fraud.detectors.ensemble import Ensemble
from weilend.fraud.detectors.fitted import DETECTORS, Fitted
from weilend.fraud.detectors.ranks import RankTable

FORMAT: Final = 1
_DTYPES: Final = ("<f8", "<f4", "<i8", "<i4")


class _Array(msgspec.Struct, frozen=True):
    """An array as JSON has it; the content goes as base64."""

    dtype: str
    shape: tuple[int, ...]
    content: bytes


class _Package(msgspec.Struct, frozen=True):
    """An ensemble as JSON has it."""

    format: int
    names: tuple[str, ...]
    detectors: dict[str, dict[str, _Array]]
    tables: dict[str, dict[str, tuple[_Array, _Array]]]
    usual: _Array


def to_bytes(ensemble: Ensemble) -> tuple[str, bytes]:
    """Return the identity (32 hex digits of its content) and the bytes of an ensemble.

    >>> from weilend.fraud.detectors.ensemble import fit_ensemble
    >>> ensemble = fit_ensemble([[1.0], [2.0], [3.0]], ["sales"], seed=1)
    >>> identity, content = to_bytes(ensemble)
    >>> to_bytes(from_bytes(content))[0] == identity, from_bytes(content).score([[9.0]]) == ensemble.score([[9.0]])
    (True, array([ True]))
    """
    detectors = {name: {key: _pack(array) for key, array in one.arrays.items()} for name, one in ensemble.detectors.items()}
    tables = {
        segment: {name: (_pack(one.scores), _pack(one.ranks)) for name, one in each.items()}
        for segment, each in ensemble.tables.items()
    }
    content = msgspec.json.encode(_Package(FORMAT, ensemble.names, detectors, tables, _pack(ensemble.usual)), order="sorted")
    return bytes_hash(content), content


def from_bytes(content: bytes) -> Ensemble:
    """Return the ensemble in bytes; raises `InputError` for bytes that are none, or of another format.

    >>> from_bytes(b"{}")
    Traceback (most recent call last):
    weilend.core.errors.InputError: these bytes are no detectors: ... Hint: ...
    """
    try:
        package = msgspec.json.decode(content, type=_Package)
        if package.format != FORMAT:
            raise InputError(f"these detectors have format {package.format}", hint=f"fit them again: format {FORMAT}")
        detectors = {name: Fitted(DETECTORS[name].name, _unpack_all(arrays)) for name, arrays in package.detectors.items()}
        tables = {
            segment: {name: RankTable(_unpack(scores), _unpack(ranks)) for name, (scores, ranks) in each.items()}
            for segment, each in package.tables.items()
        }
        return Ensemble(package.names, detectors, tables, _unpack(package.usual))
    except (msgspec.DecodeError, ValueError) as error:
        raise InputError(f"these bytes are no detectors: {error}", hint="give what to_bytes returned") from None


def _pack(array: npt.NDArray[Any]) -> _Array:
    return _Array(array.dtype.str, array.shape, array.tobytes())


def _unpack_all(arrays: dict[str, _Array]) -> dict[str, npt.NDArray[Any]]:
    return {key: _unpack(array) for key, array in arrays.items()}


def _unpack(array: _Array) -> npt.NDArray[Any]:
    if array.dtype not in _DTYPES:
        raise ValueError(f"an array of {array.dtype}")
    return np.frombuffer(array.content, array.dtype).reshape(array.shape)
