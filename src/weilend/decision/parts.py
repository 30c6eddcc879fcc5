"""In: nothing. Out: the parts of a policy file, one value each. Used: by the policy, the evaluator and the cases."""

from __future__ import annotations

from typing import Literal

import msgspec

from weilend.core.values import Outcome

RuleClass = Literal["hard_stop", "referral", "soft_signal"]

#: What a rule of each class does when it holds.
OUTCOME_OF: dict[RuleClass, Outcome] = {"hard_stop": "decline", "referral": "refer", "soft_signal": "approve"}


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a policy file: unknown keys are refused, so a misspelt one is never ignored.

    >>> msgspec.convert({"stpe": "10"}, Ceiling)
    Traceback (most recent call last):
    msgspec.ValidationError: Object contains unknown field `stpe`
    """


class Input(Part, frozen=True, kw_only=True):
    """What a policy reads: a feature, or a fact of score or fraud; a value outside ``lo..hi`` or too old is not known.

    >>> Input(unit="months", en="history", zh="历史", lo=0, hi=36).max_age_days is None
    True
    """

    unit: str = ""
    lo: int | None = None
    hi: int | None = None
    max_age_days: int | None = None
    en: str
    zh: str


class Parameter(Part, frozen=True, kw_only=True):
    """A number that formulas name: the policy's own where it has a `base`, the product's where it has none.

    >>> Parameter(unit="ppm", lo=0, hi=1_000_000, about="share of sales", base=250_000).base
    250000
    """

    unit: str
    lo: int
    hi: int
    about: str
    base: int | None = None


class Grade(Part, frozen=True, kw_only=True):
    """A grade: the first whose formula holds is given; its `values` become names that later formulas read.

    >>> Grade(name="A", when="pd_ppm < 30000", values={"grade_cap_fen": 100}).name
    'A'
    """

    name: str
    when: str
    values: dict[str, int] = {}


class Limit(Part, frozen=True, kw_only=True):
    """A named upper bound in fen; where it is not known whether it applies, it applies.

    >>> Limit(name="product_cap", formula="max_amount_fen", en="most that is lent", zh="产品上限").when
    ''
    """

    name: str
    formula: str
    when: str = ""
    en: str
    zh: str


class Ceiling(Part, frozen=True, kw_only=True):
    """The ceiling is the least of the limits, rounded down to a multiple of `step` (a formula in fen).

    >>> Ceiling(step="amount_step_fen").step
    'amount_step_fen'
    """

    step: str


class FloorRate(Part, frozen=True, kw_only=True):
    """The annual rate (a formula in ppm) below which an offer would lose money.

    >>> FloorRate(formula="funding_rate_ppm").formula
    'funding_rate_ppm'
    """

    formula: str


class Rule(Part, frozen=True, kw_only=True, rename={"class_": "class"}):
    """When the formula holds, the outcome of its class follows; `unknown` says what follows when it is NULL.

    >>> rule = Rule(id="thin", class_="referral", when="history_months < 12", en="short history", zh="经营时间短")
    >>> rule.outcome, rule.unknown
    ('refer', 'refer')
    """

    id: str
    class_: RuleClass
    when: str
    en: str
    zh: str
    unknown: Literal["refer", "decline", "pass"] = "refer"

    @property
    def outcome(self) -> Outcome:
        """Return what follows when the rule holds."""
        return OUTCOME_OF[self.class_]


class Case(Part, frozen=True, kw_only=True):
    """A worked case: how it differs from the base case, and what the policy must say.

    `unknown` names inputs that are not known; an unknown `pd_ppm` means that there is no score.

    >>> Case(name="no score", unknown=("pd_ppm",), outcome="refer", reasons=("no_score",)).ceiling_fen is None
    True
    """

    name: str
    why: str = ""
    values: dict[str, int | str] = {}
    unknown: tuple[str, ...] = ()
    outcome: Outcome
    reasons: tuple[str, ...]
    grade: str | None = None
    ceiling_fen: int | None = None
    floor_rate_ppm: int | None = None
