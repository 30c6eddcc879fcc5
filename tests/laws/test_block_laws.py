"""Folding block by block is folding one subject after the other: any blocks, kinds, looks, skew, versions, late records, spills."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.test_passes import AS_OF, DAY, FEW, PLAN, SPINE, assert_same

from weilend.core.plan import Fold, Plan, Spine
from weilend.core.records import KINDS
from weilend.engine import duckdb, numpy
from weilend.engine.batch import blocks, looks, rows, spills
from weilend.engine.book import Book
from weilend.testing.bulk import random_records
from weilend.testing.invoices import HOME

ALL = ("invoice", "order", "bank_entry", "user_event")
SKEWED = ("S1",) * 9 + ("S2", "S3", "S4")
names, instants = (
    st.sampled_from(("S1", "S2", "S3", "S4", "nobody")),
    st.sampled_from([AS_OF - 90 * DAY * ago for ago in range(5)]),
)


def group_alike(one: Fold) -> tuple[object, ...]:
    return one.kind, one.reach.unit, one.slot, bool(one.by), one.on, one.measures


#: One fold of each way to reach, place, tell apart and keep rows.
FOLDS = {group_alike(one): one for one in (*PLAN.folds, *FEW.folds) if one.kind in ALL}
DIFFERENT = Plan("different", tuple(FOLDS.values()))


def records(seed: int) -> dict[str, pa.Table]:
    return random_records(ALL, seed, rows=120, subjects=SKEWED, since=AS_OF - 1_200 * DAY, until=AS_OF + 30 * DAY)


def overtake(kind: str, earlier: pa.Table, later: pa.Table) -> pa.Table:
    """Make every third record a version of one that is there already, known some days after it."""
    third = pa.array(np.arange(later.num_rows) % 3 == 0)
    taken = {name: earlier[name] for name in ("key", "happened_at", KINDS[kind].subjects[0])}
    taken["known_at"] = pc.add(earlier["known_at"], 40 * DAY)
    for name, column in taken.items():
        later = later.set_column(later.column_names.index(name), name, pc.if_else(third, column, later[name]))
    return later


@pytest.fixture(scope="module")
def views(tmp_path_factory):
    """The same versions as they were appended, compacted, and with some of them appended after compaction."""
    first, second = records(1), records(2)
    second = {kind: overtake(kind, first[kind], table) for kind, table in second.items()}
    found = []
    for name, after in {"appended": (), "compacted": (1,), "both": (0,)}.items():
        book = Book.open(tmp_path_factory.mktemp("blocks") / name, calendar=HOME)
        for turn, tables in enumerate((first, second)):
            book.append(tables)
            if turn in after:
                book.compact()
        found.append(book.view())
    return found


@st.composite
def spines(draw) -> Spine:
    """Up to seven rows, none among them; several instants a subject, several shops and owners a row, some shared."""
    size = draw(st.integers(0, 7))
    several = st.lists(names, max_size=3, unique=True).map(tuple)
    linked = {role: tuple(draw(several) for _ in range(size)) for role in ("shop_id", "owner_id")}
    return Spine(tuple(draw(names) for _ in range(size)), tuple(draw(instants) for _ in range(size)), linked=linked)


def fold_in_blocks(view, spine: Spine, most_rows: int, most_records: int):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb, "BLOCK_ROWS", most_rows)
        patch.setattr(duckdb, "BLOCK_RECORDS", most_records)
        return duckdb.fold(DIFFERENT, spine, view, HOME)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(0, 2), spine=spines(), most_rows=st.integers(1, 4), most_records=st.sampled_from((1, 60, 10**6)))
def test_blocks_fold_what_single_subjects_fold(which, spine, most_rows, most_records, views):
    view = views[which]
    assert_same(fold_in_blocks(view, spine, most_rows, most_records), numpy.fold(DIFFERENT, spine, view, HOME))


def deal_once(table_looks, parts):
    """Give each subject to the first block that looks at it, and to no other."""
    seen: set[int] = set()
    dealt = []
    for places in PLACES(table_looks, parts):
        dealt.append(np.array([one for one in places.tolist() if one not in seen], dtype=np.int64))
        seen |= set(places.tolist())
    return dealt


def forget_rows(plan, parts):
    """Keep the rows that states have in their block."""
    return STACK(plan, [(msgspec.structs.replace(block, rows=np.arange(block.spine.size)), states) for block, states in parts])


def mix_parties(states):
    """Keep the codes that parties have in their block."""
    return msgspec.structs.replace(CHAIN(states), party=np.concatenate([state.party for state in states]))


PLACES, STACK, CHAIN = spills._places, blocks.stack, blocks.chain
BUGS = {
    "a subject of two blocks is dealt to one": (spills, "_places", deal_once),
    "states keep the rows of their block": (duckdb, "stack", forget_rows),
    "parties of two blocks are mixed": (blocks, "chain", mix_parties),
    "rows are taken to stand in order": (rows, "_is_rising", lambda keys: True),
    "a subject is looked at once": (looks.Looks, "one_a_subject", True),
    "a row has one subject": (looks.Looks, "one_a_row", True),
    "a version is in force for ever": (
        rows, "in_force", lambda happened_at, known_at, _until, as_of: (happened_at <= as_of) & (known_at <= as_of)),
    "a record is known when it happens": (
        rows, "in_force", lambda happened_at, _known_at, until, as_of: (happened_at <= as_of) & (until > as_of)),
    "only the first subject of a block is read": (duckdb, "_ends", lambda some: (some.subjects[0].as_py(),) * 2),
}  # fmt: skip


@pytest.fixture(scope="module")
def right(views):
    """What three blocks of three rows give, which is right."""
    found = fold_in_blocks(views[0], SPINE, 3, 10**6)
    assert_same(found, numpy.fold(DIFFERENT, SPINE, views[0], HOME))
    return found


@pytest.mark.parametrize("bug", BUGS)
def test_the_law_of_blocks_catches(bug, views, right, monkeypatch):
    monkeypatch.setattr(*BUGS[bug])
    monkeypatch.setattr(duckdb, "FEW_SUBJECTS", 0)
    with pytest.raises((AssertionError, ValueError, IndexError)):
        assert_same(fold_in_blocks(views[0], SPINE, 3, 10**6), right)
