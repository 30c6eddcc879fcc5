"""In: a `Program` with experiments. Out: the probabilities of a decision's outcome and of its arms. Used: by the evaluator.

A policy is deterministic but for its experiments: an arm is drawn by a hash. Over all draws that an application could have had, the
outcome it got has a probability, the propensity that what-if estimates divide by; 1 where every arm would have answered the same.
The arms it got have one too: the product of their shares where the experiments run, for each has a salt of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import prod
from typing import Final

import msgspec

from weilend.core.money import PPM
from weilend.decision.program import ExperimentSteps, Program
from weilend.formula.tree import Value

Draws = dict[str, int]
#: Of each experiment, the share (ppm) of draws that lead to each of its arms.
Shares = dict[str, dict[str, int]]


class Way(msgspec.Struct, frozen=True):
    """One combination of arms: draws that lead to it, and the product of their shares (each in ppm).

    >>> Way({"test_draw_ppm": 0}, {"test": "control"}, 900_000).arms
    {'test': 'control'}
    """

    draws: Draws
    arms: dict[str, str]
    share: int


class Chances(msgspec.Struct, frozen=True):
    """The ways that a draw can go, by grade; no way for a grade in which no draw can turn an outcome.

    `shares` are those of the arms of every experiment, by grade: one arm has them all where the experiment does not run.

    >>> Chances({}, 0).of("A", "approve", {}, lambda draws: "refer")
    1000000
    """

    ways: dict[str | None, tuple[Way, ...]]
    drawn: int
    shares: dict[str | None, Shares] = {}

    def of(self, grade: str | None, outcome: str, arms: Mapping[str, str], again: Callable[[Draws], str]) -> int:
        """Return the probability (ppm, at least 1) of an outcome that was taken in some arms.

        `again` decides with other draws; it is asked for those combinations of arms alone that were not drawn.
        """
        ways = self.ways.get(grade)
        if not ways:
            return PPM
        same = sum(way.share for way in ways if way.arms.items() <= arms.items() or again(way.draws) == outcome)
        return _in_ppm(same, self.drawn)

    def of_arms(self, grade: str | None, arms: Mapping[str, str], closed: Sequence[str] = ()) -> int | None:
        """Return the probability (ppm, at least 1) with which exactly these arms are drawn in a grade; None where nobody draws.

        Of experiments that are `closed` the first arm is certain.

        >>> Chances({}, 0, {"A": {"one": {"no": 900_000, "yes": 100_000}, "two": {"all": PPM}}}).of_arms("A",
        ...     {"one": "yes", "two": "all"})
        100000
        """
        if not arms:
            return None
        shares = self.shares[grade]
        each = (PPM if experiment in closed else shares[experiment][arm] for experiment, arm in arms.items())
        return _in_ppm(prod(each), len(arms))


#: Where a policy draws nothing.
CERTAIN: Final = Chances({}, 0)


def _in_ppm(share: int, factors: int) -> int:
    """Return a product of so many shares in ppm, rounded half up, at least 1."""
    scale: int = PPM ** (factors - 1)
    return max(1, (2 * share + scale) // (2 * scale))


def find_chances(program: Program) -> Chances:
    """Return how the draws of a program's experiments can go, for each grade; `ways` leave out arms that no outcome hangs on.

    >>> from weilend.decision.example import example_evaluator
    >>> find_chances(example_evaluator().program) == CERTAIN
    True
    """
    if not program.experiments:
        return CERTAIN
    formulas = {step.name: step.formula for step in program.steps}
    reached, waiting = set[str](), [program.outcome]
    while waiting:
        name = waiting.pop()
        if name in formulas and name not in reached:
            reached.add(name)
            waiting += formulas[name].names
    drawn = [one for one in program.experiments if one.arm in reached and len(one.experiment.arms) > 1]
    arm_of = {one.arm: formulas[one.arm].python() for one in program.experiments}
    grades: list[str | None] = [None, *(str(word) for word in _grades(program))]
    ways = {grade: _ways(drawn, grade, arm_of) for grade in grades}
    shares = {
        grade: {
            one.experiment.name: {name: share for name, (_, share) in _arms(one, grade, arm_of[one.arm]).items()}
            for one in program.experiments
        }
        for grade in grades
    }
    return Chances({grade: found for grade, found in ways.items() if len(found) > 1}, len(drawn), shares)


def _grades(program: Program) -> tuple[str, ...]:
    root = next(step.formula.root for step in program.steps if step.name == program.grade)
    return tuple(str(node.value) for node in root.walk() if node.op == "literal" and node.type == "text")


def _arms(one: ExperimentSteps, grade: str | None, arm_of: Callable[..., Value]) -> dict[str, tuple[int, int]]:
    """Return the arms that an experiment can come to in a grade: a draw that leads there, and the share (ppm) of draws that do."""
    start, found = 0, dict[str, tuple[int, int]]()
    for arm in one.experiment.arms:
        if arm.share_ppm:
            name = str(arm_of({one.draw: start, one.experiment.open: 1, "grade": grade}))
            first, share = found.get(name, (start, 0))
            found[name] = (first, share + arm.share_ppm)
        start += arm.share_ppm
    return found


def _ways(drawn: list[ExperimentSteps], grade: str | None, arm_of: Mapping[str, Callable[..., Value]]) -> tuple[Way, ...]:
    """Return the combinations of arms that are told apart in a grade, each with its share of all draws."""
    each = [
        [(one.draw, one.experiment.name, name, at, share) for name, (at, share) in _arms(one, grade, arm_of[one.arm]).items()]
        for one in drawn
    ]
    return tuple(
        Way(
            {draw: at for draw, _, _, at, _ in way},
            {experiment: name for _, experiment, name, _, _ in way},
            prod(share for *_, share in way),
        )
        for way in product(*each)
    )
