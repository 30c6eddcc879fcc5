"""In: facts. Out: the records that one emit draws from them, identified, with both clocks. Used: by reader and writer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.records import KINDS
from weilend.sources.batch import Rows
from weilend.sources.columns.cells import Mask, nulls, repeat
from weilend.sources.columns.days import DAY_SECONDS
from weilend.sources.columns.groups import group_codes, may_repeat
from weilend.sources.identity import field_texts, identify
from weilend.sources.profile import Clock, Emit, record_columns
from weilend.sources.steps.clocks import instants
from weilend.sources.steps.scene import Facts, Scene, count_of

_ARROW_TYPES = {"integer": pa.int64(), "text": pa.string(), "date": pa.date32(), "boolean": pa.bool_()}
ORDINAL = "_ordinal_"


def emit_records(emit: Emit, facts: Facts, scene: Scene) -> tuple[pa.Table, Rows]:
    """Return the records that one emit draws from facts, and the position of the fact row behind each.

    >>> from weilend.core.calendars import Calendar
    >>> from weilend.sources import CUMCM2020C, Intake
    >>> layout = CUMCM2020C.layout("firms")
    >>> scene = Scene(profile=CUMCM2020C, layout=layout, intake=Intake(calendar=Calendar(), consent_id="own-data"))
    >>> facts = {"business_id": pa.array(["E1", "E2"]), "legal_form": pa.array(["company", "other"])}
    >>> table, rows = emit_records(layout.emits[0], facts, scene)
    >>> table["legal_form"].to_pylist(), rows.tolist()
    (['company', 'other'], [0, 1])
    """
    kept = _concerned(emit, facts, scene)
    rows = np.flatnonzero(kept)
    chosen = facts if kept.all() else {name: fact.filter(pa.array(kept)) for name, fact in facts.items()}
    count = len(rows)
    columns = {name: _column(emit, name, chosen, scene, count) for name in record_columns(emit.kind)}
    columns["happened_at"] = pa.array(_instants(emit.happened, chosen, scene, count))
    columns["happened_on"] = _days(emit, chosen, columns["happened_at"], scene)
    keyed = {name: chosen[name] for name in emit.key if name not in columns}
    ordinals = chosen.get(f"{ORDINAL}{emit.kind}") if emit.ordinal or not emit.key else None
    columns["key"], columns["record_id"] = identify(emit.kind, columns | keyed, emit.key, ordinals=ordinals)
    known = _instants(emit.known, chosen, scene, count)  # a source whose clocks contradict each other is believed the later one
    columns["known_at"] = pa.array(np.maximum(known, columns["happened_at"].to_numpy()))
    columns["known_basis"] = repeat(scene.profile.known_basis, count)
    columns["source"] = repeat(scene.profile.name, count)
    columns["consent_id"] = repeat(scene.intake.consent(), count)
    return pa.table(columns), rows


def nothing_beside(_facts: Facts) -> Facts:
    """Return no further facts of rows: all are at hand.

    >>> nothing_beside({})
    {}
    """
    return {}


def with_ordinals(facts: Facts, scene: Scene, beside: Callable[[Facts], Facts] = nothing_beside) -> Facts:
    """Return facts with the ordinal of each row among those of its key, for every kind whose emits ask for one.

    The facts must be those of a whole sheet; `beside` gives those of some rows that are not at hand. Rows of one key are numbered
    by line and content, not by where they stand: the same rows in another order are the same facts.

    >>> with_ordinals.__name__
    'with_ordinals'
    """
    added: Facts = {}
    for emit in scene.layout.emits:
        if (emit.ordinal or not emit.key) and f"{ORDINAL}{emit.kind}" not in added:
            wanted = emit.key or (*record_columns(emit.kind), "happened_on")
            named = [emit.facts.get(name, name) for name in wanted if name not in emit.constants and name not in emit.blanks]
            columns = [facts[name] for name in named if name in facts]
            numbers = _numbered(columns or [pa.nulls(count_of(facts))], facts, beside)
            added[f"{ORDINAL}{emit.kind}"] = pa.array(numbers)
    return facts | added


def _numbered(columns: list[pa.Array], facts: Facts, beside: Callable[[Facts], Facts]) -> npt.NDArray[np.int64]:
    """Return the ordinal of each row among those equal in some columns."""
    numbers = np.zeros(len(columns[0]), np.int64)
    several = np.flatnonzero(may_repeat(columns))
    if not len(several):
        return numbers
    rows = pa.array(several)
    codes = group_codes([column.take(rows) for column in columns])
    few = {name: fact.take(rows) for name, fact in facts.items()}
    known = {name: fact for name, fact in (few | beside(few)).items() if not name.startswith("_")}
    content = {name: fact.dictionary_decode() if pa.types.is_dictionary(fact.type) else fact for name, fact in known.items()}
    lines = content.get("line_no", pa.nulls(len(several), pa.int64())).fill_null(0)
    table = pa.table({"code": codes, "line": lines, "text": field_texts("", content)})
    order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in table.column_names]).to_numpy()
    ranked = codes[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    numbers[several[order]] = np.arange(len(ranked)) - np.repeat(starts, np.diff(np.r_[starts, len(ranked)]))
    return numbers


def _concerned(emit: Emit, facts: Facts, scene: Scene) -> Mask:
    """Return which rows give a record."""
    count = count_of(facts)
    mask = np.ones(count, np.bool_)
    if emit.when is not None:
        name, word = emit.when
        mask = pc.fill_null(pc.equal(facts[name], word), fill_value=False).to_numpy(zero_copy_only=False)
    if emit.has:
        mask = mask & ~nulls(facts[emit.has])
    if emit.known_before is not None:
        mask = mask & (_instants(emit.known, facts, scene, count) < _instants(emit.known_before, facts, scene, count))
    return mask


def _column(emit: Emit, name: str, facts: Facts, scene: Scene, count: int) -> pa.Array:
    wanted = _ARROW_TYPES[KINDS[emit.kind].field(name).type]
    if name in emit.constants:
        return repeat(pa.scalar(emit.constants[name]).cast(wanted).as_py(), count, wanted)
    fact = emit.facts.get(name, name)
    if fact in facts and name not in emit.blanks:
        return facts[fact].cast(wanted)
    said = subject_said(name, scene)
    return repeat(said, count) if said and name not in emit.blanks else pa.nulls(count, wanted)


def subject_said(name: str, scene: Scene) -> str:
    """Return what the intake says of a subject or holder, "" where it is silent or the column is none of these.

    >>> subject_said.__name__
    'subject_said'
    """
    intake = scene.intake
    said = {"business_id": intake.business_id, "shop_id": intake.shop_id, "owner_id": intake.owner_id, "holder": intake.holder}
    return said.get(name, "")


def _instants(clock: Clock, facts: Facts, scene: Scene, count: int) -> npt.NDArray[np.int64]:
    if clock.rule == "instant":
        given: npt.NDArray[np.int64] = facts[clock.of].fill_null(0).to_numpy(zero_copy_only=False)
        return given + clock.lag_days * DAY_SECONDS
    days = (
        facts[clock.of].cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False)
        if clock.of in facts
        else np.zeros(count, np.int32)
    )
    return instants(clock, days, scene.intake.calendar)


def _days(emit: Emit, facts: Facts, happened_at: pa.Array, scene: Scene) -> pa.Array:
    """Return the local day of each record: the fact where the clock is about it, else as the instants say."""
    if emit.happened.of in ("happened_on", "happened_at") and "happened_on" in facts and emit.happened.day is None:
        return facts["happened_on"]
    calendar = scene.intake.calendar
    distinct = happened_at.dictionary_encode()
    days = [calendar.day_of(instant) for instant in distinct.dictionary.to_pylist()]
    return pa.array(days, pa.date32()).take(distinct.indices)
