"""In: a policy and chance. Out: policies in each of which one thing is wrong, or at least other. Used: to judge the prover.

A mutation is what a tired hand does: a comparison turned, a bound moved, AND for OR, a rule dropped, a default forgotten, a price
with the wrong sign. Some mutants are sound and a few equal the original; what each is worth is for brute force to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

import msgspec

from weilend.decision.parts import Accepted, Policy

Place = tuple[str, int, str]
Mutation = Callable[[Policy, Random], Policy | None]
_replace = msgspec.structs.replace

#: Words of formulas, and what each may be mistaken for.
_COMPARED: Final = ("<", "<=", ">", ">=", "=", "<>")
_WORDS: Final = {
    r"\band\b": ("or",),
    r"\bor\b": ("and",),
    r"\bleast\(": ("greatest(",),
    r"\bgreatest\(": ("least(",),
    r"\bis null\b": ("is not null",),
    r"\bis not null\b": ("is null",),
    r"(?<=\s)\+(?=\s)": ("-",),
    r"(?<=\s)-(?=\s)": ("+",),
    r"'present'": ("'missing'",),
}
_TRIES: Final = 60


class Mutant(msgspec.Struct, frozen=True):
    """A policy that was changed, and how.

    >>> from weilend.decision.example import example_policy
    >>> Mutant("as it was", example_policy()).policy.name
    'example'
    """

    what: str
    policy: Policy


def make_mutant(policy: Policy, random: Random) -> Mutant:
    """Return a policy with one change drawn by chance; it may be one that does not compile.

    >>> from weilend.decision.example import example_policy
    >>> mutant = make_mutant(example_policy(), Random(1))
    >>> mutant.policy != example_policy()
    True
    """
    for _ in range(_TRIES):
        name = random.choice(list(MUTATIONS))
        changed = MUTATIONS[name](policy, random)
        if changed is not None and changed != policy:
            return Mutant(name, changed)
    raise ValueError(f"nothing in {policy.name} could be changed")


def _places(policy: Policy) -> list[Place]:
    """Return where formulas stand: section, number, key."""
    limits = [
        ("limits", at, key) for at, limit in enumerate(policy.limits) for key in ("formula", *(["when"] * bool(limit.when)))
    ]
    rules = [("rules", at, "when") for at in range(len(policy.rules))]
    return [
        *rules,
        *rules,
        *limits,
        *(("grades", at, "when") for at in range(len(policy.grades))),
        ("floor_rate", 0, "formula"),
    ]


def _formula(policy: Policy, place: Place) -> str:
    section, at, key = place
    part = policy.floor_rate if section == "floor_rate" else getattr(policy, section)[at]
    return str(getattr(part, key))


def _with_formula(policy: Policy, place: Place, text: str) -> Policy:
    section, at, key = place
    if section == "floor_rate":
        return _replace(policy, floor_rate=_replace(policy.floor_rate, formula=text))
    return _with(policy, section, at, **{key: text})


def _with(policy: Policy, section: str, at: int, **changes: Any) -> Policy:
    parts = list(getattr(policy, section))
    parts[at] = _replace(parts[at], **changes)
    return _replace(policy, **{section: tuple(parts)})


def _in_a_formula(pattern: str, other: Callable[[str, Random], str | None]) -> Mutation:
    """Return the mutation that changes one place, in one formula, where a pattern stands."""

    def mutate(policy: Policy, random: Random) -> Policy | None:
        place = random.choice(_places(policy))
        text = _formula(policy, place)
        found = list(re.finditer(pattern, text))
        if not found:
            return None
        one = random.choice(found)
        new = other(one.group(), random)
        return None if new is None else _with_formula(policy, place, text[: one.start()] + new + text[one.end() :])

    return mutate


def _other_number(text: str, random: Random) -> str:
    number = int(text.replace("_", ""))
    return str(random.choice([number + 1, max(number - 1, 0), 2 * number, number // 2, 0, 1, number * 1_000]))


def _always_true(policy: Policy, random: Random) -> Policy | None:
    """Put beside a condition a range cell that holds every value that there can be."""
    place = random.choice([one for one in _places(policy) if one[2] == "when"])
    bounded = [(name, given.lo) for name, given in policy.inputs.items() if given.lo is not None]
    if not bounded:
        return None
    name, lo = random.choice(bounded)
    return _with_formula(policy, place, f"({_formula(policy, place)}) and {name} >= {lo}")


def _bound(policy: Policy, random: Random) -> Policy | None:
    """Move a number of the policy's own: by one, by much, to an end of what it may be."""
    own = [(name, one) for name, one in policy.parameters.items() if one.base is not None]
    if not own:
        return None
    name, given = random.choice(own)
    base = given.base or 0
    new = random.choice([base - 1, base + 1, 2 * base, base // 2, given.lo, given.hi])
    return _replace(policy, parameters={**policy.parameters, name: _replace(given, base=min(max(new, given.lo), given.hi))})


def _drop(section: str) -> Mutation:
    def mutate(policy: Policy, random: Random) -> Policy | None:
        parts = list(getattr(policy, section))
        if len(parts) < 2:
            return None
        parts.pop(random.randrange(len(parts)))
        return _replace(policy, **{section: tuple(parts)})

    return mutate


def _reorder(section: str) -> Mutation:
    def mutate(policy: Policy, random: Random) -> Policy | None:
        parts = list(getattr(policy, section))
        if len(parts) < 2:
            return None
        part = parts.pop(random.randrange(len(parts)))
        parts.insert(random.randrange(len(parts) + 1), part)
        return _replace(policy, **{section: tuple(parts)})

    return mutate


def _narrower_twin(policy: Policy, random: Random) -> Policy | None:
    """Add a rule that asks for more than an earlier one does: after a hard stop it decides nothing."""
    rule = random.choice(policy.rules)
    name = random.choice([name for name, given in policy.inputs.items() if given.unit])
    twin = _replace(rule, id=f"{rule.id}_again", when=f"({rule.when}) and {name} > 0")
    return _replace(policy, rules=(*policy.rules, twin))


def _rule(policy: Policy, random: Random, **words: Sequence[str]) -> Policy | None:
    """Change a word of a rule: its class, or what follows where it is not known."""
    at = random.randrange(len(policy.rules))
    ((key, choices),) = words.items()
    old = getattr(policy.rules[at], key)
    return _with(policy, "rules", at, **{key: random.choice([one for one in choices if one != old])})


def _limit_always(policy: Policy, random: Random) -> Policy | None:
    """Let a limit forget when it applies, or apply the other way round."""
    with_when = [at for at, limit in enumerate(policy.limits) if limit.when]
    if not with_when:
        return None
    at = random.choice(with_when)
    return _with(policy, "limits", at, when=random.choice(["", f"not ({policy.limits[at].when})"]))


def _input_range(policy: Policy, random: Random) -> Policy | None:
    """Let an input accept other values: a typing error in its range."""
    bounded = [name for name, given in policy.inputs.items() if given.lo is not None and given.hi is not None]
    if not bounded:
        return None
    name = random.choice(bounded)
    given = policy.inputs[name]
    lo, hi = given.lo or 0, given.hi or 0
    changes = random.choice([{"lo": lo + max(1, (hi - lo) // 2)}, {"hi": lo + (hi - lo) // 1_000}, {"hi": max(lo, 0)}])
    return _replace(policy, inputs={**policy.inputs, name: _replace(given, **changes)})


def _without_source(policy: Policy, random: Random) -> Policy | None:
    """Forget where an input comes from, and so under which consent it is read."""
    known = [name for name, given in policy.inputs.items() if given.source]
    name = random.choice(known) if known else ""
    return _replace(policy, inputs={**policy.inputs, name: _replace(policy.inputs[name], source="")}) if name else None


def _missing_source(policy: Policy, random: Random) -> Policy | None:
    at = random.randrange(len(policy.sources)) if policy.sources else -1
    return None if at < 0 else _with(policy, "sources", at, missing=random.choice(["refer", "decline", "degrade"]))


def _matrix_words(policy: Policy, random: Random) -> Policy | None:
    """Swap two words of a matrix: somewhere a worse firm has the better grade."""
    if not policy.matrix:
        return None
    name = random.choice(sorted(policy.matrix))
    words = [list(row) for row in policy.matrix[name].words]
    (a, b), (c, d) = ((random.randrange(len(words)), random.randrange(len(words[0]))) for _ in range(2))
    words[a][b], words[c][d] = words[c][d], words[a][b]
    changed = _replace(policy.matrix[name], words=tuple(tuple(row) for row in words))
    return _replace(policy, matrix={**policy.matrix, name: changed})


def _grade_values(policy: Policy, random: Random) -> Policy | None:
    """Give one grade what another one has."""
    if len(policy.grades) < 2:
        return None
    one, other = random.sample(range(len(policy.grades)), 2)
    return _with(policy, "grades", one, values=policy.grades[other].values)


def _arm(policy: Policy, random: Random) -> Policy | None:
    """Let a test give more than it should, or draw otherwise."""
    if not policy.experiments:
        return None
    at = random.randrange(len(policy.experiments))
    experiment = policy.experiments[at]
    if random.random() < 0.3:
        return _with(policy, "experiments", at, exploration=not experiment.exploration)
    arms = [_replace(arm, values={name: 30 * value + random.choice([0, 1]) for name, value in arm.values.items()})
            for arm in experiment.arms]  # fmt: skip
    return _with(policy, "experiments", at, arms=tuple(arms))


def _accepted(policy: Policy, random: Random) -> Policy | None:
    """Accept that an input is not known, or forget that it is accepted."""
    name = random.choice(sorted(policy.inputs))
    kept = {one: given for one, given in policy.accepted.items() if one != name}
    return _replace(policy, accepted=kept if name in policy.accepted else {**kept, name: Accepted(why="a mutation")})


def _term(policy: Policy, random: Random) -> Policy | None:
    """Carry more on a term, or try the terms in another order."""
    terms = list(policy.floor_rate.terms)
    random.shuffle(terms)
    terms[0] = _replace(terms[0], ceiling_share_ppm=random.choice([1_000_000, 500_000, 1]))
    return _replace(policy, floor_rate=_replace(policy.floor_rate, terms=tuple(terms)))


_CLASSES: Final = ("hard_stop", "referral", "soft_signal")
_UNKNOWN: Final = ("refer", "decline", "pass")

#: What can go wrong, and how it is done; what is likely stands more than once.
MUTATIONS: Final[dict[str, Mutation]] = {
    "a comparison turned": _in_a_formula(r"(<=|>=|<>|<|>|=)", lambda old, r: r.choice([o for o in _COMPARED if o != old])),
    "a comparison turned, again": _in_a_formula(r"(<=|>=|<>|<|>|=)", lambda old, r: r.choice([o for o in _COMPARED if o != old])),
    "a number changed": _in_a_formula(r"(?<![\w.])\d[\d_]*(?!\w)", _other_number),
    "a default changed": _in_a_formula(r"(?<=, )0(?=\))", lambda _, r: str(r.choice([1, 100_000, 10**9]))),
    **{f"{old.strip(chr(92) + 'b()')} taken for {new}": _in_a_formula(old, lambda _old, _random, new=new: new)  # type: ignore[misc]
       for old, (new,) in _WORDS.items()},
    "a range cell that is always true": _always_true,
    "a bound moved": _bound,
    "a bound moved, again": _bound,
    "a rule dropped": _drop("rules"),
    "a limit dropped": _drop("limits"),
    "a grade dropped": _drop("grades"),
    "a rule elsewhere": _reorder("rules"),
    "a grade elsewhere": _reorder("grades"),
    "a rule that another one has answered": _narrower_twin,
    "a rule of another class": lambda policy, random: _rule(policy, random, class_=_CLASSES),
    "a rule that passes what is not known": lambda policy, random: _rule(policy, random, unknown=_UNKNOWN),
    "a limit that applies otherwise": _limit_always,
    "an input of another range": _input_range,
    "an input without a source": _without_source,
    "a source that may be missing": _missing_source,
    "words of a matrix swapped": _matrix_words,
    "a grade with another's values": _grade_values,
    "an arm that gives too much": _arm,
    "something accepted, or no more": _accepted,
    "terms otherwise": _term,
}  # fmt: skip
__all__ = ["MUTATIONS", "Mutant", "make_mutant"]
