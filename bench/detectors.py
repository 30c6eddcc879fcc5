"""In: the open ADBench sets, where WEILEND_DATA names them; made-up rows. Out: AUC of each detector, and time. Used: `make bench`.

`python -m bench.detectors table` prints the table of docs/methodology/detectors.md: 20,000 rows of every set, drawn by
a seed; each detector learns from all of them without labels and scores them, as that benchmark does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from bench.measure import Row, agree, compare, emit, plain_row, race
from weilend.fraud.detectors import DETECTORS, Ensemble, fit_ensemble, forest
from weilend.fraud.detectors.ensemble import VOICES
from weilend.fraud.detectors.fitted import medians_of

NAMES = [name for voice in VOICES for name in voice]
_MOST_ROWS = 20_000


def rows(count: int = 20_000, passes: int = 6, sets: int = 19) -> list[Row]:
    """Return the rows of time against scikit-learn, and of AUC against PyOD where the sets are."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(count, 60))
    grown = IsolationForest(n_estimators=forest.TREES, max_samples=256, random_state=1).fit(matrix)
    ours, one = forest.flatten(grown, medians_of(matrix)), matrix[:1]
    agree("scores within 1e-12", bool(np.abs(ours.score(matrix) + grown.score_samples(matrix)).max() <= 1e-12), theirs=True)
    ensemble = fit_ensemble(matrix, [f"f{number}" for number in range(60)], seed=1)
    agree(
        "alone as in a batch",
        [float(ensemble.score(matrix[at : at + 1])[0]) for at in range(50)],
        ensemble.score(matrix[:50]).tolist(),
    )
    alone = race({"weilend": lambda: ours.score(one), "scikit-learn": lambda: grown.score_samples(one)}, passes=passes)
    batch = race(
        {"weilend": lambda: ours.score(matrix), "scikit-learn": lambda: grown.score_samples(matrix)},
        passes=passes,
        least_seconds=0,
    )
    told = race({"weilend": lambda: ensemble.explain(matrix[0])}, passes=passes)["weilend"]
    cpu = sorted(sample.cpu for sample in told)[len(told) // 2] * 1e6
    return [
        *compare("a forest, one row of 60", alone, unit="CPU us", scale=1e6, clock="cpu", check="equal to 1e-12"),
        *compare(f"a forest, {count:,} rows of 60", batch, unit="CPU s", scale=1, clock="cpu", check="equal to 1e-12"),
        plain_row("one row through all, explained", "CPU us", cpu, "asked for", 300.0, check="alone as in a batch"),
        *_quality(list(islice_sets(sets))),
    ]


def islice_sets(most: int) -> Iterator[dict[str, Any]]:
    """Yield the AUC of every detector on each of the open sets, as many as are asked for."""
    for number, path in enumerate(sorted((Path(os.environ.get("WEILEND_DATA", "")) / "adbench").glob("*.npz"))):
        if number < most:
            yield measure(path)


def measure(path: Path) -> dict[str, Any]:
    """Return the AUC of each detector, of them together, and of PyOD's forest on one set."""
    from pyod.models.iforest import IForest  # the peers' environment has it

    stored = np.load(path)
    matrix, strange = stored["X"].astype(float), stored["y"]
    if len(matrix) > _MOST_ROWS:
        chosen = np.random.default_rng(0).choice(len(matrix), _MOST_ROWS, replace=False)
        matrix, strange = matrix[chosen], strange[chosen]
    ensemble: Ensemble = fit_ensemble(matrix, [str(number) for number in range(matrix.shape[1])], seed=0)
    found = {name: roc_auc_score(strange, ensemble.detectors[name].score(matrix)) for name in NAMES}
    peer = IForest(random_state=0).fit(matrix)
    together = roc_auc_score(strange, ensemble.score(matrix))
    return {"set": path.stem, **found, "together": together, "PyOD forest": roc_auc_score(strange, peer.decision_scores_)}


def _quality(found: list[dict[str, Any]]) -> list[Row]:
    if not found:
        return []
    means = {name: float(np.mean([one[name] for one in found])) for name in (*NAMES, "together", "PyOD forest")}
    best = max(NAMES, key=lambda name: means[name])
    worst = {name: min(one[name] for one in found) for name in ("together", best)}
    sets = f"mean of {len(found)} sets"
    return [
        plain_row("forest", "AUC", means["forest"], "PyOD forest", means["PyOD forest"], check=sets, higher=True),
        plain_row("all together", "AUC", means["together"], f"the best alone ({best})", means[best], check=sets, higher=True),
        plain_row(
            "all together, worst set",
            "AUC",
            worst["together"],
            f"the best alone ({best})",
            worst[best],
            check=sets,
            higher=True,
        ),
    ]


def table(found: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the measured table in Markdown."""
    columns = [*NAMES, "together", "PyOD forest"]
    yield f"| set | {' | '.join(columns)} |"
    yield f"|---{'|---' * len(columns)}|"
    summary = {"mean": np.mean, "worst": np.min}
    for one in [
        *found,
        *({"set": name, **{key: take([each[key] for each in found]) for key in columns}} for name, take in summary.items()),
    ]:
        yield f"| {one['set']} | {' | '.join(f'{one[key]:.3f}' for key in columns)} |"


if __name__ == "__main__":
    assert set(NAMES) == set(DETECTORS)
    if sys.argv[1:] == ["table"]:
        for line in table(list(islice_sets(10_000))):
            print(line)
    else:
        emit(lambda: rows(*map(int, sys.argv[1:])))
