"""Guards before training: each looks at a sample for one thing that must not reach a model, and says what it did about it."""

from weilend.models.guards.all import GUARDS, guard_sample
from weilend.models.guards.case import Case
from weilend.models.guards.finding import Finding

__all__ = ["GUARDS", "Case", "Finding", "guard_sample"]
