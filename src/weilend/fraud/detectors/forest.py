"""In: a matrix. Out: an isolation forest: how soon random splits part a row from the others. Used: in the ensemble.

Liu, Ting, Zhou 2008, "Isolation Forest". The trees are grown by scikit-learn and kept as flat arrays; scores are scikit-learn's
(1 for strange), to 1e-12. A row's strangeness is shared exactly: what each split takes off the expected path, at its feature.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from weilend.fraud.detectors.fitted import Detector, Fitted, Matrix, Scores, checked, medians_of, ready, register_detector

NAME: Final = "forest"
TREES: Final = 200
SAMPLE_ROWS: Final = 256


def fit(matrix: npt.ArrayLike, seed: int) -> Fitted:
    """Grow a forest of 200 trees of up to 256 rows each; raises `InputError` for what is no matrix.

    >>> rng = np.random.default_rng(0)
    >>> forest = fit(rng.normal(size=(300, 2)), seed=1)
    >>> bool(forest.score([[9.0, 9.0]])[0] > forest.score([[0.0, 0.0]])[0])
    True
    """
    from sklearn.ensemble import IsolationForest  # late: scikit-learn is slow to load, and scoring does without

    given = checked(matrix)
    medians = medians_of(given)
    grown = IsolationForest(n_estimators=TREES, max_samples=min(SAMPLE_ROWS, len(given)), random_state=seed).fit(
        ready(given, medians)
    )
    return flatten(grown, medians)


def flatten(grown: Any, medians: Scores) -> Fitted:
    """Return the trees of a scikit-learn `IsolationForest` as arrays; its features must be those of `medians`, in order."""
    trees = [tree.tree_ for tree in grown.estimators_]
    counts = [tree.node_count for tree in trees]
    roots = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    sizes = np.concatenate([tree.n_node_samples for tree in trees])
    expected = expected_path(sizes)
    depth = np.concatenate([_depths(tree) for tree in trees])
    arrays: dict[str, npt.NDArray[Any]] = {
        "medians": medians,
        "roots": roots,
        "feature": np.maximum(np.concatenate([tree.feature for tree in trees]), 0).astype(np.int32),
        "threshold": _round_down(np.concatenate([tree.threshold for tree in trees])),
        "kids": np.concatenate([_children(tree, root) for tree, root in zip(trees, roots, strict=True)]),
        "levels": np.array([int(depth.max(initial=0))]),
        "value": depth + 1.0 + expected - 1.0,
        "expected": expected,
        "usual": np.array([len(trees) * float(expected_path(np.array([grown.max_samples_]))[0])]),
    }
    return Fitted(NAME, arrays)


def expected_path(sizes: npt.NDArray[Any]) -> Scores:
    """Return the average path length of an unsuccessful search among so many rows: 2 (ln(n - 1) + gamma) - 2 (n - 1) / n.

    >>> expected_path(np.array([1, 2, 256])).round(3).tolist()
    [0.0, 1.0, 10.245]
    """
    many = np.maximum(np.asarray(sizes, np.float64), 3.0)
    path = 2.0 * (np.log(many - 1.0) + np.euler_gamma) - 2.0 * (many - 1.0) / many
    return np.where(sizes <= 1, 0.0, np.where(sizes == 2, 1.0, path))


def _children(tree: Any, root: int) -> npt.NDArray[np.int32]:
    """Return where the two children of each node stand among the nodes of all trees; a leaf is its own child."""
    own = np.arange(tree.node_count)
    sides = [np.where(side < 0, own, side) + root for side in (tree.children_left, tree.children_right)]
    return np.stack(sides, axis=1).astype(np.int32)


def _round_down(thresholds: Scores) -> npt.NDArray[np.float32]:
    """Return the largest 32-bit floats that are not above some thresholds: a 32-bit value lies on the same side of both."""
    near = thresholds.astype(np.float32)
    return np.where(near > thresholds, np.nextafter(near, np.float32(-np.inf)), near)


def _depths(tree: Any) -> Scores:
    """Return the depth of each node; children come after their parent."""
    depths = np.zeros(tree.node_count)
    for node in range(tree.node_count):
        if tree.children_left[node] >= 0:
            depths[[tree.children_left[node], tree.children_right[node]]] = depths[node] + 1
    return depths


def _score(arrays: dict[str, npt.NDArray[Any]], rows: Matrix) -> Scores:
    from weilend.fraud.detectors import kernels  # late: numba is slow to load

    scores, usual, levels = np.zeros(len(rows)), float(arrays["usual"][0]), int(arrays["levels"][0])
    kernels.forest_scores(rows.astype(np.float32), scores, usual, levels, *_walk(arrays, "value"))
    return scores


def _measure(arrays: dict[str, npt.NDArray[Any]], rows: Matrix) -> tuple[Scores, Matrix]:
    from weilend.fraud.detectors import kernels  # late: numba is slow to load

    shares = np.zeros(rows.shape)
    kernels.forest_shares(rows.astype(np.float32), shares, *_walk(arrays, "expected"))
    return _score(arrays, rows), shares


def _walk(arrays: dict[str, npt.NDArray[Any]], at_node: str) -> Any:
    """Return what a walk through the trees reads, in the order of the kernels."""
    return tuple(arrays[name] for name in ("roots", "feature", "threshold", "kids", at_node))


register_detector(Detector(NAME, fit, _score, _measure))
