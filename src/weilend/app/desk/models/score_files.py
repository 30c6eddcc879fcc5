"""In: a file of somebody's scores with outcomes. Out: `ScoreFile`, its rows as a validation reads them. Used: by validate, compare.

Columns with usual names are found; whatever is taken for granted is told, on the page and on the terminal.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

import msgspec
import numpy as np

from weilend.core.errors import InputError, NotFoundError
from weilend.core.ids import bytes_hash
from weilend.core.money import PPM, show_yuan
from weilend.models.design import Step
from weilend.models.flat import FlatColumn, Frame, Roles, read_frame, read_outcome
from weilend.models.flat.raw import read_names
from weilend.models.flat.row_parts import group_rows, month_rows, weight_rows
from weilend.models.prediction import Prediction
from weilend.models.table import Booleans, Floats, Integers
from weilend.models.validation import ScoredRows, Segments, rank_points

Higher = Literal["", "bad", "good"]
#: What columns are usually called, in small letters; the first that is there plays the part.
USUAL: Final = MappingProxyType(
    {
        "outcome": (
            "bad", "outcome", "label", "is_bad", "bad_flag", "default", "defaulted", "target", "y", "是否违约", "违约", "是否逾期",
        ),
        "pd": ("pd", "pd_ppm", "prob", "probability", "p_default", "违约概率"),
        "score": ("points", "score", "评分", "信用分", "分数", "得分"),
        "date": (
            "date", "month", "time", "as_of", "application_date", "applied_on", "issue_month", "日期", "申请月", "申请日期",
        ),
        "segment": ("segment", "product", "channel", "region", "客群", "产品", "渠道", "地区"),
        "group": ("group", "owner", "owner_id", "business_id", "企业主", "企业编号"),
        "weight": ("weight", "权重"),
        "row": ("row", "id", "application_id", "借据编号", "编号"),
    }
)  # fmt: skip
#: Scores of which more is safer, by their very name.
SAFER: Final = ("points", "评分", "信用分")
#: A number with more values than this is parted into four of about equal size.
MOST_VALUES: Final = 12


class ScoreAsk(msgspec.Struct, frozen=True, kw_only=True):
    """A file of scores and which column plays which part; "" looks for one with a usual name.

    `margin_fen` and `loss_fen` say what a good loan brings and a bad one costs, the same for all; with `amount` it is by row: the
    share in column `rate` of the amount, and `lost_ppm` of it.
    """

    table: Path
    score: str = ""
    pd: str = ""
    higher: Higher = ""
    outcome: str = ""
    bad: tuple[str, ...] = ()
    indeterminate: tuple[str, ...] = ()
    date: str = ""
    segments: tuple[str, ...] = ()
    group: str = ""
    weight: str = ""
    benchmark: str = ""
    amount: str = ""
    rate: str = ""
    lost_ppm: int = 600_000
    margin_fen: int | None = None
    loss_fen: int | None = None
    seed: int = 1


class ScoreFile(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The rows with a score and an outcome, how they were left, which column played which part, what was taken for granted.

    `row` (n,) is each row's number in the file from 0, `ids` its name where the file has one.
    """

    rows: ScoredRows
    row: Integers
    ids: tuple[str, ...]
    steps: tuple[Step, ...]
    parts: tuple[tuple[str, str], ...]
    assumed: tuple[str, ...]
    content: str


def read_scores(ask: ScoreAsk) -> ScoreFile:
    """Return the scored rows of a file.

    Raises `NotFoundError` for a column that is not there, `InputError` where a score, an outcome or a weight cannot be read.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "s.csv"
    ...     _ = file.write_text("pd,bad,month\\n0.2,1,2024-01\\n0.1,0,2024-02\\n,0,2024-02\\n", encoding="utf-8")
    ...     found = read_scores(ScoreAsk(table=file))
    >>> found.rows.pd_ppm.tolist(), [(step.reason, step.rows) for step in found.steps][1:]
    ([200000, 100000], [('without a score', 1), ('judged', 2)])
    """
    parts = _find_parts(ask, scored=True)
    frame = _read(ask, parts)
    points, said, assumed = _read_score(frame, parts, ask)
    scored = frame[parts["score"] or parts["pd"]].known & (said[1] if said else np.ones(frame.rows, dtype=np.bool_))
    return _assemble(ask, frame, parts, (points, said[0] if said else None, scored), assumed)


def attach_scores(ask: ScoreAsk, said: Prediction) -> ScoreFile:
    """Return the rows of a table with an outcome, scored by a model: `said` (n,) speaks of every row of the file.

    Errors are those of `read_scores`; no score is looked for.
    """
    parts = _find_parts(ask, scored=False)
    frame = _read(ask, parts)
    every = np.ones(frame.rows, dtype=np.bool_)
    return _assemble(ask, frame, parts, (said.points, said.pd_ppm, every), [])


def _read(ask: ScoreAsk, parts: dict[str, str]) -> Frame:
    words = [parts[name] for name in ("group", "row") if parts[name]]
    return read_frame(ask.table, times=[parts["date"]], words=words)


def _assemble(
    ask: ScoreAsk,
    frame: Frame,
    parts: dict[str, str],
    score: tuple[Integers, Integers | None, Booleans],
    assumed: list[str],
) -> ScoreFile:
    """Return the rows that have a score (points, PD, where there is one) and an outcome."""
    outcome = read_outcome(frame[parts["outcome"]], Roles(label=parts["outcome"], bad=ask.bad, indeterminate=ask.indeterminate))
    points, pd_ppm, scored = score
    steps, keep = _flow(outcome.bad, outcome.good, outcome.indeterminate, scored)
    margin, loss, money = _read_money(frame, ask)
    rows = ScoredRows(
        bad=outcome.bad.astype(np.int64), points=points, pd_ppm=pd_ppm, weight=weight_rows(frame, parts["weight"]),
        group=group_rows(frame, parts["group"]), month=month_rows(frame, parts["date"]),
        segments={name: part_column(frame[name]) for name in _segments(frame, ask, parts)}, margin_fen=margin, loss_fen=loss,
        benchmark=_read_benchmark(frame, ask),
    )  # fmt: skip
    names = frame[parts["row"]].texts() if parts["row"] else []
    return ScoreFile(
        rows=rows.take(keep), row=np.flatnonzero(keep), ids=tuple(names[at] for at in np.flatnonzero(keep)) if names else (),
        steps=steps, parts=tuple((part, name) for part, name in parts.items() if name), assumed=(*assumed, *money),
        content=bytes_hash(ask.table.read_bytes()),
    )  # fmt: skip


def _find_parts(ask: ScoreAsk, *, scored: bool) -> dict[str, str]:
    """Return the column of each part: the one that was named, else one with a usual name, else ""."""
    names = read_names(ask.table)
    small = {name.strip().lower(): name for name in reversed(names)}
    asked = {
        "outcome": ask.outcome,
        "pd": ask.pd,
        "score": ask.score,
        "date": ask.date,
        "group": ask.group,
        "weight": ask.weight,
    }
    for name in (*asked.values(), *ask.segments, ask.benchmark, ask.amount, ask.rate):
        if name and name not in names:
            raise NotFoundError(f"{ask.table.name} has no column {name}", hint=f"it has: {', '.join(names)}")
    taken = {name for name in (*asked.values(), *ask.segments, ask.benchmark) if name}
    found: dict[str, str] = {}
    for part, usual in USUAL.items():
        free = [small[name] for name in usual if name in small and small[name] not in taken]
        found[part] = asked.get(part, "") or next(iter(free), "")
    if ask.score and not ask.pd:
        found["pd"] = ""  # a score that was named is judged alone: the file's PD may be another model's
    if ask.pd and not ask.score:
        found["score"] = ""
    if not found["outcome"]:
        raise InputError(
            f"it is not clear which column of {ask.table.name} says what became of a row", hint="say --outcome COL"
        )
    if not scored:
        return found | {"score": "", "pd": ""}
    if not found["score"] and not found["pd"]:
        raise InputError(f"it is not clear which column of {ask.table.name} is the score", hint="say --score COL or --pd COL")
    return found


def _segments(frame: Frame, ask: ScoreAsk, parts: dict[str, str]) -> tuple[str, ...]:
    usual = parts["segment"]
    return ask.segments or ((usual,) if usual and frame[usual].kind != "id" else ())


def _read_score(
    frame: Frame, parts: dict[str, str], ask: ScoreAsk
) -> tuple[Integers, tuple[Integers, Booleans] | None, list[str]]:
    """Return points, PDs with where they are known (None where no PD was said), and what was taken for granted."""
    assumed: list[str] = []
    said = _read_pd(frame[parts["pd"]]) if parts["pd"] else None
    if not parts["score"]:
        assert said is not None
        return -said[0], said, assumed
    column = frame[parts["score"]]
    value = _numbers(column)
    known = value[column.known]
    if (
        said is None
        and ask.higher != "good"
        and len(known)
        and known.min() >= 0
        and known.max() <= 1
        and (known % 1 != 0).any()
    ):
        assumed.append(f"`{column.name}` lies between 0 and 1: it is read as the probability of going bad")
        said = _read_pd(column)
        return -said[0], said, assumed
    higher: Literal["good", "bad"] = "bad" if ask.higher == "bad" else "good"
    if not ask.higher and column.name.strip().lower() not in SAFER:
        assumed.append(f"more of `{column.name}` is taken to be safer; say --higher bad if it is not")
    whole = higher == "good" and column.scale == 1
    points = column.values.astype(np.int64) if whole else rank_points(value, higher)
    return points, said, assumed


def _read_pd(column: FlatColumn) -> tuple[Integers, Booleans]:
    value = _numbers(column) * (1 if column.name.lower().endswith("_ppm") else PPM)
    known = value[column.known]
    if len(known) and (known.min() < 0 or known.max() > PPM):
        raise InputError(
            f"{column.name} holds {known.min() / PPM:g} to {known.max() / PPM:g}, and a probability lies between 0 and 1",
            hint="give it as a fraction, or say --score COL with --higher bad or good",
        )
    return np.clip(np.rint(value), 1, PPM - 1).astype(np.int64), column.known


def _numbers(column: FlatColumn) -> Floats:
    if column.kind != "number":
        raise InputError(f"{column.name} does not hold numbers, but {column.kind}s", hint="name a column of numbers")
    return np.asarray(column.values / column.scale, dtype=np.float64)


def _flow(bad: Booleans, good: Booleans, open_: Booleans, scored: Booleans) -> tuple[tuple[Step, ...], Booleans]:
    left = np.ones(len(bad), dtype=np.bool_)
    steps = [Step("rows in the file", len(bad), int(bad.sum()))]
    for reason, out in (
        ("indeterminate by their outcome", open_),
        ("without an outcome", ~bad & ~good),
        ("without a score", ~scored),
    ):
        gone = left & out
        if gone.any():
            steps.append(Step(reason, int(gone.sum()), int(bad[gone].sum())))
        left &= ~out
    steps.append(Step("judged", int(left.sum()), int(bad[left].sum())))
    if not 0 < int(bad[left].sum()) < int(left.sum()):
        raise InputError(
            f"{int(bad[left].sum())} of {int(left.sum())} rows with a score and an outcome are bad", hint="bring goods and bads"
        )
    return tuple(steps), left


def part_column(column: FlatColumn) -> Segments:
    """Return the segments of a column: its values, or four parts of about equal size where it is a number of many values.

    >>> age = FlatColumn(name="age", kind="number", values=np.arange(20, 60), known=np.ones(40, dtype=np.bool_))
    >>> part_column(age).names
    ('20 to 29', '30 to 39', '40 to 49', '50 to 59')
    """
    known = np.unique(column.values[column.known])
    if column.kind != "number" or len(known) <= MOST_VALUES:
        return Segments.of(column.texts())
    values = column.values[column.known]
    cuts = np.unique(np.quantile(values, (0.25, 0.5, 0.75), method="inverted_cdf"))
    place = np.where(column.known, np.searchsorted(cuts, column.values, side="left"), -1)
    texts = np.array(column.texts(), dtype=object)
    names = ["(not known)"]
    for at in range(len(cuts) + 1):
        mine = np.flatnonzero(place == at)
        lo, hi = (mine[find(column.values[mine])] for find in (np.argmin, np.argmax)) if len(mine) else (0, 0)
        names.append(f"{texts[lo]} to {texts[hi]}")
    present = np.unique(place)
    return Segments(tuple(names[at + 1] for at in present.tolist()), np.searchsorted(present, place).astype(np.int64))


def _read_benchmark(frame: Frame, ask: ScoreAsk) -> Integers | None:
    """Return the points of the benchmark, turned so that more is safer on these rows' own direction of the score."""
    if not ask.benchmark:
        return None
    column = frame[ask.benchmark]
    value = np.where(column.known, _numbers(column), np.nan)
    if not column.known.all():
        raise InputError(
            f"{ask.benchmark} is not known in {int((~column.known).sum())} rows", hint="leave those rows out of the file"
        )
    probability = bool(value.min() >= 0 and value.max() <= 1 and (value % 1 != 0).any())
    return rank_points(value, "bad" if ask.higher == "bad" or (probability and ask.higher == "") else "good")


def _read_money(frame: Frame, ask: ScoreAsk) -> tuple[Integers | None, Integers | None, list[str]]:
    """Return what each row brings and costs in fen, None where nothing was said, and what was taken for granted."""
    if ask.amount and ask.rate:
        amount, rate = (np.where(frame[name].known, _numbers(frame[name]), 0.0) for name in (ask.amount, ask.rate))
        percent = bool(rate.max(initial=0.0) > 1)
        rate = rate / 100 if percent else rate
        margin, loss = np.rint(100 * amount * rate), np.rint(100 * amount * ask.lost_ppm / PPM)
        said = [
            f"a good loan brings the share in `{ask.rate}`{' (read as per cent)' if percent else ''} of `{ask.amount}` (yuan), "
            f"a bad one loses {ask.lost_ppm / 10_000:g} % of it"
        ]
        return margin.astype(np.int64), loss.astype(np.int64), said
    if ask.amount or ask.rate:
        raise InputError("the profit of a row needs its amount and its rate", hint="say --amount COL and --rate COL")
    if ask.margin_fen is None and ask.loss_fen is None:
        return None, None, []
    if ask.margin_fen is None or ask.loss_fen is None:
        raise InputError(
            "the profit of a loan needs what it brings and what it costs", hint="say --margin YUAN and --loss YUAN"
        )
    n = frame.rows
    alike = f"a good loan brings {show_yuan(ask.margin_fen)}, a bad one costs {show_yuan(ask.loss_fen)}, every loan alike"
    return np.full(n, ask.margin_fen), np.full(n, ask.loss_fen), [alike]
