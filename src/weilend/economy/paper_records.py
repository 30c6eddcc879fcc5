"""In: invoices and months. Out: records of invoices, tax returns and books. Used: by `tell_district`.

An invoice of two firms of the district is told twice, once by each. What is void is known as void when the month ends, for that
is how long it may be voided; until then it was valid.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import first_of_month
from weilend.core.records import FAR_FUTURE
from weilend.economy.firms import Bools, Firms, Floats, Ints
from weilend.economy.money_records import party_ids
from weilend.economy.months import Months, logistic, to_fen
from weilend.economy.plan import WorldPlan
from weilend.economy.raw import Papers, rows_of
from weilend.economy.traces import TRUTH, dates, instant, mark, named, scrambled, some, tell, words

_SOURCE = "e_tax_invoice_pool"
#: VAT is due on the 15th of the next month (domain 1.5), the quarter's of small-scale taxpayers on the 15th after it.
_DUE_DAY = 15
#: Standard accounts of small firms that a month's voucher moves (小企业会计准则, unchecked).
_ACCOUNTS = (
    ("1002", "asset"),
    ("5001", "revenue"),
    ("5401", "cost"),
    ("1002", "asset"),
    ("5602", "expense"),
    ("1002", "asset"),
)


def tell_papers(plan: WorldPlan, district: int, firms: Firms, papers: Papers) -> dict[str, list[pa.Table]]:
    """Return the records of invoices, of those who issued and of those who received them."""
    number = scrambled(np.arange(len(papers.day)) + district * 10**8, plan.seed + 31)
    sides = (("sale", papers.seller, papers.buyer), ("purchase", papers.buyer, papers.seller))
    tables, made = [], []
    for direction, own, other in sides:
        mine = np.flatnonzero(own >= 0)
        first, again, seen = _tell_side(
            plan, district, firms, rows_of(papers, mine), own[mine], other[mine], number[mine], direction
        )
        tables += [first, again]
        pattern = papers.pattern[mine]
        made += [mark("invoice", first, pattern[seen]), mark("invoice", again, pattern[papers.void[mine]])]
    return {"invoice": tables, TRUTH: made}


def _tell_side(
    plan: WorldPlan, district: int, firms: Firms, papers: Papers, own: Ints, other: Ints, number: Ints, direction: str
) -> tuple[pa.Table, pa.Table, Bools]:
    known = pa.array(firms.code)
    outside = party_ids(plan, district, np.where(other >= 0, -1, papers.party))
    inside = known.take(pa.array(np.maximum(other, 0), mask=other < 0))
    columns = {
        "business_id": known.take(pa.array(own)),
        "counterparty_id": pc.coalesce(inside, outside),
        "direction": direction,
        "number": named("25", number % 10**15, 18),
        "net_fen": papers.net,
        "tax_fen": papers.tax,
        "gross_fen": papers.net + papers.tax,
    }
    at = instant(papers.day, papers.second)
    month = np.searchsorted(plan.first_days, papers.day, side="right") - 1
    day_end, month_end = instant(papers.day), instant(plan.first_days[month + 1] - 1)
    key = ("business_id", "direction", "number")
    seen = ~papers.void | (day_end < month_end)  # what is void by the end of its day was never known as valid
    replaced = np.where(papers.void, month_end, FAR_FUTURE)
    valid = {**some(columns, seen), "status": "valid"}
    first = tell("invoice", valid, at=at[seen], known_at=day_end[seen], source=_SOURCE, key=key, replaced_at=replaced[seen])
    void = {**some(columns, papers.void), "status": "void"}
    again = tell("invoice", void, at=at[papers.void], known_at=month_end[papers.void], source=_SOURCE, key=key)
    return first, again, seen


def tell_taxes(plan: WorldPlan, district: int, firms: Firms, months: Months) -> dict[str, list[pa.Table]]:
    """Return the VAT returns: monthly of companies, quarterly of sole traders who issue invoices, filed by the 15th or late.

    Lines keep the identities of the form: what is payable is output less what of the input can be deducted, the rest is carried
    on.
    """
    c, dice = plan.constants, plan.dice("taxes", district)
    evasion = c["evasion_mean"] * np.exp(c["evasion_discipline"] * firms.discipline + 0.5 * dice.standard_normal(len(firms)))
    tables = []
    for rows, step in ((firms.has_invoices & firms.is_company, 1), (firms.has_invoices & ~firms.is_company, 3)):
        firm = np.flatnonzero(rows)
        if len(firm):
            tables.append(_tell_returns(plan, dice, firms, months, firm, np.clip(1 - evasion[firm], 0.2, 1.0), step))
    return {"tax_filing": tables}


def _tell_returns(
    plan: WorldPlan, dice: np.random.Generator, firms: Firms, months: Months, firm: Ints, honest: Floats, step: int
) -> pa.Table:
    c, periods = plan.constants, plan.months // step
    sales = months.sales[firm, : periods * step].reshape(len(firm), periods, step).sum(axis=2) * honest[:, None]
    alive = months.open[firm, : periods * step].reshape(len(firm), periods, step).any(axis=2)
    declared = to_fen(sales * np.exp(0.05 * dice.standard_normal(sales.shape)))
    rate = 130_000 if step == 1 else 10_000
    output = declared * rate // 10**6
    bought = to_fen(sales * firms.goods[firm][:, None] * np.exp(0.12 * dice.standard_normal(sales.shape)))
    taxed = bought * rate // 10**6 if step == 1 else np.zeros_like(bought)
    forward, credit = np.zeros_like(output), np.zeros(len(firm), np.int64)
    for number in range(periods):
        forward[:, number] = credit
        credit = np.maximum(credit + taxed[:, number] - output[:, number], 0)
    payable = np.maximum(output - taxed - forward, 0)
    carried = np.maximum(forward + taxed - output, 0)
    short = months.short[firm, : periods * step].reshape(len(firm), periods, step).any(axis=2)
    late = dice.random(sales.shape) < logistic(
        c["late_return_base"] + c["late_return_discipline"] * firms.discipline[firm][:, None] + c["late_return_strain"] * short
    )
    late_days = np.where(late, 1 + dice.geometric(0.08, sales.shape), 0)
    arrears = np.where(late & (dice.random(sales.shape) < 0.4), payable, 0)
    place, period = np.nonzero(alive)
    end = plan.first_days[(period + 1) * step] - 1
    due = end + _DUE_DAY
    filed = due - dice.integers(0, 12, len(place)) * (late_days[place, period] == 0) + late_days[place, period]
    over = filed < plan.first_days[plan.months]
    place, period, end, due, filed = place[over], period[over], end[over], due[over], filed[over]
    values = {"declared_sales_fen": declared, "taxed_sales_fen": declared, "output_tax_fen": output, "input_tax_fen": taxed,
              "brought_forward_fen": forward, "carried_forward_fen": carried, "payable_fen": payable, "arrears_fen": arrears,
              "late_days": late_days}  # fmt: skip
    columns = {
        "business_id": pa.array(firms.code[firm[place]]),
        "tax": "vat",
        "period_start_on": dates(plan.first_days[period * step]),
        "period_end_on": dates(end),
        "taxpayer": "general" if step == 1 else "small_scale",
        "due_on": dates(due),
        "is_correction": False,
        **{name: value[place, period] for name, value in values.items()},
        "credit_rating": words(("A", "B", "M", "C", "D"), _ratings(dice, firms.discipline[firm])[place]),
    }
    return tell(
        "tax_filing",
        columns,
        at=instant(filed),  # a return has a day and no hour
        source="e_tax_returns",
        key=("business_id", "tax", "period_end_on"),
    )


def _ratings(dice: np.random.Generator, discipline: Floats) -> Ints:
    """Return the tax office's rating: of 2018's taxpayers 4.9 % were A and 7 % D (domain 1.5), most B or M."""
    noisy = 0.55 * discipline + 0.84 * dice.standard_normal(len(discipline))
    return np.searchsorted([-1.655, -0.30, 0.50, 1.475], -noisy).astype(np.int64)


def tell_books(plan: WorldPlan, district: int, firms: Firms, months: Months) -> dict[str, list[pa.Table]]:
    """Return a monthly voucher of the firms whose books can be read: revenue, cost and expense against the bank."""
    dice = plan.dice("books", district)
    firm, month = np.nonzero(firms.has_books[:, None] & months.open[:, : plan.months])
    sales = to_fen(months.sales[firm, month] * np.exp(0.03 * dice.standard_normal(len(firm))))
    cost = to_fen(months.sales[firm, month] * firms.goods[firm] * np.exp(0.05 * dice.standard_normal(len(firm))))
    fixed = to_fen(firms.fixed[firm] * np.exp(0.08 * dice.standard_normal(len(firm))))
    none = np.zeros(len(firm), np.int64)
    lines = ((sales, none), (none, sales), (cost, none), (none, cost), (fixed, none), (none, fixed))
    end = plan.first_days[month + 1] - 1
    firsts = [first_of_month(plan.first_month + number) for number in range(plan.months)]
    tables = []
    for place, ((debit, credit), (account, sort)) in enumerate(zip(lines, _ACCOUNTS, strict=True)):
        columns = {
            "business_id": pa.array(firms.code[firm]),
            "entry": "voucher",
            "account_code": account,
            "account_class": sort,
            "debit_fen": debit,
            "credit_fen": credit,
            "voucher_id": words([f"{day:%Y%m}-记-1" for day in firsts], month),
            "line_no": place + 1,
        }
        known = instant(end + 15)  # a month is closed by the 15th of the next one, as sources say of books
        tables.append(
            tell(
                "ledger_line",
                columns,
                at=instant(end),
                known_at=known,
                source="books",
                key=("business_id", "voucher_id", "line_no"),
            )
        )
    return {"ledger_line": tables}
