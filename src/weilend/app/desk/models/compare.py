"""In: two models and a table, or two files of scores. Out: which is better, and who is swapped. Used: by `weilend model "
"compare`."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from weilend.app.desk.flat.files import MANIFEST, find_model, read_flat_model
from weilend.app.desk.models.score_files import ScoreAsk, ScoreFile, attach_scores, read_scores
from weilend.core.errors import InputError, NotFoundError
from weilend.models.flat import code_table
from weilend.models.flat.coding import read_as
from weilend.models.judgement import Measured, Verdict, compare, judge_challenger, measure
from weilend.models.judgement.bootstrap import Contender, draw
from weilend.models.table import Integers
from weilend.models.validation import ScoredRows, Validation, validate
from weilend.models.validation.pairs import Cell, Swap, cross_fifths, rank_correlation, swap_sets
from weilend.models.validation.ranking import draws_for


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Two scores on the same rows. Differences are the second's minus the first's; `fifths` are of the first, then of the second.

    `verdict` is whether the second may take the first one's place. `notes` say what the reader must know of the rows.
    """

    names: tuple[str, str]
    rows: int
    bads: int
    parts: int
    draws: int
    measured: tuple[Measured, ...]
    verdict: Verdict
    correlation_ppm: int
    swaps: tuple[Swap, ...]
    fifths: tuple[tuple[Cell, ...], ...]
    validations: tuple[Validation, Validation]
    notes: tuple[str, ...]
    made_from: tuple[tuple[str, str], ...]


def compare_files(first: Path, second: Path, ask: ScoreAsk) -> Compared:
    """Return the comparison of two files of scores, each read as `ask` says.

    Raises `InputError` where the two speak of other rows or outcomes, and what `read_scores` raises.
    """
    files = [read_scores(msgspec.structs.replace(ask, table=path)) for path in (first, second)]
    one, other, notes = _align(files[0], files[1])
    names = _names(str(first), str(second))
    made_from = ((names[0], one.content), (names[1], other.content))
    assumed = tuple(dict.fromkeys((*notes, *one.assumed, *other.assumed)))
    return compare_rows(names, one.rows, other.rows, notes=assumed, made_from=made_from, seed=ask.seed)


def compare_models(first: str, second: str, ask: ScoreAsk, home: Path) -> Compared:
    """Return the comparison of two models (names in the home, or folders) on a table with outcomes.

    Raises `NotFoundError` where a model or a column is not there, `InputError` where the outcome is not clear.
    """
    (one, first_id), (other, second_id) = (_score_by(name, ask, home) for name in (first, second))
    names = _names(first, second)
    notes = ("Rows that one of the two was trained on flatter it: compare on rows that neither has seen.", *one.assumed)
    made_from = ((names[0], first_id), (names[1], second_id), ("table", one.content))
    return compare_rows(names, one.rows, other.rows, notes=notes, made_from=made_from, seed=ask.seed)


def _names(first: str, second: str) -> tuple[str, str]:
    names = [Path(name).stem or name for name in (first, second)]
    return (names[0], names[1]) if names[0] != names[1] else (f"{names[0]} (first)", f"{names[1]} (second)")


def _score_by(name: str, ask: ScoreAsk, home: Path) -> tuple[ScoreFile, str]:
    folder = find_model(name, home)
    if not (folder / MANIFEST).is_file():
        raise NotFoundError(f"there is no model {name}", hint="build it first, or compare two .csv files without --table")
    manifest, model = read_flat_model(folder)
    said = model.predict(code_table(read_as(ask.table, manifest.columns), manifest.columns))
    outcome = ask.outcome or manifest.label
    return attach_scores(msgspec.structs.replace(ask, outcome=outcome), said), manifest.model_id


def _align(first: ScoreFile, second: ScoreFile) -> tuple[ScoreFile, ScoreFile, list[str]]:
    """Return two files of scores on the rows that both have: by name where both name their rows, else by place."""
    named = first.ids and second.ids
    keys = [one.ids if named else tuple(map(str, one.row.tolist())) for one in (first, second)]
    for key, name in zip(keys, ("first", "second"), strict=True):
        if len(set(key)) < len(key):
            raise InputError(f"the {name} file names a row twice", hint="give each row a name of its own")
    places = [{key: at for at, key in enumerate(side)} for side in keys]
    shared = [key for key in keys[0] if key in places[1]]
    if not shared:
        raise InputError("the two files have no row in common", hint="give both the column that names the rows")
    at: list[Integers] = [np.array([place[key] for key in shared], dtype=np.int64) for place in places]
    one, other = (
        msgspec.structs.replace(file, rows=file.rows.take(rows)) for file, rows in zip((first, second), at, strict=True)
    )
    differ = int((one.rows.bad != other.rows.bad).sum())
    if differ:
        raise InputError(f"the two files tell another outcome of {differ} rows", hint="give both the same outcomes")
    lost = len(keys[0]) + len(keys[1]) - 2 * len(shared)
    how = "the names of the rows" if named else "the places of the rows in their files: neither has a column that names them"
    return one, other, [f"Rows are matched by {how}; {lost} rows stand in one file only, and are left out."]


def compare_rows(
    names: tuple[str, str],
    first: ScoredRows,
    second: ScoredRows,
    *,
    seed: int,
    notes: tuple[str, ...] = (),
    made_from: tuple[tuple[str, str], ...] = (),
    draws: int | None = None,
) -> Compared:
    """Return the comparison of two scores of the same rows; groups, weights and segments are those of the first.

    >>> from weilend.models.validation.scored import example_rows
    >>> rows = example_rows(300)
    >>> same = compare_rows(("a", "b"), rows, rows, seed=1, draws=50)
    >>> same.verdict.verdict, same.correlation_ppm, same.swaps[0].only_first.rows
    ('no_evidence', 1000000, 0)
    """
    second = msgspec.structs.replace(second, weight=first.weight, group=first.group, month=first.month, segments=first.segments)
    swaps = swap_sets(first, second)
    draws = draws or draws_for(len(first))
    contenders = [Contender(name, rows.said()) for name, rows in zip(names, (first, second), strict=True)]
    found = draw(first.bad, first.group, contenders, seed=seed, draws=draws, weight=first.weight)
    both_pd = first.pd_ppm is not None and second.pd_ppm is not None
    known = ("auc", "ks", *(("log_loss",) if both_pd else ()))
    one, other = (validate(rows, seed=seed, name=name, draws=draws) for name, rows in zip(names, (first, second), strict=True))
    red = {said.gate for said in one.verdicts if said.state == "red"}
    differences = [difference for difference in compare(found, names[1], names[0]) if difference.metric in known]
    verdict = judge_challenger(differences, [said.finding() for said in other.verdicts if said.gate not in red])
    return Compared(
        names=names,
        rows=len(first),
        bads=int(first.bad.sum()),
        parts=len(np.unique(first.group)),
        draws=draws,
        measured=tuple(one for one in measure(found) if one.metric in known),
        verdict=verdict,
        correlation_ppm=rank_correlation(first, second),
        swaps=swaps,
        fifths=cross_fifths(first, second),
        validations=(one, other),
        notes=notes,
        made_from=made_from,
    )
