"""Fraud: one module a pattern, each with its prevalence, its cost and how it hides. `plant` finds who commits it and what it
does, `leave` what it leaves among honest facts.

The order of imports is the order of patterns, and so their numbers: those that need many firms choose first.
"""

# ruff: isort: off
from weilend.economy.fraud.honest import Trade
from weilend.economy.fraud.planting import PATTERNS, Ground, Pattern, Planted, leave, lived, plant, with_fraud
from weilend.economy.fraud import (  # noqa: F401  each adds its pattern to the registry
    gang,
    circular,
    packaged,
    burst,
    wash,
    forged,
    identity,
    refund_laundering,
    relay,
    brushing,
    stacking,
)
from weilend.economy.fraud.forged import forge

__all__ = ["PATTERNS", "Ground", "Pattern", "Planted", "Trade", "forge", "leave", "lived", "plant", "with_fraud"]
