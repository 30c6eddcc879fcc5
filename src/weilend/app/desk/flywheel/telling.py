"""In: a month done, a result. Out: rows of tables. Used: by `weilend sim run`."""

from __future__ import annotations

from weilend.app.desk.flywheel.results import Result
from weilend.app.desk.flywheel.run import MonthDone
from weilend.report import show

MONTH_COLUMNS = ("month", "contacts", "applied", "approved", "loans", "lent (yuan)", "bads known", "policy", "model", "lesson")
RESULT_COLUMNS = ("who", "approved", "loans", "lent", "profit", "bad", "fraud loss", "good firms pay")


def month_row(done: MonthDone) -> tuple[object, ...]:
    """Return a month as a row of the live table.

    >>> month_row(MonthDone(month=0, contacts=1, applications=2, approved=1, loans=1, lent_fen=500, policies=(1, 1), model="none",
    ...     bads_known=0, lesson=""))[:4]
    (1, 1, 2, 1)
    """
    return (done.month + 1, done.contacts, done.applications, done.approved, done.loans, done.lent_fen // 100, done.bads_known,
            " ".join(f"v{one}" for one in done.policies), done.model, done.lesson)  # fmt: skip


def result_rows(result: Result) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Return who earned what as columns and rows, in yuan."""
    return RESULT_COLUMNS, [
        (one.name, one.approved, one.loans, one.lent_fen // 100, one.profit_fen // 100, show(one.bad_ppm, "ppm"),
         one.fraud_lost_fen // 100, show(one.good_rate_ppm, "ppm"))
        for one in result.lines
    ]  # fmt: skip
