"""The main job, run once per kind of data, for all stories that look at it."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.real import find_real
from weilend.app.desk.desk import open_desk
from weilend.app.desk.run import Order
from weilend.app.desk.worlds.portfolios import FILES, make_portfolio_files

AS_OF = date(2020, 1, 1)
BUDGET_FEN = 10_000_000_000


def order_for(data: Path, **changes: object) -> Order:
    asked = {
        "product": "enterprise_loan",
        "data": (("cumcm2020c", data),),
        "consent_id": "own-data",
        "budget_fen": BUDGET_FEN,
        "as_of": AS_OF,
        "assume_label_known": True,
    }
    return Order(**(asked | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of 425 firms of a made-up world, as a lender would have them."""
    folder = tmp_path_factory.mktemp("world")
    make_portfolio_files(1, folder)
    return folder / FILES


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the stories of one run of the main job on one worker, so that it is run once."""
    for item in items:
        kind = getattr(item, "callspec", None) and item.callspec.params.get("job")
        if kind:
            item.add_marker(pytest.mark.xdist_group(kind))


@pytest.fixture(scope="session")
def jobs() -> dict[str, SimpleNamespace]:
    """The runs of the main job so far: a session fixture with parameters is torn down whenever they alternate."""
    return {}


@pytest.fixture(params=["economy", "real"])
def job(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, jobs: dict[str, SimpleNamespace]
) -> SimpleNamespace:
    """The main job's result, its home and outputs; `lines` is decisions.csv as a spreadsheet would show it."""
    data = request.getfixturevalue("world") if request.param == "economy" else find_real("cumcm2020c")
    if request.param not in jobs:
        jobs[request.param] = _run(request.param, data, tmp_path_factory.mktemp(request.param))
    return jobs[request.param]


def _run(kind: str, data: Path, place: Path) -> SimpleNamespace:
    desk = open_desk(place / "home")
    result = desk.run(order_for(data), place / "out")
    with (place / "out" / "decisions.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    return SimpleNamespace(kind=kind, data=data, desk=desk, result=result, out=place / "out", lines=lines)
