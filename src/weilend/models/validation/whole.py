"""In: scored rows, and those that the score was learned on where they are known. Out: `Validation`. Used: by reports and gates.

One frozen value with everything that a validator asks of a score, whoever made it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.models.judgement.bootstrap import Difference, Draws, compare
from weilend.models.judgement.gates import Stability, gap, measure_stability
from weilend.models.master_scale import MasterScale, load_scale
from weilend.models.metrics import Interval
from weilend.models.validation.bands import (
    Band,
    Break,
    cut_tenths,
    effective_counts,
    find_breaks,
    rate_interval,
    tabulate_bands,
)
from weilend.models.validation.probabilities import Probabilities, judge_probabilities
from weilend.models.validation.ranking import (
    PART_DRAWS,
    Curve,
    CutOff,
    Ranking,
    draw_rows,
    draws_for,
    read_ranking,
    tabulate_cutoffs,
    trace_curve,
)
from weilend.models.validation.scored import ScoredRows
from weilend.models.validation.verdicts import (
    Verdict,
    read_bands,
    read_chance,
    read_distance,
    read_interval,
    read_least,
)
from weilend.models.validation.windows import Part, older_half, tabulate_segments, tabulate_windows


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """How a score went from one set of rows to another: which, how far its points moved, what AUC and KS lost (95 %)."""

    before: str
    after: str
    rows_before: int
    rows_after: int
    moved: Stability
    auc_loss: Interval | None
    ks_loss: Interval | None


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a validator asks of a score. `probabilities` is None where no PD was said, `shift` where there is no before.

    `witnesses` is the effective number of rows, `parts` the groups; `tenths` are riskiest first.
    """

    name: str
    rows: int
    bads: int
    parts: int
    witnesses: int
    weighted: bool
    bad_rate: Interval
    ranking: Ranking
    curve: Curve
    tenths: tuple[Band, ...]
    breaks: tuple[Break, ...]
    probabilities: Probabilities | None
    shift: Shift | None
    windows: tuple[Part, ...]
    segments: Mapping[str, tuple[Part, ...]]
    cutoffs: tuple[CutOff, ...]
    benchmark: tuple[Difference, ...]
    verdicts: tuple[Verdict, ...]
    seed: int


def validate(
    rows: ScoredRows,
    *,
    seed: int,
    name: str = "score",
    learned: ScoredRows | None = None,
    gaps: bool = True,
    scale: MasterScale | None = None,
    draws: int | None = None,
) -> Validation:
    """Return the validation of a score on rows; `learned` are the rows it was made from, scored by models that had not seen them.

    With `gaps` false AUC and KS of `learned` are not compared (it was scored by the model itself), only where its points lie.
    Raises `InputError` where goods or bads are missing.

    >>> from weilend.models.validation.scored import example_rows
    >>> found = validate(example_rows(), seed=1, draws=100)
    >>> {said.gate: said.state for said in found.verdicts if said.gate in ("no_better_than_chance", "rank_break")}
    {'no_better_than_chance': 'green', 'rank_break': 'open'}
    >>> validate(example_rows(20_000, stretch=1.6), seed=1, draws=50).probabilities.fitness.holds
    False
    """
    if not 0 < int(rows.bad.sum()) < len(rows):
        raise InputError(f"{int(rows.bad.sum())} of {len(rows)} rows are bad", hint="bring goods and bads")
    draws = draws or draws_for(len(rows))
    found = draw_rows(rows, seed=seed, draws=draws, name=name)
    tenths = tabulate_bands(rows, cut_tenths(rows.points, rows.weight), [str(at) for at in range(1, 11)])
    bads, size = effective_counts(rows)
    held = None if rows.pd_ppm is None else judge_probabilities(rows, rows.pd_ppm, scale or load_scale())
    some = min(draws, PART_DRAWS)
    windows = tabulate_windows(rows, seed=seed, draws=some)
    segments = {column: tabulate_segments(rows, one, seed=seed, draws=some) for column, one in rows.segments.items()}
    shift, shifted = measure_shift(rows, found, learned, seed=seed, draws=draws, gaps=gaps)
    ranking = read_ranking(found)
    return Validation(
        name=name, rows=len(rows), bads=int(rows.bad.sum()), parts=len(np.unique(rows.group)), witnesses=round(size),
        weighted=bool((rows.weight != rows.weight[0]).any()), bad_rate=rate_interval(bads, size), ranking=ranking,
        curve=trace_curve(rows), tenths=tenths, breaks=find_breaks(tenths), probabilities=held, shift=shift, windows=windows,
        segments=segments, cutoffs=tabulate_cutoffs(rows), seed=seed,
        benchmark=() if rows.benchmark is None else tuple(
            one for one in compare(found, name, "benchmark") if one.metric in ("auc", "ks")
        ),
        verdicts=(read_chance(ranking.auc), *_order_verdicts(tenths), *shifted, *_pd_verdicts(held, windows, segments)),
    )  # fmt: skip


def measure_shift(
    rows: ScoredRows, found: Draws, learned: ScoredRows | None, *, seed: int, draws: int, gaps: bool
) -> tuple[Shift | None, tuple[Verdict, ...]]:
    """Return how the score went from the rows it learned on (else from the older half of these) to the newer ones.

    >>> from weilend.models.validation.scored import example_rows
    >>> rows = example_rows()
    >>> shift, said = measure_shift(rows, draw_rows(rows, seed=1, draws=20), None, seed=1, draws=20, gaps=True)
    >>> shift.before, [one.gate for one in said]
    ('the older half', ['points_psi', 'auc_fall', 'ks_fall'])
    """
    if learned is None and not len(np.unique(rows.month[rows.month >= 0])) > 1:
        return None, ()
    if learned is not None:
        before, after, names, sides, gates = learned, rows, ("training", "the rows judged"), found, ("auc_gap", "ks_gap")
    else:
        side = older_half(rows)
        before, after, names = rows.take(side == 0), rows.take(side == 1), ("the older half", "the newer half")
        sides, gates = None, ("auc_fall", "ks_fall")
    moved = measure_stability(before.points, after.points, seed=seed)
    said = [read_interval("points_psi", moved.lo_ppm, moved.hi_ppm)]
    losses: list[Interval | None] = [None, None]
    if gaps and all(0 < int(part.bad.sum()) < len(part) for part in (before, after)):
        first = draw_rows(before, seed=seed + 1, draws=draws)
        second = sides or draw_rows(after, seed=seed + 2, draws=draws)
        losses = [_loss(first, second, at) for at in (0, 1)]
        said += [read_interval(gate, loss.lo_ppm, loss.hi_ppm) for gate, loss in zip(gates, losses, strict=True) if loss]
    return Shift(before=names[0], after=names[1], rows_before=len(before), rows_after=len(after), moved=moved,
                 auc_loss=losses[0], ks_loss=losses[1]), tuple(said)  # fmt: skip


def _loss(before: Draws, after: Draws, at: int) -> Interval:
    middle = round(PPM * float(before.values[0, at] - after.values[0, at]))
    return Interval(middle, *gap(before, after, "auc" if at == 0 else "ks"))


def _order_verdicts(tenths: tuple[Band, ...]) -> list[Verdict]:
    if len(tenths) < 2:
        return []
    broken = {(one.riskier, one.safer): one.p_ppm for one in find_breaks(tenths)}
    if not broken:
        return [read_least("rank_break", [PPM], [""])]
    (riskier, safer), p_ppm = min(broken.items(), key=lambda item: item[1])
    return [read_least("rank_break", [p_ppm], [f"tenths {riskier} and {safer}"])]


def _pd_verdicts(
    held: Probabilities | None, windows: tuple[Part, ...], segments: Mapping[str, tuple[Part, ...]]
) -> list[Verdict]:
    if held is None:
        return []
    level = held.fitness.intercept
    said = [read_distance("slope_off", held.fitness.slope, PPM), read_distance("level_off", level, 0)]
    said += read_bands("grade_too_low", held.grades)
    said += read_bands("window_too_low", [part.band for part in windows])
    every = [
        msgspec.structs.replace(part.band, name=f"{column} = {part.band.name}")
        for column, parts in segments.items()
        for part in parts
    ]
    return said + read_bands("segment_too_low", every)
