"""Tables of two columns on a card: found where columns interact, kept only where surely better, exported and printed to the bit."""

from __future__ import annotations

import importlib.util

import msgspec
import numpy as np
import pytest

from weilend.app.desk.flat.pairs import pair_charts, pair_rows
from weilend.core.ids import canonical_json
from weilend.core.values import FeatureRow
from weilend.models.card import Card, identity, score, strongest_reasons
from weilend.models.export import TARGETS, draw_proof, export_card, find_differences
from weilend.models.package import read_card
from weilend.models.pairing import Paired
from weilend.models.ranks import rank_auc
from weilend.models.recipes import flat_card
from weilend.models.recipes.woe_card import example_card
from weilend.models.sample import Column, Sample
from weilend.models.table import Table

HAS_ONNX = all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime"))


def crossed(seed: int = 1, rows: int = 2_000, *, strong: float = 1.2, signs: tuple[int, int] = (0, 0)) -> Sample:
    """Two numbers (one with a code and gaps) whose effect turns with each other and with a word; `strong` 0: they add up."""
    dice = np.random.default_rng(seed)
    x, use = dice.normal(size=(rows, 2)), dice.integers(0, 3, rows)
    danger = strong * np.sign(x[:, 0] * x[:, 1]) + 0.6 * x[:, 0] + np.array([0.0, 0.5, -0.5])[use] - 1
    values = np.column_stack([np.rint(x * 1000), use]).astype(np.int64)
    values[dice.random(rows) < 0.05, 0] = -9_000
    known = dice.random(values.shape) > 0.04
    columns = (
        Column(name="debt", specials=(-9_000,), sign=signs[0]),
        Column(name="age", sign=signs[1]),
        Column(name="use", kind="category", words=("经营", "it's", "other")),
    )
    return Sample(
        table=Table(("debt", "age", "use"), np.where(known, values, 0), known, tuple(map(str, range(rows)))), columns=columns,
        bad=(dice.random(rows) < 1 / (1 + np.exp(-danger))).astype(np.int64), weight=np.ones(rows), group=np.arange(rows),
        month=np.full(rows, -1),
    )  # fmt: skip


@pytest.fixture(scope="module")
def card() -> Card:
    return flat_card.fit(crossed(), seed=1)


def test_columns_that_turn_with_each_other_get_a_table_and_rank_what_was_not_seen(card, monkeypatch) -> None:
    assert {axis.feature for axis in card.pairs[0].axes} == {"debt", "age"}
    monkeypatch.setattr(flat_card, "choose_tables", lambda _sample, _bins, together, seed: Paired(together.scores))
    alone, other = flat_card.fit(crossed(), seed=1), crossed(2)
    assert not alone.pairs
    gain = rank_auc(other.bad, card.predict(other.table).points) - rank_auc(other.bad, alone.predict(other.table).points)
    assert gain > 0.05


def test_columns_that_add_up_get_none_and_the_card_is_the_one_it_was(monkeypatch) -> None:
    plain = crossed(3, 1_000, strong=0.0)
    card = flat_card.fit(plain, seed=1)
    monkeypatch.setattr(flat_card, "choose_tables", lambda _sample, _bins, together, seed: Paired(together.scores))
    assert flat_card.fit(plain, seed=1) == card
    assert b"pairs" not in canonical_json(card)


def test_a_card_without_pairs_keeps_its_hash_and_one_with_them_comes_back_whole(card) -> None:
    old = example_card()
    assert (old.model_id, identity(old)) == ("3b18d180c52f2dedf8201d64042070ef",) * 2
    assert read_card(canonical_json(card)) == card
    assert identity(msgspec.structs.replace(card, pairs=card.pairs[1:])) != card.model_id


def test_one_row_and_many_are_scored_alike_and_reasons_add_up(card) -> None:
    table = crossed(4, 60).table
    values = table.values.copy()
    values[0], values[1, 0] = (10**9, -(10**9), 7), -9_000
    table = Table(table.names, values, table.known, table.ids)
    said, told = card.predict(table), strongest_reasons(card, table, 3)
    names = set()
    for at in range(len(table)):
        cells = {name: int(v) if k else None for name, v, k in zip(table.names, values[at], table.known[at], strict=True)}
        one = score(card, FeatureRow(business_id="B", as_of=0, feature_set="f", values=cells))
        assert (one.points, one.pd_ppm) == (said.points[at], said.pd_ppm[at])
        assert one.points == one.base_points + sum(part.points for part in one.contributions)
        lost = {part.reason: part.lost for part in one.contributions}
        assert [lost[why] for why in told[at]] == sorted((cost for cost in lost.values() if cost), reverse=True)[:3]
        names |= {why.code for why in told[at]}
    assert card.pairs[0].name in names
    sentence = next(why for row in told for why in row if why.code == card.pairs[0].name)
    assert "together with" in sentence.en
    assert "，同时" in sentence.zh


@pytest.mark.parametrize("target", ["formula", "python", "onnx"])
def test_what_is_written_scores_as_the_card_does(card, target) -> None:
    if target == "onnx" and not HAS_ONNX:
        pytest.skip("the extra onnx is not installed")
    columns = tuple(item.feature for item in card.characteristics)
    exported = export_card(card)
    proof = draw_proof(card, exported, columns)
    assert TARGETS[target].differ(TARGETS[target].write(exported, "rows"), exported, proof) == 0


def test_every_cell_is_met_by_the_proof(card) -> None:
    columns = tuple(item.feature for item in card.characteristics)
    proof = draw_proof(card, export_card(card), columns)
    pair = card.pairs[0]
    for row in range(pair.first.groups):
        for column in range(pair.second.groups):
            cells = [list(line) for line in pair.points]
            cells[row][column] += 1
            wrong = msgspec.structs.replace(pair, points=tuple(map(tuple, cells)))
            fault = export_card(msgspec.structs.replace(card, pairs=(wrong, *card.pairs[1:])))
            assert find_differences(fault, proof) > 0, (row, column)


def test_sql_scores_as_the_card_does(card) -> None:
    duckdb = pytest.importorskip("duckdb")
    exported = export_card(card)
    query = TARGETS["sql-duckdb"].check(
        exported, draw_proof(card, exported, tuple(c.feature for c in card.characteristics)), ""
    )
    with duckdb.connect(config={"threads": 1}) as base:
        checked, wrong = base.sql(query).fetchall()[0]
    assert checked > 300
    assert wrong == 0


def test_no_cell_breaks_a_declared_order() -> None:
    card = flat_card.fit(crossed(signs=(-1, 0)), seed=1)
    assert card.pairs
    for pair in card.pairs:
        signs = tuple(-1 if axis.feature == "debt" else 0 for axis in pair.axes)
        assert not pair.breaks_order(signs)
        if "debt" in pair.name:  # the check can fail: one cell turned over is seen
            axis = signs.index(-1)
            cells = np.array(pair.points)
            (cells[1] if axis == 0 else cells[:, 1])[0] += 200
            assert msgspec.structs.replace(pair, points=tuple(map(tuple, cells.tolist()))).breaks_order(signs)


def test_a_pair_is_printed_as_a_small_table(card) -> None:
    rows = pair_rows(card)
    assert sum(line[3] for line in rows if line[0] == card.pairs[0].name) == card.rows
    assert any("not known or a code" in line[1] for line in rows)
    charts = pair_charts(card)
    assert charts is not None
    assert [panel.title for panel in charts.panels] == [pair.name for pair in card.pairs]
