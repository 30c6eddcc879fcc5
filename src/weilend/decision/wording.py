"""In: reason texts with {names} in them, and values. Out: sentences in English and Chinese. Used: where a decision says why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import get_args

from weilend.core.values import Contribution, Reason, Score
from weilend.features.spec import Unit, show_value, show_value_zh
from weilend.formula.tree import Value

_NAME = re.compile(r"\{(\w+)\}")
_UNITS = get_args(Unit)

#: Reasons that name a model's part in a decision; more would be a list, not a reason.
MODEL_REASONS = 3


def placeholders(text: str) -> list[str]:
    """Return the names in braces in a reason's text.

    >>> placeholders("{share} of sales, above {line}")
    ['share', 'line']
    """
    return _NAME.findall(text)


def say(code: str, en: str, zh: str, values: Mapping[str, Value], units: Mapping[str, str]) -> Reason:
    """Return a reason with its names replaced by values, each shown in its unit.

    >>> say("c", "{share} of sales", "占销售额{share}", {"share": 250_000}, {"share": "ppm"})
    Reason(code='c', en='25.0 % of sales', zh='占销售额25.0 %')
    """
    english = _NAME.sub(lambda found: show(values.get(found[1]), units.get(found[1], "")), en)
    return Reason(code, english, _NAME.sub(lambda found: show_zh(values.get(found[1]), units.get(found[1], "")), zh))


def show(value: Value, unit: str) -> str:
    """Return a value in English; a unit that features do not have is shown as it is.

    >>> show(10_000_000, "fen"), show(None, "fen"), show("C", "")
    ('¥100,000', '(not known)', 'C')
    """
    if value is None:
        return "(not known)"
    return show_value(value, unit) if isinstance(value, int) and unit in _UNITS else str(value)  # type: ignore[arg-type]


def show_zh(value: Value, unit: str) -> str:
    """Return a value in Chinese.

    >>> show_zh(10_000_000, "fen"), show_zh(None, "fen")
    ('10.00万元', '（未知）')
    """
    if value is None:
        return "（未知）"
    return show_value_zh(value, unit) if isinstance(value, int) and unit in _UNITS else str(value)  # type: ignore[arg-type]


def say_unknown(code: str, names: Sequence[str], labels: Mapping[str, tuple[str, str]]) -> Reason:
    """Return the reason that something is not known, and what.

    >>> say_unknown("thin", ["history_months"], {"history_months": ("months of history", "经营月数")})
    Reason(code='thin_unknown', en='not known: months of history', zh='未知：经营月数')
    """
    english = ", ".join(labels[name][0] for name in names)
    return Reason(f"{code}_unknown", f"not known: {english}", f"未知：{'、'.join(labels[name][1] for name in names)}")


def outside(score: Score | None) -> dict[str, str]:
    """Return the values that the model has not seen the like of, as its own sentences say them, for reasons to name.

    >>> cv = Contribution("cv", 9, -5, 20, Reason("cv", "sales varied by 900 %", "销售额波动900 %"))
    >>> outside(Score(model_id="m", base_points=0, points=0, pd_ppm=0, contributions=(cv,), outside=("cv", "age")))
    {'outside_en': 'sales varied by 900 %; age', 'outside_zh': '销售额波动900 %；age'}
    """
    names = () if score is None else score.outside
    said = {} if score is None else {given.feature: given.reason for given in score.contributions}
    reasons = [said.get(name, Reason(name, name, name)) for name in names]
    return {"outside_en": "; ".join(why.en for why in reasons), "outside_zh": "；".join(why.zh for why in reasons)}


def strengths(contributions: Sequence[Contribution]) -> list[Reason]:
    """Return what gained the most points, most first; ties keep the model's order.

    >>> strengths([Contribution("a", 1, -5, 20, Reason("a", "", "")), Contribution("b", 1, 15, 0, Reason("b", "", ""))])
    [Reason(code='b', en='', zh='')]
    """
    ranked = sorted((given for given in contributions if given.points > 0), key=lambda given: -given.points)
    return [given.reason for given in ranked[:MODEL_REASONS]]


def weaknesses(contributions: Sequence[Contribution]) -> list[Reason]:
    """Return what lost the most points against the best that each feature could bring, most first.

    >>> weaknesses([Contribution("a", 1, -5, 20, Reason("a", "", "")), Contribution("b", 1, 15, 0, Reason("b", "", ""))])
    [Reason(code='a', en='', zh='')]
    """
    ranked = sorted((given for given in contributions if given.lost > 0), key=lambda given: -given.lost)
    return [given.reason for given in ranked[:MODEL_REASONS]]
