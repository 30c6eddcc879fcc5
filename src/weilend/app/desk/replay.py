"""In: receipts. Out: whether each replays to the bit. Used: by `weilend replay` and the audit.

Two things are shown: that the sealed inputs give the sealed decision again, and (unless turned off) that the record book, read as
it stood at the receipt's seq, still gives the sealed inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from weilend.app.desk.home import Home
from weilend.app.desk.progress import Tell, say_nothing
from weilend.app.desk.records import to_tables
from weilend.app.desk.sealed import Sealed, find_sealed
from weilend.app.desk.spines import fold_spine
from weilend.app.desk.steps import read_request
from weilend.core.errors import ReplayError
from weilend.core.plan import Spine
from weilend.core.values import FeatureRow, Receipt, Score
from weilend.decision import replay
from weilend.engine import BookView
from weilend.features.compute import finish
from weilend.features.plans import FeatureSet, make_plan
from weilend.models import score


class Replayed(msgspec.Struct, frozen=True):
    """What came of a replay: `identical` of `of` receipts, and the sentence of each that differs."""

    of: int
    identical: int
    problems: tuple[str, ...]


def replay_receipts(
    home: Home, receipts: Iterable[Receipt], *, from_records: bool = True, tell: Tell = say_nothing
) -> Replayed:
    """Replay receipts from what they sealed, and from the records as they stood then."""
    everything = list(receipts)
    problems = list(_replay_sealed(home, everything, tell))
    if from_records:
        problems += refold(home, everything, tell)
    failed = {receipt_id for receipt_id, _ in problems}
    return Replayed(len(everything), len(everything) - len(failed), tuple(text for _, text in problems))


def _replay_sealed(home: Home, receipts: list[Receipt], tell: Tell) -> Iterator[tuple[str, str]]:
    found: dict[tuple[str, ...], Sealed] = {}
    for number, receipt in enumerate(receipts):
        key = tuple(sorted(receipt.sealed.values()))
        try:
            if key not in found:
                found[key] = find_sealed(home, receipt.sealed)
            replay(receipt, found[key].evaluator, _scorer(found[key]))
        except ReplayError as error:
            yield receipt.receipt_id, str(error)
        tell("replay", number + 1, len(receipts))


def _scorer(sealed: Sealed) -> Callable[[FeatureRow], Score | None]:
    card = sealed.card
    return lambda row: score(card, row) if card else None


def refold(home: Home, receipts: list[Receipt], tell: Tell) -> Iterator[tuple[str, str]]:
    """Compute the features again from book and payload, one pass for all receipts that answered the same request."""
    groups: dict[tuple[str, int, str], list[Receipt]] = {}
    for receipt in receipts:
        request_id = home.store.request_of(receipt.receipt_id)
        groups.setdefault((request_id, receipt.book_seq, receipt.sealed["feature_set"]), []).append(receipt)
    for number, ((request_id, seq, feature_set), group) in enumerate(sorted(groups.items())):
        content = home.store.document("feature_set", feature_set).content
        features = msgspec.json.decode(content, type=FeatureSet)
        payload = to_tables(read_request(home.store.payload(request_id)).records)
        yield from _compare_rows(home, features, home.book.preview(payload, seq), group)
        tell("read the book again", number + 1, len(groups))


def _compare_rows(home: Home, features: FeatureSet, view: BookView, group: list[Receipt]) -> Iterator[tuple[str, str]]:
    spine = Spine(
        tuple(receipt.application.business_id for receipt in group), tuple(receipt.application.as_of for receipt in group)
    )
    states = fold_spine(home, make_plan(features), spine, view)
    table = finish(features, spine, states, home.calendar)
    for index, receipt in enumerate(group):
        again = table.row(index)
        for name, value in receipt.features.values.items():
            if again.values[name] != value:
                text = f"{receipt.receipt_id}: the book now gives {name} = {again.values[name]}, the receipt sealed {value}"
                yield receipt.receipt_id, text
                break
