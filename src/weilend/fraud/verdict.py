"""In: all that was heard of an application: hits, features, strangeness, ring, score. Out: `FraudVerdict`. Used: by the
desk before it
decides, and at replay.

Three things give a grade, and the gravest counts: a rule of verdict.toml that holds; how rare all of it together is, against floors
that an alert budget set; and, where nothing was learned, an honest middle. An allow hit spares the step-up check of grade C and
nothing else. A pure function: the same heard, the same verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
import numpy as np

from weilend.core.money import show_percent
from weilend.core.values import FraudFound, FraudHit, FraudVerdict, Reason
from weilend.features.compute import FeatureTable
from weilend.features.sets import FRAUD
from weilend.features.spec import show_value, show_value_zh
from weilend.fraud.detectors.ensemble import StrangeFeature
from weilend.fraud.signals import SIGNALS, Flags, find_marks, masked_columns
from weilend.fraud.suspicion import Calibration
from weilend.fraud.verdict_table import SEVERITIES, TABLE, VerdictTable, rule_formulas

#: What a subject is, in Chinese.
KIND_ZH: Final = {
    "business": "企业", "owner": "企业主", "person": "个人", "shop": "店铺", "device": "设备", "account": "账户", "phone": "电话",
    "address": "地址", "wifi": "无线网络", "ip": "网络地址", "email": "邮箱", "contact": "联系人", "agent": "中介",
}  # fmt: skip
NOT_ASSESSED: Final = FraudVerdict("not_assessed")


class RingSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What the graph says of an application: how strongly it looks like a ring (ppm), its figures, its reasons.

    >>> RingSaid(ring_ppm=0).figures
    {}
    """

    ring_ppm: int
    figures: dict[str, int] = {}
    reasons: tuple[Reason, ...] = ()


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """All that was heard of one application. None is not asked, never clean: `hits` where there are no lists, `values` where no
    feature was read, and so on. `is_spared` says that the applicant stands on an allow list and on nothing worse.

    >>> Heard().hits is None
    True
    """

    hits: tuple[FraudHit, ...] | None = None
    lists_seq: int | None = None
    is_spared: bool = False
    values: dict[str, int | None] | None = None
    anomaly_ppm: int | None = None
    strange: tuple[StrangeFeature, ...] = ()
    ring: RingSaid | None = None
    score_ppm: int | None = None
    score_reasons: tuple[Reason, ...] = ()

    @property
    def asked(self) -> frozenset[str]:
        """What spoke: lists, signals, anomaly, ring, score."""
        parts = {
            "lists": self.hits, "signals": self.values, "anomaly": self.anomaly_ppm, "ring": self.ring, "score": self.score_ppm,
        }  # fmt: skip
        return frozenset(name for name, said in parts.items() if said is not None)

    @property
    def voices(self) -> dict[str, int | None]:
        """What each voice says."""
        ring = None if self.ring is None else self.ring.ring_ppm
        return {"anomaly": self.anomaly_ppm, "ring": ring, "score": self.score_ppm}


def judge_fraud(
    heard: Heard, learned: Calibration | None = None, *, model_id: str = "", table: VerdictTable = TABLE
) -> FraudVerdict:
    """Return the verdict on one application: status, reasons for grades C and graver, and what it stands on.

    >>> judge_fraud(Heard()).status, judge_fraud(Heard(hits=())).grade
    ('not_assessed', 'B')
    >>> hit = FraudHit(kind="owner", subject_id="t", role="owns", list_name="deny", meaning="deny", severity=100, seq=1)
    >>> told = judge_fraud(Heard(hits=(hit,)))
    >>> told.status, told.grade, told.reasons[0].en
    ('alert', 'E', 'the applicant stands on a deny list: owner on deny')
    """
    if not heard.asked:
        return NOT_ASSESSED
    marks = find_marks(heard.values) if heard.values is not None else ()
    suspicion = None if learned is None else learned.add_up(heard.voices, marks)
    facts = _facts(heard, suspicion, table)
    rules = [rule for rule in table.rules if rule_formulas(table.rules)[rule.id].python()(facts) is True]
    measured = table.unmeasured
    if learned is not None and suspicion is not None:
        measured = learned.grade(suspicion, otherwise=table.grades[-1].name)
    grade = table.grade(min((measured, *(rule.grade for rule in rules)), key=table.place))
    missing = frozenset(table.required) - heard.asked
    status = "not_assessed" if missing and grade.status == "clear" else grade.status
    found = FraudFound(
        grade=grade.name,
        lists_seq=heard.lists_seq,
        hits=heard.hits or (),
        read={name: value for name, value in (heard.values or {}).items() if value is not None},
        marks=(*(rule.id for rule in rules), *marks),
        ring={} if heard.ring is None else {**heard.ring.figures, "ring_ppm": heard.ring.ring_ppm},
        anomaly_ppm=heard.anomaly_ppm,
        score_ppm=heard.score_ppm,
        suspicion_milli=suspicion,
        model_id=model_id,
        step_up=grade.step_up and not heard.is_spared,
    )
    told = grade.status == "alert" or grade.step_up
    reasons = _reasons(heard, [rule.id for rule in rules], marks, learned, table) if told else ()
    return FraudVerdict(status, reasons, found)


def find_ruled(features: FeatureTable, table: VerdictTable = TABLE) -> tuple[Flags, Flags]:
    """Return which rows of the feature set `fraud` a rule makes people look at by their features alone, and which it stops.

    >>> from weilend.core.plan import Spine
    >>> size = (1, len(FRAUD.features))
    >>> rows = FeatureTable(FRAUD, Spine(("E1",), (0,)), np.zeros(size, np.int64), np.zeros(size, np.bool_), {})
    >>> [part.tolist() for part in find_ruled(rows)]
    [[False], [False]]
    """
    columns = masked_columns(features)
    looked_at, stopped = np.zeros(len(features.values), np.bool_), np.zeros(len(features.values), np.bool_)
    for rule in table.rules:
        formula, grade = rule_formulas(table.rules)[rule.id], table.grade(rule.grade)
        if grade.status == "alert" and formula.names <= columns.keys():
            found = stopped if grade.is_stop else looked_at
            found |= formula.numpy_mask()(columns)
    return looked_at & ~stopped, stopped


def _facts(heard: Heard, suspicion: int | None, table: VerdictTable) -> dict[str, int | None]:
    values = heard.values or dict.fromkeys((feature.name for feature in FRAUD.features), None)
    severities: dict[str, int | None] = dict.fromkeys(SEVERITIES, None)
    if heard.hits is not None:
        severities = dict.fromkeys(SEVERITIES, 0)
        for hit in heard.hits:
            for name in _weighs_on(hit, table):
                severities[name] = max(severities[name] or 0, hit.severity)
    voices = {f"{name}_ppm": said for name, said in heard.voices.items()}
    return {**values, **severities, **voices, "suspicion_milli": suspicion}


def _weighs_on(hit: FraudHit, table: VerdictTable) -> tuple[str, ...]:
    """Return the severities that a hit raises: an allow hit none, a disputed entry that of disputes."""
    reach = table.reach_of(hit.role)
    if hit.meaning == "deny":
        return ("deny_disputed_severity",) if hit.is_disputed and reach != "near" else (f"deny_{reach}_severity",)
    return ("watch_severity",) if hit.meaning == "watch" and reach != "near" else ()


def _reasons(
    heard: Heard, rules: Iterable[str], marks: Iterable[str], learned: Calibration | None, table: VerdictTable
) -> tuple[Reason, ...]:
    """Return what to tell, the weightiest first: rules, ring, score, rare marks, strange features; each feature once."""
    by_id = {rule.id: rule for rule in table.rules}
    values = heard.values or {}
    found = [_say_rule(heard, name, by_id[name].en, by_id[name].zh, table) for name in rules]
    found += heard.ring.reasons if heard.ring is not None else ()
    found += heard.score_reasons
    rarity = {} if learned is None else learned.marks
    told: dict[str, Reason] = {}
    for mark in sorted(marks, key=lambda name: -rarity.get(name, 0)):
        told.setdefault(SIGNALS[mark].tells, SIGNALS[mark].say(values))
    for one in heard.strange:
        told.setdefault(one.feature, say_strange(one))
    return tuple([*found, *told.values()][: table.most_reasons])


def _say_rule(heard: Heard, name: str, en: str, zh: str, table: VerdictTable) -> Reason:
    hits = [hit for hit in heard.hits or () if hit.meaning != "allow" and _explains(name, hit, table)]
    english = "; ".join(dict.fromkeys(f"{hit.kind} on {hit.list_name}" for hit in hits))
    chinese = "、".join(dict.fromkeys(f"{KIND_ZH.get(hit.kind, hit.kind)}（{hit.list_name}）" for hit in hits))
    said = en.format(hits=english, hits_zh=chinese), zh.format(hits=english, hits_zh=chinese)
    return Reason(f"fraud_{name}", *said, "soft_signal", "fraud")


def _explains(rule: str, hit: FraudHit, table: VerdictTable) -> bool:
    """Return whether a hit is one that a rule speaks of."""
    return any(one in rule_formulas(table.rules)[rule].names for one in _weighs_on(hit, table))


def say_strange(one: StrangeFeature) -> Reason:
    """Return the sentence of a feature that makes an application strange: its value, and what is usual.

    >>> say_strange(StrangeFeature("device_count_30d", 9.0, 1.0, 2.0, 800_000)).en
    '9 devices in the last 30 days (usual: 1 to 2)'
    """
    feature = FRAUD[one.feature]
    said = feature.say(None if one.value is None else round(one.value))
    low, high = round(one.usual_low), round(one.usual_high)
    en = f"{said.en} (usual: {show_value(low, feature.unit)} to {show_value(high, feature.unit)})"
    zh = f"{said.zh}（通常{show_value_zh(low, feature.unit)}至{show_value_zh(high, feature.unit)}）"
    return Reason(f"fraud_strange_{one.feature}", en, zh, "soft_signal", "fraud")


def say_grade(found: FraudFound, floors: Mapping[str, int], table: VerdictTable = TABLE) -> str:
    """Return in one English sentence how a grade came about, for a reviewer.

    >>> say_grade(FraudFound(grade="D", suspicion_milli=9_000, anomaly_ppm=990_000), {"D": 8_500})
    'grade D: as rare as 9.0 nats, D begins at 8.5; stranger than 99.0 % of applications'
    """
    rules = [rule.id for rule in table.rules if rule.id in found.marks]
    parts = [f"by the rules {', '.join(rules)}"] if rules else []
    if found.suspicion_milli is not None:
        floor = f", {found.grade} begins at {floors[found.grade] / 1_000:.1f}" if found.grade in floors else ""
        parts.append(f"as rare as {found.suspicion_milli / 1_000:.1f} nats{floor}")
    if found.anomaly_ppm is not None:
        parts.append(f"stranger than {show_percent(found.anomaly_ppm, 1)} of applications")
    return f"grade {found.grade}: " + "; ".join(parts or ["nothing measured how strange it is"])
