"""In: the content of a product file, a policy. Out: its numbers, those that a search may change, and policies with others.
Used: where a policy is compiled, and by search."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product as combine
from typing import Any, Final

import msgspec

from weilend.core.errors import InputError, PolicyError
from weilend.decision.parts import Policy
from weilend.decision.policy import identify

#: More variants than this are not tried: a grid that large is a wish, not a question.
MOST_VARIANTS: Final = 20_000


def product_parameters(product: Mapping[str, Any]) -> dict[str, int]:
    """Return a product's terms and the base values of its assumptions by name, and its grade bounds as ``grade_a_ppm`` ….

    Raises `PolicyError` when two of them have one name, or one is not an integer.

    >>> product_parameters({"terms": {"min_amount_fen": 100}, "assumptions": {"funding_rate_ppm": {"base": 35_000}},
    ...     "grades": {"A": 30_000}})
    {'min_amount_fen': 100, 'funding_rate_ppm': 35000, 'grade_a_ppm': 30000}
    >>> product_parameters({"terms": {"min_amount_fen": "much"}})
    Traceback (most recent call last):
    weilend.core.errors.PolicyError: product: min_amount_fen is 'much', no integer. Hint: ...
    """
    named = [
        *product.get("terms", {}).items(),
        *((name, given.get("base")) for name, given in product.get("assumptions", {}).items()),
        *((f"grade_{letter.lower()}_ppm", bound) for letter, bound in product.get("grades", {}).items()),
    ]
    for index, (name, value) in enumerate(named):
        if type(value) is not int:
            raise PolicyError(f"product: {name} is {value!r}, no integer", hint="give fen, ppm or a count, without decimals")
        if name in dict(named[:index]):
            raise PolicyError(f"product: {name} is there twice", hint="give each number a name of its own")
    return dict(named)


def marked_parameters(policy: Policy) -> dict[str, tuple[int, ...]]:
    """Return the parameters of a policy that are marked for search, and the values to try of each.

    >>> from weilend.decision.example import example_policy
    >>> marked_parameters(example_policy())
    {}
    """
    return {name: one.search.values for name, one in policy.parameters.items() if one.search is not None}


def make_grid(policy: Policy, levels: Mapping[str, tuple[int, ...]]) -> tuple[dict[str, int], ...]:
    """Return every combination of values, and the policy's own values first.

    Raises `InputError` where a name is no parameter of the policy's own, a value is outside its range, nothing is to be tried, or
    there are more than 20,000 variants.

    >>> from weilend.decision.example import example_policy
    >>> make_grid(example_policy(), {"share_ppm": (200_000, 250_000)})
    ({'share_ppm': 250000}, {'share_ppm': 200000})
    >>> make_grid(example_policy(), {"funding_rate_ppm": (1, 2)})
    Traceback (most recent call last):
    weilend.core.errors.InputError: 'funding_rate_ppm' is no parameter of the policy's own. Hint: its own are: share_ppm
    """
    own = {name: one for name, one in policy.parameters.items() if one.base is not None}
    for name, values in levels.items():
        if name not in own:
            raise InputError(f"{name!r} is no parameter of the policy's own", hint=f"its own are: {', '.join(own)}")
        wrong = next((value for value in values if not own[name].lo <= value <= own[name].hi), None)
        if wrong is not None:
            raise InputError(f"{name}: {wrong} is outside {own[name].lo}..{own[name].hi}", hint="try values within its range")
    size = 1
    for values in levels.values():
        size *= len(values)
    if not levels or not size:
        raise InputError(
            f"{policy.file} marks no parameter for search", hint="write search = { lo = …, hi = …, step = … } at one"
        )
    if size > MOST_VARIANTS:
        raise InputError(f"{size:,} variants are too many", hint=f"try fewer values: at most {MOST_VARIANTS:,} combinations")
    base = {name: int(own[name].base or 0) for name in levels}
    grid = [dict(zip(levels, values, strict=True)) for values in combine(*levels.values())]
    return (base, *(one for one in grid if one != base))


def with_parameters(policy: Policy, values: Mapping[str, int]) -> Policy:
    """Return a policy with other values of its own parameters, and the identity that follows.

    >>> from weilend.decision.example import example_policy
    >>> policy = example_policy()
    >>> other = with_parameters(policy, {"share_ppm": 200_000})
    >>> other.parameters["share_ppm"].base, other.identity == policy.identity
    (200000, False)
    >>> with_parameters(other, {"share_ppm": 250_000}).identity == policy.identity
    True
    """
    changed = {
        name: msgspec.structs.replace(one, base=values[name]) if name in values else one
        for name, one in policy.parameters.items()
    }
    return identify(msgspec.structs.replace(policy, parameters=changed))
