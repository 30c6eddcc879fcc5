"""The scorecard recipe: order and ids do not matter, signs hold, sign 0 is not looked at, leaks are refused."""

from __future__ import annotations

from functools import partial

import msgspec
import numpy as np
import pytest

from weilend.core.errors import CheckError, ImmatureLabelError, InputError
from weilend.core.values import FeatureRow
from weilend.models.card import check_identity, score
from weilend.models.guard import check_label_known
from weilend.models.package import example_about, load, save
from weilend.models.recipes import woe_card
from weilend.models.table import Table

fit = partial(woe_card.fit, seed=1, prior_ppm=80_000)


def rows_of(table: Table) -> list[FeatureRow]:
    return [
        FeatureRow(business_id=name, as_of=0, feature_set="f", values={
            feature: int(value) if known else None for feature, value, known in zip(table.names, values, knowns, strict=True)})
        for name, values, knowns in zip(table.ids, table.values, table.known, strict=True)
    ]  # fmt: skip


def test_rows_and_features_in_any_order_give_the_same_card(firms) -> None:
    table, label, features = firms(3)
    card = fit(table, label, features)
    rng = np.random.default_rng(0)
    rows, columns = rng.permutation(len(table)), rng.permutation(len(features))
    shuffled = table.take(rows).select([table.names[column] for column in columns])
    assert fit(shuffled, label[rows], [features[column] for column in columns]) == card
    assert card.characteristics


def card_without_ids(table: Table) -> Table:
    return table


def card_with_a_planted_leak(table: Table) -> Table:
    """The bug that the test below must catch: the firm's number has become a column (in place of a feature)."""
    values = table.values.copy()
    values[:, 0] = [int(name[1:]) for name in table.ids]
    return Table(table.names, values, np.ones_like(table.known), table.ids)


def ids_matter(build, table: Table, label, features) -> bool:
    """Return whether giving the firms other numbers changes the card."""
    renamed = Table(table.names, table.values, table.known, table.ids[::-1])
    return fit(build(table), label, features) != fit(build(renamed), label, features)


def test_ids_never_matter_and_the_check_catches_a_planted_leak(firms) -> None:
    table, label, features = firms(4)
    bads_last = np.argsort(label, kind="stable")  # sorted by outcome, as a file sorted by size nearly is
    table, label = table.take(bads_last), label[bads_last]
    label[[5, -5]] = label[[-5, 5]]  # not a perfect copy, which would be refused
    table = Table(table.names, table.values, table.known, tuple(f"E{place}" for place in range(len(table))))
    assert not ids_matter(card_without_ids, table, label, features)
    assert ids_matter(card_with_a_planted_leak, table, label, features)


def test_a_table_of_rows_holds_the_named_features_and_nothing_else(firms) -> None:
    table, _, _ = firms(5)
    again = Table.of(rows_of(table), table.names)
    assert np.array_equal(again.values, table.values)
    assert np.array_equal(again.known, table.known)
    assert again.values.shape[1] == len(table.names)


def test_declared_signs_hold_even_where_the_data_say_otherwise(firms) -> None:
    table, label, features = firms(6)
    wrong = [msgspec.structs.replace(feature, sign=-feature.sign) for feature in features]
    for declared in (features, wrong):
        for item in fit(table, label, declared).characteristics:
            assert list(item.points) == sorted(item.points, reverse=item.feature.sign == -1)
            assert item.coefficient_micro >= 0
            assert list(item.cuts) == sorted(set(item.cuts))
    assert len(fit(table, label, wrong).characteristics) < len(fit(table, label, features).characteristics)


def test_a_feature_of_sign_zero_is_not_used_however_good_it_is(firms) -> None:
    table, label, features = firms(7, strength=3.0)
    best = features[-1].name
    assert best not in {item.feature.name for item in fit(table, label, features).characteristics}
    signed = [*features[:-1], msgspec.structs.replace(features[-1], sign=1)]
    assert best in {item.feature.name for item in fit(table, label, signed).characteristics}
    changed = table.values.copy()
    changed[:, -1] = 0
    assert fit(Table(table.names, changed, table.known, table.ids), label, features) == fit(table, label, features)


@pytest.mark.parametrize("how", ["values", "known"])
def test_a_feature_that_copies_the_label_is_refused_by_name(firms, how: str) -> None:
    table, label, features = firms(8)
    values, known = table.values.copy(), table.known.copy()
    known[:, 1] = True
    if how == "values":
        values[:, 1] = np.where(label == 1, 4, 1 + np.arange(len(label)) % 3)
    else:
        known[:, 1] = label == 0
    with pytest.raises(InputError, match="f01 copies the label"):
        fit(Table(table.names, values, known, table.ids), label, features)


def test_not_knowing_is_never_a_merit_and_says_nothing_where_rare(firms) -> None:
    table, label, features = firms(9)
    known = table.known.copy()
    known[:, 0] = (label == 1) | (np.arange(len(label)) % 2 == 0)  # half of the goods unknown: knowing looks bad
    for item in fit(Table(table.names, table.values, known, table.ids), label, features).characteristics:
        assert item.null_points <= 0
        if item.null_rows < 12:
            assert item.null_points == 0


def test_values_beyond_training_are_named_and_those_within_are_not(firms) -> None:
    table, label, features = firms(10)
    card = fit(table, label, features)
    inside = [score(card, row).outside for row in rows_of(table)]
    assert inside == [()] * len(table)
    far = FeatureRow(business_id="far", as_of=0, feature_set="f", values=dict.fromkeys(table.names, 10**13))
    assert score(card, far).outside == tuple(item.feature.name for item in card.characteristics)


def test_the_card_ranks_what_it_has_not_seen(firms) -> None:
    from weilend.models.metrics import auc

    table, label, features = firms(11, n=2000, bads=440)
    card = fit(table.take(np.arange(400)), label[:400], features)
    assert auc(label[400:], card.predict(table.take(np.arange(400, 2000))).points) > 0.7


def test_a_row_without_a_feature_is_refused(firms) -> None:
    table, label, features = firms(12)
    card = fit(table, label, features)
    empty = FeatureRow(business_id="B", as_of=0, feature_set="f", values={})
    with pytest.raises(InputError, match="has no feature"):
        score(card, empty)
    with pytest.raises(InputError, match="has no feature"):
        card.predict(table.select(table.names[-1:]))


def test_a_saved_card_comes_back_whole_and_a_changed_one_is_refused(firms, tmp_path) -> None:
    table, label, features = firms(13)
    card = fit(table, label, features)
    save(card, example_about(card), tmp_path)
    assert load(tmp_path) == card
    path = tmp_path / "card.json"
    path.write_bytes(path.read_bytes().replace(b'"base_points":', b'"base_points":1', 1))
    with pytest.raises(CheckError, match="is not what its id says"):
        load(tmp_path)
    path.write_text("{}")
    with pytest.raises(InputError, match="is not a card"):
        load(tmp_path)
    with pytest.raises(InputError, match="speaks of"):
        save(card, msgspec.structs.replace(example_about(card), model_id="other"), tmp_path)
    assert check_identity(card) is card


def test_data_identity_sees_values_and_label_but_neither_order_nor_ids(firms) -> None:
    table, label, _ = firms(14)
    rows = np.random.default_rng(0).permutation(len(table))
    assert table.take(rows).identity(label[rows]) == table.identity(label)
    assert table.identity(1 - label) != table.identity(label)
    assert table.identity() != Table(table.names, table.values + 1, table.known, table.ids).identity()


def test_labels_that_nobody_knew_yet_are_refused_with_the_way_out() -> None:
    check_label_known(5, 5, assume_known=False)
    with pytest.raises(ImmatureLabelError, match="--assume-label-known"):
        check_label_known(6, 5, assume_known=False)


@pytest.mark.parametrize("bads", [0, 9, 114])
def test_too_few_of_either_outcome_are_refused(firms, bads: int) -> None:
    table, _, features = firms(15)
    label = (np.arange(len(table)) < bads).astype(np.int64)
    with pytest.raises(InputError, match="too few"):
        fit(table, label, features)
