"""In: a world on disk. Out: one page: who lives there, its seasons, its money, who can pay back and why, its fraud. Used: by
`weilend sim report`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.app.desk.home import open_home
from weilend.app.desk.worlds.audit import STANDARD, read_truth
from weilend.app.desk.worlds.making import WorldMade
from weilend.core.errors import NotFoundError
from weilend.core.money import PPM
from weilend.economy.audit.marginals import Seen, measure
from weilend.economy.catalogue import catalogue
from weilend.economy.fraud import PATTERNS
from weilend.economy.truth import LIMIT_FACTORS, RATES
from weilend.engine import BookView
from weilend.report import (
    Block,
    Callout,
    ChartBlock,
    Column,
    DataTable,
    KeyFigure,
    KeyFigures,
    Page,
    Prose,
    Section,
    bars,
    heat,
    histogram,
    lines,
    show,
)
from weilend.report.blocks import Spec


class _World(msgspec.Struct, frozen=True, eq=False):
    made: WorldMade
    view: BookView
    truth: dict[str, pa.Table]


def compose_world(folder: Path) -> Page:
    """Return the page of the world in a folder; `NotFoundError` where there is none."""
    path = folder / "world.json"
    if not path.is_file():
        raise NotFoundError(f"no world in {folder}", hint="make one with: weilend sim world --out FOLDER")
    made = msgspec.json.decode(path.read_bytes(), type=WorldMade)
    world = _World(made, open_home(folder / "home", create=False).book.view(), read_truth(folder))
    drawn = f"constants drawn by world seed {made.world_seed}" if made.world_seed else "default constants"
    return Page(
        title="A world of small businesses",
        title_zh="小微企业模拟经济",
        subtitle=f"seed {made.seed}, {drawn} · {made.months} months to December 2025",
        lead="Made up from a seed, calibrated on what is public. Nobody lives here, and everything about everybody is known.",
        sections=(_people(world), _seasons(world), _credit(world), _fraud(world), _public(world), _records(world)),
        made_from=(("content", made.content), ("constants", made.constants)),
    )


def _people(world: _World) -> Section:
    firms = world.truth["firms"]
    sole = 1 - float(pc.mean(pc.cast(firms["is_company"], pa.float64())).as_py())
    figures = KeyFigures(
        (
            KeyFigure("Businesses 企业", f"{world.made.businesses:,}", f"{show(round(sole * PPM), 'ppm')} sole traders"),
            KeyFigure("Registered users 注册用户", f"{world.made.users:,}", "owners among them are to be found"),
            KeyFigure("Shops 店铺", f"{_count(firms['has_shop']):,}", "firms that sell on a platform"),
            KeyFigure("Applications 进件", f"{len(world.truth['applications']):,}", "asked us for money"),
        )
    )
    places = _tally([catalogue().provinces[code] for code in firms["region"].to_pylist()])
    sorts = _tally(firms["industry"].to_pylist())
    sales = np.log10(np.maximum(firms["usual_sales_fen"].to_numpy() / 100, 100))
    form = ["company 公司" if one else "sole trader 个体户" for one in firms["is_company"].to_pylist()]
    blocks: tuple[Block, ...] = (
        figures,
        ChartBlock(
            title="Where they are",
            description="Businesses by province; weights are the provinces' GDP of 2023.",
            spec=bars([name for name, _ in places[:16]], [count for _, count in places[:16]], axis="businesses"),
        ),
        ChartBlock(
            title="What they do",
            description="Businesses by line of business.",
            spec=bars([name for name, _ in sorts], [count for _, count in sorts], axis="businesses"),
        ),
        ChartBlock(
            title="How large they are",
            description="Usual monthly sales in powers of ten of a yuan: 4 is ¥10,000, 5 is ¥100,000. "
            "Most are tiny, a few have most of the sales.",
            spec=histogram(
                sales.round(3).tolist(),
                groups=form,
                order=("sole trader 个体户", "company 公司"),
                axis="monthly sales, log10 yuan",
                counted="businesses",
            ),
        ),
    )
    return Section(id="people", title="Who lives here", title_zh="这里有谁", blocks=blocks)


def _seasons(world: _World) -> Section:
    orders = world.view.read("order", columns=["happened_on", "paid_fen", "status", "category"])
    paid = orders.filter(pc.equal(orders["status"], "paid"))
    day = paid["happened_on"].combine_chunks()
    month = pc.strftime(day, format="%Y-%m").to_pylist()
    names = sorted(set(month))
    place = {name: number for number, name in enumerate(names)}
    at = np.array([place[one] for one in month], np.int64)
    fen, kinds = paid["paid_fen"].to_numpy().astype(np.float64), np.array(paid["category"].to_pylist())
    series: dict[str, list[int | float | None]] = {}
    for one in catalogue().categories:
        mine = kinds == one.code
        sums = np.bincount(at[mine], fen[mine], minlength=len(names))
        series[f"{one.name} {one.zh}"] = [round(value, 3) for value in (sums / max(sums.mean(), 1)).tolist()]
    blocks: tuple[Block, ...] = (
        Prose(
            (
                "Each line is what shops sold in a month, over their mean month: 618 lifts June, 11.11 November, New Year empties"
                " February, and food has its season before it.",
            )
        ),
        ChartBlock(
            title="The year of a shop",
            description="Sales by category over the mean month.",
            spec=lines(names, series, axis="of the mean month"),
        ),
        ChartBlock(
            title="The feast of November",
            description="Sales of each day of the last November that was told, all shops.",
            spec=_november(day, fen),
        ),
    )
    return Section(id="seasons", title="Seasons", title_zh="季节", blocks=blocks)


def _november(day: pa.Array, fen: np.ndarray) -> Spec:
    """Return the sales of each day of the last November."""
    year = max(pc.year(day).to_pylist(), default=2025)
    inside = pc.and_(pc.equal(pc.month(day), 11), pc.equal(pc.year(day), year))
    if not pc.any(inside).as_py():
        inside = pc.is_valid(day)
    chosen = inside.to_numpy(zero_copy_only=False)
    sums = np.bincount(pc.day(day).to_numpy(zero_copy_only=False)[chosen], fen[chosen], minlength=31)[1:]
    return lines(list(range(1, len(sums) + 1)), {"sales": [int(one) for one in sums]}, unit="fen", x_axis="day of the month")


def _credit(world: _World) -> Section:
    asks = world.truth["applications"]
    chance = asks[f"pd_ppm_{STANDARD}"].to_numpy()
    bad = asks[f"bad_{STANDARD}"].to_numpy()
    grid = [[_mean_bad(asks, factor, rate) for rate in RATES] for factor in LIMIT_FACTORS]
    legend = ("repays 正常", "defaults 违约")
    blocks: tuple[Block, ...] = (
        KeyFigures(
            (
                KeyFigure(
                    "Would default 违约率", show(round(PPM * float(bad.mean())), "ppm"), "of all who ask, at the standard offer"
                ),
                KeyFigure("Approved of old 历史通过率", show(_share(asks["approved_of_old"]), "ppm"), "by account managers"),
                KeyFigure(
                    "Drawn 支用率",
                    show(_share(asks.filter(asks["approved_of_old"])["taken_of_old"]), "ppm"),
                    "of those approved",
                ),
            )
        ),
        ChartBlock(
            title="Limit and price cause default",
            description="Share of all applicants who would default at each offer: down"
            " the limit (of a month's sales), across the yearly rate. The same people, the same dice: only the offer differs.",
            spec=heat(
                [f"{round(100 * factor)} % of the standard limit" for factor in LIMIT_FACTORS],
                [f"{round(100 * rate)} % a year" for rate in RATES],
                grid,
                unit="ppm",
            ),
        ),
        ChartBlock(
            title="What can be known, and what the dice add",
            description="Applicants by the chance of default that the oracle gives them; colour says what became of them.",
            spec=histogram(
                np.minimum(chance, 600_000).tolist(),
                unit="ppm",
                bins=30,
                order=legend,
                groups=[legend[int(one)] for one in bad],
                axis="chance of default",
                counted="applicants",
            ),
        ),
        Callout(
            tone="note",
            title="The lender of old senses what no file holds",
            text="Account managers turn away some of whom no record says"
            " anything bad, and they are right more often than chance: so those who were lent to are better than they look, and"
            " a model that has seen only them will think too well of the others.",
        ),
    )
    return Section(id="credit", title="Who can pay back", title_zh="信用与因果", blocks=blocks)


def _mean_bad(asks: pa.Table, factor: float, rate: float) -> int:
    return _share(asks[f"bad_limit_{round(100 * factor)}_rate_{round(100 * rate)}"])


def _fraud(world: _World) -> Section:
    frauds, marks = world.truth["frauds"], world.truth["records"]
    firms = dict(_tally(frauds["pattern"].to_pylist()))
    told = dict(_tally(marks["pattern"].to_pylist()))
    asked = dict(_tally([one for one in world.truth["applications"]["pattern"].to_pylist() if one]))
    rows = tuple(
        (
            f"{name.replace('_', ' ')} {PATTERNS[name].zh}",
            firms.get(name, 0),
            asked.get(name, 0),
            told.get(name, 0),
            "withheld" if PATTERNS[name].withheld else "",
        )
        for name in PATTERNS
    )
    columns = (
        Column(title="pattern"),
        Column(title="businesses", unit="count", bar=True),
        Column(title="applications", unit="count"),
        Column(title="records it made", unit="count"),
        Column(title="kept from tuning"),
    )
    table = DataTable(
        columns=columns, rows=rows, title="Patterns of fraud", caption="No record says which it is; the truth does."
    )
    return Section(id="fraud", title="Who deceives", title_zh="欺诈", blocks=(table,))


def _public(world: _World) -> Section:
    found = measure(Seen(lambda kind, columns: world.view.read(kind, columns=columns), world.truth, world.made.months))
    rows = tuple(
        (
            f"{one.fact.about} {one.fact.zh}",
            show(one.found, one.fact.unit),
            f"{show(one.fact.lo, one.fact.unit)} – {show(one.fact.hi, one.fact.unit)}",
            "inside" if one.gap == 0 else f"{one.gap / 1e4:+.1f} %",
            one.fact.source,
        )
        for one in found
    )
    columns = tuple(Column(title=title) for title in ("what", "made here", "public", "gap", "source"))
    table = DataTable(columns=columns, rows=rows, title="Made here, beside what is public", folded=False)
    return Section(id="public", title="How near to life", title_zh="与公开数据对照", blocks=(table,))


def _records(world: _World) -> Section:
    rows = sorted(world.made.records.items(), key=lambda one: -one[1])
    chart = ChartBlock(
        title="Records by kind",
        description="What the book of this world holds.",
        spec=bars([name for name, _ in rows], [count for _, count in rows], axis="records"),
    )
    return Section(id="records", title="What is told", title_zh="记录", blocks=(chart,))


def _tally(words: list[str]) -> list[tuple[str, int]]:
    """Return how often each word occurs, the most frequent first."""
    names, counts = np.unique(np.array(words, dtype=np.str_), return_counts=True) if words else (np.array([]), np.array([]))
    return sorted(zip(names.tolist(), counts.tolist(), strict=True), key=lambda one: (-one[1], one[0]))


def _count(mask: pa.ChunkedArray) -> int:
    return int(pc.sum(pc.cast(mask, pa.int64())).as_py() or 0)


def _share(mask: pa.ChunkedArray) -> int:
    return PPM * _count(mask) // max(len(mask), 1)
