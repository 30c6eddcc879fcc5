"""In: a formula and a place in it. Out: a `FormulaError` that shows the place. Used: by the grammar and the type check."""

from __future__ import annotations

from unicodedata import east_asian_width

from weilend.core.errors import FormulaError

Span = tuple[int, int]  # first character, one past the last


def fault(text: str, span: Span, message: str, hint: str) -> FormulaError:
    """Return an error that says what is wrong, draws a caret under the place, and says what to do.

    >>> print(fault("a + b", (4, 5), "no field 'b'", "the fields are: a"))
    no field 'b'
      a + b
          ^
    Hint: the fields are: a
    """
    error = FormulaError(message, hint=hint)
    error.args = (f"{message}\n{_drawn(text, span)}\nHint: {hint}",)
    return error


def _drawn(text: str, span: Span) -> str:
    start = min(max(span[0], 0), len(text))
    begin = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", start)
    line = text[begin : len(text) if stop < 0 else stop]
    under = line[start - begin : max(span[1], start + 1) - begin] or " "
    return f"  {line}\n  {' ' * _width(line[: start - begin])}{'^' * _width(under)}"


def _width(text: str) -> int:
    """Columns of a terminal that a text takes: Chinese characters take two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
