"""In: columns of decided applications. Out: `Logged`, what was done and what became of it; `Asked`, a new policy's answers.

Used: by every estimate of this folder. Rows are applications in any order; outcomes stand per fen of the ceiling at which they were
seen, so that a policy that lends another amount is told what that amount would have brought in proportion.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.core.money import PPM

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
Words = npt.NDArray[np.object_]
#: The columns of an outcome: who borrowed, who went bad, and per fen of ceiling: lost, earned before interest, and good yuan-years.
BORROWED, BAD, LOSS, NET, CARRY = range(5)


class Logged(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Applications that a policy decided, and what became of those whose outcome is known.

    `owner` (n,) tells who belongs together. `approved` and `chance_ppm` are the answer that was given and its probability; `seen`
    says where the outcome is known. Of the seen: `borrowed` and `bad` (0 or 1), `loss_fen`, `profit_fen` (loss included) and
    `ceiling_fen`, `rate_ppm`, the terms at which it was seen; `rate_ppm` of zeros says that prices are not known. `explain` (n, k)
    is what outcome models read, `segments` are words to tell applications apart. Elsewhere anything may stand.

    Raises `InputError` where a column is short, a probability is not above 0 and at most 1, or somebody declined was seen.

    >>> logged = example_logged()
    >>> len(logged), int(logged.approved.sum()), int(logged.overlap.sum())
    (2000, 985, 818)
    """

    owner: Integers
    approved: Booleans
    chance_ppm: Integers
    seen: Booleans
    borrowed: Floats
    bad: Floats
    loss_fen: Floats
    profit_fen: Floats
    ceiling_fen: Floats
    rate_ppm: Floats
    explain: Floats
    segments: dict[str, Words] = {}

    def __post_init__(self) -> None:
        """Refuse columns that cannot be."""
        for name in self.__struct_fields__:
            columns = getattr(self, name)
            for one in columns.values() if isinstance(columns, dict) else (columns,):
                if len(one) != len(self.owner):
                    raise InputError(f"column {name} has {len(one)} rows, not {len(self.owner)}", hint="one row an application")
        if ((self.chance_ppm <= 0) | (self.chance_ppm > PPM)).any():
            raise InputError(
                "a logged probability is not above 0 and at most 1", hint="give the one of the outcome taken, in ppm"
            )
        if (self.seen & ~self.approved).any():
            raise InputError("an outcome is known of somebody to whom nobody lent", hint="an outcome needs an approval")
        if (self.ceiling_fen[self.seen] <= 0).any():
            raise InputError("an outcome was seen at no ceiling", hint="give logged_ceiling_fen of each approval")

    def __len__(self) -> int:
        return len(self.owner)

    @property
    def approval(self) -> Floats:
        """The probability of an approval (n,): where another answer was taken, at most what that answer left over."""
        chance = self.chance_ppm / PPM
        return np.where(self.approved, chance, 1 - chance)

    @property
    def overlap(self) -> Booleans:
        """Where approval was neither certain nor impossible."""
        return (self.approval > 0) & (self.approval < 1)

    @property
    def outcomes(self) -> Floats:
        """The outcomes (n, 5) in the order of `BORROWED` … `CARRY`, zero where nothing was seen."""
        terms = np.where(self.seen, self.ceiling_fen, 1.0)
        good = np.where(self.rate_ppm > 0, self.borrowed * (1 - self.bad), 0.0)
        lost, earned = np.stack([self.loss_fen, self.profit_fen]) / terms
        net = earned - good * self.rate_ppm / PPM
        return np.where(self.seen[:, None], np.stack([self.borrowed, self.bad, lost, net, good], axis=1), 0.0)


class Asked(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a new policy answers to the same applications: whom it approves, up to which ceiling, at which annual rate.

    >>> Asked(approved=np.array([True]), ceiling_fen=np.array([5.0]), rate_ppm=np.array([96_000.0])).scale.tolist()
    [[1.0, 1.0, 5.0, 5.0, 0.48]]
    """

    approved: Booleans
    ceiling_fen: Floats
    rate_ppm: Floats

    @property
    def scale(self) -> Floats:
        """By what each column of an outcome is multiplied (n, 5) to be people and fen; zero where nobody is approved."""
        amount = np.where(self.approved, self.ceiling_fen, 0.0)
        one = self.approved.astype(np.float64)
        return np.stack([one, one, amount, amount, amount * self.rate_ppm / PPM], axis=1)


def example_logged(rows: int = 2000, seed: int = 1) -> Logged:
    """Return invented decisions: approved below a risk, by chance in a band above it, never beyond; for examples and tests.

    >>> bool(example_logged().bad[example_logged().seen].mean() > 0)
    True
    """
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=rows)
    chance = np.where(risk < -0.4, PPM, np.where(risk < 0.7, 350_000, 0))
    approved = rng.random(rows) * PPM < chance
    bad = (rng.random(rows) < 1 / (1 + np.exp(2.2 - 0.8 * risk))).astype(np.float64)
    terms = np.full(rows, 10_000_000.0)
    return Logged(
        owner=np.arange(rows) // 2,
        approved=approved,
        chance_ppm=np.where(approved, chance, PPM - chance),
        seen=approved,
        borrowed=np.ones(rows),
        bad=bad,
        loss_fen=np.where(bad == 1, 6_000_000.0, 0.0),
        profit_fen=np.where(bad == 1, -6_000_000.0, 900_000.0),
        ceiling_fen=terms,
        rate_ppm=np.zeros(rows),
        explain=risk[:, None],
        segments={"band": np.where(chance == 0, "beyond", np.where(chance == PPM, "safe", "tried")).astype(object)},
    )


def example_asked(logged: Logged, most_risk: float = 1.2) -> Asked:
    """Return a wider policy over invented decisions, for examples and tests.

    >>> int(example_asked(example_logged()).approved.sum())
    1766
    """
    return Asked(
        approved=logged.explain[:, 0] < most_risk,
        ceiling_fen=np.full(len(logged), 10_000_000.0),
        rate_ppm=np.zeros(len(logged)),
    )
