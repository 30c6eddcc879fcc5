"""In: nothing. Out: the parts of a policy file, one value each. Used: by the policy, the evaluator and the cases."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from weilend.core.credit import MAX_MONTHS, RateConvention
from weilend.core.money import PPM, mul_rate
from weilend.core.values import Outcome
from weilend.decision.reading import Places

RuleClass = Literal["hard_stop", "referral", "soft_signal"]
#: What a reason is about.
Topic = Literal["identity", "fraud", "data", "activity", "capacity", "concentration", "credit", "price", "exposure"]
Share = Annotated[int, msgspec.Meta(ge=0, le=PPM)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Text = Annotated[str, msgspec.Meta(min_length=1)]
#: The edition of the language that is read here.
LANGUAGE: Final = 2

#: What a rule of each class does when it holds.
OUTCOME_OF: dict[RuleClass, Outcome] = {"hard_stop": "decline", "referral": "refer", "soft_signal": "approve"}


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a policy file: unknown keys are refused, so a misspelt one is never ignored.

    >>> msgspec.convert({"stpe": "10"}, Ceiling)
    Traceback (most recent call last):
    msgspec.ValidationError: Object contains unknown field `stpe`
    """


class Change(Part, frozen=True, kw_only=True):
    """How an applicant can change an input by herself: which way, in which steps, at most how many, and what a step costs her.

    `cost` is a weight between inputs, no amount of money: it ranks ways to an approval. No decision reads it.

    >>> Change(direction="down", step=1, most_steps=6, cost=3).most_steps
    6
    """

    direction: Literal["up", "down"]
    step: Annotated[int, msgspec.Meta(gt=0)]
    most_steps: Annotated[int, msgspec.Meta(gt=0, le=1_000)]
    cost: Annotated[int, msgspec.Meta(gt=0)]


class Input(Part, frozen=True, kw_only=True):
    """What a policy reads: a feature or a fact; a value outside ``lo..hi`` or too old is not known.

    `source` names where it comes from: without that source the value is not known. An input without one is always there. `change`
    says how an applicant can change it; it is for recourse, and no decision reads it.

    >>> Input(unit="months", en="history", zh="历史", lo=0, hi=36).max_age_days is None
    True
    """

    unit: str = ""
    lo: int | None = None
    hi: int | None = None
    max_age_days: Count | None = None
    source: str = ""
    en: str
    zh: str
    change: Change | None = None


class Source(Part, frozen=True, kw_only=True):
    """Where inputs come from, at which cost and under which consent; sources are pulled in the order of the file, cheap first.

    It is present where a record of one of its `kinds` is known that is at most `max_age_days` old. Where it is not, the outcome is
    `missing`; with `degrade`, the policy itself says in a limit or a rule what follows.

    >>> Source(name="bureau", en="credit bureau", zh="征信", kinds=("bureau_report",), cost_fen=500, timeout_ms=2_000,
    ...     max_age_days=30, purpose="credit_decision", missing="refer").status
    'bureau_status'
    """

    name: str
    en: str
    zh: str
    kinds: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    cost_fen: Count
    timeout_ms: Annotated[int, msgspec.Meta(gt=0)]
    max_age_days: Count
    purpose: Text
    missing: Literal["refer", "decline", "degrade"]

    @property
    def status(self) -> str:
        """Return the name of the fact that says whether it is there."""
        return f"{self.name}_status"


class Bands(Part, frozen=True, kw_only=True):
    """The bands of a number: below the first bound, below the second, …, at or above the last.

    >>> Bands(input="pd_ppm", below=(30_000, 80_000)).below[0]
    30000
    """

    input: str
    below: Annotated[tuple[int, ...], msgspec.Meta(min_length=1)]


class Matrix(Part, frozen=True, kw_only=True):
    """Two numbers by bands give a word, which later formulas read by the name of the matrix; NULL where one is not known.

    >>> Matrix(rows=Bands(input="pd_ppm", below=(1,)), columns=Bands(input="points", below=(5,)), words=(("A", "B"), ("B", "C"))).en
    ''
    """

    rows: Bands
    columns: Bands
    words: tuple[tuple[str, ...], ...]
    en: str = ""
    zh: str = ""


class Search(Part, frozen=True, kw_only=True):
    """The values of a parameter that a search tries: `levels` one by one, or from `lo` to `hi` by `step`.

    >>> Search(lo=1, hi=9, step=4).values, Search(levels=(5, 7)).values
    ((1, 5, 9), (5, 7))
    """

    levels: tuple[int, ...] = ()
    lo: int | None = None
    hi: int | None = None
    step: Annotated[int, msgspec.Meta(gt=0)] | None = None

    @property
    def values(self) -> tuple[int, ...]:
        """The values in rising order; none where neither levels nor a whole range is given."""
        if self.lo is None or self.hi is None or self.step is None:
            return tuple(sorted(set(self.levels)))
        return tuple(range(self.lo, self.hi + 1, self.step))


class Parameter(Part, frozen=True, kw_only=True):
    """A number that formulas name: the policy's own where it has a `base`, the product's where it has none.

    `search` marks one of the policy's own for `weilend policy search`; no decision reads it.

    >>> Parameter(unit="ppm", lo=0, hi=1_000_000, about="share of sales", base=250_000).base
    250000
    """

    unit: str
    lo: int
    hi: int
    about: str
    base: int | None = None
    search: Search | None = None


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


class Term(Part, frozen=True, kw_only=True):
    """A term that may be lent for, and the share of the ceiling that it carries.

    >>> Term(months=6).ceiling_share_ppm
    1000000
    """

    months: Annotated[int, msgspec.Meta(ge=1, le=MAX_MONTHS)]
    ceiling_share_ppm: Share = PPM


class FloorRate(Part, frozen=True, kw_only=True):
    """The price: the nominal annual rate (a formula in ppm) below which an offer would lose money, and what it may cost all in.

    The first of `terms` whose all-in cost at that rate, the one-off fee of `fee_ppm` of the amount included, is within `cap` by
    `convention` is taken; where none is, the answer is decline. `cap` and `fee_ppm` are formulas over parameters.

    >>> FloorRate(formula="funding_rate_ppm", cap="max_annual_rate_ppm", convention="nominal", terms=(Term(months=12),)).fee_ppm
    '0'
    """

    formula: str
    cap: str
    convention: RateConvention
    fee_ppm: str = "0"
    terms: Annotated[tuple[Term, ...], msgspec.Meta(min_length=1)]


class Arm(Part, frozen=True, kw_only=True):
    """One way of an experiment: its share of those who take part, and the values that later formulas read.

    >>> Arm(name="control", share_ppm=900_000, values={"test_margin_ppm": 0}).share_ppm
    900000
    """

    name: str
    share_ppm: Share
    values: dict[str, int] = {}


class LossBudget(Part, frozen=True, kw_only=True):
    """What an exploring experiment may lose in a calendar month (fen), and what a loan of it is taken to lose before anybody knows.

    `limit` names the value of the arms that bounds its ceiling, of which `expected_loss_ppm` is taken to be lost.

    >>> LossBudget(month_fen=5_000_000, limit="look_fen", expected_loss_ppm=300_000).expected_fen(1_000_000)
    300000
    """

    month_fen: Annotated[int, msgspec.Meta(ge=0)]
    limit: str
    expected_loss_ppm: Annotated[int, msgspec.Meta(gt=0, le=PPM)]

    def expected_fen(self, amount_fen: int) -> int:
        """Return what is taken to be lost of an amount."""
        return mul_rate(amount_fen, self.expected_loss_ppm)


class Experiment(Part, frozen=True, kw_only=True):
    """A random test: where `when` holds (a formula of the grade alone), an arm is drawn by a stable hash of salt and owner.

    Elsewhere the first arm holds. Only an experiment that is marked as `exploration` may offer below cost; it may have a `budget`
    of losses, and where that holds no further loan the first arm holds too.

    >>> Experiment(name="margin_test", salt="2026-11", arms=(Arm(name="all", share_ppm=1_000_000),)).draw
    'margin_test_draw_ppm'
    """

    name: str
    salt: str
    when: str = "TRUE"
    arms: Annotated[tuple[Arm, ...], msgspec.Meta(min_length=1)]
    exploration: bool = False
    budget: LossBudget | None = None

    @property
    def draw(self) -> str:
        """Return the name of the fact that the arm is chosen by, 0 to 999,999."""
        return f"{self.name}_draw_ppm"

    @property
    def open(self) -> str:
        """Return the name of the fact whether its budget holds one more loan, 1 or 0; there is none without a budget."""
        return f"{self.name}_open_count"

    @property
    def facts(self) -> tuple[str, ...]:
        """Return the names of all facts that choose an arm, besides the grade."""
        return (self.draw,) if self.budget is None else (self.draw, self.open)

    @property
    def most_expected_fen(self) -> int:
        """The most that a loan of an exploring arm is taken to lose; 0 without a budget."""
        budget = self.budget
        return 0 if budget is None else max(budget.expected_fen(arm.values[budget.limit]) for arm in self.arms[1:])


class Rule(Part, frozen=True, kw_only=True, rename={"class_": "class"}):
    """When the formula holds, the outcome of its class follows; `unknown` says what follows when it is NULL.

    >>> rule = Rule(id="thin", class_="referral", topic="data", when="history_months < 12", en="short history", zh="经营时间短")
    >>> rule.outcome, rule.unknown
    ('refer', 'refer')
    """

    id: str
    class_: RuleClass
    topic: Topic
    when: str
    en: str
    zh: str
    unknown: Literal["refer", "decline", "pass"] = "refer"

    @property
    def outcome(self) -> Outcome:
        """Return what follows when the rule holds."""
        return OUTCOME_OF[self.class_]


class Accepted(Part, frozen=True, kw_only=True):
    """Why an approval is right although an input is not known; with `when`, only where that formula over inputs holds.

    It changes no decision: it is what the prover is told where no rule or limit speaks.

    >>> Accepted(why="new firms are not rated").when
    ''
    """

    why: Text
    when: str = ""


class Case(Part, frozen=True, kw_only=True):
    """A worked case: how it differs from the base case, and what the policy must say.

    `unknown` names inputs that are not known, `missing` sources that are not there. An experiment draws its first arm unless
    `values` gives its draw.

    >>> Case(name="no score", unknown=("pd_ppm",), outcome="refer", reasons=("no_score",)).ceiling_fen is None
    True
    """

    name: str
    why: str = ""
    values: dict[str, int | str] = {}
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    outcome: Outcome
    reasons: tuple[str, ...]
    grade: str | None = None
    ceiling_fen: int | None = None
    floor_rate_ppm: int | None = None
    months: int | None = None


class PolicyContent(Part, frozen=True, kw_only=True):
    """What is hashed: everything that can change a decision or its wording, in the order in which it matters.

    >>> PolicyContent.__struct_fields__[:4]
    ('language', 'name', 'version', 'owner')
    """

    language: Literal[2] = LANGUAGE
    name: Text
    version: Annotated[int, msgspec.Meta(ge=1)]
    owner: Text
    product: Text
    en: Text
    zh: Text
    inputs: dict[str, Input]
    parameters: dict[str, Parameter] = {}
    sources: tuple[Source, ...] = ()
    matrix: dict[str, Matrix] = {}
    grades: tuple[Grade, ...]
    experiments: tuple[Experiment, ...] = ()
    limits: tuple[Limit, ...]
    ceiling: Ceiling
    floor_rate: FloorRate
    rules: tuple[Rule, ...]
    accepted: dict[str, Accepted] = {}


class Policy(PolicyContent, frozen=True, kw_only=True):
    """A policy: identity (content hash), owner, version, its parts, its cases, and where each part stands.

    The cases are not part of the identity: a case that is added later must not make old receipts look foreign.

    >>> from weilend.decision.example import example_policy
    >>> policy = example_policy()
    >>> policy.owner, len(policy.identity), policy.rules[0].id
    ('credit policy', 32, 'small')
    """

    identity: str
    base_case: dict[str, int | str]
    cases: tuple[Case, ...]
    places: Places

    @property
    def file(self) -> str:
        """The name of the file."""
        return self.places.file
