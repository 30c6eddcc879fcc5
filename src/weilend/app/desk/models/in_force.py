"""In: a model's name, a home or none. Out: the model that scores, and why it is that one. Used: by `weilend model score`.

Where the home has a champion of that name nothing else scores in silence: a build that nobody promoted is not in force.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from weilend.app.desk.flat.files import MANIFEST, find_model, read_flat_model
from weilend.app.desk.home import Home, open_home
from weilend.app.desk.models.champion import Named, name_model, releases_of
from weilend.app.desk.models.kept import read_version
from weilend.app.desk.models.life import find_builds, find_version
from weilend.app.desk.releases import SHORT
from weilend.core.errors import NotFoundError
from weilend.core.lifecycle import Lifecycle
from weilend.models.prediction import Model
from weilend.models.sample import Column


class Scorer(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The model that scores a table, what it reads, the column that names rows ("" for none), and `why` it is this one."""

    version: str
    recipe: str
    model: Model
    columns: tuple[Column, ...]
    id: str
    why: str


def find_scorer(name: str, folder: Path, version: str, *, at: int) -> Scorer:
    """Return who scores under a name at an instant: the version that begins so, else the home's champion, else the last build.

    A `name` that is a model's folder is that folder, unless the home had a champion of that name. Raises `NotFoundError` where
    there is none, or the champion was retired.
    """
    home, named = find_home(folder), name_model(name)
    lifecycle = releases_of(home, named).of(name) if home else Lifecycle()
    is_folder = (Path(name) / MANIFEST).is_file() and not lifecycle.had_live(at)
    if home is None or is_folder or named.kind != "flat_model":
        return _of_folder(name, folder, version, f"in the folder {find_model(name, folder)}")
    if version:
        return _of_version(home, named, version, "which was named")
    live = lifecycle.live(at)
    if live is not None:
        return _of_version(home, named, live, f"the champion of {name} since {_since(home, lifecycle, at)}")
    if lifecycle.had_live(at):
        raise NotFoundError(
            f"no version of {name} is in force: its champion was retired", hint="promote another, or name one with --version"
        )
    return _of_folder(name, folder, "", f"the last build: no version of {name} is champion")


def find_home(folder: Path) -> Home | None:
    """Return the home in a folder, None where there is none.

    >>> find_home(Path("no-such-home")) is None
    True
    """
    try:
        return open_home(folder, create=False)
    except NotFoundError:
        return None


def _since(home: Home, lifecycle: Lifecycle, at: int) -> str:
    """Return the day from which what is live is live: that of the last switch that has taken effect."""
    return home.calendar.day_of(max(one.effective_at for one in lifecycle.switches if one.effective_at <= at)).isoformat()


def _of_folder(name: str, folder: Path, version: str, why: str) -> Scorer:
    path = find_model(name, folder)
    manifest, model = read_flat_model(path)
    if not manifest.model_id.startswith(version):
        raise NotFoundError(
            f"the model in {path} is version {manifest.model_id[:SHORT]}, not {version}",
            hint="leave --version out, or name a home",
        )
    return Scorer(
        version=manifest.model_id, recipe=manifest.recipe, model=model, columns=manifest.columns, id=manifest.id, why=why
    )


def _of_version(home: Home, named: Named, version: str, why: str) -> Scorer:
    """Return a version that the home keeps; the last build is one too, before anybody put it up."""
    path, builds = find_model(named.name, home.folder), find_builds(home, named)
    if (path / MANIFEST).is_file() and not any(one.startswith(version) for one in builds):
        manifest, _ = read_flat_model(path)
        if manifest.model_id.startswith(version):
            return _of_folder(named.name, home.folder, version, why)
    build = find_version(home, named, version)
    model = read_version(home, named.kind, build.version)
    return Scorer(version=build.version, recipe=build.recipe, model=model, columns=build.columns, id=build.id, why=why)
