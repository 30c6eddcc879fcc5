"""In: records of what became of firms. Out: labels, known by a stated instant. Used: to train and to validate; never as an input.

A label is a feature that looks ahead, so it has its own type: what takes features cannot be handed a label.
"""

from __future__ import annotations

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.errors import NotFoundError
from weilend.core.records import FAR_FUTURE
from weilend.core.registry import Registry


class LabelSpec(msgspec.Struct, frozen=True):
    """What is looked ahead for: 1 is bad. `kind`, `field` and `bad` say which record and word mean it; `dated` says whether the
    records carry the day on which it happened.

    >>> LABELS["external_default"].bad
    'default'
    """

    name: str
    kind: str
    field: str
    bad: str
    dated: bool
    about: str


LABELS: Registry[LabelSpec] = Registry("label")

EXTERNAL_DEFAULT = LABELS.add(
    "external_default",
    LabelSpec("external_default", "external_outcome", "outcome", "default", dated=False,
              about="another lender's loan to the firm defaulted; the record has no date"),
)  # fmt: skip


class Labels(msgspec.Struct, frozen=True):
    """Labels by subject: 1 is bad. `known_at` is the instant (UTC seconds) at which the last of them became known.

    >>> Labels(EXTERNAL_DEFAULT, {"E1": 1}, known_at=100).bad["E1"]
    1
    """

    spec: LabelSpec
    bad: dict[str, int]
    known_at: int


def read_labels(spec: LabelSpec, records: pa.Table) -> Labels:
    """Return the labels that records of the label's kind say; of several versions the latest counts.

    `records` has the columns business_id, the label's field, known_at and known_until. Raises `NotFoundError` without any.

    >>> records = pa.table({"business_id": ["E1"], "outcome": ["default"], "known_at": [100], "known_until": [FAR_FUTURE]})
    >>> read_labels(EXTERNAL_DEFAULT, records).bad
    {'E1': 1}
    """
    latest = records.filter(pc.equal(records["known_until"], FAR_FUTURE))
    if not latest.num_rows:
        raise NotFoundError(f"no {spec.kind} records, so nothing is labelled", hint="ingest a source with outcomes first")
    names, words = latest["business_id"].to_pylist(), latest[spec.field].to_pylist()
    bad = {name: int(word == spec.bad) for name, word in sorted(zip(names, words, strict=True))}
    return Labels(spec, bad, max(latest["known_at"].to_pylist()))
