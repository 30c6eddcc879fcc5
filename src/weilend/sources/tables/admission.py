"""In: a profile. Out: the same one in the registry, once nothing speaks against it. Used: by profiles when they are loaded."""

from __future__ import annotations

from weilend.core.errors import SchemaError
from weilend.core.records import FRAME, KINDS
from weilend.sources.columns.converters import CONVERTERS
from weilend.sources.profile import PROFILES, Column, Emit, Layout, Profile, record_columns
from weilend.sources.steps import moments, papers, parties, shops, signs  # noqa: F401 - they register their steps
from weilend.sources.steps.scene import STEPS

_SAID = ("business_id", "shop_id", "owner_id", "holder")  # what the intake may say


def register(profile: Profile) -> Profile:
    """Add a profile after `check_profile` found nothing against it.

    >>> from weilend.sources.profile import Clock, Column
    >>> emit = Emit(kind="external_outcome", happened=Clock(rule="end_of_day"), known=Clock(rule="end_of_day"))
    >>> layout = Layout(name="t", format="csv", columns=(Column(raw="a", fact="business_id", convert="text"),), emits=(emit,))
    >>> register(Profile(name="p", en="", zh="", layouts=(layout,), parts=()))
    Traceback (most recent call last):
    weilend.core.errors.SchemaError: p.t: nothing gives external_outcome.outcome. Hint: map a raw column to it
    """
    check_profile(profile)
    return PROFILES.add(profile.name, profile)


def check_profile(profile: Profile) -> None:
    """Check that every record column has a fact or a constant, within the vocabulary of its kind, and that all names exist.

    Raises `SchemaError` for a profile that could not be read.

    >>> check_profile(PROFILES["cumcm2020c"])
    """
    for layout in profile.layouts:
        where = f"{profile.name}.{layout.name}"
        for column in layout.columns:
            if column.convert not in CONVERTERS:
                raise SchemaError(
                    f"{where}: no converter {column.convert!r} for {column.raw}", hint=f"there is: {', '.join(CONVERTERS)}"
                )
            if column is next(other for other in layout.columns if other.raw == column.raw):
                _check_spelling(where, column)
        for emit in layout.emits:
            _check_emit(where, layout, emit)


def _check_spelling(where: str, column: Column) -> None:
    """Raise where a word that a pattern gives could not be written again; of several facts of a cell the first one writes it."""
    if column.convert == "pattern":
        silent = {word for word in (*(ours for _, ours in column.words), column.default) if word} - {
            ours for ours, _ in column.spell
        }
        if silent:
            raise SchemaError(f"{where}: nothing spells {', '.join(sorted(silent))} in {column.raw}", hint="say it in spell")


def _check_emit(where: str, layout: Layout, emit: Emit) -> None:
    if emit.kind not in KINDS:
        raise SchemaError(f"{where}: no kind of record {emit.kind!r}", hint=f"there is: {', '.join(KINDS)}")
    facts = _facts(where, layout)
    columns = record_columns(emit.kind)
    for column in columns:
        given = emit.facts.get(column, column) in facts or column in emit.constants or column in _SAID
        if not given and not KINDS[emit.kind].field(column).nullable:
            raise SchemaError(f"{where}: nothing gives {emit.kind}.{column}", hint="map a raw column to it")
    for column in emit.key:
        if column not in columns and column not in FRAME and column not in facts:
            raise SchemaError(f"{where}: no column {column!r} to key by", hint=f"there is: {columns}")
    for field in KINDS[emit.kind].fields:
        given_words = (
            {emit.constants[field.name]}
            if field.name in emit.constants
            else _words(layout, emit.facts.get(field.name, field.name))
        )
        if field.words and given_words - set(field.words):
            strange = ", ".join(sorted(given_words - set(field.words)))
            raise SchemaError(f"{where}: {emit.kind}.{field.name} has no word {strange}", hint=f"say one of {field.words}")


def _facts(where: str, layout: Layout) -> set[str]:
    facts = (
        {column.fact for column in layout.columns} | set(layout.keeps) | {fact for join in layout.joins for fact in join.facts}
    )
    for name in layout.steps:
        if name not in STEPS:
            raise SchemaError(f"{where}: no step {name!r}", hint=f"there is: {', '.join(STEPS)}")
        facts |= set(STEPS[name].gives)
    return facts


def _words(layout: Layout, fact: str) -> set[str]:
    """Return the words that columns may give for a fact, as far as tables of words say."""
    columns = [column for column in layout.columns if column.fact == fact and column.convert in ("words", "pattern")]
    return {word for column in columns for word in (*(ours for _, ours in column.words), column.default) if word}
