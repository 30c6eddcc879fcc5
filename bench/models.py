"""In: public lending data (WEILEND_DATA). Out: our boosters against LightGBM and FLAML, one table. Used: `make bench-models`.

Same rows, same columns, same five folds; every contender has the same seconds a fold. AUC is the mean over folds; a difference is
paired and its interval comes from a bootstrap of each fold's test rows. The bar: the lower bound lies above -max(.003, one standard
error of the set's AUC; "+/-" beside it), and the mean difference over the sets is at least -.002. Against the standard error of the
difference itself even two equal models would pass but one time in six.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

import msgspec
import numpy as np
import numpy.typing as npt

from bench.model_data import SETS, folder
from weilend.core.money import PPM
from weilend.models.boosted import BoostedModel
from weilend.models.calibration import Fitness, measure_fitness
from weilend.models.encoding import encode, lay_out
from weilend.models.grouped import grouped_folds
from weilend.models.judgement.bootstrap import Contender, Difference, Draws, compare, draw, measure
from weilend.models.prediction import Prediction
from weilend.models.prior import to_pd_ppm
from weilend.models.recipes import additive_boosting, monotone_boosting
from weilend.models.sample import Sample

Floats, Ints = npt.NDArray[np.float64], npt.NDArray[np.int64]
FOLDS, SEED, DRAWS = 5, 7, 500
BAR, MEAN_BAR = 3_000, -2_000
OURS = ("boosting", "additive")
HEAD = ("set", "rows", "bads", "contender", "AUC", "+/-", "CPU s", "peer", "AUC", "CPU s", "difference", "95 %", "bar", "slope")


class Told(msgspec.Struct):
    """What a contender said of every row, each by a model that had not seen it; CPU seconds of all folds."""

    said: Prediction
    seconds: float


def contenders(trials: int, seconds: float, peers: Sequence[str]) -> dict[str, Callable[[Sample, Sample, int], Prediction]]:
    """Return the contenders by name: each takes rows to learn from, rows to predict, and a seed."""
    ours: dict[str, Callable[[Sample, Sample, int], Prediction]] = {
        "boosting": partial(_ours, monotone_boosting.fit, trials, seconds),
        "additive": partial(_ours, additive_boosting.fit, trials, seconds),
    }
    if "lightgbm" in peers:
        ours["lightgbm"] = partial(_lightgbm, trials, seconds)
    if "flaml" in peers:
        ours["flaml"] = partial(_flaml, seconds)
    return ours


def _ours(fit: Callable[..., BoostedModel], trials: int, seconds: float, train: Sample, test: Sample, seed: int) -> Prediction:
    end = time.perf_counter() + seconds
    model = fit(train, seed=seed, trials=trials, stop=lambda: time.perf_counter() > end)
    return Prediction(-model.units(test.table), model.predict(test.table).pd_ppm)


def _lightgbm(trials: int, seconds: float, train: Sample, test: Sample, seed: int) -> Prediction:
    from bench.model_peers import tuned_lightgbm

    return _said(tuned_lightgbm(*_matrices(train, test), trials=trials, seconds=seconds, seed=seed))


def _flaml(seconds: float, train: Sample, test: Sample, seed: int) -> Prediction:
    from bench.model_peers import flaml

    return _said(flaml(*_matrices(train, test), seconds=seconds, seed=seed))


def _matrices(train: Sample, test: Sample) -> tuple[Floats, Ints, Floats, list[int]]:
    slots = lay_out(train)
    kinds = [at for at, slot in enumerate(slots) if slot.kind != "number"]
    return encode(train.table, slots), train.bad, encode(test.table, slots), kinds


def _said(chance: Floats) -> Prediction:
    logit = np.log(np.clip(chance, 1e-9, 1 - 1e-9)) - np.log1p(-np.clip(chance, 1e-9, 1 - 1e-9))
    return Prediction(np.rint(-PPM * logit).astype(np.int64), to_pd_ppm(logit))


def out_of_fold(sample: Sample, fold: Ints, work: Callable[[Sample, Sample, int], Prediction]) -> Told:
    """Return what a contender says of each row when its fold was left out."""
    points, pd_ppm = np.zeros(len(sample), dtype=np.int64), np.zeros(len(sample), dtype=np.int64)
    began = time.process_time()
    for this in range(FOLDS):
        said = work(sample.take(fold != this), sample.take(fold == this), SEED + this)
        points[fold == this], pd_ppm[fold == this] = said.points, said.pd_ppm
    return Told(Prediction(points, pd_ppm), time.process_time() - began)


def judge(sample: Sample, fold: Ints, told: dict[str, Told]) -> Draws:
    """Return the figures of all contenders, each the mean over the folds, on the rows and on bootstraps of each fold."""
    found = []
    for this in range(FOLDS):
        part = fold == this
        each = [Contender(name, Prediction(t.said.points[part], t.said.pd_ppm[part])) for name, t in told.items()]
        found.append(draw(sample.bad[part], sample.group[part], each, seed=SEED + this, draws=DRAWS))
    return Draws(found[0].figures, np.mean([one.values for one in found], axis=0))


def lines(name: str, sample: Sample, told: dict[str, Told], found: Draws) -> tuple[list[tuple[str, ...]], list[Difference]]:
    """Return the lines of a set and the differences in AUC behind them."""
    auc = {figure[0]: found.values[0, at] for at, figure in enumerate(found.figures) if figure[1] == "auc"}
    error = {one.contender: one.error for one in measure(found) if one.metric == "auc"}
    rows, differences = [], []
    for ours in OURS:
        fit = measure_fitness(sample.bad, told[ours].said.pd_ppm)
        for peer in [one for one in told if one not in OURS] or [ours]:
            d = compare(found, ours, peer)[0]  # the first figure is AUC
            differences.append(d)
            met = "yes" if d.lo > -max(BAR, error[ours]) else "no"
            numbers = (f"{auc[ours]:.4f}", f"{error[ours] / PPM:.4f}", f"{told[ours].seconds:.0f}")
            theirs = (peer, f"{auc[peer]:.4f}", f"{told[peer].seconds:.0f}", f"{d.estimate / PPM:+.4f}")
            span = f"{d.lo / PPM:+.4f}..{d.hi / PPM:+.4f}"
            rows.append(
                (name, f"{len(sample):,}", f"{int(sample.bad.sum()):,}", ours, *numbers, *theirs, span, met, _slope(fit))
            )
    return rows, differences


def _slope(fit: Fitness) -> str:
    return f"{fit.slope.estimate_ppm / PPM:.2f} ({fit.slope.lo_ppm / PPM:.2f}-{fit.slope.hi_ppm / PPM:.2f})"


def show(rows: Sequence[tuple[str, ...]]) -> str:
    """Return the lines as a plain table."""
    widths = [max(len(row[at]) for row in [HEAD, *rows]) for at in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [HEAD, *rows]
    )


def main() -> int:
    """Run the contenders on the sets and print the table; exit 1 where the mean difference to a peer is below the bar."""
    parser = argparse.ArgumentParser(description="Our boosters against tuned LightGBM and FLAML on public lending data.")
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument("--peers", nargs="*", choices=("lightgbm", "flaml"), default=["lightgbm", "flaml"])
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=60.0, help="of search a fold and contender")
    chosen, root = parser.parse_args(), folder()
    if root is None:
        print("no data: set WEILEND_DATA to the folder of public lending data")
        return 0
    rows, differences = [], []
    for name in chosen.sets:
        sample = SETS[name](root)
        fold = grouped_folds(sample.group, sample.bad, folds=FOLDS, seed=SEED)
        told = {}
        for contender, work in contenders(chosen.trials, chosen.seconds, chosen.peers).items():
            told[contender] = out_of_fold(sample, fold, work)
            sys.stderr.write(f"{name}, {contender}: {told[contender].seconds:.0f} CPU s\n")
        more, found = lines(name, sample, told, judge(sample, fold, told))
        rows, differences = rows + more, differences + found
        sys.stderr.write(show(more) + "\n")
    print(show(rows))
    return report_means(differences, chosen.peers)


def report_means(differences: Sequence[Difference], peers: Sequence[str]) -> int:
    """Print the mean difference over the sets, and return 1 where the first of ours is below the bar."""
    failed = 0
    for ours in OURS:
        for peer in peers:
            mean = float(np.mean([d.estimate for d in differences if (d.first, d.second) == (ours, peer)]))
            failed |= ours == OURS[0] and mean < MEAN_BAR
            print(f"mean difference over the sets, {ours} minus {peer}: {mean / PPM:+.4f} (bar {MEAN_BAR / PPM:+.3f})")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
