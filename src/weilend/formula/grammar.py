"""In: the text of a formula. Out: sqlglot's syntax tree of it, and where each node stands. Used: by `parse` and the type check.

sqlglot parses, with a dialect cut down to the words of the language: every function is just a name here, so that no rewriting
of SQL dialects can change what a formula means.
"""

from __future__ import annotations

import re
from typing import Any, Final

from sqlglot import exp, parser, tokens
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import TokenType

from weilend.formula.faults import Span, fault
from weilend.formula.words import KEYWORDS, about_token

MAX_TEXT: Final = 10_000
MAX_NESTING: Final = 16  # sqlglot takes up to thirty frames of the stack for each level

_OPERATORS = ("<=", ">=", "<>", "!=")


class _Formulas(Dialect):
    class Tokenizer(tokens.Tokenizer):
        KEYWORDS = {word: tokens.Tokenizer.KEYWORDS[word] for word in (*(w.upper() for w in KEYWORDS), *_OPERATORS)}  # noqa: RUF012

    class Parser(parser.Parser):
        FUNCTIONS = {}  # noqa: RUF012 - the shape that sqlglot asks for
        NO_PAREN_FUNCTIONS = {}  # noqa: RUF012
        FUNCTION_PARSERS = {}  # noqa: RUF012
        NO_PAREN_FUNCTION_PARSERS = {"CASE": parser.Parser.NO_PAREN_FUNCTION_PARSERS["CASE"]}  # noqa: RUF012


_DIALECT = _Formulas()


def read(text: str) -> exp.Expr:
    """Return the syntax tree of one formula; raises `FormulaError` where there is none.

    >>> read("a + 1").key
    'add'
    >>> read("a +")
    Traceback (most recent call last):
    weilend.core.errors.FormulaError: the formula ends too early
    """
    _refuse_unreadable(text)
    try:
        found = _DIALECT.tokenize(text)
        _refuse_deep(text, found)
        trees = _DIALECT.parser().parse_into(exp.Condition, found, text)
    except ParseError as error:
        raise _misfit(text, error.errors[0]) from None
    except TokenError:
        raise _open_quote(text) from None
    except RecursionError:
        raise _too_deep(text, (0, len(text))) from None
    if len(trees) != 1 or trees[0] is None:
        raise fault(text, (0, len(text)), "this is not one formula", "write one expression, without a semicolon")
    _place_constants(trees[0], found)
    return trees[0]


def _place_constants(tree: exp.Expr, found: list[Any]) -> None:
    """Tell NULL, TRUE and FALSE where they stand, which sqlglot does for all other leaves."""
    nodes = [node for node in tree.dfs() if isinstance(node, (exp.Null, exp.Boolean))]
    constants = [token for token in found if token.token_type in (TokenType.NULL, TokenType.TRUE, TokenType.FALSE)]
    if len(nodes) == len(constants):
        for node, token in zip(nodes, constants, strict=True):
            node.update_positions(token)


def span(tree: exp.Expr, text: str) -> Span:
    """Return where a node stands in the text, with the parentheses that it opens.

    >>> span(read("1 + abs(a)").expression, "1 + abs(a)")
    (4, 10)
    """
    places = [node.meta for node in tree.walk() if "start" in node.meta]
    if not places:
        parent = tree.parent
        return span(parent, text) if parent else (0, len(text))
    start = min(place["start"] for place in places)
    end = max(place["end"] for place in places) + 1
    while (missing := re.match(r"\s*\)", text[end:])) and text.count("(", start, end) > text.count(")", start, end):
        end += missing.end()
    return start, end


def _refuse_unreadable(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise fault(text[:60], (0, 1), f"a formula of {len(text):,} characters", f"{MAX_TEXT:,} are enough: use IN or split it")
    if not text.strip():
        raise fault(text, (0, 1), "the formula is empty", "write TRUE for a formula that always holds")
    for place, character in enumerate(text):
        if character == "\0" or "\ud800" <= character <= "\udfff":
            shown = text[:place].replace("\0", " ") + "?"
            raise fault(shown, (place, place + 1), f"U+{ord(character):04X} is no character of a text", "take it out")


def _refuse_deep(text: str, found: list[Any]) -> None:
    opens = {"(": 1, ")": -1, "CASE": 1, "END": -1}
    level = 0
    for token in found:
        level += opens.get(token.text.upper(), 0) if token.token_type != TokenType.STRING else 0
        if level > MAX_NESTING:
            raise _too_deep(text, (token.start, token.end + 1))


def _too_deep(text: str, place: Span) -> Exception:
    return fault(text, place, f"nested deeper than {MAX_NESTING} levels", "make the inner part a named input of its own")


def _misfit(text: str, error: dict[str, Any]) -> Exception:
    highlight = error["highlight"] or ""
    end = _offset(text, error["line"], error["col"])
    if text[end:].strip() == "" and "missing" in error["description"]:
        return fault(text, (end, end + 1), "the formula ends too early", "a value is missing at the end")
    if text[end:].strip() == "" and error["description"] == "Expecting )":
        return fault(text, (end, end + 1), "a parenthesis is not closed", "write the missing )")
    before = re.findall(r"\w+", text[: end - len(highlight)])
    hint = about_token(highlight, before[-1] if before else "")
    return fault(text, (end - len(highlight), end), f"{highlight!r} does not fit here", hint)


def _offset(text: str, line: int, column: int) -> int:
    return sum(len(before) + 1 for before in text.split("\n")[: line - 1]) + column


def _open_quote(text: str) -> Exception:
    quote = "'" if text.count("'") % 2 else '"'
    return fault(
        text, (text.rfind(quote), text.rfind(quote) + 1), f"a {quote} is never closed", "a quote inside a text is doubled: ''"
    )
