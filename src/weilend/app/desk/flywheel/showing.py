"""In: the ground, applications. Out: who applies, what he shows, and that as a policy reads it. Used: by months, rivals,
results.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from weilend.app.desk.flywheel.ground import FLYWHEEL, OWN, Ground, fold_own
from weilend.app.desk.flywheel.policies import GRADES, Answers, draws_of, raw_columns
from weilend.app.desk.flywheel.reaching import Contacts
from weilend.app.desk.flywheel.rows import Rows
from weilend.decision import Evaluator
from weilend.engine.columns import Array, Texts
from weilend.lending import Product
from weilend.models.table import Booleans, Integers


def applicants(ground: Ground, month: int, contacts: Contacts) -> Integers:
    """Return who applies in a month: who comes by himself and was not put off, and who was reached and moved."""
    asked = ground.asked
    here = np.flatnonzero(asked.month == month)
    reached = contacts.includes(asked.district[here], asked.user[here])
    comes = np.where(asked.caused[here], reached, ~(asked.put_off[here] & reached))
    return here[comes]


def rows_of(ground: Ground, rows: Integers, *, own: bool) -> Rows:
    """Return what applications show: what was folded of the world, and (`own`) how their firms paid us so far."""
    values, known = ground.shown.values[rows], ground.shown.known[rows]
    newest = {kind: seen.newest_days[rows] for kind, seen in ground.shown.seen.items()}
    paid, told = np.zeros((len(rows), len(OWN)), np.int64), np.zeros((len(rows), len(OWN)), np.bool_)
    if own and len(rows):
        table = fold_own(ground, rows)
        paid, told = table.values, table.known
        newest |= {kind: seen.newest_days for kind, seen in table.seen.items()}
    asked = ground.asked
    alerted = np.array([ground.verdicts[row].status == "alert" for row in rows.tolist()], np.bool_)
    return Rows(
        tuple(one.name for one in FLYWHEEL.features), tuple(one.sign for one in FLYWHEEL.features),
        np.concatenate([values, paid], axis=1), np.concatenate([known, told], axis=1),
        tuple(asked.business[row] for row in rows.tolist()), asked.at[rows], alerted, newest,
    )  # fmt: skip


def of_product(ground: Ground, rows: Integers, name: str) -> Integers:
    """Return which of some applications (places among `rows`) are for a product."""
    product = ground.asked.product
    return np.array([place for place, row in enumerate(rows.tolist()) if product[row] == name], np.int64)


def whole(parts: list[Rows]) -> Rows:
    """Return rows of several months as one; how old their newest records were is left out: only deciding asks for it."""
    first = parts[0]
    return Rows(
        first.names, first.signs, np.concatenate([one.values for one in parts]), np.concatenate([one.known for one in parts]),
        tuple(name for one in parts for name in one.business), np.concatenate([one.at for one in parts]),
        np.concatenate([one.alerted for one in parts]),
    )  # fmt: skip


def monthly_fen(shown: Rows) -> Integers:
    """Return the money from trade, by bank and in wallets, in a month of the last year, as the policy reckons it."""
    at = shown.names.index("inflow_with_wallets_fen_12m")
    monthly: Integers = np.maximum(np.where(shown.known[:, at], shown.values[:, at], 0), 0) // 12
    return monthly


def find_thin(shown: Rows, *, step_count: int = 2**62) -> Booleans:
    """Return who has a thin file: no bureau file of the owner, or less than a year of money from trade; and who has not yet paid us
    `step_count` instalments.
    """

    def column(name: str, missing: int) -> Integers:
        at = shown.names.index(name)
        return np.where(shown.known[:, at], shown.values[:, at], missing)

    thin: Booleans = (column("owner_no_file_180d", 1) == 1) | (column("inflow_months_active_12m", 0) < 12)
    return np.logical_and(thin, column("own_paid_count_730d", 0) < step_count)


def columns_of(evaluator: Evaluator, shown: Rows, pd: Integers | None) -> dict[str, Array]:
    """Return what a compiled policy reads of rows."""
    facts: dict[str, Array | None] = {"pd_ppm": pd, **draws_of(evaluator.policy, shown.business)}
    facts["fraud_status"] = Texts.of(pa.array(np.where(shown.alerted, "alert", "not_assessed")))
    wanted = {field.name for field in evaluator.program.inputs.values()}
    place = {name: at for at, name in enumerate(shown.names)}
    names = [name for name in shown.names if name in wanted]
    chosen = [place[name] for name in names]
    return raw_columns(names, shown.values[:, chosen], shown.known[:, chosen], facts)


def explored(answers: Answers, look_fen: int) -> Booleans:
    """Return which rows were lent to by chance although they were judged otherwise: at most `look_fen`."""
    looked = np.array([arm == "lent_to_learn" for arm in answers.arms["exploring"]], np.bool_)
    return looked & answers.approved & (answers.ceiling_fen <= look_fen)


def grades_of(pd_ppm: Integers, product: Product) -> tuple[str, ...]:
    """Return the grade of each PD by the product's bands.

    >>> from weilend.app.desk.flywheel.policies import load_first_loan
    >>> grades_of(np.array([10_000, 999_999]), load_first_loan().product)
    ('A', 'H')
    """
    bounds = [product.grades[name] for name in GRADES]
    return tuple(GRADES[at] for at in np.searchsorted(bounds, pd_ppm, side="right").tolist())
