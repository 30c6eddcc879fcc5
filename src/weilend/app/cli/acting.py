"""In: who, why, from when, as typed. Out: an act. Used: by every command that releases something."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from weilend.app.cli.show import open_home

if TYPE_CHECKING:  # late: see show.open_home
    from weilend.app.desk.releases import Act

who_option = click.option("--who", required=True, help="Who does it.")
why_option = click.option("--why", required=True, help="The reason, to be read in a year.")
effective_option = click.option("--effective", metavar="YYYY-MM-DD", help="From the start of that day; at once by default.")


def make_act(home: Path, who: str, why: str, effective: str | None = None) -> Act:
    """Return who does it and when; a day that is today takes effect at once."""
    from weilend.app.clock import now  # late: see show.open_home
    from weilend.app.desk.releases import Act
    from weilend.core.calendars import parse_day

    at, calendar = now(), open_home(home).home.calendar
    if effective is None:
        return Act(who=who, why=why, at=at)
    day = parse_day(effective)
    return Act(who=who, why=why, at=at, effective_at=at if day == calendar.day_of(at) else calendar.start_of(day))
