"""In: the text of a TOML file that parses. Out: the line of each table and key. Used: where a policy file is read, for errors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

#: Where something stands in a file: ``("rules", 2, "when")`` is the key of the third table called rules.
Path = tuple[str | int, ...]

_HEADER: Final = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]")
_NAME: Final = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_KEY: Final = re.compile(rf"\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*=")
#: What may begin or end inside a value: texts (longest quotes first), comments, brackets.
_TOKEN: Final = re.compile(r"""\"\"\"|'''|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\#.*|[\[\]{}]""")


def find_lines(text: str) -> dict[Path, int]:
    """Return the line (from 1) of each table and each key at the start of a line; a key inside braces has its table's line.

    >>> find_lines('[a]\\nx = 1\\n[[rules]]\\nid = "r"\\n[[rules]]\\nid = "s"')
    {('a',): 1, ('a', 'x'): 2, ('rules', 0): 3, ('rules', 0, 'id'): 4, ('rules', 1): 5, ('rules', 1, 'id'): 6}
    """
    lines: dict[Path, int] = {}
    table: Path = ()
    counted: Counter[Path] = Counter()
    quote, depth = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        inside = bool(quote or depth)
        header = None if inside else _HEADER.match(line)
        key = None if inside or header else _KEY.match(line)
        if header:
            table = _table(header, counted)
            lines.setdefault(table, number)
            continue
        if key:
            lines.setdefault((*table, *_parts(key[1])), number)
        quote, depth = _after(line, quote, depth)
    return lines


def line_of(lines: Mapping[Path, int], path: Path) -> int | None:
    """Return the line of a path, or of the nearest table around it; None where there is neither.

    >>> line_of({("a",): 3}, ("a", "x", "y")), line_of({}, ("a",))
    (3, None)
    """
    around = (path[:length] for length in range(len(path), 0, -1))
    return next((lines[part] for part in around if part in lines), None)


def _table(header: re.Match[str], counted: Counter[Path]) -> Path:
    """Return the path of a table; a table inside ``[[a.b]]`` belongs to the last a that was begun."""
    path: Path = ()
    *outer, last = _parts(header[2])
    for part in outer:
        path = (*path, part)
        path = (*path, counted[path] - 1) if counted[path] else path
    path = (*path, last)
    if header[1] == "[":
        return path
    counted[path] += 1
    return (*path, counted[path] - 1)


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_NAME, name))


def _after(line: str, quote: str, depth: int) -> tuple[str, int]:
    """Return the quote that is still open after a line, and how many brackets are."""
    place = 0
    while True:
        if quote:
            end = line.find(quote, place)
            if end < 0:
                return quote, depth
            place, quote = end + 3, ""
        token = _TOKEN.search(line, place)
        if token is None:
            return "", depth
        place = token.end()
        quote = token[0] if token[0] in ('"""', "'''") else ""
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
