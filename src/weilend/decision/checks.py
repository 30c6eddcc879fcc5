"""In: a policy that was read. Out: nothing, or `PolicyError`. Used: once for each policy, before anything is compiled.

Here stands what can be seen without features: names given twice or out of nowhere, ranges upside down, shares that do not add up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from weilend.core.money import PPM
from weilend.core.records import KINDS
from weilend.core.records.people import PURPOSES
from weilend.decision.forbidden import find_forbidden
from weilend.decision.parts import Bands, Experiment, Parameter, Policy
from weilend.decision.wording import placeholders

#: What the program computes itself: nobody else may use these names. Rules read the first four; the last two are for reasons
#: only, and say which values the model has not seen the like of.
COMPUTED: Final = ("grade", "ceiling_fen", "floor_rate_ppm", "months", "outside_en", "outside_zh")
_NAME: Final = re.compile("[a-z][a-z0-9_]*")
NAME_HINT: Final = "begin with a small letter; then small letters, digits and _"


def check_policy_file(policy: Policy) -> None:
    """Raise `PolicyError` for the first thing that is wrong with a policy as it stands in its file.

    >>> import msgspec
    >>> from weilend.decision.example import example_policy
    >>> check_policy_file(msgspec.structs.replace(example_policy(), rules=()))
    Traceback (most recent call last):
    weilend.core.errors.PolicyError: example.toml: rules: there is none. Hint: write at least one [[rules]]
    """
    for part in ("grades", "limits", "rules"):
        if not getattr(policy, part):
            policy.places.refuse((part,), "there is none", f"write at least one [[{part}]]")
    _check_names(policy)
    _check_inputs(policy)
    _check_parameters(policy)
    _check_sources(policy)
    _check_matrices(policy)
    _check_grades(policy)
    _check_experiments(policy)
    _check_accepted(policy)
    _check_wording(policy)
    _check_cases(policy)


def known_names(policy: Policy) -> tuple[str, ...]:
    """Return every name that formulas and reasons of a policy may use, in the order in which they become known.

    >>> from weilend.decision.example import example_policy
    >>> known_names(example_policy())[-7:-2]
    ('cap_fen', 'grade', 'ceiling_fen', 'floor_rate_ppm', 'months')
    """
    arms = (name for experiment in policy.experiments for name in experiment.arms[0].values)
    statuses = (source.status for source in policy.sources)
    return (*policy.inputs, *statuses, *policy.parameters, *policy.matrix, *policy.grades[0].values, *arms, *COMPUTED)


def check_within(policy: Policy, name: str, value: int) -> None:
    """Raise `PolicyError` when a parameter's value lies outside the range that the policy declares for it.

    >>> from weilend.decision.example import example_policy
    >>> check_within(example_policy(), "funding_rate_ppm", 2_000_000)
    Traceback (most recent call last):
    weilend.core.errors.PolicyError: example.toml:23: parameter 'funding_rate_ppm': 2000000 is outside 0..500000. Hint: ...
    """
    parameter = policy.parameters[name]
    if not parameter.lo <= value <= parameter.hi:
        what = f"{value} is outside {parameter.lo}..{parameter.hi}"
        policy.places.refuse(("parameters", name), what, "correct the value, or widen its range")


def _check_names(policy: Policy) -> None:
    named: list[tuple[tuple[str, ...], str]] = [
        *((("inputs", name), name) for name in policy.inputs),
        *((("sources", source.name), source.status) for source in policy.sources),
        *((("parameters", name), name) for name in policy.parameters),
        *((("matrix", name), name) for name in policy.matrix),
        *((("grades", policy.grades[0].name), name) for name in policy.grades[0].values),
        *((("experiments", one.name), name) for one in policy.experiments for name in (one.name, *one.arms[0].values)),
    ]
    seen: set[str] = set(COMPUTED)
    for path, name in named:
        if not _NAME.fullmatch(name):
            policy.places.refuse(path, f"{name!r} is no name for it", NAME_HINT)
        if name in seen:
            policy.places.refuse(path, f"the name {name!r} is there twice", "give each name to one thing")
        seen.add(name)
    for section, names in (("rules", [rule.id for rule in policy.rules]), ("limits", [one.name for one in policy.limits])):
        for name in names:
            if not _NAME.fullmatch(name):
                policy.places.refuse((section, name), f"{name!r} is no name for it", NAME_HINT)
    for section, given in (("rules", [rule.id for rule in policy.rules]), ("limits", [one.name for one in policy.limits]),
                           ("grades", [one.name for one in policy.grades])):  # fmt: skip
        twice = _first_twice(given)
        if twice is not None:
            policy.places.refuse((section, twice), "is there twice", "give each its own")


def _first_twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    return next((name for name in names if name in seen or seen.add(name)), None)  # type: ignore[func-returns-value]


def _check_inputs(policy: Policy) -> None:
    sources = {source.name for source in policy.sources}
    for name, given in policy.inputs.items():
        _check_range(policy, ("inputs", name), given.lo, given.hi)
        if given.source and given.source not in sources:
            known = ", ".join(sorted(sources)) or "none"
            policy.places.refuse(("inputs", name), f"there is no source {given.source!r}", f"the sources are: {known}")
        ban = find_forbidden(name, given.zh)
        if ban is not None:
            policy.places.refuse(("inputs", name), f"no policy may read {ban.what}: {ban.why}", "take it out (forbidden.toml)")


def _check_parameters(policy: Policy) -> None:
    for name, parameter in policy.parameters.items():
        _check_range(policy, ("parameters", name), parameter.lo, parameter.hi)
        if parameter.base is not None:
            check_within(policy, name, parameter.base)
        if parameter.search is not None:
            _check_search(policy, name, parameter)


def _check_search(policy: Policy, name: str, parameter: Parameter) -> None:
    path = ("parameters", name, "search")
    if parameter.base is None:
        policy.places.refuse(path, "it is the product's number, which no policy changes", "mark a parameter that has a base")
    values = parameter.search.values if parameter.search is not None else ()
    if len(values) < 2:
        policy.places.refuse(path, "there are fewer than two values to try", "give levels, or lo, hi and step")
    if not parameter.lo <= values[0] <= values[-1] <= parameter.hi:
        what = f"{values[0]}..{values[-1]} reaches outside {parameter.lo}..{parameter.hi}"
        policy.places.refuse(path, what, "try values within the parameter's own range")


def _check_range(policy: Policy, path: tuple[str, ...], lo: int | None, hi: int | None) -> None:
    if lo is not None and hi is not None and lo > hi:
        policy.places.refuse(path, f"its range {lo}..{hi} is upside down", "give lo <= hi")


def _check_sources(policy: Policy) -> None:
    for source in policy.sources:
        path = ("sources", source.name)
        unknown = next((kind for kind in source.kinds if kind not in tuple(KINDS)), None)
        if unknown is not None:
            policy.places.refuse((*path, "kinds"), f"there is no kind of record {unknown!r}", f"there is: {', '.join(KINDS)}")
        if source.purpose not in PURPOSES:
            policy.places.refuse(
                (*path, "purpose"), f"no consent has the purpose {source.purpose!r}", f"there is: {', '.join(PURPOSES)}"
            )
        if all(given.source != source.name for given in policy.inputs.values()):
            policy.places.refuse(
                path, "no input comes from it", f'write source = "{source.name}" at its inputs, or take it out'
            )


def _check_matrices(policy: Policy) -> None:
    for name, matrix in policy.matrix.items():
        for side, bands in (("rows", matrix.rows), ("columns", matrix.columns)):
            _check_bands(policy, ("matrix", name, side), bands)
        rows, columns = len(matrix.rows.below) + 1, len(matrix.columns.below) + 1
        if len(matrix.words) != rows or any(len(row) != columns for row in matrix.words):
            hint = f"give {rows} rows of {columns} words: one more than bounds"
            policy.places.refuse(("matrix", name, "words"), "do not fit rows and columns", hint)


def _check_bands(policy: Policy, path: tuple[str, ...], bands: Bands) -> None:
    if bands.input not in policy.inputs:
        policy.places.refuse(path, f"there is no input {bands.input!r}", f"the inputs are: {', '.join(policy.inputs)}")
    if list(bands.below) != sorted(set(bands.below)):
        policy.places.refuse(path, "its bounds do not rise", "give each bound once, the least first")


def _check_grades(policy: Policy) -> None:
    for grade in policy.grades:
        if set(grade.values) != set(policy.grades[0].values):
            expected = ", ".join(policy.grades[0].values) or "none"
            policy.places.refuse(("grades", grade.name), "has other values than the first grade", f"give: {expected}")


def _check_experiments(policy: Policy) -> None:
    for experiment in policy.experiments:
        path = ("experiments", experiment.name)
        total = sum(arm.share_ppm for arm in experiment.arms)
        if total != PPM:
            policy.places.refuse(path, f"the shares of its arms add up to {total}", f"they must add up to {PPM}")
        twice = _first_twice(arm.name for arm in experiment.arms)
        if twice is not None:
            policy.places.refuse(path, f"the arm {twice!r} is there twice", "give each arm its own name")
        if not experiment.salt:
            policy.places.refuse(path, "its salt is empty", "write a text of its own, so that no two experiments draw alike")
        if any(set(arm.values) != set(experiment.arms[0].values) for arm in experiment.arms):
            hint = f"give: {', '.join(experiment.arms[0].values) or 'none'}"
            policy.places.refuse(path, "an arm has other values than the first", hint)
        _check_budget(policy, experiment)


def _check_budget(policy: Policy, experiment: Experiment) -> None:
    """Refuse a budget without exploring, or without a limit that no loan of the experiment can exceed."""
    budget, path = experiment.budget, ("experiments", experiment.name)
    if budget is None:
        return
    if not experiment.exploration or len(experiment.arms) < 2:
        policy.places.refuse(path, "a budget of losses without exploring", "say exploration = true and give a second arm")
    if budget.limit not in experiment.arms[0].values:
        policy.places.refuse(
            path, f"its arms have no value {budget.limit!r}", "name the value that bounds what is lent to learn"
        )
    if not any(limit.formula.strip() == budget.limit and not limit.when for limit in policy.limits):
        hint = f'add a limit with formula = "{budget.limit}" and no `when`'
        policy.places.refuse(path, f"nothing keeps a ceiling within {budget.limit!r}", hint)


def _check_accepted(policy: Policy) -> None:
    unknown = next((name for name in policy.accepted if name not in policy.inputs), None)
    if unknown is not None:
        known = ", ".join(policy.inputs)
        policy.places.refuse(("accepted", unknown), f"there is no input {unknown!r}", f"the inputs are: {known}")


def _check_wording(policy: Policy) -> None:
    known = known_names(policy)
    said = [(("rules", rule.id), rule.en, rule.zh) for rule in policy.rules]
    said += [(("limits", limit.name), limit.en, limit.zh) for limit in policy.limits]
    for path, *texts in said:
        for text in texts:
            unknown = next((name for name in placeholders(text) if name not in known), None)
            if unknown is not None:
                what = f"its reason names {{{unknown}}}, which is not there"
                policy.places.refuse(path, what, "name an input or parameter")
            if not text.strip():
                policy.places.refuse(path, "its reason is empty", "write it in English (en) and Chinese (zh)")


def _check_cases(policy: Policy) -> None:
    draws = {name for experiment in policy.experiments for name in experiment.facts}
    statuses = {source.status for source in policy.sources}
    sources = {source.name for source in policy.sources}
    inputs = f"the inputs are: {', '.join(policy.inputs)}"
    unknown = next((name for name in policy.base_case if name not in {*policy.inputs, *draws}), None)
    if unknown is not None:
        policy.places.refuse(("base", unknown), f"there is no input {unknown!r}", inputs)
    twice = _first_twice(case.name for case in policy.cases)
    if twice is not None:
        policy.places.refuse(("case", twice), "is there twice", "give each case its own name")
    for case in policy.cases:
        path = ("case", case.name)
        unknown = next((name for name in case.values if name not in {*policy.inputs, *draws, *statuses}), None)
        unknown = unknown or next((name for name in case.unknown if name not in policy.inputs), None)
        if unknown is not None:
            policy.places.refuse(path, f"there is no input {unknown!r}", inputs)
        absent = next((name for name in case.missing if name not in sources), None)
        if absent is not None:
            policy.places.refuse(path, f"there is no source {absent!r}", f"the sources are: {', '.join(sources) or 'none'}")
        missing = set(policy.inputs) - {*policy.base_case, *case.values, *case.unknown}
        if missing:
            hint = "give it in the case or in [base], or list it in unknown"
            policy.places.refuse(path, f"it does not say {min(missing)!r}", hint)
