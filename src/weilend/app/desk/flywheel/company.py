"""In: a plan, settings, a folder. Out: a run in it: its home and its report. Used: by `weilend sim run`.

FOLDER/home          a home like any other: its book knows the world and every loan, its store a receipt for each decision, the
                     policies and models, and their lives
FOLDER/result.json   who earned what
FOLDER/report.html   the page
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from weilend.app.desk.flywheel.ground import lay_ground
from weilend.app.desk.flywheel.months import run_months
from weilend.app.desk.flywheel.page import compose_run
from weilend.app.desk.flywheel.results import Result, summarise
from weilend.app.desk.flywheel.rivals import find_rivals
from weilend.app.desk.flywheel.run import MonthDone, Settings
from weilend.app.desk.progress import Tell, say_nothing
from weilend.core.ids import canonical_json
from weilend.economy.plan import WorldPlan
from weilend.report import render_page

RESULT, REPORT = "result.json", "report.html"


def run_company(
    plan: WorldPlan,
    folder: Path,
    settings: Settings,
    *,
    workers: int = 2,
    tell: Tell = say_nothing,
    show: Callable[[MonthDone], None] = lambda _: None,
) -> Result:
    """Make the world of a plan in a new folder, run the company in it, hold it against others, and write the report."""
    ground = lay_ground(plan, folder, workers=workers, tell=tell)
    run = run_months(ground, settings, tell=tell, show=show)
    rivals = find_rivals(run, tell)
    result = summarise(run, rivals)
    (folder / RESULT).write_bytes(canonical_json(result))
    (folder / REPORT).write_text(render_page(compose_run(run, result)), encoding="utf-8")
    return result
