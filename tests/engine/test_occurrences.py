"""How often a value occurs in the book is what counting every row says, whatever was asked together."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.engine.occurrences import count_occurrences
from weilend.testing.loans import link, view_of

names = st.sampled_from(["p1", "p2", "p3"])


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), names), min_size=1, max_size=12, unique=True), st.lists(st.none() | names, max_size=6)
)
def test_occurrences_are_those_of_all_rows(told, asked):
    with TemporaryDirectory() as name:
        view = view_of(Path(name), [link(f"B{one}", to, on=date(2019, 1, 1 + one)) for one, to in told])
        often = Counter(to for _, to in told) | Counter({None: asked.count(None)})
        values = pa.chunked_array([pa.array(asked, pa.string())])
        assert count_occurrences(view, "link", "to_id", values).tolist() == [often[one] for one in asked]
