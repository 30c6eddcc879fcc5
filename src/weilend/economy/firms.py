"""In: a plan and a district. Out: `Firms`, who is there and how they are, the hidden traits among it. Used: by every maker here.

Three traits are hidden: `quality` (how well the firm is run) and `discipline` (how much the owner minds a promise) leave weak
traces everywhere; `unseen` (health, family, luck) leaves none but in what other lenders' account managers sensed. Codes are
drawn apart from everything, so that no code tells anything.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.economy.catalogue import catalogue, drawn
from weilend.economy.plan import WorldPlan

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: A firm that never closes within the world.
NEVER = 10_000


class Firms(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Traits of the firms of a district, one array entry each. Money is yuan a month, months count from the first one told.

    `fixed` are costs that do not move with sales, `goods` the share of sales that the goods cost, `shock` the spread of a month's
    chance, `buffer` the months of sales that lie in the account at first.
    """

    code: npt.NDArray[np.str_]
    industry: Ints
    region: npt.NDArray[np.str_]
    is_company: Bools
    founded: Ints
    closed: Ints
    quality: Floats
    discipline: Floats
    unseen: Floats
    size: Floats
    sales: Floats
    goods: Floats
    fixed: Floats
    growth: Floats
    shock: Floats
    buffer: Floats
    has_shop: Bools
    has_invoices: Bools
    has_books: Bools

    def __len__(self) -> int:
        return len(self.code)


def make_firms(plan: WorldPlan, district: int) -> Firms:
    """Return the firms of a district.

    >>> from weilend.economy.plan import make_plan
    >>> firms = make_firms(make_plan(businesses=50, months=12, seed=1), 0)
    >>> len(firms), len(set(firms.code)), bool((firms.closed > firms.founded).all())
    (50, 50, True)
    """
    c, dice, count = plan.constants, plan.dice("firms", district), plan.firms_of(district)
    sorts = catalogue().industries
    quality, discipline, unseen = dice.standard_normal((3, count))
    size = _tied(dice, quality, c["quality_size"])
    industry = drawn(dice, [one.share for one in sorts], count)
    is_company = dice.random(count) >= c["sole_trader_share"]
    founded = _founded(plan, dice, quality)
    median = np.where(is_company, c["sales_median_company_yuan"], c["sales_median_sole_yuan"])
    sales = median * np.exp(c["sales_spread"] * size)
    goods = np.clip(np.array([one.goods for one in sorts])[industry] * np.exp(0.08 * dice.standard_normal(count)), 0.05, 0.9)
    usual = np.array([one.margin for one in sorts])[industry]
    margin = usual + c["margin_quality"] * quality + c["margin_spread"] * dice.standard_normal(count)
    left = 1 - goods
    fixed = sales * np.clip(c["fixed_cost_share"] * left, 0.02, None)
    return Firms(
        code=_codes(plan, district),
        industry=industry,
        region=_regions(dice, count),
        is_company=is_company,
        founded=founded,
        closed=_closed(plan, dice, founded, quality),
        quality=quality,
        discipline=discipline,
        unseen=unseen,
        size=size,
        sales=sales,
        goods=np.clip(1 - margin - fixed / sales, 0.02, 0.98),  # what is left of a month at usual sales is the margin
        fixed=fixed,
        growth=c["growth_quality"] * quality + c["growth_spread"] * dice.standard_normal(count),
        shock=c["shock_size"] * np.exp(c["shock_quality"] * quality + c["shock_spread"] * dice.standard_normal(count)),
        buffer=c["buffer_months"] * np.exp(0.2 * quality + c["buffer_spread"] * dice.standard_normal(count)),
        has_shop=dice.random(count) < np.where(is_company, c["shop_share_company"], c["shop_share_sole"]),
        has_invoices=dice.random(count) < np.where(is_company, c["invoice_share_company"], c["invoice_share_sole"]),
        has_books=is_company & (dice.random(count) < c["books_share"]),
    )


def _tied(dice: np.random.Generator, trait: Floats, tie: float) -> Floats:
    """Return standard normal values that correlate with a trait."""
    tied: Floats = tie * trait + np.sqrt(1 - tie**2) * dice.standard_normal(len(trait))
    return tied


def _codes(plan: WorldPlan, district: int) -> npt.NDArray[np.str_]:
    """Return codes whose digits hang on nothing but the district."""
    places = plan.dice("codes", district).permutation(10_000)[: plan.firms_of(district)]
    return np.char.add(f"B{district:04d}", np.char.zfill(places.astype(str), 4))


def _founded(plan: WorldPlan, dice: np.random.Generator, quality: Floats) -> Ints:
    """Return the founding months: most before the world is told (better ones earlier), a share while it runs."""
    c = plan.constants
    months = -np.ceil(dice.exponential(c["age_mean_months"] * np.exp(c["quality_age"] * quality))).astype(np.int64) - 1
    enters = dice.random(len(quality)) < c["entry_share"] * plan.months / 24
    return np.where(enters, dice.integers(0, plan.months, len(quality)), months)


def _closed(plan: WorldPlan, dice: np.random.Generator, founded: Ints, quality: Floats) -> Ints:
    """Return the month in which each firm closes: it lives a geometric time from its founding or the first month told."""
    hazard = np.minimum(plan.constants["exit_hazard"] * np.exp(-0.5 * quality), 0.5)
    lives = dice.geometric(hazard) + 2
    closed = np.maximum(founded, 0) + lives
    return np.where(closed >= plan.all_months, NEVER, closed)


def _regions(dice: np.random.Generator, count: int) -> npt.NDArray[np.str_]:
    """Return region codes: nine in ten firms of a district are of its own region."""
    codes, weights = np.array(list(catalogue().regions)), list(catalogue().regions.values())
    own = drawn(dice, weights, 1)[0]
    return codes[np.where(dice.random(count) < 0.9, own, drawn(dice, weights, count))]
