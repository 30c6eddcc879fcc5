"""In: a program and its policy. Out: claims that can be read off them: purposes, forbidden inputs. Used: by `prove`."""

from __future__ import annotations

from collections.abc import Iterator

from weilend.core.records.people import PURPOSES
from weilend.decision.facts import AGE, FACTS
from weilend.decision.forbidden import find_forbidden
from weilend.decision.parts import Policy
from weilend.decision.program import Program
from weilend.decision.prover.claims import Claim, Stated
from weilend.decision.prover.reach import place


def with_purpose(program: Program, policy: Policy) -> Iterator[Claim]:
    """Claim that everything read is a fact of this house, or comes from a source with a purpose that somebody can consent to."""
    purposes = {source.name: source.purpose for source in policy.sources}
    own = {
        AGE,
        *FACTS,
        *(source.status for source in policy.sources),
        *(name for one in policy.experiments for name in one.facts),
    }
    for field in program.inputs.values():
        if field.name in own:
            continue
        given = policy.inputs.get(field.name)
        purpose = purposes.get(given.source) if given is not None else None
        yield Stated(
            kind="purpose", where=place(policy, "inputs", field.name), holds=purpose in PURPOSES,
            good=f"it is read for the purpose {purpose!r}",
            bad="it is read without a purpose: name the source that it comes from, and the purpose of that source",
        )  # fmt: skip


def not_forbidden(program: Program, policy: Policy) -> Iterator[Claim]:
    """Claim that no input is one that no policy may read (`forbidden.toml`)."""
    for field in program.inputs.values():
        given = policy.inputs.get(field.name)
        ban = find_forbidden(field.name, field.about if given is None else given.zh)
        yield Stated(
            kind="forbidden", where=place(policy, "inputs", field.name), holds=ban is None,
            good="nothing forbids it", bad="" if ban is None else f"no policy may read {ban.what}: {ban.why}",
        )  # fmt: skip
