"""In: the sources and inputs of a policy. Out: steps: what is there, what is known, what was refused. Used: by the compiler."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from weilend.core.records import Field
from weilend.decision.facts import AGE, DAY_SECONDS, FACTS, age_field, status_field
from weilend.decision.parts import Input, Policy
from weilend.decision.program import SourceSteps
from weilend.decision.scope import Scope
from weilend.decision.trees import narrowed, parse_once


def add_sources(scope: Scope) -> tuple[SourceSteps, ...]:
    """Add the status of each source as an input, and ``<name>_present``."""
    steps = []
    for source in scope.policy.sources:
        scope.give(source.status, status_field(source))
        scope.show(source.status)
        present = f"{source.name}_present"
        scope.let(present, f"{source.status} = 'present'", ("sources", source.name))
        steps.append(SourceSteps(source, source.status, present))
    return tuple(steps)


def add_inputs(scope: Scope, feature_fields: Mapping[str, Field]) -> dict[str, str]:
    """Add each input as the policy accepts it; return the step that says of each that it was refused.

    In the order of their names: their order in a file is no part of a policy's identity and must not show in a decision.
    """
    policy = scope.policy
    scope.give(AGE, age_field())
    for days in sorted({given.max_age_days for given in policy.inputs.values() if given.max_age_days is not None}):
        scope.let(f"fresh_{days}_days", f"{AGE} BETWEEN 0 AND {days * DAY_SECONDS}", f"inputs of at most {days} days")
    refused: dict[str, str] = {}
    for name in sorted(policy.inputs):
        given = policy.inputs[name]
        field = _input_field(policy, name, given, feature_fields)
        if field.type == "text":
            scope.give(name, field)
        else:
            step = _add_number(scope, name, given, field)
            refused |= {name: step} if step else {}
        scope.show(name, unit=field.unit)
    return refused


def _add_number(scope: Scope, name: str, given: Input, field: Field) -> str:
    """Add ``given_x``, ``x`` and ``refused_x``; return the name of the last, "" where nothing can refuse it."""
    raw, path = f"given_{name}", ("inputs", name)
    if raw not in scope.known:
        scope.give(raw, field)
    elif raw in scope.inputs:
        scope.inputs[raw] = field  # a card reads it too: what the policy accepts is said once
    usable = _usable(scope, given)
    doubts = [] if given.max_age_days is None else [usable]
    doubts += [f"{raw} {sign} {bound}" for sign, bound in ((">=", field.lo), ("<=", field.hi)) if bound is not None]
    if field.lo is not None and field.hi is not None:
        doubts[-2:] = [f"{raw} BETWEEN {field.lo} AND {field.hi}"]
    there = [f"{given.source}_present"] if given.source else []
    wanted = there if given.max_age_days is None else []  # what is usable is there
    if not doubts and not there:
        scope.let(name, raw, path)
        return ""
    plain = parse_once(f"CASE WHEN {' AND '.join((*wanted, *doubts))} THEN {raw} END", scope.known)
    scope.let(name, narrowed(plain, field.lo, field.hi), path)
    if not doubts:
        return ""
    # the rarest is asked first: most values are accepted
    scope.let(f"refused_{name}", " AND ".join((f"{name} IS NULL", *there, f"{raw} IS NOT NULL")), path)
    return f"refused_{name}"


def _usable(scope: Scope, given: Input) -> str:
    """Return the step that says whether a source is there and fresh enough, added once; "" where its age does not matter."""
    if given.max_age_days is None:
        return ""
    fresh = f"fresh_{given.max_age_days}_days"
    if not given.source:
        return fresh
    name = f"{given.source}_{fresh}"
    if name not in scope.known:
        scope.let(name, f"{given.source}_present AND {fresh}", f"inputs of {given.source} of at most {given.max_age_days} days")
    return name


def _input_field(policy: Policy, name: str, given: Input, feature_fields: Mapping[str, Field]) -> Field:
    """Return the field of an input: the policy's range where it states one, the feature's own where it does not."""
    path = ("inputs", name)
    field = FACTS.get(name) or feature_fields.get(name)
    if field is None:
        hint = f"the facts are {', '.join(FACTS)}; `features list` shows the rest"
        policy.places.refuse(path, "there is no such feature", hint)
    if given.unit != field.unit:
        policy.places.refuse(path, f"its unit is {field.unit!r}, not {given.unit!r}", "state the unit of the feature")
    if field.type == "text" and (given.lo, given.hi, given.max_age_days, given.source) != (None, None, None, ""):
        policy.places.refuse(path, "a text has no range, age or source", "take lo, hi, max_age_days and source out")
    lo = field.lo if given.lo is None else given.lo
    hi = field.hi if given.hi is None else given.hi
    if lo is not None and hi is not None and lo > hi:
        policy.places.refuse(path, f"its range {lo}..{hi} holds no value of the feature", "correct lo and hi")
    return msgspec.structs.replace(field, name=name, lo=lo, hi=hi, nullable=field.type != "text")
