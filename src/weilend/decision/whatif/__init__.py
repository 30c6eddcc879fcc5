"""What another policy would have brought: known, estimated and unknown apart, each with what it assumes."""

from weilend.decision.whatif.estimate import estimate_policy
from weilend.decision.whatif.intervals import Figure
from weilend.decision.whatif.logged import Asked, Logged
from weilend.decision.whatif.parts import Combined, Estimated, Known, Unknown, WhatIf

__all__ = ["Asked", "Combined", "Estimated", "Figure", "Known", "Logged", "Unknown", "WhatIf", "estimate_policy"]
