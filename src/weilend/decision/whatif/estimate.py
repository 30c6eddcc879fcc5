"""In: logged decisions, a new policy's answers. Out: `WhatIf`. Used: by the desk, for a policy and for a frontier's points."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.decision.whatif.intervals import Figure, bad_rate, effective_owners, loss_fen, profit_fen
from weilend.decision.whatif.logged import Asked, Booleans, Floats, Integers, Logged
from weilend.decision.whatif.methods import donors_of, doubly_robust, inverse_propensity, name_segments, swap_ins
from weilend.decision.whatif.models import expect_of_others, extrapolate
from weilend.decision.whatif.parts import Combined, Estimated, Known, Unknown, WhatIf

_BY_CHANCE: Final = "the logged probabilities are those by which it was decided"
_ALIKE: Final = "they behave as approved applications that look the same to the outcome model"


def estimate_policy(logged: Logged, asked: Asked, *, seed: int = 0, expected: Floats | None = None) -> WhatIf:
    """Return what a policy would have brought, known, estimated and unknown apart, with 95 % intervals over owners.

    `expected` (n, 5) are expected outcomes by `expect_of_others`, where they are at hand; `seed` draws its folds.

    >>> from weilend.decision.whatif.logged import example_asked, example_logged
    >>> found = estimate_policy(example_logged(), example_asked(example_logged()))
    >>> [part.applications for part in (found.known, *found.tried, found.beyond, found.unknown)]
    [985, 531, 531, 250, 250]
    >>> found.unknown.bad_ppm, found.refusals[0][:42]
    (Figure(value=500000, lo=0, hi=1000000), '250 swap-ins had no chance of approval (ba')
    """
    tried, beyond = swap_ins(logged, asked)
    pending = asked.approved & logged.approved & ~logged.seen
    both = asked.approved & logged.seen
    within = msgspec.structs.replace(asked, approved=asked.approved & ~beyond)
    expected = expect_of_others(logged, seed) if expected is None else expected
    known = np.where(both[:, None], asked.scale * logged.outcomes, 0.0)
    owners = round(effective_owners(donors_of(logged, within), logged.owner))
    found: list[tuple[Estimated, Floats]] = []
    if tried.any() and owners:
        for method, rows in (
            ("doubly robust", doubly_robust(logged, within, expected)),
            ("inverse propensity", inverse_propensity(logged, within)),
        ):
            found.append((_estimated(rows, logged.owner, tried, method, _BY_CHANCE, owners), rows))
    untried = tried & (not owners)
    others = beyond | pending | untried
    unknown = _unknown(logged, asked, others, int(pending.sum()))
    estimates = tuple(one for one, _ in found)
    return WhatIf(
        applications=len(logged),
        approved=int(asked.approved.sum()),
        known=_known(known, logged, asked, both),
        tried=estimates,
        beyond=_beyond(logged, asked, beyond | untried),
        unknown=unknown,
        combined=_combine(known + (found[0][1] if found else 0.0), logged.owner, int(both.sum()), estimates[:1], unknown),
        refusals=_refusals(logged, beyond | untried),
    )


def _known(rows: Floats, logged: Logged, asked: Asked, both: Booleans) -> Known:
    priced = bool((logged.rate_ppm > 0).any())
    moved = (asked.ceiling_fen != logged.ceiling_fen) | ((asked.rate_ppm != logged.rate_ppm) & priced)
    owner = logged.owner
    return Known(
        applications=int(both.sum()),
        bad_ppm=bad_rate(rows, owner),
        loss_fen=loss_fen(rows, owner),
        profit_fen=profit_fen(rows, owner),
        moved=int((moved & both).sum()),
    )


def _estimated(rows: Floats, owner: Integers, target: Booleans, method: str, assumes: str, owners: int) -> Estimated:
    return Estimated(
        applications=int(target.sum()),
        bad_ppm=bad_rate(rows, owner),
        loss_fen=loss_fen(rows, owner),
        profit_fen=profit_fen(rows, owner),
        method=method,
        assumes=assumes,
        effective_owners=owners,
    )


def _beyond(logged: Logged, asked: Asked, target: Booleans) -> Estimated | None:
    if not target.any() or not logged.seen.any():
        return None
    rows = extrapolate(logged, asked.scale, target)
    owners = round(effective_owners(logged.seen.astype(np.float64), logged.owner))
    return _estimated(rows, logged.owner, target, "reject inference by model", _ALIKE, owners)


def _unknown(logged: Logged, asked: Asked, rows: Booleans, pending: int) -> Unknown:
    """Return bounds: nobody goes bad and all interest is earned, or everybody borrows, goes bad and all is lost."""
    count = int(rows.sum())
    most = float(asked.scale[rows, 2].sum())
    interest = float((asked.scale[rows, 2] * asked.rate_ppm[rows]).sum()) / PPM
    return Unknown(
        applications=count,
        bad_ppm=Figure(PPM // 2, 0, PPM) if count else None,
        loss_fen=Figure(round(most / 2), 0, round(most)),
        profit_fen=Figure(round((interest - most) / 2), round(-most), round(interest)),
        segments=name_segments(logged, rows),
        pending=pending,
    )


def _combine(rows: Floats, owner: Integers, known: int, estimates: tuple[Estimated, ...], unknown: Unknown) -> Combined:
    """Return known and estimated together, widened by the bounds of what is not known."""
    added = [f"{known:,} known", *(f"{one.applications:,} estimated, {one.method}" for one in estimates)]
    added += [f"{unknown.applications:,} unknown, anything from best to worst"] if unknown.applications else []
    rate, borrowers = bad_rate(rows, owner), float(rows[:, 0].sum())
    return Combined(
        applications=known + sum(one.applications for one in estimates) + unknown.applications,
        bad_ppm=unknown.bad_ppm if rate is None else _widen(rate, borrowers, unknown.applications),
        loss_fen=_plus(loss_fen(rows, owner), unknown.loss_fen),
        profit_fen=_plus(profit_fen(rows, owner), unknown.profit_fen),
        added=" + ".join(added),
    )


def _widen(rate: Figure, borrowers: float, others: int) -> Figure:
    """Return a rate of borrowers and others together, of whom none or all may go bad."""
    both = borrowers + others
    lo, hi = (borrowers * rate.lo / both, (borrowers * rate.hi + PPM * others) / both)
    middle = (borrowers * rate.value + PPM * others / 2) / both
    return Figure(round(middle), round(lo), round(hi))


def _plus(figure: Figure, bounds: Figure) -> Figure:
    return Figure(figure.value + bounds.value, figure.lo + bounds.lo, figure.hi + bounds.hi)


def _refusals(logged: Logged, rows: Booleans) -> tuple[str, ...]:
    if not rows.any():
        return ()
    named = name_segments(logged, rows)
    where = f" ({'; '.join(named)})" if named else ""
    return (
        f"{int(rows.sum()):,} swap-ins had no chance of approval{where}: no inverse-propensity and no doubly robust estimate is "
        "made of them; they are told by bounds, and by the outcome model alone",
    )
