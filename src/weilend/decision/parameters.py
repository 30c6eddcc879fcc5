"""In: the content of a product file. Out: its numbers under the names that policies use. Used: where a policy is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weilend.core.errors import PolicyError


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
