"""The signal in a portfolio's invoices is as weak as in life, and nothing but behaviour tells a bad firm."""

from __future__ import annotations

from datetime import date

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from weilend.core.calendars import Calendar, month_index
from weilend.economy import portfolio
from weilend.economy.portfolio import Portfolio, make_portfolio, write_portfolio
from weilend.sources import read

HOME = Calendar()
AS_OF = date(2020, 1, 1)
SPAN = 39  # whole months from October 2016 until the as_of


def labels(made: Portfolio) -> tuple[list[str], np.ndarray]:
    known = made.records["external_outcome"]
    return known["business_id"].to_pylist(), np.array([word == "default" for word in known["outcome"].to_pylist()])


class Papers:
    """What the firms with history had issued and received by the as_of, as arrays."""

    def __init__(self, made: Portfolio) -> None:
        codes, _ = labels(made)
        table = made.records["invoice"]
        firm = pc.index_in(table["business_id"], value_set=pa.array(codes))
        inside = pc.and_(pc.is_valid(firm), pc.less(table["happened_on"], AS_OF))
        table = table.filter(inside)
        self.count = len(codes)
        self.firm = firm.filter(inside).to_numpy()
        months = pc.add(pc.multiply(pc.year(table["happened_on"]), 12), pc.subtract(pc.month(table["happened_on"]), 1))
        self.month = months.to_numpy() - (month_index(AS_OF) - SPAN)
        self.net = table["net_fen"].to_numpy() / 1e6
        self.sale = pc.equal(table["direction"], "sale").to_numpy()
        self.void = pc.equal(table["status"], "void").to_numpy()
        self.party = table["counterparty_id"].combine_chunks().dictionary_encode().indices.to_numpy()

    def add(self, mask: np.ndarray) -> np.ndarray:
        return np.bincount(self.firm[mask], minlength=self.count)

    def by(self, place: np.ndarray, mask: np.ndarray) -> np.ndarray:
        table = np.zeros((self.count, place.max() + 1))
        np.add.at(table, (self.firm[mask], place[mask]), self.net[mask])
        return table


def features(made: Portfolio) -> np.ndarray:
    """A plain dozen of invoice features for each firm with history, as of the day on which it asks."""
    papers = Papers(made)
    good = papers.sale & ~papers.void
    sold, bought = papers.by(papers.month, good), papers.by(papers.month, ~papers.sale & ~papers.void)
    year, before = (sold[:, window].sum(axis=1).clip(0) + 1 for window in (slice(-12, None), slice(-24, -12)))
    quarter, then = (sold[:, window].sum(axis=1).clip(0) + 1 for window in (slice(-3, None), slice(-15, -12)))
    parties = papers.by(papers.party, good & (papers.month >= SPAN - 12))
    issued = np.maximum(papers.add(papers.sale), 1)
    first = np.where((sold != 0).any(axis=1), (sold != 0).argmax(axis=1), SPAN - 1)
    spread = [row[start:].std() / max(row[start:].mean(), 1e-6) for row, start in zip(sold, first, strict=True)]
    return np.column_stack([
        np.log(year), np.log(year / before).clip(-3, 3), np.log(quarter / then).clip(-3, 3), spread,
        papers.add(papers.sale & papers.void) / issued, papers.add(papers.sale & (papers.net < 0)) / issued,
        parties.max(axis=1) / year, np.log1p((parties > 0).sum(axis=1)),
        np.log((bought[:, -12:].sum(axis=1).clip(0) + 1) / year).clip(-4, 4), (sold[:, -12:] > 0).sum(axis=1), SPAN - first,
        (sold[:, -3:] > 0).sum(axis=1),
    ])  # fmt: skip


@pytest.fixture(scope="module")
def made() -> list[Portfolio]:
    return [make_portfolio(seed, with_history=700, without_history=300) for seed in (1, 2)]


def test_a_plain_model_finds_a_weak_signal(made):
    aucs, singles = [], []
    for one in made:
        table, bad = features(one), labels(one)[1]
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.03))
        aucs.append(roc_auc_score(bad, cross_val_predict(model, table, bad, cv=5, method="predict_proba")[:, 1]))
        singles.append([max(auc, 1 - auc) for auc in (roc_auc_score(bad, column) for column in table.T)])
    assert 0.62 <= np.mean(aucs) <= 0.85, aucs
    assert np.mean(singles, axis=0).max() < 0.75


def test_the_truth_ranks_better_than_any_feature_and_is_calibrated(made):
    for one in made:
        pd, known = one.truth["pd_ppm"].to_numpy() / 1e6, one.truth["has_history"].to_numpy()
        bad = pc.equal(one.truth["outcome"], "default").to_numpy()
        assert 0.80 < roc_auc_score(bad[known], pd[known]) < 0.95
        assert abs(bad[~known].mean() - pd[~known].mean()) < 0.03
        assert abs(bad[known].mean() - 0.22) < 0.001


def number(code: pa.Scalar) -> int:
    return int(code.as_py()[1:])


def tells(one: Portfolio) -> dict[str, np.ndarray]:
    """What a file says about a firm without any behaviour: its number, its place, the first code beside it."""
    codes, _ = labels(one)
    firm = pc.index_in(one.records["invoice"]["business_id"], value_set=pa.array(codes))
    party = one.records["invoice"]["counterparty_id"].combine_chunks()
    place = firm.combine_chunks().drop_null().to_numpy()
    first = {int(code): position for position, code in reversed(list(enumerate(place)))}
    rows = np.flatnonzero(pc.is_valid(firm).to_numpy())
    return {
        "number": np.array([int(code[1:]) for code in codes]),
        "list_place": np.arange(len(codes)),
        "row_order": np.array([first.get(code, -1) for code in range(len(codes))]),
        "first_party": np.array([number(party[rows[first[code]]]) if code in first else 0 for code in range(len(codes))]),
    }


def mean_aucs(many: list[Portfolio]) -> dict[str, float]:
    found = [{name: roc_auc_score(labels(one)[1], tell) for name, tell in tells(one).items()} for one in many]
    return {name: float(np.mean([aucs[name] for aucs in found])) for name in found[0]}


def read_back(one: Portfolio, folder: object) -> Portfolio:
    """A portfolio as it reads back from its files, in file order."""
    write_portfolio(one, folder, calendar=HOME)
    return msgspec.structs.replace(one, records=read("cumcm2020c", folder, calendar=HOME, consent_id="test").records)


# one AUC of 154 bads in 700 has a standard error of .026, the mean of 2 of .0186: the bound is 3.5 of those
BOUND = 0.065


def test_no_number_order_or_code_tells(made, tmp_path):
    found = mean_aucs([read_back(one, tmp_path / str(place)) for place, one in enumerate(made)])
    assert all(abs(auc - 0.5) < BOUND for auc in found.values()), found


def test_a_planted_leak_is_caught(monkeypatch, tmp_path):
    """Planted bug: firms are numbered as they were sampled, the bad ones first: the same test must fail."""
    honest = portfolio.choose

    def in_order(dice, bad, with_history, without_history):
        chosen = honest(dice, bad, with_history, without_history)
        return np.concatenate([sorted(chosen[:with_history], key=lambda place: not bad[place]), chosen[with_history:]])

    monkeypatch.setattr(portfolio, "choose", in_order)
    leaky = mean_aucs([read_back(make_portfolio(1, with_history=100, without_history=5, months=12), tmp_path)])
    assert abs(leaky["number"] - 0.5) > 2 * BOUND
    assert abs(leaky["row_order"] - 0.5) > 2 * BOUND
