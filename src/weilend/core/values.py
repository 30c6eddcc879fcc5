"""In: nothing. Out: the frozen value on each arrow of the house, from an application to its receipt. Used: in every room above.

Application ─read→ records ─features→ FeatureRow ─fraud→ FraudVerdict ─score→ Score ─decide→ Decision ─offer→ Offer → Receipt
"""

from __future__ import annotations

from typing import Literal

import msgspec

Outcome = Literal["approve", "refer", "decline"]
SourceStatus = Literal["present", "missing", "stale", "not_pulled"]


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """A business asks for a product; `as_of` is the instant (UTC seconds) at which it is judged.

    >>> Application(application_id="A1", product="enterprise_loan", business_id="E1", as_of=0, consent_id="own-data").business_id
    'E1'
    """

    application_id: str
    product: str
    business_id: str
    as_of: int
    consent_id: str


class Reason(msgspec.Struct, frozen=True, omit_defaults=True, gc=False, rename={"class_": "class"}):
    """Why, in words that a borrower and a reviewer can check, in English and Chinese.

    A reason of a decision has a class (hard_stop, referral, soft_signal, limit, model) and a topic (such as capacity) besides.
    It holds texts only, so no cycle can keep it alive, and the collector need not look (`gc=False`): they are made by the thousand.
    """

    code: str
    en: str
    zh: str
    class_: str = ""
    topic: str = ""


class FeatureRow(msgspec.Struct, frozen=True, kw_only=True):
    """The features of one subject at one instant: integers in units of each feature's quantum, None where not known.

    `newest_days` says, for each kind of record that was read and of which any is known, how many days old the newest one is.
    """

    business_id: str
    as_of: int
    feature_set: str
    values: dict[str, int | None]
    newest_days: dict[str, int] = {}


class FraudHit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something that an application touches stands on a list; `role` is what it is to the applicant (`itself`, `reachable_at`, …).

    `seq` names the entry in the book; `severity` (0 to 100) is what was left of it at the application.

    >>> hit = FraudHit(kind="phone", subject_id="t", role="uses", list_name="deny", meaning="deny", severity=90, seq=7)
    >>> hit.is_disputed
    False
    """

    kind: str
    subject_id: str
    role: str
    list_name: str
    meaning: str
    severity: int
    seq: int
    is_disputed: bool = False


class FraudFound(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a fraud verdict stands on, sealed with it: the grade (A to E, E is gravest) and all that was read for it.

    `lists_seq` is up to where the book's lists were read, None where there are none; `read` the features, `marks` the ids of the
    rules and signals that hold; `ring` what the graph of links says. `suspicion_milli` adds up how rare all of it is (thousandths
    of a nat), None where nothing was learned; `step_up` asks for one more check of identity.

    >>> FraudFound(grade="B").hits
    ()
    """

    grade: str
    lists_seq: int | None = None
    hits: tuple[FraudHit, ...] = ()
    read: dict[str, int] = {}
    marks: tuple[str, ...] = ()
    ring: dict[str, int] = {}
    anomaly_ppm: int | None = None
    score_ppm: int | None = None
    suspicion_milli: int | None = None
    model_id: str = ""
    step_up: bool = False


class FraudVerdict(msgspec.Struct, frozen=True):
    """What the fraud room found; `not_assessed` is an honest answer and never means clean.

    `found` is unset where nobody looked (and in receipts from before anybody could).

    >>> FraudVerdict("not_assessed").grade, FraudVerdict("clear", (), FraudFound(grade="A")).grade
    ('none', 'A')
    """

    status: Literal["not_assessed", "clear", "alert"]
    reasons: tuple[Reason, ...] = ()
    found: FraudFound | msgspec.UnsetType = msgspec.UNSET

    @property
    def grade(self) -> str:
        """The fraud grade, `none` where there is none."""
        return self.found.grade if isinstance(self.found, FraudFound) else "none"


class Contribution(msgspec.Struct, frozen=True, gc=False):
    """The points that one feature's value brings to a score, and the sentence that says so.

    `lost` is the distance to the best bin of the same feature, of trees how far it pulls below the average row (never negative):
    reasons are ranked by it.
    """

    feature: str
    value: int | None
    points: int
    lost: int
    reason: Reason


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What a model says: `points` higher is safer and equals `base_points` plus all contributions; `pd_ppm` is a probability.

    `outside` names the features whose values the model has not seen the like of.
    """

    model_id: str
    base_points: int
    points: int
    pd_ppm: int
    contributions: tuple[Contribution, ...]
    outside: tuple[str, ...] = ()


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known besides features, fraud and score; None where nobody knows.

    `exposure_fen` is outstanding of this business, `group_exposure_fen` over all loans and products of the business, its owner and
    connected parties. `owner` and `business` are scores of one side each. `sources` names the sources whose pull came to something
    else than the records show: a timeout is `missing`, and `not_pulled` what was not asked because the answer was clear.
    `drawn_by` is the id whose draws the policy's experiments read; "" where nobody asked for it, and then the business draws.
    `spent_fen` is what exploring experiments with a budget have cost this month so far, by name.

    >>> Standing(open_loans_count=0).exposure_fen is None
    True
    """

    exposure_fen: int | None = None
    group_exposure_fen: int | None = None
    open_loans_count: int | None = None
    owner: Score | None = None
    business: Score | None = None
    sources: dict[str, SourceStatus] = {}
    drawn_by: str = ""
    spent_fen: dict[str, int] = {}


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The policy's answer. Ceiling, floor rate and months are set when the outcome is approve, None otherwise.

    `arms` names the arm of each experiment that the policy runs, `arms_chance_ppm` the probability with which exactly these arms
    were drawn. `chance_ppm` is that with which this outcome was taken, over all draws (1,000,000 where none could turn it). Both
    are None in decisions from before they were logged; `arms_chance_ppm` also where the policy runs no experiment: nobody drew.
    `closed` names the experiments whose budget held no further loan: nobody is explored then.
    """

    policy_id: str
    outcome: Outcome
    grade: str | None
    ceiling_fen: int | None
    floor_rate_ppm: int | None
    limits_fen: dict[str, int | None]
    reasons: tuple[Reason, ...]
    months: int | None = None
    arms: dict[str, str] = {}
    chance_ppm: int | None = None
    arms_chance_ppm: int | None = None
    closed: tuple[str, ...] = ()


class OfferLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One cost of an offer that is repaid as agreed: interest or a fee, who gets it, and how much in all (fen).

    >>> OfferLine(sort="interest", en="Interest", zh="利息", payee_en="the lender", payee_zh="贷款人", amount_fen=5).payee_en
    'the lender'
    """

    sort: str
    en: str
    zh: str
    payee_en: str
    payee_zh: str
    amount_fen: int


class OfferCost(msgspec.Struct, frozen=True, kw_only=True):
    """All that an offer costs when it is repaid as agreed: each cost, their sum, the yearly all-in rate by both conventions.

    `nominal_rate_ppm` is 12 times the monthly rate of return, `effective_rate_ppm` the same compounded; `cap_ppm` is the cap of the
    day that holds for one of them, `cap_convention`.

    >>> OfferCost(lines=(), total_fen=0, nominal_rate_ppm=0, effective_rate_ppm=0, cap_ppm=240_000, cap_convention="nominal").lines
    ()
    """

    lines: tuple[OfferLine, ...]
    total_fen: int
    nominal_rate_ppm: int
    effective_rate_ppm: int
    cap_ppm: int
    cap_convention: str


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What is offered to the business; `not_assessed` until a budget has been placed, `not_placed` where it left nothing.

    `cost` is what an offer costs in all, by the rules of the day on which it was made. `refused` says why what a budget gave could
    not be offered; it is `not_placed` then. Both are unset in offers from before they were told.
    """

    status: Literal["not_assessed", "offered", "not_placed"]
    amount_fen: int | None = None
    annual_rate_ppm: int | None = None
    months: int | None = None
    cites: tuple[str, ...] = ()
    cost: OfferCost | msgspec.UnsetType = msgspec.UNSET
    refused: Reason | msgspec.UnsetType = msgspec.UNSET


#: Where nothing is known besides features, fraud and score.
NO_STANDING = Standing()


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything a decision read and said, sealed by content hash; it replays to the bit.

    `sealed` maps what was read (policy, model, feature set, product, runtime) to content hashes; the feature row is inside.
    """

    receipt_id: str
    application: Application
    book_seq: int
    sealed: dict[str, str]
    features: FeatureRow
    fraud: FraudVerdict
    score: Score | None
    decision: Decision
    offer: Offer
    standing: Standing = NO_STANDING
