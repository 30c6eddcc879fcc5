"""In: a district. Out: some of its firms, as different as can be. Used: by the files that firms hand over."""

from __future__ import annotations

from collections import Counter

import numpy as np

from weilend.core.errors import InputError
from weilend.economy.catalogue import catalogue
from weilend.economy.firms import Firms
from weilend.economy.plan import WorldPlan
from weilend.economy.shops import Shops


def choose_firms(plan: WorldPlan, district: int, firms: Firms, shops: Shops, count: int) -> list[int]:
    """Return positions of firms that live in the months told: one after the other the one that is least like those before it.

    Forms, industries, platforms, papers and books are spread evenly. Raises `InputError` where there are not so many.

    >>> from weilend.economy.firms import make_firms
    >>> from weilend.economy.plan import make_plan
    >>> from weilend.economy.shops import make_shops
    >>> plan = make_plan(businesses=80, months=12, seed=1)
    >>> firms = make_firms(plan, 0)
    >>> chosen = choose_firms(plan, 0, firms, make_shops(plan, 0, firms), 6)
    >>> len(chosen), len({int(firms.industry[place]) for place in chosen}) >= 4
    (6, True)
    """
    lives = np.flatnonzero((firms.founded < plan.months - 3) & (firms.closed > 3))
    if not 0 < count <= len(lives):
        raise InputError(f"{count} firms cannot hand over files", hint=f"ask for 1 to {len(lives)}")
    traits = {place: _traits(firms, shops, place) for place in plan.dice("files", district).permutation(lives).tolist()}
    seen, chosen = Counter[str](), list[int]()
    while len(chosen) < count:
        best = max(traits, key=lambda place: sum(1 / (1 + seen[trait]) for trait in traits[place]) / len(traits[place]))
        seen.update(traits.pop(best))
        chosen.append(best)
    return chosen


def _traits(firms: Firms, shops: Shops, place: int) -> list[str]:
    """Return what anybody sees of a firm; nothing that is hidden."""
    platforms = {catalogue().platforms[shops.platform[shop]].name for shop in np.flatnonzero(shops.firm == place)}
    return [
        f"industry {firms.industry[place]}",
        f"company {firms.is_company[place]}",
        f"company {firms.is_company[place]}, invoices {firms.has_invoices[place]}",
        f"books {firms.has_books[place]}",
        *(f"platform {name}" for name in sorted(platforms) or ["none"]),
    ]
