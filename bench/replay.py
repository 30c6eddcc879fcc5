"""In: a home with many receipts. Out: receipts replayed a second, from what they sealed and from the book. Used: `make bench`.

There is no peer: no open system replays a decision. What we ask of ourselves stands in its place. A receipt that is not identical
is a failure.
"""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from bench.measure import Row, agree, emit, plain_row
from weilend.app.desk.decide import decide
from weilend.app.desk.desk import Desk, open_desk
from weilend.app.desk.sealed import Sealed, keep_sealed, make_evaluator
from weilend.app.desk.steps import DeskSteps, Request
from weilend.core.values import Application
from weilend.economy.portfolio import make_portfolio, write_portfolio
from weilend.features.sets import FEATURE_SETS
from weilend.lending import load_product

PRODUCT = "enterprise_loan"
AT_ONCE = 1_000  # applications of one request
CONSENT = "own-data"
AS_OF = date(2020, 3, 1)
SEALED, BOOK = "what they sealed", "the book"
#: Receipts a second on one core that we ask for; reading the book again comes on top of deciding again.
ASKED = {SEALED: 5_000, BOOK: 300}


def rows(receipts: int = 5_000) -> list[Row]:
    """Return a row for each way of replaying, in receipts a second of processor time on one core."""
    with TemporaryDirectory() as name:
        desk = make_home(Path(name), receipts)
        return [_measure(desk, receipts, what, asked) for what, asked in ASKED.items()]


def make_home(folder: Path, receipts: int) -> Desk:
    """Return the desk of a home in which every firm of a made-up portfolio has been decided once."""
    desk = open_desk(folder / "home")
    known = max(receipts // 10, 1)
    portfolio = make_portfolio(1, with_history=known, without_history=receipts - known, months=12)
    write_portfolio(portfolio, folder / "exports", calendar=desk.home.calendar)
    desk.ingest(folder / "exports", consent=CONSENT)
    product = load_product(PRODUCT)
    features = FEATURE_SETS[product.feature_set]
    sealed = Sealed(make_evaluator(product, features), product, features, None)
    keep_sealed(desk.home, sealed, at=0)
    steps, firms = DeskSteps(desk.home, sealed), portfolio.truth["business_id"].to_pylist()
    as_of = desk.home.calendar.start_of(AS_OF)
    for start in range(0, receipts, AT_ONCE):
        asked = tuple(
            Application(application_id=f"A{firm}", product=PRODUCT, business_id=firm, as_of=as_of, consent_id=CONSENT)
            for firm in firms[start : start + AT_ONCE]
        )
        decide(steps, msgspec.json.encode(Request(f"R{start}", asked)))
    return desk


def _measure(desk: Desk, receipts: int, what: str, asked: int) -> Row:
    began = time.process_time()
    replayed = desk.replay(from_records=what == BOOK)
    per_second = receipts / (time.process_time() - began)
    agree("receipts identical", replayed.identical, receipts)
    work = f"replay {receipts:,} receipts from {what}"
    return plain_row(work, "per CPU s", per_second, "asked for", asked, check="all identical", higher=True)


if __name__ == "__main__":
    emit(rows)
