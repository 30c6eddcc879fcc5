"""In: lines of code. Out: a function with numbered locals. Used: by the Python and NumPy back ends, which generate source."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from weilend.core.errors import InputError
from weilend.formula.tree import Node

_RESERVED: Final = frozenset({*dir(builtins), "row", "columns", "error", "formula", "np", "n"})


class Writer:
    """Collects the lines and constants of one generated function; each subexpression is written once."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {}
        self.memo: dict[tuple[str, Node], str] = {}
        self._count = 0

    def assign(self, expression: str) -> str:
        """Write a line that gives the expression a name; names and plain numbers stay as they are."""
        if re.fullmatch(r"\w+", expression):
            return expression
        self._count += 1
        self.lines.append(f"_{self._count} = {expression}")
        return f"_{self._count}"

    def constant(self, prefix: str, value: object) -> str:
        """Name a value that has no literal in the generated source."""
        for name, known in self.constants.items():
            if name.startswith(prefix) and known is value:
                return name
        name = f"{prefix}{len(self.constants)}"
        self.constants[name] = value
        return name

    def once(self, what: str, node: Node, write: Callable[[Node], str]) -> str:
        """Return what was written for the node before, or write it now."""
        key = (what, node)
        if key not in self.memo:
            self.memo[key] = write(node)
        return self.memo[key]


def local_names(node: Node) -> dict[str, str]:
    """Return a local variable for every field that is read: its own name where that is a safe one.

    >>> local_names(Node("field", value="net_fen")), local_names(Node("field", value="class"))
    ({'net_fen': 'net_fen'}, {'class': 'field_0_'})
    """
    return safe_locals(sorted(node.names))


def safe_locals(names: Iterable[str]) -> dict[str, str]:
    """Return a local variable for each name: the name itself where that is a safe one.

    >>> safe_locals(["net_fen", "class"])
    {'net_fen': 'net_fen', 'class': 'field_1_'}
    """
    return {name: name if _safe(name) else f"field_{index}_" for index, name in enumerate(names)}


def _safe(name: str) -> bool:
    plain = re.fullmatch("[a-z][a-z0-9_]*[a-z0-9]|[a-z]", name)
    return bool(plain) and not keyword.iskeyword(name) and name not in _RESERVED and not name.endswith("_ok")


def compile_source(source: str, constants: Mapping[str, Any]) -> Callable[..., Any]:
    """Return the function called `formula` in a generated source."""
    space: dict[str, Any] = dict(constants)
    exec(compile(source, "<formula>", "exec"), space)  # noqa: S102 - we wrote it: names are locals, texts go through repr
    function: Callable[..., Any] = space["formula"]
    return function


def missing(name: str, what: str) -> InputError:
    """Return the error for a row or table without a field that the formula reads.

    >>> raise missing("net_fen", "row")
    Traceback (most recent call last):
    weilend.core.errors.InputError: the row has no 'net_fen'
    """
    return InputError(f"the {what} has no {name!r}", hint="give every field that the formula reads; None where it is not known")
