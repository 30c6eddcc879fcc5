"""In: a `Program` with experiments. Out: the probability with which a decision's outcome was taken. Used: by the evaluator.

A policy is deterministic but for its experiments: an arm is drawn by a hash. Over all draws that an application could have had, the
outcome it got has a probability, the propensity that what-if estimates divide by; 1 where every arm would have answered the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from math import prod
from typing import Final

import msgspec

from weilend.core.money import PPM
from weilend.decision.program import ExperimentSteps, Program
from weilend.formula.tree import Value

Draws = dict[str, int]


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

    >>> Chances({}, 0).of("A", "approve", {}, lambda draws: "refer")
    1000000
    """

    ways: dict[str | None, tuple[Way, ...]]
    drawn: int

    def of(self, grade: str | None, outcome: str, arms: Mapping[str, str], again: Callable[[Draws], str]) -> int:
        """Return the probability (ppm, at least 1) of an outcome that was taken in some arms.

        `again` decides with other draws; it is asked for those combinations of arms alone that were not drawn.
        """
        ways = self.ways.get(grade)
        if not ways:
            return PPM
        same = sum(way.share for way in ways if way.arms.items() <= arms.items() or again(way.draws) == outcome)
        scale = PPM ** (self.drawn - 1)
        return max(1, int((2 * same + scale) // (2 * scale)))


#: Where a policy draws nothing that could turn an outcome.
CERTAIN: Final = Chances({}, 0)


def find_chances(program: Program) -> Chances:
    """Return how the draws of a program's experiments can go, for each grade; arms that no outcome hangs on are left out.

    >>> from weilend.decision.example import example_evaluator
    >>> find_chances(example_evaluator().program) == CERTAIN
    True
    """
    formulas = {step.name: step.formula for step in program.steps}
    reached, waiting = set[str](), [program.outcome]
    while waiting:
        name = waiting.pop()
        if name in formulas and name not in reached:
            reached.add(name)
            waiting += formulas[name].names
    drawn = [one for one in program.experiments if one.arm in reached and len(one.experiment.arms) > 1]
    if not drawn:
        return CERTAIN
    grades: list[str | None] = [None, *(str(word) for word in _grades(program))]
    ways = {grade: _ways(drawn, grade, {one.arm: formulas[one.arm].python() for one in drawn}) for grade in grades}
    return Chances({grade: found for grade, found in ways.items() if len(found) > 1}, len(drawn))


def _grades(program: Program) -> tuple[str, ...]:
    root = next(step.formula.root for step in program.steps if step.name == program.grade)
    return tuple(str(node.value) for node in root.walk() if node.op == "literal" and node.type == "text")


def _ways(drawn: list[ExperimentSteps], grade: str | None, arm_of: Mapping[str, Callable[..., Value]]) -> tuple[Way, ...]:
    """Return the combinations of arms that are told apart in a grade, each with its share of all draws."""
    each = []
    for one in drawn:
        start, found = 0, dict[str, tuple[int, int]]()
        for arm in one.experiment.arms:
            if arm.share_ppm:
                name = str(arm_of[one.arm]({one.draw: start, "grade": grade}))
                found[name] = (found.get(name, (start, 0))[0], found.get(name, (start, 0))[1] + arm.share_ppm)
            start += arm.share_ppm
        each.append([(one.draw, one.experiment.name, name, at, share) for name, (at, share) in found.items()])
    return tuple(
        Way(
            {draw: at for draw, _, _, at, _ in way},
            {experiment: name for _, experiment, name, _, _ in way},
            prod(share for *_, share in way),
        )
        for way in product(*each)
    )
