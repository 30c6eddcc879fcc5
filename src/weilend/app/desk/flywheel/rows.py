"""In: what applicants showed. Out: `Rows`, and labelled rows as a recipe takes them. Used: by months, learners, rivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from weilend.app.desk.flywheel.ground import FLYWHEEL, OWN
from weilend.core.values import FeatureRow
from weilend.features.cash_flow import CASH_FLOW_FEATURES
from weilend.features.owner import OWNER_FEATURES
from weilend.features.plans import FeatureSet
from weilend.features.sets import ENTERPRISE, INVOICE, SELLER
from weilend.models.metrics import auc
from weilend.models.sample import Column, Sample
from weilend.models.table import Booleans, Floats, Integers, Table

#: Columns that a training is offered, settled before anybody saw a label: all that money in the account and the owner's
#: bureau say, what the products of this house were designed on (without invoices, which few small firms issue), and how firms
#: paid us. Of hundreds of others some rank a few bads well by chance alone.
OFFERED: Final = frozenset(
    one.name for one in (*CASH_FLOW_FEATURES, *OWNER_FEATURES, *SELLER.features, *ENTERPRISE.features, *OWN)
) - frozenset(one.name for one in INVOICE.features)
#: What a decision computes and seals: the columns above, all that the policy reads among them.
DECIDED: Final = FeatureSet("flywheel", tuple(one for one in FLYWHEEL.features if one.name in OFFERED))
#: Of these, a training takes those that rank its own labels best, one by one.
MOST_COLUMNS: Final = 60
#: A column that fewer of the rows know is not offered.
LEAST_KNOWN: Final = 0.25


class Rows(msgspec.Struct, frozen=True, eq=False):
    """What some applications showed when they were decided: `names` and `signs` of the features, values and known (rows, names),
    the `business` behind each and the instant `at` (UTC seconds). `newest` says how many days old the newest record of a kind was
    (-1: there was none). `alerted` says of whom a rule of fraud speaks.
    """

    names: tuple[str, ...]
    signs: tuple[int, ...]
    values: Integers
    known: Booleans
    business: tuple[str, ...]
    at: Integers
    alerted: Booleans
    newest: Mapping[str, Integers] = {}

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
                    self.at[rows], self.alerted[rows], {kind: days[rows] for kind, days in self.newest.items()})  # fmt: skip

    def group(self) -> Integers:
        """Return which rows are of one business, as numbers from 0."""
        return np.unique(np.array(self.business, np.str_), return_inverse=True)[1].astype(np.int64)

    def feature_rows(self) -> list[FeatureRow]:
        """Return each row as a decision reads and seals it: the features of the product."""
        place = {name: at for at, name in enumerate(self.names)}
        names = [one.name for one in DECIDED.features]
        chosen = [place[name] for name in names]
        values, known = self.values[:, chosen].tolist(), self.known[:, chosen].tolist()
        newest = {kind: self.newest[kind].tolist() for kind in DECIDED.kinds if kind in self.newest}
        return [
            FeatureRow(
                business_id=self.business[row], as_of=as_of, feature_set=DECIDED.identity,
                values={name: value if there else None for name, value, there in zip(names, values[row], known[row], strict=True)},
                newest_days={kind: days[row] for kind, days in newest.items() if days[row] >= 0},
            )
            for row, as_of in enumerate(self.at.tolist())
        ]  # fmt: skip


def sample_of(rows: Rows, bad: Integers, weight: Floats, names: Sequence[str]) -> Sample:
    """Return labelled rows as a recipe takes them; rows of one business stay together."""
    sign = dict(zip(rows.names, rows.signs, strict=True))
    return Sample(
        table=rows.table(names),
        columns=tuple(Column(name=name, sign=sign[name]) for name in names),
        bad=bad,
        weight=weight,
        group=rows.group(),
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
