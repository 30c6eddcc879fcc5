"""Live experiments: who is in which arm, what exploring may cost, and when a difference may be believed."""

from weilend.decision.experiments.assignment import Assigned, Trial, assign
from weilend.decision.experiments.bounds import find_bounds, spent_by
from weilend.decision.experiments.judge import Design, Judged, Look, Outcomes, judge
from weilend.decision.experiments.simulate import Market, Simulated, simulate

__all__ = [
    "Assigned",
    "Design",
    "Judged",
    "Look",
    "Market",
    "Outcomes",
    "Simulated",
    "Trial",
    "assign",
    "find_bounds",
    "judge",
    "simulate",
    "spent_by",
]
