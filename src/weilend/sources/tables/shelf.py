"""In: the TOML files of `profiles/`. Out: the built-in profiles, registered. Used: when this room is imported."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from weilend.sources.tables.admission import register
from weilend.sources.tables.profile_toml import profile_from_toml


@cache
def load_profiles() -> tuple[str, ...]:
    """Register every built-in profile once, by file name, and return their names.

    >>> "cmb_debit" in load_profiles()
    True
    """
    shelf = sorted((file for file in files("weilend.sources").joinpath("profiles").iterdir()), key=lambda file: file.name)
    return tuple(
        register(profile_from_toml(file.read_text(encoding="utf-8"))).name for file in shelf if file.name.endswith(".toml")
    )
