"""In: a seed. Out: invented firms with features, NULLs, heavy tails and a label. Used: by the tests of models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from weilend.features.spec import Feature, Part
from weilend.models.table import Integers, Table

UNITS = ("fen", "ppm", "count", "months")


def features(k: int = 8) -> list[Feature]:
    """Signs run +1, -1, +1, -1 …; the last feature has sign 0."""
    signs = [1 if j % 2 == 0 else -1 for j in range(k - 1)] + [0]
    return [
        Feature(name=f"f{j:02d}", aggregate="sum", of=Part("invoice", value="net_fen"), months=12, unit=UNITS[j % 4],
                lo=-(10**13), hi=10**13, sign=sign,
                why="test", en=f"f{j:02d} was {{value}}", zh=f"f{j:02d}为{{value}}")
        for j, sign in enumerate(signs)
    ]  # fmt: skip


def invent(seed: int, n: int = 123, k: int = 8, strength: float = 1.2, bads: int = 27) -> tuple[Table, Integers, list[Feature]]:
    """Features share a latent quality that also drives the label, weakly; the sign 0 feature copies the latent quality."""
    rng = np.random.default_rng(seed)
    declared = features(k)
    quality = rng.normal(size=n)
    signs = np.array([feature.sign or 1 for feature in declared])
    raw = quality[:, None] * signs * 0.7 + rng.normal(size=(n, k))
    raw[:, -1] = quality
    values = np.where(np.arange(k) % 4 == 0, np.exp(raw * 2 + 15), raw * 10 + 50).astype(np.int64)
    known = rng.random((n, k)) > 0.05
    danger = -strength * quality + rng.logistic(size=n)
    label = np.zeros(n, dtype=np.int64)
    label[np.argsort(-danger)[:bads]] = 1
    return (
        Table(tuple(f.name for f in declared), np.where(known, values, 0), known, tuple(f"B{i:04d}" for i in range(n))),
        label,
        declared,
    )


@pytest.fixture
def firms() -> Callable[..., tuple[Table, Integers, list[Feature]]]:
    return invent
