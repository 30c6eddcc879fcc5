"""In: a policy file (TOML). Out: `Policy`, a frozen value with a content hash. Used: by the compiler, the cases and receipts.

Its shape is checked in `checks`; what its formulas mean is checked when it is compiled against features (`compiler`).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from weilend.core.errors import NotFoundError, PolicyError
from weilend.core.ids import canonical_json, content_hash
from weilend.decision.checks import check_policy_file
from weilend.decision.parts import (
    Accepted,
    Case,
    Experiment,
    Grade,
    Input,
    Limit,
    Matrix,
    Parameter,
    Part,
    Policy,
    PolicyContent,
    Rule,
    Source,
)
from weilend.decision.reading import Content, Places, include, read_file, read_text

T = TypeVar("T")

_CASES: Final[tuple[str, ...]] = ("base", "case")
#: What parts may carry since policies can be searched and answered for, by section.
MARKS: Final = {"inputs": "change", "parameters": "search"}
KEYS: Final = "docs/methodology/decision.md shows every key of a policy"


class _Cases(Part, frozen=True, kw_only=True):
    """The cases of a policy and the base case that they differ from."""

    base: dict[str, int | str] = msgspec.field(default_factory=dict)
    case: tuple[Case, ...] = ()


def policy_names() -> tuple[str, ...]:
    """Return the names of the policies that come with weilend.

    >>> "enterprise_loan" in policy_names()
    True
    """
    found = (entry.name for entry in _shipped().iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


def load_policy(name_or_path: str | Path) -> Policy:
    """Return the policy in a file, or one that comes with weilend by its name.

    Raises `NotFoundError` when there is none, `PolicyError` (file and line, what, what to do) when it is malformed.

    >>> load_policy("enterprise_loan").name
    'enterprise_loan'
    >>> load_policy("no_such")
    Traceback (most recent call last):
    weilend.core.errors.NotFoundError: no policy 'no_such'. Hint: there is: ...enterprise_loan; or give the path of a .toml file
    """
    path = Path(name_or_path)
    return _load(path) if path.suffix == ".toml" and path.is_file() else _load_shipped(str(name_or_path))


@cache
def _load_shipped(name: str) -> Policy:
    """Return a policy that comes with weilend, read once: each decision asks for it."""
    if name not in policy_names():
        known = f"there is: {', '.join(policy_names())}; or give the path of a .toml file"
        raise NotFoundError(f"no policy {name!r}", hint=known)
    return _load(_shipped() / f"{name}.toml")


def _load(source: Traversable) -> Policy:
    content = read_text(read_file(source, source.name), source.name)
    for beside in _pop_files(content, "include"):
        content = include(content, read_text(read_file(_beside(source, beside), beside), beside))
    return _from_tables(content, _read_cases(source, content))


def read_policy(text: str, file: str) -> Policy:
    """Return the policy that a TOML text says, which includes nothing and has its own cases; `file` is its name, for errors.

    >>> read_policy("version = 0", "loan.toml")
    Traceback (most recent call last):
    weilend.core.errors.PolicyError: loan.toml: object missing required field `name`. Hint: ...
    """
    content = read_text(text, file)
    beside = next((key for key in ("include", "cases") if key in content.tables), None)
    if beside is not None:
        content.places.refuse((beside,), "a text alone has no files beside it", "load the policy from its file")
    own = {key: content.tables.pop(key) for key in _CASES if key in content.tables}
    return _from_tables(content, Content(own, content.places))


def dump_policy(policy: Policy) -> bytes:
    """Return what a policy's identity is the hash of, as canonical JSON: all but its cases, to be kept by its hash.

    >>> dump_policy(load_policy("enterprise_loan"))[:24]
    b'{"accepted":{"bank_vs_in'
    """
    return canonical_json(_hashed(_content(policy)))


def restore_policy(dumped: bytes) -> Policy:
    """Return the policy that `dump_policy` wrote, without its cases; its identity is computed anew. Raises `PolicyError`.

    >>> policy = load_policy("enterprise_loan")
    >>> restore_policy(dump_policy(policy)).identity == policy.identity
    True
    """
    try:
        plain = msgspec.json.decode(dumped, type=PolicyContent)
    except msgspec.DecodeError as error:
        hint = "replay it with the weilend that kept it; where that is this one, restore it from a backup of the store"
        raise PolicyError(f"the kept policy: cannot be read: {error}", hint=hint) from None
    file = f"{plain.name}.toml"
    return _make(plain, _Cases(), Places(file), Places(file))


def identify(policy: Policy) -> Policy:
    """Return a policy of which some part was replaced, with the identity of what it is now.

    >>> policy = load_policy("enterprise_loan")
    >>> identify(policy).identity == policy.identity
    True
    """
    return msgspec.structs.replace(policy, identity=content_hash(_hashed(_content(policy))))


def _make(plain: PolicyContent, cases: _Cases, places: Places, case_places: Places) -> Policy:
    policy = Policy(
        **{name: getattr(plain, name) for name in PolicyContent.__struct_fields__},
        identity=content_hash(_hashed(plain)),
        base_case=cases.base,
        cases=cases.case,
        places=Places(places.file, places.lines | case_places.lines),
    )
    check_policy_file(policy)
    return policy


def _from_tables(content: Content, cases: Content) -> Policy:
    return _make(_typed(content, PolicyContent), _typed(cases, _Cases), content.places, cases.places)


def _content(policy: Policy) -> PolicyContent:
    return PolicyContent(**{name: getattr(policy, name) for name in PolicyContent.__struct_fields__})


def _hashed(plain: PolicyContent) -> dict[str, Any]:
    """Return what is hashed. A section that came after the first policies leaves no trace where it is empty: old hashes hold.

    So it is with marks for search and recourse, and with budgets of losses.
    """
    table: dict[str, Any] = msgspec.to_builtins(plain)
    for section, mark in MARKS.items():
        for part in table[section].values():
            if part[mark] is None:
                del part[mark]
    for experiment in table["experiments"]:
        if experiment["budget"] is None:
            del experiment["budget"]
    if not table["accepted"]:
        del table["accepted"]
    return table


def _shipped() -> Traversable:
    return files("weilend.decision") / "policies"


def _beside(source: Traversable, relative: str) -> Traversable:
    """Return a file in the folder of the policy: a shipped policy has no path, so names are joined."""
    folder = source.parent if isinstance(source, Path) else _shipped()
    return folder.joinpath(*relative.split("/"))


def _pop_files(content: Content, key: str) -> list[str]:
    found = content.tables.pop(key, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        content.places.refuse((key,), "is no list of files", f'write {key} = ["common/base.toml"]')
    return list(dict.fromkeys(found))


def _read_cases(source: Traversable, content: Content) -> Content:
    """Return the tables of the cases: the policy's own, or those of the file that it names."""
    beside = content.tables.pop("cases", None)
    own: dict[str, Any] = {key: content.tables.pop(key) for key in _CASES if key in content.tables}
    if beside is None:
        return Content(own, content.places)
    if own:
        hint = "keep them in one place"
        content.places.refuse(("cases",), "the policy names a file of cases and has cases of its own", hint)
    if not isinstance(beside, str):
        content.places.refuse(("cases",), "is no name of a file", 'write cases = "cases/loan.toml"')
    found = _beside(source, beside)
    if not found.is_file():
        content.places.refuse(("cases",), f"there is no file {beside!r} beside it", "name a file relative to the policy")
    return read_text(read_file(found, beside), beside)


#: The type of each entry of a section with names, and whether the policy keeps the entries in their order.
_ENTRIES: Final[dict[str, tuple[type[Part], bool]]] = {
    "inputs": (Input, False),
    "parameters": (Parameter, False),
    "sources": (Source, True),
    "matrix": (Matrix, False),
    "grades": (Grade, True),
    "experiments": (Experiment, True),
    "limits": (Limit, True),
    "rules": (Rule, True),
    "accepted": (Accepted, False),
    "case": (Case, True),
}


def _typed(content: Content, into: type[T]) -> T:
    """Return tables as a value; entries are typed one by one first, so that an error can name the entry."""
    whole = dict(content.tables)
    for section, (sort, ordered) in _ENTRIES.items():
        entries = whole.get(section, {})
        if section == "sources":
            entries = {name: {**entry, "name": name} if isinstance(entry, dict) else entry for name, entry in entries.items()}
        for name, entry in entries.items():
            _convert(entry, sort, content.places, (section, name))
        if section in whole:
            whole[section] = list(entries.values()) if ordered else entries
    return _convert(whole, into, content.places, ())


def _convert(content: Any, into: type[T], places: Places, path: tuple[str, ...]) -> T:
    try:
        return msgspec.convert(content, into)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        inner = where.strip("`").removeprefix("$").replace("[", ".[").split(".")
        keys = tuple(key for key in inner if key and key != "[...]")
        places.refuse((*path, *keys), what[:1].lower() + what[1:], KEYS)
