"""In: a feature row, a fraud verdict, scores, what is owed. Out: the values that a program reads. Used: by the evaluator.

What was too old or out of range is found by the program itself; here values only get the names under which it reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from weilend.core.ids import draw_ppm
from weilend.core.money import PPM
from weilend.core.records import MAX_FEN, Field
from weilend.core.values import FeatureRow, FraudVerdict, Score, SourceStatus, Standing
from weilend.decision.parts import Experiment, Source
from weilend.formula.tree import Value

DAY_SECONDS: Final = 86_400
MAX_POINTS: Final = 100_000
MAX_FEATURES: Final = 10_000
MAX_LOANS: Final = 1_000_000
STATUSES: Final = ("present", "missing", "stale", "not_pulled")
#: Age of the feature row at the decision, in seconds.
AGE: Final = "row_age_seconds"
#: From nothing strange to a hard stop; `none` where fraud was not assessed.
FRAUD_GRADES: Final = ("none", "A", "B", "C", "D", "E")
_FAR: Final = 2**40


def _pd(name: str, of: str) -> Field:
    return Field(name, "integer", 0, PPM, unit="ppm", about=f"probability of default{of}")


def _points(name: str, of: str) -> Field:
    return Field(name, "integer", -MAX_POINTS, MAX_POINTS, unit="points", about=f"higher is safer{of}")


def _owed(name: str, about: str) -> Field:
    return Field(name, "integer", 0, MAX_FEN, unit="fen", about=about)


#: What a policy may read besides features and the status of its sources; numbers are NULL where there is no score, or nobody knows.
FACTS: Final = {
    field.name: field
    for field in (
        _pd("pd_ppm", ""),
        _points("points", ""),
        Field("outside_count", "integer", 0, MAX_FEATURES, unit="count", about="features unlike any that the model has seen"),
        _pd("owner_pd_ppm", " of the owner"),
        _points("owner_points", " (the owner's)"),
        _pd("business_pd_ppm", " of the business alone"),
        _points("business_points", " (of the business alone)"),
        Field("fraud_status", "text", nullable=False, words=("not_assessed", "clear", "alert")),
        Field("fraud_grade", "text", nullable=False, words=FRAUD_GRADES),
        _owed("exposure_fen", "outstanding of this business"),
        _owed("group_exposure_fen", "outstanding over all loans and products of the business, its owner and connected parties"),
        Field("open_loans_count", "integer", 0, MAX_LOANS, unit="count", about="loans that are not repaid"),
    )
}


def age_field() -> Field:
    """Return the field of the feature row's age.

    >>> age_field().name
    'row_age_seconds'
    """
    return Field(AGE, "integer", -_FAR, _FAR, nullable=False, unit="seconds")


def status_field(source: Source) -> Field:
    """Return the field of a source's status.

    >>> Field("bureau_status", "text", nullable=False, words=STATUSES).words[0]
    'present'
    """
    return Field(source.status, "text", nullable=False, words=STATUSES, about=source.en)


def draw_field(experiment: Experiment) -> Field:
    """Return the field of what is drawn for an experiment.

    >>> from weilend.decision.parts import Arm
    >>> draw_field(Experiment(name="test", salt="s", arms=(Arm(name="all", share_ppm=1_000_000),))).hi
    999999
    """
    return Field(experiment.draw, "integer", 0, PPM - 1, nullable=False, unit="ppm")


def open_field(experiment: Experiment) -> Field:
    """Return the field that says whether the budget of an experiment holds one more loan.

    >>> from weilend.decision.parts import Arm
    >>> open_field(Experiment(name="test", salt="s", arms=(Arm(name="all", share_ppm=1_000_000),))).name
    'test_open_count'
    """
    return Field(experiment.open, "integer", 0, 1, nullable=False, unit="count")


def experiment_facts(experiments: Iterable[Experiment], drawer_id: str, spent_fen: Mapping[str, int]) -> dict[str, Value]:
    """Return what is drawn for each experiment, and whether its budget is open; where nobody knows what is spent it is closed.

    >>> experiment_facts((), "O1", {})
    {}
    """
    facts: dict[str, Value] = {}
    for one in experiments:
        facts[one.draw] = draw_ppm(one.salt, drawer_id)
        if one.budget is not None:
            room_fen = one.budget.month_fen - one.most_expected_fen
            facts[one.open] = int(one.name in spent_fen and spent_fen[one.name] <= room_fen)
    return facts


def drawn_by(business_id: str, owners: Iterable[str]) -> str:
    """Return who draws for a business in every experiment and trial: the first of its owners by id, itself where none is known.

    So firms of the same owners are in the same arms, and an arm stays while the owners do.

    >>> drawn_by("E1", {"O2", "O1"}), drawn_by("E2", {"O1"}), drawn_by("E3", ())
    ('O1', 'O1', 'E3')
    """
    return min(owners, default=business_id)


def read_facts(fraud: FraudVerdict, score: Score | None, standing: Standing, age_seconds: int) -> dict[str, Value]:
    """Return the value of every fact by name; what belongs to sources and experiments comes from the functions below.

    >>> facts = read_facts(FraudVerdict("clear"), None, Standing(exposure_fen=5), 0)
    >>> facts["fraud_status"], facts["pd_ppm"], facts["exposure_fen"]
    ('clear', None, 5)
    """
    owner, business = standing.owner, standing.business
    return {
        AGE: age_seconds,
        "fraud_status": fraud.status,
        "fraud_grade": fraud.grade,
        "pd_ppm": None if score is None else score.pd_ppm,
        "points": None if score is None else score.points,
        "outside_count": None if score is None else len(score.outside),
        "owner_pd_ppm": None if owner is None else owner.pd_ppm,
        "owner_points": None if owner is None else owner.points,
        "business_pd_ppm": None if business is None else business.pd_ppm,
        "business_points": None if business is None else business.points,
        "exposure_fen": standing.exposure_fen,
        "group_exposure_fen": standing.group_exposure_fen,
        "open_loans_count": standing.open_loans_count,
    }


def find_status(source: Source, newest_days: Mapping[str, int], age_seconds: int) -> SourceStatus:
    """Return whether a source is there: by the newest record of its kinds, `newest_days` old when the row was made.

    >>> bureau = Source(name="bureau", en="bureau", zh="征信", kinds=("bureau_report",), cost_fen=0, timeout_ms=1, max_age_days=30,
    ...     purpose="credit_decision", missing="refer")
    >>> [find_status(bureau, {"bureau_report": days}, 0) for days in (30, 31)], find_status(bureau, {}, 0)
    (['present', 'stale'], 'missing')
    """
    known = [newest_days[kind] for kind in source.kinds if kind in newest_days]
    if not known:
        return "missing"
    return "present" if min(known) + age_seconds // DAY_SECONDS <= source.max_age_days else "stale"


def source_facts(sources: tuple[Source, ...], row: FeatureRow, standing: Standing, age_seconds: int) -> dict[str, Value]:
    """Return the status of every source: as somebody said who tried to pull it, else as the row's records show.

    >>> source_facts((), FeatureRow(business_id="E1", as_of=0, feature_set="f", values={}), Standing(), 0)
    {}
    """
    said = standing.sources
    return {one.status: said.get(one.name) or find_status(one, row.newest_days, age_seconds) for one in sources}
