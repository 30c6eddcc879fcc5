"""Tax features on returns written by hand, and on random ones: engines equal, ranges hold."""

from __future__ import annotations

from datetime import date

import pytest

from weilend.features.tax import TAX_FEATURES
from weilend.testing.bulk import random_records
from weilend.testing.facts import HOME, fact, measure, measure_facts

TODAY = date(2020, 1, 10)


def vat(filed: date, start: date, end: date, sales: int | None, **said):
    said = {"tax": "vat", "declared_sales_fen": sales, **said}
    return fact("tax_filing", filed, business_id="E1", period_start_on=start, period_end_on=end, **said)


def a_month(year: int, month: int) -> tuple[date, date]:
    ends = {1: 31, 2: 28, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}
    return date(year, month, 1), date(year, month, ends[month])


#: Filed in Jan 2018 (outside 12 and 24 months of Jan 2020 only by the 24 it opens), then in 2019.
RETURNS = [
    vat(date(2018, 1, 15), date(2017, 10, 1), date(2017, 12, 31), 500, payable_fen=50, credit_rating="B", late_days=0),
    vat(date(2019, 2, 14), *a_month(2019, 1), 1_000, payable_fen=30, late_days=0, output_tax_fen=130, input_tax_fen=100),
    # nothing known of payable: neither its sales nor its tax enter the burden
    vat(date(2019, 4, 20), *a_month(2019, 3), 1_000, late_days=5, arrears_fen=900),
    vat(date(2019, 6, 15), *a_month(2019, 5), 0, payable_fen=0, late_days=0, credit_rating="M", arrears_fen=0),
    # a quarter without sales
    vat(date(2019, 10, 15), date(2019, 7, 1), date(2019, 9, 30), 0, late_days=0, is_correction=True),
    vat(
        *(date(2019, 12, 15), *a_month(2019, 11), 3_000),
        payable_fen=90,
        late_days=2,
        brought_forward_fen=100,
        input_tax_fen=300,
        output_tax_fen=270,
        carried_forward_fen=130,
        credit_rating="D",
        taxpayer="general",
        late_fee_fen=7,
    ),
    # in January 2020, before the as_of: outside every window in months, inside those in days
    vat(date(2020, 1, 5), *a_month(2019, 12), 7_777, credit_rating="C", carried_forward_fen=0, late_days=40),
    # another tax: no sales, but arrears and delays count
    fact(
        *("tax_filing", date(2019, 7, 15)),
        business_id="E1",
        tax="corporate_income",
        period_start_on=date(2019, 1, 1),
        period_end_on=date(2019, 6, 30),
        revenue_fen=3_000,
        profit_fen=1_000,
        declared_sales_fen=9_999,
        arrears_fen=44,
        late_days=1,
        late_fee_fen=5,
    ),
    *(
        fact(
            *("tax_filing", date(2019, month, 15)),
            business_id="E1",
            tax="social_insurance",
            period_start_on=a_month(2019, month - 1)[0],
            period_end_on=a_month(2019, month - 1)[1],
            staff_count=staff,
            arrears_fen=0,
        )
        for month, staff in ((3, 10), (11, 4))
    ),
]

EXPECTED = {
    "tax_sales_fen_12m": 5_000,  # 1,000 + 1,000 + 0 + 0 + 3,000; not the income tax's 9,999, not January's
    "tax_sales_fen_24m": 5_500,  # January 2018 is the oldest of 24 months
    "tax_sales_change_12m": 200_000,  # filed Jul-Dec 3,000, Jan-Jun 2,000: 1,000 / 5,000
    "tax_sales_change_24m": 818_182,  # (5,000 - 500) / 5,500
    "tax_burden_12m": 30_000,  # (30 + 0 + 90) / (1,000 + 0 + 3,000)
    "tax_burden_24m": 37_778,  # (50 + 120) / 4,500
    "tax_input_to_output_12m": 1_000_000,  # (100 + 300) / (130 + 270)
    "tax_carried_forward_share_365d": 325_000,  # 130 / (100 + 300); January's return does not say what it brought forward
    "tax_carried_forward_returns_share_12m": 1_000_000,  # the only one in 12 months that speaks of it
    "tax_profit_margin_730d": 333_330,  # 1,000 / 3,000 in steps of 10 ppm
    "tax_returns_12m": 5,
    "tax_days_since_last_return_24m": 26,  # 15 December to 10 January; January's own is not a complete month
    "tax_zero_returns_12m": 2,
    "tax_zero_return_share_12m": 572_093,  # days: May 31 and a quarter of 92 are 123; of 31 + 31 + 31 + 92 + 30 = 215
    "tax_late_returns_12m": 3,  # April, July (income tax), December
    "tax_late_return_share_24m": 428_571,  # 3 of the 7 in 24 months that say: Jan 2018, Feb, Apr, Jun, Jul, Oct, Dec
    "tax_late_days_12m": 8,  # 5 + 1 + 2
    "tax_longest_delay_days_730d": 40,  # days reach January
    "tax_late_fee_fen_24m": 12,
    "tax_arrears_fen_365d": 44,  # VAT's last word is 0 (June), income tax 44, social insurance 0
    "tax_arrears_most_fen_730d": 900,
    "tax_arrears_returns_24m": 2,
    "tax_corrections_12m": 1,
    "tax_correction_share_24m": 111_111,  # 1 of 9: six VAT, one income tax, two of social insurance
    "tax_rating_730d": 2,  # C, of January
    "tax_rating_worst_1095d": 1,  # D
    "tax_rating_change_1095d": -2,  # B is 4, C is 2
    "tax_general_taxpayer_730d": 1,
    "tax_insured_staff_365d": 4,
    "tax_insured_staff_change_365d": -6,
}


@pytest.fixture(scope="module")
def found():
    return measure_facts(TAX_FEATURES, {"tax_filing": RETURNS}, TODAY)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_tax_feature_is_what_the_returns_say(found, name):
    assert found[name] == EXPECTED[name]


def test_two_years_are_not_told_from_one():
    """Ten months of returns carry neither twelve nor twenty-four."""
    few = measure_facts(TAX_FEATURES, {"tax_filing": RETURNS[2:]}, TODAY)
    assert [few[name] for name in ("tax_sales_fen_12m", "tax_sales_change_24m")] == [None, None]
    assert few["tax_burden_12m"] == 30_000  # (0 + 90) / (0 + 3,000): the return without payable stays out above and below


@pytest.mark.parametrize("seed", range(3))
def test_engines_agree_on_random_returns_and_ranges_hold(seed):
    since, until = HOME.start_of(date(2017, 1, 1)), HOME.start_of(TODAY)
    tables = random_records(["tax_filing"], seed, rows=120, subjects=["E1"], since=since, until=until)
    found = measure(TAX_FEATURES, tables, TODAY)
    assert all(found[feature.name] is None or feature.lo <= found[feature.name] <= feature.hi for feature in TAX_FEATURES)
    assert sum(value is not None for value in found.values()) > len(found) // 2
