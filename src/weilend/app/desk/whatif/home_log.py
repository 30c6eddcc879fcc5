"""In: a home, a policy, a day. Out: the home's own decisions as the table that a file of logged decisions is. Used: by what-if.

Receipts say what was known, answered and with which probability; records of lending, as known by the day, what became of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from weilend.app.desk.backtest.data import BAD, BUSINESS, OWNER
from weilend.app.desk.home import Home
from weilend.app.desk.products import find_product
from weilend.app.desk.standing import find_owners
from weilend.app.desk.whatif.data import BORROWED, CEILING, CHANCE, LOSS, OUTCOME, PROFIT, RATE
from weilend.app.desk.whatif.loan_money import LoanMoney, count_money
from weilend.core.errors import InputError, NotFoundError
from weilend.core.money import PPM
from weilend.core.values import Receipt
from weilend.decision import Evaluator
from weilend.decision.facts import drawn_by
from weilend.engine import BookView
from weilend.features.labels import BOOKED_APPLICATIONS, LOAN_LABELS, LoanLabel
from weilend.features.outcomes import make_labels
from weilend.features.spines import booked_applications
from weilend.lending import Product
from weilend.store import Vault

#: An approval that nobody took up within so many days is taken as refused by the business; before, it is not ripe.
OFFER_DAYS: Final = 90
#: By which our own loans are judged where the product's label is somebody else's.
OWN_LABEL: Final = "default"
#: The grade of the day, to tell segments apart by.
GRADE: Final = "logged_grade"
_DAY: Final = 86_400


class HomeLog(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The decisions of a home on a product as a log: its name, the table, and what had to be assumed, a sentence each."""

    name: str
    table: pa.Table
    assumed: tuple[str, ...]


class Became(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one application's loan: whether it was bad (None: not ripe, or neither), and what it did.

    >>> Became(bad=None, money=()).bad is None
    True
    """

    bad: bool | None
    money: tuple[LoanMoney, ...]


def read_home(home: Home, evaluator: Evaluator, *, known_by: int, label: str = "") -> HomeLog:
    """Return what a home decided on the policy's product and what became of it, as known by an instant (UTC seconds).

    Of an application that was decided again the last decision counts. `label` judges loans: the product's own by default, or
    `default` where that is not of our loans. Raises `InputError` where nothing was decided, `NotFoundError` for such a label.
    """
    product = find_product(evaluator.policy.product, home)
    chosen = _label(label or (product.label if product.label in LOAN_LABELS else OWN_LABEL))
    receipts = _receipts(home, product.name, known_by)
    if not receipts:
        hint = f"decide some (weilend decide {product.name} …), name a later day, or give a file of decisions"
        raise InputError(f"this home decided nothing on {product.name} by then", hint=hint)
    view = home.book.view()
    became = _became(home, view, product, chosen, receipts, known_by)
    owners = _drawers(home, view, receipts, known_by)
    columns = _read_by(evaluator, receipts) | _logged(receipts, became, product, known_by)
    columns |= {OWNER: pa.array(owners, pa.string()), BUSINESS: pa.array([one.application.business_id for one in receipts])}
    said = (*_missing_features(receipts), *_said_of_chances(receipts), *_said_of_outcomes(receipts, became, product, chosen))
    return HomeLog(name=f"{len(receipts):,} decisions of {home.folder.name}", table=pa.table(columns), assumed=said)


def _label(name: str) -> LoanLabel:
    there = [one for one in LOAN_LABELS if LOAN_LABELS[one].of == BOOKED_APPLICATIONS]
    if name not in there:
        raise NotFoundError(f"no label {name!r} of loans that were applied for", hint=f"there is: {', '.join(there)}")
    return LOAN_LABELS[name]


def _receipts(home: Home, product: str, known_by: int) -> list[Receipt]:
    """Return the last receipt of each application, in the order in which they were first decided; of those erased none."""
    gone = Vault(home.store.engine).erased()
    latest: dict[tuple[str, str], Receipt] = {}
    for receipt in home.store.receipts(product):
        asked = receipt.application
        if asked.as_of <= known_by and asked.business_id not in gone:
            latest[asked.business_id, asked.application_id] = receipt
    return list(latest.values())


def _read_by(evaluator: Evaluator, receipts: Sequence[Receipt]) -> dict[str, pa.Array]:
    """Return all that the policy reads of each application, features and facts by name, as it was sealed."""
    rows = [evaluator.values(one.features, one.fraud, one.score, one.standing, as_of=one.application.as_of) for one in receipts]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _column([row.get(name) for row in rows]) for name in names}


def _column(values: Sequence[object]) -> pa.Array:
    texts = any(isinstance(value, str) for value in values)
    return pa.array(values, pa.string() if texts else pa.int64())


def _became(
    home: Home, view: BookView, product: Product, label: LoanLabel, receipts: Sequence[Receipt], known_by: int
) -> dict[str, Became]:
    """Return what became of each application that was approved and paid out by an instant."""
    approved = {one.application.application_id for one in receipts if one.decision.outcome == "approve"}
    paid = view.read("disbursement", as_of=known_by, columns=["application_id", "loan_id", "happened_at"])
    paid = paid.filter(pc.is_in(paid["application_id"], value_set=pa.array(sorted(approved), pa.string())))
    loans: dict[str, list[str]] = defaultdict(list)
    for row in paid.sort_by("happened_at").to_pylist():
        loans[row["application_id"]].append(row["loan_id"])
    if not loans:
        return {}
    ripe = make_labels(
        label, booked_applications(view, product.name, known_by), view, known_by=known_by, calendar=home.calendar
    )
    names = [group[0] for group in ripe.spine.linked["application_id"]]
    bad = {name: bool(found) for name, found in zip(names, ripe.bad.tolist(), strict=True) if found >= 0}
    every = {loan for some in loans.values() for loan in some}
    money = count_money(view, every, known_by, product.assumed("funding_rate_ppm"))
    return {
        name: Became(bad=bad.get(name), money=tuple(money[loan] for loan in dict.fromkeys(some)))
        for name, some in loans.items()
    }


def _logged(receipts: Sequence[Receipt], became: Mapping[str, Became], product: Product, known_by: int) -> dict[str, pa.Array]:
    """Return what was answered, with which probability, and what became of it."""
    lgd_ppm = product.assumed("loss_given_default_ppm")
    rows = [_row(one, became.get(one.application.application_id), lgd_ppm, known_by) for one in receipts]
    types = {OUTCOME: pa.string(), GRADE: pa.string(), BAD: pa.bool_()}
    columns = {name: pa.array([row[name] for row in rows], types.get(name, pa.int64())) for name in rows[0]}
    if all(one.decision.chance_ppm is None for one in receipts):
        del columns[CHANCE]  # what is not there is said, not filled in
    return columns


def _row(receipt: Receipt, became: Became | None, lgd_ppm: int, known_by: int) -> dict[str, Any]:
    decision = receipt.decision
    approved = decision.outcome == "approve"
    refused = approved and became is None and known_by - receipt.application.as_of > OFFER_DAYS * _DAY
    bad = became.bad if became else None
    known = became.money if became and bad is not None else ()
    return {
        OUTCOME: decision.outcome,
        CHANCE: PPM if decision.chance_ppm is None else decision.chance_ppm,
        CEILING: decision.ceiling_fen,
        RATE: decision.floor_rate_ppm or 0,
        GRADE: decision.grade,
        BORROWED: int(not refused),
        BAD: bad,
        LOSS: sum(one.loss_fen(bad=bool(bad), lgd_ppm=lgd_ppm) for one in known) if known or refused else None,
        PROFIT: sum(one.profit_fen(bad=bool(bad), lgd_ppm=lgd_ppm) for one in known) if known or refused else None,
    }


def _drawers(home: Home, view: BookView, receipts: Sequence[Receipt], known_by: int) -> list[str]:
    """Return the owner of each: who drew, as it was sealed; where nobody drew, the first owner known by the instant."""
    names = {one.application.business_id for one in receipts if not one.standing.drawn_by}
    owners = find_owners(view, names, known_by, home.calendar) if names else {}
    return [
        one.standing.drawn_by or drawn_by(one.application.business_id, owners.get(one.application.business_id, ()))
        for one in receipts
    ]


def _missing_features(receipts: Sequence[Receipt]) -> Iterable[str]:
    sets = {one.features.feature_set: frozenset(one.features.values) for one in receipts}
    each = list(sets.values())
    some = each[0].union(*each) - each[0].intersection(*each)
    if some:
        yield (
            f"{len(sets)} feature sets were in use: {', '.join(sorted(some)[:3])}{' …' if len(some) > 3 else ''} "
            f"({len(some)} in all) were not computed for every application, and are taken as not known there."
        )


def _said_of_chances(receipts: Sequence[Receipt]) -> Iterable[str]:
    unsaid = sum(one.decision.chance_ppm is None for one in receipts)
    if 0 < unsaid < len(receipts):
        yield f"{unsaid:,} of {len(receipts):,} receipts log no probability: their answers are taken as certain."
    drawn = sum((one.decision.chance_ppm or PPM) < PPM for one in receipts)
    if unsaid < len(receipts) and not drawn:
        yield "No answer was given by chance: of those who were not approved there are the outcome model and bounds alone."


def _said_of_outcomes(
    receipts: Sequence[Receipt], became: Mapping[str, Became], product: Product, label: LoanLabel
) -> Iterable[str]:
    approved = sum(one.decision.outcome == "approve" for one in receipts)
    ripe = sum(one.bad is not None for one in became.values())
    yield (
        f"Of {approved:,} approvals {len(became):,} were paid out by then, of whom {ripe:,} are ripe by the label {label.name}: "
        f"{label.about}."
    )
    if not ripe:
        yield "No loan is ripe yet: nothing is known of what became of approvals, and there are bounds alone."
        return
    yield f"An approval without a loan after {OFFER_DAYS} days is taken as refused by the business; before that, as not ripe."
    lgd, funding = product.assumed("loss_given_default_ppm"), product.assumed("funding_rate_ppm")
    yield (
        f"Money is what came and went by then, less funding at {funding / 10_000:g} % a year; of bad loans that are still owed "
        f"{lgd / 10_000:g} % counts as lost; what good loans have yet to earn does not count."
    )
