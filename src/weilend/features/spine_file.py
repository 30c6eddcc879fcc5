"""In: a CSV or Parquet file of businesses and instants. Out: a spine. Used: where somebody brings their own list."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
from pyarrow import csv, parquet

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError, NotFoundError
from weilend.core.plan import Spine
from weilend.core.records import FIRST_INSTANT, LAST_INSTANT

COLUMNS = ("business_id", "as_of")
_HINT = "give business_id and as_of, a day like 2020-01-31, an instant like 2020-01-31T09:00:00+08:00 or UTC seconds"


def from_file(path: Path, calendar: Calendar) -> Spine:
    """Return the spine in a .csv or .parquet file with the columns business_id and as_of, in the order of its rows.

    A day means its local 00:00; an instant without an offset is local. Raises `NotFoundError` without the file and `InputError`
    for the first row that is wrong, naming it and how many are.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     file = Path(name) / "spine.csv"
    ...     _ = file.write_text("business_id,as_of\\nE1,2020-01-01\\nE2,1970-01-01T00:00:00Z\\n")
    ...     from_file(file, Calendar("Asia/Shanghai")).as_of
    (1577808000, 0)
    """
    table = _read(Path(path))
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise InputError(f"{path} lacks the column {' and '.join(missing)}", hint=_HINT)
    names, given = (table[name].to_pylist() for name in COLUMNS)
    instants = [_instant(value, calendar) for value in given]
    wrong = [row for row, (name, at) in enumerate(zip(names, instants, strict=True)) if not name or at is None]
    if wrong:
        first = wrong[0]
        raise InputError(
            f"{path} row {first + 1} is ({names[first]!r}, {given[first]!r}); {len(wrong)} of {len(names)} rows are wrong",
            hint=_HINT,
        )
    return Spine(tuple(str(name) for name in names), tuple(at for at in instants if at is not None))


def _read(path: Path) -> pa.Table:
    if not path.is_file():
        raise NotFoundError(f"no file {path}", hint="check the path")
    try:
        if path.suffix == ".parquet":
            return parquet.read_table(path)
        if path.suffix == ".csv":
            return csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, pa.string())))
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path} cannot be read: {str(error).splitlines()[0]}", hint=_HINT) from None
    raise InputError(f"{path} is neither .csv nor .parquet", hint="save it as one of them")


def _instant(value: object, calendar: Calendar) -> int | None:
    """Return UTC seconds of a day, an instant or seconds; None for anything else."""
    try:
        if isinstance(value, str):
            text = value.strip()
            if text.lstrip("-").isdigit():
                value = int(text)
            else:
                value = date.fromisoformat(text) if len(text) == len("2020-01-31") else datetime.fromisoformat(text)
        if isinstance(value, datetime):
            value = int((value if value.tzinfo else value.replace(tzinfo=ZoneInfo(calendar.zone))).astimezone(UTC).timestamp())
        elif isinstance(value, date):
            value = calendar.start_of(value)
    except ValueError:
        return None
    is_instant = isinstance(value, int) and not isinstance(value, bool)
    return value if isinstance(value, int) and is_instant and FIRST_INSTANT <= value <= LAST_INSTANT else None
