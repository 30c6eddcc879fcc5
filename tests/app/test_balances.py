"""Lines that came straight to the book are compared as a reader of the statement would have: once, and as known then."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.app.desk.home import Home, open_home
from weilend.app.desk.intake.balances import CHECK, FACTS, check_balances
from weilend.core.values import Application
from weilend.testing.loans import HOME, Fact, as_tables, fact

FIRST = date(2019, 1, 1)
AS_OF = HOME.start_of(date(2019, 6, 1))


def asks(name: str, as_of: int = AS_OF) -> Application:
    return Application(application_id=name, product="p", business_id="B1", as_of=as_of, consent_id="own-data")


def lines(amounts: list[int], *, account: str = "a", larger: dict[int, int] | None = None) -> list[Fact]:
    """Lines of an account, one a day from FIRST on; those of `larger` were written larger, and the balances not mended."""
    balances = 10**9 + np.cumsum(amounts)
    return [
        fact(
            "bank_entry", f"{account} {place}", FIRST + timedelta(days=place), business_id="B1", account_id=account,
            direction="in" if amount > 0 else "out", amount_fen=abs(amount) + (larger or {}).get(place, 0),
            balance_fen=int(balances[place]), counterparty_kind="business", nature="trade",
        )
        for place, amount in enumerate(amounts)
    ]  # fmt: skip


def home_of(folder: Path, facts: list[Fact]) -> Home:
    home = open_home(folder / "home")
    home.book.append(as_tables(facts))
    return home


def said(home: Home) -> list[tuple[str, bool, int, int]]:
    rows = home.book.view().read(FACTS).to_pylist()
    assert {row["known_basis"] for row in rows} <= {"reconstructed"}
    return sorted((row["account_id"], row["holds"], row["checked_count"], row["failed_count"]) for row in rows)


amounts = st.lists(st.integers(-5_000, 5_000).filter(bool), min_size=3, max_size=12)


@settings(max_examples=15, deadline=None)
@given(amounts, amounts, st.data())
def test_accounts_run_unless_a_line_was_written_larger(first, second, data):
    place = data.draw(st.integers(1, len(second) - 1))
    with TemporaryDirectory() as name:
        home = home_of(Path(name), [*lines(first), *lines(second, account="b", larger={place: 700})])
        assert check_balances(home, (asks("A1"),)) == 2
        assert said(home) == [("a", True, len(first) - 1, 0), ("b", False, len(second) - 1, 1)]


def test_only_what_was_known_and_lay_within_a_year_is_compared(tmp_path: Path) -> None:
    home = home_of(tmp_path, lines([100] * 40, larger={1: 5, 30: 5}))
    early = asks("A0", HOME.start_of(FIRST + timedelta(days=20)))
    late = asks("A1", HOME.start_of(FIRST + timedelta(days=370)))
    assert check_balances(home, (early, late)) == 2
    assert said(home) == [("a", False, 19, 1), ("a", False, 34, 1)]


def test_what_a_reader_has_compared_is_left_alone(tmp_path: Path) -> None:
    read = fact(FACTS, "k", FIRST, business_id="B1", check_name=CHECK, holds=True)
    home = home_of(tmp_path, [*lines([100] * 5, larger={2: 5}), read])
    assert check_balances(home, (asks("A1"),)) == 0
    other = home_of(tmp_path / "other", lines([100] * 5, larger={2: 5}))
    assert check_balances(other, (asks("A1"),)) == 1
    assert check_balances(other, (asks("A1"),)) == 0
