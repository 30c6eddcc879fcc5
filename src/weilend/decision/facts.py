"""In: a feature row, a fraud verdict, a score. Out: the values that a policy's formulas read. Used: by the evaluator.

A value that is too old, of the future, or outside the range that the policy accepts is *not known*, and the decision says so: a
formula is proved only for values in range, and a turnover of a thousand billion is a broken file, not a large firm.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from weilend.core.errors import PolicyError
from weilend.core.records import Field
from weilend.core.values import FeatureRow, FraudVerdict, Reason, Score
from weilend.decision.parts import Input
from weilend.decision.policy import Policy
from weilend.formula.tree import Value

DAY_SECONDS = 86_400
PROBABLE_PPM = 1_000_000
MAX_POINTS = 100_000
MAX_FEATURES = 10_000

#: What a policy may read besides features; all three numbers are NULL without a score.
FACTS = {
    "pd_ppm": Field("pd_ppm", "integer", 0, PROBABLE_PPM, unit="ppm", about="probability of default"),
    "points": Field("points", "integer", -MAX_POINTS, MAX_POINTS, unit="points", about="higher is safer"),
    "outside_count": Field("outside_count", "integer", 0, MAX_FEATURES, unit="count", about="features unlike any seen"),
    "fraud_status": Field("fraud_status", "text", nullable=False, words=("not_assessed", "clear", "alert")),
}


class Facts(msgspec.Struct, frozen=True):
    """The values by name, and what had to be taken as not known.

    >>> Facts({"pd_ppm": None}, ()).refused
    ()
    """

    values: dict[str, Value]
    refused: tuple[str, ...]


def read_facts(
    policy: Policy,
    fields: Mapping[str, Field],
    row: FeatureRow,
    fraud: FraudVerdict,
    score: Score | None,
    as_of: int,
) -> Facts:
    """Return the value of every input of a policy at `as_of` (UTC seconds).

    Raises `PolicyError` when the row lacks a feature that the policy reads: another feature set than it was compiled for.
    """
    missing = next((name for name in policy.inputs if name not in FACTS and name not in row.values), None)
    if missing is not None:
        raise PolicyError(
            f"{policy.file}: the feature row of {row.business_id} has no {missing!r}",
            hint="compute the feature set that the policy was compiled for",
        )
    given: dict[str, Value] = {**row.values, **_score_facts(score), "fraud_status": fraud.status}
    age_seconds = as_of - row.as_of
    values = {name: given[name] for name in policy.inputs}
    # sorted, for the order of inputs in a file is no part of a policy's identity and must not show in a decision
    refused = tuple(name for name in sorted(values) if _refused(policy.inputs[name], fields[name], values[name], age_seconds))
    return Facts(values | dict.fromkeys(refused), refused)


def refusals(facts: Facts, labels: Mapping[str, tuple[str, str]]) -> list[Reason]:
    """Return one reason for each value that was too old or out of range.

    >>> refusals(Facts({}, ("sales_fen_12m",)), {"sales_fen_12m": ("net sales", "净销售额")})[0].en
    'too old or outside the range that the policy accepts: net sales'
    """
    english, chinese = "too old or outside the range that the policy accepts", "数据过期或超出政策可接受范围"
    named = [(name, *labels[name]) for name in facts.refused]
    return [Reason(f"{name}_refused", f"{english}: {en}", f"{chinese}：{zh}") for name, en, zh in named]


def _score_facts(score: Score | None) -> dict[str, Value]:
    if score is None:
        return {"pd_ppm": None, "points": None, "outside_count": None}
    return {"pd_ppm": score.pd_ppm, "points": score.points, "outside_count": len(score.outside)}


def _refused(given: Input, field: Field, value: Value, age_seconds: int) -> bool:
    if value is None:
        return False
    out_of_time = given.max_age_days is not None and not 0 <= age_seconds <= given.max_age_days * DAY_SECONDS
    return out_of_time or (isinstance(value, int) and not _lo(field) <= value <= _hi(field))


def _lo(field: Field) -> int:
    return -(2**62) if field.lo is None else field.lo


def _hi(field: Field) -> int:
    return 2**62 if field.hi is None else field.hi
