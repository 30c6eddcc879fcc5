"""Every number of the domain's chapter on schedules, day counts and cost; and the worked vectors, where the data is at hand."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from tests.real import worked_loans

from weilend.core.credit import (
    Method,
    Schedule,
    all_in_rate_ppm,
    annual_of_daily_ppm,
    interest_fen,
    irr,
    make_dated_schedule,
    make_schedule,
    round_half_up,
    schedule_of_rates,
    xirr_ppm,
    year_fraction,
)
from weilend.core.errors import InputError

PRINCIPAL_FEN = 10_000_000
DAY_COUNTS = {
    "ACT_360": "act_360",
    "ACT_365F": "act_365f",
    "ACT_ACT_ISDA": "act_act_isda",
    "THIRTY_U_360": "thirty_u_360",
    "THIRTY_E_360": "thirty_e_360",
}


def loan(method: Method, annual_rate_ppm: int = 180_000, principal_fen: int = PRINCIPAL_FEN) -> Schedule:
    return make_schedule(method, principal_fen, annual_rate_ppm=annual_rate_ppm, months=12)


@pytest.fixture(name="vectors")
def read_vectors() -> dict[str, Any]:
    return worked_loans()


def fen(yuan: float) -> int:
    return round(yuan * 100)


@pytest.mark.parametrize(
    ("method", "first_fen", "last_fen", "total_interest_fen"),
    [
        ("equal_instalment", 916_800, 916_799, 1_001_599),
        ("equal_principal", 983_333, 845_837, 975_000),
        ("interest_first", 150_000, 10_150_000, 1_800_000),
    ],
)
def test_schedules_of_100_000_yuan_at_18_percent(
    method: Method, first_fen: int, last_fen: int, total_interest_fen: int
) -> None:
    schedule = loan(method)
    assert schedule.instalments[0].due_fen == first_fen
    assert schedule.instalments[-1].due_fen == last_fen
    assert schedule.interest_fen == total_interest_fen


@pytest.mark.parametrize(
    ("name", "method"),
    [("equal_instalment_18pct_12m_100k", "equal_instalment"), ("equal_principal_18pct_12m_100k", "equal_principal")],
)
def test_worked_schedules_row_by_row(vectors: dict[str, Any], name: str, method: Method) -> None:
    schedule = loan(method)
    rows = [[row.number, row.due_fen, row.principal_fen, row.interest_fen, row.outstanding_fen] for row in schedule.instalments]
    assert rows == [[number, *map(fen, money)] for number, *money in vectors[name]["rows"]]
    assert schedule.interest_fen == fen(vectors[name]["total_interest"])


def test_worked_interest_first_row_by_row(vectors: dict[str, Any]) -> None:
    worked = vectors["interest_only_18pct_12m_100k"]
    schedule = loan("interest_first")
    assert [[row.number, row.due_fen] for row in schedule.instalments] == [[number, fen(due)] for number, due in worked["rows"]]
    assert schedule.interest_fen == fen(worked["total_interest"])


@pytest.mark.parametrize(
    ("annual_rate_ppm", "day_count", "dues_fen"),
    [
        (94_822, "thirty_e_360", [1_713] * 6),
        (156_780, "act_365f", [1_743] * 5 + [1_747]),
        (70_000, "thirty_e_360", [1_701] * 5 + [1_700]),
    ],
)
def test_schedules_of_an_open_source_ledger(annual_rate_ppm: int, day_count: Any, dues_fen: list[int]) -> None:
    """Apache Fineract's ProgressiveEMICalculatorTest: 100.00 over six months from 2024-01-01."""
    days = [date(2024, month, 1) for month in range(1, 8)]
    schedule = make_dated_schedule("equal_instalment", 10_000, annual_rate_ppm=annual_rate_ppm, days=days, day_count=day_count)
    assert [row.due_fen for row in schedule.instalments] == dues_fen


def test_interest_to_the_day_of_an_early_payoff() -> None:
    """The same test of Fineract: 83.57 outstanding at 7 %, paid off on 15 February, 14 of the month's 29 days."""
    assert interest_fen(8_357, 70_000, Fraction(1, 12) * Fraction(14, 29)) == 24


@pytest.mark.parametrize(("start", "end", "name", "expected"), [
    (date(2024, 1, 31), date(2024, 3, 1), "act_360", ".083333"),
    (date(2024, 1, 31), date(2024, 3, 1), "act_365f", ".082192"),
    (date(2024, 1, 31), date(2024, 3, 1), "act_act_isda", ".081967"),
    (date(2024, 1, 31), date(2024, 3, 1), "thirty_u_360", ".086111"),
    (date(2024, 1, 31), date(2024, 3, 1), "thirty_e_360", ".086111"),
    (date(2023, 11, 1), date(2024, 5, 1), "act_act_isda", ".497724"),  # ISDA's own worked example: 61/365 + 121/366
    (date(2007, 1, 15), date(2007, 1, 31), "thirty_u_360", ".044444"),
    (date(2007, 1, 15), date(2007, 1, 31), "thirty_e_360", ".041667"),
    (date(2024, 5, 5), date(2024, 5, 5), "act_act_isda", ".000000"),
])  # fmt: skip
def test_day_counts(start: date, end: date, name: Any, expected: str) -> None:
    assert f"{float(year_fraction(start, end, name)):.6f}" == f"0{expected}"


def test_worked_day_counts(vectors: dict[str, Any]) -> None:
    for start, end, years in vectors["daycount"]:
        found = {DAY_COUNTS[name]: year for name, year in years.items()}
        for name, year in found.items():
            counted = year_fraction(date.fromisoformat(start), date.fromisoformat(end), name)  # type: ignore[arg-type]
            assert float(counted) == pytest.approx(year, abs=1e-15), (start, end, name)


def test_interest_by_the_day_and_its_two_yearly_quotes(vectors: dict[str, Any]) -> None:
    worked = vectors["daily_interest"]
    daily_ppm = round(worked["daily_rate"] * 1e6)
    yearly_ppm = annual_of_daily_ppm(daily_ppm, days_per_year=360)
    assert yearly_ppm == round(worked["annual_360"] * 1e6) == 180_000
    assert annual_of_daily_ppm(daily_ppm, days_per_year=365) == round(worked["annual_365"] * 1e6) == 182_500
    assert interest_fen(worked["P"] * 100, yearly_ppm, Fraction(worked["days"], 360)) == fen(worked["interest_act"]) == 185_000


#: Case: flows in fen, nominal and effective rate in ppm. They were worked with twelve equal payments, the last like the others;
#: our schedules let the last one absorb the rounding, which is worth a ppm at most.
EMI = loan("equal_instalment")
COSTS = {
    "flat_fee_0.6pct_pm": ((-PRINCIPAL_FEN, *[893_333] * 12), 130_342, 138_417),
    "flat_fee_1pct_pm": ((-PRINCIPAL_FEN, *[933_333] * 12), 214_571, 236_983),
    "emi18": ((-PRINCIPAL_FEN, *[916_800] * 12), 180_000, 195_618),
    "emi18_plus_2pct_upfront_fee": ((200_000 - PRINCIPAL_FEN, *[916_800] * 12), 219_099, 242_497),
    "emi18_plus_guarantee_0.5pct_balance": (
        EMI.flows_fen(
            fees_fen=[round_half_up(Fraction(row.outstanding_fen + row.principal_fen, 200)) for row in EMI.instalments]
        ),
        240_000,
        268_242,
    ),
}
OURS = {
    "flat_fee_0.6pct_pm": loan("flat_fee", 72_000).flows_fen(),
    "flat_fee_1pct_pm": loan("flat_fee", 120_000).flows_fen(),
    "emi18": EMI.flows_fen(),
    "emi18_plus_2pct_upfront_fee": EMI.flows_fen(upfront_fee_fen=200_000),
}


@pytest.mark.parametrize("name", COSTS)
def test_all_in_rates(name: str) -> None:
    flows, nominal_ppm, effective_ppm = COSTS[name]
    for worked in (flows, OURS.get(name, flows)):
        allowed_ppm = 0 if worked is flows else 1
        assert abs(all_in_rate_ppm(worked, "nominal") - nominal_ppm) <= allowed_ppm
        assert abs(all_in_rate_ppm(worked, "effective") - effective_ppm) <= allowed_ppm


def test_all_in_rates_are_the_worked_ones(vectors: dict[str, Any]) -> None:
    for name, (flows, nominal_ppm, effective_ppm) in COSTS.items():
        worked = vectors["apr"][name]
        assert float(irr(flows)) == pytest.approx(worked["irr_month"], abs=1e-8), name
        assert (nominal_ppm, effective_ppm) == (round(worked["apr_nominal"] * 1e6), round(worked["apr_effective"] * 1e6))


def test_the_rate_of_dated_flows() -> None:
    """0.19651519982718324 by pyxirr, monthly from 2025-01-15."""
    days = [date(2025 + month // 12, month % 12 + 1, 15) for month in range(13)]
    assert xirr_ppm(list(zip(days, loan("equal_instalment").flows_fen(), strict=True))) == 196_515


def test_whether_a_cap_is_met_can_depend_on_the_convention() -> None:
    flows, _, _ = COSTS["emi18_plus_guarantee_0.5pct_balance"]
    assert all_in_rate_ppm(flows, "nominal") <= 240_000 < all_in_rate_ppm(flows, "effective")


def test_a_half_fen_is_rounded_up_and_not_lost_in_a_recurring_decimal() -> None:
    """60 fen at 10 % a year is exactly half a fen a month; a twelfth in decimals falls short of it."""
    assert make_schedule("interest_first", 60, annual_rate_ppm=100_000, months=1).interest_fen == 1


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: loan("equal_instalment", -1), "not negative"),
        (lambda: loan("equal_instalment", principal_fen=0), "a principal of 0 fen"),
        (lambda: loan("balloon"), "no schedule 'balloon'.*interest_first"),  # type: ignore[arg-type]
        (lambda: make_schedule("interest_first", 1, annual_rate_ppm=0, months=0), "0 months are no schedule"),
        (lambda: make_schedule("interest_first", 1, annual_rate_ppm=0, months=10**9), "months are no schedule"),
        (lambda: schedule_of_rates("interest_first", 1, ()), "needs 1 to 600 periods"),
        (lambda: year_fraction(date(2024, 1, 2), date(2024, 1, 1), "act_360"), "lies before"),
        (lambda: year_fraction(date(2024, 1, 2), date(2024, 1, 3), "act_1"), "no day count 'act_1'"),  # type: ignore[arg-type]
        (lambda: all_in_rate_ppm((-1, 2), "flat"), "no convention 'flat'"),  # type: ignore[arg-type]
        (lambda: irr(()), "no single rate"),
        (lambda: irr((0, 0)), "no single rate"),
        (lambda: irr((-5, 0)), "no single rate"),
        (lambda: irr((5, 1)), "no single rate"),
        (lambda: irr((5, -6)), "no single rate"),
        (lambda: irr((-5, 9, -1)), "no single rate"),
        (lambda: xirr_ppm([]), "no flows"),
        (lambda: xirr_ppm([(date(2024, 1, 1), -1), (date(2024, 1, 1), 1)]), "no single rate"),
        (lambda: loan("interest_first").flows_fen(fees_fen=(1,)), "1 fees for 12 instalments"),
    ],
)
def test_what_makes_no_sense_is_refused(call: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()
