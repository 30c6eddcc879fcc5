"""In: a flat table and what its columns are. Out: a guarded, judged model in a folder, and scores of other tables.

Used: by `weilend model build NAME --table FILE` and `weilend model score`. Unattended: what it leaves out, it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from weilend.app.desk.flat.allowance import Allowance
from weilend.app.desk.flat.judging import (
    Judged,
    Unseen,
    at_sample_rate,
    fit_within,
    judge_contest,
    judge_unseen,
    say_unseen,
    validate_model,
)
from weilend.app.desk.models.score_files import part_column
from weilend.app.desk.progress import Tell, say_nothing
from weilend.core.errors import NotFoundError
from weilend.core.values import Reason
from weilend.models.bins import Bins, bin_sample
from weilend.models.design import Design, design_sample
from weilend.models.flat import Frame, Roles, code_table, read_frame
from weilend.models.flat.coding import read_as
from weilend.models.guards import Case, Finding, guard_sample
from weilend.models.guards.codes import mark_codes
from weilend.models.judgement import Verdict
from weilend.models.master_scale import load_scale
from weilend.models.prediction import Model, Prediction
from weilend.models.recipes.flat_card import narrow, rules_for
from weilend.models.recipes.registry import CHALLENGER, RECIPES
from weilend.models.sample import Column, Sample
from weilend.models.selection import Candidate, select_columns
from weilend.models.table import Integers
from weilend.models.validation import Segments, Validation
from weilend.models.value import Economics

REASONS = 3
#: The word for a card and a challenger, and what a card is called.
BOTH, CARD = "both", "card"
#: A challenger of more cells for each minute takes too much of it. Without a search a million cells took 2.2 s of CPU, where a row
#: costs as much as so many cells besides its own (75,000 and 105,000 rows, 10 to 150 columns). That is a ninth of the time:
#: the card comes before, both are validated after, and a search should have some trials.
CHALLENGED_CELLS_A_MINUTE, ROW_CELLS = 3_000_000, 14


class Source(msgspec.Struct, frozen=True):
    """What is pulled and paid for as one: columns that begin so (or look so, where there is a `*`), and the fen that a pull costs.

    `cost_fen` is None where nobody said what a pull costs.

    >>> [Source("bureau", 200, ("PAY_", "*_score")).holds(column) for column in ("PAY_0", "ext_score", "age")]
    [True, True, False]
    """

    name: str
    cost_fen: int | None
    patterns: tuple[str, ...]

    def holds(self, column: str) -> bool:
        """Return whether a column comes from this source."""
        return any(fnmatchcase(column, one) if "*" in one else column.startswith(one) for one in self.patterns)


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for: a model of this name from this table, whose columns play these roles.

    `recipe` is a recipe's name, or `BOTH`: a card and a challenger, of which evidence chooses. Columns in `kept_out` are no inputs:
    they are what the report looks at for fairness. `sources` say what columns cost, `economics` what a loan brings and costs.
    """

    name: str
    table: Path
    roles: Roles
    recipe: str = "card"
    population: Path | None = None
    prior_ppm: int | None = None
    seed: int = 1
    kept_out: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    economics: Economics | None = None


class Rival(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The model that did not become champion, and the verdict that says why."""

    recipe: str
    model: Model
    model_id: str
    validation: Validation
    verdict: Verdict


class Built(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A model with everything that a validator needs to see how it came about.

    `ask.recipe` is the recipe of the model, the champion's where two were built; `kept_out` are the segments (n,) of the columns
    that were no inputs; `note` says why no challenger was built where one was asked for.
    """

    ask: Ask
    model: Model
    model_id: str
    columns: tuple[Column, ...]
    design: Design
    findings: tuple[Finding, ...]
    candidates: tuple[Candidate, ...]
    bins: tuple[Bins, ...]
    judged: Judged
    unseen: Unseen
    validation: Validation
    kept_out: dict[str, Segments]
    rival: Rival | None = None
    note: str = ""


class _Contender(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    recipe: str
    model: Model
    unseen: Unseen
    validation: Validation


def build_flat(ask: Ask, *, tell: Tell = say_nothing, allowance: Allowance | None = None) -> Built:
    """Return the model of a flat table: designed, guarded, binned, selected, fitted, and judged on rows it has not seen.

    Searches end with the time of `allowance` (None: with their trials), which then says what was cut short.
    Raises `InputError` (and `NotFoundError`) with one sentence where the table or what was said of it is not clear.
    """
    recipes, allowance = _recipes(ask.recipe), allowance or Allowance()
    tell("read the table", 0, 5)
    design, fields = design_table(ask)
    tell("look for what must not be learned from", 1, 5)
    design, findings = guard_design(design, ask)
    design = _name_sources(design, ask.sources)
    tell("bin and choose", 2, 5)
    learned = design.sample if design.exception else design.part("train")
    bins, candidates = look_at_columns(learned, ask.seed)
    kept_out = {name: Segments(one.names, one.place[design.row]) for name, one in fields.items()}
    recipes, note = _within_reach(recipes, learned, allowance)
    made = [_contend(recipes[0], learned, design, kept_out, ask, tell, allowance)]
    if recipes[1:] and allowance.watch("challenger", "search", of=1)():
        note = "no challenger was built: the card took the time"
    else:
        made += [_contend(name, learned, design, kept_out, ask, tell, allowance) for name in recipes[1:]]
    best, rival = _choose(made, design, ask.seed)
    return Built(
        ask=msgspec.structs.replace(ask, recipe=best.recipe), model=best.model, model_id=RECIPES[best.recipe].identify(best.model),
        columns=design.sample.columns, design=design, findings=findings, candidates=candidates, bins=bins,
        judged=judge_unseen(design.sample.bad, best.unseen), unseen=best.unseen, validation=best.validation, kept_out=kept_out,
        rival=rival, note=note,
    )  # fmt: skip


def _recipes(name: str) -> tuple[str, ...]:
    if name == BOTH:
        return CARD, CHALLENGER
    RECIPES[name]
    return (name,)


def _within_reach(recipes: tuple[str, ...], sample: Sample, allowance: Allowance) -> tuple[tuple[str, ...], str]:
    """Return the recipes without a challenger that would take too long, and what is said of it; no clock is asked."""
    rows, columns = len(sample), len(sample.columns)
    if len(recipes) == 1 or allowance.seconds is None:
        return recipes, ""
    if rows * (columns + ROW_CELLS) * 60 <= CHALLENGED_CELLS_A_MINUTE * allowance.seconds:
        return recipes, ""
    return recipes[:1], f"no challenger was built: {rows:,} rows of {columns} columns are more than the minutes allow"


def _contend(
    recipe: str, learned: Sample, design: Design, kept_out: dict[str, Segments], ask: Ask, tell: Tell, allowance: Allowance
) -> _Contender:
    tell(f"fit the {recipe}", 3, 5)
    model = fit_within(recipe, learned, allowance, "search", seed=ask.seed, prior_ppm=ask.prior_ppm)
    unseen = say_unseen(recipe, model, design, seed=ask.seed, prior_ppm=ask.prior_ppm, tell=tell, allowance=allowance)
    if ask.prior_ppm is not None:
        unseen = at_sample_rate(unseen, ask.prior_ppm, learned)
    validation = validate_model(recipe, model, design, unseen, kept_out, ask.economics, seed=ask.seed, tell=tell)
    return _Contender(recipe=recipe, model=model, unseen=unseen, validation=validation)


def _choose(made: list[_Contender], design: Design, seed: int) -> tuple[_Contender, Rival | None]:
    """Return the champion and the other: the card stays unless evidence speaks for the challenger."""
    if len(made) == 1:
        return made[0], None
    card, other = made
    verdict = judge_contest(design, card.unseen, other.unseen, (card.validation, other.validation), seed)
    best, beaten = (other, card) if verdict.verdict == "replace" else (card, other)
    rival = Rival(
        recipe=beaten.recipe, model=beaten.model, model_id=RECIPES[beaten.recipe].identify(beaten.model),
        validation=beaten.validation, verdict=verdict,
    )  # fmt: skip
    return best, rival


def design_table(ask: Ask) -> tuple[Design, dict[str, Segments]]:
    """Return the sample of the table that is asked about, and the columns that are no inputs as segments.

    The table is read, and let go: beside the sample it would be the most that a large build holds.
    """
    frame = read_frame(ask.table, times=[ask.roles.time], words=[ask.roles.id, ask.roles.group])
    fields = {name: part_column(frame[name]) for name in ask.kept_out}
    inputs = Frame(tuple(one for one in frame.columns if one.name not in fields), frame.rows)
    return design_sample(inputs, ask.roles, seed=ask.seed), fields


def _name_sources(design: Design, sources: Sequence[Source]) -> Design:
    """Return the design with the source of each column on it, the first that holds it; `NotFoundError` for one without any."""
    owner = {column.name: next((one.name for one in sources if one.holds(column.name)), "") for column in design.sample.columns}
    for source in sources:
        if source.name not in owner.values():
            raise NotFoundError(
                f"no column that is left comes from the source {source.name}",
                hint=f"say how its columns begin; the table has {', '.join(design.sample.table.names[:8])}",
            )
    columns = tuple(msgspec.structs.replace(column, source=owner[column.name]) for column in design.sample.columns)
    return msgspec.structs.replace(design, sample=msgspec.structs.replace(design.sample, columns=columns))


def guard_design(design: Design, ask: Ask) -> tuple[Design, tuple[Finding, ...]]:
    """Return the design without what the guards dropped, and all findings; a column that groups rows has the table read anew."""
    left, findings = guard_sample(_case(design, ask))
    grouped = next((one.column for one in findings if one.guard == "group"), "")
    if grouped and not ask.roles.group:
        roles = msgspec.structs.replace(ask.roles, group=grouped)
        design, _ = design_table(msgspec.structs.replace(ask, roles=roles))
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

    >>> import numpy as np
    >>> grade(np.array([4_000, 20_000, 900_000]))
    ('A3', 'B3', 'D2')
    """
    return load_scale().names_of(pd_ppm)


def used_columns(built: Built) -> tuple[Column, ...]:
    """Return the columns that the model reads: those of its card, or all that were left."""
    items = getattr(built.model, "characteristics", None)
    return built.columns if items is None else tuple(item.feature for item in items)
