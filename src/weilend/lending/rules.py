"""In: ``tables/rules.toml``. Out: allocation orders, buckets, classes and bounds, as values. Used: by the ledger, by standings."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from itertools import takewhile
from typing import Any, Final, Literal, TypeVar

import msgspec

from weilend.core.errors import NotFoundError
from weilend.lending.accounts import TABLES

#: What an instalment is made of, each with a receivable account of its name.
Component = Literal["fee", "penalty", "compound", "interest", "principal"]
COMPONENTS: Final[tuple[Component, ...]] = ("fee", "penalty", "compound", "interest", "principal")


class AllocationStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The order in which a payment is used up from some days past due on.

    >>> order_at("standard", 0).components[0]
    'fee'
    """

    from_dpd: int
    first: Literal["instalment", "component"]
    components: tuple[Component, ...]


class AllocationOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order of allocation by name, and where it comes from.

    >>> RULES.allocation["standard"].zh
    '费用、罚息、复利、利息、本金，先还最早一期'
    """

    en: str
    zh: str
    source: str
    steps: tuple[AllocationStep, ...]


class Bucket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bucket of arrears: its name, and the days past due from which it holds.

    >>> RULES.buckets[1]
    Bucket(from_dpd=1, name='M1')
    """

    from_dpd: int
    name: str


class RiskClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the five classes, and the part of the principal that is provided for in it.

    >>> [one.zh for one in RULES.classes]
    ['正常', '关注', '次级', '可疑', '损失']
    """

    from_dpd: int
    name: str
    zh: str
    provision_ppm: int


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rules of a loan's life that are data; see ``tables/rules.toml`` for their sources.

    >>> RULES.min_penalty_ppm, RULES.max_penalty_ppm
    (1300000, 1500000)
    """

    counts_as_overdue: tuple[Component, ...]
    non_accrual_from_dpd: int
    min_penalty_ppm: int
    max_penalty_ppm: int
    penalty_days_per_year: int
    allocation: dict[str, AllocationOrder]
    buckets: tuple[Bucket, ...]
    classes: tuple[RiskClass, ...]
    at_least: dict[str, str]


Step = TypeVar("Step", bound="AllocationStep | Bucket | RiskClass")


def read_rules(text: str) -> Rules:
    """Return the rules that a TOML text says; raises `msgspec.ValidationError` where it is malformed.

    >>> read_rules(TABLES.joinpath("rules.toml").read_text(encoding="utf-8")) == RULES
    True
    """
    raw: dict[str, Any] = tomllib.loads(text)
    return msgspec.convert(raw, Rules)


def step_at(steps: Sequence[Step], dpd: int) -> Step:
    """Return the last of some steps whose `from_dpd` has been reached; the first starts at 0.

    >>> [step_at(RULES.buckets, dpd).name for dpd in (0, 1, 30, 31, 90, 91, 400)]
    ['C', 'M1', 'M1', 'M2', 'M3', 'M4', 'M7']
    """
    return [*takewhile(lambda step: step.from_dpd <= dpd, steps)][-1]


def order_at(name: str, dpd: int) -> AllocationStep:
    """Return the order of allocation in force at some days past due; raises `NotFoundError`.

    >>> order_at("principal_first_after_90", 91).components[0], order_at("principal_first_after_90", 90).components[0]
    ('principal', 'fee')
    """
    if name not in RULES.allocation:
        raise NotFoundError(f"no allocation order {name!r}", hint=f"there is: {', '.join(RULES.allocation)}")
    return step_at(RULES.allocation[name].steps, dpd)


#: The rules in force.
RULES: Final = read_rules(TABLES.joinpath("rules.toml").read_text(encoding="utf-8"))
