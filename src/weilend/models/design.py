"""In: a flat table and the part that each column plays. Out: the sample, how rows got into it, how it is split. Used: first of all.

Every row is accounted for: it is a reject, has no label, is indeterminate, is a duplicate, or is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec
import numpy as np

from weilend.core.errors import InputError
from weilend.models.flat.coding import code_table
from weilend.models.flat.frame import FlatColumn, Frame
from weilend.models.flat.label import Outcome, read_outcome
from weilend.models.flat.roles import Roles
from weilend.models.flat.row_parts import group_rows, month_rows, weight_rows
from weilend.models.guard import MIN_OF_EACH_OUTCOME
from weilend.models.guards.finding import Finding
from weilend.models.sample import Column, Sample
from weilend.models.split import row_keys, split_sample
from weilend.models.table import Booleans, Integers, Table

#: Decisions as they are written; a reject has no outcome, and who did not take the loan has none either.
APPROVED: Final = frozenset(
    {"approved", "approve", "accepted", "accept", "booked", "funded", "1", "true", "yes", "y", "通过", "批准", "是", "同意"}
)
REJECTED: Final = frozenset(
    {"declined", "decline", "rejected", "reject", "denied", "deny", "refused", "0", "false", "no", "n", "拒绝", "否", "未通过"}
)
NOT_TAKEN: Final = frozenset(
    {"cancelled", "canceled", "withdrawn", "not taken up", "not_taken_up", "ntu", "取消", "撤回", "未提款"}
)
#: Twins are one fact told twice where chance would make fewer than this many pairs.
CHANCE_PAIRS: Final = 0.001
LEAST_CHANCE: Final = float(np.log(CHANCE_PAIRS))
#: A column in which so many rows have a value of their own counts rows.
UNIQUE_SHARE: Final = 0.999999
#: Rows that are asked first whether values repeat.
FEW: Final = 10_000


class Step(msgspec.Struct, frozen=True):
    """One line of the population flow: how many rows left for a reason, or entered, or stayed; bads where they are known."""

    reason: str
    rows: int
    bads: int


class Design(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A sample and how it was made.

    `row` (n,) is each row's number in the file, from 0. `train` and `test` (n,) are where models learn and are judged; a row in
    neither belongs to a group of the other side. `rejects` are the rejected rows in the same columns. `split` says how it was
    split and `exception` why not by time ("" where it was).
    """

    sample: Sample
    row: Integers
    train: Booleans
    test: Booleans
    rejects: Table
    steps: tuple[Step, ...]
    split: str
    exception: str
    findings: tuple[Finding, ...]
    roles: Roles

    def part(self, which: Literal["train", "test"]) -> Sample:
        """Return the rows on which models learn, or on which they are judged."""
        return self.sample.take(self.train if which == "train" else self.test)


def design_sample(frame: Frame, roles: Roles, *, seed: int) -> Design:
    """Return the sample of a flat table, with its population flow and its split.

    Raises `NotFoundError` for a column that does not exist, `InputError` where the label or the decisions are not clear, or where
    fewer than ten goods or bads are left.

    >>> design = design_sample(example_frame(), Roles(label="bad", time="month"), seed=1)
    >>> [(step.reason, step.rows) for step in design.steps], design.split
    ([('rows in the table', 400), ('kept', 400)], 'out of time: learned up to 2018-03, judged from 2018-04')
    """
    for name in roles.named():
        frame[name]
    month = month_rows(frame, roles.time)
    outcome = read_outcome(frame[roles.label], roles)
    rejected, not_taken = _decisions(frame, roles, outcome)
    columns, set_aside = describe_columns(frame, roles)
    table = code_table(frame, columns, _ids(frame, roles))
    steps, keep = _flow(table, outcome, rejected, not_taken, frame, roles)
    bad = outcome.bad[keep].astype(np.int64)
    if min(bad.sum(), len(bad) - bad.sum()) < MIN_OF_EACH_OUTCOME:
        raise InputError(
            f"{bad.sum()} bads and {len(bad) - bad.sum()} goods are left to learn from",
            hint=f"bring at least {MIN_OF_EACH_OUTCOME} of each",
        )
    sample = Sample(
        table=table.take(keep), columns=tuple(columns), bad=bad, weight=weight_rows(frame, roles.weight)[keep],
        group=group_rows(frame, roles.group or roles.id)[keep], month=month[keep],
    )  # fmt: skip
    train, test, split, exception = split_sample(sample, seed=seed)
    return Design(
        sample=sample, row=np.flatnonzero(keep), train=train, test=test, rejects=table.take(rejected), steps=steps,
        split=split, exception=exception, findings=set_aside, roles=roles,
    )  # fmt: skip


def describe_columns(frame: Frame, roles: Roles) -> tuple[list[Column], tuple[Finding, ...]]:
    """Return the columns that may become inputs, and why others do not: ids, free text, dates without an instant to count to.

    >>> columns, _ = describe_columns(example_frame(), Roles(label="bad", time="month"))
    >>> [(column.name, column.kind) for column in columns]
    [('income', 'number'), ('use', 'category')]
    """
    columns, findings = [], []
    for column in frame.columns:
        if column.name in roles.taken():
            continue
        why = _no_input(column, roles)
        if why:
            figures = {"words": len(column.words)}
            findings.append(Finding(guard="kind", column=column.name, action="dropped", why=why, figures=figures))
        else:
            columns.append(_describe(column, roles))
    if not columns:
        raise InputError("no column is left to learn from", hint="give numbers or categories beside the label")
    return columns, tuple(findings)


def _no_input(column: FlatColumn, roles: Roles) -> str:
    if roles.known and column.name not in roles.known:
        return "not among the columns that were known at application"
    if column.kind == "id":
        return "nearly every row has a value of its own: it names rows and says nothing of the next one"
    if column.kind == "text":
        return "free text is not read"
    if column.kind == "date" and not roles.time:
        return "a date alone says when, and no time column says how long before the application"
    return ""


def _describe(column: FlatColumn, roles: Roles) -> Column:
    sign = (column.name in roles.safer) - (column.name in roles.riskier)
    if column.kind == "date":
        return Column(name=column.name, until=roles.time, sign=sign)
    if column.kind == "category":
        return Column(name=column.name, kind="category", words=column.words)
    asked = [round(code * column.scale) for code in roles.special]
    seen = set(np.unique(column.values[column.known]).tolist()) if asked else set()
    specials = tuple(code for code in asked if code in seen)
    return Column(name=column.name, scale=column.scale, sign=sign, specials=specials, mark=column.mark)


def _decisions(frame: Frame, roles: Roles, outcome: Outcome) -> tuple[Booleans, Booleans]:
    """Return who was rejected and who did not take the loan."""
    none = np.zeros(frame.rows, dtype=np.bool_)
    if not roles.decision:
        return none, none
    texts = np.array([text.lower() for text in frame[roles.decision].texts()], dtype=object)
    labelled = outcome.bad | outcome.good | outcome.indeterminate
    seen = sorted(set(texts.tolist()))
    unclear = [value for value in seen if value not in APPROVED | REJECTED | NOT_TAKEN | {""}]
    never = {value for value in unclear if not labelled[texts == value].any()}
    if len(unclear) > len(never) + 1 or (unclear and not never and not set(seen) & REJECTED):
        raise InputError(
            f"it is not clear which {roles.decision} is a rejection; it has {', '.join(seen[:8])}",
            hint="write approved and declined, or leave the label of the rejected empty",
        )
    return np.isin(texts, sorted(REJECTED | never)), np.isin(texts, sorted(NOT_TAKEN))


def _flow(
    table: Table, outcome: Outcome, rejected: Booleans, not_taken: Booleans, frame: Frame, roles: Roles
) -> tuple[tuple[Step, ...], Booleans]:
    labelled = outcome.bad | outcome.good
    left = np.ones(len(table), dtype=np.bool_)
    steps = [Step("rows in the table", len(table), int(outcome.bad.sum()))]
    for reason, out in (
        ("rejected: they had no loan, and are no goods", rejected),
        ("not taken up: they had no loan", not_taken),
        ("indeterminate by their label", outcome.indeterminate),
        ("without a label", ~labelled),
    ):
        left = _leave(steps, reason, left, out, outcome)
    left = _leave(steps, "duplicates of another row", left, _twins(table, outcome.bad, left, frame, roles), outcome)
    steps.append(Step("kept", int(left.sum()), int(outcome.bad[left].sum())))
    return tuple(steps), left


def _leave(steps: list[Step], reason: str, left: Booleans, out: Booleans, outcome: Outcome) -> Booleans:
    gone = left & out
    if gone.any():
        steps.append(Step(reason, int(gone.sum()), int(outcome.bad[gone].sum())))
    return left & ~out


def _twins(table: Table, bad: Booleans, left: Booleans, frame: Frame, roles: Roles) -> Booleans:
    """Return rows that repeat an earlier one in every column and in label, time and id, where chance makes no such pairs."""
    rows, twins = np.flatnonzero(left), np.zeros(len(table), dtype=np.bool_)
    if not len(rows):
        return twins
    facts = {name: (table.values[:, at], table.known[:, at]) for at, name in enumerate(table.names)}
    facts |= {name: (frame[name].values, frame[name].known) for name in (roles.time, roles.group, roles.id) if name}
    chance, same = 2 * float(np.log(len(rows))) - float(np.log(2)) + _agreement(bad[rows].astype(np.int64)), list[str]()
    for name, (values, known) in facts.items():
        code = values[rows] * np.int64(2) + known[rows]
        if name != roles.id and _counts_rows(code):  # a row number may tell twins apart; an id that was named tells facts apart
            continue
        same.append(name)
        if chance > LEAST_CHANCE:  # more columns make it only less
            chance += _agreement(code)
    if chance <= LEAST_CHANCE:
        twins[rows[_repeats({name: facts[name] for name in same}, rows, bad.astype(np.int64))]] = True
    return twins


def _agreement(code: Integers) -> float:
    """Return the logarithm of the share of pairs of rows that agree in a column."""
    share = np.unique(code, return_counts=True)[1] / len(code)
    return float(np.log((share**2).sum()))


def _counts_rows(code: Integers) -> bool:
    """Return whether nearly every row has a value of its own; a few thousand rows mostly tell that many have not."""
    few = code[:FEW]
    if len(few) - len(np.unique(few)) > (1 - UNIQUE_SHARE) * len(code):
        return False
    return bool(len(np.unique(code)) > UNIQUE_SHARE * len(code))


def _repeats(facts: Mapping[str, tuple[Integers, Booleans]], rows: Integers, bad: Integers) -> Integers:
    """Return the places among `rows` that repeat an earlier one in all facts and in their label.

    Rows of one key are compared cell by cell with the first of them, a column at a time: a table is never sorted whole.
    """
    parts = ((values[rows], known[rows]) for values, known in facts.values())
    first, place = np.unique(row_keys(facts, parts, bad[rows]), return_index=True, return_inverse=True)[1:]
    earlier = first[place]
    again = np.flatnonzero(earlier < np.arange(len(rows)))
    for column in (*(part for pair in facts.values() for part in pair), bad):
        again = again[column[rows[again]] == column[rows[earlier[again]]]]
    return again


def _ids(frame: Frame, roles: Roles) -> tuple[str, ...]:
    return tuple(frame[roles.id].texts()) if roles.id else ()


def example_frame() -> Frame:
    """Return an invented table of 400 applications over four months, for examples and tests.

    >>> example_frame().names()
    ('income', 'use', 'month', 'bad')
    """
    dice, n = np.random.default_rng(1), 400
    there = np.ones(n, dtype=np.bool_)
    income = dice.permutation(n) * 10
    bad = (income + dice.integers(0, 2600, n) < 2000).astype(np.int64)
    days = np.array([17_532, 17_563, 17_591, 17_622])[np.arange(n) * 4 // n]
    return Frame(
        (
            FlatColumn(name="income", kind="number", values=income, known=there),
            FlatColumn(name="use", kind="category", values=dice.integers(0, 2, n), known=there, words=("goods", "rent")),
            FlatColumn(name="month", kind="date", values=days, known=there),
            FlatColumn(name="bad", kind="number", values=bad, known=there),
        ),
        n,
    )
