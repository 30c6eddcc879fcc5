"""In: a model's name and a target. Out: the exported file, and beside it a check that runs. Used: by `weilend model export`.

Nothing is handed out that was not proved: some hundred rows that meet every edge of the model are scored by the model and by what
is exported, and a single difference is an error.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from weilend.app.desk.flat.files import MANIFEST, find_model, read_flat_model
from weilend.app.desk.home import Home
from weilend.app.desk.models.champion import Named, champion
from weilend.app.desk.models.kept import read_version
from weilend.app.desk.models.life import Build, find_version
from weilend.core.errors import CheckError, InputError, NotFoundError
from weilend.models import Card
from weilend.models.boosted import BoostedModel
from weilend.models.export import TARGETS, Exported, draw_proof, export_boosted, export_card, find_differences
from weilend.models.prediction import Model
from weilend.models.sample import Column


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """What was handed out: the model's file, the check beside it, how to run that, how many rows it has, and what was run here.

    >>> Handed(model=Path("m.sql"), check=Path("m.check.sql"), run="psql -f", rows=300, was_run=False).rows
    300
    """

    model: Path
    check: Path
    run: str
    rows: int
    was_run: bool


def find_exportable(home: Home | None, name: str, named: Named, version: str, *, at: int) -> tuple[Model, tuple[Column, ...]]:
    """Return a model and the columns it reads: of a folder, the version that begins so, the champion, else what was built last.

    Raises `NotFoundError` where there is none.
    """
    folder = find_model(name, home.folder if home else Path())
    if home is None or (not version and (Path(name) / MANIFEST).is_file()):
        manifest, model = read_flat_model(folder)
        return model, manifest.columns
    live = version or champion(home, named, at=at)
    if live is None and named.kind == "flat_model":
        manifest, model = read_flat_model(folder)
        return model, manifest.columns
    build: Build = find_version(home, named, live or "")
    return read_version(home, named.kind, build.version), build.columns


def export_model(model: Model, columns: tuple[Column, ...], to: str, out: Path, *, table: str = "applications") -> Handed:
    """Write a model for a target, and its check, whose name says so; nothing is written where a row differs.

    Raises `NotFoundError` for a target that is not there, `InputError` where the model cannot be written out, or a library is not
    installed, `CheckError` where what would be handed out is not the model.

    >>> from tempfile import TemporaryDirectory
    >>> from weilend.models.recipes.woe_card import example_card
    >>> with TemporaryDirectory() as folder:
    ...     handed = export_model(example_card(), (), "python", Path(folder) / "card.py")
    ...     handed.check.name, handed.rows, handed.was_run
    ('card.check.py', 300, True)
    """
    target = TARGETS[to]
    exported = _steps(model)
    proof = draw_proof(model, exported, columns)
    content = target.write(exported, table)
    differ = target.differ(content, exported, proof)
    wrong = find_differences(exported, proof) if differ is None else differ
    if wrong:
        raise CheckError(
            f"{wrong} of {len(proof.rows)} rows are scored otherwise than by the model", hint="report it: nothing was written"
        )
    if not out.parent.is_dir():
        raise InputError(f"there is no folder {out.parent}", hint="make it, or name another file with --out")
    check = out.with_name(f"{out.stem}.check{target.check_suffix}")
    text = target.check(exported, proof, out.name)
    out.write_bytes(content)
    check.write_text(text, encoding="utf-8")
    return Handed(model=out, check=check, run=f"{target.run} {check.name}", rows=len(proof.rows), was_run=differ is not None)


def _steps(model: Model) -> Exported:
    if isinstance(model, Card):
        return export_card(model)
    if isinstance(model, BoostedModel):
        return export_boosted(model)
    raise NotFoundError(f"a {type(model).__name__} is written out by nobody yet", hint="export a card or a boosted model")
