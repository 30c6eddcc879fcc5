"""In: feature row, fraud verdict, score. Out: `Decision`. Used: by the desk, one row at a time, by the cases and by replay.

An `Evaluator` is made by `compile_policy`; it only reads values: facts → grade → limits → ceiling → floor rate → rules →
outcome → reasons, each a few lines below, in that order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from weilend.core.records import Field
from weilend.core.values import Decision, FeatureRow, FraudVerdict, Outcome, Reason, Score
from weilend.decision.facts import Facts, read_facts, refusals
from weilend.decision.parts import Rule
from weilend.decision.policy import Policy
from weilend.decision.wording import outside, say, say_unknown, strengths, weaknesses
from weilend.formula.tree import Value

Run = Callable[[Mapping[str, Value]], Value]
HARDNESS: dict[Outcome, int] = {"approve": 0, "refer": 1, "decline": 2}

#: Where one of these is read, the model had a part in the reason.
FROM_MODEL = frozenset({"pd_ppm", "points", "grade", "floor_rate_ppm"})

#: Said when every rule passed and yet the limit or the price cannot be computed: nothing is approved blind.
NO_CEILING = Reason("ceiling_unknown", "the limit cannot be computed from what is known", "现有信息不足以计算额度上限")
NO_FLOOR = Reason("floor_rate_unknown", "the price cannot be computed from what is known", "现有信息不足以计算最低利率")


class Formula(msgspec.Struct, frozen=True):
    """A compiled formula: how it is run, which names it reads, and the range that was proved for it.

    >>> Formula(lambda names: names["a"], frozenset({"a"}), 0, 1).run({"a": 1})
    1
    """

    run: Run
    names: frozenset[str]
    lo: int | None
    hi: int | None


class Finding(msgspec.Struct, frozen=True):
    """What one rule said: the outcome that it asks for, why, and whether the model had a part in it.

    >>> Finding("refer", Reason("thin", "", ""), from_model=False).outcome
    'refer'
    """

    outcome: Outcome
    reason: Reason
    from_model: bool


class Evaluator(msgspec.Struct, frozen=True, kw_only=True):
    """A policy compiled against features and parameters: pure, total over the declared ranges, the same answer always.

    `compile_policy` makes one and shows a decision.

    >>> Evaluator.__struct_fields__[:3]
    ('policy', 'policy_id', 'parameters')
    """

    policy: Policy
    policy_id: str
    parameters: dict[str, int]
    fields: dict[str, Field]
    units: dict[str, str]
    labels: dict[str, tuple[str, str]]
    grades: tuple[Formula, ...]
    limits: tuple[tuple[Formula | None, Formula], ...]
    step: Formula
    floor_rate: Formula
    rules: tuple[Formula, ...]

    def decide(self, row: FeatureRow, fraud: FraudVerdict, score: Score | None, *, as_of: int | None = None) -> Decision:
        """Return the policy's answer for one row; `as_of` (UTC seconds) is when it is given, the row's own by default.

        The hardest outcome wins, every rule that holds is listed in the policy's order. Raises `PolicyError` only when the
        row lacks a feature that the policy reads. `compile_policy` shows one.
        """
        facts = read_facts(self.policy, self.fields, row, fraud, score, row.as_of if as_of is None else as_of)
        names = {**self.parameters, **facts.values, **self._grade(facts.values), **outside(score)}
        limits = {limit.name: self._limit(index, names) for index, limit in enumerate(self.policy.limits)}
        names["ceiling_fen"] = self._ceiling(limits, names)
        names["floor_rate_ppm"] = self.floor_rate.run(names)
        findings = [*self._refused(facts), *self._findings(names)]
        findings += self._blind(names) if all(found.outcome == "approve" for found in findings) else []
        outcome: Outcome = max((found.outcome for found in findings), key=HARDNESS.__getitem__, default="approve")
        return self._decision(outcome, findings, limits, names, fraud, score)

    def _grade(self, facts: Mapping[str, Value]) -> dict[str, Value]:
        names = {**self.parameters, **facts}
        for grade, formula in zip(self.policy.grades, self.grades, strict=True):
            if formula.run(names) is True:
                return {"grade": grade.name, **grade.values}
        return {"grade": None, **dict.fromkeys(self.policy.grades[0].values)}

    def _limit(self, index: int, names: Mapping[str, Value]) -> tuple[bool, int | None]:
        """Return whether a limit applies (not knowing counts as yes) and its amount in fen, None where not known."""
        when, formula = self.limits[index]
        if when is not None and when.run(names) is False:
            return False, None
        return True, _integer(formula.run(names))

    def _ceiling(self, limits: Mapping[str, tuple[bool, int | None]], names: Mapping[str, Value]) -> int | None:
        amounts = [amount for applies, amount in limits.values() if applies]
        known = [amount for amount in amounts if amount is not None]
        step = _integer(self.step.run(names))
        if not known or len(known) < len(amounts) or step is None or step <= 0:
            return None
        return max(0, min(known)) // step * step

    def _refused(self, facts: Facts) -> list[Finding]:
        return [Finding("refer", reason, from_model=False) for reason in refusals(facts, self.labels)]

    def _findings(self, names: Mapping[str, Value]) -> list[Finding]:
        found = (self._finding(rule, formula, names) for rule, formula in zip(self.policy.rules, self.rules, strict=True))
        return [finding for finding in found if finding is not None]

    def _finding(self, rule: Rule, formula: Formula, names: Mapping[str, Value]) -> Finding | None:
        answer = formula.run(names)
        from_model = not FROM_MODEL.isdisjoint(formula.names)
        if answer is True:
            return Finding(rule.outcome, say(rule.id, rule.en, rule.zh, names, self.units), from_model)
        if answer is False or rule.unknown == "pass":
            return None
        missing = sorted(name for name in formula.names if names[name] is None)
        return Finding(rule.unknown, say_unknown(rule.id, missing, self.labels), from_model=False)

    def _blind(self, names: Mapping[str, Value]) -> list[Finding]:
        """Return a referral where every rule passed and yet limit or price is not known."""
        guards = {"ceiling_fen": NO_CEILING, "floor_rate_ppm": NO_FLOOR}
        return [Finding("refer", reason, from_model=False) for name, reason in guards.items() if names[name] is None]

    def _decision(
        self,
        outcome: Outcome,
        findings: list[Finding],
        limits: Mapping[str, tuple[bool, int | None]],
        names: Mapping[str, Value],
        fraud: FraudVerdict,
        score: Score | None,
    ) -> Decision:
        approved = outcome == "approve"
        amounts = {name: amount for name, (_, amount) in limits.items()}
        grade = names["grade"]
        return Decision(
            policy_id=self.policy_id,
            outcome=outcome,
            grade=grade if isinstance(grade, str) else None,
            ceiling_fen=_integer(names["ceiling_fen"]) if approved else None,
            floor_rate_ppm=_integer(names["floor_rate_ppm"]) if approved else None,
            limits_fen=amounts,
            reasons=(
                *(found.reason for found in findings),
                *(self._binding(amounts, names) if approved else ()),
                *fraud.reasons,
                *_model_reasons(outcome, findings, score),
            ),
        )

    def _binding(self, amounts: dict[str, int | None], names: Mapping[str, Value]) -> list[Reason]:
        bound = least_limit(amounts)
        return [
            say(f"limit_{limit.name}", limit.en, limit.zh, names, self.units)
            for limit in self.policy.limits
            if limit.name == bound
        ]


def least_limit(limits_fen: Mapping[str, int | None]) -> str | None:
    """Return the name of the least limit, the first of equals; None when none is known.

    >>> least_limit({"sales": 300, "starter": None, "grade": 200})
    'grade'
    """
    known = {name: amount for name, amount in limits_fen.items() if amount is not None}
    return min(known, key=known.__getitem__) if known else None


def binding_limit(decision: Decision) -> str | None:
    """Return the name of the limit that sets the ceiling of an approved decision, None otherwise.

    >>> binding_limit(Decision(policy_id="", outcome="decline", grade=None, ceiling_fen=None, floor_rate_ppm=None,
    ...     limits_fen={"sales": 1}, reasons=())) is None
    True
    """
    return least_limit(decision.limits_fen) if decision.outcome == "approve" else None


def _integer(value: Value) -> int | None:
    return value if isinstance(value, int) else None


def _model_reasons(outcome: Outcome, findings: list[Finding], score: Score | None) -> list[Reason]:
    """Return the model's strongest points where it helped to approve, its weakest where it helped to refuse."""
    if score is None:
        return []
    if outcome == "approve":
        return strengths(score.contributions)
    blamed = any(found.from_model and found.outcome != "approve" for found in findings)
    return weaknesses(score.contributions) if blamed else []
