"""In: a seed. Out: a world, what some of its firms hand over, and a desk that has read it. Used: by stories from files to offers.

The lender has known this world's firms for a year: from what its book said of them, and from who was out of business a year later,
it has built a card for each product. Then firms apply that the story's home has never heard of, with nothing but their files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.app.desk.desk import Desk, open_desk
from weilend.app.desk.home import open_home
from weilend.app.desk.intake.ingest import Ingested
from weilend.app.desk.sealed import Sealed, keep_sealed, make_evaluator
from weilend.core.calendars import Calendar, first_of_month, month_index
from weilend.core.ids import canonical_json, content_hash
from weilend.core.plan import Spine
from weilend.economy.catalogue import catalogue
from weilend.economy.district import District, make_district
from weilend.economy.files import Folder, Handed, hand_over
from weilend.economy.plan import make_plan
from weilend.economy.shop_records import shop_ids
from weilend.economy.shops import Shops, make_shops
from weilend.economy.tell import Telling, tell_district
from weilend.engine.book_fill import Filler
from weilend.features.sets import FEATURE_SETS
from weilend.lending import load_product
from weilend.models import About, Card
from weilend.models.recipes import woe_card
from weilend.models.table import Table
from weilend.store import Document

HOME = Calendar()
MONTHS, OLD = 24, 12  # told; and known when the cards were built, the rest being what became of firms
#: The book of a world settles a wallet by half months, a bill that is handed over by orders (docs/methodology/economy_files.md): a
#: card that learned from the one must not read the other.
_ONLY_IN_BILLS = ("seller_", "wallet_")


class World(msgspec.Struct, frozen=True, eq=False):
    """A district of firms, what its book says, and the shops of each firm by their ids, with their places in `shops`."""

    district: District
    told: Telling
    shops: Shops
    shops_of: Mapping[str, dict[str, int]]

    @property
    def firms(self) -> dict[str, dict[str, Any]]:
        """What is true of each firm."""
        return {row["business_id"]: row for row in self.told.truth["firms"].to_pylist()}

    def platforms(self, business: str) -> set[str]:
        """Where a firm has shops."""
        return {catalogue().platforms[self.shops.platform[place]].name for place in self.shops_of.get(business, {}).values()}


def make(businesses: int, seed: int) -> World:
    """A small world, told for two years."""
    district = make_district(make_plan(businesses=businesses, months=MONTHS, seed=seed), 0)
    shops = make_shops(district.plan, 0, district.firms)
    shops_of: dict[str, dict[str, int]] = {}
    for place, (name, firm) in enumerate(zip(shop_ids(shops).to_pylist(), shops.firm.tolist(), strict=True)):
        shops_of.setdefault(str(district.firms.code[firm]), {})[name] = place
    return World(district, tell_district(district), shops, shops_of)


def build_cards(world: World, folder: Path, products: Iterable[str]) -> dict[str, Card]:
    """The cards of a lender who has seen what became of this world's firms: bad is who was out of business within the year."""
    home = open_home(folder)
    filler = Filler(home.folder / "book", home.calendar)
    filler.add(world.told.records, first_seq=1)
    home.book.adopt([filler.finish()])
    known = {name: firm for name, firm in world.firms.items() if firm["founded_month"] < 0}
    names = tuple(sorted(name for name, firm in known.items() if _gone(firm) >= OLD))
    bad = np.array([int(_gone(known[name]) < MONTHS) for name in names], np.int64)
    at = HOME.start_of(first_of_month(world.district.plan.first_month + OLD).replace(day=3))
    return {product: _fit(Desk(home), product, Spine(names, (at,) * len(names)), bad) for product in products}


def _gone(firm: Mapping[str, Any]) -> int:
    month = firm["closed_month"]
    return 10**6 if month is None else int(month)


def _fit(desk: Desk, product: str, spine: Spine, bad: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Card:
    features, chosen = FEATURE_SETS[load_product(product).feature_set], load_product(product)
    seen = desk.features(product, spine)
    table = Table(tuple(one.name for one in features.features), seen.values, seen.known, spine.subjects)
    offered = tuple(one for one in features.features if not one.name.startswith(_ONLY_IN_BILLS))
    return woe_card.fit(table, bad, offered, seed=1, prior_ppm=chosen.assumed("portfolio_bad_rate_ppm"))


def keep_card(desk: Desk, product: str, card: Card, at: int) -> None:
    """Keep a card as `weilend model build` does, without the hour of validation."""
    chosen = load_product(product)
    features = FEATURE_SETS[chosen.feature_set]
    keep_sealed(desk.home, Sealed(make_evaluator(chosen, features), chosen, features, card), at=at)
    about = About(
        model_id=card.model_id, name=chosen.model, data="0", label=chosen.label, label_known_at=at, assumed_known=False, as_of=at,
        feature_set=features.identity, features_offered=(), reconstructed_ppm=0, seeds=(1,),
    )  # fmt: skip
    paper = Document(kind="model_card", document_id=content_hash(about), content=canonical_json(about), cites=(), at=at)
    desk.home.store.put_document(paper)


def applicants(world: World) -> dict[str, date]:
    """Honest firms that asked for a loan in the second year, and the day on which it is decided: the third of the next month."""
    asked = {}
    for row in world.told.truth["applications"].to_pylist():
        firm = world.firms[row["business_id"]]
        if row["month"] > OLD and not row["pattern"] and not firm["pattern"] and firm["founded_month"] < 0:
            asked[row["business_id"]] = first_of_month(month_index(row["happened_on"]) + 1).replace(day=3)
    return asked


def hand_in(desk: Desk, folders: Iterable[Folder], root: Path, days: Mapping[str, date]) -> list[Ingested]:
    """Read what firms handed over, as somebody at a desk does: the files of each shop together, and all others of the firm."""
    done = []
    for folder in folders:
        wanted = [file for file in folder.files if _is_wanted(folder, file, days[folder.business_id])]
        for said, files in _said_together(wanted):
            paths = [root / folder.business_id / file.path for file in files]
            done.append(desk.ingest_paths(paths, consent="own-data", **said))
    return done


def _said_together(files: Iterable[Handed]) -> list[tuple[dict[str, Any], list[Handed]]]:
    """Files of which what is said does not differ: of one shop or none, of one account."""
    groups: list[tuple[dict[str, Any], list[Handed]]] = []
    for file in files:
        fits = (
            group
            for group in groups
            if group[0].get("shop_id") == file.said.get("shop_id")
            and all(group[0].get(name, value) == value for name, value in file.said.items())
        )
        said, together = next(fits, ({}, []))
        if not together:
            groups.append((said, together))
        said.update(file.said)
        together.append(file)
    return groups


def _is_wanted(folder: Folder, file: Handed, day: date) -> bool:
    """Whether a file was there on a day and says something of the year before it; only statements come by quarters."""
    if "bank_entry" not in file.records:
        return True
    told = folder.told[file.path]["bank_entry"]["happened_on"]
    return bool(month_index(pc.max(told).as_py()) >= month_index(day) - 12 and pc.min(told).as_py() < day)


def write_files(world: World, folder: Path, firms: Iterable[str]) -> tuple[Folder, ...]:
    """What some firms hand over."""
    return hand_over(world.district, world.told.records, folder, calendar=HOME, firms=tuple(firms))


def rows_known(world: World, kind: str, subjects: Iterable[str], at: int) -> pa.Table:
    """What the world's own book knew of some subjects at an instant, an hour earlier for a platform that is asked every hour."""
    table = world.told.records[kind]
    known = (pc.field("known_at") - 3_600 <= at) & (pc.field("known_until") - 3_600 > at)
    return table.filter(known & pc.field("shop_id").isin(sorted(subjects)))


def fresh_desk(folder: Path, cards: Mapping[str, Card], at: int) -> Desk:
    """A desk that knows nobody, and has its cards."""
    desk = open_desk(folder)
    for product, card in cards.items():
        keep_card(desk, product, card, at)
    return desk
