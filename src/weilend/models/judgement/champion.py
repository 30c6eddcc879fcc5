"""In: paired differences and findings. Out: whether the challenger may take the champion's place. Used: by renewal.

A champion is replaced only on evidence: something that matters is better beyond chance, nothing is worse beyond chance,
and no gate of the challenger is red. Who then approves it is not decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from weilend.models.judgement.bootstrap import Difference, Metric
from weilend.models.judgement.gates import Finding

#: What must be better for a change to be worth its work, and what must not be worse.
GAINS: Final[tuple[Metric, ...]] = ("auc", "profit", "log_loss")
LOSSES: Final[tuple[Metric, ...]] = ("auc", "ks", "log_loss", "profit")


class Verdict(msgspec.Struct, frozen=True):
    """The verdict, the metrics that speak for and against the challenger, its red gates, and all the numbers."""

    verdict: Literal["replace", "keep", "no_evidence"]
    gains: tuple[Metric, ...]
    losses: tuple[Metric, ...]
    red: tuple[str, ...]
    differences: tuple[Difference, ...]
    findings: tuple[Finding, ...]


def judge_challenger(differences: Sequence[Difference], findings: Sequence[Finding]) -> Verdict:
    """Return the verdict on a challenger, which is the first of each difference; `findings` are its own gates.

    >>> gain = Difference("new", "old", "auc", 8_000, 2_000, 14_000, 3_000)
    >>> judge_challenger([gain], []).verdict
    'replace'
    >>> judge_challenger([gain], [Finding("points_psi", "red", 300_000, 400_000)]).verdict
    'keep'
    """
    gains = tuple(d.metric for d in differences if d.better == "first" and d.metric in GAINS)
    losses = tuple(d.metric for d in differences if d.better == "second" and d.metric in LOSSES)
    red = tuple(finding.gate for finding in findings if finding.state == "red")
    worse = bool(losses or red)
    verdict: Literal["replace", "keep", "no_evidence"] = "keep" if worse else "replace" if gains else "no_evidence"
    return Verdict(verdict, gains, losses, red, tuple(differences), tuple(findings))
