"""In: what users did in our app, whom we contacted, who applied. Out: whom to contact next, and what that was worth by the
truth. Used: by months.

The first months contact by chance alone, for nothing is known. Then the worthiest of the month are contacted, by likelihood
of being an owner × uplift × expected margin, and a tenth of the budget still by chance, to go on learning. A tenth of all
users is held out for good. Read are the book's user events and our own contacts and applications; nothing that an application
leaves elsewhere.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.app.desk.flywheel.ground import Asked, Ground
from weilend.economy.catalogue import catalogue
from weilend.economy.people import owner_codes
from weilend.economy.traces import DAY, tell
from weilend.growth import Choice, Uplift, choose_audience, fit_uplift, held_out, measure_qini, owner_likelihood
from weilend.models.table import Booleans, Floats, Integers

#: Months in which everybody is drawn by chance, and then how often uplift is learned anew.
CHANCE_MONTHS, RELEARN_MONTHS = 2, 6
#: Of the budget, what is drawn by chance to learn from; of all users, who is never contacted (ppm).
CHANCE_SHARE_PPM, HOLD_OUT_PPM = 100_000, 100_000
#: Of those who were not contacted and did not apply, one in so many is kept to learn from, with that weight.
THINNED: Final = 5
YEAR_DAYS, SEASON_DAYS = 365, 90


class Contacts(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Whom a month contacted: `district` and `user` (a place among its people). `brought` is what the truth says of the same
    number of contacts: applications caused less those prevented, by this choice, by chance, and by who answers most. `qini`
    judges the ranking on those drawn by chance (None: by chance alone).
    """

    month: int
    district: Integers
    user: Integers
    cost_fen: int
    brought: dict[str, int]
    qini: float | None = None

    def includes(self, district: Integers, user: Integers) -> Booleans:
        """Return which users were contacted."""
        return np.isin(_key(district, user), _key(self.district, self.user))


class _Learned(msgspec.Struct, frozen=True, eq=False):
    """What a month left to learn from: rows of users with features, contacted or not, with which chance, and who applied."""

    features: Floats
    contacted: Booleans
    applied: Booleans
    chance: Floats
    weight: Floats


class Reacher:
    """Chooses contacts month by month, and learns from them."""

    def __init__(self, ground: Ground, contacts_ppm: int) -> None:
        self._ground = ground
        openings = ground.openings
        self._count = ground.plan.users * contacts_ppm // 10**6
        self._cost_fen = next(one.cost_fen for one in catalogue().channels if one.name == openings[0].channel)
        self._district = np.concatenate([np.full(len(one.open_from), place) for place, one in enumerate(openings)])
        self._user = np.concatenate([np.arange(len(one.open_from)) for one in openings])
        self._from = np.concatenate([one.open_from for one in openings])
        self._until = np.concatenate([one.open_until for one in openings])
        codes = pa.concat_arrays([owner_codes(place, np.arange(len(one.open_from))) for place, one in enumerate(openings)])
        self._codes = codes
        self._held_out = held_out(codes.to_pylist(), salt="first reach", share_ppm=HOLD_OUT_PPM)
        self._events = _Events.read(ground, codes)
        self._known_owner = _declared(ground, codes)
        self._learned: list[_Learned] = []
        self._uplift: Uplift | None = None
        self._likelihood: Floats | None = None
        self._last: tuple[Choice, Floats, Booleans] | None = None

    def choose(self, month: int, margin_fen: float) -> Contacts:
        """Return whom to contact before a month's first day, for a margin (fen) that an application is expected to bring."""
        at = self._ground.starts(month)
        may = (self._from + DAY < at) & (at < self._until) & ~self._held_out
        features = self._events.features(at)
        dice = np.random.default_rng([self._ground.plan.seed, self._ground.plan.constants.world_seed, month, 77])
        if month >= CHANCE_MONTHS and (self._uplift is None or (month - CHANCE_MONTHS) % RELEARN_MONTHS == 0):
            self._relearn(features)
        uplift, likely = self._uplift, self._likelihood
        if uplift is None or likely is None:
            worth, response = np.zeros(len(may)), None
            choice = choose_audience(worth, may, count=self._count, chance_share_ppm=10**6, dice=dice)
        else:
            response = np.zeros(len(may))
            worth = np.zeros(len(may))
            worth[may] = likely[may] * uplift.predict(features[may]) * margin_fen
            response[may] = uplift.response(features[may])
            choice = choose_audience(worth, may, count=self._count, chance_share_ppm=CHANCE_SHARE_PPM, dice=dice)
        self._last = choice, features, may
        chosen = choice.contacted
        by_chance = dice.choice(np.flatnonzero(may), min(len(chosen), int(may.sum())), replace=False)
        rankings = {"chosen": chosen, "by chance": by_chance}
        if response is not None:
            rankings["who answers most"] = np.argsort(-np.where(may, response, -1.0), kind="stable")[: len(chosen)]
        net = self._net(month)
        return Contacts(
            month=month, district=self._district[chosen], user=self._user[chosen], cost_fen=self._cost_fen * len(chosen),
            brought={name: int(net[places].sum()) for name, places in rankings.items()},
            qini=self._qini() if uplift is not None else None,
        )  # fmt: skip

    def learn(self, month: int, rows: Integers) -> None:
        """Keep what a month taught: who applied of those contacted and of those not, where chance decided."""
        assert self._last is not None
        choice, features, may = self._last
        applied = self._applied(rows)
        self._known_owner = self._known_owner | applied
        drawn = may & (choice.chance_ppm > 0) & (choice.chance_ppm < 10**6)
        contacted = np.isin(np.arange(len(may)), choice.by_chance)
        dull = drawn & ~contacted & ~applied
        kept = drawn & (~dull | (np.arange(len(may)) % THINNED == month % THINNED))
        self._learned.append(
            _Learned(
                features[kept],
                contacted[kept],
                applied[kept],
                choice.chance_ppm[kept] / 10**6,
                np.where(dull, THINNED, 1.0)[kept],
            )
        )

    def records(self, contacts: Contacts) -> pa.Table:
        """Return the contacts of a month as records."""
        assert self._last is not None
        choice, _, _ = self._last
        chosen, at = choice.contacted, self._ground.starts(contacts.month)
        columns = {
            "owner_id": self._codes.take(pa.array(chosen)), "campaign_id": f"month-{contacts.month + 1:02d}",
            "channel": self._ground.openings[0].channel, "stage": "sent", "arm": "reached",
            "treatment": "an offer for your business",
            "chance_ppm": choice.chance_ppm[chosen], "cost_fen": np.full(len(chosen), self._cost_fen),
        }  # fmt: skip
        return tell(
            "campaign_touch", columns, at=np.full(len(chosen), at), source="app", key=("campaign_id", "owner_id", "stage")
        )

    def _relearn(self, features: Floats) -> None:
        parts = self._learned[-RELEARN_MONTHS:]
        whole = {name: np.concatenate([getattr(one, name) for one in parts]) for name in _Learned.__struct_fields__}
        seed = self._ground.plan.seed
        self._likelihood = owner_likelihood(features, self._known_owner, seed=seed)
        if whole["applied"][whole["contacted"]].sum() >= 20:
            self._uplift = fit_uplift(
                whole["features"], whole["contacted"], whole["applied"], whole["chance"], weight=whole["weight"], seed=seed
            )

    def _qini(self) -> float | None:
        last, uplift = self._learned[-1], self._uplift
        if uplift is None or not last.contacted.any():
            return None
        return measure_qini(uplift.predict(last.features), last.contacted, last.applied).area

    def _applied(self, rows: Integers) -> Booleans:
        asked = self._ground.asked
        return np.isin(_key(self._district, self._user), _key(asked.district[rows], asked.user[rows]))

    def _net(self, month: int) -> Integers:
        """Return what contacting each user this month brings by the truth: an application, none, or one fewer."""
        asked = self._ground.asked
        return self._of(asked, (asked.month == month) & asked.caused) - self._of(asked, (asked.month == month) & asked.put_off)

    def _of(self, asked: Asked, where: Booleans) -> Integers:
        rows = np.flatnonzero(where)
        return np.isin(_key(self._district, self._user), _key(asked.district[rows], asked.user[rows])).astype(np.int64)


def _key(district: Integers, user: Integers) -> Integers:
    return district * 10**9 + user


class _Events(msgspec.Struct, frozen=True, eq=False):
    """What users did, by time: `at`, `user` (a place among all), `page` (a place in the vocabulary of acts and pages)."""

    at: Integers
    user: Integers
    page: Integers
    users: int
    pages: int

    @classmethod
    def read(cls, ground: Ground, codes: pa.Array) -> _Events:
        table = ground.home.book.view().read("user_event", columns=["owner_id", "act", "page", "happened_at"])
        user = pc.index_in(table["owner_id"].combine_chunks(), value_set=codes)
        names = [one.name for one in catalogue().pages]
        page = (
            pc.fill_null(pc.index_in(table["page"].combine_chunks(), value_set=pa.array(names)), len(names))
            .to_numpy()
            .astype(np.int64)
        )
        at = table["happened_at"].to_numpy()
        known = np.asarray(user.is_valid())
        order = np.argsort(at[known], kind="stable")
        place = user.fill_null(0).to_numpy().astype(np.int64)[known][order]
        return cls(at[known][order], place, page[known][order], len(codes), len(names) + 1)

    def features(self, now: int) -> Floats:
        """Return what is known of each user at an instant (users, pages + 3): visits to each page in a year, of a season,
        days since.
        """
        year, season, end = np.searchsorted(self.at, [now - YEAR_DAYS * DAY, now - SEASON_DAYS * DAY, now])
        counts = np.bincount(self.user[year:end] * self.pages + self.page[year:end], minlength=self.users * self.pages)
        lately = np.bincount(self.user[season:end], minlength=self.users)
        last = np.full(self.users, np.nan)
        last[self.user[year:end]] = (now - self.at[year:end]) // DAY
        whole = counts.reshape(self.users, self.pages).astype(np.float64)
        return np.column_stack([whole, whole.sum(axis=1), lately, last])


def _declared(ground: Ground, codes: pa.Array) -> Booleans:
    """Return who had told us of a business before we opened."""
    links = ground.home.book.view().read("link", as_of=ground.starts(0))
    owns = links.filter(pc.equal(links["role"], "owns"))
    names = owns["to_id"].combine_chunks()
    return np.asarray(pc.is_in(codes, value_set=names))
