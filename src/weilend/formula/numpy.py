"""In: a typed tree. Out: functions of columns. Used: by the NumPy engine, for the rows of one subject or of a million.

Columns: integers int64, booleans bool (a masked array where there are NULLs), texts objects (None is NULL), dates datetime64[D]
(NaT is NULL). An integer, text or date is written as a value and where it is valid; a boolean as where it is true and where it
is false, so that AND, OR and NOT of three values are & and | of two masks.

Two things make many formulas over the same columns quick. A column of texts may be codes with an array `words` (None for NULL):
then what reads that column alone is computed once a word. And columns may bring a dictionary `shared`: what one formula computed,
another takes from there; so nobody may write into an answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.formula import python
from weilend.formula.column_kernels import COLUMN_KERNELS
from weilend.formula.kernels import KERNELS
from weilend.formula.ranges import product_range
from weilend.formula.text import write as as_text
from weilend.formula.tree import MAX_INTEGER, Node
from weilend.formula.writer import Writer, compile_source, local_names

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]


def columns(root: Node) -> Callable[[Mapping[str, Array]], tuple[Array, Mask]]:
    """Return a formula as a function of columns to values and validity.

    >>> columns(Node("not", (Node("field", value="paid"),)))({"paid": np.array([True, False])})
    (array([False,  True]), array([ True,  True]))
    """
    root = folded(root)
    writer = _Columns(local_names(root))
    result, valid = writer.value(root), writer.valid(root)
    return _function(
        writer, f"_nulled({result}, {valid}, n, {root.type!r})" if valid else f"_filled({result}, n), _everywhere(n)"
    )


def mask(root: Node) -> Callable[[Mapping[str, Array]], Mask]:
    """Return a boolean formula as a function of columns to where it is true.

    >>> mask(Node("not", (Node("field", value="paid"),)))({"paid": np.array([True, False])})
    array([False,  True])
    """
    if root.type != "boolean":
        raise InputError(f"a mask needs a boolean, this formula is {root.type}", hint="compare it with something")
    writer = _Columns(local_names(root))
    return _function(writer, writer.true(folded(root)))


def _function(writer: _Columns, result: str) -> Callable[..., Any]:
    loads = [f"        {local} = columns[{name!r}]" for name, local in writer.fields.items()]
    guarded = ["    try:", *loads, "    except KeyError as error:", "        raise _missing(error.args[0], 'table') from None"]
    lines = [
        "def formula(columns):",
        *(text for name, text in _STARTS.items() if any(re.search(rf"\b{name}\b", line) for line in (*writer.lines, result))),
        *(guarded if loads else []),
        *(f"    {line}" for line in writer.lines),
        f"    return {result}",
    ]
    return compile_source("\n".join(lines), {**writer.constants, **KERNELS, **COLUMN_KERNELS})


#: What a function finds out first, where it needs it.
_STARTS: Final = {
    "n": "    n = len(next(iter(columns.values()), ()))",
    "_shared": "    _shared = getattr(columns, 'shared', None)\n    if _shared is None: _shared = {}",
}
#: What costs no more than to look it up.
_CHEAP: Final = frozenset({"and", "or", "not", "literal", "null"})


class _Columns(Writer):
    """Writes one line for each array operation, shared with other formulas; `by_word` where a text may be read as codes."""

    def __init__(self, fields: dict[str, str], *, by_word: bool = True) -> None:
        super().__init__()
        self.fields = fields
        self.by_word = by_word

    def once(self, what: str, node: Node, write: Callable[[Node], str]) -> str:
        """Return what was written for the node before, or write it now; what reads one text alone as a function of its words."""
        field = _only_text(node) if self.by_word and (node.op != "field" or what == "valid") else None
        return super().once(what, node, write if field is None else lambda node: self._of_words(what, node, field))

    def keep(self, what: str, node: Node, expression: str) -> str:
        """Write a line that gives the expression a name, unless another formula over the same columns has computed it."""
        if not self.by_word or node.op in _CHEAP or re.fullmatch(r"\w+", expression):
            return self.assign(expression)
        key = f"{what} {node.type} {as_text(node)}"
        name = self.assign(f"_shared.get({key!r})")
        self.lines.append(f"if {name} is None: {name} = _shared[{key!r}] = {expression}")
        return name

    def _of_words(self, what: str, node: Node, field: str) -> str:
        inner = _Columns(local_names(node), by_word=False)
        result = {"value": inner.value, "valid": inner.valid, "true": inner.true, "false": inner.false}[what](node)
        compute = self.constant("_compute", _function(inner, str(result)))
        return self.keep(what, node, f"_by_word({self.fields[field]}, {field!r}, {compute})")

    def value(self, node: Node) -> str:
        """Return the name of the values; anything may stand where they are not valid (False for a boolean)."""
        return self.true(node) if node.type == "boolean" else self.once("value", node, self._value)

    def valid(self, node: Node) -> str | None:
        """Return the name of the mask of what is not NULL, None where nothing can be."""
        return self.once("valid", node, self._valid) if node.nullable else None

    def true(self, node: Node) -> str:
        """Return the name of the mask of where a boolean is true."""
        return self.once("true", node, self._true)

    def false(self, node: Node) -> str:
        """Return the name of the mask of where a boolean is false."""
        return self.once("false", node, self._false)

    def all_valid(self, *nodes: Node) -> str | None:
        """Return where all of the nodes are valid."""
        masks = dict.fromkeys(mask for node in nodes if (mask := self.valid(node)))
        return self.assign(" & ".join(masks)) if masks else None

    def filled(self, node: Node) -> str:
        """Return texts with '' for NULL, which can be ordered."""
        mask = self.valid(node) if node.type == "text" else None
        return self.assign(f"np.where({mask}, {self.value(node)}, _no_text)") if mask else self.value(node)

    def _value(self, node: Node) -> str:
        return self.keep("value", node, _VALUES[node.op](self, node))

    def _valid(self, node: Node) -> str:
        rule = _VALID.get(node.op)
        if rule:
            return self.keep("valid", node, rule(self, node))
        if node.op in ("and", "or"):
            return self.assign(f"{self.true(node)} | {self.false(node)}")
        return self.all_valid(*node.args) or self.assign("_everywhere(n)")

    def _true(self, node: Node) -> str:
        return self.keep("true", node, _TRUE[node.op](self, node))

    def _false(self, node: Node) -> str:
        if node.op in _FALSE:
            return self.keep("false", node, _FALSE[node.op](self, node))
        true, valid = self.true(node), self.valid(node)
        return self.keep("false", node, f"{valid} & ~{true}" if valid else f"~{true}")


def _only_text(node: Node) -> str | None:
    """Return the name of the one field that a node reads, if that is a text."""
    fields = {str(one.value): one.type for one in node.walk() if one.op == "field"}
    return next(iter(fields)) if list(fields.values()) == ["text"] else None


def folded(node: Node) -> Node:
    """Return the tree with every part that reads no field replaced by its value: arrays are left to what varies.

    >>> folded(Node("not", (Node("literal", value=True),)))
    Node(op='literal', args=(), value=False, type='boolean', nullable=False, lo=None, hi=None)
    """
    if node.op in ("literal", "null", "field"):
        return node
    if node.names:
        return msgspec.structs.replace(node, args=tuple(map(folded, node.args)))
    value = python.compiled(node)({})
    op = "null" if value is None else "literal"
    return Node(op, value=value, type=node.type, nullable=value is None, lo=node.lo, hi=node.hi)


def _literal(writer: _Columns, node: Node) -> str:
    if isinstance(node.value, str):
        return writer.constant("_text", np.array(node.value, dtype=object))  # an object: NumPy's own strings lose a last NUL
    if isinstance(node.value, date):
        return writer.constant("_date", np.datetime64(node.value.isoformat(), "D"))
    return f"({node.value})" if str(node.value).startswith("-") else str(node.value)


def _field(writer: _Columns, node: Node) -> str:
    local = writer.fields[str(node.value)]
    if node.type == "text":
        return f"_texts({local})" if writer.by_word else local
    return f"_loaded({local}, {node.type!r}, {node.nullable}, {node.value!r})"


def _field_valid(writer: _Columns, node: Node) -> str:
    local = writer.fields[str(node.value)]
    return {"text": f"np.not_equal({writer.value(node)}, None)", "date": f"~np.isnat({writer.value(node)})"}.get(
        node.type, f"_known({local})"
    )


def _infix(writer: _Columns, node: Node) -> str:
    return f"{writer.value(node.args[0])} {node.op} {writer.value(node.args[1])}"


def _mul_rate(writer: _Columns, node: Node) -> str:
    low, high = product_range(node.args[0].range, node.args[1].range)
    fen, ppm = (writer.value(arg) for arg in node.args)
    if max(-low, high) + PPM // 2 > MAX_INTEGER:
        return f"_mul_rate_wide({fen}, {ppm})"
    return f"({fen} * {ppm} + {PPM // 2}) // {PPM}" if low >= 0 else f"_half_away({fen} * {ppm})"


def _division(name: str, operator: str) -> Callable[[_Columns, Node], str]:
    def rule(writer: _Columns, node: Node) -> str:
        left, right = node.args
        a, b = writer.value(left), writer.value(right)
        if (right.op != "literal" or right.value == 0) and (right.nullable or right.range[0] <= 0 <= right.range[1]):
            b = writer.assign(f"np.where({b} == 0, 1, {b})")
        return f"{a} {operator} {b}" if left.range[0] >= 0 and right.range[0] >= 0 else f"{name}({a}, {b})"

    return rule


def _division_valid(writer: _Columns, node: Node) -> str:
    both = writer.all_valid(*node.args)
    low, high = node.args[1].range
    below = writer.value(node.args[1])
    whole = f"np.broadcast_to({below}, n)" if node.args[1].op in ("literal", "null") else below
    some = f"({whole} != 0)" if low <= 0 <= high else None
    return " & ".join(part for part in (both, some) if part)


def _repeat(function: str) -> Callable[[_Columns, Node], str]:
    def rule(writer: _Columns, node: Node) -> str:
        result = writer.value(node.args[0])
        for arg in node.args[1:]:
            result = f"{function}({result}, {writer.value(arg)})"
        return result

    return rule


def _add_days_valid(writer: _Columns, node: Node) -> str:
    both, moved = writer.all_valid(*node.args), writer.value(node)
    inside = f"({moved} >= _first_day) & ({moved} <= _last_day)"
    return f"{both} & {inside}" if both else inside


def _choose(writer: _Columns, node: Node, part: Callable[[Node], str]) -> str:
    """Write CASE and COALESCE as nested choices of a part of the arguments: their values, or where they are valid."""
    if node.op == "case":
        pairs = [(writer.true(c), part(r)) for c, r in zip(node.args[:-1:2], node.args[1::2], strict=True)]
        result = part(node.args[-1])
    else:
        first = next((i for i, arg in enumerate(node.args) if not arg.nullable), len(node.args) - 1)
        pairs = [(str(writer.valid(arg)), part(arg)) for arg in node.args[:first]]
        result = part(node.args[first])
    if not pairs:
        return result if node.args[0].op not in ("literal", "null") else f"np.where(_everywhere(n), {result}, {result})"
    for condition, chosen in reversed(pairs):
        result = f"np.where({condition}, {chosen}, {result})"
    return result


def _chosen(writer: _Columns, node: Node) -> str:
    return _choose(writer, node, writer.value)


def _chosen_valid(writer: _Columns, node: Node) -> str:
    return _choose(writer, node, lambda arg: writer.valid(arg) or "True")


def _compared(operator: str) -> Callable[[_Columns, Node], str]:
    def rule(writer: _Columns, node: Node) -> str:
        ordered = operator not in ("==", "!=")
        left, right = (writer.filled(arg) if ordered else writer.value(arg) for arg in node.args)
        texts = operator == "==" and {arg.op for arg in node.args} == {"field", "literal"} and node.args[0].type == "text"
        valid = None if texts else writer.all_valid(*node.args)  # the None of a field equals no literal: no mask is needed
        return f"({left} {operator} {right}) & {valid}" if valid else f"{left} {operator} {right}"

    return rule


def _in(writer: _Columns, node: Node) -> str:
    subject, *items = node.args
    value, valid = writer.value(subject), writer.valid(subject)
    if subject.type == "text":  # one look-up a row
        found = f"_among({value}, {writer.constant('_set', frozenset(item.value for item in items))})"
        return f"{found} & {valid}" if valid and subject.op != "field" else found  # the None of a field is in no set of texts
    tests = " | ".join(f"({value} == {writer.value(item)})" for item in items)
    return f"({tests}) & {valid}" if valid else tests


def _between(node: Node) -> tuple[Node, Node]:
    """Split BETWEEN in two comparisons; one of them may read no field."""
    subject, low, high = node.args
    return (
        folded(Node(">=", (subject, low), nullable=subject.nullable or low.nullable)),
        folded(Node("<=", (subject, high), nullable=subject.nullable or high.nullable)),
    )


def _starts_with(writer: _Columns, node: Node) -> str:
    text, start = (writer.filled(arg) for arg in node.args)
    valid = writer.all_valid(*node.args)
    return f"_starts_with({text}, {start}) & {valid}" if valid else f"_starts_with({text}, {start})"


def _join(operator: str, side: str) -> Callable[[_Columns, Node], str]:
    return lambda writer, node: f" {operator} ".join(getattr(writer, side)(arg) for arg in node.args)


def _is_null(writer: _Columns, node: Node) -> str:
    valid = writer.valid(node.args[0])
    return f"~{valid}" if valid else "np.zeros(n, bool)"


_VALUES: Final[dict[str, Callable[[_Columns, Node], str]]] = {
    "field": _field,
    "literal": _literal,
    "null": lambda _, node: {"integer": "0", "text": "_no_text", "date": "_not_a_day"}[node.type],
    **dict.fromkeys(("+", "-", "*"), _infix),
    "neg": lambda writer, node: f"-{writer.value(node.args[0])}",
    "abs": lambda writer, node: f"np.abs({writer.value(node.args[0])})",
    "div": _division("_div", "//"),
    "mod": _division("_mod", "%"),
    "mul_rate": _mul_rate,
    "least": _repeat("np.minimum"),
    "greatest": _repeat("np.maximum"),
    "days_between": lambda writer, node: f"({writer.value(node.args[1])} - {writer.value(node.args[0])}).astype(np.int64)",
    "add_days": lambda writer, node: f"{writer.value(node.args[0])} + {writer.value(node.args[1])}",
    "case": _chosen,
    "coalesce": _chosen,
}

_VALID: Final[dict[str, Callable[[_Columns, Node], str]]] = {
    "field": _field_valid,
    "null": lambda _writer, _node: "np.zeros(n, bool)",
    "div": _division_valid,
    "mod": _division_valid,
    "add_days": _add_days_valid,
    "case": _chosen_valid,
    "coalesce": _chosen_valid,
    "between": lambda writer, node: f"{writer.true(node)} | {writer.false(node)}",
}

_TRUE: Final[dict[str, Callable[[_Columns, Node], str]]] = {
    "field": _field,
    "literal": lambda _, node: "_everywhere(n)" if node.value else "np.zeros(n, bool)",
    "null": lambda _writer, _node: "np.zeros(n, bool)",
    **{op: _compared(op) for op in ("<", "<=", ">", ">=")},
    "=": _compared("=="),
    "<>": _compared("!="),
    "in": _in,
    "between": lambda writer, node: " & ".join(writer.true(half) for half in _between(node)),
    "starts_with": _starts_with,
    "is_null": _is_null,
    "and": _join("&", "true"),
    "or": _join("|", "true"),
    "not": lambda writer, node: writer.false(node.args[0]),
    "case": _chosen,
    "coalesce": _chosen,
}

_FALSE: Final[dict[str, Callable[[_Columns, Node], str]]] = {
    "and": _join("|", "false"),
    "or": _join("&", "false"),
    "not": lambda writer, node: writer.true(node.args[0]),
    "null": lambda _writer, _node: "np.zeros(n, bool)",
    "between": lambda writer, node: " | ".join(writer.false(half) for half in _between(node)),
}
