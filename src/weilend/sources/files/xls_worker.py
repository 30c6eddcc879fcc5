"""In: the path of an xls file and limits, as arguments of a process of its own. Out: its sheets as lines of JSON. Used: by
workbooks, for xls only.

The old format is a file system in a file; a damaged one sends its reader into circles or into all memory there is. So it is read
by a process that may use some seconds and some memory, and is not missed when it is stopped. The process imports nothing of this
package.
"""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, time, timedelta

EXACT_DIGITS = 15  # what a spreadsheet keeps of a number
TOO_LARGE = 3  # exit code


def cell_text(cell: object) -> str:
    """Return a cell as text: a number with at most 15 digits, which is what a spreadsheet keeps of it.

    >>> [cell_text(cell) for cell in (28.16, 6688.0, 0.1 + 0.2, datetime(2020, 1, 31, 8), True, "x")]
    ['28.16', '6688', '0.3', '2020-01-31 08:00:00', 'true', 'x']
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return f"{cell:.{EXACT_DIGITS}g}" if not cell.is_integer() or abs(cell) >= 10**EXACT_DIGITS else str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return "" if cell is None or isinstance(cell, timedelta) else str(cell)


def main(path: str, cells: int) -> int:
    """Print a line for each sheet ([name, rows above, columns left of its cells]) and one for each of its rows; return the exit
    code.
    """
    from python_calamine import CalamineWorkbook  # the limits hold before anything foreign runs

    book = CalamineWorkbook.from_path(path)
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        if sheet.height * sheet.width > cells:
            return TOO_LARGE
        above, left = sheet.start or (0, 0)
        sys.stdout.write(json.dumps({"sheet": name, "above": above, "left": left}) + "\n")
        for row in sheet.iter_rows():
            sys.stdout.write(json.dumps([cell_text(cell) for cell in row]) + "\n")
    return 0


if __name__ == "__main__":
    may_have, may_take, may_use = map(int, sys.argv[2:])  # cells, seconds of work, bytes
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (may_take, may_take))
        resource.setrlimit(resource.RLIMIT_AS, (may_use, may_use))
    except ImportError:  # not a Unix: the time limit of the caller remains
        pass
    raise SystemExit(main(sys.argv[1], may_have))
