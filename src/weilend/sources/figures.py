"""In: figures that a file says twice, in two ways. Out: `Compared`, whether they agree. Used: by reconcile, for tables of all
sorts.

Pure functions over NumPy integers in fen. A file that contradicts itself was edited, or read wrongly: both must be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

import msgspec
import numpy as np
import numpy.typing as npt

Fen = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Two ways to a figure: `checked` comparisons of which `failed` do not agree, and the figures where there is one of each.

    >>> Compared(check="running_balance", checked=3, failed=0).holds
    True
    """

    check: str
    checked: int
    failed: int
    what: str = ""
    expected_fen: int | None = None
    found_fen: int | None = None
    since: date | None = None
    until: date | None = None

    @property
    def holds(self) -> bool:
        """Whether all comparisons agree."""
        return self.failed == 0


def running_balance(signed: Fen, balances: Fen, known: Mask) -> Compared | None:
    """Compare each balance with the one before it plus what was booked since; None where there are not two balances.

    `signed` are amounts, above zero in; `known` says which lines give a balance. Lines stand in the order of booking.

    >>> running_balance(np.array([5, 3, -2]), np.array([105, 108, 107]), np.array([True, True, True])).failed
    1
    """
    every = bool(known.all())
    told = balances if every else balances[known]
    if len(told) < 2:
        return None
    steps = signed[1:] if every else np.diff(np.cumsum(signed)[known])
    failed = np.diff(told) != steps
    expected, found = int(told[0] + steps.sum()), int(told[-1])
    return Compared(
        check="running_balance", checked=len(steps), failed=int(failed.sum()), expected_fen=expected, found_fen=found
    )


def opening_and_closing(opening_fen: int, signed: Fen, closing_fen: int) -> Compared:
    """Compare the closing balance with the opening one plus all that was booked.

    >>> opening_and_closing(100, np.array([5, -2]), 103).holds
    True
    """
    expected = int(opening_fen + signed.sum())
    return Compared(
        check="statement_sums", checked=1, failed=int(expected != closing_fen), expected_fen=expected, found_fen=closing_fen
    )


def header_total(said_fen: int, found_fen: int, what: str) -> Compared:
    """Compare a sum that a file says of its rows with the rows.

    >>> header_total(28_50, 28_50, "in").holds
    True
    """
    return Compared(
        check="header_totals",
        what=what,
        checked=1,
        failed=int(said_fen != found_fen),
        expected_fen=said_fen,
        found_fen=found_fen,
    )


def header_count(said: int, found: int, what: str) -> Compared:
    """Compare a number of rows that a file says with the rows: `failed` is how many are missing or too many.

    >>> header_count(66, 10, "lines").failed
    56
    """
    return Compared(check="header_totals", what=what, checked=said, failed=abs(said - found))


def adds_up(net: Fen, tax: Fen, gross: Fen) -> Compared:
    """Compare amounts with tax with the sum of net amount and tax.

    >>> adds_up(np.array([100, 200]), np.array([13, 26]), np.array([113, 227])).failed
    1
    """
    failed = net + tax != gross
    expected, found = int((net + tax).sum()), int(gross.sum())
    return Compared(check="invoice_sums", checked=len(net), failed=int(failed.sum()), expected_fen=expected, found_fen=found)


def vouchers_balance(vouchers: npt.NDArray[np.int64], debit: Fen, credit: Fen) -> Compared:
    """Compare the debits of each voucher (a number from 0 for each line) with its credits.

    >>> vouchers_balance(np.array([0, 0, 1]), np.array([5, 0, 7]), np.array([0, 5, 0])).failed
    1
    """
    sides = [np.zeros(int(vouchers.max(initial=-1)) + 1, np.int64) for _ in range(2)]
    for side, amounts in zip(sides, (debit, credit), strict=True):
        np.add.at(side, vouchers, amounts)
    return Compared(
        check="voucher_balances",
        checked=len(sides[0]),
        failed=int((sides[0] != sides[1]).sum()),
        expected_fen=int(debit.sum()),
        found_fen=int(credit.sum()),
    )


def rolls_on(opening: Fen, debit: Fen, credit: Fen, closing: Fen) -> Compared:
    """Compare the closing balance of each account (debit above zero) with the opening one, plus debits, less credits.

    >>> rolls_on(np.array([100]), np.array([10]), np.array([30]), np.array([80])).holds
    True
    """
    expected = opening + debit - credit
    failed = int((expected != closing).sum())
    return Compared(
        check="trial_balance_rolls",
        checked=len(opening),
        failed=failed,
        expected_fen=int(expected.sum()),
        found_fen=int(closing.sum()),
    )


def statement_chain(statements: Sequence[tuple[date, date, int | None, int | None]]) -> list[Compared]:
    """Compare the statements of one account, (first day, last day, opening, closing) each, with those that follow.

    A gap is a span of days that no statement covers, an overlap one that two do; where one statement begins on the day after
    another ends, its opening balance is the other's closing one. `since` and `until` say the days; `what` is gap, overlap or
    seam. A gap over which the balances meet holds: many statements say no period but that of their lines, and on days without a
    line nothing moved.

    >>> january, march = (date(2020, 1, 1), date(2020, 1, 31), 0, 5), (date(2020, 3, 1), date(2020, 3, 31), 7, 9)
    >>> [(one.what, one.since, one.until, one.holds) for one in statement_chain([march, january])]
    [('gap', datetime.date(2020, 2, 1), datetime.date(2020, 2, 29), False)]
    >>> [one.holds for one in statement_chain([january, (*march[:2], 5, 9)])]
    [True]
    """
    found = []
    ordered = sorted(statements, key=lambda one: one[:2])
    for index, (first, _, opening, _) in enumerate(ordered[1:], start=1):
        covered_until, closing = max((one[1], one[3]) for one in _dated(ordered[:index]))
        day_after = covered_until + timedelta(days=1)
        if first > day_after:
            found.append(_gap(day_after, first - timedelta(days=1), None if closing == _UNKNOWN else closing, opening))
        elif first < day_after:
            until = min(covered_until, ordered[index][1])
            found.append(Compared(check="statement_sums", what="overlap", checked=1, failed=0, since=first, until=until))
        elif opening is not None and closing != _UNKNOWN:
            failed = int(opening != closing)
            found.append(
                Compared(
                    check="statement_sums",
                    what="seam",
                    checked=1,
                    failed=failed,
                    expected_fen=closing,
                    found_fen=opening,
                    since=first,
                )
            )
    return found


def _gap(since: date, until: date, closing: int | None, opening: int | None) -> Compared:
    """Return a span of days that no statement covers; the balances on its two sides are told where they are one."""
    if closing is None or closing != opening:
        return Compared(check="statement_sums", what="gap", checked=1, failed=1, since=since, until=until)
    return Compared(
        check="statement_sums",
        what="gap",
        checked=1,
        failed=0,
        expected_fen=closing,
        found_fen=opening,
        since=since,
        until=until,
    )


def digits_hold(texts: Iterable[str], check: Callable[[str], bool], what: str) -> Compared | None:
    """Count which identifiers hold their check digits; None where there are none.

    >>> digits_hold(["4111111111111111", "4111111111111112"], lambda text: text.endswith("1"), "bank card").failed
    1
    """
    held = [check(text) for text in texts]
    return Compared(check="check_digits", what=what, checked=len(held), failed=held.count(False)) if held else None


_UNKNOWN = -(2**62)


def _dated(statements: Sequence[tuple[date, date, int | None, int | None]]) -> list[tuple[date, date, int, int]]:
    return [
        (first, last, opening or 0, _UNKNOWN if closing is None else closing) for first, last, opening, closing in statements
    ]
