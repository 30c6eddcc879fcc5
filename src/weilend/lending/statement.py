"""In: a contract and its events. Out: a statement of account in English or Chinese, line by line. Used: by doors and by stories."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal

import msgspec

from weilend.core.money import show_percent, show_yuan
from weilend.lending.account import LoanAccount
from weilend.lending.contract import Contract
from weilend.lending.events import Event
from weilend.lending.standing import Standing, stand
from weilend.lending.telling import live

Language = Literal["en", "zh"]

#: What each sort of event is called.
NAMES: Final[dict[str, dict[Language, str]]] = {
    "drawdown": {"en": "paid out", "zh": "放款"},
    "due": {"en": "instalment due", "zh": "应还款"},
    "fee": {"en": "fee", "zh": "费用"},
    "repayment": {"en": "repayment", "zh": "还款"},
    "prepayment": {"en": "early repayment, in part", "zh": "部分提前还款"},
    "payoff": {"en": "repaid in full", "zh": "结清"},
    "renewal": {"en": "renewed by another loan", "zh": "续贷"},
    "rate_change": {"en": "new rate", "zh": "利率调整"},
    "restructuring": {"en": "restructured", "zh": "重组"},
    "provision": {"en": "allowance set", "zh": "计提准备"},
    "write_off": {"en": "written off", "zh": "核销"},
    "recovery": {"en": "recovered", "zh": "核销后收回"},
    "reversal": {"en": "payment taken back", "zh": "退票冲正"},
}
#: What each state of a loan is called.
STATES: Final[dict[str, dict[Language, str]]] = {
    "current": {"en": "current", "zh": "正常"},
    "overdue": {"en": "overdue", "zh": "逾期"},
    "restructured": {"en": "restructured", "zh": "已重组"},
    "renewed": {"en": "renewed", "zh": "已续贷"},
    "settled": {"en": "settled", "zh": "已结清"},
    "settled_early": {"en": "settled early", "zh": "提前结清"},
    "written_off": {"en": "written off", "zh": "已核销"},
    "recovered": {"en": "recovered in part or whole", "zh": "核销后有收回"},
}
_TEXT: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "title": "Statement of account: loan {loan}, {business}",
        "terms": "{rate} a year, {count} instalments from {first} to {last}",
        "head": "| Day | What happened | Money | Due and unpaid | Principal left | Days past due |",
        "end": "On {day}: {state}, {dpd} days past due, {bucket}, class {name}; {left} of principal left, {due} due and unpaid.",
        "next": "Next: {fen} on {day}.",
    },
    "zh": {
        "title": "对账单：借据{loan}，{business}",
        "terms": "年利率{rate}，共{count}期，{first}至{last}",
        "head": "| 日期 | 事项 | 收付金额 | 到期未还 | 剩余本金 | 逾期天数 |",
        "end": "截至{day}：{state}，逾期{dpd}天，{bucket}，五级分类{name}；剩余本金{left}，到期未还{due}。",
        "next": "下一期：{day}应还{fen}。",
    },
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a statement: what happened on a day, the money that moved (in positive), and how the loan stood after it.

    >>> from weilend.lending.events import Drawdown
    >>> from weilend.lending.example import example_contract
    >>> drawn = Drawdown(event_id="D1", on=date(2024, 1, 1), amount_fen=10_000_000)
    >>> [(line.kind, line.money_fen, line.overdue_fen) for line in lines_of(example_contract(), [drawn], date(2024, 2, 1))]
    [('drawdown', -10000000, 0), ('due', 0, 916800)]
    """

    on: date
    event_id: str
    kind: str
    money_fen: int
    overdue_fen: int
    outstanding_fen: int
    dpd: int


def lines_of(contract: Contract, events: Sequence[Event], until: date) -> tuple[Line, ...]:
    """Return the lines of a loan's statement until the end of a day; raises `InputError` as `ledger.apply` does. See `Line`."""
    lines, cash = [], 0
    for account in live(contract, events, until):
        after = account.balances.get("cash", 0)
        event = account.history[-1]
        lines.append(
            Line(
                on=account.on,
                event_id=event.event_id,
                kind=event.kind,
                money_fen=after - cash,
                overdue_fen=account.owed.total,
                outstanding_fen=account.outstanding_fen,
                dpd=stand(account, account.on).dpd,
            )
        )
        cash = after
    return tuple(lines)


def show_statement(contract: Contract, events: Sequence[Event], until: date, language: Language) -> str:
    """Return a loan's statement of account in one language, as a table.

    >>> from weilend.lending.events import Drawdown
    >>> from weilend.lending.example import example_contract
    >>> drawn = Drawdown(event_id="D1", on=date(2024, 1, 1), amount_fen=10_000_000)
    >>> print(show_statement(example_contract(months=3), [drawn], date(2024, 1, 5), "zh"))
    对账单：借据L1，E1
    年利率18.00 %，共3期，2024-02-01至2024-04-01
    <BLANKLINE>
    | 日期 | 事项 | 收付金额 | 到期未还 | 剩余本金 | 逾期天数 |
    |---|---|---:|---:|---:|---:|
    | 2024-01-01 | 放款 | -¥100,000 | ¥0 | ¥100,000 | 0 |
    <BLANKLINE>
    截至2024-01-05：正常，逾期0天，C，五级分类正常；剩余本金¥100,000，到期未还¥0。
    下一期：2024-02-01应还¥34,338.30。
    """
    text = _TEXT[language]
    stages = list(live(contract, events, until))
    rows = (_row(line, language) for line in lines_of(contract, events, until))
    terms = {
        "loan": contract.loan_id,
        "business": contract.business_id,
        "rate": show_percent(contract.annual_rate_ppm),
        "count": len(contract.due_on),
        "first": contract.due_on[0],
        "last": contract.matures_on,
    }
    head = [text["title"].format(**terms), text["terms"].format(**terms), "", text["head"], "|---|---|---:|---:|---:|---:|"]
    return "\n".join([*head, *rows, "", *(_ending(stages[-1], until, language) if stages else ())])


def _row(line: Line, language: Language) -> str:
    money = show_yuan(line.money_fen) if line.money_fen else ""
    left, due = show_yuan(line.outstanding_fen), show_yuan(line.overdue_fen)
    return f"| {line.on} | {NAMES[line.kind][language]} | {money} | {due} | {left} | {line.dpd} |"


def _ending(account: LoanAccount, until: date, language: Language) -> list[str]:
    found: Standing = stand(account, until)
    words = {
        "day": until,
        "state": STATES[found.state][language],
        "dpd": found.dpd,
        "bucket": found.bucket,
        "name": found.risk_class.zh if language == "zh" else found.risk_class.name.replace("_", " "),
        "left": show_yuan(found.outstanding_fen),
        "due": show_yuan(found.overdue_fen),
    }
    lines = [_TEXT[language]["end"].format(**words)]
    if found.next_due_on and found.next_due_fen is not None:
        lines.append(_TEXT[language]["next"].format(fen=show_yuan(found.next_due_fen), day=found.next_due_on))
    return lines
