"""In: LightGBM's text of boosted trees. Out: `Forest`, the same trees with leaves on a grid, as values. Used: by every booster.

Leaves are multiples of 2⁻²⁰ (a millionth of a logit). Sums of such doubles are exact and do not hang on their order, so that the
library's batch call, its single-row call, NumPy, Python and SQL agree to the bit. On the grid a leaf is an integer, its `units`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec
import numpy as np

from weilend.core.errors import InputError
from weilend.models.table import Booleans, Floats, Integers

#: Units of the grid in one logit: a power of two, so that a leaf is exact as a double.
GRID: Final = 1 << 20
_TREE: Final = "Tree="
_END: Final = "end of trees"
_MISSING: Final[tuple[Literal["none", "zero", "nan"], ...]] = ("none", "zero", "nan")


class Split(msgspec.Struct, frozen=True):
    """A question to column `feature`: at most `threshold`, or one of `words`; yes goes left. Below zero a child is leaf -1 - child.

    `null_left` says where a row goes whose value is not known; it is None where training saw none such in this column.
    """

    feature: int
    threshold: float
    words: tuple[int, ...] | None
    null_left: bool | None
    left: int
    right: int
    gain: float = 0.0

    def goes_left(self, values: Floats) -> Booleans:
        """Return the answer to each value of the column, NaN being unknown.

        >>> Split(0, 1.5, None, False, -1, -2).goes_left(np.array([1.0, 2.0, np.nan])).tolist()
        [True, False, False]
        """
        unknown = np.isnan(values)
        if self.words is not None:
            return np.asarray(np.isin(values, self.words) & ~unknown)
        filled = np.where(unknown, 0.0, values)  # the library's own answer where training saw nothing missing
        below = filled <= self.threshold
        return np.asarray(below if self.null_left is None else np.where(unknown, self.null_left, below))


class Tree(msgspec.Struct, frozen=True):
    """Splits, the first of them the root, and the units of each leaf; a tree without splits has one leaf."""

    splits: tuple[Split, ...]
    leaves: tuple[int, ...]

    def paths(self) -> tuple[tuple[tuple[Split, bool], ...], ...]:
        """Return, for each leaf, the splits on the way to it and whether the answer is yes.

        >>> Tree((Split(0, 1.5, None, None, -1, -2),), (5, 7)).paths()[1][0][1]
        False
        """
        ways: list[tuple[tuple[Split, bool], ...]] = [()] * len(self.leaves)
        waiting: list[tuple[int, tuple[tuple[Split, bool], ...]]] = [(0, ())] if self.splits else []
        while waiting:
            at, way = waiting.pop()
            for child, yes in ((self.splits[at].left, True), (self.splits[at].right, False)):
                longer = (*way, (self.splits[at], yes))
                if child < 0:
                    ways[-1 - child] = longer
                else:
                    waiting.append((child, longer))
        return tuple(ways)


class Forest(msgspec.Struct, frozen=True):
    """Boosted trees: `text` is LightGBM's own, leaves on the grid, without the library's settings and without any path.

    >>> forest = example_forest()
    >>> len(forest.trees()), forest.columns
    (2, ('sales', 'region'))
    """

    text: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(_head(self.text)["feature_names"].split(" "))

    @property
    def leaves(self) -> int:
        """How many leaves the trees have together.

        >>> example_forest().leaves
        4
        """
        return sum(map(int, re.findall(r"^num_leaves=(\d+)$", self.text, flags=re.MULTILINE)))

    @property
    def seen(self) -> tuple[tuple[float, float] | tuple[int, ...] | None, ...]:
        """What training saw in each column: a number's least and most, a category's words; None where all rows were alike.

        A category lists the words that the library made a place for: the rarest of many are not among them.

        >>> example_forest().seen
        ((0.0, 9.0), (-1, 0, 1, 2))
        """
        return tuple(_read_seen(one) for one in _head(self.text)["feature_infos"].split(" "))

    def trees(self) -> tuple[Tree, ...]:
        """Return the trees as values."""
        return tuple(_tree(block) for block in _blocks(self.text))

    def units(self, columns: Floats) -> Integers:
        """Return the margin (n,) in units of the grid, by NumPy alone; the library is held against it.

        >>> example_forest().units(np.array([[1.0, 0.0], [9.0, 2.0], [np.nan, np.nan]])).tolist()
        [786432, -786432, 262144]
        """
        total = np.zeros(len(columns), dtype=np.int64)
        for tree in self.trees():
            total += _walk(tree, columns)
        return total


def average(texts: Sequence[str]) -> Forest:
    """Return the mean of some models that were trained on the same columns, as one forest on the grid.

    Each leaf is divided by the number of models (bagging, Breiman 1996). Raises `InputError` where the columns differ.

    >>> one = example_forest()
    >>> average([one.text]) == one, average([one.text, one.text]).units(np.array([[1.0, 0.0]])).tolist()
    (True, [786432])
    """
    if not texts or len({_head(text)["feature_names"] for text in texts}) != 1:
        raise InputError("these models were not trained on the same columns", hint="average models of one sample")
    blocks = [_settle(block, len(texts)) for text in texts for block in _blocks(text)]
    bodies = [f"{_TREE}{at}\n" + "".join(f"{k}={v}\n" for k, v in block.items()) + "\n\n" for at, block in enumerate(blocks)]
    head = {
        k: v for k, v in _head(texts[0]).items() if k != "tree_sizes"
    }  # optional, and the library crashes where it is wrong
    lines = "tree\n" + "".join(f"{k}={v}\n" for k, v in head.items())
    return Forest(f"{lines}\n{''.join(bodies)}{_END}\n")


def _settle(block: Mapping[str, str], models: int) -> dict[str, str]:
    """Return a tree with its leaves divided and put on the grid."""
    leaves = np.rint(np.array(block["leaf_value"].split(" "), dtype=np.float64) / models * GRID) / GRID
    return {**block, "leaf_value": " ".join(repr(float(leaf) + 0.0) for leaf in leaves)}  # plus zero: no negative zero


def _head(text: str) -> dict[str, str]:
    return _pairs(text.split(_TREE, 1)[0].split(_END, 1)[0])


def _read_seen(told: str) -> tuple[float, float] | tuple[int, ...] | None:
    """Read ``[least:most]``, ``word:word:…`` or ``none``."""
    if told == "none":
        return None
    if told.startswith("["):
        least, most = told[1:-1].split(":")
        return float(least), float(most)
    return tuple(map(int, told.split(":")))


def _blocks(text: str) -> list[dict[str, str]]:
    trees = text.split(_END, 1)[0].split("\n" + _TREE)[1:]
    return [_pairs(tree.split("\n", 1)[1]) for tree in trees]


def _pairs(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def _tree(block: Mapping[str, str]) -> Tree:
    leaves = tuple(round(float(value) * GRID) for value in block["leaf_value"].split(" "))
    if len(leaves) == 1:
        return Tree((), leaves)
    names = ("split_feature", "threshold", "decision_type", "left_child", "right_child", "split_gain")
    rows = zip(*(block[name].split(" ") for name in names), strict=True)
    return Tree(tuple(_split(block, *row) for row in rows), leaves)


def _split(block: Mapping[str, str], feature: str, threshold: str, decision: str, left: str, right: str, gain: str) -> Split:
    """Bit 0 of `decision` says category, bit 1 left by default, bits 2 and 3 what is missing (LightGBM's tree.h)."""
    bits = int(decision)
    words = _words(block, int(float(threshold))) if bits & 1 else None
    null_left = bool(bits & 2) if _MISSING[bits >> 2] == "nan" else None
    return Split(
        feature=int(feature),
        threshold=0.0 if bits & 1 else float(threshold),
        words=words,
        null_left=False if bits & 1 else null_left,
        left=int(left),
        right=int(right),
        gain=float(gain),
    )


def _words(block: Mapping[str, str], at: int) -> tuple[int, ...]:
    """Return the categories of a split: a run of 32-bit sets, each bit one category."""
    bounds = [int(value) for value in block["cat_boundaries"].split(" ")]
    sets = [int(value) for value in block["cat_threshold"].split(" ")][bounds[at] : bounds[at + 1]]
    return tuple(32 * place + bit for place, bits in enumerate(sets) for bit in range(32) if bits >> bit & 1)


def _walk(tree: Tree, columns: Floats) -> Integers:
    leaves = np.array(tree.leaves, dtype=np.int64)
    at = np.zeros(len(columns), dtype=np.int64) if tree.splits else np.full(len(columns), -1)
    while (at >= 0).any():
        for place in np.unique(at[at >= 0]):
            split, rows = tree.splits[place], np.flatnonzero(at == place)
            at[rows] = np.where(split.goes_left(columns[rows, split.feature]), split.left, split.right)
    return np.asarray(leaves[-1 - at])


def example_forest() -> Forest:
    """Return two small trees, for examples and tests: by sales up to 5, and by region 0 or 1.

    >>> example_forest().trees()[1].splits[0].words
    (0, 1)
    """
    shared = {"internal_value": "0", "internal_weight": "0", "internal_count": "8", "is_linear": "0", "shrinkage": "1"}
    size = {"leaf_weight": "1 1", "leaf_count": "4 4"}
    by_sales = {"num_leaves": "2", "num_cat": "0", "split_feature": "0", "split_gain": "1", "threshold": "5",
                "decision_type": "10", "left_child": "-1", "right_child": "-2",
                "leaf_value": "0.5 -0.5"} | size | shared  # fmt: skip
    by_region = {"num_leaves": "2", "num_cat": "1", "split_feature": "1", "split_gain": "1", "threshold": "0",
                 "decision_type": "1", "left_child": "-1", "right_child": "-2", "cat_boundaries": "0 1", "cat_threshold": "3",
                 "leaf_value": "0.25 -0.25"} | size | shared  # fmt: skip
    head = {"version": "v4", "num_class": "1", "num_tree_per_iteration": "1", "label_index": "0", "max_feature_idx": "1",
            "objective": "binary sigmoid:1", "feature_names": "sales region", "feature_infos": "[0:9] -1:0:1:2"}  # fmt: skip
    lines = "tree\n" + "".join(f"{k}={v}\n" for k, v in head.items())
    bodies = "".join(
        f"{_TREE}{at}\n" + "".join(f"{k}={v}\n" for k, v in block.items()) + "\n\n"
        for at, block in enumerate((by_sales, by_region))
    )
    return average([f"{lines}\n{bodies}{_END}\n"])
