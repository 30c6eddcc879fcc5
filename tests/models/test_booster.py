"""One row at a time: equal to the batch to the bit, by either way, from many threads; freed, and refused in words after."""

from __future__ import annotations

import ctypes
import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import lightgbm.basic
import numpy as np
import pytest

from weilend.core.errors import InputError
from weilend.models import booster
from weilend.models.booster import OneRow
from weilend.models.recipes.monotone_boosting import example_model, example_sample


def rows(count: int, seed: int) -> list[dict[str, int | None]]:
    table = example_sample(count, seed=seed).table
    return [
        {name: int(v) if k else None for name, v, k in zip(table.names, values, known, strict=True)}
        for values, known in zip(table.values, table.known, strict=True)
    ]


def test_one_row_equals_the_batch_to_the_bit():
    model, table = example_model(), example_sample(1500, seed=20).table
    said = model.predict(table)
    with OneRow(model) as one:
        assert one.is_native
        assert [one.units(row) for row in rows(1500, 20)] == model.units(table).tolist()
        assert [one.predict(row) for row in rows(1500, 20)] == list(zip(said.points, said.pd_ppm, strict=True))


def test_without_the_c_call_the_answer_is_the_same(monkeypatch):
    model, some = example_model(), rows(100, 21)
    with OneRow(model) as one:
        quick = [one.predict(row) for row in some]
    monkeypatch.setattr(booster, "_native", lambda text, row: None)
    with OneRow(model) as slow:
        assert not slow.is_native
        assert [slow.predict(row) for row in some] == quick


def test_a_library_without_the_call_is_noticed(monkeypatch):
    class Bare:
        """A library that lacks the call."""

    monkeypatch.setattr(lightgbm.basic, "_LIB", Bare())
    assert booster._native("", (ctypes.c_double * 1)()) is None


def test_threads_may_share_one():
    model, some = example_model(), rows(400, 22)
    with OneRow(model) as one, ThreadPoolExecutor(8) as pool:
        expected = [one.units(row) for row in some]
        for _ in range(5):
            assert list(pool.map(one.units, some)) == expected


def test_it_is_freed_with_the_object_and_refused_after_closing():
    one = OneRow(example_model())
    finish, gone = one._finish, weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None
    assert not finish.alive
    closed = OneRow(example_model())
    closed.close()
    closed.close()
    with pytest.raises(InputError, match="was closed"):
        closed.units(rows(1, 1)[0])


def test_opening_and_closing_many_times_does_not_grow():
    model = example_model()
    for _ in range(200):
        OneRow(model).close()
    assert np.isfinite(OneRow(model).units(rows(1, 2)[0]))


def test_a_row_without_a_feature_is_refused_and_extremes_are_not():
    with OneRow(example_model()) as one:
        with pytest.raises(InputError, match="no feature region"):
            one.units({"sales": 1, "debt": 1, "age": 1})
        for value in (-(2**62), 2**62, None, 0):
            one.predict(dict.fromkeys(("sales", "debt", "region", "age"), value))
