"""In: a spine of businesses, link records. Out: the spine with the shops, owners and devices of each row, as known at its as_of.
Used: before features of several subjects are folded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar
from weilend.core.plan import Spine
from weilend.engine.book_view import BookView
from weilend.features.loans import days_at, days_of, ints, is_one_of, match, texts

#: What a link must say for its right side to belong to a row, by the role it then plays: a guarantor or relative does not.
BELONGING: dict[str, tuple[str, tuple[str, ...]]] = {
    "owner_id": ("owner", ("owns", "represents", "holds_shares", "manages", "controls")),
    "shop_id": ("shop", ("owns", "manages", "controls")),
    "device_id": ("device", ("owns", "uses")),
}
_EVER, _STILL = -(10**9), 10**9  # days beyond any calendar


def link_subjects(view: BookView, spine: Spine, calendar: Calendar) -> Spine:
    """Return the spine with its owners, its and their shops and devices in `linked`, each sorted and named once.

    A link counts at a row when it had happened, was known and in force at the as_of, and its days of validity hold the as_of's day.

    >>> from tempfile import TemporaryDirectory
    >>> from pathlib import Path
    >>> from weilend.engine.book import Book
    >>> with TemporaryDirectory() as name:
    ...     link_subjects(Book.open(Path(name), calendar=Calendar()).view(), Spine(("E1",), (0,)), Calendar()).linked
    {'owner_id': ((),), 'shop_id': ((),), 'device_id': ((),)}
    """
    ours = list(enumerate(spine.subjects))
    found = _follow(view, spine, ours, "business", calendar)
    owners = sorted(found["owner_id"])
    theirs = _follow(view, spine, owners, "owner", calendar)
    linked = {role: _group(found[role] if role == "owner_id" else found[role] | theirs[role], spine.size) for role in BELONGING}
    return msgspec.structs.replace(spine, linked={**spine.linked, **linked})


def _follow(
    view: BookView, spine: Spine, starts: list[tuple[int, str]], kind: str, calendar: Calendar
) -> dict[str, set[tuple[int, str]]]:
    """Return, per role, the (row, subject) that links lead to from the (row, subject) given."""
    links = view.read("link", subjects=sorted({subject for _, subject in starts}))
    links = links.filter(pa.array(is_one_of(links, "from_kind", (kind,))))
    start, link = match(pa.array([subject for _, subject in starts], pa.string()), texts(links, "from_id"))
    row = np.array([row for row, _ in starts], dtype=np.int64)[start]
    as_of = np.array(spine.as_of, dtype=np.int64)[row]
    day = days_at(as_of, calendar)
    in_force = (
        (ints(links, "happened_at")[link] <= as_of)
        & (ints(links, "known_at")[link] <= as_of)
        & (as_of < ints(links, "known_until")[link])
        & (days_of(links, "valid_from_on", _EVER)[link] <= day)
        & (day <= days_of(links, "valid_until_on", _STILL)[link])
    )
    found: dict[str, set[tuple[int, str]]] = {}
    for role, (right, words) in BELONGING.items():
        fits = in_force & (is_one_of(links, "to_kind", (right,)) & is_one_of(links, "role", words))[link]
        names = pc.take(texts(links, "to_id"), pa.array(link[fits], pa.int64())).to_pylist()
        found[role] = {(at, name) for at, name in zip(row[fits].tolist(), names, strict=True) if name is not None}
    return found


def _group(pairs: Iterable[tuple[int, str]], size: int) -> tuple[tuple[str, ...], ...]:
    groups: dict[int, list[str]] = defaultdict(list)
    for row, subject in sorted(pairs):
        groups[row].append(subject)
    return tuple(tuple(groups.get(row, ())) for row in range(size))
