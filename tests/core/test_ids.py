"""Canonical JSON: whatever stands in a value, a float is found wherever it hides."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weilend.core import ids
from weilend.core.errors import SchemaError

EXACT = st.none() | st.booleans() | st.integers() | st.text(max_size=3)


def nested(leaves):
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=4)
    )


def floats_in(value):
    if isinstance(value, dict):
        return any(floats_in(one) for one in value.values())
    return any(floats_in(one) for one in value) if isinstance(value, list) else isinstance(value, float)


@given(nested(EXACT))
def test_what_holds_no_float_is_written(value):
    assert ids.canonical_json(value) == ids._encoder.encode(value)


@given(nested(EXACT | st.floats() | st.just(1.0)))
def test_a_float_is_refused_wherever_it_stands(value):
    assert ids._is_exact((value,)) is not floats_in(value)
    if floats_in(value):
        with pytest.raises(SchemaError, match="a float cannot be hashed"):
            ids.canonical_json(value)


@pytest.mark.parametrize("number", [0.5, 1.0, math.nan, math.inf], ids=str)
def test_no_sort_of_float_passes_and_it_is_said_where_it_stands(number):
    with pytest.raises(SchemaError, match=r"at a\[1\]\.b"):
        ids.canonical_json({"a": [1, {"b": number}]})


def test_a_tuple_is_hashed_as_a_list():
    assert ids.canonical_json({"a": (1, "x")}) == b'{"a":[1,"x"]}'
