"""Laws of programs: the generated function is its steps one by one, and a source that is not asked changes no refusal."""

from functools import cache
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weilend.core.errors import InputError
from weilend.core.records import Field
from weilend.decision.cases import case_values
from weilend.decision.compiler import compile_policy
from weilend.decision.evaluator import HARDNESS, Answer, Evaluator
from weilend.decision.parameters import product_parameters
from weilend.decision.parts import Case
from weilend.decision.policy import load_policy, policy_names
from weilend.decision.program import Program, Step, interpret
from weilend.decision.waterfall import NOT_PULLED, Waterfall, make_waterfall
from weilend.features.sets import FEATURE_SETS
from weilend.formula import parse
from weilend.lending import load_product

LAW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
EXAMPLE = Path(__file__).parents[1] / "decision" / "files" / "shop_example.toml"
SIZES = {"sales_fen_12m": 10**13, "history_months": 1_200, "events_count": 100, "queries_count": 10_000}
UNITS = {"sales_fen_12m": "fen", "history_months": "months"}
NAMES = ("shop_example", *policy_names())
replace = msgspec.structs.replace


@cache
def shipped(name: str) -> Evaluator:
    """A policy that comes with weilend, as the desk compiles it for the product of its name."""
    product = load_product(load_policy(name).product)
    fields = {feature.name: feature.as_field() for feature in FEATURE_SETS[product.feature_set].features}
    numbers = product_parameters(msgspec.to_builtins(product))
    return compile_policy(load_policy(name), fields, numbers, schedule=product.schedule)


@cache
def shop() -> Evaluator:
    fields = {name: Field(name, "integer", 0, hi, unit=UNITS.get(name, "count")) for name, hi in SIZES.items()}
    return compile_policy(load_policy(EXAMPLE), fields, {"funding_rate_ppm": 50_000}, schedule="equal_instalment")


def made(name: str) -> Evaluator:
    return shop() if name == "shop_example" else shipped(name)


def anything(field: Field, base: object) -> st.SearchStrategy[object]:
    """Every value that a column of history may hold: near the base case, at the ends of its range, far beyond them, and NULL."""
    if field.type == "text":
        return st.sampled_from(field.words)
    lo, hi = -(2**63) + 1 if field.lo is None else field.lo, 2**63 - 1 if field.hi is None else field.hi
    likely = st.just(base) if isinstance(base, int) else st.just(0)
    known = likely | likely | st.integers(lo, hi) | st.sampled_from([lo, hi, lo - 1, hi + 1, 2**63 - 1])
    return st.none() | known if field.nullable else st.integers(lo, hi) | st.just(0)


def values_of(evaluator: Evaluator) -> st.SearchStrategy[dict[str, object]]:
    """Columns of history: anything at all, or the base case in which up to five things are otherwise."""
    base = case_values(evaluator.policy, Case(name="base", outcome="refer", reasons=()))
    columns = {one.name: anything(one, base.get(one.name)) for one in evaluator.program.inputs.values()}
    one = st.sampled_from(sorted(columns)).flatmap(lambda name: st.tuples(st.just(name), columns[name]))
    sound = st.lists(one, max_size=5).map(lambda changes: {name: base.get(name) for name in columns} | dict(changes))
    return sound | st.fixed_dictionaries(columns)


def naive(program: Program, values: dict[str, object]) -> Answer:
    """The answer, read off the values of the steps."""
    trace = interpret(program, values)
    approved = trace[program.outcome] == "approve"
    codes = [finding.code for finding in program.findings if finding.holds(trace[finding.step])]
    price = {name: trace[getattr(program, name)] if approved else None for name in ("ceiling_fen", "floor_rate_ppm", "months")}
    return Answer(
        outcome=trace[program.outcome],
        grade=trace[program.grade],
        **price,
        limits_fen={one.limit.name: trace[one.amount] for one in program.limits},
        codes=(*codes, f"limit_{trace[program.binding_limit]}") if approved else tuple(codes),
        arms={one.experiment.name: trace[one.arm] for one in program.experiments},
    )


def check_ranges(program: Program, trace: dict[str, object]) -> None:
    for step in program.steps:
        value, formula = trace[step.name], step.formula
        assert formula.nullable or value is not None, step.name
        assert not isinstance(value, int) or formula.lo is None or formula.lo <= value <= formula.hi, step.name


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@LAW
def test_the_generated_function_is_its_steps_one_by_one(name, data):
    """And each step keeps the range that was proved for it, and the outcome is the hardest that any finding asks for."""
    evaluator = made(name)
    program, values = evaluator.program, data.draw(values_of(evaluator))
    answer, trace = evaluator.answer(values), interpret(program, values)
    assert answer == naive(program, values)
    check_ranges(program, trace)
    asked = [finding.outcome for finding in program.findings if finding.holds(trace[finding.step])]
    assert answer.outcome == max(asked, key=HARDNESS.__getitem__, default="approve")


def test_the_law_of_steps_catches_a_changed_step():
    program = shop().program
    steps = tuple(replace(step, formula=parse("13", {})) if step.name == "months" else step for step in program.steps)
    base = shop().policy.base_case | {"row_age_seconds": 0, "margin_test_draw_ppm": 0}
    values = base | {source.status: "present" for source in shop().policy.sources}
    assert shop().answer(values) == naive(program, values)
    assert shop().answer(values) != naive(replace(program, steps=steps), values)


def test_interpreting_reads_earlier_steps_only():
    steps = tuple(
        Step(name, parse(text, {"a": Field("a", "integer", 0, 9)}), "") for name, text in (("b", "a + 1"), ("a", "1"))
    )
    with pytest.raises(InputError, match="the row has no 'a'"):
        interpret(Program(policy_id="", inputs={}, steps=steps, rules=(), limits=(), sources=(), experiments=(), terms=(),
                          refused={}, findings=()), {})  # fmt: skip


# --------------------------------------------------------------------------------------------------------------- waterfall
def pour(waterfall: Waterfall, values: dict[str, object]) -> tuple[list[str], dict[str, object]]:
    """Pull source after source as the waterfall says; return which were pulled, and the values that are decided by."""
    policy = waterfall.evaluator.policy
    known = waterfall.without(values, policy.sources)
    pulled = []
    while (source := waterfall.next_source(known)) is not None:
        pulled.append(source.name)
        brought = (source.status, *waterfall.brings[source.name])
        known |= {name: values[name] for name in brought}
    return pulled, known


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(LAW, max_examples=40)
def test_a_waterfall_that_stops_early_changes_no_outcome(name, data):
    evaluator = made(name)
    waterfall, values = make_waterfall(evaluator), data.draw(values_of(evaluator))
    for source in evaluator.policy.sources:  # what was asked answers something
        values[source.status] = "missing" if values[source.status] == NOT_PULLED else values[source.status]
    pulled, known = pour(waterfall, values)
    whole, early = evaluator.answer(values), evaluator.answer(known)
    assert early.outcome == whole.outcome
    if len(pulled) < len(evaluator.policy.sources):
        assert whole.outcome == "decline"
    else:
        assert early == whole


@given(values_of(shop()), st.sets(st.sampled_from(["shop", "register", "bureau"])))
@LAW
def test_a_hard_stop_on_what_is_known_stands_whatever_the_others_say(values, waiting):
    waterfall = make_waterfall(shop())
    sources = [source for source in shop().policy.sources if source.name in waiting]
    if waterfall.is_settled(values, sources):
        assert shop().answer(values).outcome == "decline"


def test_cheap_sources_are_pulled_first_and_none_after_a_hard_stop():
    waterfall = make_waterfall(shop())
    base = shop().policy.base_case | {"row_age_seconds": 0, "margin_test_draw_ppm": 0}
    there = base | {source.status: "present" for source in shop().policy.sources}
    assert pour(waterfall, there)[0] == ["shop", "register", "bureau"]
    assert pour(waterfall, there | {"fraud_status": "alert"})[0] == []
    assert pour(waterfall, there | {"events_count": 10})[0] == ["shop", "register"]
    assert pour(waterfall, there | {"register_status": "missing"})[0] == ["shop", "register"]
    assert pour(waterfall, there | {"shop_status": "missing"})[0] == ["shop", "register", "bureau"]


def test_a_waterfall_that_forgets_what_a_reason_rests_on_is_caught():
    """Planted: every decline is taken to rest on nothing, so what was not asked is mistaken for an answer."""
    honest = make_waterfall(shop())
    base = shop().policy.base_case | {"row_age_seconds": 0, "margin_test_draw_ppm": 0}
    there = base | {source.status: "present" for source in shop().policy.sources}
    planted = replace(honest, declines=tuple((finding, frozenset()) for finding, _ in honest.declines))
    known = pour(planted, there)[1]
    assert shop().answer(known).outcome != shop().answer(there).outcome
