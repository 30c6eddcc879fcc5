"""In: a compiled policy. Out: what is wrong with it, as values. Used: by tests and by `weilend policy check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from weilend.decision.evaluator import Answer, Evaluator
from weilend.decision.facts import AGE, FACTS, STATUSES
from weilend.decision.parts import Case, Policy
from weilend.decision.wording import placeholders
from weilend.formula.tree import Value

#: What is not known where a probability of default is not: there is no such score.
TOGETHER: Final = {
    "pd_ppm": ("points", "outside_count"),
    "owner_pd_ppm": ("owner_points",),
    "business_pd_ppm": ("business_points",),
}


class Problem(msgspec.Struct, frozen=True):
    """One thing that a check found: where in the policy, and what.

    >>> str(Problem("case 'no score'", "outcome: expected refer, got approve"))
    "case 'no score': outcome: expected refer, got approve"
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def check_policy(evaluator: Evaluator) -> tuple[Problem, ...]:
    """Run every case of a policy, and return what is wrong; nothing when all is well.

    Wrong are: a case that is answered otherwise than it says; a rule, a grade, a limit, a term or a missing source that no case
    reaches; an input or parameter that nothing reads; two experiments that would draw the same numbers. Cases are decided with the
    parameters that the evaluator was compiled with, and without a card: they state the PD.

    >>> from weilend.decision.example import example_evaluator
    >>> [str(problem) for problem in check_policy(example_evaluator())][:2]
    ["rule 'small': no case reaches it", "grade 'B': no case reaches it"]
    """
    answers = tuple(decide_case(evaluator, case) for case in evaluator.policy.cases)
    answered = zip(evaluator.policy.cases, answers, strict=True)
    wrong = [problem for case, answer in answered for problem in _compare(case, answer)]
    return (*wrong, *_unreached(evaluator, answers), *_unread(evaluator), *_drawn_alike(evaluator.policy))


def decide_case(evaluator: Evaluator, case: Case) -> Answer:
    """Return what a policy answers to one of its cases; raises `PolicyError` where a value of the case cannot be."""
    return evaluator.answer(case_values(evaluator.policy, case))


def case_values(policy: Policy, case: Case) -> dict[str, Value]:
    """Return the values that a case speaks of, features and facts, as `Evaluator.answer` and `Evaluator.trace` take them.

    >>> from weilend.decision.example import example_policy
    >>> case_values(example_policy(), Case(name="no score", unknown=("pd_ppm",), outcome="refer", reasons=()))["points"] is None
    True
    """
    sources = {source.status: "missing" if source.name in case.missing else "present" for source in policy.sources}
    draws = {name: int(name == one.open) for one in policy.experiments for name in one.facts}  # first arms, budgets open
    values: dict[str, Value] = {AGE: 0, **draws, **sources, **policy.base_case, **case.values, **dict.fromkeys(case.unknown)}
    _check_words(policy, case, values)
    for name, others in TOGETHER.items():
        if name in values and values[name] is None:
            values |= dict.fromkeys(others)
    return values


def _check_words(policy: Policy, case: Case, values: dict[str, Value]) -> None:
    words = {name: field.words for name, field in FACTS.items() if field.type == "text"}
    words |= {source.status: STATUSES for source in policy.sources}
    for name, value in values.items():
        known = words.get(name, ())
        if isinstance(value, str) and value not in known:
            hint = f"say one of: {', '.join(known)}" if known else "give an integer"
            policy.places.refuse(("case", case.name), f"{value!r} is no {name}", hint)
        if known and not isinstance(value, str):
            policy.places.refuse(("case", case.name), f"{name} is not said", f"say one of: {', '.join(known)}")


def _compare(case: Case, answer: Answer) -> Iterator[Problem]:
    """Yield where an answer differs: grade, floor rate and months only where the case states them."""
    pairs: list[tuple[str, object, object]] = [
        ("outcome", case.outcome, answer.outcome),
        ("reasons", list(case.reasons), list(answer.codes)),
        ("ceiling_fen", case.ceiling_fen, answer.ceiling_fen),
    ]
    optional = [(name, getattr(case, name), getattr(answer, name)) for name in ("grade", "floor_rate_ppm", "months")]
    pairs += [pair for pair in optional if pair[1] is not None]
    for name, wanted, found in pairs:
        if wanted != found:
            yield Problem(f"case {case.name!r}", f"{name}: expected {wanted}, got {found}")


def _unreached(evaluator: Evaluator, answers: tuple[Answer, ...]) -> Iterator[Problem]:
    policy = evaluator.policy
    codes = {code for answer in answers for code in answer.codes}
    grades = {answer.grade for answer in answers}
    months = {answer.months for answer in answers}
    yield from _missing("rule", [rule.id for rule in policy.rules], codes, "no case reaches it")
    yield from _missing("grade", [grade.name for grade in policy.grades], grades, "no case reaches it")
    yield from _missing(
        "term", [term.months for term in policy.floor_rate.terms], months, "nothing is approved for it in any case"
    )
    absent = [source.name for source in policy.sources if source.missing != "degrade"]
    yield from _missing("source", absent, {code.removesuffix("_missing") for code in codes}, "it is there in every case")
    bound = {code.removeprefix("limit_") for code in codes}
    yield from _missing("limit", [limit.name for limit in policy.limits], bound, "it binds in no case")


def _missing(noun: str, names: Iterable[object], reached: Iterable[object], what: str) -> Iterator[Problem]:
    known = set(reached)
    yield from (Problem(f"{noun} {name!r}", what) for name in names if name not in known)


def _drawn_alike(policy: Policy) -> Iterator[Problem]:
    """Yield experiments with the salt of another: their arms would not be independent, and no logged chance be right."""
    salts = Counter(one.salt for one in policy.experiments)
    yield from (
        Problem(f"experiment {one.name!r}", "another experiment has its salt")
        for one in policy.experiments
        if salts[one.salt] > 1
    )


def _unread(evaluator: Evaluator) -> Iterator[Problem]:
    policy = evaluator.policy
    texts = [text for rule in policy.rules for text in (rule.en, rule.zh)]
    texts += [text for limit in policy.limits for text in (limit.en, limit.zh)]
    read = evaluator.used.union(name for text in texts for name in placeholders(text))
    for name in (*policy.inputs, *policy.parameters):
        if name not in read:
            yield Problem(name, "nothing reads it")
