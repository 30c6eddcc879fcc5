"""In: XGBoost's JSON of trees over numbers and yes-or-no columns. Out: the same trees as a `Forest`. Used: by `spark_boosting`.

XGBoost asks ``x < t``, ours ``x <= t``: of whole numbers the same question at another number. A yes-or-no column of one category
becomes the question whether the slot is that category. What comes out is the model: exact on its own grid, whatever trained it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from weilend.core.errors import InputError
from weilend.models.encoding import Slot
from weilend.models.forest import Forest, average

#: Decision types of LightGBM's tree.h: a category; a number whose unknown values go right, or left.
_CATEGORY, _RIGHT, _LEFT = 1, 8, 10
#: Rows of a whole tree, in the counts by which attributions weigh its branches.
_ROWS: Final = 1_000_000


class Asked(msgspec.Struct, frozen=True):
    """A column that XGBoost saw: slot `slot` as a number, or whether it is category `word`."""

    slot: int
    word: int | None = None


def read_trees(text: str, slots: Sequence[Slot], columns: Sequence[Asked], *, trees: int) -> Forest:
    """Return the first `trees` trees of XGBoost's JSON over our slots, its base score as a tree without questions.

    Raises `InputError` for a text that is no such model.

    >>> read_trees("{}", (), (), trees=1)
    Traceback (most recent call last):
    weilend.core.errors.InputError: this is no model of XGBoost: 'learner'. Hint: give its JSON text
    """
    try:
        learner = msgspec.json.decode(text)["learner"]
        grown = learner["gradient_booster"]["model"]["trees"][:trees]
        base = float(learner["learner_model_param"]["base_score"].strip("[]"))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"this is no model of XGBoost: {error}", hint="give its JSON text") from None
    blocks = [_leaf(math.log(base / (1 - base))), *(_tree(tree, columns) for tree in grown)]
    head = {"version": "v4", "num_class": "1", "num_tree_per_iteration": "1", "label_index": "0",
            "max_feature_idx": str(len(slots) - 1), "objective": "binary sigmoid:1",
            "feature_names": " ".join(slot.name for slot in slots), "feature_infos": " ".join("none" for _ in slots)}  # fmt: skip
    bodies = "".join(f"Tree={at}\n{_lines(block)}\n\n" for at, block in enumerate(blocks))
    return average([f"tree\n{_lines(head)}\n{bodies}end of trees\n"])


def _lines(pairs: Mapping[str, str]) -> str:
    return "".join(f"{key}={value}\n" for key, value in pairs.items())


def _leaf(value: float) -> dict[str, str]:
    return {"num_leaves": "1", "num_cat": "0", "leaf_value": repr(value), "is_linear": "0", "shrinkage": "1"}


def _tree(tree: Mapping[str, Any], columns: Sequence[Asked]) -> dict[str, str]:
    """Return a tree in LightGBM's own words: its questions are numbered apart from its leaves."""
    left, right = tree["left_children"], tree["right_children"]
    inner, leaves = ([at for at, child in enumerate(left) if (child >= 0) is asks] for asks in (True, False))
    if not inner:
        return _leaf(float(tree["split_conditions"][0]))
    place = {at: number for number, at in enumerate(inner)} | {at: -1 - number for number, at in enumerate(leaves)}
    cover = [max(1, round(_ROWS * one / tree["sum_hessian"][0])) for one in tree["sum_hessian"]]
    asked = [_question(tree, at, columns) for at in inner]
    words = [word for *_, word in asked if word is not None]
    turned = [
        (right[at], left[at]) if word is not None else (left[at], right[at])
        for at, (*_, word) in zip(inner, asked, strict=True)
    ]
    sets, bounds = _sets(words)
    return {
        "num_leaves": str(len(leaves)), "num_cat": str(len(words)), "split_feature": _row(one[0] for one in asked),
        "split_gain": _row(tree["loss_changes"][at] for at in inner), "threshold": _row(_thresholds(asked)),
        "decision_type": _row(one[2] for one in asked), "left_child": _row(place[yes] for yes, _ in turned),
        "right_child": _row(place[no] for _, no in turned),
        "leaf_value": _row(float(tree["split_conditions"][at]) for at in leaves),
        "leaf_weight": _row(tree["sum_hessian"][at] for at in leaves), "leaf_count": _row(cover[at] for at in leaves),
        "internal_value": _row(tree["base_weights"][at] for at in inner),
        "internal_weight": _row(tree["sum_hessian"][at] for at in inner), "internal_count": _row(cover[at] for at in inner),
        **({"cat_boundaries": bounds, "cat_threshold": sets} if words else {}), "is_linear": "0", "shrinkage": "1",
    }  # fmt: skip


def _question(tree: Mapping[str, Any], at: int, columns: Sequence[Asked]) -> tuple[int, int, int, int | None]:
    """Return the slot, the greatest whole number that goes left, LightGBM's decision type, and the category if it is one."""
    column = columns[tree["split_indices"][at]]
    if column.word is not None:
        return column.slot, 0, _CATEGORY, column.word
    kind = _LEFT if tree["default_left"][at] else _RIGHT
    return column.slot, math.ceil(float(tree["split_conditions"][at])) - 1, kind, None


def _thresholds(asked: Sequence[tuple[int, int, int, int | None]]) -> list[str]:
    """Return the threshold of each question; of a category, the number of its set."""
    found, sets = [], 0
    for _, most, _, word in asked:
        found.append(str(most if word is None else sets))
        sets += word is not None
    return found


def _sets(words: Sequence[int]) -> tuple[str, str]:
    """Return one set of 32-bit words for each category alone, and where each set begins."""
    sets: list[int] = []
    bounds = [0]
    for word in words:
        sets += [0] * (word // 32) + [1 << word % 32]
        bounds.append(len(sets))
    return _row(sets), _row(bounds)


def _row(values: Any) -> str:
    return " ".join(str(value) for value in values)
