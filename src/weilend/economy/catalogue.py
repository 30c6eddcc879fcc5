"""In: `catalogue.toml`. Out: the sorts of firms, shops and places that there are. Used: by whatever draws firms and shops."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Industry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of business: shares are of one, `goods` what the goods cost of sales, `to_firms` what other firms buy of them.

    >>> catalogue().industries[0].name
    'retail'
    """

    code: str
    name: str
    share: float
    margin: float
    goods: float
    to_firms: float
    vat_ppm: int
    season: str


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """Where shops stand, what it keeps of sales, and after how many days the money is the shop's.

    >>> catalogue().platforms[0].wallet
    'alipay'
    """

    name: str
    share: float
    commission_ppm: int
    settle_days: int
    wallet: str


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """What shops sell: `ticket` against the average, `refund` a difference of logits.

    >>> catalogue().categories[1].name
    'food'
    """

    code: str
    name: str
    zh: str
    share: float
    ticket: float
    refund: float
    season: str


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """Where firms stand: shares of sole traders and of companies, and how many such places a district has (0: each firm its own).

    >>> catalogue().sites[2].name
    'market'
    """

    name: str
    sole: float
    company: float
    places: int


class RegisterChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change in the business register: how many a year a firm has, whether only companies do, and what trait moves it how far.

    >>> catalogue().register_changes[0].event
    'representative_changed'
    """

    event: str
    yearly: float
    companies: bool
    by: str
    tie: float


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page of our app: how often owners and others turn to it, and what a visit there is.

    >>> catalogue().pages[0].name
    'home'
    """

    name: str
    owner: float
    other: float
    act: str


class FormField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a form: how long it takes against the average, and whether only firms are asked.

    >>> [one.name for one in catalogue().fields if one.firms]
    ['licence_number', 'monthly_sales']
    """

    name: str
    weight: float
    firms: bool


class DeviceModel(msgspec.Struct, frozen=True, kw_only=True):
    """A telephone that people use.

    >>> catalogue().models[0].os
    'android'
    """

    name: str
    os: str
    share: float


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A way of reaching an owner: its cost and the chances of what a contact does.

    >>> catalogue().channels[1].name
    'call'
    """

    name: str
    cost_fen: int
    persuades: float
    puts_off: float
    arrives: float
    seen: float
    clicked: float


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """Where visits come from: shares of owners' and of others' visits.

    >>> [one.name for one in catalogue().networks]
    ['home', 'office', 'mobile', 'unknown']
    """

    name: str
    owner: float
    other: float


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """All sorts, with the seasons by name (twelve factors each, January first), the regions with
    their weights, and what these are called.

    >>> len(catalogue().regions), round(float(catalogue().season("festival").mean()), 2)
    (31, 1.02)
    """

    industries: tuple[Industry, ...]
    platforms: tuple[Platform, ...]
    categories: tuple[Category, ...]
    sites: tuple[Site, ...]
    register_changes: tuple[RegisterChange, ...]
    pages: tuple[Page, ...]
    fields: tuple[FormField, ...]
    models: tuple[DeviceModel, ...]
    channels: tuple[Channel, ...]
    networks: tuple[Network, ...]
    regions: dict[str, float]
    provinces: dict[str, str]
    seasons: dict[str, tuple[float, ...]]

    def season(self, name: str) -> Floats:
        """Return the twelve factors of a season."""
        return np.array(self.seasons[name])


@cache
def catalogue() -> Catalogue:
    """Return the catalogue of the package.

    >>> round(sum(one.share for one in catalogue().industries), 6)
    1.0
    """
    said = tomllib.loads((files("weilend.economy") / "catalogue.toml").read_text("utf-8"))
    lists = {"industries": said["industry"], "platforms": said["platform"], "categories": said["category"]}
    lists |= {"sites": said["site"], "register_changes": said["register_change"]}
    lists |= {
        "pages": said["page"],
        "fields": said["field"],
        "models": said["model"],
        "channels": said["channel"],
        "networks": said["network"],
    }
    return msgspec.convert(
        {**lists, "regions": said["regions"], "provinces": said["provinces"], "seasons": said["seasons"]}, Catalogue
    )


def drawn(dice: np.random.Generator, shares: list[float], count: int) -> npt.NDArray[np.int64]:
    """Return `count` places drawn by shares, which are scaled to one.

    >>> drawn(np.random.default_rng(1), [0.0, 2.0], 3).tolist()
    [1, 1, 1]
    """
    edges = np.cumsum(shares)
    return np.searchsorted(edges / edges[-1], dice.random(count), side="right").astype(np.int64)
