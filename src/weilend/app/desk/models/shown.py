"""In: a product's model, the name of a flat table's. Out: what it is, as rows; a copy of files. Used: by `weilend model show`."""

from __future__ import annotations

import shutil
from pathlib import Path

from weilend.app.desk.dictionary import show_card
from weilend.app.desk.flat.files import MANIFEST, Manifest, find_model, read_flat_model
from weilend.app.desk.flat.pairs import pair_rows
from weilend.app.desk.models.report_model import points_rows
from weilend.core.errors import InputError
from weilend.core.money import PPM, show_percent
from weilend.models import RowModel
from weilend.models.card import Card

#: Headings of what is shown of a card.
CARD_COLUMNS = ("column", "bin", "points", "rows", "bads")
#: What is shown of every other model.
_FACTS = ("model_id", "recipe", "rows", "bads")


def is_flat(name: str, home: Path) -> bool:
    """Return whether a name is that of a model of a flat table: its folder, or one in the home.

    >>> is_flat("enterprise_loan", Path("no-such-home"))
    False
    """
    return (find_model(name, home) / MANIFEST).is_file()


def show_flat(name: str, home: Path) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Return headings and rows of a model: a card's bins with their points, of other models what they are and read.

    Raises `CheckError` where the model was changed, `InputError` where its folder is not whole.
    """
    manifest, model = read_flat_model(find_model(name, home))
    if isinstance(model, Card):
        return CARD_COLUMNS, list(points_rows(model))
    return ("what", "value"), facts_of(manifest)


def show_product(model: RowModel) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Return headings and rows of a product's model: a card's bins and the cells of its tables of two features, else what it is.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> from weilend.models.recipes.monotone_boosting import example_model
    >>> show_product(example_card())[0]
    ('feature', 'from', 'to', 'points', 'rows', 'bads')
    >>> show_product(example_model())[1][1:3]
    [('recipe', 'monotone_boosting'), ('rows', 400)]
    """
    if isinstance(model, Card):
        columns, rows = show_card(model)
        return columns, [*rows, *((name, cell, "", points, seen, bads) for name, cell, points, seen, bads in pair_rows(model))]
    facts: list[tuple[object, ...]] = [(name, getattr(model, name)) for name in _FACTS]
    return ("what", "value"), [*facts, ("bad rate", show_percent(model.sample_ppm)), ("reads", ", ".join(model.reads))]


def facts_of(manifest: Manifest) -> list[tuple[object, ...]]:
    """Return what a model is, from what stands beside it."""
    judged = manifest.judged
    return [
        ("model", manifest.model_id),
        ("recipe", manifest.recipe),
        ("outcome", manifest.label),
        (
            "judged",
            f"AUC {judged.auc_ppm / PPM:.3f}, standard error {judged.error_ppm / PPM:.3f}, {judged.rows:,} rows, {judged.how}",
        ),
        ("split", manifest.split + (f" ({manifest.exception})" if manifest.exception else "")),
        ("reads", ", ".join(column.name for column in manifest.columns)),
    ]


def copy_flat(name: str, home: Path, out: Path) -> Path:
    """Copy a model's files, its report among them, into a folder, which is made; returns the folder.

    Raises `InputError` where the folder is the model's own.
    """
    folder = find_model(name, home)
    read_flat_model(folder)
    if out.resolve() == folder.resolve():
        raise InputError(f"the model is in {out} already", hint="name another folder")
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.iterdir()):
        if path.is_file():
            shutil.copy(path, out)
    return out
