"""In: integer columns and a label. Out: monotone bins with smoothed weights of evidence. Used: by the scorecard recipe.

All features are binned at once; arrays are (…, k features, m fine bins), so that bootstraps are one more leading axis.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from weilend.models.table import Booleans, Floats, Integers, Table

#: From so many bins on, of all features and draws together, spans are pooled one by one.
_MANY: Final = 8_000


class FineBins(msgspec.Struct, frozen=True, eq=False):
    """Fine bins of k features: bin j holds values up to ``cuts[:, j]``, the last one the rest; group m is NULL.

    `cuts` (k, m - 1) ascending with repeats where bins were merged; `index` (n, k) in 0..m.
    """

    cuts: Integers
    index: Integers
    bins: int

    def one_hot(self) -> Floats:
        """Return (n, k, m + 1) zeros and ones."""
        return np.asarray(self.index[:, :, None] == np.arange(self.bins + 1), dtype=np.float64)


def fine_bins(table: Table, *, bins: int, min_rows: int) -> FineBins:
    """Return at most `bins` bins of about equal size for each feature, each with at least `min_rows` known rows.

    Cuts are nearest-rank quantiles, hence values that were seen; what is smaller than `min_rows` joins its left neighbour.

    >>> column = np.arange(8)[:, None]
    >>> fine = fine_bins(Table(("x",), column, column > 0, tuple("abcdefgh")), bins=3, min_rows=2)
    >>> fine.cuts.tolist(), fine.index[:, 0].tolist()
    ([[3, 5]], [3, 0, 0, 0, 1, 1, 2, 2])
    """
    cuts = _quantile_cuts(table, bins)
    sizes = _sizes(table, cuts, bins)
    cuts = _merge_small(cuts, sizes, min_rows)
    return FineBins(cuts, _place(table.values, table.known, cuts, bins), bins)


def place(values: Integers, known: Booleans, fine: FineBins) -> Integers:
    """Return the bin (n, k) of each value in bins that were made on other rows; NULL is the last group.

    >>> fine = FineBins(np.array([[3, 5]]), np.zeros((0, 1), dtype=np.int64), 3)
    >>> place(np.array([[3], [4], [9], [0]]), np.array([[True], [True], [True], [False]]), fine)[:, 0].tolist()
    [0, 1, 2, 3]
    """
    return _place(values, known, fine.cuts, fine.bins)


def _quantile_cuts(table: Table, bins: int) -> Integers:
    top = np.int64(np.iinfo(np.int64).max)
    ordered = np.sort(np.where(table.known, table.values, top), axis=0)
    known = table.known.sum(axis=0)
    ranks = np.maximum(-(-np.arange(1, bins)[:, None] * known // bins) - 1, 0)  # nearest rank: ceil(j n / m), counted from 0
    return np.asarray(np.take_along_axis(ordered, ranks, axis=0).T)


def _place(values: Integers, known: Booleans, cuts: Integers, bins: int) -> Integers:
    index = np.empty(values.shape, dtype=np.int64)
    for at, column in enumerate(cuts):
        index[:, at] = np.searchsorted(column, values[:, at], side="left")
    return np.where(known, index, bins)


def _sizes(table: Table, cuts: Integers, bins: int) -> Integers:
    index = _place(table.values, table.known, cuts, bins)
    return np.stack([np.bincount(column, minlength=bins + 1)[:bins] for column in index.T])


def _merge_small(cuts: Integers, sizes: Integers, min_rows: int) -> Integers:
    """Drop cuts that leave fewer than `min_rows` on either side since the last kept cut: a dropped cut repeats the kept one."""
    merged = np.full_like(cuts, np.iinfo(np.int64).min)
    left = np.zeros(len(cuts), dtype=np.int64)
    right = sizes.sum(axis=1)
    last = np.full(len(cuts), np.iinfo(np.int64).min)
    for j in range(cuts.shape[1]):
        left, right = left + sizes[:, j], right - sizes[:, j]
        keep = (left >= min_rows) & (right >= min_rows)
        last = np.where(keep, cuts[:, j], last)
        left = np.where(keep, 0, left)
        merged[:, j] = last
    return merged


def pool(value: Floats, weight: Floats, sign: Floats) -> Floats:
    """Return the weighted isotonic fit of value sums: rising along the last axis where `sign` is +1, falling where -1.

    `value` holds sums (…, k, m), `weight` their weights; the result is a mean per bin. It is the min-max form of pooling
    adjacent violators (Barlow et al. 1972), exact and without a loop over features. Bins without weight get nan.

    >>> pool(np.array([[1.0, 3.0, 1.0]]), np.array([[1.0, 1.0, 1.0]]), np.array([1.0])).tolist()
    [[1.0, 2.0, 2.0]]
    """
    flip = np.asarray(sign, dtype=np.float64)[..., None]
    means = _means_one_by_one if value.size > _MANY else _means_at_once
    return np.where(weight > 0, means(value * flip, weight), np.nan) * flip


def _means_at_once(value: Floats, weight: Floats) -> Floats:
    """Return, of each bin j, the largest over i <= j of the least mean of bins i..l over l >= j: all spans in one matrix."""
    sums, weights = np.cumsum(value, axis=-1), np.cumsum(weight, axis=-1)
    before_sums, before_weights = sums - value, weights - weight
    total = weights[..., None, :] - before_weights[..., :, None]  # weight of bins i..l, at [i, l]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (sums[..., None, :] - before_sums[..., :, None]) / total
    inside = np.tri(value.shape[-1], dtype=np.bool_).T
    lower = np.where(inside & (total > 0), mean, np.inf)  # spans i..l with weight; others never win the minimum
    least = np.minimum.accumulate(lower[..., ::-1], axis=-1)[..., ::-1]  # min over l >= j, at [i, j]
    return np.asarray(np.where(inside & np.isfinite(least), least, -np.inf).max(axis=-2))  # max over i <= j


def _means_one_by_one(value: Floats, weight: Floats) -> Floats:
    """Return the same to the bit, a span at a time: four times as quick for thousands of features, slower for few."""
    sums, weights = (_bins_first(np.cumsum(part, axis=-1)) for part in (value, weight))
    before_sums, before_weights = sums - _bins_first(value), weights - _bins_first(weight)
    best = np.full(sums.shape, -np.inf)
    for first in range(len(sums)):
        least = np.full(sums.shape[1:], np.inf)  # of the spans from `first` to `last` and beyond that have weight
        for last in range(len(sums) - 1, first - 1, -1):
            total = weights[last] - before_weights[first]
            mean = np.divide(sums[last] - before_sums[first], total, out=np.full(total.shape, np.inf), where=total > 0)
            least = np.minimum(least, mean)
            best[last] = np.maximum(best[last], np.where(np.isfinite(least), least, -np.inf))
    return np.moveaxis(best, 0, -1)


def _bins_first(part: Floats) -> Floats:
    """Return an array with its last axis first, laid out so: a bin at a time is one run of memory."""
    return np.ascontiguousarray(np.moveaxis(part, -1, 0))


class Evidence(msgspec.Struct, frozen=True, eq=False):
    """What each bin says: `woe` (…, k, m + 1), positive is safer, the last group is NULL; nan where a bin holds no row."""

    woe: Floats
    rows: Floats
    bads: Floats


def weigh(rows: Floats, bads: Floats, sign: Floats, *, prior_rows: float, min_rows: int) -> Evidence:
    """Return the monotone weight of evidence of every bin, from rows and bads per bin (…, k, m + 1).

    ``woe = ln(share of goods / share of bads)`` (Siddiqi 2006), with each pooled bin's bad rate drawn towards the
    table's by `prior_rows` pseudo-rows, pooled first on the raw rates and again after smoothing, so that the declared sign
    holds in the end. NULL is a group of its own: 0 where fewer than `min_rows` rows have it, and never above 0, because
    not knowing is no merit.

    >>> rows, bads = np.array([[10.0, 10.0, 10.0, 0.0]]), np.array([[5.0, 6.0, 1.0, 0.0]])
    >>> weigh(rows, bads, np.array([1.0]), prior_rows=5, min_rows=5).woe.round(2).tolist()
    [[-0.49, -0.49, 0.98, 0.0]]
    """
    rate = bads.sum(axis=-1, keepdims=True) / rows.sum(axis=-1, keepdims=True)
    known_rows, known_bads = rows[..., :-1], bads[..., :-1]
    safe = pool(known_rows - known_bads, known_rows, sign)
    block_rows, block_bads = _blocks(safe, known_rows, known_bads)
    smooth = (block_bads + prior_rows * rate) / (block_rows + prior_rows)
    smooth = 1 - pool((1 - smooth) * known_rows, known_rows, sign)
    null = (bads[..., -1:] + prior_rows * rate) / (rows[..., -1:] + prior_rows)
    null_woe = np.where(rows[..., -1:] >= min_rows, np.minimum(_logit(rate) - _logit(null), 0.0), 0.0)
    return Evidence(np.concatenate([_logit(rate) - _logit(smooth), null_woe], axis=-1), rows, bads)


def _logit(rate: Floats) -> Floats:
    return np.asarray(np.log(rate) - np.log1p(-rate))


def _blocks(fit: Floats, rows: Floats, bads: Floats) -> tuple[Floats, Floats]:
    """Return rows and bads of the pooled block that each bin belongs to: bins with the same fitted mean are one block."""
    fits, row_parts, bad_parts = (_bins_first(part) for part in (fit, rows, bads))
    block_rows, block_bads = np.zeros(fits.shape), np.zeros(fits.shape)
    for bin_ in range(len(fits)):
        for other in range(len(fits)):
            same = np.abs(fits[bin_] - fits[other]) < 1e-12
            block_rows[bin_] += same * row_parts[other]
            block_bads[bin_] += same * bad_parts[other]
    return np.moveaxis(block_rows, 0, -1), np.moveaxis(block_bads, 0, -1)


def information_out_of_bag(
    fine: FineBins, label: Integers, sign: Floats, *, draws: int, rng: np.random.Generator, prior_rows: float, min_rows: int
) -> Floats:
    """Return (draws, k) information values: bins weighed on a bootstrap of the rows, judged on the rows that it left out.

    ``Σ (share of goods - share of bads) · woe`` with shares from the rows out of the bag. Judged on its own rows an IV is
    never negative, and large by chance on a hundred rows; out of the bag its mean is about 0 for a feature that says nothing.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.integers(0, 100, (200, 2)); bad = (x[:, 0] + rng.integers(0, 40, 200) < 40).astype(np.int64)
    >>> fine = fine_bins(Table(("x", "noise"), x, x >= 0, tuple(map(str, range(200)))), bins=5, min_rows=10)
    >>> iv = information_out_of_bag(fine, bad, np.ones(2), draws=20, rng=rng, prior_rows=5, min_rows=10).mean(axis=0)
    >>> bool(iv[0] > 1), bool(abs(iv[1]) < 0.2)
    (True, True)
    """
    n, k = fine.index.shape
    hot = fine.one_hot().reshape(n, -1)
    bag = _bags(label, draws, rng)
    shape = (draws, k, fine.bins + 1)
    rows, bads = (bag @ hot).reshape(shape), ((bag * label) @ hot).reshape(shape)
    woe = np.nan_to_num(weigh(rows, bads, sign, prior_rows=prior_rows, min_rows=min_rows).woe)
    out = (bag == 0).astype(np.float64)
    out_bad, out_good = out * label, out * (1 - label)
    contrast = out_good / out_good.sum(axis=1, keepdims=True) - out_bad / out_bad.sum(axis=1, keepdims=True)
    return np.asarray(((contrast @ hot).reshape(shape) * woe).sum(axis=-1))


def _bags(label: Integers, draws: int, rng: np.random.Generator) -> Floats:
    """Return (draws, n) how often each row was drawn: goods and bads apart, at least one of each left out."""
    bag = np.zeros((draws, len(label)))
    for value in (0, 1):
        rows = np.flatnonzero(label == value)
        bag[:, rows] = rng.multinomial(len(rows) - 1, np.full(len(rows), 1 / len(rows)), size=draws)
    return bag
