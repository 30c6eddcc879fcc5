"""In: reason texts with {names} in them, and values. Out: sentences in English and Chinese. Used: where a decision says why."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from weilend.core.values import Reason, Score
from weilend.features.spec import SHOWN, SHOWN_ZH
from weilend.formula.tree import Value

_NAME = re.compile(r"\{(\w+)\}")

NOT_KNOWN, NOT_KNOWN_ZH = "(not known)", "（未知）"

#: How a reason is said from values.
Say = Callable[[Sequence[Value]], Reason]

#: Reasons that name a model's part in a decision; more would be a list, not a reason.
MODEL_REASONS = 3


def placeholders(text: str) -> list[str]:
    """Return the names in braces in a reason's text.

    >>> placeholders("{share} of sales, above {line}")
    ['share', 'line']
    """
    return _NAME.findall(text)


def prepare(
    code: str,
    en: str,
    zh: str,
    places: Mapping[str, int],
    units: Mapping[str, str],
    numbers: Mapping[str, int],
    *,
    class_: str = "",
    topic: str = "",
) -> Say:
    """Return the function that says a reason from values in `places`; `numbers` never change and are written at once.

    >>> share = prepare("c", "{share} of sales", "占销售额{share}", {"share": 0}, {"share": "ppm"}, {})
    >>> share((250_000,))
    Reason(code='c', en='25.0 % of sales', zh='占销售额25.0 %', class_='', topic='')
    >>> prepare("c", "below {line}", "低于{line}", {}, {"line": "months"}, {"line": 12})(()).en
    'below 12 months'
    """

    def fixed(text: str, shown: Callable[[Value, str], str]) -> str:
        names = {name: shown(numbers[name], units.get(name, "")) for name in placeholders(text) if name in numbers}
        return _NAME.sub(lambda found: names.get(found[1], found[0]), text)

    english, chinese = fixed(en, show), fixed(zh, show_zh)
    names = [placeholders(text) for text in (english, chinese)]
    forms = [_NAME.sub("%s", text.replace("%", "%%")) for text in (english, chinese)]
    if not names[0] and not names[1]:
        always = Reason(code, english, chinese, class_, topic)
        return lambda _: always
    if names[0] == names[1] and len(names[0]) == 1:
        name = names[0][0]
        return _say_one(Reason(code, forms[0], forms[1], class_, topic), places[name], units.get(name, ""))
    english_values = [(places[name], shower(units.get(name, ""))) for name in names[0]]
    chinese_values = [(places[name], shower(units.get(name, ""), chinese=True)) for name in names[1]]
    return lambda values: Reason(
        code,
        forms[0] % tuple([shown(values[place]) for place, shown in english_values]),
        forms[1] % tuple([shown(values[place]) for place, shown in chinese_values]),
        class_,
        topic,
    )


def _say_one(form: Reason, place: int, unit: str) -> Say:
    """Return how a reason with one value is said, the most frequent sort: its sentences are the form's, with %s in them."""
    code, en, zh, class_, topic = form.code, form.en, form.zh, form.class_, form.topic
    english, chinese = SHOWN.get(unit, str), SHOWN_ZH.get(unit, str)
    unknown = Reason(code, en % NOT_KNOWN, zh % NOT_KNOWN_ZH, class_, topic)

    def say(values: Sequence[Any]) -> Reason:
        value = values[place]
        return unknown if value is None else Reason(code, en % english(value), zh % chinese(value), class_, topic)

    def say_alike(values: Sequence[Any]) -> Reason:
        value = values[place]
        if value is None:
            return unknown
        shown = english(value)
        return Reason(code, en % shown, zh % shown, class_, topic)

    return say_alike if english is chinese else say


def shower(unit: str, *, chinese: bool = False) -> Callable[[Value], str]:
    """Return the function that shows values of a unit; one that features do not have is shown as it is.

    >>> shower("months")(3), shower("months", chinese=True)(None), shower("")("C")
    ('3 months', '（未知）', 'C')
    """
    shown: Callable[[Any], str] = (SHOWN_ZH if chinese else SHOWN).get(unit, str)
    unknown = NOT_KNOWN_ZH if chinese else NOT_KNOWN
    return lambda value: unknown if value is None else shown(value)


def show(value: Value, unit: str) -> str:
    """Return a value in English.

    >>> show(10_000_000, "fen"), show(None, "fen"), show("C", "")
    ('¥100,000', '(not known)', 'C')
    """
    return shower(unit)(value)


def show_zh(value: Value, unit: str) -> str:
    """Return a value in Chinese.

    >>> show_zh(10_000_000, "fen"), show_zh(None, "fen")
    ('10.00万元', '（未知）')
    """
    return shower(unit, chinese=True)(value)


def say_unknown(
    code: str, names: Sequence[str], labels: Mapping[str, tuple[str, str]], class_: str = "", topic: str = ""
) -> Reason:
    """Return the reason that something is not known, and what.

    >>> say_unknown("thin", ["history_months"], {"history_months": ("months of history", "经营月数")})
    Reason(code='thin_unknown', en='not known: months of history', zh='未知：经营月数', class_='', topic='')
    """
    english = ", ".join(labels[name][0] for name in names)
    return Reason(
        f"{code}_unknown", f"not known: {english}", f"未知：{'、'.join(labels[name][1] for name in names)}", class_, topic
    )


def say_outside(score: Score) -> tuple[str, str]:
    """Return the values that the model has not seen the like of, as its own sentences say them, in English and Chinese.

    >>> from weilend.core.values import Contribution
    >>> cv = Contribution("cv", 9, -5, 20, Reason("cv", "sales varied by 900 %", "销售额波动900 %"))
    >>> say_outside(Score(model_id="m", base_points=0, points=0, pd_ppm=0, contributions=(cv,), outside=("cv", "age")))
    ('sales varied by 900 %; age', '销售额波动900 %；age')
    """
    said = {given.feature: given.reason for given in score.contributions}
    reasons = [said.get(name, Reason(name, name, name)) for name in score.outside]
    return "; ".join(why.en for why in reasons), "；".join(why.zh for why in reasons)


def strongest(values: Sequence[int]) -> list[int]:
    """Return the places of the largest values above zero, three at most, largest first; equals keep their order.

    >>> strongest([5, 0, 9, 9, 7])
    [2, 3, 4]
    """
    found: list[int] = []
    for value in sorted(values, reverse=True)[:MODEL_REASONS]:
        if value > 0:
            after = found[-1] + 1 if found and values[found[-1]] == value else 0
            found.append(values.index(value, after))
    return found


def of_model(reason: Reason) -> Reason:
    """Return what a model says of a value as a reason of a decision.

    >>> of_model(Reason("age", "3 years old", "3年")).class_
    'model'
    """
    return Reason(reason.code, reason.en, reason.zh, "model", "credit")
