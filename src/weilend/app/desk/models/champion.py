"""In: a home's events of models. Out: which version decides at an instant, and which are watched. Used: before every decision.

Being watched is a second lifecycle of the same events beside that of releases: what waits in it, and is in review, is in shadow.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from weilend.app.desk.home import Home
from weilend.app.desk.models.kept import Kind, read_version
from weilend.app.desk.products import find_product
from weilend.app.desk.releases import Releases
from weilend.core.errors import NotFoundError
from weilend.core.lifecycle import fold
from weilend.models import RowModel
from weilend.models.package import About

COMMAND: Final = "weilend model list"
MODEL_CARD: Final = "model_card"


class Named(msgspec.Struct, frozen=True):
    """A model by its name in the store: that of a product's model, or of a flat table's.

    >>> name_model("enterprise_loan"), name_model("loans")
    (Named(kind='model', name='pd_enterprise'), Named(kind='flat_model', name='loans'))
    """

    kind: Kind
    name: str


def name_model(text: str, home: Home | None = None) -> Named:
    """Return what a product's name (also of one that only the home knows), or the name of a flat model, means."""
    try:
        return Named("model", find_product(text, home).model)
    except NotFoundError:
        return Named("flat_model", text)


def releases_of(home: Home, named: Named) -> Releases:
    """Return the releases of a kind of model."""
    return Releases(home.store, named.kind, COMMAND)


def watches_of(home: Home, named: Named) -> Releases:
    """Return who is watched: a lifecycle of its own, in which a model waits for as long as it is in shadow."""
    return Releases(home.store, f"{named.kind}_shadow", COMMAND)


def champion(home: Home, named: Named, *, at: int) -> str | None:
    """Return the version that decides at an instant, None where none was made champion by then, or it was retired."""
    return releases_of(home, named).of(named.name).live(at)


def shadows(home: Home, named: Named, *, at: int) -> tuple[str, ...]:
    """Return the versions that are watched at an instant: in review, and put in shadow by then."""
    release = fold(event for event in releases_of(home, named).events(named.name) if event.at <= at)
    watch = fold(event for event in watches_of(home, named).events(named.name) if event.at <= at)
    return tuple(event.version for event in watch.waiting if release.proposal(event.version) is not None)


def built_by_hand(home: Home, name: str) -> Iterator[About]:
    """Iterate over what people built under a product's model, oldest first."""
    for paper in home.store.documents(MODEL_CARD):
        about = msgspec.json.decode(paper.content, type=About)
        if about.name == name:
            yield about


def newest_model(home: Home, name: str) -> RowModel | None:
    """Return the newest model that somebody built under a product's model, None where nobody did."""
    built = [about.model_id for about in built_by_hand(home, name)]
    return read_version(home, "model", built[-1]) if built else None


def deciding_model(home: Home, name: str, *, at: int) -> RowModel | None:
    """Return what decides as a product's model at an instant, by whatever recipe it was made: the champion known then.

    Before the first champion took effect it is the newest that somebody built; after it none but a champion: where that is retired
    there is no model, and who asks is referred.
    """
    lifecycle = Releases(home.store, "model", COMMAND).of(name)
    if not lifecycle.had_live(at):
        return newest_model(home, name)
    version = lifecycle.live(at)
    return None if version is None else read_version(home, "model", version)
