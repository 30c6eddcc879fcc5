"""In: what applicants showed, labels that came of age. Out: models, and the evidence on which one replaces another. Used: by
months.

A challenger is trained on the older three quarters of the labels and judged on the newest quarter, on which the champion (or,
before there is one, no model at all) is judged too. What wins is then trained once more on all labels, by the same recipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from weilend.app.desk.flywheel.ground import OWN
from weilend.core.money import PPM
from weilend.features.cash_flow import CASH_FLOW_FEATURES
from weilend.features.owner import OWNER_FEATURES
from weilend.features.sets import ENTERPRISE, INVOICE, SELLER
from weilend.models.boosted import BoostedModel
from weilend.models.judgement.bootstrap import Contender, compare, draw
from weilend.models.judgement.champion import Verdict, judge_challenger
from weilend.models.metrics import auc
from weilend.models.prediction import Prediction
from weilend.models.recipes import monotone_boosting
from weilend.models.sample import Column, Sample
from weilend.models.table import Booleans, Floats, Integers, Table
from weilend.models.training import Budget

#: Columns that a training is offered, settled before anybody saw a label: all that money in the account and the owner's
#: bureau say, what the products of this house were designed on (without invoices, which few small firms issue), and how firms
#: paid us. Of hundreds of others some rank a few bads well by chance alone.
OFFERED: Final = frozenset(
    one.name for one in (*CASH_FLOW_FEATURES, *OWNER_FEATURES, *SELLER.features, *ENTERPRISE.features, *OWN)
) - frozenset(one.name for one in INVOICE.features)
#: Of these, a training takes those that rank its own labels best, one by one.
MOST_COLUMNS: Final = 60
#: A column that fewer of the rows know is not offered.
LEAST_KNOWN: Final = 0.25
WORK: Final = Budget(folds=4, repeats=1, most_trees=240, patience=25)
NEWEST: Final = 0.25
NO_MODEL: Final = "no model"
#: Columns of a model that a report names.
TOLD_COLUMNS: Final = 8


class Rows(msgspec.Struct, frozen=True, eq=False):
    """What some applications showed when they were decided: `names` and `signs` of the features, values and known (rows, names),
    the `business` behind each and the instant `at` (UTC seconds).
    """

    names: tuple[str, ...]
    signs: tuple[int, ...]
    values: Integers
    known: Booleans
    business: tuple[str, ...]
    at: Integers

    def table(self, names: Sequence[str] = ()) -> Table:
        """Return the rows as a model's table, with the named columns or all."""
        place = {name: at for at, name in enumerate(self.names)}
        chosen = [place[name] for name in names or self.names]
        ids = tuple(f"{name} {row}" for row, name in enumerate(self.business))
        shown = self.known[:, chosen]
        return Table(tuple(names) or self.names, np.where(shown, self.values[:, chosen], 0), shown, ids)

    def take(self, rows: Integers) -> Rows:
        """Return some of the rows."""
        return Rows(self.names, self.signs, self.values[rows], self.known[rows], tuple(self.business[row] for row in rows.tolist()),
                    self.at[rows])  # fmt: skip


class Trained(msgspec.Struct, frozen=True, eq=False):
    """A challenger: the model on all labels, the verdict and AUCs (ppm) on the newest labels, and the columns that it leans on."""

    model: BoostedModel
    verdict: Verdict
    auc_ppm: int
    champion_auc_ppm: int
    judged_rows: int
    judged_bads: int
    leans_on: tuple[tuple[str, int], ...]


def score(model: BoostedModel, rows: Rows) -> Integers:
    """Return the PD (ppm) of rows."""
    return model.predict(rows.table([column.name for column in model.columns])).pd_ppm


def train(rows: Rows, bad: Integers, weight: Floats, champion: BoostedModel | None, *, seed: int) -> Trained:
    """Return a challenger trained on labelled rows, and what the newest of them say of it and of the champion.

    `weight` (n,) is how much each row counts: a loan that is still young counts as far as it was watched.
    """
    order = np.argsort(rows.at, kind="stable")
    rows, bad, weight = rows.take(order), bad[order], weight[order]
    cut = int(len(bad) * (1 - NEWEST))
    older, newer = np.arange(cut), np.arange(cut, len(bad))
    judged = _fit(rows.take(older), bad[older], weight[older], seed)
    verdict, own, other = _judge(judged, champion, rows.take(newer), bad[newer], weight[newer], seed)
    model = _fit(rows, bad, weight, seed)
    return Trained(
        model=model,
        verdict=verdict,
        auc_ppm=own,
        champion_auc_ppm=other,
        judged_rows=len(newer),
        judged_bads=int(bad[newer].sum()),
        leans_on=_leans_on(model),
    )


def _fit(rows: Rows, bad: Integers, weight: Floats, seed: int) -> BoostedModel:
    return monotone_boosting.fit(sample_of(rows, bad, weight, choose_columns(rows, bad)), seed=seed, trials=1, budget=WORK)


def sample_of(rows: Rows, bad: Integers, weight: Floats, names: Sequence[str]) -> Sample:
    """Return labelled rows as a recipe takes them; rows of one business stay together."""
    sign = dict(zip(rows.names, rows.signs, strict=True))
    group = np.unique(np.array(rows.business, object).astype(str), return_inverse=True)[1]
    return Sample(
        table=rows.table(names),
        columns=tuple(Column(name=name, sign=sign[name]) for name in names),
        bad=bad,
        weight=weight,
        group=group.astype(np.int64),
        month=np.full(len(bad), -1),
    )


def choose_columns(rows: Rows, bad: Integers, most: int = MOST_COLUMNS, offered: frozenset[str] = OFFERED) -> tuple[str, ...]:
    """Return the columns with a declared sign that rank the labels best one by one, in the order of the features."""
    found = []
    for place, name in enumerate(rows.names):
        known = rows.known[:, place]
        if name not in offered or not rows.signs[place] or known.mean() < LEAST_KNOWN or len(np.unique(bad[known])) < 2:
            continue
        value = rows.values[known, place] * rows.signs[place]
        if value.min() < value.max():
            found.append((auc(bad[known], value), place))
    best = sorted(place for _, place in sorted(found, reverse=True)[:most])
    return tuple(rows.names[place] for place in best)


def _judge(
    model: BoostedModel, champion: BoostedModel | None, rows: Rows, bad: Integers, weight: Floats, seed: int
) -> tuple[Verdict, int, int]:
    """Return the verdict of the newest labels, and both AUCs in ppm."""
    own = model.predict(rows.table([column.name for column in model.columns]))
    base = round(PPM * float(np.average(bad, weights=weight)))
    other = (
        Prediction(np.zeros(len(bad), np.int64), np.full(len(bad), base))
        if champion is None
        else champion.predict(rows.table([column.name for column in champion.columns]))
    )
    group = np.unique(np.array(rows.business, object).astype(str), return_inverse=True)[1]
    found = draw(bad, group, [Contender("challenger", own), Contender("champion", other)], seed=seed, draws=400, weight=weight)
    differences = [one for one in compare(found, "challenger", "champion") if one.metric in _COUNTS]
    first, second = (round(PPM * auc(bad, one.points)) for one in (own, other))
    return judge_challenger(differences, []), first, second


#: What counts here: ranking. How well PDs hold is repaired each time the terms are chosen anew.
_COUNTS: Final = ("auc",)


def _leans_on(model: BoostedModel) -> tuple[tuple[str, int], ...]:
    """Return the columns by the share (ppm) of the trees' gain, largest first."""
    gain: dict[int, float] = {}
    for tree in model.forest.trees():
        for split in tree.splits:
            gain[split.feature] = gain.get(split.feature, 0.0) + split.gain
    whole = sum(gain.values()) or 1.0
    shares: dict[str, float] = {}
    for place, value in gain.items():
        name = model.slots[place].feature
        shares[name] = shares.get(name, 0.0) + value
    told = sorted(((round(PPM * value / whole), name) for name, value in shares.items()), reverse=True)
    return tuple((name, share) for share, name in told[:TOLD_COLUMNS])
