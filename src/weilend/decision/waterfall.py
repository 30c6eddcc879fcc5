"""In: a compiled policy, what is known so far. Out: the source to pull next, or none. Used: while an application is judged.

Sources are pulled in the order of the policy's file. None is pulled any more once a reason to decline holds that rests on what was
read already: nothing that the others could say would change it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from weilend.decision.evaluator import Evaluator
from weilend.decision.parts import Source
from weilend.decision.program import Finding, Program
from weilend.formula.tree import Value

#: The status of a source that was not asked.
NOT_PULLED = "not_pulled"


class Waterfall(msgspec.Struct, frozen=True, eq=False):
    """The sources of a policy in their order, what each brings (names of features and facts), and what each decline rests on.

    >>> Waterfall.__struct_fields__
    ('evaluator', 'brings', 'declines')
    """

    evaluator: Evaluator
    brings: dict[str, frozenset[str]]
    declines: tuple[tuple[Finding, frozenset[str]], ...]

    def next_source(self, known: Mapping[str, Value]) -> Source | None:
        """Return the source to pull next; None where all were pulled or the answer is decline whatever they say.

        `known` has every value that needs no source, and of each source that was pulled its status (missing, where it timed out)
        and its values. Raises `PolicyError` where one of them is missing.
        """
        sources = self.evaluator.policy.sources
        waiting = [one for one in sources if known.get(one.status, NOT_PULLED) == NOT_PULLED]
        if not waiting or self.is_settled(known, waiting):
            return None
        return waiting[0]

    def is_settled(self, known: Mapping[str, Value], waiting: Sequence[Source]) -> bool:
        """Return whether a reason to decline holds that rests on none of the sources that were not pulled."""
        trace = self.evaluator.trace(self.without(known, waiting))
        names = {one.name for one in waiting}
        return any(finding.holds(trace[finding.step]) for finding, rests_on in self.declines if names.isdisjoint(rests_on))

    def without(self, known: Mapping[str, Value], waiting: Sequence[Source]) -> dict[str, Value]:
        """Return values to decide by without some sources: what they bring is not known, and they are said not to be pulled."""
        absent = {name: None for one in waiting for name in self.brings[one.name]}
        return {**known, **absent, **{one.status: NOT_PULLED for one in waiting}}


def make_waterfall(evaluator: Evaluator) -> Waterfall:
    """Return the waterfall of a compiled policy.

    >>> from weilend.decision.example import example_evaluator
    >>> waterfall = make_waterfall(example_evaluator())
    >>> known = {"pd_ppm": 20_000, "row_age_seconds": 0}
    >>> waterfall.next_source(known).name
    'shop'
    >>> waterfall.next_source(known | {"shop_status": "missing", "sales_fen_12m": None}) is None
    True
    """
    policy, program = evaluator.policy, evaluator.program
    brings = {
        source.name: frozenset(name for name, given in policy.inputs.items() if given.source == source.name)
        for source in policy.sources
    }
    source_of = {one.status: one.source.name for one in program.sources}
    source_of |= {f"given_{name}": source for source, names in brings.items() for name in names}
    rests_on = _rests_on(program, source_of)
    declines = tuple((finding, rests_on[finding.step]) for finding in program.findings if finding.outcome == "decline")
    return Waterfall(evaluator, brings, declines)


def _rests_on(program: Program, source_of: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Return for each input and step the sources that it rests on, through whatever other steps."""
    found = {name: frozenset((source_of[name],) if name in source_of else ()) for name in program.inputs}
    for step in program.steps:
        found[step.name] = frozenset[str]().union(*(found[name] for name in step.formula.names))
        if step.name in source_of:  # a score that a card computes belongs to the source that the policy names for it
            found[step.name] |= {source_of[step.name]}
    return found
