"""In: the book's rows of one loan, whoever wrote them. Out: its statement, and what in them contradicts itself. Used: by the desk.

A ledger keeps its own laws; rows that came from elsewhere (a world, a partner, an older system) may not. These are the laws that
rows alone can be held against: parts add up, no instalment is paid twice, what is outstanding is what was paid out less what was
repaid, and the days past due are those since the oldest instalment that is not covered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec

from weilend.core.money import show_percent, show_yuan
from weilend.lending.statement import STATES, Language

Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]
#: The kinds of rows that speak of a loan's money.
KINDS_OF_LOAN: Final = ("disbursement", "instalment_due", "repayment", "loan_state")
_OPEN: Final = ("current", "overdue")
_WORDS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "title": "Statement of account from the records: loan {loan}, {business}",
        "terms": "{amount} at {rate} a year, {count} instalments from {first} to {last}",
        "disbursement": "paid out",
        "instalment_due": "instalment {number} due",
        "repayment": "repayment",
        "reversal": "payment taken back",
        "loan_state": "{state}, {dpd} days past due, {left} outstanding",
        "head": "| Day | What happened | Money |",
    },
    "zh": {
        "title": "对账单（按账簿记录）：借据{loan}，{business}",
        "terms": "借款{amount}，年利率{rate}，共{count}期，{first}至{last}",
        "disbursement": "放款",
        "instalment_due": "第{number}期应还",
        "repayment": "还款",
        "reversal": "退票冲正",
        "loan_state": "{state}，逾期{dpd}天，未还本金{left}",
        "head": "| 日期 | 事项 | 金额 |",
    },
}


class Contradiction(msgspec.Struct, frozen=True):
    """What a loan's rows say against each other: the loan, the day, and the sentence.

    >>> Contradiction("L1", date(2024, 2, 1), "more was repaid than paid out").loan_id
    'L1'
    """

    loan_id: str
    on: date
    what: str


def check_rows_of(loan_id: str, rows: Rows) -> tuple[Contradiction, ...]:
    """Return what the rows of one loan say against each other; empty where all is sound. Rows are those in force.

    States before the last payment that was taken back are left out: they say what was known then.

    >>> paid_out = {"happened_on": date(2024, 1, 1), "principal_fen": 100}
    >>> state = {"happened_on": date(2024, 1, 31), "state": "current", "outstanding_fen": 99, "dpd": 0}
    >>> check_rows_of("L1", {"disbursement": [paid_out], "loan_state": [state]})[0].what
    '¥0.99 is outstanding, but ¥1 was paid out and ¥0 repaid'
    """
    found = (
        *_wrong_sums(rows.get("instalment_due", ()), "due_fen", ("principal_fen", "interest_fen", "fee_fen")),
        *_wrong_sums(rows.get("repayment", ()), "paid_fen", ("principal_fen", "interest_fen", "penalty_fen", "fee_fen")),
        *_paid_twice(rows),
        *_wrong_states(rows),
    )
    return tuple(Contradiction(loan_id, on, what) for on, what in found)


def _wrong_sums(rows: Sequence[Row], whole: str, parts: tuple[str, ...]) -> Iterator[tuple[date, str]]:
    """Yield rows whose parts do not make the whole; what an offset moves to a new schedule has no parts."""
    for row in rows:
        total = sum(row.get(part) or 0 for part in parts)
        if total != row[whole] and not (row.get("way") == "offset" and not total):
            yield row["happened_on"], f"{whole} is {show_yuan(row[whole])}, its parts make {show_yuan(total)}"


def _number(row: Row) -> tuple[Any, Any]:
    return row.get("due_on"), row.get("instalment_no")


def _paid_fen(row: Row) -> int:
    """Return what a payment covers of an instalment: penalties are no part of it."""
    return int(row["paid_fen"]) - (row.get("penalty_fen") or 0)


def _paid_twice(rows: Rows) -> Iterator[tuple[date, str]]:
    owed = {_number(row): row["due_fen"] for row in rows.get("instalment_due", ())}
    paid: dict[tuple[Any, Any], int] = {}
    for row in rows.get("repayment", ()):
        if not row.get("is_early_payoff"):
            paid[_number(row)] = paid.get(_number(row), 0) + _paid_fen(row)
    for name, fen in paid.items():
        if name in owed and fen > owed[name]:
            yield name[0], f"instalment {name[1]} was paid {show_yuan(fen)}, due were {show_yuan(owed[name])}"


def _wrong_states(rows: Rows) -> Iterator[tuple[date, str]]:
    bounced = [row["happened_on"] for row in rows.get("repayment", ()) if row.get("is_reversal")]
    since = max(bounced, default=date.min)
    for state in rows.get("loan_state", ()):
        on = state["happened_on"]
        if on < since:
            continue
        drawn = _sum(rows, "disbursement", on)
        repaid = _sum(rows, "repayment", on)
        left = drawn - repaid - (state.get("written_off_fen") or 0)
        if state["state"] in _OPEN and state["outstanding_fen"] != left:
            said = show_yuan(state["outstanding_fen"])
            yield on, f"{said} is outstanding, but {show_yuan(drawn)} was paid out and {show_yuan(repaid)} repaid"
        dpd = _dpd(rows, on)
        if state["state"] in _OPEN and state["dpd"] != dpd:
            yield on, f"{state['dpd']} days past due are told, by instalments and payments it is {dpd}"


def _sum(rows: Rows, kind: str, until: date) -> int:
    return sum(row["principal_fen"] for row in rows.get(kind, ()) if row["happened_on"] <= until)


def _dpd(rows: Rows, on: date) -> int:
    paid: dict[tuple[Any, Any], int] = {}
    for row in rows.get("repayment", ()):
        if row["happened_on"] <= on:
            paid[_number(row)] = paid.get(_number(row), 0) + _paid_fen(row)
    dues = rows.get("instalment_due", ())
    unpaid = [row["due_on"] for row in dues if row["due_on"] <= on and paid.get(_number(row), 0) < row["due_fen"]]
    return (on - min(unpaid)).days if unpaid else 0


def show_rows_of(loan_id: str, rows: Rows, language: Language) -> str:
    """Return the statement of account that a loan's rows make, in one language.

    >>> print(show_rows_of("L1", {"disbursement": [{"business_id": "E1", "happened_on": date(2024, 1, 1), "principal_fen": 100_00,
    ...     "annual_rate_ppm": 180_000, "instalments_count": 1, "first_due_on": date(2024, 2, 1), "matures_on": date(2024, 2, 1)}],
    ...     }, "zh"))
    对账单（按账簿记录）：借据L1，E1
    借款¥100，年利率18.00 %，共1期，2024-02-01至2024-02-01
    <BLANKLINE>
    | 日期 | 事项 | 金额 |
    |---|---|---:|
    | 2024-01-01 | 放款 | -¥100 |
    """
    words, first = _WORDS[language], next(iter(rows.get("disbursement", ())), None)
    business = next((row["business_id"] for kind in KINDS_OF_LOAN for row in rows.get(kind, ())), "")
    head = [words["title"].format(loan=loan_id, business=business)]
    if first:
        head.append(
            words["terms"].format(
                amount=show_yuan(first["principal_fen"]),
                rate=show_percent(first["annual_rate_ppm"]),
                count=first["instalments_count"],
                first=first["first_due_on"],
                last=first["matures_on"],
            )
        )
    every = [(row["happened_on"], place, kind, row) for place, kind in enumerate(KINDS_OF_LOAN) for row in rows.get(kind, ())]
    lines = (_line(on, kind, row, language) for on, _, kind, row in sorted(every, key=lambda one: one[:2]))
    return "\n".join([*head, "", words["head"], "|---|---|---:|", *lines])


def _line(on: date, kind: str, row: Row, language: Language) -> str:
    words = _WORDS[language]
    word = "reversal" if kind == "repayment" and row.get("is_reversal") else kind
    what = words[word].format(
        number=row.get("instalment_no"),
        state=STATES.get(row.get("state", ""), {}).get(language, row.get("state")),
        dpd=row.get("dpd"),
        left=show_yuan(row.get("outstanding_fen") or 0),
    )
    money = {
        "disbursement": -row.get("principal_fen", 0),
        "instalment_due": row.get("due_fen"),
        "repayment": row.get("paid_fen"),
    }
    fen = money.get(kind)
    return f"| {on} | {what} | {show_yuan(fen) if fen is not None else ''} |"
