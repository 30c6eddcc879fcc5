"""In: a claim about a program. Out: its verdict. Used: by `prove`, for every claim that properties make.

A claim says that something is never so, that it is so sometimes, or that a number never moves the wrong way as an input gets
worse. A verdict `refuted` has a row that was run through the program's own Python.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from weilend.decision.prover.change import Change, worsen
from weilend.decision.prover.machine import Machine
from weilend.decision.prover.search import ALLOWANCE, Answer, find
from weilend.decision.prover.telling import Teller
from weilend.decision.prover.values import Span
from weilend.decision.prover.verdict import Status, Verdict
from weilend.formula import Formula


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What is claimed at a place of a policy; `good` and `bad` are the sentences of a verdict."""

    kind: str
    where: str
    good: str
    bad: str
    given: Mapping[str, Span] = {}


class Never(Claim, frozen=True, kw_only=True):
    """No row makes all conditions true."""

    conditions: tuple[Formula, ...]


class Sometimes(Claim, frozen=True, kw_only=True):
    """Some row makes all conditions true."""

    conditions: tuple[Formula, ...]


class Steady(Claim, frozen=True, kw_only=True):
    """As `moved` takes a step of `step`, `number` does not rise (`sign` 1) or not fall (`sign` -1)."""

    moved: str
    step: int
    number: Formula
    sign: int


class Stated(Claim, frozen=True, kw_only=True):
    """What can be read off the policy; no row is needed."""

    holds: bool


class Judge:
    """Decides claims about one program."""

    def __init__(self, machine: Machine, teller: Teller, allowance: int = ALLOWANCE) -> None:
        self.machine = machine
        self.teller = teller
        self.allowance = allowance

    def decide(self, claim: Claim) -> Verdict:
        """Return the verdict on a claim."""
        if isinstance(claim, Stated):
            return self._verdict(claim, "proven" if claim.holds else "refuted", Answer())
        if isinstance(claim, Steady):
            return self._of_change(claim)
        assert isinstance(claim, Never | Sometimes)
        answer = find(self.machine, claim.conditions, given=claim.given, allowance=self.allowance)
        wanted = isinstance(claim, Sometimes)
        if answer.open:
            return self._verdict(claim, "unknown", answer)
        if answer.row is not None and not wanted:
            question = self.machine.question(claim.conditions)
            answer = msgspec.structs.replace(answer, row=self.teller.plainer(answer.row, question.holds, claim.given))
        return self._verdict(claim, "proven" if (answer.row is not None) == wanted else "refuted", answer)

    def _of_change(self, claim: Steady) -> Verdict:
        change = Change(self.machine, claim.moved, claim.step, claim.number, claim.sign)
        answer = worsen(change, given=claim.given, allowance=self.allowance)
        if answer.row is None:
            return self._verdict(claim, "unknown" if answer.open else "proven", answer)
        given = {**claim.given, claim.moved: None}
        row = self.teller.plainer(answer.row, lambda row: change.wrong_step(row, 1) is not None, given)
        return self._verdict(claim, "refuted", msgspec.structs.replace(answer, row=row, after=change.after(row)))

    def _verdict(self, claim: Claim, status: Status, answer: Answer) -> Verdict:
        open_ = f"not decided: {self.teller.place(answer.stuck)}"
        said = {"proven": claim.good, "refuted": claim.bad, "unknown": open_}[status]
        witness = None if answer.row is None else self.teller.witness(answer.row, answer.after)
        return Verdict(claim.kind, claim.where, status, witness, said)
