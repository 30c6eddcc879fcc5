"""In: a matrix of features, segments. Out: one anomaly for each row, by all detectors, with its reasons. Used: by the fraud
verdict.

Three voices are heard: single features (forest and ECOD, which look along one axis at a time, speak as one), the neighbourhood,
and how features move together. A row is as strange as the two strongest voices say on average: one voice alone is often wrong,
and a ring that hides from one seldom hides from all. Everything is read from tables made at the fit, so a score is the same
alone, in a batch, in a replay; no share of strange rows is assumed. docs/methodology/detectors.md has the measured table.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.fraud.detectors import covariance, ecod, forest, neighbours
from weilend.fraud.detectors.fitted import DETECTORS, Fitted, Matrix, Scores, checked, medians_of, ready
from weilend.fraud.detectors.ranks import RankTable, make_ranks

#: Detectors that speak with one voice; all voices but the weakest count.
VOICES: Final = ((forest.NAME, ecod.NAME), (neighbours.NAME,), (covariance.NAME,))
ALL: Final = ""  # the segment of a row whose own is unknown, or too small to have tables
TOLD: Final = 3
_LEAST_ROWS: Final = 200  # of a segment with tables of its own
_TOGETHER: Final = "together"
_EDGES: Final = (5, 95)  # the usual range, percent of the known values
ONE_PPM: Final = 1_000_000


class StrangeFeature(msgspec.Struct, frozen=True):
    """A feature that made a row strange: its value (None where it is missing), what is usual (90 % of rows), its share in ppm."""

    feature: str
    value: float | None
    usual_low: float
    usual_high: float
    share_ppm: int


class Strange(msgspec.Struct, frozen=True):
    """How strange a row is: stranger than so many of its segment (ppm), also by each detector, and the features that say most."""

    anomaly_ppm: int
    by_detector: dict[str, int]
    features: tuple[StrangeFeature, ...]


class Ensemble(msgspec.Struct, frozen=True):
    """Detectors that have learned, rank tables of each segment, and the usual range of each feature (2 rows: low, high).

    >>> rng = np.random.default_rng(0)
    >>> ensemble = fit_ensemble(rng.normal(size=(500, 3)), ["sales", "age", "refunds"], seed=1)
    >>> told = ensemble.explain([0.0, 25.0, 0.1])
    >>> told.anomaly_ppm > 990_000, told.features[0].feature
    (True, 'age')
    """

    names: tuple[str, ...]
    detectors: dict[str, Fitted]
    tables: dict[str, dict[str, RankTable]]
    usual: Matrix

    def score(self, matrix: npt.ArrayLike, segments: Sequence[str] | None = None) -> Scores:
        """Return the anomaly of each row in (0, 1): the share of its segment's learned rows that were less strange."""
        scores = {name: one.score(matrix) for name, one in self.detectors.items()}
        rows = len(next(iter(scores.values())))
        found = np.zeros(rows)
        named = np.array([one if one in self.tables else ALL for one in segments or [ALL] * rows], dtype=np.object_)
        for segment in dict.fromkeys(named):
            mine = np.flatnonzero(named == segment)
            tables = self.tables[segment]
            found[mine] = tables[_TOGETHER].rank(_combine({name: tables[name].rank(one[mine]) for name, one in scores.items()}))
        return found

    def explain(self, row: Sequence[float | None] | npt.NDArray[np.float64], segment: str = ALL) -> Strange:
        """Return how strange one row is, by which detectors, and the three features that made it so, the strongest first."""
        values = np.asarray(row, np.float64)
        tables = self.tables.get(segment, self.tables[ALL])
        measured = {name: one.measure(values) for name, one in self.detectors.items()}
        ranks = {name: tables[name].rank(np.array([score])) for name, (score, _) in measured.items()}
        together = tables[_TOGETHER].rank(_combine(ranks))
        shares = np.zeros(len(self.names))
        for name, (_, own) in measured.items():
            total = own.sum()
            if total > 0:
                shares += own / total * ranks[name][0] ** 4  # who finds the row strange has more to say
        told = np.argsort(-shares, kind="stable")[:TOLD]
        total = float(shares.sum())
        features = tuple(self._tell(at, values, float(shares[at]) / total) for at in told.tolist() if shares[at] > 0)
        by_detector = {name: _ppm(float(rank[0])) for name, rank in ranks.items()}
        return Strange(_ppm(float(together[0])), by_detector, features)

    def _tell(self, at: int, values: Scores, share: float) -> StrangeFeature:
        value = float(values[at])
        return StrangeFeature(
            self.names[at], None if isnan(value) else value, float(self.usual[0, at]), float(self.usual[1, at]), _ppm(share)
        )


def fit_ensemble(matrix: npt.ArrayLike, names: Sequence[str], *, seed: int, segments: Sequence[str] | None = None) -> Ensemble:
    """Learn from rows (a column for each of `names`), with tables for each segment of 200 rows or more, and for all.

    Raises `InputError` for what is no matrix, or names or segments that do not fit it.
    """
    given = checked(matrix)
    if len(names) != given.shape[1] or (segments is not None and len(segments) != len(given)):
        raise InputError(
            f"{given.shape[0]} rows of {given.shape[1]} features come with {len(names)} names and {len(segments or ())} segments",
            hint="give a name for each column, and a segment for each row or none",
        )
    detectors = {name: DETECTORS[name].fit(given, seed) for voice in VOICES for name in voice}
    scores = {name: one.score(given) for name, one in detectors.items()}
    named = np.array(segments if segments is not None else [ALL] * len(given), dtype=np.object_)
    groups = {segment: np.flatnonzero(named == segment) for segment in dict.fromkeys(named) if segment != ALL}
    tables = {ALL: _tables(scores, np.arange(len(given)))}
    tables |= {segment: _tables(scores, rows) for segment, rows in groups.items() if len(rows) >= _LEAST_ROWS}
    usual = np.percentile(ready(given, medians_of(given)), _EDGES, axis=0)
    return Ensemble(tuple(names), detectors, tables, usual)


def _tables(scores: dict[str, Scores], rows: npt.NDArray[np.int64]) -> dict[str, RankTable]:
    tables = {name: make_ranks(one[rows]) for name, one in scores.items()}
    together = _combine({name: tables[name].rank(one[rows]) for name, one in scores.items()})
    return {**tables, _TOGETHER: make_ranks(together)}


def _combine(ranks: dict[str, Scores]) -> Scores:
    """Return the mean of all voices but the weakest of each row; a voice is the mean of its detectors."""
    heard: list[Scores] = []
    for voice in VOICES:
        said = ranks[voice[0]]
        for name in voice[1:]:
            said = said + ranks[name]
        heard.append(said / len(voice))
    total, weakest = heard[0], heard[0]
    for said in heard[1:]:
        total, weakest = total + said, np.minimum(weakest, said)
    return np.asarray((total - weakest) / (len(VOICES) - 1), np.float64)


def _ppm(share: float) -> int:
    return round(share * ONE_PPM)
