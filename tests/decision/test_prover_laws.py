"""Laws of the prover over small ranges, where every row can be looked at: what it says holds all that there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weilend.core.errors import FormulaError
from weilend.core.records import Field
from weilend.decision.prover import backward, gaps, lockstep, truths, values
from weilend.decision.prover.box import Box, Slice
from weilend.decision.prover.change import Change, worsen
from weilend.decision.prover.graph import Graph
from weilend.decision.prover.machine import Machine
from weilend.decision.prover.points import holds
from weilend.decision.prover.search import find
from weilend.decision.prover.truths import of_masks
from weilend.decision.prover.twins import Reach, Twins
from weilend.decision.prover.values import FALSE, NULL, TRUE, of_literal
from weilend.formula import Formula, parse
from weilend.formula.tree import Node

LAW = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
FIELDS = {
    "i": Field("i", "integer", -2, 3),
    "j": Field("j", "integer", 0, 3),
    "t": Field("t", "text", words=("a", "ab")),
    "b": Field("b", "boolean"),
}
ROWS = [
    dict(zip(FIELDS, row, strict=True))
    for row in product([None, *range(-2, 4)], [None, *range(4)], [None, "a", "ab"], [None, False, True])
]
#: A number and a condition, by the parts that they are made of: {n} another number, {c} another condition.
NUMBERS = (
    "i", "j", "i", "j", "0", "1", "-2", "3", "({n} + {n})", "({n} - {n})", "({n} * {n})", "mul_rate({n}, 400000)",
    "mul_rate({n}, {n})", "div({n}, {n})", "div({n}, 2)", "mod({n}, {n})", "({n} - mod({n}, 2))", "least({n}, {n})",
    "greatest({n}, {n})", "abs({n})", "coalesce({n}, {n})", "case when {c} then {n} else {n} end", "case when {c} then {n} end",
    "case when {n} between 0 and 2 then {n} when {c} then {n} else {n} end",
)  # fmt: skip
CONDITIONS = (
    "b", "{n} < {n}", "{n} >= {n}", "{n} = {n}", "{n} <> {n}", "{n} < 2", "{n} is null", "{n} between {n} and {n}",
    "{n} in (0, 2)", "t = 'a'", "t <> 'ab'", "t in ('a', 'zz')", "starts_with(t, 'ab')", "({c} and {c})", "({c} or {c})",
    "not ({c})", "coalesce({c}, false)", "coalesce({c}, true)", "case when {c} then 'x' else t end = t", "t is null",
)  # fmt: skip
Choose = Callable[[Sequence[str]], str]


def write(choose: Choose, kind: str, depth: int = 3) -> str:
    """A formula made of parts; at depth 0, of the plain ones."""
    parts = NUMBERS if kind == "n" else CONDITIONS
    text = choose(parts if depth else [part for part in parts if "{" not in part])
    while "{" in text:
        at = text.index("{")
        text = text[:at] + write(choose, text[at + 1], depth - 1 if depth else 0) + text[at + 3 :]
    return text


def typed(text: str) -> Formula | None:
    try:
        return parse(text, FIELDS)
    except FormulaError:
        return None  # such as a division by nothing but zero


def made(kind: str) -> st.SearchStrategy[Formula]:
    texts = st.composite(lambda draw: write(lambda parts: draw(st.sampled_from(list(parts))), kind))()
    return texts.map(typed).filter(lambda formula: formula is not None)  # type: ignore[return-value]


def by_chance(kind: str, count: int, seed: int) -> Iterator[Formula]:
    random = Random(seed)
    while count:
        formula = typed(write(random.choice, kind))
        if formula is not None:
            count -= 1
            yield formula


def in_rows(root: Node) -> list[Any]:
    run = Formula("", root).python()
    return [run(row) for row in ROWS]


# ------------------------------------------------------------------------------------------------------------ the checks
def check_boxes(formula: Formula) -> None:
    """Every value that a part can have is in its span, forwards; and backwards, where the value of the whole is given."""
    graph = Graph(FIELDS, [("whole", formula)])
    part = Slice(graph, graph.names["whole"])
    said = in_rows(formula.root)
    parts = {graph.add(node): in_rows(node) for node in formula.root.walk() if node.op != "null"}
    whole = Box.whole(part)
    spans = [(span, [holds(span, value) for value in said]) for span in wished(said, formula.type)]
    for box, kept in [(whole, [True] * len(ROWS)), *((whole.narrowed(part.target, span), keeps) for span, keeps in spans)]:
        if box.empty:
            assert not any(kept)
            continue
        for at, found in parts.items():
            if at in part.rules and at not in part.opaque:
                assert all(holds(box.values[at], value) for value, keep in zip(found, kept, strict=True) if keep)
        for name, span in box.domains.items():
            assert all(holds(span, row[name]) for row, keep in zip(ROWS, kept, strict=True) if keep)


def wished(said: list[Any], type_: str) -> list[Any]:
    """Spans of a value to go back from: each single value, and for numbers what lies below or above one."""
    single = [of_literal(value, type_) for value in dict.fromkeys(said)]
    known = sorted({value for value in said if value is not None}) if type_ == "integer" else []
    return single[:6] + (
        [(known[0], known[len(known) // 2], False), (known[len(known) // 2], known[-1], True)] if known else []
    )


def check_search(formula: Formula) -> None:
    machine = Machine(FIELDS, [], [{"i": 0, "j": 0, "t": "a", "b": True}])
    answer = find(machine, [formula])
    run = formula.python()
    assert not answer.open
    assert (answer.row is not None) == any(run(row) is True for row in ROWS)
    assert answer.row is None or run(answer.row) is True


def check_change(formula: Formula, step: int, sign: int) -> None:
    """What never moves the wrong way never does, and what is said to do so does."""
    number = parse(f"coalesce({formula.text}, 0)", FIELDS)
    machine = Machine(FIELDS, [], [{"i": 0, "j": 0, "t": "a", "b": True}])
    moving = Change(machine, "i", step, number, sign)
    answer = worsen(moving, given={"i": (-2, 3, False)})
    run = number.python()
    pairs = [(row, {**row, "i": row["i"] + step}) for row in ROWS if row["i"] is not None and -2 <= row["i"] + step <= 3]
    wrong = any((run(later) - run(row)) * sign > 0 for row, later in pairs)  # type: ignore[operator]
    assert not answer.open
    assert (answer.row is not None) == wrong
    if answer.row is not None and answer.after is not None:
        assert (run(answer.after) - run(answer.row)) * sign > 0  # type: ignore[operator]


def check_pairs(formula: Formula, step: int) -> None:
    """Every pair of values that a part can have, before and after the input moved, is in what is said of the pair."""
    graph = Graph(FIELDS, [("whole", formula)])
    part = Slice(graph, graph.names["whole"])
    if "i" not in part.inputs:
        return
    first = (-2, 3 - step, False) if step > 0 else (-2 - step, 3, False)
    reach = Reach(part, "i", step)
    before, after = (Box.whole(part, {"i": span}) for span in (first, reach.shifted(first, 1)))
    twins = Twins(reach, before, after, (part.target, part.target))
    pairs = [(row, {**row, "i": row["i"] + step}) for row in ROWS if row["i"] is not None and first[0] <= row["i"] <= first[1]]
    for node in formula.root.walk():
        at = graph.add(node) if node.op != "null" else -1
        if at in part.rules and at not in part.opaque:
            run = Formula("", node).python()
            check_pair(twins.gaps, at, node.type, {(run(row), run(later)) for row, later in pairs})


def check_pair(known: gaps.Gaps, at: int, type_: str, found: set[tuple[Any, Any]]) -> None:
    for a, b in found:
        assert known.nulls(at, at) & gaps._NULL_BIT[a is None, b is None]
        if type_ == "integer" and None not in (a, b):
            low, high = known.gap(at, at)
            assert low <= b - a <= high
        if type_ == "boolean":
            assert known.truths(at, at) & of_masks(of_literal(a, "boolean"), of_literal(b, "boolean"))
        if type_ == "text":
            assert (a, b) in known.words(at, at)


# -------------------------------------------------------------------------------------------------------------- the laws
@given(made("n") | made("c"))
@LAW
def test_a_box_holds_every_value_forwards_and_backwards(formula):
    check_boxes(formula)


@given(made("c"))
@LAW
def test_a_search_finds_a_row_exactly_where_there_is_one(formula):
    check_search(formula)


@given(made("n"), st.sampled_from([1, -1]), st.sampled_from([1, -1]))
@LAW
def test_a_change_is_wrong_exactly_where_a_row_shows_it(formula, step, sign):
    check_change(formula, step, sign)


@given(made("n") | made("c"), st.sampled_from([1, -1]))
@LAW
def test_pairs_hold_every_pair(formula, step):
    check_pairs(formula, step)


def some() -> Iterator[Formula]:
    yield from by_chance("c", 100, 1)
    yield from by_chance("n", 100, 2)


def check_everything(formula: Formula) -> None:
    check_boxes(formula)
    check_pairs(formula, 1)
    if formula.type == "boolean":
        check_search(formula)
    else:
        check_change(formula, 1, 1)


def test_the_laws_hold_over_some_formulas():
    for formula in some():
        check_everything(formula)


@pytest.mark.nightly
def test_the_laws_hold_over_many_formulas():
    for seed in range(10, 14):
        for kind in "cn":
            for formula in by_chance(kind, 2_000, seed):
                check_everything(formula)


# ----------------------------------------------------------------------------------------------------------- planted bugs
def rule(name: str, other: Callable[..., Any]) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setitem(values.RULES, name, other)


def back(name: str, other: Callable[..., Any]) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setitem(backward._RULES, name, other)


def pair(name: str, other: Callable[..., Any]) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setitem(lockstep.RULES, name, other)


def instead(where: Any, name: str, other: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(where, name, other)


def without_null(span: Any) -> Any:
    return (*span[:2], False) if isinstance(span, tuple) else span & ~NULL


_compared, _together = truths.compared, gaps.Gaps._together


def first_branch(_part: Any, span: Any, args: Sequence[Any]) -> list[Any]:
    return [TRUE, span, *([None] * (len(args) - 2))]


def halved(_part: Any, span: Any, args: Sequence[Any]) -> list[Any]:
    return [(2 * span[0], 2 * span[1], span[2]), None] if args[1][:2] == (2, 2) and span[0] <= span[1] else [None, None]


def too_far(_part: Any, span: Any, args: Sequence[Any]) -> list[Any]:
    return [(-9, args[1][1] - 2, False) if span == TRUE and isinstance(args[1], tuple) else None, None]


def lazily(a: Any, b: Any) -> int:
    return TRUE if isinstance(a, tuple) and a[1] <= b[0] else values._less(a, b)


def same_branch(self: gaps.Gaps, xs: Sequence[int], ys: Sequence[int]) -> list[tuple[int, int]]:
    return [choice for choice in _together(self, xs, ys) if choice[0] == choice[1]]


def low_ends(a: Any, b: Any) -> Any:
    return a[0] * b[0], max(a[1] * b[1], a[0] * b[0]), a[2] or b[2]


BUGS = {
    "a product of the low ends": rule("*", low_ends),
    "the least cannot be NULL": rule("least", lambda *args, old=values.RULES["least"]: without_null(old(*args))),
    "a division by zero is no NULL": rule("div", lambda *args, old=values.RULES["div"]: without_null(old(*args))),
    "a share rounds down": rule("mul_rate", lambda a, b: (a[0] * b[0] // 10**6, a[1] * b[1] // 10**6, a[2] or b[2])),
    "less is at most": rule("<", lazily),
    "NOT forgets NULL": rule("not", lambda mask: (TRUE if mask & FALSE else 0) | (FALSE if mask & TRUE else 0) or NULL),
    "back through < one too far": back("<", too_far),
    "back through a difference without the other": back("-", lambda _part, span, _args: [span, None]),
    "back through a division as if exact": back("div", halved),
    "back through CASE always the first": back("case", first_branch),
    "a product moves as its first factor": pair("*", lambda x, _y: x.gap),
    "a rate that rounds is no jump": pair("mul_rate", lambda _x, _y: (0, 0)),
    "a division never moves": pair("div", lambda _x, _y: (0, 0)),
    "the greatest never falls": pair("greatest", lambda *pairs: (0, max(one.gap[1] for one in pairs))),
    "an absolute value moves as what is inside": pair("abs", lambda x: x.gap),
    "a comparison stays as it is": instead(gaps, "compared", lambda op, sides: _compared(op, sides) & truths.SAME),
    "a CASE keeps its branch": instead(gaps.Gaps, "_together", same_branch),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_caught(bug, monkeypatch):
    BUGS[bug](monkeypatch)
    assert any(breaks(formula) for formula in some())


def breaks(formula: Formula) -> bool:
    try:
        check_everything(formula)
    except AssertionError:
        return True
    return False
