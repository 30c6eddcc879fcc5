"""In: applications. Out: receipts, committed before they are answered. Used: by every door; the whole house in thirty lines.

One verb for each arrow of the house, top to bottom. A live application is a list of one; history is a list of many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from weilend.core.values import Application, Decision, FeatureRow, FraudVerdict, Offer, Receipt, Score, Standing

Evidence = TypeVar("Evidence")


class Steps(Protocol[Evidence]):
    """What each room does for a decision; `desk.steps` has the real ones, a test may bring its own."""

    def parse(self, request: bytes) -> Sequence[Application]: ...
    def read(self, request: bytes) -> Evidence: ...
    def features(self, applications: Sequence[Application], evidence: Evidence) -> Sequence[FeatureRow]: ...
    def standing(self, applications: Sequence[Application], evidence: Evidence) -> Sequence[Standing]: ...
    def fraud(self, applications: Sequence[Application], evidence: Evidence) -> Sequence[FraudVerdict]: ...
    def score(self, rows: Sequence[FeatureRow]) -> Sequence[Score | None]: ...
    def decide(self, row: FeatureRow, fraud: FraudVerdict, score: Score | None, standing: Standing) -> Decision: ...
    def offer(self, application: Application, decision: Decision) -> Offer: ...
    def receipt(self, application: Application, evidence: Evidence, row: FeatureRow, fraud: FraudVerdict,
                score: Score | None, standing: Standing, decision: Decision, offer: Offer) -> Receipt: ...  # fmt: skip
    def commit(self, request: bytes, receipts: Sequence[Receipt]) -> Sequence[Receipt]: ...


def decide(steps: Steps[Evidence], request: bytes) -> Sequence[Receipt]:
    """Decide every application in a request; what is returned has been committed."""
    applications = steps.parse(request)
    evidence = steps.read(request)
    receipts = []
    rows, standings = steps.features(applications, evidence), steps.standing(applications, evidence)
    frauds, scores = steps.fraud(applications, evidence), steps.score(rows)
    for application, row, standing, fraud, score in zip(applications, rows, standings, frauds, scores, strict=True):
        decision = steps.decide(row, fraud, score, standing)
        offer = steps.offer(application, decision)
        receipts.append(steps.receipt(application, evidence, row, fraud, score, standing, decision, offer))
    return steps.commit(request, receipts)
