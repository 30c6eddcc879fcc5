"""In: receipts. Out: whether each replays to the bit. Used: by `weilend replay` and the audit.

Two things are shown: that the sealed inputs give the sealed decision again, and (unless turned off) that the record book, read as
it stood at the receipt's seq, still gives the sealed inputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from weilend.app.desk.fraud.assess import compare_hits
from weilend.app.desk.home import Home
from weilend.app.desk.progress import Tell, say_nothing
from weilend.app.desk.records import Rows, to_tables
from weilend.app.desk.sealed import Sealed, find_sealed
from weilend.app.desk.spines import fold_spine
from weilend.app.desk.standing import OWED, find_standings
from weilend.app.desk.steps import asked_by
from weilend.core.errors import NotFoundError, ReplayError
from weilend.core.plan import Plan, Spine
from weilend.core.values import Receipt, Standing
from weilend.decision import replay, restore_policy
from weilend.engine import BookView
from weilend.features.compute import finish
from weilend.features.plans import FeatureSet, make_plan
from weilend.store import Vault

#: Receipts between two words of progress: a receipt takes less time than a word.
TOLD_EVERY = 100
#: Receipts that are replayed together: their features are folded in one pass, and their rows are in memory.
AT_ONCE = 10_000


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
    found = _Found(home)
    erased: list[str] = []
    problems: list[tuple[str, str]] = []
    count = 0
    for some in _in_parts(of_others(home, receipts, erased)):
        for receipt in some:
            problem = found.replay(receipt)
            problems += [(receipt.receipt_id, problem)] if problem else []
            count += 1
            if count % TOLD_EVERY == 0:
                tell("replay", count, 0)
        problems += refold(home, some, tell) if from_records else []
    tell("replay", count, count)
    failed = {receipt_id for receipt_id, _ in problems}
    return Replayed(count, count - len(failed), tuple(text for _, text in problems), tuple(erased))


def _in_parts(receipts: Iterator[Receipt]) -> Iterator[list[Receipt]]:
    """Yield receipts some thousand at a time: enough that they share a reading of the book, few enough for memory."""
    while some := list(islice(receipts, AT_ONCE)):
        yield some


def of_others(home: Home, receipts: Iterable[Receipt], erased: list[str]) -> Iterator[Receipt]:
    """Yield the receipts that can be replayed, and note in `erased` the ids of those whose business, or anybody whose records came
    with them, was erased.
    """
    gone = Vault(home.store.engine).erased()
    opens: dict[str, bool] = {}
    for receipt in receipts:
        if gone and (any(one in gone for one in _who(receipt)) or not _opens(home, receipt, opens)):
            erased.append(receipt.receipt_id)
        else:
            yield receipt


def _who(receipt: Receipt) -> tuple[str, str]:
    """Return whom a receipt names itself: its business, and who drew for it."""
    return receipt.application.business_id, receipt.standing.drawn_by


def _opens(home: Home, receipt: Receipt, known: dict[str, bool]) -> bool:
    """Return whether the request of a receipt can still be read."""
    request_id = home.store.request_of(receipt.receipt_id)
    if request_id not in known:
        try:
            asked_by(home, request_id)
        except NotFoundError:
            known[request_id] = False
        else:
            known[request_id] = True
    return known[request_id]


class _Found:
    """What receipts seal by hash, found and compiled once for all that share it."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._found: dict[tuple[tuple[str, str], ...], Sealed] = {}

    def replay(self, receipt: Receipt) -> str:
        """Decide again from what a receipt sealed; return what differs, "" where nothing does."""
        key = tuple(sorted(receipt.sealed.items()))
        try:
            if key not in self._found:
                self._found[key] = find_sealed(self._home, receipt.sealed)
            sealed = self._found[key]
            replay(receipt, sealed.evaluator, lambda row: sealed.score([row])[0])
        except ReplayError as error:
            return str(error)
        return ""


def refold(home: Home, receipts: Sequence[Receipt], tell: Tell) -> Iterator[tuple[str, str]]:
    """Compute the features again from book and payload, one pass for all receipts that read the same book."""
    groups: dict[tuple[str, int, str, str], list[Receipt]] = {}
    brings: dict[str, bool] = {}
    for receipt in receipts:
        request_id = home.store.request_of(receipt.receipt_id)
        if request_id not in brings:
            brings[request_id] = bool(_records(home, request_id))
        own = request_id if brings[request_id] else ""  # what brings no records reads the book and nothing else
        groups.setdefault((own, receipt.book_seq, receipt.sealed["feature_set"], receipt.sealed["policy"]), []).append(receipt)
    plans: dict[str, tuple[FeatureSet, Plan]] = {}
    for number, ((own, seq, feature_set, policy), group) in enumerate(sorted(groups.items())):
        if feature_set not in plans:
            features = msgspec.json.decode(home.store.document("feature_set", feature_set).content, type=FeatureSet)
            plans[feature_set] = features, make_plan(features)
        view = home.book.preview(to_tables(_records(home, own) if own else {}), seq)
        asked = restore_policy(home.store.document("policy", policy).content)
        owed = find_standings(asked, [receipt.application for receipt in group], view, home.calendar)
        yield from _compare_rows(home, *plans[feature_set], view, group, owed)
        tell("read the book again", number + 1, len(groups))


def _records(home: Home, request_id: str) -> Rows:
    return asked_by(home, request_id).records


def _compare_rows(
    home: Home, features: FeatureSet, plan: Plan, view: BookView, group: list[Receipt], owed: Sequence[Standing]
) -> Iterator[tuple[str, str]]:
    spine = Spine(
        tuple(receipt.application.business_id for receipt in group), tuple(receipt.application.as_of for receipt in group)
    )
    states = fold_spine(home, plan, spine, view)
    table = finish(features, spine, states, home.calendar)
    for index, receipt in enumerate(group):
        again, sealed = table.row(index), receipt.features
        pairs: list[tuple[str, object, object]] = []
        pairs += [(name, value, again.values[name]) for name, value in sealed.values.items()]
        pairs += [(f"newest {kind}", days, again.newest_days.get(kind)) for kind, days in sealed.newest_days.items()]
        pairs += [(name, getattr(receipt.standing, name), getattr(owed[index], name)) for name in OWED]
        if receipt.standing.drawn_by:  # before it was sealed, the business drew, whoever owned it
            pairs.append(("drawn_by", receipt.standing.drawn_by, owed[index].drawn_by))
        moved = next(((name, then, now) for name, then, now in pairs if then != now), None)
        differs = moved or compare_hits(home, receipt, view)
        if differs is not None:
            name, then, now = differs
            text = f"{receipt.receipt_id}: the book now gives {name} = {now}, the receipt sealed {then}"
            yield receipt.receipt_id, text
