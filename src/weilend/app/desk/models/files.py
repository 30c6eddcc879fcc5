"""In: a model that was built. Out: its report and challenger beside it, what a terminal shows. Used: by the command line."""

from __future__ import annotations

from pathlib import Path

from weilend.app.desk.flat.allowance import Allowance, Cut
from weilend.app.desk.flat.evidence import Evidence
from weilend.app.desk.flat.models import Built, Rival
from weilend.app.desk.models.report import compose_report
from weilend.app.desk.models.score_page import figure_rows
from weilend.core.ids import canonical_json
from weilend.models.recipes.registry import RECIPES
from weilend.report import render_page

REPORT = "report.html"
CHALLENGER = "challenger.json"


def write_report(built: Built, evidence: Evidence, folder: Path, *, purpose: str, allowance: Allowance | None = None) -> Path:
    """Write the model card and validation report into a folder, which must be there; returns the file."""
    path = folder / REPORT
    path.write_text(render_page(compose_report(built, evidence, purpose=purpose, allowance=allowance)), encoding="utf-8")
    return path


def write_challenger(rival: Rival, folder: Path) -> list[Path]:
    """Write the model that was not chosen: itself, and the verdict with all its numbers; returns the files."""
    model, said = folder / f"not_chosen_{rival.recipe}.json", folder / CHALLENGER
    model.write_bytes(RECIPES[rival.recipe].write(rival.model))
    said.write_bytes(canonical_json(rival.verdict) + b"\n")
    return [model, said]


def build_rows(built: Built, evidence: Evidence, folder: Path, cuts: tuple[Cut, ...] = ()) -> list[tuple[str, object]]:
    """Return what a terminal shows of a model that was built, and of what was cut short for time."""
    dropped = sorted({one.column for one in built.findings if one.action == "dropped" and one.column})
    sample = built.design.sample
    rows: list[tuple[str, object]] = [
        ("model", built.model_id),
        ("recipe", _recipe(built)),
        ("rows in the sample", f"{len(sample):,}, {int(sample.bad.sum()):,} of them bad"),
        ("split", built.design.split),
        ("judged", built.unseen.how),
    ]
    said = [(f"judged {name}" if name == "rows" else name, value) for name, value in figure_rows(built.validation)]
    return [
        *rows,
        *said,
        ("dropped by guards", ", ".join(dropped) or "nothing"),
        *(("cut short for time", one.text) for one in cuts),
        ("strongest columns", ", ".join(one.column for one in evidence.effects[:5])),
        ("report", str(folder / REPORT)),
        ("folder", str(folder)),
    ]


def _recipe(built: Built) -> str:
    if built.rival is None:
        return built.ask.recipe + (f"; {built.note}" if built.note else "")
    auc = next(one for one in built.rival.verdict.differences if one.metric == "auc")
    ends = (
        f"{auc.first} minus {auc.second}: AUC {auc.estimate / 1_000_000:+.4f} ({auc.lo / 1_000_000:+.4f} to "
        f"{auc.hi / 1_000_000:+.4f})"
    )
    return f"{built.ask.recipe}, not {built.rival.recipe}: {built.rival.verdict.verdict.replace('_', ' ')} ({ends})"
