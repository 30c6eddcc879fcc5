"""In: a plan and the number of a district. Out: `Opening`, the district on the day a lender opens: nobody was ever lent to.
Used: by a lender that begins.

There is no lender of old and no campaign of old. Applications are those of honest life and of fraud, and those that a contact would
cause: each belongs to an owner and a month, and comes only where he is reached before that month begins. Half a year lies between
two applications of a firm, so what one contact causes does not depend on whom else one reaches.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from weilend.economy.catalogue import catalogue
from weilend.economy.credit import Asks, Offer, find_asks
from weilend.economy.district import District, plant_fraud
from weilend.economy.firms import Bools, Ints, make_firms
from weilend.economy.fraud.planting import Ground
from weilend.economy.loans import Decisions, Loans, live_loans
from weilend.economy.months import live_months
from weilend.economy.people import Campaign, Scene, make_people, make_reach, set_scene
from weilend.economy.people.bureau import tell_bureau
from weilend.economy.people.doors import marketing_until, tell_doors
from weilend.economy.people.events import tell_events
from weilend.economy.people.links import tell_links
from weilend.economy.people.register import tell_register
from weilend.economy.people.sightings import tell_sightings
from weilend.economy.people.visits import draw_visits
from weilend.economy.plan import WorldPlan
from weilend.economy.tell import Told, tell_trade
from weilend.economy.traces import DAY, instant
from weilend.economy.trading import live_trade

#: Months between two applications of a firm (`credit.find_asks`).
_APART: Final = 6


class Opening(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A district without a lender. Of `district.asks`, `caused` are those that come only where their owner is reached.

    `asker` is the user behind each application, a place among the district's people; `put_off` are those that come only where
    he is *not* reached. `open_from`, `open_until` (UTC seconds) say when each user may be written to; `channel` reaches him.
    """

    district: District
    caused: Bools
    put_off: Bools
    asker: Ints
    open_from: Ints
    open_until: Ints
    channel: str

    def potential_loans(self, offer: Offer) -> Loans:
        """Return what would become of every application if it were lent to at its offer; the dice are the same for all offers."""
        every = np.ones(len(self.district.asks), np.bool_)
        return live_loans(self.district, Decisions(approved=every, offer=offer, taken=every))


def open_district(plan: WorldPlan, number: int, *, first_month: int, channel: str = "call") -> Opening:
    """Return a district as it is for a lender who opens in `first_month` (a place among the months told) and reaches by a channel.

    >>> from weilend.economy.plan import make_plan
    >>> opening = open_district(make_plan(businesses=400, months=12, seed=1), 0, first_month=8)
    >>> months = opening.district.asks.month[opening.caused]
    >>> bool(opening.caused.any()), bool((months >= 8).all())
    (True, True)
    """
    firms = make_firms(plan, number)
    months = live_months(plan, number, firms)
    asks = find_asks(plan, number, firms, months)
    people = make_people(plan, number, firms, months, asks)
    scene = set_scene(plan, firms, months, asks, people)
    begin, end = marketing_until(scene)
    caused, put_off = _effects(scene, first_month, channel, begin, end)
    nothing = np.zeros(0, np.int64)
    whole = Asks(**{name: np.concatenate([getattr(one, name) for one in (asks, caused)]) for name in Asks.__struct_fields__})
    silent = Campaign(reach=make_reach(scene), user=nothing, channel=nothing, at=nothing, chance_ppm=nothing, asks=whole)
    district = plant_fraud(Ground(plan, number, firms, months, asks), people, silent)
    place, owns = np.arange(len(district.asks)), district.people.owner_of
    return Opening(
        district=district,
        caused=(place >= len(asks)) & (place < len(whole)),
        put_off=np.pad(put_off, (0, len(place) - len(asks))),
        asker=owns[district.asks.firm],
        open_from=begin,
        open_until=end,
        channel=channel,
    )


def _effects(scene: Scene, first_month: int, channel: str, begin: Ints, end: Ints) -> tuple[Asks, Bools]:
    """Return the applications that contacts would cause, and which of the scene's own they would prevent."""
    way = [one.name for one in catalogue().channels].index(channel)
    people, asks, starts = scene.people, scene.asks, scene.month_starts()
    last = np.full(len(scene.firms), -_APART)
    put_off = np.zeros(len(asks), np.bool_)
    firms, months = [], []
    for month in range(first_month, scene.plan.months):
        reach, at = make_reach(scene, month), int(instant(np.array(starts[month]), 0))
        may = (begin + DAY < at) & (at < end) & (people.joined < starts[month])
        moved = people.works_at[np.flatnonzero(reach.asks_if[:, way] & ~reach.anyway & may)]
        moved = np.unique(moved[month - last[moved] >= _APART])
        last[moved] = month
        irked = np.flatnonzero(~reach.asks_if[:, way] & reach.anyway & may)
        put_off |= (asks.month == month) & np.isin(people.owner_of[asks.firm], irked)
        firms.append(moved)
        months.append(np.full(len(moved), month))
    firm, month_of = (np.concatenate(one) if one else np.zeros(0, np.int64) for one in (firms, months))
    spread = scene.dice("caused").standard_normal(len(firm))
    want = scene.months.usual_sales(scene.plan.months)[firm] * np.exp(0.5 * spread)
    return Asks(firm=firm, month=month_of, want=np.maximum(want, 3_000.0)), put_off


def tell_opening(opening: Opening) -> Told:
    """Return all records of a district but those of a lender: no application, no decision, no loan, no contact.

    What an application leaves (a bureau's report, checks, consents, the link to the firm) is told of those too that a contact would
    cause, so that they can be judged when they come; what people do in our app is told of those alone who come by themselves.

    >>> from weilend.economy.plan import make_plan
    >>> told = tell_opening(open_district(make_plan(businesses=40, months=6, seed=1), 0, first_month=6))
    >>> "bank_entry" in told, "application" in told, "loan_state" in told
    (True, False, False)
    """
    district = opening.district
    trading = live_trade(district)
    scene = district.scene(trading.planted)
    kept = ~opening.caused
    by_themselves = Asks(**{name: getattr(district.asks, name)[kept] for name in Asks.__struct_fields__})
    walking = msgspec.structs.replace(scene, asks=by_themselves)
    visits = draw_visits(walking)
    return tell_trade(district, trading, [
        {
            "link": tell_links(scene),
            "bureau_report": tell_bureau(scene),
            "device_sighting": tell_sightings(walking, visits),
            "user_event": tell_events(walking, visits),
            **tell_register(scene),
            **tell_doors(scene),
        },
    ])  # fmt: skip
