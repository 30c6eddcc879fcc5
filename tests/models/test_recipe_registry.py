"""Every recipe keeps its promise: kept as bytes it is the same model, a changed byte is caught, reasons name what it saw."""

from __future__ import annotations

import pytest

from weilend.core.errors import CheckError, InputError
from weilend.models.recipes import boosters
from weilend.models.recipes.monotone_boosting import example_sample
from weilend.models.recipes.registry import RECIPES


@pytest.fixture(autouse=True)
def _short_searches(monkeypatch):
    monkeypatch.setattr(boosters, "TRIALS", 1)


@pytest.mark.parametrize("name", list(RECIPES))
def test_a_model_is_what_its_bytes_say(name):
    sample, recipe = example_sample(), RECIPES[name]
    model = recipe.fit(sample, seed=1, prior_ppm=80_000)
    content = recipe.write(model)
    again = recipe.read(content)
    assert recipe.identify(again) == recipe.identify(model)
    said, told = model.predict(sample.table), again.predict(sample.table)
    assert (said.points == told.points).all()
    assert (said.pd_ppm == told.pd_ppm).all()
    assert said.pd_ppm.mean() < sample.bad.mean() * 1e6  # moved from the sample's bad rate to the portfolio's
    reasons = recipe.explain(model, sample.table.take([399]), 3)[0]
    assert 1 <= len(reasons) <= 3
    assert all(one.en and one.zh for one in reasons)
    with pytest.raises((CheckError, InputError)):
        recipe.read(content.replace(b'"seed":1', b'"seed":2'))
