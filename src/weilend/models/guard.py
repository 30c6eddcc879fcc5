"""In: what a model would be trained on. Out: a refusal, or nothing. Used: before every training."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from weilend.core.errors import ImmatureLabelError, InputError
from weilend.models.table import Booleans, Integers, Table

#: Below this many of either outcome the inner folds of a scorecard hold next to none, and nothing can be said of it.
MIN_OF_EACH_OUTCOME = 10


def check_label_known(known_at: int, as_of: int, *, assume_known: bool) -> None:
    """Refuse to train at an instant before the labels were known; both are UTC seconds.

    Raises `ImmatureLabelError`. A model trained on what nobody knew yet looks better than any real one could.

    >>> check_label_known(1_583_020_800, 1_577_808_000, assume_known=True)
    >>> check_label_known(1_583_020_800, 1_577_808_000, assume_known=False)
    Traceback (most recent call last):
    weilend.core.errors.ImmatureLabelError: the labels are known from 2020-03-01 00:00 UTC, ...
    """
    if assume_known or known_at <= as_of:
        return
    raise ImmatureLabelError(
        f"the labels are known from {_show(known_at)}, the model is asked for as of {_show(as_of)}",
        hint="choose a later --as-of, or say --assume-label-known and have it printed on page one",
    )


def _show(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%d %H:%M UTC")


def check_trainable(table: Table, label: Integers) -> None:
    """Refuse labels that do not fit the table, or too few of either outcome (`InputError`).

    >>> x = np.arange(4)[:, None]
    >>> check_trainable(Table(("x",), x, x >= 0, tuple("abcd")), np.array([0, 1, 0, 1]))
    Traceback (most recent call last):
    weilend.core.errors.InputError: 2 bads and 2 goods are too few to train on. Hint: bring at least 10 of each
    """
    if label.shape != (len(table),) or not np.isin(label, (0, 1)).all():
        raise InputError(f"the label must be 0 or 1 for each of {len(table)} rows", hint="1 is bad, 0 is good")
    bads = int(label.sum())
    if min(bads, len(label) - bads) < MIN_OF_EACH_OUTCOME:
        raise InputError(
            f"{bads} bads and {len(label) - bads} goods are too few to train on",
            hint=f"bring at least {MIN_OF_EACH_OUTCOME} of each",
        )


def refuse_label_copies(table: Table, label: Integers) -> None:
    """Refuse a feature that parts all bads from all goods, by its values or by being known: it copies the label.

    Raises `InputError`. No honest feature of a business does that over ten goods and ten bads.

    >>> bad = np.array([0, 1] * 10)
    >>> refuse_label_copies(Table(("rating",), 4 - 3 * bad[:, None], bad[:, None] >= 0, tuple(map(str, range(20)))), bad)
    Traceback (most recent call last):
    weilend.core.errors.InputError: feature rating copies the label: it parts all 10 bads from all goods. Hint: ...
    """
    bad = label == 1
    copies = _parts(table.values, table.known, bad) | _parts(table.known.astype(np.int64), np.ones_like(table.known), bad)
    if copies.any():
        name = table.names[int(np.argmax(copies))]
        raise InputError(
            f"feature {name} copies the label: it parts all {int(bad.sum())} bads from all goods",
            hint="find where it comes from; what others said of the firm afterwards is never an input",
        )


def _parts(values: Integers, known: Booleans, bad: Booleans) -> Booleans:
    """Return which columns have all bads on one side of all goods, among known values with enough of each."""
    low, high = np.int64(np.iinfo(np.int64).min), np.int64(np.iinfo(np.int64).max)
    lowest, highest = np.where(known, values, high), np.where(known, values, low)
    apart = (highest[bad].max(axis=0) < lowest[~bad].min(axis=0)) | (highest[~bad].max(axis=0) < lowest[bad].min(axis=0))
    enough = (known[bad].sum(axis=0) >= MIN_OF_EACH_OUTCOME) & (known[~bad].sum(axis=0) >= MIN_OF_EACH_OUTCOME)
    return np.asarray(apart & enough)
