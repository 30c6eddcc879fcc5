"""What each part of the columns knows: alone, beside the others, where files are thin and where they are thick."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from weilend.core.errors import InputError, NotFoundError
from weilend.models.ablation import Ablated, is_thick, judge_parts, say_parts
from weilend.models.recipes.flat_card import fit
from weilend.models.sample import Column, Sample
from weilend.models.table import Table

PARTS = {"owner": ["owner_age", "owner_debt"], "business": ["sales"]}


def planted(rows: int, seed: int) -> Sample:
    """Owners tell little, businesses much; half of the files are thin: of these the business is not known."""
    dice = np.random.default_rng(seed)
    values = dice.normal(0, 100, (rows, 3)).astype(np.int64)
    risk = (0.4 * values[:, 1] + 1.2 * values[:, 2]) / 100
    known = np.ones((rows, 3), dtype=np.bool_)
    known[: rows // 2, 2] = False
    bad = (dice.random(rows) < 1 / (1 + np.exp(1 + risk))).astype(np.int64)
    names = ("owner_age", "owner_debt", "sales")
    table = Table(names, np.where(known, values, 0), known, tuple(map(str, range(rows))))
    columns = tuple(Column(name=name) for name in names)
    return Sample(table=table, columns=columns, bad=bad, weight=np.ones(rows), group=np.arange(rows), month=np.full(rows, -1))


def ablate(train: Sample, test: Sample) -> tuple[Ablated, ...]:
    said = say_parts(train, test, fit, PARTS, seed=1)
    return judge_parts(test, said, PARTS, seed=1, thick=is_thick(test, ["sales"]))


@pytest.fixture(scope="module")
def told():
    train, test = planted(1500, 1), planted(1500, 2)
    lines = ablate(train, test)
    return {(one.parts, one.slice): one for one in lines}


def test_what_was_planted_is_found_and_each_slice_has_its_rows(told):
    both, owner, business = ("owner", "business"), ("owner",), ("business",)
    assert {place for _, place in told} == {"all", "thin", "thick"}
    assert told[both, "thin"].rows + told[both, "thick"].rows == told[both, "all"].rows == 1500
    assert told[both, "all"].lost.estimate_ppm == 0
    assert told[owner, "thick"].lost.lo_ppm > 0  # without the business much is missed where it is known
    assert told[business, "thin"].auc.estimate_ppm == 500_000  # of a thin file the business says nothing
    assert told[owner, "thin"].lost.lo_ppm <= 0  # there the owner alone says all there is
    assert [told[parts, "all"].columns for parts in (owner, business, both)] == [2, 1, 3]


def test_a_model_of_all_columns_passed_off_as_a_part_would_be_seen(told, monkeypatch):
    """The safety: narrowing really takes columns away. With it planted away, the business says something of thin files."""
    from weilend.models import ablation

    monkeypatch.setattr(ablation, "narrow", lambda sample, columns: sample)
    train, test = planted(600, 1), planted(600, 2)
    lines = ablate(train, test)
    leaky = next(one for one in lines if (one.parts, one.slice) == (("business",), "thin"))
    assert leaky.auc.estimate_ppm != told[("business",), "thin"].auc.estimate_ppm


def test_a_slice_with_too_few_of_an_outcome_is_counted_and_not_judged():
    train, test = planted(600, 3), planted(600, 4)
    few = msgspec.structs.replace(test, bad=np.where(np.cumsum(test.bad) > 5, 0, test.bad))
    line = ablate(train, few)[0]
    assert (line.bads, line.auc, line.lost) == (5, None, None)


def test_parts_that_are_not_there_are_refused_in_words():
    sample = planted(200, 5)
    with pytest.raises(NotFoundError, match="part shop has no column rating"):
        say_parts(sample, sample, fit, {"shop": ["rating"], "owner": ["owner_age"]}, seed=1)
    with pytest.raises(InputError, match="part shop has no column"):
        say_parts(sample, sample, fit, {"shop": [], "owner": ["owner_age"]}, seed=1)
