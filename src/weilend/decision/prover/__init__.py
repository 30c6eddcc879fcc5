"""Proofs about policies: over all inputs, not over examples. `proven`, `refuted` with a row that shows it, or `unknown`."""

from weilend.decision.prover.prove import PROPERTIES, make_claims, make_judge, prove
from weilend.decision.prover.verdict import Verdict, Witness

__all__ = ["PROPERTIES", "Verdict", "Witness", "make_claims", "make_judge", "prove"]
