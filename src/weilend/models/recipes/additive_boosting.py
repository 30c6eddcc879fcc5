"""In: a sample with declared signs. Out: a boosted model of tables that a reader can see. Used: where every effect must be shown.

Each tree asks one feature, or one of a few chosen pairs (Lou et al. 2013, intelligible models with pairwise
interactions), so the whole model is a sum of tables (`models/shapes`). Signs, folds, search, curve: as `monotone_boosting`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any, Final

import numpy as np

from weilend.core.money import PPM
from weilend.models.boosted import BoostedModel
from weilend.models.encoding import Slot, encode, lay_out
from weilend.models.forest import GRID, Forest
from weilend.models.recipes.monotone_boosting import build, example_sample, never, signs
from weilend.models.sample import Sample
from weilend.models.training import FIXED, Budget, Range, Stop, Trained, train

NAME: Final = "additive_boosting"
__all__ = ["NAME", "example_model", "example_sample", "find_pairs", "fit"]

#: Small trees of one feature each: a quick rate, because many features take turns.
START: Final[dict[str, float]] = {
    "learning_rate": 0.2, "num_leaves": 8, "min_data_in_leaf": 20, "feature_fraction": 1.0, "bagging_fraction": 0.8,
    "lambda_l2": 1.0, "cat_smooth": 20.0,
}  # fmt: skip
RANGES: Final[tuple[Range, ...]] = (
    ("learning_rate", 0.04, 0.3, True),
    ("num_leaves", 3, 12, True),
    ("min_data_in_leaf", 5, 300, True),
    ("feature_fraction", 0.3, 1.0, False),
    ("bagging_fraction", 0.5, 1.0, False),
    ("lambda_l2", 0.01, 100.0, True),
    ("cat_smooth", 1.0, 200.0, True),
)
#: More pairs than a reader has fingers are not read by anybody.
MOST_PAIRS: Final = 10
#: Trees of two questions each on what the tables leave unsaid: enough for the strong pairs to come first.
PROBES: Final = 60

Pair = tuple[str, str]


def fit(
    sample: Sample,
    *,
    seed: int,
    trials: int = 20,
    stop: Stop = never,
    budget: Budget = Budget(),  # noqa: B008 - frozen
    most_pairs: int = MOST_PAIRS,
) -> BoostedModel:
    """Return the additive model of a sample; pairs stay only where they lower the loss out of fold.

    Pairs are found on all the rows given, so that this last choice is a little kind to them; rows left out of `sample` are unseen.
    See `monotone_boosting.fit` for what `seed`, `trials` and `stop` mean, and for errors.

    >>> model = example_model()
    >>> {len({split.feature for split in tree.splits}) for tree in model.forest.trees()} <= {0, 1, 2}
    True
    """
    alone = train(sample, partial(limits, pairs=()), RANGES, [START], seed=seed, trials=trials, stop=stop, budget=budget)
    judged = sample.take(alone.rows)
    pairs = find_pairs(judged, alone, most=most_pairs, seed=seed, budget=budget) if most_pairs and not stop() else ()
    if not pairs:
        return build(NAME, sample, alone, seed)
    start = {name: value / PPM for name, value in alone.settings.items() if name in START}
    both = train(sample, partial(limits, pairs=pairs), RANGES, [start], seed=seed, trials=1, stop=stop, budget=budget)
    return build(NAME, sample, both if both.loss < alone.loss else alone, seed)


def limits(slots: tuple[Slot, ...], pairs: Sequence[Pair]) -> dict[str, Any]:
    """Return the library's constraints: signs, and which columns may meet in a tree.

    >>> limits((Slot(name="x0", feature="a", kind="number"), Slot(name="x1", feature="b", kind="number")), [("a", "b")])
    {'monotone_constraints': [0, 0], 'monotone_constraints_method': 'intermediate', 'interaction_constraints': [[0], [1], [0, 1]]}
    """
    features = sorted({slot.feature for slot in slots})
    meet = [{feature} for feature in features] + [set(pair) for pair in pairs]
    groups = [[at for at, slot in enumerate(slots) if slot.feature in together] for together in meet]
    return {**signs(slots), "interaction_constraints": groups}


def find_pairs(sample: Sample, alone: Trained, *, most: int, seed: int, budget: Budget) -> tuple[Pair, ...]:
    """Return the pairs of features that gain most on what an additive model leaves unsaid, by its margins out of fold.

    `sample` holds the rows that those margins speak of.

    >>> from weilend.models.grouped import grouped_folds
    >>> sample = example_sample(rows=300)
    >>> none = Trained(Forest(""), (), np.arange(300), np.zeros(300, dtype=np.int64), 0.0, {})
    >>> len(find_pairs(sample, none, most=2, seed=1, budget=Budget()))
    2
    """
    import lightgbm  # late: the command line starts without it

    slots = lay_out(sample)
    kinds = [place for place, slot in enumerate(slots) if slot.kind != "number"]
    settings = {**FIXED, **signs(slots), "num_threads": budget.threads, "seed": seed, "num_leaves": 4, "max_depth": 2,
                "learning_rate": 0.1, "min_data_in_leaf": 20, "feature_fraction": 0.6, "bagging_fraction": 0.8}  # fmt: skip
    data = lightgbm.Dataset(
        encode(sample.table, slots), sample.bad.astype(np.float64), weight=sample.weight / sample.weight.mean(),
        init_score=alone.out_of_fold / GRID, feature_name=[slot.name for slot in slots], categorical_feature=kinds, params=settings,
    )  # fmt: skip
    text = lightgbm.train(settings, data, num_boost_round=PROBES).model_to_string()
    gains: defaultdict[Pair, float] = defaultdict(float)
    for tree in Forest(text).trees():
        for child in tree.splits[1:]:
            a, b = sorted((slots[tree.splits[0].feature].feature, slots[child.feature].feature))
            if a != b:
                gains[a, b] += child.gain
    return tuple(sorted(gains, key=lambda pair: -gains[pair])[:most])


@lru_cache(maxsize=1)
def example_model() -> BoostedModel:
    """Return the model of the example's rows, without a search, for examples and tests.

    >>> example_model().recipe
    'additive_boosting'
    """
    return fit(example_sample(), seed=1, trials=1, budget=Budget(folds=3, repeats=1, most_trees=60), most_pairs=2)
