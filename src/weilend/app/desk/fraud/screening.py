"""In: a csv of who is on a public watch list, a name. Out: who may be meant, and why. Used: as `weilend lists screen`.

The names of a public list stay in its own file: records hold tokens, which cannot be compared by sound.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

from weilend.core.errors import InputError, NotFoundError
from weilend.fraud.screening import Listed, Match, Screen
from weilend.fraud.screening.names import Bearer

BEARERS: Final[dict[str, Bearer]] = {"person": "person", "business": "business"}
_COLUMNS: Final = {"listed_id", "kind", "name"}
_ALIASES_BY: Final = "|"


def screen_name(path: Path, name: str, kind: str, *, uscc: str = "") -> tuple[Match, ...]:
    """Return who of a watch list a name may mean; the file has listed_id, kind, name, and may have aliases (by |), uscc and source.

    Raises `NotFoundError` or `InputError` for a file that is none, or a name that is none.
    """
    return Screen(read_listed(path)).search(name, BEARERS[kind], uscc=uscc)


def read_listed(path: Path) -> list[Listed]:
    """Return who stands in a file of a watch list."""
    if not path.is_file():
        raise NotFoundError(f"there is no file {path.name}", hint="check the path")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if not set(rows.fieldnames or ()) >= _COLUMNS:
            raise InputError(
                f"{path.name} is no watch list of names", hint=f"it needs the columns {', '.join(sorted(_COLUMNS))}"
            )
        return [_listed(path.name, number, row) for number, row in enumerate(rows, start=1)]


def _listed(file: str, number: int, row: dict[str, str]) -> Listed:
    if row["kind"] not in BEARERS or not row["name"].strip():
        raise InputError(f"{file} row {number} has no name, or a kind other than {', '.join(BEARERS)}", hint="correct the row")
    names = (row["name"], *filter(str.strip, (row.get("aliases") or "").split(_ALIASES_BY)))
    uscc, source = (row.get("uscc") or "").strip(), row.get("source") or ""
    return Listed(listed_id=row["listed_id"], bearer=BEARERS[row["kind"]], names=names, uscc=uscc, source=source)
