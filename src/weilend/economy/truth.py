"""In: a district. Out: the truth that no record tells: traits, what any offer would lead to, who commits fraud. Used: by audits
and proofs; it is written beside a world, never into its book.
"""

from __future__ import annotations

from itertools import product
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa

from weilend.economy.catalogue import catalogue
from weilend.economy.credit import Offer, expected_pd, outcome, standard_offer
from weilend.economy.district import District
from weilend.economy.firms import NEVER, Bools, Ints
from weilend.economy.fraud import PATTERNS
from weilend.economy.loan_records import application_ids
from weilend.economy.loans import Decisions, take_up, true_hazards
from weilend.economy.months import to_fen, to_ppm
from weilend.economy.people import owner_codes
from weilend.economy.people.holdings import NOTHING
from weilend.economy.traces import dates, local_day

#: The pattern that lies behind honest people's applications: several lenders within weeks.
STACKING: Final = "stacking"
#: The offers at which every applicant's outcome is known: the standard limit times these, at these yearly rates, for a year.
LIMIT_FACTORS, RATES = (0.5, 1.0, 2.0), (0.10, 0.15, 0.20)


#: So many firms at one Wi-Fi of a desk are a market or a centre.
_TENANTS: Final = 3


def offers_of(district: District) -> dict[str, Offer]:
    """Return the offers of the truth by name, such as ``limit_100_rate_15``.

    >>> len(list(product(LIMIT_FACTORS, RATES)))
    9
    """
    standard = standard_offer(district.months, district.asks)
    return {
        f"limit_{round(100 * factor)}_rate_{round(100 * rate)}": msgspec.structs.replace(
            standard, limit=standard.limit * factor, rate=np.full(len(district.asks), rate)
        )
        for factor, rate in product(LIMIT_FACTORS, RATES)
    }


def tell_truth(district: District, decisions: Decisions) -> dict[str, pa.Table]:
    """Return the tables of the truth: `firms`, `applications` (the potential outcome of each at every offer), `frauds`,
    `users` (who owns a firm, who would ask anyway, what a contact by each channel would cause).

    >>> from weilend.economy.district import make_district
    >>> from weilend.economy.loans import decide_of_old
    >>> from weilend.economy.plan import make_plan
    >>> district = make_district(make_plan(businesses=60, months=12, seed=1), 0)
    >>> truth = tell_truth(district, decide_of_old(district))
    >>> sorted(truth), "pd_ppm_limit_100_rate_15" in truth["applications"].column_names
    (['applications', 'firms', 'frauds', 'users'], True)
    """
    return {
        "firms": _firms(district),
        "applications": _applications(district, decisions),
        "frauds": _frauds(district),
        "users": _users(district),
    }


def _firms(district: District) -> pa.Table:
    firms = district.firms
    hidden = {
        name: np.rint(1_000 * getattr(firms, name)).astype(np.int64) for name in ("quality", "discipline", "unseen", "size")
    }
    return pa.table({
        "business_id": pa.array(firms.code),
        **{f"{name}_milli": value for name, value in hidden.items()},
        "founded_month": firms.founded,
        "closed_month": pa.array(firms.closed, mask=firms.closed == NEVER),
        "months_open": district.months.open[:, : district.plan.months].sum(axis=1),
        "is_company": firms.is_company,
        "region": pa.array(firms.region),
        "industry": pa.array([one.name for one in catalogue().industries]).take(pa.array(firms.industry)),
        "has_shop": firms.has_shop,
        "usual_sales_fen": to_fen(firms.sales),
        "pattern": _names(_pattern_of_firms(district)),
        **_innocent_sharing(district),
    })  # fmt: skip


def _innocent_sharing(district: District) -> dict[str, Bools]:
    """Return which firms share things for a reason: with another firm of the household, as tenants of a market or centre, by
    naming the telephone of its office."""
    people, home = district.people, district.people.home_of[district.people.owner_of]
    site = people.desk_wifi.first
    _, place, firms = np.unique(site, return_inverse=True, return_counts=True)
    return {
        "is_family": np.bincount(home, minlength=len(people))[home] > 1,
        "is_tenant": (site != NOTHING) & (firms[place] >= _TENANTS),
        "names_landlord": people.desk_phone.first != NOTHING,
    }


def _applications(district: District, decisions: Decisions) -> pa.Table:
    offers = offers_of(district)
    expected = expected_pd(
        district.plan, district.number, district.firms, district.months, district.asks, list(offers.values())
    )
    expected = with_harm(district, expected)
    stops = {name: outcome(true_hazards(district, offer), district.asks, district.dice) for name, offer in offers.items()}
    asks = district.asks
    columns = {
        "application_id": application_ids(district),
        "business_id": pa.array(district.firms.code[asks.firm]),
        "happened_on": dates(local_day(district.asked_at())),
        "month": asks.month,
        "want_fen": to_fen(asks.want),
        "standard_limit_fen": to_fen(next(iter(offers.values())).limit / LIMIT_FACTORS[0]),
        "pattern": _names(fraud_of_asks(district)),
        "approved_of_old": decisions.approved,
        "taken_of_old": decisions.taken,
        "at_counter": asks_at_counter(district),
    }
    for place, (name, offer) in enumerate(offers.items()):
        columns[f"pd_ppm_{name}"] = to_ppm(expected[:, place])
        columns[f"bad_{name}"] = stops[name] < NEVER
        columns[f"take_ppm_{name}"] = to_ppm(take_up(district, offer))
    return pa.table(columns)


def asks_at_counter(district: District) -> Bools:
    """Return which applications are sent from the device of a counter, where staff help whoever comes.

    >>> from weilend.economy.district import make_district
    >>> from weilend.economy.plan import make_plan
    >>> bool(asks_at_counter(make_district(make_plan(businesses=300, months=12, seed=1), 0)).mean() < 0.5)
    True
    """
    scene = district.scene({})
    helped: Bools = scene.counters(scene.dice("counters"), len(district.asks)) >= 0
    return helped


def with_harm(district: District, expected: np.ndarray) -> np.ndarray:
    """Return expected PDs (asks, offers) with what fraud does to them: its mean addition to the monthly logit over the year ahead.

    >>> from weilend.economy.district import make_district
    >>> from weilend.economy.plan import make_plan
    >>> district = make_district(make_plan(businesses=60, months=12, seed=1), 0)
    >>> bool((with_harm(district, np.full((len(district.asks), 1), 0.1)) >= 0.1 - 1e-9).all())
    True
    """
    asks = district.asks
    at = np.minimum(asks.month[:, None] + 1 + np.arange(12), district.harm.shape[1] - 1)
    harm = district.harm[asks.firm[:, None], at].mean(axis=1)[:, None]
    monthly = -np.expm1(np.log1p(-np.minimum(expected, 1 - 1e-9)) / 12)
    odds = monthly / (1 - monthly) * np.exp(harm)
    return np.where(harm > 0, -np.expm1(12 * np.log1p(-odds / (1 + odds))), expected)


def _frauds(district: District) -> pa.Table:
    """Return who commits which fraud since when, and how well it hides."""
    parts = [
        pa.table({
            "business_id": pa.array(district.firms.code[one.firm]).cast(pa.string()),
            "pattern": pa.array([name] * len(one.firm), pa.string()),
            "since_month": pa.array(one.since.astype(np.int64)),
            "skill_ppm": to_ppm(one.skill),
            "case_id": pa.array([f"{name} {district.number} {case}" for case in one.case.tolist()], pa.string()),
        })
        for name, one in district.planted.items()
    ]  # fmt: skip
    empty = pa.table({"business_id": pa.array([], pa.string()), "pattern": pa.array([], pa.string()),
                      "since_month": pa.array([], pa.int64()), "skill_ppm": pa.array([], pa.int64()),
                      "case_id": pa.array([], pa.string())})  # fmt: skip
    return pa.concat_tables([empty, *parts])


def _pattern_of_firms(district: District) -> Ints:
    pattern = np.zeros(len(district.firms), np.int64)
    for place, one in enumerate(district.planted.values()):
        pattern[one.firm] = place + 1
    return pattern


def fraud_of_asks(district: District) -> Ints:
    """Return the number of the pattern behind each application, 0 for honest life: that which made it, or stacking, where a firm
    that stacks asks after it began.

    >>> from weilend.economy.district import make_district
    >>> from weilend.economy.plan import make_plan
    >>> district = make_district(make_plan(businesses=300, months=12, seed=1), 0)
    >>> len(fraud_of_asks(district)) == len(district.asks)
    True
    """
    pattern, first = np.zeros(len(district.asks), np.int64), len(district.campaign.asks)
    for number, (name, one) in enumerate(district.planted.items(), start=1):
        if name == STACKING:
            since = np.full(len(district.firms), NEVER)
            since[one.firm] = one.since
            pattern = np.where((pattern == 0) & (district.asks.month >= since[district.asks.firm]), number, pattern)
        if one.asks is not None:
            pattern[first : first + len(one.asks)] = number
            first += len(one.asks)
    return pattern


def _users(district: District) -> pa.Table:
    """Return, of every user, whether he owns a firm and what a contact would cause in the month that the campaign counts."""
    people, reach = district.people, district.campaign.reach
    channels = [one.name for one in catalogue().channels]
    return pa.table(
        {
            "owner_id": owner_codes(district.number, np.arange(len(people))),
            "is_owner": people.is_owner,
            "is_courier": people.courier,
            "month": np.full(len(people), reach.month),
            "asks_anyway": reach.anyway,
            **{f"uplift_ppm_{name}": reach.uplift_ppm[:, place] for place, name in enumerate(channels)},
        }
    )


def _names(pattern: Ints) -> pa.Array:
    """Return the names of patterns, NULL for honest life."""
    return pa.array(list(PATTERNS), pa.string()).take(pa.array(pattern - 1, mask=pattern == 0))


def name_patterns(marks: pa.Table) -> pa.Table:
    """Return the marks of records (see `traces.mark`) with the names of the patterns.

    >>> name_patterns(pa.table({"kind": ["order"], "record_id": ["r"], "pattern": [0]}))["pattern"].to_pylist()
    [None]
    """
    return marks.drop_columns("pattern").append_column("pattern", _names(marks["pattern"].to_numpy()))
