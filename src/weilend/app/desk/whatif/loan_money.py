"""In: a view of the book, loans, an instant. Out: what each had brought and lost by then, in fen. Used: by the log of a home.

Counted is what came and went: interest, fees and penalties, less the cost of the money while it was out, less losses. Of a bad
loan that is still owed the product's assumed loss counts; what a good one is yet to earn does not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.money import PPM, mul_rate
from weilend.engine import BookView

_DAY: Final = 86_400
_YEAR_DAYS: Final = 365
_EARNED: Final = ("interest_fen", "fee_fen", "penalty_fen")


class LoanMoney(msgspec.Struct, frozen=True, kw_only=True):
    """What one loan did by an instant: money earned, what funding it cost, what is still owed, and what was lost for good, in fen.

    >>> LoanMoney(earned_fen=900, funding_fen=300, owed_fen=0, written_off_fen=0).profit_fen(bad=False, lgd_ppm=650_000)
    600
    >>> LoanMoney(earned_fen=900, funding_fen=300, owed_fen=1_000, written_off_fen=0).loss_fen(bad=True, lgd_ppm=650_000)
    650
    """

    earned_fen: int
    funding_fen: int
    owed_fen: int
    written_off_fen: int

    def loss_fen(self, *, bad: bool, lgd_ppm: int) -> int:
        """Return what was written off and not recovered, and of a bad loan that is still owed the share `lgd_ppm`."""
        return self.written_off_fen + (mul_rate(self.owed_fen, lgd_ppm) if bad else 0)

    def profit_fen(self, *, bad: bool, lgd_ppm: int) -> int:
        """Return what it brought, losses taken off."""
        return self.earned_fen - self.funding_fen - self.loss_fen(bad=bad, lgd_ppm=lgd_ppm)


def count_money(view: BookView, loans: Collection[str], known_by: int, funding_rate_ppm: int) -> dict[str, LoanMoney]:
    """Return what loans did as known by an instant (UTC seconds), by loan; those that were not paid out by then are left out.

    A fen that is out costs `funding_rate_ppm` a year of 365 days, until it is repaid, nothing is owed, or the instant comes.
    """
    paid = _by_loan(view, "repayment", loans, known_by)
    states = _by_loan(view, "loan_state", loans, known_by)
    opened = _by_loan(view, "disbursement", loans, known_by)
    return {
        loan: _money(rows, paid.get(loan, []), states.get(loan, []), known_by, funding_rate_ppm)
        for loan, rows in opened.items()
    }


def _money(
    opened: list[dict[str, Any]], paid: list[dict[str, Any]], states: list[dict[str, Any]], until: int, rate_ppm: int
) -> LoanMoney:
    last = states[-1] if states else {}
    ended = next((row["happened_at"] for row in states if row["outstanding_fen"] == 0), until)
    flows = [(row["happened_at"], row["principal_fen"]) for row in opened]
    flows += [(min(row["happened_at"], ended), -row["principal_fen"]) for row in paid]
    out_days = sum(fen * max((ended - at) // _DAY, 0) for at, fen in flows)
    still = sum(fen for _, fen in flows)
    return LoanMoney(
        earned_fen=sum(row[name] or 0 for row in paid for name in _EARNED) + sum(row["fees_fen"] or 0 for row in opened),
        funding_fen=out_days * rate_ppm // (_YEAR_DAYS * PPM),
        owed_fen=max(int(last.get("outstanding_fen", still)), 0),
        written_off_fen=lost_for_good_fen(last),
    )


def lost_for_good_fen(state: Mapping[str, Any]) -> int:
    """Return what the state of a loan says was written off, less what was recovered, with what that cost; never below 0.

    >>> lost_for_good_fen({"written_off_fen": 900, "recovered_fen": 200}), lost_for_good_fen({})
    (700, 0)
    """
    return max(
        (state.get("written_off_fen") or 0) - (state.get("recovered_fen") or 0) + (state.get("recovery_cost_fen") or 0), 0
    )


def _by_loan(view: BookView, kind: str, loans: Collection[str], known_by: int) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a kind by loan, oldest first, as known by an instant."""
    table = view.read(kind, as_of=known_by)
    among = pc.is_in(table["loan_id"], value_set=pa.array(sorted(loans), pa.string()))
    table = table.filter(pc.and_(among, pc.less_equal(table["happened_at"], known_by)))
    found: dict[str, list[dict[str, Any]]] = {}
    for row in _in_order(table):
        found.setdefault(row["loan_id"], []).append(row)
    return found


def _in_order(table: pa.Table) -> Iterator[dict[str, Any]]:
    yield from table.sort_by([("happened_at", "ascending"), ("seq", "ascending")]).to_pylist()
