"""From the book to a training table: a spine, features that look back, labels that look ahead, all through the desk."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from weilend.app.cli.main import cli
from weilend.app.desk.desk import Desk, open_desk
from weilend.core.errors import InputError, NotFoundError
from weilend.testing.invoices import Invoice, as_records
from weilend.testing.loans import PRODUCT, as_tables, later, loan, state

BOOKED_ON = date(2020, 1, 10)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Two firms sold for three months before they borrowed; one was 45 days late in its third month, one always on time."""
    desk = open_desk(tmp_path / "home")
    sales = [Invoice(firm, "C1", "sale", age, 400 + 10 * age, 100_000, "valid") for firm in ("E1", "E2") for age in range(1, 4)]
    desk.home.book.append({"invoice": as_records(sales)})
    late = state(later(BOOKED_ON, months=3), 45, name="L1", business="E1", owner="O1")
    young = loan("L3", on=later(BOOKED_ON, months=5), business="E2", owner="O2")
    facts = [*loan("L1", on=BOOKED_ON), *loan("L2", on=BOOKED_ON, business="E2", owner="O2"), *young, late]
    desk.home.book.append(as_tables(facts))
    return desk


def test_features_look_back_and_labels_ahead(desk: Desk) -> None:
    spine = desk.spine("booked_applications", PRODUCT, until="2020-12-31")
    table = desk.features("enterprise_loan", spine)
    labels = desk.labels("dpd30_mob6", spine, known_by="2020-09-01")
    assert spine.subjects == ("E1", "E2", "E2")
    assert labels.bad.tolist() == [1, 0]
    assert labels.dropped_immature == 1  # the third loan is not six months old yet, whatever became of it
    assert table.values.shape[0] == 3


def test_a_label_on_the_wrong_spine_and_a_spine_of_nothing_are_refused(desk: Desk) -> None:
    months = desk.spine("open_loan_months", since="2020-02-01", until="2020-06-01")
    assert months.size > 0
    with pytest.raises(InputError, match="label dpd30_mob6 belongs to booked_applications, not to open_loan_months"):
        desk.labels("dpd30_mob6", months, known_by="2021-01-01")
    with pytest.raises(NotFoundError, match="no spine of 'everybody'"):
        desk.spine("everybody", until="2020-01-01")
    with pytest.raises(InputError, match="which product"):
        desk.spine("all_applications", until="2020-01-01")


def test_the_command_line_takes_a_spine_of_ones_own(desk: Desk, tmp_path: Path) -> None:
    spine, out = tmp_path / "spine.csv", tmp_path / "features.csv"
    spine.write_text("business_id,as_of\nE1,2018-01-01\nE1,2020-01-01\n", encoding="utf-8")
    command = ["features", "build", "enterprise_loan", "--home", str(desk.home.folder), "--out", str(out)]
    ran = CliRunner().invoke(cli, [*command, "--spine", str(spine)], catch_exceptions=False)
    assert ran.output == f"2 rows in {out}\n"
    names, early, late = (line.split(",") for line in out.read_text(encoding="utf-8").splitlines())
    assert names[:2] == ["business_id", "as_of"]
    assert early[:2] == ["E1", "2018-01-01"]
    assert early != late
    with pytest.raises(InputError, match="for whom"):
        CliRunner().invoke(cli, command, catch_exceptions=False)
    ran = CliRunner().invoke(cli, ["features", "crowds", "--home", str(desk.home.folder)], catch_exceptions=False)
    assert "phone_businesses: counted over the book up to" in ran.output
