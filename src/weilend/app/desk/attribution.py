"""In: receipts, and what to decide them with instead. Out: which change made each decision flip. Used: by `weilend replay --with`.

A receipt is decided again as it was sealed, then with one change after the other: the data as the book has them now, the lists,
the features, the model, the policy. Where the outcome turns, that change has turned it. What comes out otherwise with nothing
changed is put down to the runtime: only today's is at hand, so it is looked at first, although it is told last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, get_args

import msgspec

from weilend.app.desk.home import Home
from weilend.app.desk.models.kept import read_version
from weilend.app.desk.policies import find_policy
from weilend.app.desk.progress import Tell, say_nothing
from weilend.app.desk.records import to_tables
from weilend.app.desk.replay import of_others
from weilend.app.desk.sealed import Sealed, find_sealed, make_evaluator
from weilend.app.desk.spines import fold_spine
from weilend.app.desk.steps import asked_by
from weilend.core.errors import InputError, NotFoundError
from weilend.core.plan import Spine
from weilend.core.values import Decision, FeatureRow, Outcome, Receipt
from weilend.decision import Policy
from weilend.engine import BookView
from weilend.features.compute import finish
from weilend.features.plans import FeatureSet, make_plan
from weilend.features.sets import FEATURE_SETS
from weilend.models import RowModel

Cause = Literal["data", "lists", "features", "models", "policy", "runtime"]
#: The order in which changes are made, and told.
CAUSES: Final[tuple[Cause, ...]] = get_args(Cause)
_HINT: Final = "weilend replay --all --with policy=FILE --with model=ID --with features=SET --with data=now"


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What receipts are decided with instead of what they sealed; nothing is changed where nothing is said.

    >>> Changes().policy is None
    True
    """

    data: bool = False
    features: FeatureSet | None = None
    model: RowModel | None = None
    policy: Policy | None = None


class Flip(msgspec.Struct, frozen=True, kw_only=True):
    """An outcome that turned, and what turned it.

    >>> Flip(receipt_id="R1", business_id="E1", cause="policy", old="refer", new="approve").cause
    'policy'
    """

    receipt_id: str
    business_id: str
    cause: Cause
    old: Outcome
    new: Outcome


class Attribution(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: how many receipts were decided again, every turn, and how many changed in amount or price alone.

    >>> Attribution(of=2, flips=(), moved=1).by_cause()["policy"]
    0
    """

    of: int
    flips: tuple[Flip, ...]
    moved: int

    def by_cause(self) -> dict[Cause, int]:
        """Return the number of turns by what turned them."""
        counted = Counter(flip.cause for flip in self.flips)
        return {cause: counted[cause] for cause in CAUSES}


def read_changes(home: Home, texts: Sequence[str], *, at: int) -> Changes:
    """Return the changes that ``policy=FILE``, ``model=ID``, ``features=SET`` and ``data=now`` say.

    A policy is a file, or a name whose live version at `at` is meant; a model is an id, its first letters, or ``newest``. Raises
    `InputError` for what is none of these.
    """
    found: dict[str, object] = {}
    for text in texts:
        key, _, value = text.partition("=")
        if key not in _READERS or not value:
            raise InputError(f"{text!r} is no change that a replay can make", hint=_HINT)
        if key in found:
            raise InputError(f"{key} is changed twice", hint="say each change once")
        found[key] = _READERS[key](home, value, at)
    return Changes(**found)  # type: ignore[arg-type]


def attribute_flips(home: Home, receipts: Iterable[Receipt], changes: Changes, tell: Tell = say_nothing) -> Attribution:
    """Decide receipts again, one change after the other, and say which change turned which outcome; the erased are left out."""
    everything = list(of_others(home, receipts, []))
    rows = _feature_rows(home, everything, changes, tell)
    desks: dict[tuple[tuple[str, str], ...], list[tuple[Cause, Sealed]]] = {}
    flips: list[Flip] = []
    moved = 0
    for number, receipt in enumerate(everything, start=1):
        key = tuple(sorted(receipt.sealed.items()))
        if key not in desks:
            desks[key] = list(_stages(find_sealed(home, receipt.sealed), changes))
        last, row = receipt.decision, receipt.features
        for cause, sealed in desks[key]:
            row = rows.get((cause, receipt.receipt_id), row)
            decision = _decide(sealed, receipt, row)
            flips += _flip(receipt, cause, last, decision)
            last = decision
        moved += _amounts(last) != _amounts(receipt.decision) and last.outcome == receipt.decision.outcome
        tell("decide again", number, len(everything))
    order = {cause: place for place, cause in enumerate(CAUSES)}
    return Attribution(of=len(everything), flips=tuple(sorted(flips, key=lambda flip: order[flip.cause])), moved=moved)


def _stages(sealed: Sealed, changes: Changes) -> Iterator[tuple[Cause, Sealed]]:
    """Yield what a receipt is decided with after each change: first as it was sealed, under today's runtime."""
    yield "runtime", sealed
    if changes.data:
        yield "data", sealed
    if changes.features:
        sealed = _changed(sealed, features=changes.features)
        yield "features", sealed
    if changes.model:
        sealed = _changed(sealed, model=changes.model)
        yield "models", sealed
    if changes.policy:
        yield "policy", _changed(sealed, policy=changes.policy)


def _changed(
    sealed: Sealed, *, features: FeatureSet | None = None, model: RowModel | None = None, policy: Policy | None = None
) -> Sealed:
    features, policy = features or sealed.features, policy or sealed.evaluator.policy
    return Sealed(make_evaluator(sealed.product, features, policy), sealed.product, features, model or sealed.model)


def _decide(sealed: Sealed, receipt: Receipt, row: FeatureRow) -> Decision:
    (scored,) = sealed.score([row])
    return sealed.evaluator.decide(row, receipt.fraud, scored, receipt.standing, as_of=receipt.application.as_of)


def _flip(receipt: Receipt, cause: Cause, then: Decision, now: Decision) -> list[Flip]:
    if then.outcome == now.outcome:
        return []
    business = receipt.application.business_id
    return [Flip(receipt_id=receipt.receipt_id, business_id=business, cause=cause, old=then.outcome, new=now.outcome)]


def _amounts(decision: Decision) -> tuple[int | None, ...]:
    return (decision.ceiling_fen, decision.floor_rate_ppm, decision.months)


def _feature_rows(home: Home, receipts: list[Receipt], changes: Changes, tell: Tell) -> dict[tuple[Cause, str], FeatureRow]:
    """Return the feature rows that changes of data and features give, by change and receipt: one pass for each request."""
    wanted: list[tuple[Cause, FeatureSet | None]] = [("data", None)] if changes.data else []
    wanted += [("features", changes.features)] if changes.features else []
    groups: dict[tuple[str, int, str], list[Receipt]] = {}
    for receipt in receipts if wanted else ():
        request_id = home.store.request_of(receipt.receipt_id)
        groups.setdefault((request_id, receipt.book_seq, receipt.sealed["feature_set"]), []).append(receipt)
    rows: dict[tuple[Cause, str], FeatureRow] = {}
    for number, ((request_id, seq, feature_set), group) in enumerate(sorted(groups.items()), start=1):
        payload = to_tables(asked_by(home, request_id).records)
        view = home.book.preview(payload, None if changes.data else seq)
        for cause, features in wanted:
            chosen = features or msgspec.json.decode(home.store.document("feature_set", feature_set).content, type=FeatureSet)
            rows |= {(cause, name): row for name, row in _fold(home, chosen, view, group).items()}
        tell("read the book again", number, len(groups))
    return rows


def _fold(home: Home, features: FeatureSet, view: BookView, group: list[Receipt]) -> dict[str, FeatureRow]:
    names, as_of = zip(*((one.application.business_id, one.application.as_of) for one in group), strict=True)
    spine = Spine(tuple(names), tuple(as_of))
    table = finish(features, spine, fold_spine(home, make_plan(features), spine, view), home.calendar)
    return {receipt.receipt_id: table.row(place) for place, receipt in enumerate(group)}


def _read_data(_home: Home, value: str, _at: int) -> bool:
    if value != "now":
        raise InputError(f"data={value!r} is not known", hint="data=now reads the record book as it stands")
    return True


def _read_lists(_home: Home, _value: str, _at: int) -> None:
    hint = "who would be hit by an entry shows: weilend lists preview"
    raise InputError("a replay asks the lists as they stood, and cannot ask others", hint=hint)


def _read_model(home: Home, value: str, _at: int) -> RowModel:
    kept = [document.document_id for document in home.store.documents("model")]
    found = kept[-1:] if value == "newest" else [name for name in kept if name.startswith(value)]
    if len(found) != 1:
        raise NotFoundError(f"{len(found)} models are called {value!r}", hint=f"there is: {', '.join(kept) or 'none'}")
    return read_version(home, "model", found[0])


#: What each change is read with.
_READERS: Final[Mapping[str, Callable[[Home, str, int], object]]] = {
    "data": _read_data,
    "lists": _read_lists,
    "features": lambda _home, value, _at: FEATURE_SETS[value],
    "model": _read_model,
    "policy": lambda home, value, at: find_policy(value, home, at=at),
}
