"""The economy's signal is as weak as in life, and nothing but behaviour tells a bad firm."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from weilend.core.calendars import Calendar
from weilend.economy.contest import World, make_invoice_world, write_world
from weilend.sources import read, write
from weilend.sources.cumcm2020c import CUMCM2020C

HOME = Calendar()
SEEDS = range(16)


def labels(world: World) -> tuple[list[str], np.ndarray]:
    known = world.records["external_outcome"]
    return known["business_id"].to_pylist(), np.array([word == "default" for word in known["outcome"].to_pylist()])


def features(world: World) -> np.ndarray:
    """A plain dozen of invoice features for each firm with history."""
    codes, _ = labels(world)
    table = world.records["invoice"]
    firm = pc.index_in(table["business_id"], value_set=pa.array(codes)).combine_chunks()
    inside = pc.is_valid(firm)
    table, firm = table.filter(inside), firm.filter(inside).to_numpy()
    count = len(codes)
    day = table["happened_on"].cast(pa.int32()).to_numpy()
    month = (day - day.min()) * 12 // 365
    net = table["net_fen"].to_numpy() / 1e6
    sale = pc.equal(table["direction"], "sale").to_numpy()
    void = pc.equal(table["status"], "void").to_numpy()
    party = table["counterparty_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    good = sale & ~void

    def add(mask: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(firm[mask], None if weight is None else weight[mask], minlength=count)

    monthly = np.zeros((count, month.max() + 1))
    np.add.at(monthly, (firm[good], month[good]), net[good])
    by_party = np.zeros((count, party.max() + 1), np.float32)
    np.add.at(by_party, (firm[good], party[good]), net[good])
    total = np.maximum(monthly.sum(axis=1), 1.0)
    late, early = monthly[:, -12:].sum(axis=1).clip(0), monthly[:, -24:-12].sum(axis=1).clip(0)
    sales = np.maximum(add(sale), 1)
    return np.column_stack([
        np.log(total), np.log(late + 1), np.log(late + 1) - np.log(early + 1), (monthly[:, -12:] > 0).sum(axis=1),
        monthly.std(axis=1) / total, add(sale & void) / sales, add(sale & (net < 0)) / sales, by_party.max(axis=1) / total,
        (by_party > 0).sum(axis=1) / sales, np.log(add(~sale & ~void, net).clip(0) + 1) - np.log(total),
        add(~sale & void) / np.maximum(add(~sale), 1), (monthly[:, -3:] > 0).sum(axis=1),
    ])  # fmt: skip


def test_a_plain_model_finds_a_weak_signal():
    aucs, singles = [], []
    for seed in (1, 2):
        world = make_invoice_world(seed, with_history=700, without_history=1)
        table, bad = features(world), labels(world)[1]
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
        aucs.append(roc_auc_score(bad, cross_val_predict(model, table, bad, cv=5, method="predict_proba")[:, 1]))
        singles.append([max(auc, 1 - auc) for auc in (roc_auc_score(bad, column) for column in table.T)])
    assert 0.70 <= np.mean(aucs) <= 0.85, aucs
    assert np.mean(singles, axis=0).max() < 0.80


def test_the_truth_ranks_better_than_any_feature_and_is_calibrated():
    world = make_invoice_world(3, with_history=4000, without_history=1, months=1)
    pd = world.truth["pd_ppm"].to_numpy()[:4000] / 1e6
    bad = labels(world)[1]
    assert abs(bad.mean() - 0.22) < 0.03
    assert abs(bad.mean() - pd.mean()) < 0.02
    assert 0.80 < roc_auc_score(bad, pd) < 0.90


def number(code: pa.Scalar) -> int:
    return int(code.as_py()[1:])


def tells(world: World) -> dict[str, np.ndarray]:
    """What a file says about a firm without any behaviour: its number, its place, the first code beside it."""
    codes, _ = labels(world)
    firm = pc.index_in(world.records["invoice"]["business_id"], value_set=pa.array(codes))
    party = world.records["invoice"]["counterparty_id"].combine_chunks()
    place = firm.combine_chunks().drop_null().to_numpy()
    first = {int(code): position for position, code in reversed(list(enumerate(place)))}
    rows = np.flatnonzero(pc.is_valid(firm).to_numpy())
    return {
        "number": np.array([int(code[1:]) for code in codes]),
        "list_place": np.arange(len(codes)),
        "row_order": np.array([first.get(code, -1) for code in range(len(codes))]),
        "first_party": np.array([number(party[rows[first[code]]]) if code in first else 0 for code in range(len(codes))]),
    }


def mean_aucs(worlds: list[World]) -> dict[str, float]:
    found = [{name: roc_auc_score(labels(w)[1], tell) for name, tell in tells(w).items()} for w in worlds]
    return {name: float(np.mean([aucs[name] for aucs in found])) for name in found[0]}


@pytest.fixture(scope="module")
def written_worlds(tmp_path_factory: pytest.TempPathFactory) -> list[World]:
    """Worlds as they read back from their files, in file order."""
    worlds = []
    for seed in SEEDS:
        folder = tmp_path_factory.mktemp("world")
        world = make_invoice_world(seed, with_history=150, without_history=1, months=4)
        write_world(world, folder, calendar=HOME)
        batch = read("cumcm2020c", folder, calendar=HOME, consent_id="test")
        worlds.append(World(records=batch.records, truth=world.truth, churn=world.churn))
    return worlds


# one AUC of 33 bads in 150 has a standard error of .057, the mean of 16 of .0143: the bound is 3.5 of those
BOUND = 0.050


def test_no_number_order_or_code_tells(written_worlds):
    found = mean_aucs(written_worlds)
    assert all(abs(auc - 0.5) < BOUND for auc in found.values()), found


def test_a_planted_leak_is_caught(written_worlds, tmp_path):
    """Firms numbered by size, as the contest's files are: the same test must fail."""
    leaky = []
    for seed, world in enumerate(written_worlds[:6]):
        codes, _ = labels(world)
        sizes = dict(zip(*[column.to_pylist() for column in world.records["invoice"].group_by("business_id")
                           .aggregate([("gross_fen", "sum")]).columns], strict=True))  # fmt: skip
        ranked = sorted(codes, key=lambda code: -sizes.get(code, 0))
        renamed = {code: f"E{place + 1}" for place, code in enumerate(ranked)}
        records = {kind: rename(table, renamed) for kind, table in world.records.items()}
        write(CUMCM2020C, records, tmp_path / str(seed), calendar=HOME)
        records = read(CUMCM2020C, tmp_path / str(seed), calendar=HOME, consent_id="test").records
        leaky.append(World(records=records, truth=world.truth, churn=world.churn))
    assert abs(mean_aucs(leaky)["number"] - 0.5) > 2 * BOUND


def rename(table: pa.Table, names: dict[str, str]) -> pa.Table:
    codes = [names.get(code, code) for code in table["business_id"].to_pylist()]
    return table.set_column(0, "business_id", pa.array(codes, pa.string()))
