"""In: every observable feature of applicants, who was lent to, what would have become of all. Out: what reject inference says of
them, beside the truth. Used: by the audit.

The lender of old senses what no file holds, so whom he declined differ from whom he accepted in ways that no model can see. The
outcome of the declined is known here, and is shown to nobody but the last line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.economy.audit.tells import ranking
from weilend.economy.firms import Bools, Floats, Ints
from weilend.models.prediction import Model
from weilend.models.recipes import monotone_boosting
from weilend.models.reject_inference import Band, bad_rate_bands
from weilend.models.sample import Column, Sample
from weilend.models.table import Table
from weilend.models.training import Budget

#: The columns that rank accepted applicants best go into the model: enough to see what is to be seen.
_COLUMNS: Final = 40
#: With fewer bads among those who were lent to, nothing is said.
_LEAST_BADS: Final = 20
#: A column that is known for fewer accepted applicants is left out.
_LEAST_KNOWN: Final = 200


class Rejects(msgspec.Struct, frozen=True, kw_only=True):
    """Bad rates in ppm of who was lent to, of who was declined, of both; and the bands of the last, made without the second.

    >>> one = Rejects(accepted=9, declined=9, accepted_ppm=50_000, declined_ppm=150_000, all_ppm=100_000,
    ...               bands=(Band("as seen", 50_000, 80_000), Band("so much worse", 50_000, 140_000), Band("none", 1, 900_000)))
    >>> one.covered
    (False, True, True)
    """

    accepted: int
    declined: int
    accepted_ppm: int
    declined_ppm: int
    all_ppm: int
    bands: tuple[Band, ...]

    @property
    def covered(self) -> tuple[bool, ...]:
        """Whether each band holds the truth."""
        return tuple(band.lo_ppm <= self.all_ppm <= band.hi_ppm for band in self.bands)


class Asked(msgspec.Struct, frozen=True, eq=False):
    """Applicants: quanta of their features (n, k) and whether they are known, firm and month, and what became of each of old."""

    names: Sequence[str]
    signs: Sequence[int]
    values: Ints
    known: Bools
    firm: Ints
    month: Ints
    approved: Bools
    taken: Bools
    bad: Bools

    @property
    def seen(self) -> Floats:
        """The features as numbers, NaN where one is not known."""
        return np.where(self.known, self.values.astype(np.float64), np.nan)


def study_rejects(asked: Asked, *, seed: int, threads: int = 1) -> Rejects | None:
    """Return what the bands say of all who were lent to or declined; those who did not take their loan are neither.

    The outcomes of the declined are all set to good before anything reads them. None where too few of the others went bad.
    """
    accepted, declined = _sample(asked, asked.taken), _sample(asked, ~asked.approved)
    if accepted.bad.sum() < _LEAST_BADS:
        return None
    best = _best(accepted)
    unseen = msgspec.structs.replace(declined, bad=np.zeros_like(declined.bad))

    def fit(sample: Sample, at: int) -> Model:
        budget = Budget(folds=3, repeats=1, most_trees=80, threads=threads)
        return monotone_boosting.fit(sample, seed=at, trials=1, budget=budget)

    bands = bad_rate_bands(_only(accepted, best), _only(unseen, best), fit, seed=seed)
    return Rejects(
        accepted=len(accepted),
        declined=len(declined),
        accepted_ppm=_rate(accepted.bad),
        declined_ppm=_rate(declined.bad),
        all_ppm=_rate(np.concatenate([accepted.bad, declined.bad])),
        bands=bands,
    )


def _sample(asked: Asked, rows: Bools) -> Sample:
    at = np.flatnonzero(rows)
    table = Table(tuple(asked.names), asked.values[at], asked.known[at], tuple(map(str, at)))
    return Sample(
        table=table,
        columns=tuple(Column(name=name, sign=sign) for name, sign in zip(asked.names, asked.signs, strict=True)),
        bad=asked.bad[at].astype(np.int64),
        weight=np.ones(len(at)),
        group=asked.firm[at],
        month=asked.month[at],
    )


def _best(sample: Sample) -> list[int]:
    """Return the places of the columns that rank best alone."""
    ranks = []
    for place, known in enumerate(sample.table.known.T):
        rank = (
            ranking(sample.table.values[known, place].astype(np.float64), sample.bad[known] == 1)
            if _enough(known, sample)
            else 0.5
        )
        ranks.append(abs(rank - 0.5))
    return sorted(np.argsort(ranks)[::-1][:_COLUMNS].tolist())


def _enough(known: Bools, sample: Sample) -> bool:
    return bool(known.sum() >= _LEAST_KNOWN and 0 < sample.bad[known].sum() < known.sum())


def _only(sample: Sample, places: Sequence[int]) -> Sample:
    """Return a sample with some of its columns."""
    table = sample.table
    names = tuple(table.names[place] for place in places)
    less = Table(names, table.values[:, places], table.known[:, places], table.ids)
    return msgspec.structs.replace(sample, table=less, columns=tuple(sample.columns[place] for place in places))


def _rate(bad: Ints) -> int:
    return round(PPM * float(bad.mean()))
