"""In: rows of text. Out: a table of Markdown. Used: by pages that are read in the repository rather than in a browser."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown; a bar or a new line within a cell cannot break it.

    >>> print(markdown_table(("word", "meaning"), [("a|b", "either")]))
    | word | meaning |
    |---|---|
    | a\\|b | either |
    """
    lines = [_line(columns), "|" + "---|" * len(columns), *map(_line, rows)]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"
