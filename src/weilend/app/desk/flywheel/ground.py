"""In: sizes and seeds. Out: `Ground`: a home whose book knows a world without a lender, and all who may apply, with what they show.
Used: by months and rivals.

Features of all applications are folded once: they look back only, at what is known when each application is sent. What the lender
himself adds to the book (how a firm paid him) is folded month by month, for those who apply.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from weilend.app.desk.flywheel.policies import ENTERPRISE_LOAN, SELLER_LOAN
from weilend.app.desk.home import Home, open_home
from weilend.app.desk.intake.balances import check_balances
from weilend.app.desk.progress import Tell, say_nothing
from weilend.app.desk.spines import complete_spine
from weilend.core.calendars import first_of_month
from weilend.core.errors import InputError
from weilend.core.plan import Spine
from weilend.core.records import KINDS
from weilend.core.values import Application, FraudVerdict
from weilend.economy.fraud import PATTERNS
from weilend.economy.loan_records import application_ids
from weilend.economy.opening import Opening, open_district, tell_opening
from weilend.economy.plan import WorldPlan, make_plan
from weilend.economy.traces import CONSENT
from weilend.economy.truth import STACKING, fraud_of_asks
from weilend.engine import duckdb
from weilend.engine.book_fill import Filler, Staged
from weilend.features.compute import FeatureTable, Seen, finish
from weilend.features.plans import FeatureSet, unique_names
from weilend.features.plans import make_plan as make_feature_plan
from weilend.features.sets import FRAUD, THEMES
from weilend.features.spec import Feature, Part
from weilend.fraud.verdict import Heard, judge_fraud
from weilend.models.table import Booleans, Integers

#: Months that are told before the lender opens: what an applicant's bank can show.
HISTORY_MONTHS: Final = 12
#: The number of the pattern that is no fraud.
_STACKED: Final = list(PATTERNS).index(STACKING) + 1
#: Numbers of the book's order that a district's records may take, and districts that a process makes before it says so.
SEQ_OF_DISTRICT, DISTRICTS_AT_ONCE = 2**23, 4
#: Themes that no model is offered: what only those leave who come by themselves (devices, forms), and what nobody computes here
#: (graph). Rules of fraud read the first all the same: who was called has none of it, and no rule holds for what is not known.
_WITHOUT: Final = ("device", "graph")

#: How a firm paid us, of which nobody knows anything on the first day.
OWN: Final = (
    Feature(name="own_paid_count_730d", aggregate="count", of=Part("repayment"), days=730, unit="count", lo=0, hi=1_000, sign=1,
            why="who paid us will pay us", en="{value} instalments were paid to us", zh="在我方已还{value}期"),
    Feature(name="own_worst_dpd_730d", aggregate="most", of=Part("loan_state", value="dpd"), days=730, unit="days", lo=0, hi=36_525,
            sign=-1, why="who was late with us will be again", en="it was {value} past due with us", zh="在我方最长逾期{value}"),
)  # fmt: skip
SHOWN: Final = FeatureSet(
    "flywheel_shown", unique_names(one for name, theme in THEMES.items() if name not in _WITHOUT for one in theme)
)
#: What is folded of the world: the above, and all that rules of fraud read.
FOLDED: Final = FeatureSet("flywheel_folded", tuple(dict.fromkeys((*SHOWN.features, *FRAUD.features))))
OWN_SET: Final = FeatureSet("flywheel_own", OWN)
FLYWHEEL: Final = FeatureSet("flywheel_all", (*SHOWN.features, *OWN))


class Asked(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """All who may apply in the months of business, in order of time: arrays (n,).

    `district` and `row` say where in the world, `month` the month of business from 0 on, `at` the instant (UTC seconds), `user` the
    asker among the district's people, `product` the first loan that suits the firm: a seller's where it has a shop. `caused` come
    only where they were contacted, `put_off` only where not. The rest is truth: `fraud` is the number of the pattern behind it (0:
    honest; who asks several lenders within weeks is honest, and short of money), `take_die` decides whether an offer is taken, the
    same for all.
    """

    district: Integers
    row: Integers
    month: Integers
    at: Integers
    user: Integers
    business: tuple[str, ...]
    application: tuple[str, ...]
    product: tuple[str, ...]
    caused: Booleans
    put_off: Booleans
    fraud: Integers
    take_die: np.ndarray

    def __len__(self) -> int:
        return len(self.row)

    def applications(self, rows: Iterable[int]) -> tuple[Application, ...]:
        """Return some of them as applications."""
        return tuple(
            Application(application_id=self.application[row], product=self.product[row], business_id=self.business[row],
                        as_of=int(self.at[row]), consent_id=CONSENT)
            for row in rows
        )  # fmt: skip


class Ground(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The world of a run: `openings` by district, who may apply, what each shows (`shown`, without his history with us), and what
    the rules of fraud say of each (`verdicts`).
    """

    plan: WorldPlan
    home: Home
    openings: tuple[Opening, ...]
    asked: Asked
    shown: FeatureTable
    verdicts: tuple[FraudVerdict, ...]
    records: int

    @property
    def months(self) -> int:
        """Months of business."""
        return self.plan.months - HISTORY_MONTHS

    def starts(self, month: int) -> int:
        """Return the first instant (UTC seconds) of a month of business."""
        return self.home.calendar.start_of(first_of_month(self.plan.first_month + HISTORY_MONTHS + month))


def plan_run(*, users: int, months: int, seed: int, world_seed: int = 0) -> WorldPlan:
    """Return the plan of a run's world: a quarter of the users own a firm, and a year is told before the first month.

    >>> plan_run(users=4_000, months=24, seed=7).months
    36
    """
    if users < 400:
        raise InputError(f"{users:,} users are too few to lend to", hint="ask for 400 at least; one in four owns a firm")
    return make_plan(businesses=users // 4, users=users, months=months + HISTORY_MONTHS, seed=seed, world_seed=world_seed)


def lay_ground(plan: WorldPlan, folder: Path, *, workers: int = 2, tell: Tell = say_nothing) -> Ground:
    """Make the world of a run in a new folder (its home in `folder`/home); any number of workers makes the same."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not an empty folder", hint="name a new one")
    home = open_home(folder / "home")
    staged = []
    for part, done in _stage(plan, home, workers):
        staged.append(part)
        tell("make the world", done, plan.districts)
    records = home.book.adopt(staged)
    openings = tuple(open_district(plan, number, first_month=HISTORY_MONTHS) for number in range(plan.districts))
    asked = _asked(plan, openings)
    check_balances(home, asked.applications(range(len(asked))))
    folded = _fold(home, asked, tell)
    return Ground(
        plan=plan, home=home, openings=openings, asked=asked, shown=folded.select(SHOWN),
        verdicts=judge_by_rules(folded.select(FRAUD)), records=sum(records.values()),
    )  # fmt: skip


def _stage(plan: WorldPlan, home: Home, workers: int) -> Iterator[tuple[Staged, int]]:
    size = max(min(DISTRICTS_AT_ONCE, plan.districts // max(workers, 1)), 1)
    parts = [range(first, min(first + size, plan.districts)) for first in range(0, plan.districts, size)]
    book = home.folder / "book"
    if workers < 2 or len(parts) < 2:
        yield from ((_stage_part(plan, book, home, part), part.stop) for part in parts)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_stage_alone, plan, book, part) for part in parts]
        for one, part in zip(waiting, parts, strict=True):
            yield one.result(), part.stop


def _stage_alone(plan: WorldPlan, book: Path, districts: range) -> Staged:
    pa.set_cpu_count(1)  # each process has its core
    return _stage_part(plan, book, open_home(book.parent, create=False), districts)


def _stage_part(plan: WorldPlan, book: Path, home: Home, districts: range) -> Staged:
    filler = Filler(book, home.calendar)
    for number in districts:
        told = tell_opening(open_district(plan, number, first_month=HISTORY_MONTHS))
        filler.add(told, first_seq=number * SEQ_OF_DISTRICT + 1)
    return filler.finish()


def _asked(plan: WorldPlan, openings: Sequence[Opening]) -> Asked:
    """Return who may apply in the months of business, by time."""
    parts: dict[str, list[np.ndarray]] = {}
    for number, opening in enumerate(openings):
        district = opening.district
        row = np.flatnonzero(district.asks.month >= HISTORY_MONTHS)
        firm, pattern = district.asks.firm[row], fraud_of_asks(district)[row]
        found = {
            "district": np.full(len(row), number), "row": row, "month": district.asks.month[row] - HISTORY_MONTHS,
            "at": district.asked_at()[row], "user": opening.asker[row],
            "business": np.array(district.firms.code[firm].tolist(), object),
            "application": np.array(application_ids(district).to_pylist(), object)[row],
            "product": np.where(district.firms.has_shop[firm], SELLER_LOAN, ENTERPRISE_LOAN).astype(object),
            "caused": opening.caused[row], "put_off": opening.put_off[row], "fraud": pattern * (pattern != _STACKED),
            "take_die": plan.dice("take", number).random(len(district.asks))[row],
        }  # fmt: skip
        for name, value in found.items():
            parts.setdefault(name, []).append(value)
    whole = {name: np.concatenate(values) for name, values in parts.items()}
    order = np.lexsort((whole["row"], whole["district"], whole["at"]))
    texts = ("business", "application", "product")
    plain: dict[str, Any] = {
        name: tuple(value[order].tolist()) if name in texts else value[order] for name, value in whole.items()
    }
    return Asked(**plain)


def judge_by_rules(table: FeatureTable) -> tuple[FraudVerdict, ...]:
    """Return what the rules of fraud say of rows of the feature set `fraud`: an alert, or that no more was asked.

    Nothing is learned of fraud in a run, and nobody reviews: rules are what every lender of the run has from the first day.
    """
    return tuple(judge_fraud(Heard(values=table.row(place).values)) for place in range(table.spine.size))


def _fold(home: Home, asked: Asked, tell: Tell) -> FeatureTable:
    """Return what every applicant shows, block by block."""
    view, plan = home.book.view(), make_feature_plan(FOLDED)
    spine = Spine(asked.business, tuple(asked.at.tolist()))
    roles = {KINDS[one.kind].subjects[0] for one in plan.folds}
    whole = complete_spine(home, spine, view, roles)
    tell("look at applicants", 0, len(asked))
    size = (len(asked), len(FOLDED.features))
    values, known = np.zeros(size, np.int64), np.zeros(size, np.bool_)
    seen = {kind: np.full((3, len(asked)), -1) for kind in FOLDED.kinds}
    done = 0
    for block, table in duckdb.fold_and_finish(
        plan, whole, view, home.calendar, lambda part, states: finish(FOLDED, part, states, home.calendar)
    ):
        rows = block.rows
        values[rows], known[rows] = table.values, table.known
        for kind, one in table.seen.items():
            seen[kind][:, rows] = one.oldest_days, one.newest_days, one.oldest_months
        done += len(rows)
        tell("look at applicants", done, len(asked))
    return FeatureTable(FOLDED, spine, values, known, {kind: Seen(*days) for kind, days in seen.items()})


def fold_own(ground: Ground, rows: Integers) -> FeatureTable:
    """Return how the firms behind some applications paid us, as known when each was sent."""
    asked, home = ground.asked, ground.home
    spine = Spine(tuple(asked.business[row] for row in rows.tolist()), tuple(asked.at[rows].tolist()))
    states = duckdb.fold(make_feature_plan(OWN_SET), spine, home.book.view(), home.calendar)
    return finish(OWN_SET, spine, states, home.calendar)
