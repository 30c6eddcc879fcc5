"""In: the label column, and what was said of it. Out: who is bad, who is neither. Used: by sample design."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from weilend.core.errors import InputError, NotFoundError
from weilend.models.flat.frame import FlatColumn
from weilend.models.flat.roles import Roles
from weilend.models.table import Booleans

#: Pairs that leave no doubt which of the two is bad; {1, 2} or {-1, 1} do.
BAD_WORDS: Final = frozenset(
    {
        "1",
        "true",
        "yes",
        "y",
        "bad",
        "default",
        "defaulted",
        "charged off",
        "charged_off",
        "是",
        "坏",
        "违约",
        "逾期",
        "fraud",
        "b",
    }
)
GOOD_WORDS: Final = frozenset(
    {
        "0",
        "false",
        "no",
        "n",
        "good",
        "paid",
        "fully paid",
        "fully_paid",
        "repaid",
        "non-default",
        "not default",
        "否",
        "好",
        "正常",
        "未违约",
        "未逾期",
        "genuine",
        "g",
    }
)
#: The most values that are named in a sentence.
_NAMED: Final = 8


class Outcome(msgspec.Struct, frozen=True, eq=False):
    """What became of each row: `bad` and `good` (n,), neither where the label is empty, `indeterminate` where it is left open."""

    bad: Booleans
    good: Booleans
    indeterminate: Booleans


def read_outcome(column: FlatColumn, roles: Roles) -> Outcome:
    """Return who is bad by the values that were named, or by the words themselves where they leave no doubt.

    Raises `InputError` where it is not clear which value is bad, naming those that were seen.

    >>> known = np.ones(3, dtype=np.bool_)
    >>> status = FlatColumn(name="status", kind="number", values=np.array([1, 2, 1]), known=known)
    >>> read_outcome(status, Roles(label="status", bad=("2",))).bad.tolist()
    [False, True, False]
    >>> read_outcome(status, Roles(label="status"))
    Traceback (most recent call last):
    weilend.core.errors.InputError: it is not clear which value of status is bad; it has 1 (2 rows), 2 (1 row). Hint: ...
    """
    texts = np.array([text.lower() for text in column.texts()], dtype=object)
    seen = {str(value): int((texts == value).sum()) for value in sorted(set(texts[column.known].tolist()))}
    open_, bad = _asked(roles.indeterminate, seen, column.name), _asked(roles.bad, seen, column.name)
    if not bad:
        bad = _obvious({value: rows for value, rows in seen.items() if value not in open_}, column.name)
    is_bad, is_open = np.isin(texts, sorted(bad)), np.isin(texts, sorted(open_))
    return Outcome(is_bad, column.known & ~is_bad & ~is_open, is_open)


def _asked(values: tuple[str, ...], seen: dict[str, int], name: str) -> set[str]:
    asked = {value.strip().lower() for value in values}
    for value in sorted(asked - set(seen)):
        raise NotFoundError(f"no row has {value} in {name}", hint=f"it has {_name(seen)}")
    return asked


def _obvious(seen: dict[str, int], name: str) -> set[str]:
    bad = set(seen) & BAD_WORDS
    if len(seen) == 1:
        raise InputError(f"every row has the same {name}: {_name(seen)}", hint="bring goods and bads")
    if len(seen) != 2 or len(bad) != 1 or len(set(seen) & GOOD_WORDS) != 1:
        raise InputError(f"it is not clear which value of {name} is bad; it has {_name(seen)}", hint="say --bad VALUE")
    return bad


def _name(seen: dict[str, int]) -> str:
    parts = [f"{value} ({rows} row{'s' if rows != 1 else ''})" for value, rows in list(seen.items())[:_NAMED]]
    return ", ".join(parts) + (f" and {len(seen) - _NAMED} more" if len(seen) > _NAMED else "")
