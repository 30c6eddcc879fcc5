"""In: the large policy, made-up applications. Out: microseconds for one, seconds for ten million. Used: `make bench`, `policy`.

Fifty rules, a card of fifteen variables, eight limits, three terms, and why. Peers of one decision: zen-engine (the same policy
as a JSON decision model; its rules as one compiled expression) and business-rules, which can take its rules only. The peer of ten
million is a scan that reads every value of the columns once.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from operator import itemgetter
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa

from bench.measure import DisagreementError, Row, agree, compare, emit, plain_row, race
from bench.policy_data import make_table, write_folder
from weilend.core.values import FeatureRow, FraudVerdict, Score, Standing
from weilend.decision import Evaluator
from weilend.decision.select import Selection, select_program
from weilend.engine.programs import APPLICATIONS, History, open_history
from weilend.formula.python import write_block
from weilend.formula.writer import compile_source
from weilend.testing.applications import find_mismatches
from weilend.testing.policies import large_evaluator

SAMPLE = 20_000  # of the many, as many are decided in Python too, and compared
FILES = 10
GIGABYTE = 1e6  # ru_maxrss counts in kilobytes
WHOLE = "one decision: 50 rules, 15 variables, price"
SAID = "the same with sentences (peers give none)"
RULES = "its 50 rules alone"


def rows(applicants: int = 200, passes: int = 6, applications: int = 10_000_000) -> list[Row]:
    """Return the rows of both races, after every answer has been compared."""
    return [*one_by_one(applicants, passes), *all_at_once(applications, max(2, passes // 3))]


def one_by_one(applicants: int, passes: int) -> list[Row]:
    """Return the rows of one decision in Python against the peers."""
    from bench.policy_peers import business_rules_run, zen_compiled, zen_graph

    evaluator = large_evaluator()
    given = make_table(applicants, 7, unknown=False).to_pylist()
    graph, compiled, rule_runner = zen_graph(evaluator), zen_compiled(evaluator), business_rules_run(evaluator)
    contexts = [agree_on_one(evaluator, values, graph(values)) for values in given]
    for values, context in zip(given, contexts, strict=True):
        ours = [rule.id for rule in evaluator.policy.rules if rule.id in evaluator.answer(values).codes]
        theirs = [rule.id for rule, yes in zip(evaluator.policy.rules, compiled(context), strict=True) if yes]
        agree("rules, zen compiled", ours, theirs)
        agree("rules, business-rules", ours, rule_runner(context))
    inputs = [make_input(evaluator, values) for values in given]
    run_rules = compile_rules(evaluator)
    for context in contexts:
        agree("rules, ours alone", list(run_rules(context)), compiled(context))
    scale = 1e6 / applicants
    answer = lambda: [evaluator.answer(values) for values in given]  # noqa: E731 - one line among its like
    graphs = lambda: [graph(values) for values in given]  # noqa: E731 - one line among its like
    whole = race({"weilend": answer, "zen-engine graph": graphs}, passes=passes)
    said = race({"weilend": lambda: [evaluator.decide(*one) for one in inputs], "zen-engine graph": graphs}, passes=passes)
    rules = race(
        {
            "weilend": lambda: [run_rules(context) for context in contexts],
            "zen-engine compiled": lambda: [compiled(context) for context in contexts],
            "business-rules": lambda: [rule_runner(context) for context in contexts],
        },
        passes=passes,
    )
    about: dict[str, Any] = {"unit": "CPU us", "scale": scale, "clock": "cpu", "check": "equal"}
    found = [row for what, race_ in ((WHOLE, whole), (SAID, said), (RULES, rules)) for row in compare(what, race_, **about)]
    half = halfway(lambda one: evaluator.decide(*one), inputs, passes)
    return [*found, plain_row(f"{SAID}: half take less", "us", half, "asked for", 20.0, check="-")]


def halfway(work: Callable[[Any], object], given: Sequence[Any], passes: int) -> float:
    """Return the microseconds on the wall within which half of all calls are done, call by call."""
    taken = []
    for _ in range(5 * passes):
        for one in given:
            began = time.perf_counter_ns()
            work(one)
            taken.append(time.perf_counter_ns() - began)
    return median(taken) / 1e3


def compile_rules(evaluator: Evaluator) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    """Return the rules alone as one function of values as the policy accepted them: what rule engines are given."""
    steps = {step.name: step.formula.root for step in evaluator.program.steps}
    rules = [(one.step, steps[one.step]) for one in evaluator.program.rules]
    names = sorted({name for _, root in rules for name in root.names})
    block = write_block(names, rules)
    lines = [f"{', '.join(block.locals[name] for name in names)} = _of(row)", *block.lines]
    lines.append(f"return {', '.join(block.locals[step] for step, _ in rules)}")
    source = "\n".join(["def formula(row):", *(f"    {line}" for line in lines)])
    return compile_source(source, {**block.constants, "_of": itemgetter(*names)})


def agree_on_one(evaluator: Evaluator, values: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """Compare a whole answer with the graph's; return the application with what rules read besides: grade, ceiling, rate, PD."""
    ours, codes = evaluator.answer(values), [rule.id for rule in evaluator.policy.rules]
    agree("outcome", ours.outcome, theirs["outcome"])
    agree(
        "rules, zen graph", [code for code in ours.codes if code in codes], [code for code in codes if theirs[f"rule_{code}"]]
    )
    agree("grade and arm", (ours.grade, ours.arms), (theirs["grade"], {"margin_test": theirs["margin_test"]}))
    agree("limits", ours.limits_fen, {name: _whole(theirs.get(f"limit_{name}")) for name in ours.limits_fen})
    if ours.outcome == "approve":
        answer = (ours.ceiling_fen, ours.floor_rate_ppm, ours.months)
        agree("amount and price", answer, tuple(_whole(theirs[name]) for name in ("ceiling_fen", "floor_rate_ppm", "months")))
    computed = {name: _whole(theirs[name]) for name in ("ceiling_fen", "floor_rate_ppm")}
    scored = {name: _whole(theirs[f"given_{name}"]) for name in ("pd_ppm", "points", "outside_count")}
    return {**values, **computed, **scored, "grade": theirs["grade"]}


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def make_input(evaluator: Evaluator, values: dict[str, Any]) -> tuple[FeatureRow, FraudVerdict, None, Standing]:
    """Return what a live decision is given for the same values; the card inside gives the score."""
    names = {field.name for field in evaluator.program.inputs.values()}
    owner = Score(model_id="owner", base_points=0, points=0, pd_ppm=values["owner_pd_ppm"], contributions=())
    owed = {name: values[name] for name in ("exposure_fen", "group_exposure_fen", "open_loans_count")}
    sources = {
        name.removesuffix("_status"): values[name] for name in names if name.endswith("_status") and name != "fraud_status"
    }
    standing = Standing(owner=owner, sources=sources, **owed)
    row = FeatureRow(business_id="E", as_of=0, feature_set="f", values=values)
    return (row, FraudVerdict(values["fraud_status"]), None, standing)


def all_at_once(applications: int, passes: int) -> list[Row]:
    """Return the rows of many decisions in SQL against a scan of the columns that they read, and the memory at the peak."""
    evaluator = large_evaluator()
    with tempfile.TemporaryDirectory() as folder:
        write_folder(Path(folder), applications, FILES)
        with open_history(Path(folder)) as history:
            types, selection = history.types, select_program(evaluator.program)
            columns = [field.name for field in evaluator.program.inputs.values()]
            scan = lambda: read_all(history, APPLICATIONS, columns, types)  # noqa: E731 - one line among its like
            decide = lambda: decide_all(history, selection)  # noqa: E731 - one line among its like
            scan()
            scanned = _peak()
            taken = race({"weilend": decide, "bare scan": scan}, passes=passes, least_seconds=0)
            peak = _peak()
    sample = min(SAMPLE, applications)
    check_sample(evaluator, sample)
    what = f"{applications:,} applications, two cores"
    check = f"{sample:,} equal to Python"
    return [
        *compare(what, taken, unit="s", scale=1, check=check),
        *compare(what, taken, unit="CPU s", scale=1, clock="cpu", check=check),
        plain_row(f"{what}: memory at the peak", "GB", peak / GIGABYTE, "bare scan", scanned / GIGABYTE, check="-"),
    ]


def decide_all(history: History, selection: Selection) -> list[tuple[Any, ...]]:
    """Decide everything and look at every value of every column of the answer."""
    texts = ("outcome", "grade", "binding_limit")
    types = {name: "VARCHAR" if name in texts or name.startswith("arm_") else "BIGINT" for name in selection.columns}
    return read_all(history, f"({selection.sql})", selection.columns, types)


def read_all(history: History, relation: str, columns: Any, types: dict[str, str]) -> list[tuple[Any, ...]]:
    """Read every value of some columns once, and keep next to nothing of it."""
    looks = [f'max("{name}")' if types[name] == "VARCHAR" else f'bit_xor("{name}")' for name in columns]
    return history.group(relation, (), looks)


def check_sample(evaluator: Evaluator, rows: int) -> None:
    """Decide the first applications in Python too; raises where one differs."""
    made, selection = make_table(rows, 1), select_program(evaluator.program, keep=["row"])
    with open_history(made.append_column("row", pa.array(range(rows)))) as history:
        decided = history.ask(selection.sql).sort_by("row")
    wrong = find_mismatches(evaluator, made, selection, decided)
    if wrong:
        raise DisagreementError(f"many at once: {wrong[0]}")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    emit(rows)
