"""In: made-up numbers and a label. Out: CPU seconds of monotone binning, and what the bins are worth. Used: `make bench`.

Peer: optbinning, one process, its default solver, the same declared signs and number of fine bins. Both sets of bins feed the
same logistic regression, which is judged on rows that neither has seen: what must agree is the AUC, within .002.
"""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from bench.measure import DisagreementError, Row, compare, emit, plain_row, race
from weilend.models.bins import BinRules, Bins, bin_sample, evidence_of
from weilend.models.sample import Column, Sample
from weilend.models.table import Table

BINS, MIN_SHARE, WITHIN = 20, 0.05, 0.002
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def rows(count: int = 150_000, features: int = 60, passes: int = 4) -> list[Row]:
    """Return the time of both and their AUC out of sample."""
    values, label, sign = make_data(count + count // 3, features)
    train, test = values[:count], values[count:]
    known = label[:count]
    kept = {}
    works = {
        "weilend": lambda: kept.update(ours=ours(train, known, sign)),
        "optbinning": lambda: kept.update(theirs=optbinning(train, known, sign)),
    }
    samples = race(works, passes=passes, least_seconds=0)
    mine = auc(evidence_of(kept["ours"], table_of(train)), evidence_of(kept["ours"], table_of(test)), label, count)
    theirs = auc(transform(kept["theirs"], train), transform(kept["theirs"], test), label, count)
    if abs(mine - theirs) > WITHIN:
        raise DisagreementError(f"AUC out of sample: weilend {mine:.4f}, optbinning {theirs:.4f}, more than {WITHIN} apart")
    what = f"{count // 1000}k x {features}"
    check = f"AUC {mine:.4f}, {theirs:.4f}"
    return [
        *compare(f"binning {what}", samples, unit="CPU s", scale=1, clock="cpu", check=check),
        plain_row(
            f"AUC of these bins, {count // 3000}k other rows",
            "AUC",
            mine,
            "optbinning",
            theirs,
            check=f"within {WITHIN}",
            higher=True,
        ),
    ]


def make_data(count: int, features: int) -> tuple[Ints, Ints, Floats]:
    """Return values (count, features), a label (about 12 % bad) and the declared signs; a third of the features say nothing."""
    dice = np.random.default_rng(5)
    common = dice.normal(size=(count, 1))
    latent = 0.4 * common + dice.normal(size=(count, features))
    sign = np.where(dice.random(features) < 0.5, 1.0, -1.0)
    weight = np.where(np.arange(features) % 3 == 0, 0.0, dice.uniform(0.05, 0.45, features)) * sign
    chance = 1 / (1 + np.exp(2.4 + np.tanh(latent) @ weight))
    return np.rint(np.exp(latent) * 100_000).astype(np.int64), (dice.random(count) < chance).astype(np.int64), sign


def table_of(values: Ints) -> Table:
    """Return a table of values that are all known."""
    names = tuple(f"x{at}" for at in range(values.shape[1]))
    return Table(names, values, np.ones(values.shape, dtype=np.bool_), tuple(map(str, range(len(values)))))


def ours(values: Ints, label: Ints, sign: Floats) -> tuple[Bins, ...]:
    """Return our bins with their weights of evidence and information values out of fold, as the flat card makes them."""
    table = table_of(values)
    columns = tuple(Column(name=name, sign=int(safer)) for name, safer in zip(table.names, sign, strict=True))
    rows = len(values)
    sample = Sample(
        table=table, columns=columns, bad=label, weight=np.ones(rows), group=np.arange(rows), month=np.full(rows, -1)
    )
    return bin_sample(sample, seed=1, rules=BinRules(fine=BINS, least_share=MIN_SHARE, most=BINS))


def optbinning(values: Ints, label: Ints, sign: Floats) -> list[object]:
    """Return the peer's bins, one feature after another."""
    from optbinning import OptimalBinning

    fitted = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for column, safer in zip(values.T, sign, strict=True):
            trend = "descending" if safer > 0 else "ascending"
            one = OptimalBinning(dtype="numerical", monotonic_trend=trend, max_n_prebins=BINS, min_prebin_size=MIN_SHARE)
            one.fit(column.astype(np.float64), label)
            fitted.append((one, one.binning_table.build()))
    return [one for one, _ in fitted]


def transform(fitted: list[object], values: Ints) -> Floats:
    """Return the peer's evidence of each value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.column_stack(
            [one.transform(column.astype(np.float64), metric="woe") for one, column in zip(fitted, values.T, strict=True)]
        )


def auc(train: Floats, test: Floats, label: Ints, count: int) -> float:
    """Return the AUC out of sample of a logistic regression on some evidence."""
    model = LogisticRegression(C=1.0, max_iter=200).fit(train, label[:count])
    return float(roc_auc_score(label[count:], model.decision_function(test)))


if __name__ == "__main__":
    emit(rows)
