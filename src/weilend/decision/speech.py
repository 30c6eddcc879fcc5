"""In: a policy and its program. Out: `Speech`, how each finding and limit is said. Used: by the evaluator, after it has decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from weilend.core.money import PPM
from weilend.core.values import Outcome, Reason
from weilend.decision.limits import LOWEST
from weilend.decision.parts import Policy, Rule, Source
from weilend.decision.price import TERM
from weilend.decision.program import Finding, Program
from weilend.decision.wording import Say, placeholders, prepare, say_unknown, show, show_zh, shower
from weilend.formula.tree import Value

Labels = Mapping[str, tuple[str, str]]

#: How what a program computes is called where it is not known.
GRADE = ("the grade", "信用等级")
LABELS = {
    "grade": GRADE,
    "ceiling_fen": ("the limit", "额度上限"),
    "floor_rate_ppm": ("the lowest rate", "最低利率"),
    "months": ("the term", "期限"),
}
#: Names for reasons only: what lies outside the model's experience.
OUTSIDE = ("outside_en", "outside_zh")
#: Where one of these is read, a model had a part in the reason; so it has in a matrix and in the price.
FROM_MODEL = frozenset({
    "pd_ppm", "points", "owner_pd_ppm", "owner_points", "business_pd_ppm", "business_points", "grade", "floor_rate_ppm",
})  # fmt: skip

#: The class of a finding that no rule brings.
CLASS_OF: dict[Outcome, str] = {"decline": "hard_stop", "refer": "referral", "approve": "soft_signal"}
_REFUSED = ("too old or outside the range that the policy accepts: {}", "数据过期或超出政策可接受范围：{}")
_ABSENT = {
    "missing": ("{} is missing", "缺少{}"),
    "stale": ("{} is too old", "{}已过期"),
    "not_pulled": ("{} was not asked for, because the answer was clear without it", "未查询{}，因结论已明确"),
}
_BLIND = {
    "ceiling_unknown": ("the limit cannot be computed from what is known", "现有信息不足以计算额度上限", "capacity"),
    "floor_rate_unknown": ("the price cannot be computed from what is known", "现有信息不足以计算最低利率", "price"),
}


class Speech(msgspec.Struct, frozen=True, eq=False):
    """How a program speaks: `codes` and `findings` in the program's order, `blaming` those in which a model had a part, `limits` by
    name.

    All are said from the values of `shown`; those of `OUTSIDE` follow where a finding of `telling` holds or a limit of it binds.

    >>> from weilend.decision.example import example_evaluator
    >>> speech = example_evaluator().speech
    >>> values = dict.fromkeys(speech.shown) | {"grade": "B", "cap_fen": 10_000_000}
    >>> speech.limits["grade_cap"](tuple(values.values())).en
    'grade B is lent at most ¥100,000'
    """

    shown: tuple[str, ...]
    codes: tuple[str, ...]
    findings: tuple[Say, ...]
    blaming: frozenset[int]
    telling: frozenset[int | str]
    limits: dict[str, Say]


def make_speech(policy: Policy, program: Program, units: Mapping[str, str], numbers: Mapping[str, int]) -> Speech:
    """Return how a program speaks, its sentences ready but for the values; `numbers` are its parameters."""
    rules = {one.step: (one.rule, _names(program, one.step)) for one in program.rules}
    shown = _shown(policy, rules, numbers)
    places = {name: place for place, name in enumerate((*shown, *OUTSIDE))}

    def word(code: str, en: str, zh: str, class_: str, topic: str) -> Say:
        return prepare(code, en, zh, places, units, numbers, class_=class_, topic=topic)

    labels = _labels(policy)
    special = _special(policy, program, places, labels)

    def say(finding: Finding) -> Say:
        if finding.code in special:
            return special[finding.code]
        rule, names = rules[finding.step]
        if finding.on_null:
            return _unknown(rule, names, places, labels)
        return word(rule.id, rule.en, rule.zh, rule.class_, rule.topic)

    models = FROM_MODEL | set(policy.matrix)
    blaming = {step for step, (_, names) in rules.items() if not models.isdisjoint(names)} | {"price_above_cap"}
    telling = {step for step, (rule, _) in rules.items() if _tells(rule.en + rule.zh)}
    hard = [finding.outcome != "approve" and not finding.on_null for finding in program.findings]
    return Speech(
        shown=shown,
        codes=tuple(finding.code for finding in program.findings),
        findings=tuple(say(finding) for finding in program.findings),
        blaming=frozenset(at for at, finding in enumerate(program.findings) if hard[at] and finding.step in blaming),
        telling=frozenset(
            (
                *(at for at, finding in enumerate(program.findings) if finding.step in telling),
                *(limit.name for limit in policy.limits if _tells(limit.en + limit.zh)),
            )
        ),
        limits={one.name: word(f"limit_{one.name}", one.en, one.zh, "limit", "capacity") for one in policy.limits},
    )


def _tells(text: str) -> bool:
    return not set(OUTSIDE).isdisjoint(placeholders(text))


def _names(program: Program, step: str) -> tuple[str, ...]:
    formula = next(one.formula for one in program.steps if one.name == step)
    return tuple(sorted(formula.names))


def _shown(policy: Policy, rules: Mapping[str, tuple[Rule, tuple[str, ...]]], numbers: Mapping[str, int]) -> tuple[str, ...]:
    texts = [text for rule in policy.rules for text in (rule.en, rule.zh)]
    texts += [text for limit in policy.limits for text in (limit.en, limit.zh)]
    wanted = {name for text in texts for name in placeholders(text)} | {name for _, names in rules.values() for name in names}
    wanted |= {source.status for source in policy.sources} | {TERM, "floor_rate_ppm", "months", LOWEST}
    return tuple(sorted(wanted - set(numbers) - set(OUTSIDE)))


def _labels(policy: Policy) -> dict[str, tuple[str, str]]:
    labels = LABELS | {name: (given.en, given.zh) for name, given in policy.inputs.items()}
    labels |= dict.fromkeys(policy.grades[0].values, GRADE)
    labels |= {source.status: (source.en, source.zh) for source in policy.sources}
    labels |= {name: (given.en or name, given.zh or name) for name, given in policy.matrix.items()}
    arms = (name for one in policy.experiments for name in (one.name, *one.arms[0].values))
    return labels | {name: (name, name) for name in arms}


def _special(policy: Policy, program: Program, places: Mapping[str, int], labels: Labels) -> dict[str, Say]:
    """Return how the findings are said that no rule brings."""
    said: dict[str, Say] = {}
    for name in program.refused:
        en, zh = (text.format(label) for text, label in zip(_REFUSED, labels[name], strict=True))
        said[f"{name}_refused"] = _always(Reason(f"{name}_refused", en, zh, "referral", "data"))
    for source in policy.sources:
        said[f"{source.name}_missing"] = _absent(source, places[source.status])
    for code, (en, zh, topic) in _BLIND.items():
        said[code] = _always(Reason(code, en, zh, "referral", topic))
    said["price_above_cap"] = _above_cap(program, places)
    said["shorter_term"] = _shorter(program, places[TERM])
    return said


def _always(reason: Reason) -> Say:
    return lambda _: reason


def _absent(source: Source, place: int) -> Say:
    class_ = "hard_stop" if source.missing == "decline" else "referral"
    said = {
        status: Reason(f"{source.name}_missing", en.format(source.en), zh.format(source.zh), class_, "data")
        for status, (en, zh) in _ABSENT.items()
    }
    return lambda values: said[str(values[place])]


def _above_cap(program: Program, places: Mapping[str, int]) -> Say:
    """Say what the last term must bear and what it may, as nominal annual rates."""
    rate, last = places["floor_rate_ppm"], program.terms[-1]
    highest = last.highest_rate_ppm
    over = show(last.term.months, "months"), show_zh(last.term.months, "months")
    english, chinese = shower("ppm"), shower("ppm", chinese=True)
    most = (show(highest, "ppm"), show_zh(highest, "ppm")) if highest >= 0 else ("no rate at all", "任何利率")
    return lambda values: Reason(
        "price_above_cap",
        f"a rate that covers cost and expected loss over {over[0]}, {english(values[rate])}, is above {most[0]},"
        " the highest whose whole cost is within the cap",
        f"期限{over[1]}时覆盖成本与预期损失的利率{chinese(values[rate])}高于综合成本上限所容许的{most[1]}",
        "hard_stop",
        "price",
    )


def _shorter(program: Program, place: int) -> Say:
    """Say that the term is shorter, and the limit less, than wished for."""
    first = program.terms[0].term
    said = {}
    for number, one in enumerate(program.terms[1:], start=2):
        term = one.term
        less_en = less_zh = ""
        if term.ceiling_share_ppm < PPM:
            less_en = f", the limit {show(term.ceiling_share_ppm, 'ppm')} of what it were else"
            less_zh = f"，额度按{show_zh(term.ceiling_share_ppm, 'ppm')}核定"
        en = f"over {show(first.months, 'months')} it would cost more than the cap; the term is {show(term.months, 'months')}"
        zh = f"期限{show_zh(first.months, 'months')}时综合成本超过上限，期限定为{show_zh(term.months, 'months')}"
        said[number] = Reason("shorter_term", en + less_en, zh + less_zh, "soft_signal", "price")
    return lambda values: said[int(str(values[place]))]


def _unknown(rule: Rule, names: Sequence[str], places: Mapping[str, int], labels: Labels) -> Say:
    class_ = CLASS_OF["decline" if rule.unknown == "decline" else "refer"]

    def say(values: Sequence[Value]) -> Reason:
        missing = [name for name in names if values[places[name]] is None]
        return say_unknown(rule.id, missing, labels, class_, rule.topic)

    return say
