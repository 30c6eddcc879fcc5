"""In: a slice of those who are declined, a budget, what it has cost so far. Out: whether to lend to one more, and with what
probability. Used: before a decision that a policy would decline; what it learns is what inverse propensity lives on.

A loan counts with what it is expected to lose until it has lost more, and with what it lost once it is settled. The slice
closes for good reason before the budget is gone in expectation; where losses come out worse than expected it closes as soon as
they show.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.decision.facts import draw_ppm


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """Of those declined, the share (ppm) of owners that is lent to all the same, within a budget of losses.

    >>> Slice(salt="explore-2026-12", share_ppm=50_000, budget_fen=20_000_000).budget_fen
    20000000
    """

    salt: Annotated[str, msgspec.Meta(min_length=1)]
    share_ppm: Annotated[int, msgspec.Meta(gt=0, lt=PPM)]
    budget_fen: Annotated[int, msgspec.Meta(ge=0)]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What became known of a loan of the slice: it was opened, lost so much in all so far, or is settled at that.

    >>> Step(loan_id="L1", kind="opened", fen=300_000).kind
    'opened'
    """

    loan_id: str
    kind: Literal["opened", "lost", "settled"]
    fen: Annotated[int, msgspec.Meta(ge=0)]


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What a slice has cost: realised losses, and what open loans are still expected to lose beyond theirs.

    >>> Spent(realised_fen=200, expected_fen=300).committed_fen
    500
    """

    realised_fen: int
    expected_fen: int

    @property
    def committed_fen(self) -> int:
        """Both together: what counts against the budget."""
        return self.realised_fen + self.expected_fen


class Explored(msgspec.Struct, frozen=True, kw_only=True):
    """Whether this owner is lent to for learning, and the probability (ppm) of what was answered.

    >>> Explored(lends=False, chance_ppm=1_000_000, why="the budget is spent").lends
    False
    """

    lends: bool
    chance_ppm: int
    why: str


def count_spent(steps: Iterable[Step]) -> Spent:
    """Return what a slice has cost after some steps. Raises `InputError` for a loan that was never opened, or opened twice.

    >>> count_spent([Step(loan_id="a", kind="opened", fen=300), Step(loan_id="b", kind="opened", fen=100),
    ...     Step(loan_id="a", kind="lost", fen=500), Step(loan_id="b", kind="settled", fen=0)])
    Spent(realised_fen=500, expected_fen=0)
    """
    expected, lost = dict[str, int](), dict[str, int]()
    for step in steps:
        if (step.loan_id in lost) is (step.kind == "opened"):
            what = "opened twice" if step.kind == "opened" else "never opened"
            raise InputError(f"loan {step.loan_id} was {what}", hint="give the steps of the slice from its first loan on")
        if step.kind == "opened":
            expected[step.loan_id], lost[step.loan_id] = step.fen, 0
        else:
            lost[step.loan_id] = step.fen
        if step.kind == "settled":
            expected[step.loan_id] = 0
    return Spent(realised_fen=sum(lost.values()), expected_fen=sum(max(fen - lost[name], 0) for name, fen in expected.items()))


def explore(slice_: Slice, spent: Spent, owner_id: str, expected_loss_fen: int) -> Explored:
    """Return whether an owner who would be declined is lent to for learning.

    The draw hangs on the owner. Where the budget does not hold the expected loss of one more, nobody is, and that is certain.

    >>> slice_ = Slice(salt="s", share_ppm=50_000, budget_fen=1_000)
    >>> found = [explore(slice_, Spent(realised_fen=0, expected_fen=0), f"O{number}", 400) for number in range(1000)]
    >>> sum(one.lends for one in found), found[0].chance_ppm
    (33, 950000)
    >>> explore(slice_, Spent(realised_fen=300, expected_fen=400), "O1", 400)
    Explored(lends=False, chance_ppm=1000000, why='the budget is spent')
    """
    if expected_loss_fen < 0:
        raise InputError("an expected loss is below zero", hint="give it in fen")
    if spent.committed_fen + expected_loss_fen > slice_.budget_fen:
        return Explored(lends=False, chance_ppm=PPM, why="the budget is spent")
    if draw_ppm(slice_.salt, owner_id) < slice_.share_ppm:
        return Explored(lends=True, chance_ppm=slice_.share_ppm, why="lent to for learning")
    return Explored(lends=False, chance_ppm=PPM - slice_.share_ppm, why="not drawn")
