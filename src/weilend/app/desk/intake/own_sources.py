"""In: profiles of an institution's own formats. Out: the same, registered. Used: before a home ingests, and by `weilend source`.

home/sources/NAME.toml    one profile each, as docs/howto/add-a-source.md describes them
"""

from __future__ import annotations

import re
from pathlib import Path

from weilend.app.desk.home import open_home
from weilend.core.errors import InputError, NotFoundError, SourceError
from weilend.sources import PROFILES, SOURCES, explain, profile_from_toml, register, sketch, template_names
from weilend.sources.catalogue import load
from weilend.sources.explain import EVIDENCE

FOLDER = "sources"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def load_own_sources(home: Path) -> tuple[str, ...]:
    """Register the profiles in a home, and return their names; nothing where there is no home.

    Raises `SchemaError` for a profile that could not be read, `InputError` for one whose name is another format's.
    """
    return tuple(_registered(file.read_text(encoding="utf-8")) for file in sorted((home / FOLDER).glob("*.toml")))


def list_sources(home: Path) -> list[tuple[str, str, str, str]]:
    """Return name, English and Chinese words, and evidence of every source."""
    load()
    load_own_sources(home)
    tables = [(name, PROFILES[name].en, PROFILES[name].zh, EVIDENCE[PROFILES[name].evidence]) for name in PROFILES]
    papers = [(name, SOURCES[name].en, SOURCES[name].zh, "see docs/sources") for name in SOURCES]
    return sorted(tables + papers)


def draft_source(file: Path, like: str) -> str:
    """Return the draft of a profile for a table, its columns to be filled in."""
    if like not in template_names():
        raise InputError(f"nothing is like {like!r}", hint=f"there is: {', '.join(template_names())}")
    if not file.is_file():
        raise NotFoundError(f"there is no file {file}", hint="check the path")
    return sketch(file, like)


def add_own_source(home: Path, file: Path, described: Path) -> str:
    """Check a profile, see that it knows the file, keep it in the home, and return how the file would be read."""
    if not described.is_file():
        raise InputError(f"there is no file {described}", hint="give the profile that you filled in")
    return keep_own_source(home, file, described.read_text(encoding="utf-8"))


def keep_own_source(home: Path, file: Path, text: str) -> str:
    """Check a profile in TOML as `add_own_source` does, keep it in the home, and return how the file would be read."""
    name = _registered(text)
    told = explain(file)
    if {one.source for one in told} != {name}:
        raise SourceError(f"{file.name} is read as {told[0].source}, not as {name}", hint="map the columns of its header")
    folder = home / FOLDER
    open_home(home).store.close()  # a home that is not there yet is made
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return "\n".join(line for one in told for line in one.lines())


def _registered(text: str) -> str:
    profile = profile_from_toml(text)
    if not _NAME.fullmatch(profile.name):
        raise InputError(f"{profile.name!r} is no name of a source", hint="use small letters, digits and _, a letter first")
    if profile.name in PROFILES and PROFILES[profile.name] == profile:
        return profile.name
    return register(profile).name
