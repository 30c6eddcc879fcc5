"""Validation of any score: ranking, probabilities, stability, segments, cut-offs, and gates that read bounds, never points."""

from weilend.models.validation.scored import ScoredRows, Segments, plain_rows, rank_points
from weilend.models.validation.verdicts import Verdict
from weilend.models.validation.whole import Validation, validate

__all__ = ["ScoredRows", "Segments", "Validation", "Verdict", "plain_rows", "rank_points", "validate"]
