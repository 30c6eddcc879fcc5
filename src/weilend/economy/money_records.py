"""In: flows with their balances, settlements of shops. Out: records of bank and wallet. Used: by `tell_district`."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from weilend.core.records.money import BANK_NATURES, COUNTERPARTIES
from weilend.economy.accounts import LENDERS, Payouts
from weilend.economy.catalogue import catalogue
from weilend.economy.firms import Firms, Ints
from weilend.economy.months import to_fen
from weilend.economy.people import People, tokens
from weilend.economy.plan import WorldPlan
from weilend.economy.raw import Flows
from weilend.economy.shop_records import shop_ids
from weilend.economy.shops import Shops
from weilend.economy.traces import TRUTH, dates, instant, mark, maybe, named, scrambled, tell, words

_HOUR = 3_600


def account_ids(people: People, firm: Ints, day: Ints) -> tuple[Ints, pa.Array]:
    """Return the number and the code of the account that each firm uses on a local day."""
    number, place = np.unique(people.account.at(firm, day), return_inverse=True)
    return number[place], tokens("account", number).take(pa.array(place))


def party_ids(plan: WorldPlan, district: int, party: Ints) -> pa.Array:
    """Return the codes of parties: those from 10^12 on (lenders, platforms) are the same in every district."""
    local = (party >= 0) & (party < 10**12)
    return maybe(
        named("C", scrambled(np.where(local, party + (district << 24) * 4_099, np.maximum(party, 0)), plan.seed + 22), 15),
        party >= 0,
    )


def tell_bank(
    plan: WorldPlan, district: int, firms: Firms, people: People, flows: Flows, balance: Ints
) -> dict[str, list[pa.Table]]:
    """Return the lines of bank statements, known the next day, and a balance for each account and quarter."""
    number, account = account_ids(people, flows.firm, flows.day)
    columns = {
        "business_id": pa.array(firms.code[flows.firm]),
        "counterparty_id": party_ids(plan, district, flows.party),
        "account_id": account,
        "direction": words(("in", "out"), (flows.fen < 0).astype(np.int64)),
        "amount_fen": np.abs(flows.fen),
        "counterparty_kind": words(COUNTERPARTIES, flows.kind),
        "nature": words(BANK_NATURES, flows.nature),
        "holder": "business",
        "balance_fen": balance,
        "line_no": _line_numbers(flows),
        "lender_id": words([f"lender-{number:02d}" for number in range(LENDERS)], flows.lender),
        "has_time": True,
    }
    key = ("business_id", "account_id", "happened_on", "line_no")
    lines = tell("bank_entry", columns, at=instant(flows.day, flows.second), lag_days=1, source="bank_statement", key=key)
    balances = _tell_balances(plan, firms, number, account, flows, balance)
    return {"bank_entry": [lines], "statement_balance": [balances], TRUTH: [mark("bank_entry", lines, flows.pattern)]}


def _line_numbers(flows: Flows) -> Ints:
    """Return the place of each line among those of its account and day, from 1."""
    day = flows.firm * 100_000 + flows.day
    starts = np.flatnonzero(np.diff(day, prepend=-1))
    return np.arange(len(day)) - np.repeat(starts, np.diff(np.append(starts, len(day)))) + 1


def _tell_balances(plan: WorldPlan, firms: Firms, number: Ints, account: pa.Array, flows: Flows, balance: Ints) -> pa.Table:
    """Return a statement balance for every quarter in which an account moved."""
    month = np.searchsorted(plan.first_days, flows.day, side="right") - 1
    changes = np.diff(number, prepend=-1) != 0
    changes |= np.diff(flows.firm * 100 + month // 3, prepend=-1) != 0
    first = np.flatnonzero(changes)
    last = np.append(first[1:], len(changes)) - 1
    firm, quarter = flows.firm[last], month[last] // 3
    start, end = plan.first_days[3 * quarter], plan.first_days[np.minimum(3 * quarter + 3, plan.months)] - 1
    columns = {
        "business_id": pa.array(firms.code[firm]),
        "account_id": account.take(pa.array(last)),
        "period_start_on": dates(start),
        "period_end_on": dates(end),
        "holder": "business",
        "opening_fen": balance[first] - flows.fen[first],
        "closing_fen": balance[last],
        "lines_count": last - first + 1,
    }
    key = ("business_id", "account_id", "period_start_on", "period_end_on")
    return tell("statement_balance", columns, at=instant(end), lag_days=1, source="bank_statement", key=key)


def tell_wallets(
    plan: WorldPlan, district: int, firms: Firms, shops: Shops, payouts: Payouts, ad_share: float
) -> dict[str, list[pa.Table]]:
    """Return the lines of shops' wallets: what buyers paid, what went back, what the platform kept, what was paid out to the
    bank.
    """
    dice = plan.dice("wallets", district)
    ids, count = shop_ids(shops), len(payouts.shop)
    monthly = payouts.half % 2 == 1  # what was spent on advertising is taken with the second half
    ads = to_fen(ad_share * payouts.sales / 100 * np.exp(0.5 * dice.standard_normal(count))) * monthly
    out = payouts.sales - payouts.refunds - payouts.fee
    lines = (("in", "sale", payouts.sales), ("out", "refund", payouts.refunds), ("out", "fee", payouts.fee),
             ("out", "ad_spend", ads), ("neutral", "withdraw", out))  # fmt: skip
    platform = [one.wallet for one in catalogue().platforms]
    tables = []
    for place, (direction, nature, fen) in enumerate(lines):
        some = np.flatnonzero(fen > 0)
        shop = payouts.shop[some]
        columns = {
            "business_id": pa.array(firms.code[shops.firm[shop]]),
            "shop_id": ids.take(pa.array(shop)),
            "account_id": ids.take(pa.array(shop)),
            "wallet": words(platform, shops.platform[shop]),
            "direction": direction,
            "nature": nature,
            "status": "done",
            "amount_fen": fen[some],
            "holder": "business",
            "line_no": place + 1,
        }
        at = instant(payouts.day[some], 7 * _HOUR + place * 60)
        tables.append(
            tell("wallet_entry", columns, at=at, lag_days=1, source="wallet_bill", key=("account_id", "happened_on", "line_no"))
        )
    return {"wallet_entry": tables}
