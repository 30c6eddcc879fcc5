"""Every row is accounted for; the newest are held out; no group stands on both sides; order of rows and columns does not matter."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from weilend.core.errors import InputError
from weilend.models.design import design_sample, example_frame
from weilend.models.flat import FlatColumn, Frame, Roles
from weilend.models.sample import example_sample
from weilend.models.split import deal_folds, split_sample


def with_columns(frame: Frame, *columns: FlatColumn) -> Frame:
    names = {column.name for column in columns}
    return Frame((*(column for column in frame.columns if column.name not in names), *columns), frame.rows)


def words(name: str, values) -> FlatColumn:
    kept = sorted({value for value in values if value})
    codes = np.array([kept.index(value) if value else 0 for value in values])
    return FlatColumn(
        name=name, kind="category", values=codes, known=np.array([bool(value) for value in values]), words=tuple(kept)
    )


def flow(design) -> dict[str, int]:
    return {step.reason.split(":")[0]: step.rows for step in design.steps}


def test_rejects_and_rows_without_a_label_leave_and_are_counted() -> None:
    frame = example_frame()
    n = frame.rows
    decision = ["declined" if at % 4 == 0 else "withdrawn" if at % 25 == 1 else "approved" for at in range(n)]
    label = [
        "" if said != "approved" or at % 7 == 0 else "late" if at % 11 == 0 else "bad" if at % 3 == 0 else "good"
        for at, said in enumerate(decision)
    ]
    frame = with_columns(frame, words("decision", decision), words("status", label))
    roles = Roles(label="status", bad=("bad",), indeterminate=("late",), decision="decision", known=("income", "use"))
    design = design_sample(frame, roles, seed=1)
    assert flow(design) == {
        "rows in the table": n, "rejected": decision.count("declined"), "not taken up": decision.count("withdrawn"),
        "indeterminate by their label": label.count("late"),
        "without a label": sum(not text and said == "approved" for text, said in zip(label, decision, strict=True)),
        "kept": label.count("bad") + label.count("good"),
    }  # fmt: skip
    assert sum(list(flow(design).values())[1:]) == n
    assert len(design.rejects) == decision.count("declined")
    assert design.sample.bad.sum() == label.count("bad")


def test_an_unknown_decision_without_any_label_is_a_rejection_and_an_unclear_one_is_refused() -> None:
    frame = example_frame()
    decision = ["kept" if at % 2 else "sent away" for at in range(frame.rows)]
    label = ["" if said == "sent away" else "bad" if at % 3 == 0 else "good" for at, said in enumerate(decision)]
    design = design_sample(with_columns(frame, words("d", decision), words("y", label)), Roles(label="y", decision="d"), seed=1)
    assert flow(design)["rejected"] == decision.count("sent away")
    label = ["bad" if at % 3 == 0 else "good" for at in range(frame.rows)]
    with pytest.raises(InputError, match="not clear which d is a rejection; it has kept, sent away"):
        design_sample(with_columns(frame, words("d", decision), words("y", label)), Roles(label="y", decision="d"), seed=1)


def test_a_doubled_file_is_halved_and_honest_twins_stay() -> None:
    frame = example_frame()
    dice = np.random.default_rng(3)
    more = [
        FlatColumn(
            name=f"x{at}", kind="number", values=dice.integers(0, 10**6, frame.rows), known=np.ones(frame.rows, dtype=bool)
        )
        for at in range(3)
    ]
    frame = with_columns(frame, *more)
    twice = Frame(
        tuple(msgspec.structs.replace(c, values=np.tile(c.values, 2), known=np.tile(c.known, 2)) for c in frame.columns),
        2 * frame.rows,
    )
    assert flow(design_sample(twice, Roles(label="bad"), seed=1))["kept"] == frame.rows
    few = Frame(tuple(frame[name] for name in ("use", "bad")), frame.rows)  # 400 rows, four kinds of them: no duplicates
    assert flow(design_sample(few, Roles(label="bad"), seed=1))["kept"] == frame.rows


def test_the_newest_months_are_held_out_and_no_group_stands_on_both_sides() -> None:
    frame = example_frame()
    design = design_sample(frame, Roles(label="bad", time="month"), seed=1)
    sample = design.sample
    assert sample.month[design.train].max() < sample.month[design.test].min()
    assert design.exception == ""
    owner = FlatColumn(name="owner", kind="number", values=np.arange(frame.rows) % 390, known=np.ones(frame.rows, dtype=bool))
    design = design_sample(with_columns(frame, owner), Roles(label="bad", time="month", group="owner"), seed=1)
    both = set(design.sample.group[design.train]) & set(design.sample.group[design.test])
    assert not both
    assert (~design.train & ~design.test).any()  # newer rows of old groups are judged by nobody
    assert "owner" not in design.sample.table.names


def leaky_split(sample) -> tuple[np.ndarray, np.ndarray]:
    """The bug that the test above must catch: rows are dealt, not groups."""
    test = np.random.default_rng(1).random(len(sample)) < 0.25
    return ~test, test


def test_the_group_check_catches_a_split_by_rows() -> None:
    sample = msgspec.structs.replace(example_sample(), group=np.arange(200) // 2)
    train, test = leaky_split(sample)
    assert set(sample.group[train]) & set(sample.group[test])
    train, test, _, exception = split_sample(sample, seed=1)
    assert not set(sample.group[train]) & set(sample.group[test])
    assert "random split" in exception


def test_folds_hang_on_content_and_not_on_the_order_of_rows_or_columns() -> None:
    sample = example_sample(400)
    fold = deal_folds(sample, folds=5, seed=7)
    rows = np.random.default_rng(0).permutation(400)
    assert np.array_equal(deal_folds(sample.take(rows), folds=5, seed=7), fold[rows])
    turned = msgspec.structs.replace(sample, table=sample.table.select(sample.table.names[::-1]), columns=sample.columns[::-1])
    assert np.array_equal(deal_folds(turned, folds=5, seed=7), fold)
    counts = np.bincount(fold, weights=sample.bad)
    assert counts.max() - counts.min() <= 1


def test_what_cannot_be_designed_is_refused_in_one_sentence() -> None:
    frame = example_frame()
    with pytest.raises(InputError, match="no column fate"):
        design_sample(frame, Roles(label="fate"), seed=1)
    with pytest.raises(InputError, match="income is not read as days"):
        design_sample(frame, Roles(label="bad", time="income"), seed=1)
    few = FlatColumn(
        name="bad", kind="number", values=(np.arange(frame.rows) < 4).astype(np.int64), known=np.ones(frame.rows, dtype=bool)
    )
    with pytest.raises(InputError, match="4 bads and 396 goods are left"):
        design_sample(with_columns(frame, few), Roles(label="bad"), seed=1)
    heavy = FlatColumn(
        name="w", kind="number", values=np.zeros(frame.rows, dtype=np.int64), known=np.ones(frame.rows, dtype=bool)
    )
    with pytest.raises(InputError, match="w is not a positive number"):
        design_sample(with_columns(frame, heavy), Roles(label="bad", weight="w"), seed=1)
