"""The audit catches what gives a world away, each kind of tell planted once; and is silent where nothing tells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from weilend.economy.audit.marginals import MAKERS, Fact, Marginal, facts
from weilend.economy.audit.tells import scan_ids, scan_kind
from weilend.economy.constants import draw_constants
from weilend.economy.traces import instant, named, scrambled, tell


def honest(seed: int, rows: int = 3_000) -> pa.Table:
    dice = np.random.default_rng(seed)
    day = 20_000 + dice.integers(0, 300, rows)
    columns = {
        "shop_id": named("S", scrambled(dice.integers(0, 50, rows), 1), 15),
        "buyer_id": named("U", scrambled(dice.integers(0, 900, rows), 2), 15),
        "order_id": named("", scrambled(np.arange(rows), 3), 15),
        "line_no": 1,
        "platform": "taobao",
        "status": "paid",
        "paid_fen": np.exp(dice.normal(9, 1, rows)).astype(np.int64) + 10,
    }
    return tell("order", columns, at=instant(day, dice.integers(0, 86_400, rows)), source="platform_orders", key=("order_id",))


def planted(name: str, table: pa.Table, made: np.ndarray) -> pa.Table:
    """The same table with one tell in the rows that fraud made."""
    paid, at = table["paid_fen"].to_numpy().copy(), table["happened_at"].to_numpy().copy()
    if name == "a round amount":
        paid[made] = paid[made] // 1_000 * 1_000 + 1_000
    if name == "one amount":
        paid[made] = 8_888
    if name == "a second":
        at[made] = at[made] // 60 * 60
    if name == "a null":
        return table.set_column(table.column_names.index("sku"), "sku", pa.array(np.where(made, "x", None), pa.string()))
    if name == "an id in order":
        ids = np.where(
            made, "0" + table["order_id"].to_numpy(zero_copy_only=False).astype(str).astype(object), table["order_id"]
        )
        return table.set_column(table.column_names.index("order_id"), "order_id", pa.array(ids.tolist(), pa.string()))
    if name == "a lag":
        known = table["known_at"].to_numpy() + np.where(made, 60, 0)
        return table.set_column(table.column_names.index("known_at"), "known_at", pa.array(known))
    table = table.set_column(table.column_names.index("paid_fen"), "paid_fen", pa.array(paid))
    return table.set_column(table.column_names.index("happened_at"), "happened_at", pa.array(at))


@pytest.mark.parametrize("name", ["a round amount", "one amount", "a second", "a null", "an id in order", "a lag"])
def test_a_planted_tell_is_caught(name):
    made, shops = np.arange(3_000) % 10 == 0, np.arange(3_000) // 10
    assert any(one.tells for one in scan_kind("order", planted(name, honest(1), made), made, shops, "fraud", {}))


@pytest.mark.parametrize("seed", range(5))
def test_nothing_tells_where_nothing_was_planted(seed):
    made, shops = np.arange(3_000) % 10 == 0, np.arange(3_000) // 10
    assert [one for one in scan_kind("order", honest(seed), made, shops, "fraud", {}) if one.tells] == []


def test_the_habits_of_three_firms_are_no_proof_and_those_of_thirty_are():
    made = np.arange(3_000) % 10 == 0
    table = honest(1)
    paid = table["paid_fen"].to_numpy() * np.where(made, 8, 1)
    table = table.set_column(table.column_names.index("paid_fen"), "paid_fen", pa.array(paid))
    told = [
        any(
            one.tells
            for one in scan_kind("order", table, made, np.where(made, np.arange(3_000) % firms, np.arange(3_000)), "x", {})
        )
        for firms in (3, 300)
    ]
    assert told == [False, True]


def test_what_is_shared_with_those_who_were_not_drawn_is_not_rare():
    """Rings are drawn whole, so both ends of their invoices are there; of honest ones only one end is, though both exist."""
    made = np.arange(3_000) % 10 == 0
    numbers = np.where(made, np.arange(3_000) // 20, np.arange(3_000) + 10_000)
    table = pa.table({"shop_id": ["S"] * 3_000, "order_id": [f"{one:06d}" for one in scrambled(numbers, 4) % 10**6]})
    shops, often = np.arange(3_000), {"order_id": np.full(3_000, 2)}

    def telling(**given):
        return [one.field for one in scan_kind("order", table, made, shops, "circular", {}, **given) if one.tells]

    assert telling() == ["order_id is common"]
    assert telling(often=often) == []


def test_ids_that_are_dealt_by_trait_are_caught_and_scrambled_ones_are_not():
    bad = np.arange(2_000) < 300
    dealt, mixed = named("B", np.arange(2_000), 6), named("B", scrambled(np.arange(2_000), 9), 15)
    found = {one.field: one.tells for one in scan_ids("bad", [dealt, mixed], ["dealt", "mixed"], bad)}
    assert found == {"dealt": True, "mixed": False}


def test_every_public_fact_has_a_measure_and_a_source():
    assert set(facts()) == set(MAKERS)
    assert all(one.lo <= one.hi and len(one.source) > 5 for one in facts().values())


def test_a_gap_is_measured_from_the_nearer_end():
    fact = Fact(name="x", about="x", zh="x", lo=100, hi=200, unit="ppm", source="made up")
    assert [Marginal(fact, found).gap for found in (50, 100, 150, 200, 300)] == [-500_000, 0, 0, 0, 500_000]


def test_the_published_audit_is_of_these_constants_and_every_world_passes():
    """Whoever changes a constant has to audit again: `weilend sim audit --drawn 10 --page docs/methodology/economy_audit.md`."""
    page = (Path(__file__).parents[2] / "docs" / "methodology" / "economy_audit.md").read_text(encoding="utf-8")
    assert draw_constants(0).identity() in page
    difficulty = page.split("## What reject inference")[0]
    rows = [line for line in difficulty.splitlines() if line.startswith(("| default ", "| drawn "))]
    assert len(rows) == 11
    assert all(row.rstrip(" |").endswith("yes") for row in rows)
