"""In: the book. Out: who has an outcome, who asks for a loan, and their features. Used: to train, to decide, to compare the two.

A product says by its label whose outcomes it learns from: firms of which others say what became of them, all seen at one instant,
or loans of its own, each seen when it was asked for.
"""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa

from weilend.app.desk.home import Home
from weilend.app.desk.products import find_features
from weilend.app.desk.spines import fold_spine
from weilend.core.errors import NotFoundError
from weilend.core.plan import Spine
from weilend.core.records import FAR_FUTURE
from weilend.engine.book import BookView
from weilend.features.compute import FeatureTable, finish, name_top_parties
from weilend.features.labels import Labels, LabelSpec, LoanLabel, label_named, read_labels
from weilend.features.outcomes import LabelTable, make_labels
from weilend.features.plans import FeatureSet, make_plan
from weilend.features.spines import all_applications, booked_applications
from weilend.lending import Product
from weilend.models.table import Table

REGISTER = "registry_event"
TOP_CUSTOMER = "top_customer_share_12m"


class Group(msgspec.Struct, frozen=True, eq=False):
    """Businesses, each at an instant, with their features; `top_customers` names the largest customer of each, None without one."""

    features: FeatureTable
    top_customers: dict[str, str | None]
    sole_traders: int

    @property
    def names(self) -> tuple[str, ...]:
        """The businesses, each once."""
        return self.features.spine.subjects

    def table(self) -> Table:
        """Return the features as a model reads them."""
        names = tuple(feature.name for feature in self.features.feature_set.features)
        return Table(names, self.features.values, self.features.known, self.names)

    def amounts(self, feature: str) -> dict[str, int]:
        """Return one feature by business, 0 where it is not known."""
        return {name: value or 0 for name, value in zip(self.names, self.features.column(feature), strict=True)}


class Population(msgspec.Struct, frozen=True, eq=False):
    """The businesses of a product: those whose outcome is known, and those who apply; `labels` are of the former."""

    labels: Labels
    known: Group
    applicants: Group

    def bad(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Return 1 for each known business that went bad, 0 otherwise."""
        return np.array([self.labels.bad[name] for name in self.known.names], dtype=np.int64)


def find_population(home: Home, product: Product, *, as_of: int) -> Population:
    """Return known businesses and applicants of a product as the book stands, at an instant (UTC seconds).

    Raises `NotFoundError` where nobody has an outcome, or, of firms of which others tell, nobody is without one.
    """
    label = label_named(product.label)
    if isinstance(label, LoanLabel):
        return _find_borrowers(home, product, label, as_of)
    return find_firms(home, find_features(product.feature_set, home), label, as_of)


def find_firms(home: Home, features: FeatureSet, label: LabelSpec, as_of: int) -> Population:
    """Return businesses as others tell of them, with features at the instant.

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


def _find_borrowers(home: Home, product: Product, label: LoanLabel, as_of: int) -> Population:
    """Return whose loan of ours has come of age, and who asked besides, with features when they asked.

    Of a business with several loans the first that came of age counts: who is lent to again has repaid, so later ones look
    better than the business did.
    """
    view, features = home.book.view(), find_features(product.feature_set, home)
    told = label_loans(home, product, label, view, as_of)
    known: dict[str, tuple[int, int, int]] = {}
    for name, *row in zip(told.spine.subjects, told.spine.as_of, told.bad.tolist(), told.ends_at.tolist(), strict=True):
        if row[1] >= 0:
            known.setdefault(name, (row[0], row[1], row[2]))
    if not known:
        raise NotFoundError(
            f"of {told.dropped_immature + len(told.spine.subjects)} loans of {product.name} none has come of age",
            hint=f"wait, or take a label that looks less far ahead than {label.name}",
        )
    every = all_applications(view, product.name)
    asked = {name: at for name, at in zip(every.subjects, every.as_of, strict=True) if at <= as_of and name not in known}
    labels = Labels(label, {name: bad for name, (_, bad, _) in known.items()}, {name: end for name, (*_, end) in known.items()})
    spines = Spine(tuple(known), tuple(at for at, *_ in known.values())), Spine(tuple(asked), tuple(asked.values()))
    return Population(labels, *(look_along(home, features, spine, view) for spine in spines))


def label_loans(home: Home, product: Product, label: LoanLabel, view: BookView, as_of: int) -> LabelTable:
    """Return what became of the loans of a product, as known at an instant (UTC seconds)."""
    return make_labels(label, booked_applications(view, product.name, as_of), view, known_by=as_of, calendar=home.calendar)


def look_at(home: Home, features: FeatureSet, names: tuple[str, ...], as_of: int, view: BookView) -> Group:
    """Return the features of some businesses at one instant."""
    return look_along(home, features, Spine(names, (as_of,) * len(names)), view)


def look_along(home: Home, features: FeatureSet, spine: Spine, view: BookView) -> Group:
    """Return the features of the businesses of a spine, each once."""
    states = fold_spine(home, make_plan(features), spine, view)
    share = next((one for one in features.features if one.name == TOP_CUSTOMER), None)
    top = name_top_parties(share, spine, states) if share else (None,) * spine.size
    table = finish(features, spine, states, home.calendar)
    customers = dict(zip(spine.subjects, top, strict=True))
    return Group(table, customers, _count_sole_traders(view.read(REGISTER), spine.subjects))


def _subjects(view: BookView, kind: str) -> set[str]:
    return set(view.read(kind, columns=["business_id"])["business_id"].unique().to_pylist())


def _count_sole_traders(register: pa.Table, names: tuple[str, ...]) -> int:
    wanted = set(names)
    rows = register.select(["business_id", "legal_form", "known_until"]).to_pylist()
    return sum(
        row["legal_form"] == "sole_trader" and row["known_until"] == FAR_FUTURE and row["business_id"] in wanted for row in rows
    )
