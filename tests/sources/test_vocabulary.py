"""Texts by number: whatever blocks come, each row gets its text back, and each text is looked at once."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weilend.sources.columns import vocabulary
from weilend.sources.columns.vocabulary import Memory, Vocabulary

TEXTS = st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "b", "甲", "乙", "aa"])), max_size=8)
#: Blocks of a sheet; some come as texts, some by a numbering of their own in which a text may stand twice.
BLOCKS = st.lists(st.tuples(TEXTS, st.booleans()), max_size=6)


def block(texts: list[str | None], foreign: bool) -> pa.Array:
    if not foreign:
        return pa.array(texts, pa.string())
    known = pa.array([text for text in texts if text is not None], pa.string())  # as they stand, twice where they stand twice
    places = iter(range(len(known)))
    return pa.DictionaryArray.from_arrays(
        pa.array([None if text is None else next(places) for text in texts], pa.int32()), known
    )


@given(BLOCKS)
def test_every_row_gets_its_text_back(blocks):
    words, numbers = Vocabulary(), []
    for texts, foreign in blocks:
        numbers.append(words.places(block(texts, foreign)))
        assert words.texts.take(numbers[-1]).to_pylist() == texts
    for (texts, _), places in zip(blocks, numbers, strict=True):
        column = words.column(places)
        assert column.to_pylist() == texts
        assert len(set(column.dictionary.to_pylist())) == len(column.dictionary)


@given(BLOCKS, st.sampled_from([3, 1_000]))
def test_a_memory_answers_as_if_it_had_none(blocks, most):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vocabulary, "_MEMORY_TEXTS", most)
        memory = Memory()
        for texts, foreign in blocks:
            cells = block(texts, foreign)
            (lengths,) = memory.recall("length", cells, lambda distinct: [pc.utf8_length(distinct)])
            assert lengths.to_pylist() == [None if text is None else len(text) for text in texts]
            doubled = memory.number("doubled", memory.number("same", cells), lambda distinct: pc.binary_repeat(distinct, 2))
            assert doubled.to_pylist() == [None if text is None else text * 2 for text in texts]


def test_a_column_by_number_is_looked_up_once_and_each_text_worked_on_once(monkeypatch):
    seen, looked_up = [], []
    right = pc.index_in
    monkeypatch.setattr(vocabulary.pc, "index_in", lambda *args, **more: looked_up.append(1) or right(*args, **more))
    memory = Memory()
    for texts in (["a", "b"], ["b", "c"], ["a", "c"]):
        numbered = memory.number("name", pa.array(texts))
        for about in ("one", "two"):
            memory.recall(about, numbered, lambda distinct: [seen.extend(distinct.to_pylist()) or distinct])
    assert sorted(seen) == ["a", "a", "b", "b", "c", "c"]
    assert len(looked_up) == 3


def test_numbers_taken_for_those_of_another_vocabulary_would_be_caught(monkeypatch):
    """Planted bug: any column by number is believed to go on with the same numbers."""
    monkeypatch.setattr(Vocabulary, "_goes_on", lambda words, texts: True)
    words = Vocabulary()
    words.places(block(["a", "b"], foreign=False))
    assert words.texts.take(words.places(block(["b", "a"], foreign=True))).to_pylist() != ["b", "a"]
