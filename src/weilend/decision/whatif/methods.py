"""In: logged decisions, a new policy's answers. Out: row contributions whose sum is an estimate. Used: by `estimate`.

Of swap-ins with a probability of approval e between 0 and 1 some were approved by chance: each of these stands for (1 - e) / e
that were not (Horvitz & Thompson 1952, self-normalised as in Hájek 1971). Doubly robust estimates weigh only what an outcome
model missed (Robins, Rotnitzky & Zhao 1994). Where e is 0 nobody stands for anybody, and such an estimate is refused.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np

from weilend.core.errors import CheckError
from weilend.decision.whatif.logged import Asked, Booleans, Floats, Logged

#: Segments that a sentence names before it only counts.
_NAMED: Final = 3


def inverse_propensity(logged: Logged, asked: Asked) -> Floats:
    """Return contributions (n, 5) of the swap-ins by inverse propensity, self-normalised.

    Raises `CheckError` where a swap-in had no chance of approval, and names the segment.

    >>> from weilend.decision.whatif.logged import example_asked, example_logged
    >>> inverse_propensity(example_logged(), example_asked(example_logged()))
    Traceback (most recent call last):
    weilend.core.errors.CheckError: 281 swap-ins had no chance of approval (band = beyond: 281): nobody stands for them. Hint: ...
    >>> round(inverse_propensity(example_logged(), example_asked(example_logged(), 0.7))[:, 0].sum())
    531
    """
    return _weighted(logged, asked, np.zeros((len(logged), 5)))


def doubly_robust(logged: Logged, asked: Asked, expected: Floats) -> Floats:
    """Return contributions (n, 5) of the swap-ins: what a model expects, corrected by what it missed of those tried by chance.

    `expected` (n, 5) are outcomes that a model expects, each row's from a fit without its owner. Raises as `inverse_propensity`.

    >>> from weilend.decision.whatif.logged import example_asked, example_logged
    >>> logged = example_logged()
    >>> round(doubly_robust(logged, example_asked(logged, 0.7), np.ones((2000, 5)))[:, 0].sum())
    531
    """
    return _weighted(logged, asked, expected)


def swap_ins(logged: Logged, asked: Asked) -> tuple[Booleans, Booleans]:
    """Return who comes in and had a chance of approval, and who comes in and had none.

    >>> from weilend.decision.whatif.logged import example_asked, example_logged
    >>> [int(part.sum()) for part in swap_ins(example_logged(), example_asked(example_logged()))]
    [531, 250]
    """
    coming = asked.approved & ~logged.approved
    return coming & logged.overlap, coming & ~logged.overlap


def donors_of(logged: Logged, asked: Asked) -> Floats:
    """Return the weight (n,) with which each row stands for swap-ins: (1 - e) / e of those seen by chance, else 0.

    >>> from weilend.decision.whatif.logged import example_asked, example_logged
    >>> round(float(donors_of(example_logged(), example_asked(example_logged())).max()), 3)
    1.857
    """
    given = asked.approved & logged.seen & logged.overlap
    chance = np.where(given, logged.approval, 1.0)
    return (1 - chance) / chance


def name_segments(logged: Logged, rows: Booleans) -> tuple[str, ...]:
    """Return where rows are, by the first column of segments, the largest first.

    >>> from weilend.decision.whatif.logged import example_logged
    >>> logged = example_logged()
    >>> name_segments(logged, logged.explain[:, 0] > 0.5)
    ('band = beyond: 484', 'band = tried: 140')
    """
    return tuple(
        f"{name} = {value}: {count:,}"
        for name, values in list(logged.segments.items())[:1]
        for value, count in Counter(values[rows].tolist()).most_common()
    )


def _weighted(logged: Logged, asked: Asked, expected: Floats) -> Floats:
    tried, beyond = swap_ins(logged, asked)
    weight = donors_of(logged, asked)
    if beyond.any():
        _refuse(logged, beyond, "had no chance of approval")
    if tried.any() and not weight.any():
        _refuse(logged, tried, "had a chance of approval that nobody got")
    total = float(weight.sum()) or 1.0
    missed = asked.scale * (logged.outcomes - expected)
    mean = (weight[:, None] * missed).sum(axis=0) / total
    there = tried[:, None] * (asked.scale * expected + mean)
    return np.asarray(there + int(tried.sum()) / total * weight[:, None] * (missed - mean), dtype=np.float64)


def _refuse(logged: Logged, rows: Booleans, what: str) -> None:
    named = name_segments(logged, rows)
    where = f" ({', '.join(named[:_NAMED])})" if named else ""
    raise CheckError(
        f"{int(rows.sum()):,} swap-ins {what}{where}: nobody stands for them",
        hint="approve a few of them by chance (an experiment that explores), or read their bounds",
    )
