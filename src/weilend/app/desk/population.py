"""In: the book. Out: who has an outcome, who asks for a loan, and their features. Used: to train, to decide, to compare the two."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa

from weilend.app.desk.home import Home
from weilend.app.desk.spines import fold_spine
from weilend.core.errors import NotFoundError
from weilend.core.plan import Spine
from weilend.core.records import FAR_FUTURE
from weilend.engine.book import BookView
from weilend.features.compute import FeatureTable, finish, name_top_parties
from weilend.features.labels import Labels, LabelSpec, read_labels
from weilend.features.plans import FeatureSet, make_plan
from weilend.models.table import Table

REGISTER = "registry_event"
TOP_CUSTOMER = "top_customer_share_12m"


class Group(msgspec.Struct, frozen=True, eq=False):
    """Businesses at one instant with their features; `top_customers` names the largest customer of each, None if there is none."""

    features: FeatureTable
    top_customers: dict[str, str | None]
    sole_traders: int

    @property
    def names(self) -> tuple[str, ...]:
        """The businesses, sorted by id."""
        return self.features.spine.subjects

    def table(self) -> Table:
        """Return the features as a model reads them."""
        names = tuple(feature.name for feature in self.features.feature_set.features)
        return Table(names, self.features.values, self.features.known, self.names)

    def amounts(self, feature: str) -> dict[str, int]:
        """Return one feature by business, 0 where it is not known."""
        return {name: value or 0 for name, value in zip(self.names, self.features.column(feature), strict=True)}


class Population(msgspec.Struct, frozen=True, eq=False):
    """The businesses in the book: those whose outcome is known, and those who apply; `labels` are of the former."""

    labels: Labels
    known: Group
    applicants: Group

    def bad(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Return 1 for each known business that went bad, 0 otherwise."""
        return np.array([self.labels.bad[name] for name in self.known.names], dtype=np.int64)


def find_population(home: Home, features: FeatureSet, label: LabelSpec, *, as_of: int) -> Population:
    """Return known businesses and applicants as the book stands, features at `as_of` (UTC seconds).

    Whoever is in the register or has records of the kind that the features read, and has no outcome, is taken as an applicant:
    a business that left no invoice is decided too.
    """
    view = home.book.view()
    labels = read_labels(label, view.read(label.kind))
    everyone = sorted({name for kind in (*features.kinds, REGISTER) for name in _subjects(view, kind)} | set(labels.bad))
    known = tuple(name for name in everyone if name in labels.bad)
    applicants = tuple(name for name in everyone if name not in labels.bad)
    for group, what in ((known, "business with an outcome"), (applicants, "business without an outcome")):
        if not group:
            raise NotFoundError(f"the book has no {what}", hint="ingest firms with and without history")
    return Population(labels, *(look_at(home, features, group, as_of, view) for group in (known, applicants)))


def look_at(home: Home, features: FeatureSet, names: tuple[str, ...], as_of: int, view: BookView) -> Group:
    """Return the features of some businesses at one instant."""
    spine = Spine(names, (as_of,) * len(names))
    states = fold_spine(home, make_plan(features), spine, view)
    top = name_top_parties(features[TOP_CUSTOMER], spine, states)
    table = finish(features, spine, states, home.calendar)
    return Group(table, dict(zip(names, top, strict=True)), _count_sole_traders(view.read(REGISTER), names))


def _subjects(view: BookView, kind: str) -> set[str]:
    return set(view.read(kind, columns=["business_id"])["business_id"].unique().to_pylist())


def _count_sole_traders(register: pa.Table, names: tuple[str, ...]) -> int:
    wanted = set(names)
    rows = register.select(["business_id", "legal_form", "known_until"]).to_pylist()
    return sum(
        row["legal_form"] == "sole_trader" and row["known_until"] == FAR_FUTURE and row["business_id"] in wanted for row in rows
    )
