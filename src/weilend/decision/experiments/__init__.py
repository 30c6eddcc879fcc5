"""Live experiments: who is in which arm, what exploring may cost, and when a difference may be believed."""

from weilend.decision.experiments.assignment import Assigned, Trial, assign
from weilend.decision.experiments.bounds import find_bounds, spent_by
from weilend.decision.experiments.exploration import Explored, Slice, Spent, Step, count_spent, explore
from weilend.decision.experiments.judge import Design, Judged, Look, Outcomes, judge
from weilend.decision.experiments.simulate import Market, Simulated, simulate

__all__ = [
    "Assigned",
    "Design",
    "Explored",
    "Judged",
    "Look",
    "Market",
    "Outcomes",
    "Simulated",
    "Slice",
    "Spent",
    "Step",
    "Trial",
    "assign",
    "count_spent",
    "explore",
    "find_bounds",
    "judge",
    "simulate",
    "spent_by",
]
