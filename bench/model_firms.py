"""In: the contest's firms with invoices (cumcm2020c). Out: samples of the 123 at five cuts, who the 302 are. Used: `bench.models`.

The files go into a book once; features look back from each cut. The label has no date, so a cut years before it says how much
of what the invoices tell was there early. The 302 have no label: a classifier that tells them from the 123 says how far a model of
the one may speak of the other.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weilend.app.desk.home import Home, open_home
from weilend.app.desk.intake.ingest import ingest
from weilend.app.desk.population import find_firms
from weilend.features.labels import LABELS
from weilend.features.sets import FEATURE_SETS
from weilend.models.sample import Column, Sample
from weilend.models.table import Table

CUTS = (date(2018, 1, 1), date(2018, 7, 1), date(2019, 1, 1), date(2019, 6, 1), date(2019, 12, 1))
LAST = CUTS[-1]
FEATURES, LABEL = "invoice", "external_default"
Whole = npt.NDArray[np.int64]


def firms(root: Path, cut: date, cache: Path) -> tuple[Sample, Table]:
    """Return the 123 firms at a cut, in columns with their declared signs, and the features of the 302 at that cut."""
    place = cache / f"cumcm2020c-{cut}.npz"
    if not place.is_file():
        _look(root, cut, place, cache / "cumcm2020c-home")
    kept = np.load(place)
    features = [feature for feature in FEATURE_SETS[FEATURES].features if feature.sign]
    names = tuple(feature.name for feature in features)
    known, others = (
        Table(tuple(kept["names"].tolist()), kept[f"{who}_values"], kept[f"{who}_known"], tuple(kept[f"{who}_ids"].tolist()))
        .select(names)
        for who in ("firms", "others")
    )  # fmt: skip
    columns = tuple(Column(name=feature.name, sign=feature.sign) for feature in features)
    rows = len(known)
    sample = Sample(table=known, columns=columns, bad=kept["bad"], weight=np.ones(rows), group=np.arange(rows),
                    month=np.full(rows, -1))  # fmt: skip
    return sample, others


def told_apart(sample: Sample, others: Table) -> Sample:
    """Return the sample whose "bad" are the firms without a history: what tells them from the others is bias, not risk."""
    mine = sample.table
    values, known = (np.concatenate([getattr(mine, part), getattr(others, part)]) for part in ("values", "known"))
    rows = len(mine) + len(others)
    columns = tuple(Column(name=column.name) for column in sample.columns)
    return Sample(
        table=Table(mine.names, values, known, (*mine.ids, *others.ids)), columns=columns,
        bad=(np.arange(rows) >= len(mine)).astype(np.int64), weight=np.ones(rows), group=np.arange(rows),
        month=np.full(rows, -1),
    )  # fmt: skip


def _look(root: Path, cut: date, place: Path, folder: Path) -> None:
    home = _home(root, folder)
    population = find_firms(home, FEATURE_SETS[FEATURES], LABELS[LABEL], home.calendar.start_of(cut))
    known, others = population.known.table(), population.applicants.table()
    np.savez_compressed(
        place, names=np.array(known.names), bad=population.bad(),
        firms_values=known.values, firms_known=known.known, firms_ids=np.array(known.ids),
        others_values=others.values, others_known=others.known, others_ids=np.array(others.ids),
    )  # fmt: skip


def _home(root: Path, folder: Path) -> Home:
    done = folder / "read"
    home = open_home(folder)
    if not done.is_file():
        ingest(home, root / "cumcm2020c", consent_id="own-data", at=home.calendar.start_of(LAST), profile="cumcm2020c")
        done.touch()
    return home
