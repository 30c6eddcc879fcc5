"""In: a policy file (TOML). Out: `Policy`, a frozen value with a content hash. Used: by the evaluator, the cases and receipts.

Its shape is checked here; what its formulas mean is checked when it is compiled against features (`compiler.py`).
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import msgspec

from weilend.core.errors import NotFoundError, PolicyError
from weilend.core.ids import canonical_json, content_hash
from weilend.decision.parts import Case, Ceiling, FloorRate, Grade, Input, Limit, Parameter, Part, Rule
from weilend.decision.wording import placeholders

T = TypeVar("T")

#: What the evaluator computes itself: nobody else may use these names. Rules read the first three; the last two are for
#: reasons only, and say which values the model has not seen the like of.
COMPUTED = ("grade", "ceiling_fen", "floor_rate_ppm", "outside_en", "outside_zh")


class _Content(Part, frozen=True, kw_only=True):
    """What is hashed: everything that can change a decision or its wording."""

    name: str
    version: int
    owner: str
    product: str
    en: str
    zh: str
    inputs: dict[str, Input]
    parameters: dict[str, Parameter]
    grades: tuple[Grade, ...]
    limits: tuple[Limit, ...]
    ceiling: Ceiling
    floor_rate: FloorRate
    rules: tuple[Rule, ...]


class _CaseFile(Part, frozen=True, kw_only=True):
    """The cases of a policy and the base case that they differ from."""

    base: dict[str, int | str] = msgspec.field(default_factory=dict)
    case: tuple[Case, ...] = ()


class Policy(_Content, frozen=True, kw_only=True):
    """A policy: identity (content hash), owner, version, inputs, parameters, grades, limits, floor rate, rules and cases.

    The cases are not part of the identity: a case that is added later must not make old receipts look foreign.

    >>> policy = load_policy("enterprise_loan")
    >>> policy.owner, len(policy.identity), policy.rules[0].id
    ('credit policy', 32, 'inactive_6m')
    """

    file: str
    identity: str
    base_case: dict[str, int | str]
    cases: tuple[Case, ...]


def policy_names() -> tuple[str, ...]:
    """Return the names of the policies that come with weilend.

    >>> policy_names()
    ('enterprise_loan',)
    """
    found = (entry.name for entry in _shipped().iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


def load_policy(name_or_path: str | Path) -> Policy:
    """Return the policy in a file, or one that comes with weilend by its name.

    Raises `NotFoundError` when there is none, `PolicyError` (file, where, what to do) when it is malformed.

    >>> load_policy("enterprise_loan").name
    'enterprise_loan'
    >>> load_policy("no_such")
    Traceback (most recent call last):
    weilend.core.errors.NotFoundError: no policy 'no_such'. Hint: there is: enterprise_loan; or give the path of a .toml file
    """
    source = _find(name_or_path)
    content = _read(source, source.name)
    beside = content.pop("cases", None)
    case_content: dict[str, Any] = {key: content.pop(key) for key in ("base", "case") if key in content}
    if beside is not None and case_content:
        refuse(source.name, "cases", "the policy names a file of cases and has cases of its own", "keep them in one place")
    if beside is not None:
        case_content = _read(_beside(source, beside), str(beside))
    plain = _convert(content, _Content, source.name)
    cases = _convert(case_content, _CaseFile, str(beside or source.name))
    return _make(plain, cases, source.name)


def dump_policy(policy: Policy) -> bytes:
    """Return what a policy's identity is the hash of, as canonical JSON: all but its cases, to be kept by its hash.

    >>> dump_policy(load_policy("enterprise_loan"))[:24]
    b'{"ceiling":{"step":"amou'
    """
    return canonical_json(_content(policy))


def restore_policy(dumped: bytes) -> Policy:
    """Return the policy that `dump_policy` wrote, without its cases; its identity is computed anew. Raises `PolicyError`.

    >>> policy = load_policy("enterprise_loan")
    >>> restore_policy(dump_policy(policy)).identity == policy.identity
    True
    """
    try:
        plain = msgspec.json.decode(dumped, type=_Content)
    except msgspec.DecodeError as error:
        refuse("the kept policy", "", f"cannot be read: {error}", "restore it from a backup of the store")
    return _make(plain, _CaseFile(), f"{plain.name}.toml")


def _make(plain: _Content, cases: _CaseFile, file: str) -> Policy:
    policy = Policy(
        **{name: getattr(plain, name) for name in _Content.__struct_fields__},
        file=file,
        identity=content_hash(plain),
        base_case=cases.base,
        cases=cases.case,
    )
    _check(policy)
    return policy


def _content(policy: Policy) -> _Content:
    return _Content(**{name: getattr(policy, name) for name in _Content.__struct_fields__})


def refuse(file: str, where: str, what: str, hint: str) -> NoReturn:
    """Raise the one error of a malformed policy: file, where, what, and what to do.

    >>> refuse("p.toml", "rule 'thin'", "is there twice", "give each rule its own id")
    Traceback (most recent call last):
    weilend.core.errors.PolicyError: p.toml: rule 'thin': is there twice. Hint: give each rule its own id
    """
    raise PolicyError(": ".join(part for part in (file, where, what) if part), hint=hint)


def _shipped() -> Traversable:
    return files("weilend.decision") / "policies"


def _find(name_or_path: str | Path) -> Traversable:
    path = Path(name_or_path)
    if path.suffix == ".toml" and path.is_file():
        return path
    if name_or_path in policy_names():
        return _shipped() / f"{name_or_path}.toml"
    known = f"there is: {', '.join(policy_names())}; or give the path of a .toml file"
    raise NotFoundError(f"no policy {str(name_or_path)!r}", hint=known)


def _beside(source: Traversable, relative: object) -> Traversable:
    """Return the file of cases, which lies in the folder of the policy: a shipped policy has no path, so names are joined."""
    folder = source.parent if isinstance(source, Path) else _shipped()
    found = folder / str(relative)
    if not found.is_file():
        refuse(source.name, "cases", f"there is no file {str(relative)!r} beside it", "name a file relative to the policy")
    return found


def _read(source: Traversable, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        refuse(file, "", f"is not TOML: {error}", "correct that line; https://toml.io shows the form")
    except UnicodeDecodeError:
        refuse(file, "", "is not UTF-8 text", "save it as UTF-8")


def _convert(content: dict[str, Any], into: type[T], file: str) -> T:
    try:
        return msgspec.convert(content, into)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        path = where.strip("`").removeprefix("$").lstrip(".")
        refuse(file, path, what[:1].lower() + what[1:], "docs/methodology/decision.md shows every key of a policy")


def _check(policy: Policy) -> None:
    """Refuse what can be seen without features: empty parts, names given twice, ranges upside down, unknown names."""
    for part in ("grades", "limits", "rules"):
        if not getattr(policy, part):
            refuse(policy.file, part, "there is none", f"write at least one [[{part}]]")
    _check_names(policy)
    _check_parameters(policy)
    _check_wording(policy)
    _check_cases(policy)


def known_names(policy: Policy) -> tuple[str, ...]:
    """Return every name that formulas and reasons of a policy may use, in the order in which they become known.

    >>> known_names(load_policy("enterprise_loan"))[-6:-2]
    ('grade_cap_fen', 'grade', 'ceiling_fen', 'floor_rate_ppm')
    """
    return (*policy.inputs, *policy.parameters, *policy.grades[0].values, *COMPUTED)


def _check_names(policy: Policy) -> None:
    groups = {
        "rule": [rule.id for rule in policy.rules],
        "limit": [limit.name for limit in policy.limits],
        "grade": [grade.name for grade in policy.grades],
        "case": [case.name for case in policy.cases],
        "name": list(known_names(policy)),
    }
    for noun, names in groups.items():
        twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
        if twice is not None:
            refuse(policy.file, f"{noun} {twice!r}", "is there twice", f"give each {noun} its own")
    for grade in policy.grades:
        if set(grade.values) != set(policy.grades[0].values):
            expected = ", ".join(policy.grades[0].values) or "none"
            refuse(policy.file, f"grade {grade.name!r}", "has other values than the first grade", f"give: {expected}")


def _check_parameters(policy: Policy) -> None:
    for name, parameter in policy.parameters.items():
        _check_range(policy, f"parameter {name!r}", parameter.lo, parameter.hi)
        if parameter.base is not None:
            check_within(policy, name, parameter.base)
    for name, given in policy.inputs.items():
        _check_range(policy, f"input {name!r}", given.lo, given.hi)


def _check_range(policy: Policy, where: str, lo: int | None, hi: int | None) -> None:
    if lo is not None and hi is not None and lo > hi:
        refuse(policy.file, where, f"its range {lo}..{hi} is upside down", "give lo <= hi")


def check_within(policy: Policy, name: str, value: int) -> None:
    """Raise `PolicyError` when a parameter's value lies outside the range that the policy declares for it.

    >>> check_within(load_policy("enterprise_loan"), "funding_rate_ppm", 2_000_000)
    Traceback (most recent call last):
    weilend.core.errors.PolicyError: enterprise_loan.toml: parameter 'funding_rate_ppm': 2000000 is outside 0..500000. Hint: ...
    """
    parameter = policy.parameters[name]
    if not parameter.lo <= value <= parameter.hi:
        what = f"{value} is outside {parameter.lo}..{parameter.hi}"
        refuse(policy.file, f"parameter {name!r}", what, "correct the value, or widen its range")


def _check_wording(policy: Policy) -> None:
    known = known_names(policy)
    said = [(f"rule {rule.id!r}", rule.en, rule.zh) for rule in policy.rules]
    said += [(f"limit {limit.name!r}", limit.en, limit.zh) for limit in policy.limits]
    for where, *texts in said:
        for text in texts:
            unknown = next((name for name in placeholders(text) if name not in known), None)
            if unknown is not None:
                refuse(policy.file, where, f"its reason names {{{unknown}}}, which is not there", "name an input or parameter")
            if not text.strip():
                refuse(policy.file, where, "its reason is empty", "write it in English (en) and Chinese (zh)")


def _check_cases(policy: Policy) -> None:
    for name in policy.base_case:
        if name not in policy.inputs:
            refuse(policy.file, "base case", f"there is no input {name!r}", f"the inputs are: {', '.join(policy.inputs)}")
    for case in policy.cases:
        unknown = next((name for name in (*case.values, *case.unknown) if name not in policy.inputs), None)
        if unknown is not None:
            where = f"case {case.name!r}"
            refuse(policy.file, where, f"there is no input {unknown!r}", f"the inputs are: {', '.join(policy.inputs)}")
        missing = set(policy.inputs) - {*policy.base_case, *case.values, *case.unknown}
        if missing:
            where, what = f"case {case.name!r}", f"it does not say {sorted(missing)[0]!r}"
            refuse(policy.file, where, what, "give it in the case or in [base], or list it in unknown")
