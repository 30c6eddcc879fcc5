"""In: one column with label, weights, folds and periods. Out: its `Bins`. Used: for each column of a sample.

Counts are taken once by fold and period (one bincount each); everything after works on at most a few dozen fine bins.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from weilend.models.bins.made import Bins
from weilend.models.bins.merging import merge_bins, merge_turning
from weilend.models.bins.shapes import Shape, choose_shape, fit_shape
from weilend.models.sample import Column
from weilend.models.table import Booleans, Floats, Integers


class BinRules(msgspec.Struct, frozen=True, kw_only=True):
    """What binning takes as given, each with its reason.

    >>> BinRules().fine
    24
    """

    fine: int = 24  # quantile bins before merging: more cost time and no longer add AUC (see the benchmark)
    most: int = 12  # bins that a person can still read
    least_share: float = 0.02  # of the rows in a bin
    least_each: float = 8.0  # goods and bads in a bin: a bin's evidence then has a standard error of at most about a half
    unlike: float = 2.0  # likelihood ratio between neighbours that no shape holds in order: words, and free forms
    prior_rows: float = 5.0  # pseudo-rows at the table's bad rate, as in the small card
    level_prior: float = 30.0  # … for one word among many, whose order is taken from the same label
    rare_rows: float = 20.0  # a word in fewer rows, or in a smaller share of them, says nothing alone
    rare_share: float = 0.001
    surely: float = 4.0  # standard errors by which bins must turn in a period: twelve bins have 264 pairs and periods


RULES: Final = BinRules()
#: Shapes in which neighbours may differ by chance alone; pooling has merged them already in the others.
UNORDERED: Final = frozenset({"free", "by risk"})


class Dealt(msgspec.Struct, frozen=True, eq=False):
    """What goes with every column: `bad`, `weight`, `fold` and `period` (n,), and how many folds and periods there are."""

    bad: Integers
    weight: Floats
    fold: Integers
    period: Integers
    folds: int
    periods: int

    def count(self, code: Integers, size: int, part: Integers, parts: int) -> tuple[Floats, Floats]:
        """Return rows and bads (parts, size) of codes by fold or by period."""
        place = part * size + code
        rows = np.bincount(place, weights=self.weight, minlength=parts * size)
        bads = np.bincount(place, weights=self.weight * self.bad, minlength=parts * size)
        return rows.reshape(parts, size).astype(np.float64), bads.reshape(parts, size).astype(np.float64)


def bin_column(column: Column, values: Integers, known: Booleans, dealt: Dealt, rules: BinRules = RULES) -> Bins:
    """Return the bins of one column; `values` and `known` are (n,) like everything in `dealt`.

    >>> x = np.arange(1000)
    >>> dealt = Dealt((x * 7 % 10 < 5 - x // 200).astype(np.int64), np.ones(1000), x // 10 % 5, x // 10 % 2, 5, 2)
    >>> bins = bin_column(Column(name="x"), x, x < 900, dealt)
    >>> bins.shape, bins.cuts[0], bins.count, bool(bins.information > 0.1)
    ('down', 74, 12, True)
    """
    ordinary = known & ~np.isin(values, np.array(column.specials, dtype=np.int64))
    fine = (_fine_words if column.kind == "category" else _fine_numbers)(column, values, ordinary, dealt, rules)
    extra = np.zeros(len(values), dtype=np.int64)
    for at, special in enumerate(column.specials):
        extra[known & (values == special)] = 1 + at
    code = np.where(ordinary, fine.code, fine.size + extra)
    return _finish(column, fine, code, dealt, rules)


class _Fine(msgspec.Struct, frozen=True, eq=False):
    """Fine bins of the ordinary values: their `code` (n,) below `size`, cuts or levels, the groups they begin as, how chosen."""

    code: Integers
    size: int
    cuts: Integers
    levels: Integers
    starts: Integers
    shape: Shape
    information: float


def _fine_numbers(column: Column, values: Integers, ordinary: Booleans, dealt: Dealt, rules: BinRules) -> _Fine:
    """Return quantile bins, begun as groups of one fitted rate under the chosen shape."""
    ordered = np.sort(values[ordinary])
    ranks = np.maximum(-(-np.arange(1, rules.fine) * len(ordered) // rules.fine) - 1, 0)  # nearest rank
    cuts = np.unique(ordered[ranks]) if len(ordered) else np.zeros(0, dtype=np.int64)
    cuts = cuts[cuts < ordered[-1]] if len(ordered) else cuts
    code, size = np.searchsorted(cuts, values, side="left").astype(np.int64), len(cuts) + 1
    rows, bads = dealt.count(np.where(ordinary, code, size), size + 1, dealt.fold, dealt.folds)
    rows, bads = rows[:, :size], bads[:, :size]
    shape = choose_shape(rows, bads, column.sign)
    fitted = fit_shape(rows.sum(axis=0), bads.sum(axis=0), shape.name)
    starts = np.flatnonzero(np.diff(fitted, prepend=-1.0) != 0)
    return _Fine(code, size, cuts, np.zeros(0, dtype=np.int64), starts, shape, _information(rows, bads, rules.prior_rows))


def _fine_words(column: Column, values: Integers, ordinary: Booleans, dealt: Dealt, rules: BinRules) -> _Fine:
    """Return words in the order of their smoothed bad rate; rare ones stand together, and a word never seen stands with them."""
    words = len(column.words) + 1
    rows, bads = dealt.count(np.where(ordinary, np.minimum(values, words - 1), words), words + 1, dealt.fold, dealt.folds)
    rows, bads = rows[:, :words], bads[:, :words]
    rare = rows.sum(axis=0) < max(rules.rare_rows, rules.rare_share * rows.sum())
    pooled = np.where(rare, words - 1, np.arange(words))
    rows, bads = (_regroup(part, pooled, words) for part in (rows, bads))
    total, bad = rows.sum(axis=0), bads.sum(axis=0)
    rate = bad.sum() / max(total.sum(), 1e-9)
    order = np.argsort((bad + rules.level_prior * rate) / (total + rules.level_prior), kind="stable")
    place = np.empty(words, dtype=np.int64)
    place[order] = np.arange(words)
    levels = place[pooled]
    information = _information(rows, bads, rules.level_prior)
    refused = (f"{int((rare[:-1]).sum())} rare words stand together",) if rare[:-1].any() else ()
    shape = Shape("by risk", refused)
    return _Fine(
        levels[np.minimum(values, words - 1)], words, np.zeros(0, dtype=np.int64), levels, np.arange(words), shape, information
    )


def _regroup(counts: Floats, groups: Integers, size: int) -> Floats:
    return np.stack([np.bincount(groups, weights=part, minlength=size) for part in counts])


def _finish(column: Column, fine: _Fine, code: Integers, dealt: Dealt, rules: BinRules) -> Bins:
    """Merge what is small or alike or turns between periods, and weigh what is left."""
    whole = fine.size + 1 + len(column.specials)
    rows, bads = dealt.count(code, whole, dealt.fold, dealt.folds)
    r, b = rows[:, : fine.size].sum(axis=0), bads[:, : fine.size].sum(axis=0)
    least = max(rules.least_share * rows.sum(), 1.0)
    unlike = rules.unlike if fine.shape.name in UNORDERED else 0.0
    starts = merge_bins(r, b, fine.starts, least_rows=least, least_each=rules.least_each, unlike=unlike, most=rules.most)
    when_rows, when_bads = dealt.count(code, whole, dealt.period, dealt.periods)
    steady, turned = merge_turning(when_rows[:, : fine.size], when_bads[:, : fine.size], starts, surely=rules.surely)
    before, after = (_grouped_information(rows, bads, one, fine.size, rules.prior_rows) for one in (starts, steady))
    group = np.concatenate(
        [np.searchsorted(steady, np.arange(fine.size), side="right") - 1, len(steady) + np.arange(whole - fine.size)]
    )
    rows, bads = (_regroup(part, group, len(steady) + whole - fine.size).sum(axis=0) for part in (rows, bads))
    said = [f"bins {at + 1} and {at + 2} change their order in period {when + 1}: merged" for at, when in turned]
    return Bins(
        column=column, shape=fine.shape.name, cuts=tuple(fine.cuts[steady[1:] - 1].tolist()) if len(fine.cuts) else (),
        levels=tuple(group[fine.levels].tolist()), woe=weigh_bins(rows, bads, len(steady), least, rules), rows=rows, bads=bads,
        information=min(after, fine.information) if column.kind == "category" else after,
        price_shape=max(fine.information - before, 0.0), price_stable=max(before - after, 0.0),
        refused=(*fine.shape.refused, *said),
    )  # fmt: skip


def weigh_bins(rows: Floats, bads: Floats, ordinary: int, least: float, rules: BinRules = RULES) -> Floats:
    """Return the weight of evidence of each bin, drawn to none by pseudo-rows; "not known" and specials are 0 where too few.

    >>> weigh_bins(np.array([100.0, 100.0, 3.0]), np.array([20.0, 10.0, 3.0]), 2, 10.0).round(2).tolist()
    [-0.24, 0.53, 0.0]
    """
    rate = bads.sum() / rows.sum()
    smooth = (bads + rules.prior_rows * rate) / (rows + rules.prior_rows)
    woe = np.log(rate / (1 - rate)) - np.log(smooth / (1 - smooth))
    woe[ordinary:][rows[ordinary:] < least] = 0.0
    return np.asarray(woe)


def _grouped_information(rows: Floats, bads: Floats, starts: Integers, size: int, prior: float) -> float:
    edges = np.concatenate([starts, np.arange(size, rows.shape[1])])
    return _information(np.add.reduceat(rows, edges, axis=1), np.add.reduceat(bads, edges, axis=1), prior)


def _information(rows: Floats, bads: Floats, prior: float) -> float:
    """Return the information value whose evidence was weighed on the other folds: about 0 for a column that says nothing."""
    r, b = rows.sum(axis=0) - rows, bads.sum(axis=0) - bads
    rate = b.sum(axis=1, keepdims=True) / np.maximum(r.sum(axis=1, keepdims=True), 1e-9)
    rate = np.clip(rate, 1e-6, 1 - 1e-6)
    smooth = (b + prior * rate) / (r + prior)
    woe = np.log(rate / (1 - rate)) - np.log(smooth / (1 - smooth))
    goods = rows - bads
    contrast = goods / max(goods.sum(), 1e-9) - bads / max(bads.sum(), 1e-9)
    return float((contrast * woe).sum())
