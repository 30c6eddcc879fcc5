"""In: public lending data (WEILEND_DATA). Out: our models against LightGBM and FLAML, every bar told. Used: `make bench-models`.

Same rows, same columns after our guards, same five folds; a peer has `--seconds` a fold, ours is what `model build` does by itself.
AUC is the mean over folds; a difference is paired, its interval from a bootstrap of each fold's test rows. The bars:
* boosting: the lower bound lies above -max(.003, one standard error of the set's AUC, "+/-"); the mean over the sets is at least
  -.002. Against the standard error of the difference itself even two equal models would pass but one time in six.
* card: within .012 of the best of all on the three large sets; elsewhere the gap is the price of a card, and told.
* slope: .9 to 1.1 where there are 500 bads, else its interval holds 1.
* time: guards, card and boosting on all rows in 300 CPU seconds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import numpy.typing as npt

import weilend.models
from bench.model_cache import Arrays, Cache, digest, digest_sources
from bench.model_data import SEED, SETS, folder, guarded
from bench.model_firms import CUTS, firms, told_apart
from weilend.core.money import PPM
from weilend.models.calibration import measure_fitness
from weilend.models.encoding import encode, lay_out
from weilend.models.grouped import grouped_folds
from weilend.models.judgement.bootstrap import Contender, Draws, compare, draw, measure
from weilend.models.prediction import Prediction
from weilend.models.prior import to_pd_ppm
from weilend.models.recipes.registry import RECIPES
from weilend.models.sample import Sample

Floats, Ints = npt.NDArray[np.float64], npt.NDArray[np.int64]
Work = Callable[[Sample, Sample, int], Prediction]
FOLDS, DRAWS = 5, 500
BAR, MEAN_BAR, CARD_BAR, MOST_SECONDS, MANY_BADS = 3_000, -2_000, 12_000, 300, 500
#: Ours by what they are called here; the peers; the sets on which the card must come close to the best.
OURS = {"card": "card", "boosting": "monotone_boosting", "additive": "additive_boosting"}
PEERS = ("lightgbm", "flaml")
LARGE = ("gmsc", "uci_taiwan", "lendingclub_2018")
FIRMS = tuple(f"cumcm2020c-{cut:%Y-%m}" for cut in CUTS)
APART = "cumcm2020c-302"
HEAD = (
    "set",
    "rows",
    "bads",
    "ours",
    "AUC",
    "+/-",
    "slope",
    "bar",
    "CPU s",
    "peer",
    "AUC",
    "CPU s",
    "difference",
    "95 %",
    "bar",
)


class Line(msgspec.Struct, frozen=True):
    """A line of the table; `met` says of each bar whether it was met, `difference` is (peer, AUC in ppm) where it is boosting's."""

    cells: tuple[str, ...]
    met: dict[str, bool]
    difference: tuple[str, int] | None = None


def work_of(name: str, trials: int, seconds: float) -> Work:
    """Return what a contender does: takes rows to learn from, rows to predict, and a seed."""
    return partial(_ours, OURS[name]) if name in OURS else partial(_peer, name, trials, seconds)


def _ours(recipe: str, train: Sample, test: Sample, seed: int) -> Prediction:
    return RECIPES[recipe].fit(train, seed=seed).predict(test.table)


def _peer(name: str, trials: int, seconds: float, train: Sample, test: Sample, seed: int) -> Prediction:
    from bench.model_peers import flaml, tuned_lightgbm

    slots = lay_out(train)
    kinds = [at for at, slot in enumerate(slots) if slot.kind != "number"]
    matrices = encode(train.table, slots), train.bad, encode(test.table, slots), kinds
    if name == "flaml":
        return _said(flaml(*matrices, seconds=seconds, seed=seed))
    return _said(tuned_lightgbm(*matrices, trials=trials, seconds=seconds, seed=seed))


def _said(chance: Floats) -> Prediction:
    logit = np.log(np.clip(chance, 1e-9, 1 - 1e-9)) - np.log1p(-np.clip(chance, 1e-9, 1 - 1e-9))
    return Prediction(np.rint(-PPM * logit).astype(np.int64), to_pd_ppm(logit))


def out_of_fold(sample: Sample, fold: Ints, work: Work) -> Arrays:
    """Return what a contender says of each row when its fold was left out, and the CPU milliseconds of all folds."""
    points, pd_ppm = np.zeros(len(sample), dtype=np.int64), np.zeros(len(sample), dtype=np.int64)
    began = time.process_time()
    for this in range(FOLDS):
        said = work(sample.take(fold != this), sample.take(fold == this), SEED + this)
        points[fold == this], pd_ppm[fold == this] = said.points, said.pd_ppm
    return {"points": points, "pd_ppm": pd_ppm, "cpu_ms": np.array([round(1000 * (time.process_time() - began))])}


def build_time(whole: Sample) -> Arrays:
    """Return the CPU milliseconds of guards, card and boosting on all rows: what an unattended build does."""
    began = time.process_time()
    sample, _ = guarded(whole)
    for name in ("card", "boosting"):
        RECIPES[OURS[name]].fit(sample, seed=SEED)
    return {"cpu_ms": np.array([round(1000 * (time.process_time() - began))])}


def judge(sample: Sample, fold: Ints, told: dict[str, Arrays]) -> Draws:
    """Return the figures of all contenders, each the mean over the folds, on the rows and on bootstraps of each fold."""
    found = []
    for this in range(FOLDS):
        part = fold == this
        each = [Contender(name, Prediction(t["points"][part], t["pd_ppm"][part])) for name, t in told.items()]
        found.append(draw(sample.bad[part], sample.group[part], each, seed=SEED + this, draws=DRAWS))
    return Draws(found[0].figures, np.mean([one.values for one in found], axis=0))


def lines(name: str, sample: Sample, told: dict[str, Arrays]) -> list[Line]:
    """Return the lines of a set: each of ours against each peer, and the card against the best of all."""
    fold = grouped_folds(sample.group, sample.bad, folds=FOLDS, seed=SEED)
    found = judge(sample, fold, told)
    auc = {figure[0]: float(found.values[0, at]) for at, figure in enumerate(found.figures) if figure[1] == "auc"}
    error = {one.contender: one.error for one in measure(found) if one.metric == "auc"}
    best = max(auc, key=lambda one: auc[one])
    made = []
    for ours in [one for one in told if one in OURS]:
        slope, is_straight = _slope(sample, told[ours])
        about = (
            name,
            f"{len(sample):,}",
            f"{int(sample.bad.sum()):,}",
            ours,
            f"{auc[ours]:.4f}",
            f"{error[ours] / PPM:.4f}",
            slope,
        )
        about = (*about, _yes(met=is_straight), _seconds(told[ours]))
        for peer in [best] if ours == "card" else [one for one in told if one in PEERS] or [ours]:
            d = compare(found, ours, peer)[0]  # the first figure is AUC
            met = {"slope": is_straight}
            if ours == "boosting":
                met["lower bound"] = d.lo > -max(BAR, error[ours])
            elif ours == "card" and name in LARGE:
                met["card"] = d.estimate >= -CARD_BAR
            bar = _yes(met=all(met[key] for key in met if key != "slope")) if len(met) > 1 else "price"
            theirs = (peer, f"{auc[peer]:.4f}", _seconds(told[peer]), f"{d.estimate / PPM:+.4f}")
            cells = (*about, *theirs, f"{d.lo / PPM:+.4f}..{d.hi / PPM:+.4f}", bar)
            made.append(Line(cells, met if ours != "additive" else {}, (peer, d.estimate) if ours == "boosting" else None))
    return made


def _slope(sample: Sample, told: Arrays) -> tuple[str, bool]:
    slope = measure_fitness(sample.bad, told["pd_ppm"]).slope
    many = int(sample.bad.sum()) >= MANY_BADS
    met = 900_000 <= slope.estimate_ppm <= 1_100_000 if many else slope.lo_ppm <= PPM <= slope.hi_ppm
    return f"{slope.estimate_ppm / PPM:.2f} ({slope.lo_ppm / PPM:.2f}-{slope.hi_ppm / PPM:.2f})", met


def _yes(*, met: bool) -> str:
    return "yes" if met else "NO"


def _seconds(told: Arrays) -> str:
    return f"{told['cpu_ms'][0] / 1000:.0f}"


def show(rows: Sequence[tuple[str, ...]]) -> str:
    """Return the lines as a plain table."""
    widths = [max(len(row[at]) for row in [HEAD, *rows]) for at in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [HEAD, *rows]
    )


def summarise(made: dict[str, list[Line]], seconds: dict[str, float]) -> tuple[list[str], bool]:
    """Return what is said below the table, and whether every bar was met; the cuts of one set count as one set together."""
    said, good = [], True
    for peer in sorted({line.difference[0] for each in made.values() for line in each if line.difference}):
        by_set: dict[str, list[int]] = {}
        for name, each in made.items():
            family = "cumcm2020c" if name in FIRMS else name
            by_set.setdefault(family, []).extend(d[1] for line in each if (d := line.difference) and d[0] == peer)
        mean = float(np.mean([np.mean(one) for one in by_set.values() if one]))
        met = mean >= MEAN_BAR
        good &= met
        told = f"{mean / PPM:+.4f}, bar {MEAN_BAR / PPM:+.3f}: {_yes(met=met)}"
        said.append(f"mean difference over the sets, boosting minus {peer}: {told}")
    for bar in ("lower bound", "card", "slope"):
        kept = [(name, line.met[bar]) for name, each in made.items() for line in each if bar in line.met]
        failed = sorted({name for name, met in kept if not met})
        good &= not failed
        said.append(
            f"{bar}: {sum(met for _, met in kept)} of {len(kept)} met" + (f", not on {', '.join(failed)}" if failed else "")
        )
    slow = [name for name, spent in seconds.items() if spent > MOST_SECONDS]
    said.append(
        "guards, card and boosting on all rows, CPU s: " + ", ".join(f"{name} {spent:.0f}" for name, spent in seconds.items())
    )
    return [*said, *(f"too slow: {name}" for name in slow)], good and not slow


def load_set(name: str, root: Path, cache: Path) -> Sample:
    """Return the rows of a set by name."""
    if name in SETS:
        return SETS[name](root)
    known, others = firms(root, CUTS[FIRMS.index(name)] if name in FIRMS else CUTS[-1], cache)
    return told_apart(known, others) if name == APART else known


def run_set(name: str, asked: argparse.Namespace, root: Path, cache: Cache, home: Path) -> tuple[list[Line], float]:
    """Return the lines of a set and the CPU seconds of an unattended build; what was done before is taken from the cache."""
    whole = load_set(name, root, home)
    sample, gone = guarded(whole)
    fold = grouped_folds(sample.group, sample.bad, folds=FOLDS, seed=SEED)
    data = digest(sample.table.names, sample.table.values, sample.table.known, sample.bad, fold)
    ours, theirs = (
        digest_sources(Path(weilend.models.__file__).parent),
        digest_sources(Path(__file__).with_name("model_peers.py")),
    )
    told = {}
    for contender in [*asked.ours, *asked.peers]:
        hangs_on = digest(data, ours) if contender in OURS else digest(data, theirs, asked.trials, asked.seconds)
        work = partial(out_of_fold, sample, fold, work_of(contender, asked.trials, asked.seconds))
        told[contender], is_new = cache.get(f"{name}-{contender}", hangs_on, work)
        sys.stderr.write(f"{name}, {contender}: {_seconds(told[contender])} CPU s{'' if is_new else ', done before'}\n")
    spent, _ = cache.get(f"{name}-build", digest(data, ours), partial(build_time, whole))
    made = lines(name, sample, told)
    sys.stderr.write(f"{name}: dropped by the guards: {', '.join(gone) or 'nothing'}\n{show([one.cells for one in made])}\n")
    return made, int(spent["cpu_ms"][0]) / 1000


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Our models against tuned LightGBM and FLAML on public lending data.")
    parser.add_argument("--sets", nargs="+", choices=[*SETS, *FIRMS, APART], default=[*FIRMS, APART, *SETS])
    parser.add_argument("--ours", nargs="+", choices=list(OURS), default=list(OURS))
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--trials", type=int, default=40, help="of LightGBM's search, at most")
    parser.add_argument("--seconds", type=float, default=60.0, help="of search a fold and peer")
    parser.add_argument("--cache", type=Path, help="folder that keeps what is done, so that a stopped run goes on where it was")
    return parser.parse_args()


def main() -> int:
    """Run the contenders on the sets and print the table; exit 1 where a bar was not met."""
    asked, root = _read_arguments(), folder()
    if root is None:
        print("no data: set WEILEND_DATA to the folder of public lending data")
        return 0
    made, seconds = {}, {}
    with TemporaryDirectory(prefix="weilend-") as scratch:
        for name in asked.sets:
            made[name], seconds[name] = run_set(name, asked, root, Cache(asked.cache), asked.cache or Path(scratch))
    apart = made.pop(APART, [])
    print(show([line.cells for each in made.values() for line in each]))
    said, good = summarise(made, {name: spent for name, spent in seconds.items() if name != APART})
    print("\n".join([*said, *(f"the 302 against the 123, {line.cells[3]}: AUC {line.cells[4]}" for line in apart[:1])]))
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
