"""In: the text of a policy file and of what it includes. Out: plain tables, and where each part stands. Used: by `policy`.

What is wrong is said with file and line. Nothing here knows what a part means: see `parts`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from typing import Any, Final, NoReturn

import msgspec

from weilend.core.errors import PolicyError
from weilend.decision.places import Path as Keys
from weilend.decision.places import find_lines, line_of

#: Sections whose entries have names: what one is called in an error, and the key of its name ("" where the table has the name).
NAMED: Final = {
    "inputs": ("input", ""),
    "parameters": ("parameter", ""),
    "sources": ("source", ""),
    "matrix": ("matrix", ""),
    "grades": ("grade", "name"),
    "limits": ("limit", "name"),
    "experiments": ("experiment", "name"),
    "rules": ("rule", "id"),
    "accepted": ("accepted", ""),
    "case": ("case", "name"),
}
#: What policies may share: all but what makes a policy this one.
INCLUDED: Final = (
    "inputs", "parameters", "sources", "grades", "experiments", "limits", "ceiling", "floor_rate", "rules", "accepted", "base",
)  # fmt: skip


class Places(msgspec.Struct, frozen=True):
    """A policy's file, and for each part that is known the file and line where it stands.

    >>> places = Places("loan.toml", {("rules", "thin"): "loan.toml:7"})
    >>> places.refuse(("rules", "thin", "when"), "it is empty", "write a condition")
    Traceback (most recent call last):
    weilend.core.errors.PolicyError: loan.toml:7: rule 'thin', when: it is empty. Hint: write a condition
    """

    file: str
    lines: dict[tuple[str, ...], str] = {}

    def at(self, path: tuple[str, ...]) -> str:
        """Return file and line of a part, or of what is around it; the file alone where nothing is known of it."""
        around = (path[:length] for length in range(len(path), 0, -1))
        return next((self.lines[part] for part in around if part in self.lines), self.file)

    def refuse(self, path: tuple[str, ...], what: str, hint: str) -> NoReturn:
        """Raise `PolicyError`, the one error of a malformed policy: file and line, which part, what, and what to do."""
        raise PolicyError(": ".join(part for part in (self.at(path), name_part(path), what) if part), hint=hint)


class Content(msgspec.Struct, frozen=True):
    """The tables of a policy, those of included files among them, entries by name; and where they stand.

    >>> read_text('version = 1', "loan.toml").tables
    {'version': 1}
    """

    tables: dict[str, Any]
    places: Places


def name_part(path: tuple[str, ...]) -> str:
    """Return what a part is called in an error.

    >>> name_part(("rules", "thin", "when")), name_part(("floor_rate", "cap")), name_part(())
    ("rule 'thin', when", 'floor_rate, cap', '')
    """
    if len(path) > 1 and path[0] in NAMED:
        return ", ".join((f"{NAMED[path[0]][0]} {path[1]!r}", *path[2:]))
    return ", ".join(path)


def read_file(source: Traversable, file: str) -> str:
    """Return the text of a file; raises `PolicyError` where it is none.

    >>> from pathlib import Path
    >>> read_file(Path("setup.none"), "setup.none")
    Traceback (most recent call last):
    weilend.core.errors.PolicyError: setup.none: there is no such file. Hint: name a file relative to the policy
    """
    if not source.is_file():
        raise PolicyError(f"{file}: there is no such file", hint="name a file relative to the policy")
    try:
        return source.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise PolicyError(f"{file}: is not UTF-8 text", hint="save it as UTF-8") from None


def read_text(text: str, file: str) -> Content:
    """Return the tables that a TOML text says, entries of named sections by name; raises `PolicyError`.

    >>> read_text('[[rules]]\\nid = "a"\\n[[rules]]\\nid = "a"', "loan.toml")
    Traceback (most recent call last):
    weilend.core.errors.PolicyError: loan.toml:3: rule 'a': is there twice, first at loan.toml:1. Hint: give each rule its own
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{file}: is not TOML: {error}", hint="correct that line; https://toml.io shows the form") from None
    lines = find_lines(text)
    whole = Content({}, Places(file))
    for section, table in raw.items():
        if section in NAMED:
            whole.tables[section] = {}
            for name, entry, keys in _entries(section, table, lines, file):
                _add(whole, section, name, entry, _places(file, lines, keys, (section, name), entry))
        else:
            whole.tables[section] = table
            whole.places.lines.update(_places(file, lines, (section,), (section,), table))
    return whole


def include(whole: Content, part: Content) -> Content:
    """Return a policy's tables with those of an included file before them; raises `PolicyError` for what stands twice.

    >>> one, two = read_text("[inputs.a]", "loan.toml"), read_text("[inputs.b]", "base.toml")
    >>> list(include(one, two).tables["inputs"])
    ['b', 'a']
    >>> include(read_text("base.x = 1", "loan.toml"), read_text("base.y = 2", "base.toml")).tables["base"]
    {'y': 2, 'x': 1}
    """
    foreign = next((section for section in part.tables if section not in INCLUDED), None)
    if foreign is not None:
        part.places.refuse((foreign,), "cannot be included", f"an included file holds {', '.join(INCLUDED)}")
    merged = Content(dict(whole.tables), Places(whole.places.file))
    for section in part.tables:
        merged.tables[section] = {}
        for content in (part, whole):
            entries = content.tables.get(section, {})
            if not isinstance(entries, dict):
                content.places.refuse((section,), "has another form", f"write [{section}]")
            for name, entry in entries.items():
                _add(merged, section, name, entry, {(section, name): content.places.at((section, name))})
    merged.places.lines.update(part.places.lines | whole.places.lines)
    return merged


def _add(whole: Content, section: str, name: str, entry: Any, places: Mapping[tuple[str, ...], str]) -> None:
    if name in whole.tables[section]:
        noun, first = NAMED.get(section, ("value", ""))[0], whole.places.at((section, name))
        Places(whole.places.file, dict(places)).refuse(
            (section, name), f"is there twice, first at {first}", f"give each {noun} its own"
        )
    whole.tables[section][name] = entry
    whole.places.lines.update(places)


def _entries(section: str, table: Any, lines: Mapping[Keys, int], file: str) -> Iterator[tuple[str, Any, Keys]]:
    """Yield name, content and place of each entry of a section with names."""
    noun, key = NAMED[section]
    if not key and isinstance(table, dict):
        yield from ((name, entry, (section, name)) for name, entry in table.items())
    elif key and isinstance(table, list):
        for index, entry in enumerate(table):
            yield _name_of(section, entry, _at_line(section, lines, (section, index), file)), entry, (section, index)
    else:
        form = f"[[{section}]]" if key else f"[{section}.NAME]"
        places = _at_line(section, lines, (section, 0) if (section, 0) in lines else (section,), file)
        places.refuse((section,), "has another form", f"write {form} for each {noun}")


def _name_of(section: str, entry: Any, places: Places) -> str:
    noun, key = NAMED[section]
    name = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(name, str) or not name:
        places.refuse((section,), f"a {noun} has no {key}", f'write {key} = "…" first')
    return name


def _at_line(section: str, lines: Mapping[Keys, int], keys: Keys, file: str) -> Places:
    line = line_of(lines, keys)
    return Places(file, {(section,): f"{file}:{line}"} if line else {})


def _places(file: str, lines: dict[Keys, int], keys: Keys, path: tuple[str, ...], entry: Any) -> dict[tuple[str, ...], str]:
    """Return where an entry stands, and each key inside it, at any depth."""
    line = line_of(lines, keys)
    found = {path: f"{file}:{line}"} if line else {}
    inner: Any = entry.items() if isinstance(entry, dict) else enumerate(entry) if isinstance(entry, list) else ()
    for key, value in inner:
        step = (key,) if isinstance(entry, dict) else (f"[{key}]",)
        found |= _places(file, lines, (*keys, key), (*path, *step), value)
    return found
