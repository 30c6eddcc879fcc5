"""In: work that takes minutes, and what it hangs on. Out: its arrays, from a folder where they were kept. Used: `bench.models`.

A run of hours can be stopped and begun again: whatever is done is not done twice. Kept work is found by a hash of all that it hangs
on, so that another version of a recipe, another fold or another budget is other work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[np.int64]]


class Cache:
    """A folder of kept arrays; without a folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def get(self, name: str, hangs_on: str, work: Callable[[], Arrays]) -> tuple[Arrays, bool]:
        """Return what the work gives, and whether it was done just now; done once for what it hangs on."""
        if self._folder is None:
            return work(), True
        place = self._folder / f"{name}-{hangs_on[:16]}.npz"
        if place.is_file():
            with np.load(place) as kept:
                return {key: kept[key] for key in kept.files}, False
        made = work()
        half = place.with_suffix(".half.npz")
        np.savez_compressed(half, **made)  # type: ignore[arg-type] # numpy's stub takes its own flag for an array
        half.replace(place)
        return made, True


def digest(*parts: object) -> str:
    """Return a hash of texts and of arrays."""
    seal = hashlib.sha256()
    for part in parts:
        seal.update(np.ascontiguousarray(part).tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
    return seal.hexdigest()


def digest_sources(*folders: Path) -> str:
    """Return a hash of all Python files below some folders: another recipe is another contender."""
    files = sorted(path for folder in folders for path in ([folder] if folder.is_file() else folder.rglob("*.py")))
    return digest(*(path.read_bytes() for path in files))
