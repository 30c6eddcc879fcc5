"""In: a home, a product, an instant. Out: whether its features tell the truth. Used: by `weilend features audit`.

Three hunts: stored values that the book no longer gives (skew), values that change when every record that was not known yet is
physically gone (knowledge of the future), and single features that rank outcomes too well to be honest.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import pyarrow.compute as pc

from weilend.app.desk.crowds import PROFILE, audit_profile
from weilend.app.desk.home import Home
from weilend.app.desk.population import Group, find_population, look_along
from weilend.app.desk.progress import Tell, say_nothing
from weilend.app.desk.replay import of_others, refold
from weilend.app.desk.steps import asked_by
from weilend.core.values import Receipt
from weilend.engine import Book, BookView
from weilend.lending import load_product
from weilend.models.metrics import auc

#: A single feature above this AUC, either way round, is looked at by a person before a model may read it.
TOO_GOOD = 0.95
BATCH_ROWS = 200_000


class FeatureAudit(msgspec.Struct, frozen=True):
    """What the hunts found: how many stored rows were computed again and which differ, which features see the future, which are too
    good (name and AUC in ppm)."""

    stored_rows: int
    skewed: tuple[str, ...]
    sees_future: tuple[str, ...]
    too_good: tuple[tuple[str, int], ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not (self.skewed or self.sees_future or self.too_good)


def audit_features(home: Home, product: str, *, as_of: int, tell: Tell = say_nothing) -> FeatureAudit:
    """Hunt for skew, knowledge of the future and features that are too good, at an instant (UTC seconds)."""
    chosen = load_product(product)
    receipts = list(of_others(home, home.store.receipts(product), []))
    skewed = (*(text for _, text in refold(home, receipts, tell)), *_false_profiles(home, receipts))
    population = find_population(home, chosen, as_of=as_of)
    tell("forget the future", 0, 1)
    changed = tuple(_differing(home, population.known, as_of))
    tell("forget the future", 1, 1)
    return FeatureAudit(len(receipts), skewed, changed, tuple(_too_good(population.known, population.bad())))


def _false_profiles(home: Home, receipts: list[Receipt]) -> Iterator[str]:
    """Yield where a profile that was counted at an application is not what the nightly rebuild at that seq gives."""
    for request_id in dict.fromkeys(home.store.request_of(receipt.receipt_id) for receipt in receipts):
        request = asked_by(home, request_id)
        for application in request.applications if PROFILE in request.records else ():
            yield from audit_profile(home, application, request.records)


def _differing(home: Home, group: Group, as_of: int) -> Iterator[str]:
    """Yield the features of a group that are others when only what was known by then is in a book at all."""
    features = group.features.feature_set
    with TemporaryDirectory() as folder:
        past = Book.open(Path(folder) / "book", calendar=home.calendar)
        for kind in dict.fromkeys((*features.kinds, "registry_event", "link")):
            _copy_known(home.book.view(), past, kind, as_of)
        again = look_along(msgspec.structs.replace(home, book=past), features, group.features.spine, past.view())
    same = (again.features.values == group.features.values) & (again.features.known == group.features.known)
    for index in np.flatnonzero(~same.all(axis=0)).tolist():
        yield features.features[index].name


def _copy_known(view: BookView, past: Book, kind: str, as_of: int) -> None:
    table = view.read(kind, as_of=as_of)
    table = table.filter(pc.less_equal(table["happened_at"], as_of))
    for start in range(0, table.num_rows, BATCH_ROWS):
        part = table.slice(start, BATCH_ROWS)
        past.append({kind: part.drop_columns(["seq", "known_until"])})


def _too_good(group: Group, bad: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Iterator[tuple[str, int]]:
    table = group.table()
    for name in table.names:
        values, known = table.column(name)
        if bad[known].min(initial=1) >= bad[known].max(initial=0):  # nobody, or all alike
            continue
        found = auc(bad[known], values[known])
        if max(found, 1 - found) > TOO_GOOD and known.sum() >= len(bad) // 2:
            yield name, round(found * 1_000_000)
