"""Judgement: is one model better than another, does a model hold, may it replace the champion; on intervals, never on points."""

from weilend.models.judgement.bootstrap import Difference, Measured, compare, measure
from weilend.models.judgement.champion import Verdict, judge_challenger
from weilend.models.judgement.gates import Finding, Gate, load_gates

__all__ = ["Difference", "Finding", "Gate", "Measured", "Verdict", "compare", "judge_challenger", "load_gates", "measure"]
