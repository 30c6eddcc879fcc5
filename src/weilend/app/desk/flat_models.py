"""In: a flat table and what its columns are. Out: a guarded, judged model in a folder, and scores of other tables.

Used: by `weilend model build NAME --table FILE` and `weilend model score`. Unattended: what it leaves out, it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from weilend.app.desk.progress import Tell, say_nothing
from weilend.core.money import PPM
from weilend.core.values import Reason
from weilend.models.bins import Bins, bin_sample
from weilend.models.design import Design, design_sample
from weilend.models.flat import Frame, Roles, code_table, read_frame
from weilend.models.flat.coding import read_as
from weilend.models.guards import Case, Finding, guard_sample
from weilend.models.guards.codes import mark_codes
from weilend.models.master_scale import load_scale
from weilend.models.prediction import Model, Prediction
from weilend.models.ranks import auc_error, rank_auc
from weilend.models.recipes.flat_card import narrow, rules_for
from weilend.models.recipes.registry import RECIPES
from weilend.models.sample import Column, Sample
from weilend.models.selection import Candidate, select_columns
from weilend.models.split import deal_folds
from weilend.models.table import Integers

FOLDS = 5
REASONS = 3


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for: a model of this name from this table, whose columns play these roles."""

    name: str
    table: Path
    roles: Roles
    recipe: str = "card"
    population: Path | None = None
    prior_ppm: int | None = None
    seed: int = 1


class Judged(msgspec.Struct, frozen=True):
    """How well a model ranks rows that it has not learned from: AUC with its standard error in ppm, on how many rows and bads."""

    rows: int
    bads: int
    auc_ppm: int
    error_ppm: int
    how: str


class Built(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A model with everything that a validator needs to see how it came about."""

    ask: Ask
    model: Model
    model_id: str
    columns: tuple[Column, ...]
    design: Design
    findings: tuple[Finding, ...]
    candidates: tuple[Candidate, ...]
    bins: tuple[Bins, ...]
    judged: Judged


def build_flat(ask: Ask, *, tell: Tell = say_nothing) -> Built:
    """Return the model of a flat table: designed, guarded, binned, selected, fitted, and judged on rows it has not seen.

    Raises `InputError` (and `NotFoundError`) with one sentence where the table or what was said of it is not clear.
    """
    recipe = RECIPES[ask.recipe]
    tell("read the table", 0, 5)
    frame = read_frame(ask.table, times=[ask.roles.time], words=[ask.roles.id, ask.roles.group])
    design = design_sample(frame, ask.roles, seed=ask.seed)
    tell("look for what must not be learned from", 1, 5)
    design, findings = guard_design(frame, design, ask)
    sample = design.sample
    tell("bin and choose", 2, 5)
    learned = sample if design.exception else design.part("train")
    bins, candidates = look_at_columns(learned, ask.seed)
    tell(f"fit the {ask.recipe}", 3, 5)
    model = recipe.fit(learned, seed=ask.seed, prior_ppm=ask.prior_ppm)
    judged = _judge(model, design, ask, tell)
    return Built(
        ask=ask, model=model, model_id=recipe.identify(model), columns=sample.columns, design=design, findings=findings,
        candidates=candidates, bins=bins, judged=judged,
    )  # fmt: skip


def guard_design(frame: Frame, design: Design, ask: Ask) -> tuple[Design, tuple[Finding, ...]]:
    """Return the design without what the guards dropped, and all findings; a column that groups rows makes the sample anew."""
    left, findings = guard_sample(_case(design, ask))
    grouped = next((one.column for one in findings if one.guard == "group"), "")
    if grouped and not ask.roles.group:
        roles = msgspec.structs.replace(ask.roles, group=grouped)
        design = design_sample(frame, roles, seed=ask.seed)
    sample = mark_codes(narrow(design.sample, [name for name in design.sample.table.names if name in left]), list(findings))
    return msgspec.structs.replace(design, sample=sample, rejects=design.rejects.select(sample.table.names)), (
        *design.findings,
        *_split_findings(design),
        *findings,
    )


def look_at_columns(sample: Sample, seed: int) -> tuple[tuple[Bins, ...], tuple[Candidate, ...]]:
    """Return the bins of every column and what selection says of it, whichever recipe is asked for."""
    rules, selection = rules_for(len(sample), int(sample.bad.sum()))
    bins = bin_sample(sample, seed=seed, rules=rules)
    return bins, select_columns(sample, bins, seed=seed, rules=selection)


def _case(design: Design, ask: Ask) -> Case:
    population = None
    if ask.population is not None:
        columns = design.sample.columns
        population = code_table(read_as(ask.population, columns), columns)
    return Case(design.sample, design.row, seed=ask.seed, time=ask.roles.time, rejects=design.rejects, population=population)


def _split_findings(design: Design) -> list[Finding]:
    """Return what sample design decided by itself, as findings."""
    found = [_twins(step.rows) for step in design.steps if step.reason.startswith("duplicates")]
    if design.exception:
        found.append(Finding(guard="split", action="kept", why=design.exception))
    neither = int((~design.train & ~design.test).sum())
    if neither:
        why = f"{neither} newer rows belong to groups that the older rows have: they are judged by nobody"
        found.append(Finding(guard="split", action="dropped", why=why, figures={"rows": neither}))
    return found


def _twins(rows: int) -> Finding:
    return Finding(
        guard="duplicate", action="dropped", why=f"{rows} rows repeat an earlier row in every column", figures={"rows": rows}
    )


def _judge(model: Model, design: Design, ask: Ask, tell: Tell) -> Judged:
    if not design.exception:
        test = design.part("test")
        return _judged(test.bad, model.predict(test.table).points, design.split)
    sample = design.sample
    fold = deal_folds(sample, folds=FOLDS, seed=ask.seed)
    aucs: list[float] = []
    for this in range(FOLDS):
        tell("judge by folds", this, FOLDS)
        rest = sample.take(fold == this)
        held = RECIPES[ask.recipe].fit(sample.take(fold != this), seed=ask.seed, prior_ppm=ask.prior_ppm)
        aucs.append(rank_auc(rest.bad, held.predict(rest.table).points))
    said = _judged(sample.bad, np.zeros(len(sample), dtype=np.int64), f"mean of {FOLDS} folds, whole groups")
    auc = float(np.mean(aucs))
    error = auc_error(auc, said.bads, said.rows - said.bads)
    return msgspec.structs.replace(said, auc_ppm=round(PPM * auc), error_ppm=round(PPM * error))


def _judged(bad: Integers, points: Integers, how: str) -> Judged:
    auc, bads = rank_auc(bad, points), int(bad.sum())
    return Judged(len(bad), bads, round(PPM * auc), round(PPM * auc_error(auc, bads, len(bad) - bads)), how)


class Scored(msgspec.Struct, frozen=True, eq=False):
    """Scores of a table: row names, what the model says, the grade of each row, and its strongest reasons."""

    ids: tuple[str, ...]
    said: Prediction
    grades: tuple[str, ...]
    reasons: Sequence[tuple[Reason, ...]]
    unseen: dict[str, int]


def score_flat(recipe: str, model: Model, columns: Sequence[Column], table: Path, *, id_column: str = "") -> Scored:
    """Return the scores of a table in a model's columns; the table needs no label.

    A word that was never seen is scored by the bin declared for it and counted in `unseen`. Raises `NotFoundError` for a missing
    column, `InputError` for one that holds something else than it did.
    """
    frame = read_as(table, columns)
    ids = tuple(frame[id_column].texts()) if id_column and id_column in frame.names() else ()
    coded = code_table(frame, columns, ids)
    said = model.predict(coded)
    unseen = {
        column.name: int((values[known] >= len(column.words)).sum())
        for column, values, known in zip(columns, coded.values.T, coded.known.T, strict=True)
        if column.kind == "category"
    }
    reasons = RECIPES[recipe].explain(model, coded, REASONS)
    return Scored(coded.ids, said, grade(said.pd_ppm), reasons, {name: rows for name, rows in unseen.items() if rows})


def grade(pd_ppm: Integers) -> tuple[str, ...]:
    """Return the grade of each PD on the standard master scale.

    >>> grade(np.array([4_000, 20_000, 900_000]))
    ('A3', 'B3', 'D2')
    """
    return load_scale().names_of(pd_ppm)


def used_columns(built: Built) -> tuple[Column, ...]:
    """Return the columns that the model reads: those of its card, or all that were left."""
    items = getattr(built.model, "characteristics", None)
    return built.columns if items is None else tuple(item.feature for item in items)
