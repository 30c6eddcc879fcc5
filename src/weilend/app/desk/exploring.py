"""In: a view of the book, a policy, applications. Out: what exploring has cost this month so far. Used: before a decision.

A loan that was made to learn counts in the month of its decision with what it is taken to lose, until it lost more or is settled;
a later loss beyond that counts in the month in which it shows. So every fen is counted once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from weilend.app.desk.whatif.loan_money import lost_for_good_fen
from weilend.core.calendars import Calendar, first_of_month
from weilend.core.ids import draw_ppm
from weilend.core.values import Application, Standing
from weilend.decision import Policy
from weilend.decision.parts import Experiment, LossBudget
from weilend.engine import BookView
from weilend.features.loans import PAID_STATES


class Explored(msgspec.Struct, frozen=True):
    """An approval in an exploring arm: when it was given, its ceiling, what its loans lost so far, whether they are settled.

    >>> Explored(0, 1_000, 0, settled=False).ceiling_fen
    1000
    """

    at: int
    ceiling_fen: int
    lost_fen: int
    settled: bool


def with_spent(
    policy: Policy, applications: Sequence[Application], standings: Sequence[Standing], view: BookView, calendar: Calendar
) -> tuple[Standing, ...]:
    """Return standings with what each exploring experiment with a budget has cost in the month of the application.

    Of applications that are decided together the earlier ones count as if they had been lent the most wherever they draw an
    exploring arm: none of them is in the book yet.
    """
    budgets = [one for one in policy.experiments if one.budget is not None]
    if not budgets:
        return tuple(standings)
    spent = {
        as_of: {one.name: spent_fen(view, policy.product, one, as_of, calendar) for one in budgets}
        for as_of in {one.as_of for one in applications}
    }
    ahead = Counter[tuple[int, str]]()
    found = []
    for application, standing in zip(applications, standings, strict=True):
        month, so_far = calendar.month_of(application.as_of), spent[application.as_of]
        now = {name: fen + ahead[month, name] for name, fen in so_far.items()}
        found.append(msgspec.structs.replace(standing, spent_fen=now))
        for one in budgets:
            if draw_ppm(one.salt, standing.drawn_by) >= one.arms[0].share_ppm:
                ahead[month, one.name] += one.most_expected_fen
    return tuple(found)


def spent_fen(view: BookView, product: str, experiment: Experiment, as_of: int, calendar: Calendar) -> int:
    """Return what an experiment with a budget has cost in the calendar month of an instant, as known then; 0 without a budget."""
    budget = experiment.budget
    if budget is None:
        return 0
    start = calendar.start_of(first_of_month(calendar.month_of(as_of)))
    before, now = (_explored(view, product, experiment, at) for at in (start - 1, as_of))
    return sum(_charge(one, before.get(name), start, budget) for name, one in now.items())


def _charge(one: Explored, before: Explored | None, start: int, budget: LossBudget) -> int:
    expected = budget.expected_fen(one.ceiling_fen)
    if one.at >= start:
        return one.lost_fen if one.settled else max(expected, one.lost_fen)
    counted = max(expected, before.lost_fen if before else 0)
    return max(one.lost_fen - counted, 0)


def _explored(view: BookView, product: str, experiment: Experiment, at: int) -> dict[str, Explored]:
    """Return the approvals in exploring arms by application, as known at an instant."""
    arms = {f"{experiment.name}={arm.name}" for arm in experiment.arms[1:]}
    columns = ("application_id", "product", "outcome", "ceiling_fen", "arms", "happened_at")
    table = view.read("decision", as_of=at, columns=columns)
    table = table.filter(pc.and_(pc.equal(table["product"], product), pc.equal(table["outcome"], "approve")))
    approved = {row["application_id"]: row for row in table.to_pylist() if not arms.isdisjoint((row["arms"] or "").split())}
    if not approved:
        return {}
    loans: dict[str, list[str]] = {}
    for row in _among(view, "disbursement", "application_id", approved, at):
        loans.setdefault(row["application_id"], []).append(row["loan_id"])
    every = {loan for some in loans.values() for loan in some}
    last = {row["loan_id"]: row for row in _among(view, "loan_state", "loan_id", every, at)}
    return {
        name: Explored(
            at=row["happened_at"],
            ceiling_fen=row["ceiling_fen"] or 0,
            lost_fen=sum(lost_for_good_fen(last[loan]) for loan in loans.get(name, ()) if loan in last),
            settled=name in loans and all(last.get(loan, {}).get("state") in PAID_STATES for loan in loans[name]),
        )
        for name, row in approved.items()
    }


def _among(view: BookView, kind: str, column: str, names: Any, at: int) -> list[dict[str, Any]]:
    """Return the rows of a kind that name some of these, oldest first, as known at an instant."""
    table = view.read(kind, as_of=at)
    table = table.filter(pc.is_in(table[column], value_set=pa.array(sorted(names), pa.string())))
    return list(table.sort_by([("happened_at", "ascending"), ("seq", "ascending")]).to_pylist())
