from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.credit import Method, all_in_rate_ppm, irr, make_schedule, schedule_of_rates

METHODS: st.SearchStrategy[Method] = st.sampled_from(["equal_instalment", "equal_principal", "interest_first", "flat_fee"])
MONTHS = st.integers(1, 60)
RATES_PPM = st.integers(0, 1_000_000)


@given(
    method=METHODS,
    principal_fen=st.integers(1, 10**13),
    rates=st.lists(st.fractions(0, 1, max_denominator=10**6), min_size=1, max_size=40),
)
def test_the_principal_is_repaid_to_the_fen_and_never_lent_again(
    method: Method, principal_fen: int, rates: list[Fraction]
) -> None:
    rows = schedule_of_rates(method, principal_fen, rates).instalments
    assert len(rows) == len(rates)
    assert sum(row.principal_fen for row in rows) == principal_fen
    assert rows[-1].outstanding_fen == 0
    outstanding = principal_fen
    for row in rows:
        assert row.principal_fen >= 0
        assert row.interest_fen >= 0
        outstanding -= row.principal_fen
        assert row.outstanding_fen == outstanding >= 0


@given(principal_fen=st.integers(10**5, 10**12), annual_rate_ppm=RATES_PPM, months=MONTHS)
def test_equal_instalments_are_equal_and_the_last_absorbs_the_rounding(
    principal_fen: int, annual_rate_ppm: int, months: int
) -> None:
    *equal, last = make_schedule("equal_instalment", principal_fen, annual_rate_ppm=annual_rate_ppm, months=months).instalments
    assert len({row.due_fen for row in equal}) <= 1
    drift = (1 + annual_rate_ppm / 12e6) ** months  # a fen in each row at most, compounded to the end
    assert all(abs(last.due_fen - row.due_fen) <= months * drift + 1 for row in equal)


@given(method=METHODS, principal_fen=st.integers(1, 10**12), months=MONTHS)
def test_without_a_rate_there_is_no_interest_and_no_cost(method: Method, principal_fen: int, months: int) -> None:
    schedule = make_schedule(method, principal_fen, annual_rate_ppm=0, months=months)
    assert schedule.interest_fen == 0
    assert all_in_rate_ppm(schedule.flows_fen(), "nominal") == all_in_rate_ppm(schedule.flows_fen(), "effective") == 0


@settings(deadline=None, max_examples=60)
@given(
    method=st.sampled_from(["equal_instalment", "equal_principal", "interest_first"]),
    principal_fen=st.integers(10**6, 10**11),
    annual_rate_ppm=RATES_PPM,
    months=MONTHS,
)
def test_the_rate_of_the_flows_is_the_contract_rate(
    method: Method, principal_fen: int, annual_rate_ppm: int, months: int
) -> None:
    flows = make_schedule(method, principal_fen, annual_rate_ppm=annual_rate_ppm, months=months).flows_fen()
    # A fen a month, on an outstanding that is half the principal on average, is this much of a yearly rate; and a ppm itself.
    rounding_ppm = 1 + 24 * 1_000_000 // principal_fen
    assert abs(all_in_rate_ppm(flows, "nominal") - annual_rate_ppm) <= rounding_ppm


@settings(deadline=None, max_examples=60)
@given(
    method=METHODS,
    annual_rate_ppm=st.integers(0, 500_000),
    months=st.integers(1, 36),
    upfront_fee_fen=st.integers(0, 2_000_000),
    fee_fen=st.integers(0, 50_000),
    more_fen=st.integers(100, 100_000),
)
def test_a_fee_more_costs_more(
    method: Method, annual_rate_ppm: int, months: int, upfront_fee_fen: int, fee_fen: int, more_fen: int
) -> None:
    schedule = make_schedule(method, 10_000_000, annual_rate_ppm=annual_rate_ppm, months=months)
    base = schedule.flows_fen(upfront_fee_fen=upfront_fee_fen, fees_fen=(fee_fen,) * months)
    upfront = schedule.flows_fen(upfront_fee_fen=upfront_fee_fen + more_fen, fees_fen=(fee_fen,) * months)
    monthly = schedule.flows_fen(upfront_fee_fen=upfront_fee_fen, fees_fen=(fee_fen + more_fen,) * months)
    for dearer in (upfront, monthly):
        assert all_in_rate_ppm(dearer, "nominal") > all_in_rate_ppm(base, "nominal")
        assert all_in_rate_ppm(dearer, "effective") > all_in_rate_ppm(base, "effective")


@settings(deadline=None, max_examples=60)
@given(
    paid_out=st.lists(st.integers(0, 10**13), min_size=1, max_size=5).filter(any),
    paid_back=st.lists(st.integers(0, 10**13), min_size=1, max_size=60).filter(any),
)
def test_bisection_always_ends_at_the_root(paid_out: list[int], paid_back: list[int]) -> None:
    """Whatever goes out and comes back: losing nearly all, gaining a billion-fold, long silences."""
    flows = (*(-fen for fen in paid_out), *paid_back)
    rate = irr(flows)
    assert rate > -1
    with localcontext(prec=100):
        aside = max(Decimal("1e-15"), abs(rate) * Decimal("1e-15"))
        below, above = (sum(fen / (1 + rate + shift) ** at for at, fen in enumerate(flows)) for shift in (-aside, aside))
        assert below > 0 > above
