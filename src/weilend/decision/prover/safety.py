"""In: a program and its policy. Out: claims that nothing is approved blind, and that worse is never better. Used: by `prove`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from weilend.decision.cases import TOGETHER
from weilend.decision.parts import Policy
from weilend.decision.program import Program
from weilend.decision.prover.claims import Claim, Never, Sometimes, Stated, Steady
from weilend.decision.prover.conditions import Conditions
from weilend.decision.prover.reach import place
from weilend.decision.prover.values import NOTHING, Span
from weilend.decision.trees import literal
from weilend.formula import Formula, parse

#: Which way each fact gets worse.
WORSE: Final[dict[str, int]] = {
    "pd_ppm": 1, "owner_pd_ppm": 1, "business_pd_ppm": 1, "points": -1, "owner_points": -1, "business_points": -1,
    "exposure_fen": 1, "group_exposure_fen": 1,
}  # fmt: skip
#: A price that is higher than any: where nothing is approved.
_NO_PRICE: Final = 2**62


def answered(program: Program, policy: Policy, say: Conditions) -> Iterator[Claim]:
    """Claim that every row gets an outcome; an approval grade, amount, price and months; anything else a reason."""
    where = place(policy, "outcome")

    def never(bad: str, *conditions: Formula) -> Never:
        return Never(kind="answer", where=where, good=f"never: {bad}", bad=bad, conditions=conditions)

    yield never("there is no outcome", say.unknown(program.outcome))
    for part in ("grade", "ceiling_fen", "floor_rate_ppm", "months"):
        yield never(f"approved although {part} is not known", say.approved, say.unknown(getattr(program, part)))
    yield never("approved for nothing", say.approved, say.compared(program.ceiling_fen, "<=", literal(0)))
    for outcome in ("refer", "decline"):
        found = [finding for finding in program.findings if finding.outcome == outcome]
        silent = [say.known(one.step) if one.on_null else say.fails(one.step) for one in found]
        yield never(f"{outcome} without a reason", say.is_word(program.outcome, outcome), *silent)


def never_blind(program: Program, policy: Policy, say: Conditions) -> Iterator[Claim]:
    """Claim of each source, and of each input alone, that where it is not known nothing is approved unless the policy says so.

    A policy says so by a rule or a limit that reads it and holds, or by accepting it with a reason.
    """
    for source in program.sources:
        degraded = source.source.missing == "degrade"
        said = _that_read(program, source.status) if degraded else ()
        unless = " unless a rule or limit says so" if degraded else ""
        yield Never(
            kind="missing", where=place(policy, "sources", source.source.name),
            conditions=(say.approved, say.fails(source.present), *(say.fails(step) for step in said)),
            good=f"nothing is approved without it{unless}", bad="approved without it, and neither a rule nor a limit says so",
        )  # fmt: skip
    for name in policy.inputs:
        yield from _of_input(program, policy, say, name)


def _of_input(program: Program, policy: Policy, say: Conditions, name: str) -> Iterator[Claim]:
    """Claim of one input, its source there, that it is not passed over; of facts that come together, only of the first.

    What a policy accepts must be needed: a reason for something that never happens would hide what is meant by it.
    """
    raw = f"given_{name}"
    read = any(name in step.formula.names for step in program.steps if step.name not in (name, f"refused_{name}"))
    leads = [lead for lead, others in TOGETHER.items() if name in others]
    if raw not in program.inputs or not read or any(lead in policy.inputs for lead in leads):
        return
    missing = [raw, *(f"given_{other}" for other in TOGETHER.get(name, ()))]
    spans: dict[str, Span] = {one: NOTHING for one in missing if one in program.inputs}
    spans |= {one.status: frozenset({"present"}) for one in program.sources if one.source.name == policy.inputs[name].source}
    unsaid = (say.approved, *(say.fails(step) for step in _that_read(program, name)))
    accepted = next((one for one in program.accepted if one.input == name), None)
    where = place(policy, "inputs" if accepted is None else "accepted", name)
    if accepted is not None:
        needed = unsaid if accepted.when is None else (*unsaid, accepted.when)
        yield Sometimes(
            kind="missing", where=where, given=spans, conditions=needed,
            good=f"approved although it is not known, for a reason: {accepted.why}",
            bad="where it is not known nothing is approved, or a rule or limit says so: take the reason out",
        )  # fmt: skip
    if accepted is None or accepted.when is not None:
        other = () if accepted is None or accepted.when is None else (say.not_true(accepted.when),)
        yield Never(
            kind="missing", where=where, given=spans, conditions=(*unsaid, *other),
            good="where it is not known, nothing is approved unless the policy says so",
            bad="approved although it is not known, and neither a rule nor a limit says so",
        )  # fmt: skip


def _that_read(program: Program, name: str) -> list[str]:
    """Return the conditions of rules and limits that read a name."""
    formulas = {step.name: step.formula for step in program.steps}
    steps = [one.step for one in program.rules] + [one.applies for one in program.limits]
    return [step for step in steps if name in formulas[step].names]


def steady(program: Program, policy: Policy, say: Conditions, worse: Mapping[str, int] = WORSE) -> Iterator[Claim]:
    """Claim that as an input gets worse (`worse`: which way), ceiling, price and outcome never get better; tests aside."""
    numbers = (
        ("gives a higher ceiling", say.when_approved(program.ceiling_fen, 0), 1),
        ("gives a lower price", say.when_approved(program.floor_rate_ppm, _NO_PRICE), -1),
        ("gives a better outcome", _hardness(program, say), -1),
    )
    first = {one.draw: (0, one.experiment.arms[0].share_ppm - 1, False) for one in program.experiments
             if one.experiment.arms[0].share_ppm > 0}  # fmt: skip
    for name, step in worse.items():
        raw = f"given_{name}"
        if raw not in program.inputs:
            continue
        field = program.inputs[raw]
        way = "more" if step > 0 else "less"
        for what, number, sign in numbers:
            yield Steady(
                kind="monotone", where=place(policy, "inputs", name),
                given={**first, raw: (field.lo, field.hi, False)}, moved=raw, step=step, number=number, sign=sign,
                good=f"{way} of it never {what}", bad=f"{way} of it {what}",
            )  # fmt: skip


def _hardness(program: Program, say: Conditions) -> Formula:
    name = program.outcome
    text = f"CASE WHEN {name} = 'approve' THEN 0 WHEN {name} = 'refer' THEN 1 ELSE 2 END"
    return parse(text, {name: say.fields[name]})


def above_cost(program: Program, policy: Policy, say: Conditions, numbers: Mapping[str, int]) -> Iterator[Claim]:
    """Claim that no approval is below cost, exploration aside, and that none costs more than the cap.

    The cost of a year is what the policy's parameters state: ``funding_rate_ppm``, and ``loss_given_default_ppm`` of the PD, of
    which a term of n months bears ``hazard_<n>m_ppm`` where the policy says so.
    """
    where = place(policy, "floor_rate")
    tested = [one for one in program.experiments if one.experiment.exploration]
    control = [say.is_word(one.arm, one.experiment.arms[0].name) for one in tested]
    if "funding_rate_ppm" not in numbers:
        yield Stated(kind="cost", where=where, holds=False, good="", bad="it names no funding_rate_ppm: its cost is not stated")
        return
    for number, term in enumerate(program.terms):
        months = term.term.months
        taken = (say.approved, say.compared(program.months, "=", literal(months)))
        cost = _cost(numbers, months, scored="pd_ppm" in say.fields)
        names = {name: say.fields[name] for name in (program.floor_rate_ppm, "pd_ppm") if name in say.fields}
        below = parse(f"{program.floor_rate_ppm} < {cost}", names)
        beyond = say.compared(program.floor_rate_ppm, ">", literal(term.highest_rate_ppm))
        at = place(policy, "floor_rate", "terms", f"[{number}]")
        yield Never(
            kind="cost", where=at, conditions=(*taken, *control, below),
            good=f"{months} months are never priced below {cost}", bad=f"{months} months are approved at a price below {cost}",
        )  # fmt: skip
        yield Never(
            kind="cost", where=at, conditions=(*taken, beyond),
            good=f"{months} months never cost more than the cap", bad=f"{months} months are approved at a cost above the cap",
        )  # fmt: skip


def _cost(numbers: Mapping[str, int], months: int, *, scored: bool) -> str:
    """Return what a year of a term costs, as a formula: funding and expected loss."""
    cost = str(numbers["funding_rate_ppm"])
    if "loss_given_default_ppm" not in numbers or not scored:
        return cost
    share = numbers.get(f"hazard_{months}m_ppm")
    pd = "pd_ppm" if share is None else f"mul_rate(pd_ppm, {share})"
    return f"{cost} + mul_rate({pd}, {numbers['loss_given_default_ppm']})"
