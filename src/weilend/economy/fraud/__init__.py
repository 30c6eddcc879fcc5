"""Fraud: one module a pattern, each with its prevalence, its cost and how it hides. `plant` finds who commits it and what it
leaves.
"""

from weilend.economy.fraud.planting import PATTERNS, Pattern, Planted, plant

__all__ = ["PATTERNS", "Pattern", "Planted", "plant"]
