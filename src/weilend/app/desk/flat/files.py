"""In: a model that was built from a flat table. Out: its folder, and the same back; scores as CSV. Used: by the command line.

model.json      what it is: recipe, id, columns, roles, how it was judged
<id>.json       the model itself, named by the hash of its content
findings.json, flow.json, columns.json, bins.json, summary.txt
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import msgspec

from weilend.app.desk.flat.allowance import Cut
from weilend.app.desk.flat.judging import Judged
from weilend.app.desk.flat.models import Built, Scored, used_columns
from weilend.core.errors import CheckError, InputError, NotFoundError
from weilend.core.ids import bytes_hash, canonical_json
from weilend.core.money import PPM
from weilend.models.bins import Bins
from weilend.models.prediction import Model
from weilend.models.recipes.registry import RECIPES
from weilend.models.sample import Column

MANIFEST = "model.json"
PLACES = 1_000  # of a weight of evidence: thousandths are written


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in model.json. `content` is the hash of the model's file; `columns` are what it reads.

    `cut` says what ended before its end because of time: where there is any, the model is also one of the machine that built it.
    """

    name: str
    recipe: str
    model_id: str
    content: str
    columns: tuple[Column, ...]
    label: str
    id: str
    judged: Judged
    split: str
    exception: str
    seed: int
    cut: tuple[Cut, ...] = ()


def write_flat_model(built: Built, folder: Path, cut: tuple[Cut, ...] = ()) -> tuple[Path, ...]:
    """Write a model with its findings, flow, columns, bins and summary; returns the files. The folder is made where missing.

    `cut` is what was cut short for time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = RECIPES[built.ask.recipe].write(built.model)
    manifest = Manifest(
        name=built.ask.name, recipe=built.ask.recipe, model_id=built.model_id, content=bytes_hash(content),
        columns=used_columns(built), label=built.ask.roles.label, id=built.ask.roles.id, judged=built.judged,
        split=built.design.split, exception=built.design.exception, seed=built.ask.seed, cut=cut,
    )  # fmt: skip
    files = {
        f"{manifest.content}.json": content,
        "findings.json": _lines(built.findings),
        "flow.json": _lines(built.design.steps),
        "columns.json": _lines(built.candidates),
        "bins.json": _lines([_plain_bins(one) for one in built.bins]),
        "summary.txt": summary(built).encode(),
        MANIFEST: _pretty(manifest),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return tuple(folder / name for name in files)


def read_flat_model(folder: Path) -> tuple[Manifest, Model]:
    """Return a model from its folder. Raises `NotFoundError`, `InputError` (not a model), `CheckError` (it was changed).

    >>> read_flat_model(Path("no-such-folder"))
    Traceback (most recent call last):
    weilend.core.errors.NotFoundError: there is no model at no-such-folder. Hint: build it first, with: weilend model build
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise NotFoundError(f"there is no model at {folder}", hint="build it first, with: weilend model build")
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
        content = (folder / f"{manifest.content}.json").read_bytes()
    except (msgspec.DecodeError, OSError) as error:
        raise InputError(f"{folder} does not hold a whole model: {error}", hint="take it from where it was built") from None
    if bytes_hash(content) != manifest.content:
        raise CheckError(f"the model in {folder} is not what its name says", hint="take it from where it was built")
    return manifest, RECIPES[manifest.recipe].read(content)


def find_model(name: str, home: Path) -> Path:
    """Return the folder of a model: the one that the name is, or the home's copy."""
    return Path(name) if (Path(name) / MANIFEST).is_file() else home / "models" / name


def write_scores(scored: Scored, path: Path) -> None:
    """Write one line a row: row, pd, points, grade, and reasons in English and Chinese."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as file:  # a spreadsheet reads Chinese by the mark
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("row", "pd", "points", "grade", "reasons"))
        lines = zip(
            scored.ids, scored.said.pd_ppm.tolist(), scored.said.points.tolist(), scored.grades, scored.reasons, strict=True
        )
        for row, pd_ppm, points, grade, reasons in lines:
            said = "; ".join(f"{reason.en} ({reason.zh})" for reason in reasons)
            writer.writerow((row, f"{pd_ppm / PPM:.6f}", points, grade, said))


def summary(built: Built) -> str:
    """Return what a modeller reads first: flow, split, figures, what was left out and why, what the model stands on."""
    design, judged = built.design, built.judged
    lines = [f"{built.ask.name}: a {built.ask.recipe} from {built.ask.table.name}, model {built.model_id}", "", "Rows"]
    lines += [f"  {step.rows:>9,}  {step.reason} ({step.bads:,} bad)" for step in design.steps]
    lines += ["", f"Split: {design.split}" + (f" ({design.exception})" if design.exception else "")]
    auc, error = judged.auc_ppm / PPM, judged.error_ppm / PPM
    lines += [
        f"AUC {auc:.4f}, standard error {error:.4f}, on {judged.rows:,} rows with {judged.bads:,} bads ({judged.how})",
        "",
    ]
    for action in ("dropped", "changed", "kept"):
        found = [one for one in built.findings if one.action == action]
        lines += [
            f"{action.capitalize()}: {len(found)} findings",
            *(f"  {one.column or 'the sample'}: {one.why}" for one in found),
            "",
        ]
    lines += ["The model reads", *(f"  {column.name}" for column in used_columns(built)), "", "Not chosen"]
    lines += [f"  {one.column}: {one.why}" for one in built.candidates if not one.chosen]
    return "\n".join(lines) + "\n"


def _plain_bins(bins: Bins) -> dict[str, Any]:
    column = bins.column
    return {
        "column": column.name, "shape": bins.shape, "cuts": [column.show(cut) for cut in bins.cuts],
        "words": dict(zip((*column.words, "(never seen)"), bins.levels, strict=True)) if bins.levels else {},
        "specials": [column.show(code) for code in column.specials],
        "woe_milli": [round(PLACES * woe) for woe in bins.woe.tolist()],
        "rows": [round(rows) for rows in bins.rows.tolist()], "bads": [round(bads) for bads in bins.bads.tolist()],
        "information_ppm": round(PPM * bins.information), "price_of_shape_ppm": round(PPM * bins.price_shape),
        "price_of_stability_ppm": round(PPM * bins.price_stable), "refused": list(bins.refused),
    }  # fmt: skip


def _lines(things: Any) -> bytes:
    return b"[\n" + b",\n".join(canonical_json(one) for one in things) + b"\n]\n"


def _pretty(manifest: Manifest) -> bytes:
    return msgspec.json.format(canonical_json(manifest), indent=1) + b"\n"
