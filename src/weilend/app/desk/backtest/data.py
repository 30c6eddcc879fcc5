"""In: a file of applications, the programs that will decide it. Out: the columns that they read, checked. Used: by back-tests.

A column that is not there is refused, but for what has an honest answer: nobody looked at fraud, a source is there where it told
something, a row is as old as its application, and an experiment draws by the owner, or by the business without one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.core.records import Field
from weilend.decision import Program
from weilend.decision.facts import AGE
from weilend.engine.programs import APPLICATIONS, History

#: The relation in which every column is there and of its type.
PREPARED: Final = "prepared"
BAD: Final = "bad"
BUSINESS: Final = "business_id"
OWNER: Final = "owner_id"
#: A text column with so many words or fewer tells segments apart.
MOST_WORDS: Final = 12
_WHOLE: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT")
_BROKEN: Final = ("DOUBLE", "FLOAT", "DECIMAL")
_TEXTS: Final = ("VARCHAR", "ENUM")


def prepare_history(
    history: History, programs: Sequence[Program], segments: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Make the relation `prepared`; return the segments that are told apart, and what had to be assumed, a sentence each.

    Raises `InputError` where a column is missing or holds what it cannot.
    """
    types = history.types
    fields = {field.name: field for program in programs for field in program.inputs.values()}
    honest = {name: found for program in programs for name, found in _honest(program, types)}
    assumed = {name: found for name, found in honest.items() if name in fields and name not in types}
    _refuse_missing(fields, types, assumed)
    chosen = _segments(history, types, fields, segments)
    columns = {name: _typed(name, field, types) for name, field in fields.items() if name in types}
    columns |= {name: expression for name, (expression, _) in assumed.items()}
    columns |= {name: f'"{name}"' for name in chosen if name not in columns}
    _refuse_unsaid(history, [field for name, field in fields.items() if name in types and not field.nullable])
    _refuse_fractions(history, [name for name in columns if types.get(name, "").startswith(_BROKEN)])
    history.derive(PREPARED, columns | {BAD: _bad(history, types)})
    return chosen, tuple(dict.fromkeys(sentence for _, sentence in assumed.values()))


def columns_of(programs: Iterable[Program]) -> tuple[str, ...]:
    """Return every column of history that programs read.

    >>> columns_of([])
    ()
    """
    return tuple(dict.fromkeys(field.name for program in programs for field in program.inputs.values()))


def _honest(program: Program, types: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield what may stand in for columns that are not there: the expression, and the sentence that says so."""
    yield AGE, ("0", f"There is no `{AGE}`: every row is taken to be as old as its application.")
    yield "fraud_status", ("'not_assessed'", "There is no `fraud_status`: fraud is taken as *not assessed*.")
    yield "fraud_grade", ("'none'", "There is no `fraud_grade`: nobody is taken to have one.")
    for one in program.sources:
        told = [name for name in _told_by(program, one.status) if name in types]
        there = " OR ".join(f'"{name}" IS NOT NULL' for name in told)
        expression = f"CASE WHEN {there} THEN 'present' ELSE 'missing' END" if told else "'missing'"
        yield one.status, (expression, f"There is no `{one.status}`: a source counts as present where it told anything.")
    for experiment in program.experiments:
        yield experiment.draw, _draw(experiment.experiment.salt, experiment.draw, types)
        name = experiment.experiment.open
        yield name, ("1", f"There is no `{name}`: the budget of `{experiment.experiment.name}` is taken as open.")


def _draw(salt: str, name: str, types: Mapping[str, str]) -> tuple[str, str]:
    there = [column for column in (OWNER, BUSINESS) if column in types]
    if not there:
        return "0", f"There is neither `{name}` nor `{BUSINESS}`: everybody is taken to draw the first arm."
    quoted, drawer = salt.replace("'", "''"), ", ".join(f'"{column}"' for column in there)
    drawn = f"('0x' || substr(sha256('{quoted}:' || coalesce({drawer})), 1, 15))::BIGINT % {PPM}"
    said = "as they are in a live decision" if OWNER in there else "as in a live decision where no owner is known"
    return drawn, f"There is no `{name}`: arms are drawn from `{there[0]}`, {said}."


def _told_by(program: Program, status: str) -> Iterator[str]:
    """Yield the raw columns that are read only where a source is present."""
    present = next(one.present for one in program.sources if one.status == status)
    for step in program.steps:
        if present in step.formula.names:
            yield from (program.inputs[name].name for name in step.formula.names if name in program.inputs)


def _refuse_missing(fields: Mapping[str, Field], types: Mapping[str, str], assumed: Mapping[str, object]) -> None:
    missing = [name for name in fields if name not in types and name not in assumed]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise InputError(
            f"the applications have no column {', '.join(missing[:5])}{more}",
            hint="give a column for each feature and fact that the policy reads, NULL where it is not known",
        )


def _typed(name: str, field: Field, types: Mapping[str, str]) -> str:
    kinds, cast = {"text": (_TEXTS, "VARCHAR"), "integer": ((*_WHOLE, *_BROKEN), "BIGINT")}[field.type]
    if not types[name].startswith(kinds):
        wanted = "a text" if field.type == "text" else f"whole numbers{f' ({field.unit})' if field.unit else ''}"
        raise InputError(f"column {name} holds {types[name]}", hint=f"the policy reads {wanted}")
    return f'"{name}"' if types[name] == cast else f'"{name}"::{cast}'


def _refuse_fractions(history: History, names: Sequence[str]) -> None:
    if not names:
        return
    (counts,) = history.group(APPLICATIONS, (), [f'count(*) FILTER (WHERE "{name}" <> round("{name}"))' for name in names])
    wrong = next((name for name, count in zip(names, counts, strict=True) if count), None)
    if wrong is not None:
        hint = "give fen, ppm and counts as whole numbers: 0.25 is 250000 ppm"
        raise InputError(f"column {wrong} holds fractions", hint=hint)


def _refuse_unsaid(history: History, fields: Sequence[Field]) -> None:
    """Refuse NULL, and words that are none, where the policy relies on being told: a status, a verdict, an age."""
    for field in fields:
        words = f' OR "{field.name}" NOT IN ({", ".join(map(repr, field.words))})' if field.words else ""
        found = history.group(APPLICATIONS, [f'"{field.name}"'], ["count(*)"], where=f'"{field.name}" IS NULL{words}', most=1)
        for value, count in found:
            hint = f"say one of: {', '.join(field.words)}" if field.words else "give a number in every row"
            raise InputError(f"column {field.name} holds {value or 'NULL'} in {count} rows", hint=hint)


def _bad(history: History, types: Mapping[str, str]) -> str:
    """Return the expression of the known outcome, NULL where there is no such column."""
    if BAD not in types:
        return "NULL::BOOLEAN"
    if types[BAD] == "BOOLEAN":
        return f'"{BAD}"'
    if not types[BAD].startswith((*_WHOLE, *_BROKEN)):
        raise InputError(f"column {BAD} holds {types[BAD]}", hint="give true or 1, false or 0, NULL where nobody knows")
    ((wrong,),) = history.group(APPLICATIONS, (), [f'count(*) FILTER (WHERE "{BAD}" NOT IN (0, 1))'])
    if wrong:
        raise InputError(f"column {BAD} holds other numbers than 0 and 1, {wrong} times", hint="1 is bad, NULL is not known")
    return f'"{BAD}" = 1'


def _segments(history: History, types: Mapping[str, str], fields: Mapping[str, Field], asked: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that were asked for, else every text column of few words that the policy does not read."""
    unknown = next((name for name in asked if name not in types), None)
    if unknown is not None:
        raise InputError(f"the applications have no column {unknown!r}", hint=f"there is: {', '.join(types)}")
    if asked:
        return tuple(dict.fromkeys(asked))
    texts = [name for name, kind in types.items() if kind.startswith(_TEXTS) and name not in fields and name != BUSINESS]
    if not texts:
        return ()
    (words,) = history.group(APPLICATIONS, (), [f'count(DISTINCT "{name}")' for name in texts])
    return tuple(name for name, count in zip(texts, words, strict=True) if 1 < count <= MOST_WORDS)
