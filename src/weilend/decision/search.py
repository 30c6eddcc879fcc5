"""In: variants of a policy, decided history. Out: what each would have brought, and those that no other beats. Used: by the desk.

Everything that a variant brings is a sum over whom it approves of numbers that the variant does not change: outcomes that were
seen, what an outcome model expects of others, and what that model missed of those tried by chance (`whatif`). So the history is
read once, and a variant costs a few sums.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.decision.search_kernel import CHUNK, Plan, Verdicts, take_rows
from weilend.decision.whatif.logged import BAD, BORROWED, CARRY, LOSS, NET, Floats, Logged
from weilend.decision.whatif.models import expect_of_others, fit_outcomes, make_design

Array = npt.NDArray[Any]
#: The parts that are summed, in this order.
PARTS: Final = ("known", "tried", "beyond")
#: Called with how many rows are done, of how many.
Tell = Callable[[int, int], None]


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """What one part of the applications brings: how many they are, borrowers, bads, fen lost, fen earned (losses taken off).

    >>> Sums(applications=9, borrowers=8.0, bads=2.0, loss_fen=100, profit_fen=-20).bad_ppm
    250000
    """

    applications: int
    borrowers: float
    bads: float
    loss_fen: int
    profit_fen: int

    @property
    def bad_ppm(self) -> int | None:
        """Bads over borrowers, None without borrowers."""
        return round(PPM * self.bads / self.borrowers) if self.borrowers > 0 else None


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """A policy with some values of its parameters, and what it would have brought, the parts apart.

    `known` both approve and was seen, `tried` is estimated from those approved by chance (doubly robust), `beyond` by the outcome
    model alone, since nobody like them was approved; `pending` of the approved are not ripe and in no part.

    >>> Variant.__struct_fields__[:3]
    ('values', 'approved', 'ceiling_fen')
    """

    values: dict[str, int]
    approved: int
    ceiling_fen: int
    known: Sums
    tried: Sums
    beyond: Sums
    pending: int

    @property
    def ranked(self) -> tuple[int, int, int]:
        """Approvals, loss and profit in fen by which variants are ranked: known and estimated added up, for this alone."""
        parts = (self.known, self.tried, self.beyond)
        return self.approved, sum(one.loss_fen for one in parts), sum(one.profit_fen for one in parts)


class Weights(msgspec.Struct, frozen=True, eq=False):
    """What an application adds when it is approved: as a person (n, 10), per fen of ceiling (n, 6), per fen and rate (n, 3)."""

    people: Floats
    money: Floats
    carry: Floats


def weigh(logged: Logged, *, seed: int = 0, expected: Floats | None = None) -> Weights:
    """Return what each application adds to the sums of a variant that approves it; `expected` as in `whatif.estimate_policy`.

    >>> from weilend.decision.whatif.logged import example_logged
    >>> weigh(example_logged()).people.shape
    (2000, 10)
    """
    outcomes, seen = logged.outcomes, logged.seen
    expected = expect_of_others(logged, seed) if expected is None else expected
    tried = ~logged.approved & logged.overlap
    donors = seen & logged.overlap
    beyond = ~logged.approved & ~logged.overlap
    chance = np.where(donors, logged.approval, 1.0)
    times = (1 - chance) / chance
    design = make_design(logged.explain)
    model = fit_outcomes(design[seen], outcomes[seen]).say(design) if seen.any() else np.zeros_like(outcomes)
    parts = [
        np.where(seen[:, None], outcomes, 0.0),
        np.where(tried[:, None], expected, 0.0) + np.where(donors[:, None], times[:, None] * (outcomes - expected), 0.0),
        np.where(beyond[:, None], model, 0.0),
    ]  # fmt: skip
    flags = np.stack([seen, tried, beyond, logged.approved & ~seen], axis=1).astype(np.float64)
    return Weights(
        people=np.concatenate([*(part[:, [BORROWED, BAD]] for part in parts), flags], axis=1),
        money=np.concatenate([part[:, [LOSS, NET]] for part in parts], axis=1),
        carry=np.stack([part[:, CARRY] for part in parts], axis=1),
    )


def try_variants(
    grid: Sequence[Mapping[str, int]], plan: Plan, columns: Mapping[str, Array], weights: Weights, tell: Tell | None = None
) -> tuple[Variant, ...]:
    """Return what each variant of a grid would have brought; `plan` has a program for each, `columns` a row an application.

    Raises `InputError` where grid and plan, or columns and weights, differ in number.
    """
    rows = len(weights.people)
    if len(grid) != len(plan.turns) or any(len(column) != rows for column in columns.values()):
        raise InputError("variants and programs, or rows and outcomes, differ in number", hint="make both from the same")
    people, money, carry, ceilings = (np.zeros((len(grid), width)) for width in (10, 6, 3, 2))
    for start in range(0, rows, CHUNK):
        stop = min(start + CHUNK, rows)
        chunk = [part[start:stop] for part in (weights.people, weights.money, weights.carry)]
        for place, verdicts in enumerate(plan.decide(take_rows(columns, start, stop))):
            approved, amount, priced = _amounts(verdicts)
            people[place] += approved @ chunk[0]
            money[place] += amount @ chunk[1]
            carry[place] += priced @ chunk[2]
            ceilings[place] += (approved.sum(), amount.sum())
        if tell is not None:
            tell(stop, rows)
    return tuple(_variant(dict(values), *each) for values, *each in zip(grid, people, money, carry, ceilings, strict=True))


def _amounts(verdicts: Verdicts) -> tuple[Floats, Floats, Floats]:
    approved = verdicts.approved.astype(np.float64)
    amount = np.where(verdicts.approved, verdicts.ceiling_fen, 0).astype(np.float64)
    return approved, amount, amount * np.where(verdicts.approved, verdicts.rate_ppm, 0) / PPM


def _variant(values: dict[str, int], people: Floats, money: Floats, carry: Floats, ceilings: Floats) -> Variant:
    parts = [
        Sums(
            applications=round(people[6 + at]),
            borrowers=float(people[2 * at]),
            bads=float(people[2 * at + 1]),
            loss_fen=round(money[2 * at]),
            profit_fen=round(money[2 * at + 1] + carry[at]),
        )
        for at in range(len(PARTS))
    ]
    known, tried, beyond = parts
    return Variant(
        values=values,
        approved=round(ceilings[0]),
        ceiling_fen=round(ceilings[1]),
        known=known,
        tried=tried,
        beyond=beyond,
        pending=round(people[9]),
    )


def find_frontier(variants: Sequence[Variant]) -> tuple[Variant, ...]:
    """Return the variants that no other beats, the most profitable first: more approvals, less loss, more profit (Pareto 1906).

    Of variants that bring the same, the first stands for all.

    >>> nothing = Sums(applications=0, borrowers=0.0, bads=0.0, loss_fen=0, profit_fen=0)
    >>> def make(name, approved, loss, profit):
    ...     known = msgspec.structs.replace(nothing, loss_fen=loss, profit_fen=profit)
    ...     parts = {"known": known, "tried": nothing, "beyond": nothing}
    ...     return Variant(values={"x": name}, approved=approved, ceiling_fen=0, pending=0, **parts)
    >>> [one.values["x"] for one in find_frontier([make(1, 5, 9, 9), make(2, 5, 8, 9), make(3, 7, 20, 3), make(4, 5, 8, 9)])]
    [2, 3]
    """
    ranked = sorted(
        range(len(variants)), key=lambda at: (-variants[at].ranked[2], variants[at].ranked[1], -variants[at].ranked[0])
    )
    front: list[int] = []
    kept = np.zeros((0, 2))
    for at in ranked:
        approved, loss, _ = variants[at].ranked
        if not ((kept[:, 0] >= approved) & (kept[:, 1] <= loss)).any():
            front.append(at)
            kept = np.concatenate([kept, [[approved, loss]]])
    return tuple(variants[at] for at in front)
