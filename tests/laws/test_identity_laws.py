"""Identity against its plain definition: however columns are joined and hashed in bulk, a row's ids are what the recipe says.

Other records name ids, so no speed may ever change one.
"""

from __future__ import annotations

from datetime import date
from hashlib import sha256

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.ids import bytes_hash
from weilend.sources import identity
from weilend.sources.columns.amounts import scaled_from_texts
from weilend.sources.identity import digests, identify

LAWS = settings(deadline=None, max_examples=60)
TEXTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=80), max_size=20)
WORD = st.one_of(st.none(), st.sampled_from(["in", "a\x1fb=1", "\x1b", "\x1b0", "货款", ""]), st.text(max_size=3))
ROW = st.fixed_dictionaries(
    {
        "account_id": st.sampled_from(["a", "b"]),
        "amount_fen": st.integers(-(10**13), 10**13),
        "balance_fen": st.one_of(st.none(), st.integers(0, 9)),
        "has_time": st.one_of(st.none(), st.booleans()),
        "purpose": WORD,
        "channel": WORD,
        "happened_on": st.dates(date(1980, 1, 1), date(2099, 12, 31)),
    }
)
TYPES = {"amount_fen": pa.int64(), "balance_fen": pa.int64(), "has_time": pa.bool_(), "happened_on": pa.date32()}
KEY = ("account_id", "happened_on", "amount_fen", "balance_fen")


def columns_of(rows):
    return {name: pa.array([row[name] for row in rows], TYPES.get(name, pa.string())) for name in rows[0]}


def plain(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).replace("\x1b", "\x1b0").replace("\x1f", "\x1b1") if isinstance(value, str) else str(value)


def recipe(kind, row):
    return kind + "".join(f"\x1f{name}={plain(row[name])}" for name in sorted(row) if row[name] is not None)


def plain_ids(rows):
    """Return (key, record_id) of each row, a loop over the recipe; rows of one key are told apart by how many came before."""
    before, found = {}, []
    for row in rows:
        text = recipe("bank_entry", {name: row[name] for name in KEY})
        before[text] = before.get(text, -1) + 1
        key = bytes_hash(f"{text}\x1fordinal={before[text]}".encode())
        content = {name: value for name, value in row.items() if name != "happened_on"}
        found.append((key, bytes_hash(recipe("bank_entry", {**content, "key": key}).encode())))
    return found


@LAWS
@given(st.lists(ROW, min_size=1, max_size=12))
def test_ids_in_bulk_are_those_of_the_recipe(rows):
    key, record_id = identify("bank_entry", columns_of(rows), KEY, ordinal=True)
    assert list(zip(key.to_pylist(), record_id.to_pylist(), strict=True)) == plain_ids(rows)


@LAWS
@given(TEXTS, st.integers(0, 5))
def test_digests_are_the_hash_of_each_text(texts, start):
    column = pa.array(texts, pa.string()).slice(start)
    expected = [sha256(text.encode()).hexdigest()[:32] for text in texts[start:]]
    assert digests(column).to_pylist() == expected
    assert digests(pa.chunked_array([column, column], pa.string())).to_pylist() == expected * 2


def test_a_digest_that_lost_its_place_would_be_caught(monkeypatch):
    """Planted bug: the bounds of a text are those of the one before it."""
    monkeypatch.setattr(identity, "pairwise", lambda bounds: zip([0, *bounds], bounds, strict=False))
    with pytest.raises((AssertionError, ValueError, pa.ArrowException)):
        test_digests_are_the_hash_of_each_text.hypothesis.inner_test(["ab", "c"], 0)


AMOUNTS = st.from_regex(r"-?[¥$]?-?[0-9,]{0,4}[0-9]?(\.[0-9]{0,2}0{0,14})?|x|", fullmatch=True)


@LAWS
@given(st.lists(st.one_of(st.none(), AMOUNTS), min_size=1, max_size=8), st.sampled_from([0, 2, 3]))
def test_an_amount_is_read_the_same_whatever_stands_beside_it(texts, places):
    def read(cells):
        numbers, faults = scaled_from_texts(pa.array(cells, pa.string()), places)
        return [(numbers[at].as_py(), [code for bad, code in faults if bad[at]]) for at in range(len(cells))]

    assert read(texts) == [read([text])[0] for text in texts]
    assert read([*texts, "¥1"])[:-1] == read(texts)  # a sign anywhere makes every cell be looked at twice
