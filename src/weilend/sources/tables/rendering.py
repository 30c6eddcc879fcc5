"""In: the facts of rows. Out: the raw cells of a layout, header and surrounding lines included. Used: by the writer."""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.errors import SourceError
from weilend.sources.columns.cells import repeat
from weilend.sources.columns.converters import CONVERTERS
from weilend.sources.files.written import rows_of
from weilend.sources.profile import Column
from weilend.sources.steps.scene import STEPS, Facts, Scene, count_of


def render_table(facts: Facts, scene: Scene, file: str) -> pa.Table:
    """Return facts as the raw table of a layout; raises `SourceError` for what the format cannot say.

    >>> render_table.__name__
    'render_table'
    """
    rendered = unstepped(facts, scene)
    layout = scene.layout
    _refuse_silent(rendered, scene)
    cells: dict[tuple[str, str], pa.Array] = {}
    for column in layout.columns:
        if column.fact in rendered:
            cells[column.raw, column.fact] = _cell(rendered[column.fact], column, scene, file)
    count = count_of(facts)
    return pa.table({raw: _raw(raw, cells, scene, count) for raw in layout.written})


def render_rows(facts: Facts, scene: Scene, file: str) -> Iterator[Sequence[str]]:
    """Yield every line of a file as cells: the lines above, the header, the rows, the lines below.

    >>> render_rows.__name__
    'render_rows'
    """
    said = _spoken(facts, scene)
    for line in scene.layout.above:
        yield _filled(line, said).split(scene.layout.delimiter)
    header, *rows = rows_of(render_table(facts, scene, file))
    yield header
    for line in scene.layout.lead:
        cells = _filled(line, said).split(scene.layout.delimiter)
        yield [*cells, *[""] * (len(header) - len(cells))]
    yield from rows
    for line in scene.layout.below:
        yield _filled(line, said).split(scene.layout.delimiter)


def unstepped(facts: Facts, scene: Scene) -> Facts:
    """Return the facts that columns render: what the steps of reading made, unmade from the last to the first.

    >>> unstepped.__name__
    'unstepped'
    """
    for name in reversed(scene.layout.steps):
        facts = facts | STEPS[name].render(facts, scene)
    return facts


def _refuse_silent(facts: Facts, scene: Scene) -> None:
    layout = scene.layout
    spoken = {column.raw for column in layout.columns if column.fact in facts}
    needed = {column.raw: column.fact for column in layout.columns if not (column.blank or column.absent or column.default)}
    silent = [fact for raw, fact in needed.items() if raw not in spoken and raw not in layout.fill]
    if silent:
        raise SourceError(f"the records say nothing about {', '.join(silent)}", hint=f"the table {layout.name} needs it")


def _cell(fact: pa.Array, column: Column, scene: Scene, file: str) -> pa.Array:
    try:
        return CONVERTERS[column.convert].render(fact, column, scene.layout.format)
    except pa.ArrowInvalid:
        message = f"{file} cannot hold {column.fact} as {column.stored}"
        raise SourceError(message, hint="check the values of that field") from None


def _raw(raw: str, cells: dict[tuple[str, str], pa.Array], scene: Scene, count: int) -> pa.Array:
    """Return the cells of a raw column: by its forms, else of the first fact that has something to say."""
    own = {fact: cell for (name, fact), cell in cells.items() if name == raw}
    if scene.layout.format == "parquet":
        return next(iter(own.values()))
    options = [_formed(form, own, count) for form in scene.layout.forms.get(raw, ())] or list(own.values())
    fill = scene.layout.fill.get(raw)
    text = pc.coalesce(*options, pa.nulls(count, pa.string())) if options else pa.nulls(count, pa.string())
    return pc.fill_null(text, fill) if fill else text


def _formed(form: str, own: dict[str, pa.Array], count: int) -> pa.Array:
    """Return a form with facts in their places, NULL where one of them is unknown."""
    parts: list[pa.Array | str] = []
    for literal, name, _, _ in string.Formatter().parse(form):
        parts.append(literal)
        if name is not None:
            parts.append(own.get(name, pa.nulls(count, pa.string())))
    columns = [repeat(part, count, pa.string()) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*columns, "")


def _spoken(facts: Facts, scene: Scene) -> dict[str, str]:
    """Return what the lines around the rows say of them."""
    days = facts.get("happened_on", pa.array([], pa.date32()))
    first, last = (pc.min(days).as_py() or date(1970, 1, 1), pc.max(days).as_py() or date(1970, 1, 1))
    said = {
        "since": str(first),
        "until": str(_until(facts, scene, last)),
        "lines": str(count_of(facts)),
        "month": f"{last:%Y年%m月}",
    }
    if {"direction", "amount_fen"} <= set(facts):
        for direction in ("in", "out", "neutral"):
            chosen = pc.equal(facts["direction"], direction)
            total = pc.sum(pc.if_else(chosen, facts["amount_fen"], 0)).as_py() or 0
            said |= {
                f"{direction}_count": str(pc.sum(chosen).as_py() or 0),
                f"{direction}_total": f"{total // 100}.{total % 100:02d}",
            }
    if "account_id" in facts and count_of(facts):
        tokens = pc.unique(facts["account_id"]).to_pylist()
        said["account"] = scene.clear.get(tokens[0], tokens[0])
        if len(tokens) > 1 and not any(column.fact == "account" for column in scene.layout.columns):
            raise SourceError(
                f"{scene.layout.name} holds one account, the records are of {len(tokens)}", hint="write them one by one"
            )
    return {"account": "", "name": "", "net_total": "0.00", "currency": scene.intake.currency, **said}


def _until(facts: Facts, scene: Scene, last: date) -> date:
    """Return the last day that the file says it covers: that on which what came late was known."""
    lags = [emit.known.lag_days for emit in scene.layout.emits if emit.known.of == "late_on"]
    if not lags or "known_at" not in facts or not count_of(facts):
        return last
    known = scene.intake.calendar.day_of(pc.max(facts["known_at"]).as_py()) - timedelta(days=lags[0])
    return max(last, known)


def _filled(line: str, said: dict[str, str]) -> str:
    return line.format(**said)
