"""In: feature row, fraud verdict, score, standing. Out: `Decision`. Used: by the desk, one row at a time, by cases and by replay.

An `Evaluator` is made by `compile_policy`. Its one generated function computes everything; sentences are made of its values after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

import msgspec

from weilend.core.errors import PolicyError
from weilend.core.values import NO_STANDING, Decision, FeatureRow, FraudVerdict, Outcome, Reason, Score, Standing
from weilend.decision.chances import CERTAIN, Chances
from weilend.decision.facts import experiment_facts, read_facts, source_facts
from weilend.decision.function import Function, Result
from weilend.decision.parts import Policy
from weilend.decision.program import Program, interpret
from weilend.decision.speech import Speech
from weilend.decision.voices import CardSpeech, CardVoice, ScoreVoice, Voice
from weilend.formula.tree import Value

HARDNESS: dict[Outcome, int] = {"approve": 0, "refer": 1, "decline": 2}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A decision in integers and codes: what all back ends must agree on. Ceiling, rate and months are for an approval only.

    `codes` are those of the findings that hold, in order, and on an approval that of the limit that binds.

    >>> Answer(outcome="refer", grade=None, ceiling_fen=None, floor_rate_ppm=None, months=None, limits_fen={}, codes=("x",)).codes
    ('x',)
    """

    outcome: Outcome
    grade: str | None
    ceiling_fen: int | None
    floor_rate_ppm: int | None
    months: int | None
    limits_fen: dict[str, int | None]
    codes: tuple[str, ...]
    arms: dict[str, str] = {}


class Evaluator(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A policy compiled against features and parameters: pure, total over the declared ranges, the same answer always.

    `compile_policy` makes one and shows a decision. `function.source` is the Python that it runs, to read.

    >>> from weilend.decision.example import example_evaluator
    >>> evaluator = example_evaluator()
    >>> values = {"sales_fen_12m": 100_000_000, "pd_ppm": 60_000, "shop_status": "present", "row_age_seconds": 0}
    >>> evaluator.answer(values).limits_fen, evaluator.trace(values)["binding_limit"]
    ({'sales': 25000000, 'grade_cap': 10000000}, 'grade_cap')
    >>> print(*[line for line in evaluator.function.source.splitlines() if "rule_small =" in line])
        rule_small = None if sales_fen_12m is None else sales_fen_12m < 1000000
    """

    policy: Policy
    program: Program
    parameters: dict[str, int]
    used: frozenset[str]
    function: Function
    speech: Speech
    card: CardSpeech | None = None
    chances: Chances = CERTAIN

    @property
    def policy_id(self) -> str:
        """The policy's identity."""
        return self.program.policy_id

    def decide(
        self,
        row: FeatureRow,
        fraud: FraudVerdict,
        score: Score | None,
        standing: Standing = NO_STANDING,
        *,
        as_of: int | None = None,
    ) -> Decision:
        """Return the policy's answer for one row; `as_of` (UTC seconds) is when it is given, the row's own by default.

        The hardest outcome wins, every rule that holds is listed in the policy's order. A card inside the program speaks for
        itself: `score` is not read then. Raises `PolicyError` only when the row lacks a feature that the policy reads.
        """
        facts = self.facts(row, fraud, score, standing, as_of=as_of)
        try:
            result = self.function.run(row.values, facts)
        except KeyError as error:
            self._refuse(f"the feature row of {row.business_id}", error)
        voice = ScoreVoice(score) if self.card is None else self._voice(self.card, result[-1])
        grade, outcome, arms = result[1], result[0], result[8]
        chance = self.chances.of(grade, outcome, arms, lambda draws: self.function.run(row.values, {**facts, **draws})[0])
        closed = tuple(one.name for one in self.policy.experiments if facts.get(one.open) == 0)
        decision = self._decision(result, fraud, voice, chance, self.chances.of_arms(grade, arms, closed))
        return msgspec.structs.replace(decision, closed=closed) if closed else decision

    def answer(self, values: Mapping[str, Value]) -> Answer:
        """Return the answer to values by name, features and facts alike (the columns of history), without sentences.

        Raises `PolicyError` where one is missing.
        """
        try:
            result = self.function.run(values, values)
        except KeyError as error:
            self._refuse("the given values", error)
        outcome, grade, ceiling, rate, months, binding, found, limits, arms, _ = result
        approved = outcome == "approve"
        named = self.speech.codes
        codes = [named[place] for place in found]
        return Answer(
            outcome=outcome,  # type: ignore[arg-type]
            grade=grade,
            ceiling_fen=ceiling if approved else None,
            floor_rate_ppm=rate if approved else None,
            months=months if approved else None,
            limits_fen=limits,
            codes=(*codes, f"limit_{binding}") if approved else tuple(codes),
            arms=arms,
        )

    def trace(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return the value of every input and step for values by name: each rule's answer, each limit, each term.

        Computed one by one, on demand; nothing of it is stored. Raises `PolicyError` where a value is missing.
        """
        try:
            return interpret(self.program, values)
        except KeyError as error:
            self._refuse("the given values", error)

    def values(
        self,
        row: FeatureRow,
        fraud: FraudVerdict,
        score: Score | None,
        standing: Standing = NO_STANDING,
        *,
        as_of: int | None = None,
    ) -> dict[str, Value]:
        """Return what `decide` reads, by name, as `answer` and `trace` take it."""
        return {**row.values, **self.facts(row, fraud, score, standing, as_of=as_of)}

    def facts(
        self, row: FeatureRow, fraud: FraudVerdict, score: Score | None, standing: Standing, *, as_of: int | None = None
    ) -> dict[str, Value]:
        """Return every fact by name: of scores, fraud, what is owed, sources and experiments."""
        age_seconds = 0 if as_of is None else as_of - row.as_of
        facts = read_facts(fraud, score, standing, age_seconds)
        if self.policy.sources:
            facts |= source_facts(self.policy.sources, row, standing, age_seconds)
        drawer = standing.drawn_by or row.business_id
        return facts | experiment_facts(self.policy.experiments, drawer, standing.spent_fen)

    def _decision(
        self, result: Result, fraud: FraudVerdict, voice: Voice, chance_ppm: int, arms_chance_ppm: int | None
    ) -> Decision:
        outcome, grade, ceiling, rate, months, binding, found, limits, arms, shown = result
        approved = outcome == "approve"
        speech = self.speech
        values: Sequence[Value] = shown
        if not speech.telling.isdisjoint(found) or (approved and binding in speech.telling):
            values = (*shown[: len(speech.shown)], *voice.outside())
        reasons: list[Reason] = [speech.findings[place](values) for place in found]
        if approved:
            reasons.append(speech.limits[str(binding)](values))
        reasons += fraud.reasons
        if approved:
            reasons += voice.strengths()
        elif not speech.blaming.isdisjoint(found):
            reasons += voice.weaknesses()
        return Decision(
            policy_id=self.program.policy_id,
            outcome=outcome,  # type: ignore[arg-type]
            grade=grade,
            ceiling_fen=ceiling if approved else None,
            floor_rate_ppm=rate if approved else None,
            limits_fen=limits,
            reasons=tuple(reasons),
            months=months if approved else None,
            arms=arms,
            chance_ppm=chance_ppm,
            arms_chance_ppm=arms_chance_ppm,
        )

    def _voice(self, speech: CardSpeech, shown: Sequence[Value]) -> CardVoice:
        """Return the voice of the card inside: its values, points and what is beyond stand at the end of what is shown."""
        own = shown[len(self.speech.shown) :]
        first, last = speech.alone, speech.alone + len(speech.best)
        return CardVoice(speech, own[:first], own[first:last], own[last:])  # type: ignore[arg-type]

    def _refuse(self, given: str, error: KeyError) -> NoReturn:
        hint = "compute the feature set that the policy was compiled for"
        raise PolicyError(f"{self.policy.file}: {given} has no {error.args[0]!r}", hint=hint) from None


def binding_limit(decision: Decision) -> str | None:
    """Return the name of the limit that sets the ceiling of an approved decision, None otherwise.

    >>> binding_limit(Decision(policy_id="", outcome="decline", grade=None, ceiling_fen=None, floor_rate_ppm=None,
    ...     limits_fen={"sales": 1}, reasons=())) is None
    True
    """
    known = {name: amount for name, amount in decision.limits_fen.items() if amount is not None}
    return min(known, key=known.__getitem__) if known and decision.outcome == "approve" else None
