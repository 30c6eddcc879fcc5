"""In: steps. Out: an ONNX graph over whole numbers, and its answers. Used: to serve a model where a runtime of ONNX stands.

Converters write trees with single-precision thresholds and sums, so a row near an edge falls on its other side. Here the steps
themselves become the graph: 64-bit integers throughout, so its answers are the model's own, to the bit. `onnx` (Apache-2.0) and
`onnxruntime` (MIT) are the extra "onnx"; who does not export to ONNX needs neither.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from weilend.core.errors import InputError
from weilend.formula.tree import Node
from weilend.models.export.proof import Proof
from weilend.models.export.steps import Exported, Input

#: What the graph asks of a runtime: the first version in which texts can be compared.
OPSET: Final = 19
#: Whether a value is known is an input of its own, named so.
KNOWN: Final = "{} known"


def write_onnx(exported: Exported) -> bytes:
    """Return the graph: for each feature two inputs (n,), its value and whether it is known; outputs `points` and `pd_ppm` (n,).

    Numbers are whole numbers in quanta (int64), categories their words. Raises `InputError` where the extra is not installed, or
    the model reads nothing.

    >>> write_onnx(Exported("a model", (), ()))
    Traceback (most recent call last):
    weilend.core.errors.InputError: this model reads nothing, so it has no rows to score. Hint: export it as a formula
    """
    if not exported.inputs:
        raise InputError("this model reads nothing, so it has no rows to score", hint="export it as a formula")
    onnx = library("onnx")
    graph = _Graph(onnx, exported.inputs)
    for name, formula in exported.steps:
        graph.step(name, formula.root)
    outputs = [graph.output(name) for name in ("points", "pd_ppm")]
    made = onnx.helper.make_graph(graph.nodes, "model", graph.inputs, outputs, graph.constants)
    model = onnx.helper.make_model(made, producer_name="weilend", opset_imports=[onnx.helper.make_opsetid("", OPSET)])
    model.ir_version = 9  # the oldest that may carry this opset: more runtimes read it
    model.doc_string = f"Model {exported.model_id}. " + "; ".join(each.say() for each in exported.inputs)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def ask_onnx(content: bytes, proof: Proof) -> tuple[list[int], list[int]]:
    """Return points and PD that a graph gives the rows of a proof; `InputError` where the extra is not installed.

    >>> ask_onnx(b"", Proof((), (), (), ()))
    Traceback (most recent call last):
    weilend.core.errors.InputError: there is no graph to ask. Hint: write it first
    """
    if not content:
        raise InputError("there is no graph to ask", hint="write it first")
    runtime = library("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    texts = {given.name for given in session.get_inputs() if given.type == "tensor(string)"}
    feeds: dict[str, Any] = {}
    for name, cells in proof.columns().items():
        empty, kind = ("", object) if name in texts else (0, np.int64)
        feeds[name] = np.array([empty if cell is None else cell for cell in cells], dtype=kind)
        feeds[KNOWN.format(name)] = np.array([cell is not None for cell in cells])
    wanted = {given.name for given in session.get_inputs()}
    points, pd_ppm = session.run(["points", "pd_ppm"], {name: cells for name, cells in feeds.items() if name in wanted})
    return points.tolist(), pd_ppm.tolist()


def library(name: str) -> Any:
    """Return a library of the extra "onnx"; `InputError` in words where it is not installed.

    >>> library("no_such_library")
    Traceback (most recent call last):
    weilend.core.errors.InputError: no_such_library is not installed, so nothing is written as ONNX. Hint: ...
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        raise InputError(
            f"{name} is not installed, so nothing is written as ONNX", hint="pip install 'weilend[onnx]'"
        ) from None


class _Graph:
    """Writes one operator for each operation. An integer or text is a value and where it is valid (None: everywhere); a boolean is
    where it is true and where it is false, as in the back end for columns.
    """

    def __init__(self, onnx: Any, inputs: tuple[Input, ...]) -> None:
        self._onnx = onnx
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []
        self._memo: dict[tuple[str, Node], str | None] = {}
        self._named: dict[str, tuple[str, str | None]] = {}
        types = onnx.TensorProto
        for each in inputs:
            known = KNOWN.format(each.feature)
            kind = types.STRING if each.field.type == "text" else types.INT64
            self.inputs += [onnx.helper.make_tensor_value_info(each.feature, kind, ["n"]),
                            onnx.helper.make_tensor_value_info(known, types.BOOL, ["n"])]  # fmt: skip
            self._named[each.name] = (each.feature, known)

    def step(self, name: str, root: Node) -> None:
        """Add a formula under its name."""
        self._named[name] = (self.value(root), self.valid(root))

    def output(self, name: str) -> Any:
        """Return a step as an output of the graph."""
        self.nodes.append(self._onnx.helper.make_node("Identity", [self._named[name][0]], [name]))
        return self._onnx.helper.make_tensor_value_info(name, self._onnx.TensorProto.INT64, ["n"])

    def add(self, operator: str, *arguments: str, **attributes: int) -> str:
        """Add an operator and return the name of what it gives."""
        name = f"{operator}_{len(self.nodes)}"
        self.nodes.append(self._onnx.helper.make_node(operator, list(arguments), [name], **attributes))
        return name

    def chain(self, operator: str, names: list[str]) -> str:
        """Return an operator of two arguments over many."""
        whole = names[0]
        for name in names[1:]:
            whole = self.add(operator, whole, name)
        return whole

    def constant(self, value: int | str | bool) -> str:  # noqa: FBT001 - a value of the language, not a switch
        """Return the name of a constant."""
        kind = object if isinstance(value, str) else np.bool_ if isinstance(value, bool) else np.int64
        name = f"constant_{len(self.constants)}"
        self.constants.append(self._onnx.numpy_helper.from_array(np.array(value, dtype=kind), name))
        return name

    def value(self, node: Node) -> str:
        """Return the values of an integer or a text; anything may stand where it is not valid."""
        return self._once("value", node, lambda: _VALUES[node.op](self, node)) or ""

    def valid(self, node: Node) -> str | None:
        """Return where a node is not NULL, None where it never is."""
        return self._once("valid", node, lambda: _VALID.get(node.op, _all_valid)(self, node)) if node.nullable else None

    def true(self, node: Node) -> str:
        """Return where a boolean is true."""
        return self._once("true", node, lambda: _TRUE[node.op](self, node)) or ""

    def false(self, node: Node) -> str:
        """Return where a boolean is false."""
        return self._once("false", node, lambda: _FALSE.get(node.op, _rest)(self, node)) or ""

    def named(self, node: Node) -> tuple[str, str | None]:
        """Return an input or a step: its value, and where it is valid."""
        return self._named[str(node.value)]

    def _once(self, what: str, node: Node, write: Callable[[], str | None]) -> str | None:
        if (what, node) not in self._memo:
            self._memo[what, node] = write()
        return self._memo[what, node]


def _literal(graph: _Graph, node: Node) -> str:
    assert isinstance(node.value, int | str)
    return graph.constant(node.value)


def _operator(name: str, **attributes: int) -> Callable[[_Graph, Node], str]:
    return lambda graph, node: graph.add(name, *(graph.value(arg) for arg in node.args), **attributes)


def _case(graph: _Graph, node: Node, part: Callable[[Node], str], choose: Callable[[str, str, str], str]) -> str:
    """Return the part of the first result whose condition is true: choices from the last to the first."""
    chosen = part(node.args[-1])
    for condition, result in reversed(list(zip(node.args[:-1:2], node.args[1::2], strict=True))):
        chosen = choose(graph.true(condition), part(result), chosen)
    return chosen


def _value_of_case(graph: _Graph, node: Node) -> str:
    return _case(graph, node, graph.value, lambda asked, one, other: graph.add("Where", asked, one, other))


def _validity_of_case(graph: _Graph, node: Node) -> str:
    """Choose by AND and OR: a choice of booleans is one that no runtime need have."""

    def choose(asked: str, one: str, other: str) -> str:
        return graph.add("Or", graph.add("And", asked, one), graph.add("And", graph.add("Not", asked), other))

    return _case(graph, node, lambda arg: _part_valid(graph, arg), choose)


def _coalesce(graph: _Graph, node: Node) -> str:
    chosen = graph.value(node.args[-1])
    for arg in reversed(node.args[:-1]):
        valid = graph.valid(arg)
        chosen = graph.value(arg) if valid is None else graph.add("Where", valid, graph.value(arg), chosen)
    return chosen


def _either(graph: _Graph, node: Node) -> str:
    """Return where a COALESCE of booleans is true."""
    chosen = graph.true(node.args[-1])
    for arg in reversed(node.args[:-1]):
        chosen = graph.add("Or", graph.true(arg), graph.add("And", graph.add("Not", graph.false(arg)), chosen))
    return chosen


def _all_valid(graph: _Graph, node: Node) -> str | None:
    valid = [name for arg in node.args if (name := graph.valid(arg))]
    return graph.chain("And", valid) if valid else None


def _tested(operator: str) -> Callable[[_Graph, Node], str]:
    def rule(graph: _Graph, node: Node) -> str:
        found, valid = graph.add(operator, *(graph.value(arg) for arg in node.args)), _all_valid(graph, node)
        return graph.add("And", found, valid) if valid else found

    return rule


def _among(graph: _Graph, node: Node) -> str:
    subject, *items = node.args
    found = graph.chain("Or", [graph.add("Equal", graph.value(subject), graph.value(item)) for item in items])
    valid = graph.valid(subject)
    return graph.add("And", found, valid) if valid else found


def _is_null(graph: _Graph, node: Node) -> str:
    valid = graph.valid(node.args[0])
    return graph.add("Not", valid) if valid else graph.constant(False)  # noqa: FBT003 - a value of the language


def _rest(graph: _Graph, node: Node) -> str:
    """Return where a boolean is false: where it is valid and not true."""
    valid, untrue = graph.valid(node), graph.add("Not", graph.true(node))
    return graph.add("And", untrue, valid) if valid else untrue


def _joined(operator: str, side: str) -> Callable[[_Graph, Node], str]:
    return lambda graph, node: graph.chain(operator, [getattr(graph, side)(arg) for arg in node.args])


def _part_valid(graph: _Graph, node: Node) -> str:
    return graph.valid(node) or graph.constant(True)  # noqa: FBT003 - a value of the language


_Rules = Mapping[str, Callable[[_Graph, Node], str]]
_VALUES: Final[_Rules] = {
    "field": lambda graph, node: graph.named(node)[0],
    "literal": _literal,
    "null": lambda graph, _node: graph.constant(0),
    "+": _operator("Add"),
    "-": _operator("Sub"),
    "*": _operator("Mul"),
    "neg": _operator("Neg"),
    "div": _operator("Div"),  # of integers: cut off towards zero, as the language does
    "mod": _operator("Mod", fmod=1),  # the sign of what is divided
    "least": _operator("Min"),
    "greatest": _operator("Max"),
    "case": _value_of_case,
    "coalesce": _coalesce,
}
_VALID: Final[Mapping[str, Callable[[_Graph, Node], str | None]]] = {
    "field": lambda graph, node: graph.named(node)[1],
    "null": lambda graph, _node: graph.constant(False),  # noqa: FBT003 - a value of the language
    "case": _validity_of_case,
    "coalesce": lambda graph, node: graph.chain("Or", [_part_valid(graph, arg) for arg in node.args]),
    "and": lambda graph, node: graph.add("Or", graph.true(node), graph.false(node)),
    "or": lambda graph, node: graph.add("Or", graph.true(node), graph.false(node)),
}
_TRUE: Final[_Rules] = {
    "literal": _literal,
    "=": _tested("Equal"),
    "<=": _tested("LessOrEqual"),
    "in": _among,
    "is_null": _is_null,
    "and": _joined("And", "true"),
    "or": _joined("Or", "true"),
    "not": lambda graph, node: graph.false(node.args[0]),
    "coalesce": _either,
}
_FALSE: Final[_Rules] = {
    "and": _joined("Or", "false"),
    "or": _joined("And", "false"),
    "not": lambda graph, node: graph.true(node.args[0]),
}
