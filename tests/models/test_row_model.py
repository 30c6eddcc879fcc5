"""One type for what decides: kept as bytes it is the same model, a row is scored alike alone and together, its points add up."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.errors import CheckError, InputError, NotFoundError
from weilend.core.ids import canonical_json
from weilend.core.values import FeatureRow, Reason, Score
from weilend.features.sets import FEATURE_SETS
from weilend.models import boosted_score
from weilend.models.attributions import attribute, say, tell
from weilend.models.described import Described
from weilend.models.recipes import additive_boosting, monotone_boosting
from weilend.models.recipes.monotone_boosting import example_sample
from weilend.models.recipes.registry import RECIPES
from weilend.models.recipes.woe_card import example_card
from weilend.models.row_model import RowModel, read_model, recipe_of, score_rows, write_model
from weilend.models.sample import Column
from weilend.models.table import Table

replace = msgspec.structs.replace
#: What makes an example of each recipe, once: not while tests are collected.
MODELS: dict[str, Callable[[], RowModel]] = {
    "card": lru_cache(example_card),
    "monotone_boosting": monotone_boosting.example_model,
    "additive_boosting": additive_boosting.example_model,
}
each = pytest.mark.parametrize("name", list(MODELS))
#: Features of the book under the names of the example's columns: what a product's feature set says of a boosted model's columns.
WORDS = tuple(
    replace(FEATURE_SETS["enterprise"][feature], name=column)
    for column, feature in (("sales", "sales_fen_12m"), ("debt", "customers_12m"))
)
VALUE = st.none() | st.integers(-10, 120) | st.sampled_from([-9, -(2**53), 2**53, 14, 61_027])


def row_of(values: dict[str, int | None], at: int = 0) -> FeatureRow:
    return FeatureRow(business_id=f"B{at}", as_of=0, feature_set="f", values=values)


@st.composite
def rows_for(draw: st.DrawFn, model: RowModel) -> list[FeatureRow]:
    cells = draw(st.lists(st.tuples(*[VALUE] * len(model.reads)), min_size=1, max_size=6))
    return [row_of({"unread": 1, **dict(zip(model.reads, some, strict=True))}, at) for at, some in enumerate(cells)]


def told_otherwise(model: RowModel, rows: list[FeatureRow]) -> bool:
    """Whether a row is scored otherwise alone, or by the same model after it was kept, than among the others."""
    together, again = score_rows(model, rows, WORDS), read_model(write_model(model))
    return together != [score_rows(model, [row], WORDS)[0] for row in rows] or together != score_rows(again, rows, WORDS)


@each
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_row_is_scored_alike_alone_among_others_and_by_the_model_that_was_kept(name, data):
    model = MODELS[name]()
    rows = data.draw(rows_for(model))
    assert not told_otherwise(model, rows)
    said, scores = model.predict(Table.of(rows, model.reads)), score_rows(model, rows, WORDS)
    assert [(one.points, one.pd_ppm) for one in scores] == list(zip(said.points.tolist(), said.pd_ppm.tolist(), strict=True))
    for one in scores:
        assert one.points == one.base_points + sum(part.points for part in one.contributions)
        assert one.model_id == model.model_id
        assert set(one.outside) <= {part.feature for part in one.contributions}, "what is strange has a sentence"
        assert all(part.lost >= 0 for part in one.contributions)
        canonical_json(one)  # refuses a float


def test_a_planted_dependence_on_other_rows_is_seen(monkeypatch):
    model = monotone_boosting.example_model()
    rows = [row_of(dict.fromkeys(model.reads)), row_of({"sales": 9, "debt": 7, "region": 1, "age": 30})]
    encoded = boosted_score.encode
    monkeypatch.setattr(boosted_score, "encode", lambda table, slots: np.nan_to_num(encoded(table, slots), nan=40 * len(table)))
    assert told_otherwise(model, rows)


@pytest.mark.parametrize("recipe", [monotone_boosting, additive_boosting])
def test_what_is_told_is_every_shapley_value_that_is_not_nothing(recipe):
    model = recipe.example_model()
    table = example_sample(60, seed=7).table
    rows = [
        row_of({name: int(v) if k else None for name, v, k in zip(table.names, values, known, strict=True)})
        for values, known in zip(table.values, table.known, strict=True)
    ]
    want, scores = attribute(model, table), score_rows(model, rows, ())
    for at, one in enumerate(scores):
        brought = dict(zip(want.features, want.points[at].tolist(), strict=True))
        told = {part.feature: part.points for part in one.contributions}
        assert told == {name: points for name, points in brought.items() if points or name in one.outside}
        assert [part.lost for part in one.contributions] == [max(-points, 0) for points in told.values()]


def test_each_reason_states_the_rows_value_in_the_words_of_its_feature_or_else_of_its_column():
    model, values = monotone_boosting.example_model(), {"sales": 1_234_500, "debt": 90, "region": 3, "age": -9}

    def told(words: Sequence[Described]) -> dict[str, tuple[int | None, Reason]]:
        return {part.feature: (part.value, part.reason) for part in score_rows(model, [row_of(values)], words)[0].contributions}

    why, plain = told(WORDS), told(())
    assert why["sales"] == (1_234_500, replace(WORDS[0].say(1_234_500), code="sales"))
    assert "¥12,345" in why["sales"][1].en
    assert "1.23万元" in why["sales"][1].zh
    assert why["debt"] == (90, WORDS[1].say(90))
    assert plain["debt"] == (90, say(model.columns[1], 90))
    assert tell(Column(name="sales", specials=(-9,)), -9, 4, WORDS[0]).reason.en == "sales has the special code -9", (
        "a code is no amount, whatever the feature says"
    )


def outside(**changes: int | None) -> tuple[str, ...]:
    row = row_of({"sales": 900, "debt": 40, "region": 1, "age": 30, **changes})
    return score_rows(monotone_boosting.example_model(), [row], ())[0].outside


def test_what_training_saw_nothing_like_is_named(monkeypatch):
    seen = boosted_score._seen
    assert outside() == ()
    assert outside(age=-9, debt=None, region=None) == ()  # a code that was seen, a gap that was seen
    assert outside(sales=90_000, debt=-50) == ("sales", "debt")  # beyond the range of training
    assert outside(sales=None) == ("sales",)  # always known in training
    assert outside(region=9) == ("region",)  # a word that was never seen
    monkeypatch.setattr(boosted_score, "_seen", lambda forest: replace(seen(forest), most=seen(forest).most * 2))
    assert outside(sales=90_000) == (), "the planted bug: a range that nobody measured"


@lru_cache
def digits(name: str) -> tuple[int, ...]:
    return tuple(at for at, byte in enumerate(write_model(MODELS[name]())) if chr(byte).isdigit())


@each
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_model_of_which_one_digit_was_changed_is_refused(name, data):
    content, at = bytearray(write_model(MODELS[name]())), data.draw(st.sampled_from(digits(name)))
    content[at] = ord(str((int(chr(content[at])) + data.draw(st.integers(1, 9))) % 10))
    with pytest.raises((CheckError, InputError)):
        read_model(bytes(content))


def test_one_digit_of_a_leaf_is_caught_by_its_hash_alone():
    content = write_model(monotone_boosting.example_model())
    leaf = re.compile(rb"(leaf_value=-?0\.\d)(\d)")
    changed = leaf.sub(lambda found: found[1] + str((int(found[2]) + 1) % 10).encode(), content, count=1)
    assert changed != content
    with pytest.raises(CheckError, match="is not what its id says"):
        read_model(changed)


def test_the_bytes_say_the_recipe_and_what_is_no_model_is_refused_in_words():
    assert {name: recipe_of(write_model(make())) for name, make in MODELS.items()} == {name: name for name in RECIPES}
    for content, error in (
        (b"{}", "this is no model"),
        (b"trees", "this is no model"),
        (b'{"model": {"recipe": 1}}', "this is no model"),
    ):
        with pytest.raises(InputError, match=error):
            read_model(content)
    with pytest.raises(NotFoundError):
        read_model(b'{"model": {"recipe": "nobody"}}')


@each
def test_a_row_without_a_feature_is_refused_and_no_rows_are_no_scores(name):
    model = MODELS[name]()
    assert score_rows(model, [], ()) == []
    with pytest.raises(InputError, match=f"B3 has no feature {model.reads[0]}"):
        score_rows(model, [row_of({}, 3)], ())
    assert isinstance(score_rows(model, [row_of(dict.fromkeys(model.reads))], ())[0], Score)
