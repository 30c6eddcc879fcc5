"""In: receipts. Out: whether each replays to the bit. Used: by `weilend replay` and the audit.

Two things are shown: that the sealed inputs give the sealed decision again, and (unless turned off) that the record book, read as
it stood at the receipt's seq, still gives the sealed inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from weilend.app.desk.home import Home
from weilend.app.desk.progress import Tell, say_nothing
from weilend.app.desk.records import to_tables
from weilend.app.desk.sealed import Sealed, find_sealed
from weilend.app.desk.spines import fold_spine
from weilend.app.desk.standing import OWED, find_standings
from weilend.app.desk.steps import asked_by
from weilend.core.errors import ReplayError
from weilend.core.plan import Spine
from weilend.core.values import FeatureRow, Receipt, Score, Standing
from weilend.decision import replay, restore_policy
from weilend.engine import BookView
from weilend.features.compute import finish
from weilend.features.plans import FeatureSet, make_plan
from weilend.models import score
from weilend.store import Vault

#: Receipts between two words of progress: a receipt takes less time than a word.
TOLD_EVERY = 100


class Replayed(msgspec.Struct, frozen=True):
    """What came of a replay: `identical` of `of` receipts, and the sentence of each that differs.

    Receipts of businesses that were erased are not replayed: `erased` are their ids.
    """

    of: int
    identical: int
    problems: tuple[str, ...]
    erased: tuple[str, ...] = ()


def replay_receipts(
    home: Home, receipts: Iterable[Receipt], *, from_records: bool = True, tell: Tell = say_nothing
) -> Replayed:
    """Replay receipts from what they sealed, and from the records as they stood then."""
    erased: list[str] = []
    kept: list[Receipt] = []
    problems: list[tuple[str, str]] = []
    count = 0
    for count, (receipt, problem) in enumerate(_replay_sealed(home, of_others(home, receipts, erased)), start=1):
        problems += [(receipt.receipt_id, problem)] if problem else []
        kept += [receipt] if from_records else []  # else they are read one by one and forgotten
        if count % TOLD_EVERY == 0:
            tell("replay", count, 0)
    tell("replay", count, count)
    problems += refold(home, kept, tell) if from_records else []
    failed = {receipt_id for receipt_id, _ in problems}
    return Replayed(count, count - len(failed), tuple(text for _, text in problems), tuple(erased))


def of_others(home: Home, receipts: Iterable[Receipt], erased: list[str]) -> Iterator[Receipt]:
    """Yield the receipts of businesses that were not erased, and note the ids of the others in `erased`."""
    gone = Vault(home.store.engine).erased()
    for receipt in receipts:
        if receipt.application.business_id in gone:
            erased.append(receipt.receipt_id)
        else:
            yield receipt


def _replay_sealed(home: Home, receipts: Iterable[Receipt]) -> Iterator[tuple[Receipt, str]]:
    """Decide again from what each receipt sealed; yield it with what differs, "" where nothing does.

    What receipts seal by hash is found and compiled once for all that share it.
    """
    found: dict[tuple[tuple[str, str], ...], tuple[Sealed, Callable[[FeatureRow], Score | None]]] = {}
    for receipt in receipts:
        key = tuple(sorted(receipt.sealed.items()))
        try:
            if key not in found:
                sealed = find_sealed(home, receipt.sealed)
                found[key] = sealed, _scorer(sealed)
            sealed, scorer = found[key]
            replay(receipt, sealed.evaluator, scorer)
        except ReplayError as error:
            yield receipt, str(error)
        else:
            yield receipt, ""


def _scorer(sealed: Sealed) -> Callable[[FeatureRow], Score | None]:
    card = sealed.card
    return lambda row: score(card, row) if card else None


def refold(home: Home, receipts: list[Receipt], tell: Tell) -> Iterator[tuple[str, str]]:
    """Compute the features again from book and payload, one pass for all receipts that answered the same request."""
    groups: dict[tuple[str, int, str, str], list[Receipt]] = {}
    for receipt in receipts:
        request_id = home.store.request_of(receipt.receipt_id)
        key = request_id, receipt.book_seq, receipt.sealed["feature_set"], receipt.sealed["policy"]
        groups.setdefault(key, []).append(receipt)
    for number, ((request_id, seq, feature_set, policy), group) in enumerate(sorted(groups.items())):
        content = home.store.document("feature_set", feature_set).content
        features = msgspec.json.decode(content, type=FeatureSet)
        payload = to_tables(asked_by(home, request_id).records)
        view = home.book.preview(payload, seq)
        applications = [receipt.application for receipt in group]
        asked = restore_policy(home.store.document("policy", policy).content)
        owed = find_standings(asked, applications, view, home.calendar)
        yield from _compare_rows(home, features, view, group, owed)
        tell("read the book again", number + 1, len(groups))


def _compare_rows(
    home: Home, features: FeatureSet, view: BookView, group: list[Receipt], owed: Sequence[Standing]
) -> Iterator[tuple[str, str]]:
    spine = Spine(
        tuple(receipt.application.business_id for receipt in group), tuple(receipt.application.as_of for receipt in group)
    )
    states = fold_spine(home, make_plan(features), spine, view)
    table = finish(features, spine, states, home.calendar)
    for index, receipt in enumerate(group):
        again, sealed = table.row(index), receipt.features
        pairs = [(name, value, again.values[name]) for name, value in sealed.values.items()]
        pairs += [(f"newest {kind}", days, again.newest_days.get(kind)) for kind, days in sealed.newest_days.items()]
        pairs += [(name, getattr(receipt.standing, name), getattr(owed[index], name)) for name in OWED]
        differs = next(((name, then, now) for name, then, now in pairs if then != now), None)
        if differs is not None:
            name, then, now = differs
            text = f"{receipt.receipt_id}: the book now gives {name} = {now}, the receipt sealed {then}"
            yield receipt.receipt_id, text
