"""A log of decisions on a product, made up: applications near its cases, outcomes that follow the PD, a slice that explores."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from weilend.app.desk.backtest.history import evaluator_of
from weilend.core.money import PPM
from weilend.decision import load_policy
from weilend.decision.cases import case_values
from weilend.testing.applications import make_applications


def make_log(rows: int = 800, seed: int = 1, name: str = "enterprise_loan") -> pa.Table:
    evaluator = evaluator_of(load_policy(name))
    policy, rng = evaluator.policy, np.random.default_rng(seed)
    cases = [case_values(policy, case) for case in policy.cases if case.outcome == "approve"]
    table = make_applications(evaluator.program, rows, seed, cases)
    pd_ppm = (PPM / (1 + np.exp(3.0 - 0.9 * rng.normal(size=rows)))).astype(np.int64)
    share = table["top_customer_share_12m"].fill_null(0).to_numpy()
    one_big = np.where(rng.random(rows) < 0.4, rng.integers(700_000, 1_000_000, rows), share)
    for column, values in (("pd_ppm", pd_ppm), ("top_customer_share_12m", one_big)):
        table = table.set_column(table.column_names.index(column), column, pa.array(values))
    answers = [evaluator.answer(row) for row in table.to_pylist()]
    approved = np.array([one.outcome == "approve" for one in answers])
    slice_ = ~approved & (rng.random(rows) < 0.6)
    tried = slice_ & (rng.random(rows) < 0.3)
    taken = approved | tried
    chance = np.where(tried, 300_000, np.where(slice_, 700_000, PPM))
    ceiling = np.array([one.ceiling_fen or 10_000_000 for one in answers], dtype=np.int64)
    bad = rng.random(rows) < pd_ppm / PPM
    columns = {
        "owner_id": [f"O{number // 2}" for number in range(rows)],
        "region": rng.choice(["east", "west"], rows).tolist(),
        "logged_outcome": np.where(taken, "approve", "decline").tolist(),
        "logged_chance_ppm": chance,
        "logged_ceiling_fen": pa.array(ceiling, mask=~taken),
        "logged_rate_ppm": np.full(rows, 90_000),
        "bad": pa.array(bad, mask=~taken),
        "loss_fen": pa.array(np.where(bad, 65 * ceiling // 100, 0), mask=~taken),
        "profit_fen": pa.array(np.where(bad, -65 * ceiling // 100, 5 * ceiling // 100), mask=~taken),
    }
    for column, values in columns.items():
        table = table.append_column(column, values if isinstance(values, pa.Array) else pa.array(values))
    return table
