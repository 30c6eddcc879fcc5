"""In: two policies. Out: what changed from one to the other, in words. Used: by `weilend policy diff`, and by its page.

Parts are told apart by their names: a rule, a limit or a parameter that both have is compared key by key. Cases are no part of what
decides, and are left out. That a formula is folded otherwise over lines is no change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any, Final, Literal

import msgspec

from weilend.core.money import show_percent, show_yuan
from weilend.decision.parts import Policy, PolicyContent

Kind = Literal["added", "removed", "changed", "moved"]
Plain = dict[str, Any]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that changed: in which section, of which part, which key, and the values before and after as people read them.

    >>> moved = Difference(section="parameters", part="margin_ppm", kind="changed", key="base", old="1 %", new="1.5 %")
    >>> moved.en, moved.zh
    ('parameter margin_ppm, value: 1 % → 1.5 %', '参数 margin_ppm，取值：1 % → 1.5 %')
    """

    section: str
    part: str
    kind: Kind
    key: str = ""
    old: str = ""
    new: str = ""

    @property
    def en(self) -> str:
        """The change in English."""
        return self._say(0, ", ", ": ")

    @property
    def zh(self) -> str:
        """The change in Chinese."""
        return self._say(1, "，", "：")

    def _say(self, language: int, comma: str, colon: str) -> str:
        noun = SECTIONS[self.section][language]
        whole = f"{noun} {self.part}".strip()
        if self.kind == "changed":
            key = KEYS.get(self.key, (self.key, self.key))[language]
            return f"{whole}{comma if key else ''}{key}{colon}{self.old or NOTHING} → {self.new or NOTHING}"
        if self.kind == "moved":
            return f"{whole} {(_AFTER if self.new else _FIRST)[language].format(self.new)}"
        said = f"{whole} {KINDS[self.kind][language]}"
        return f"{said}{colon}{self.new or self.old}" if self.new or self.old else said


NOTHING: Final = "–"
#: What each section's parts are called, in the order in which changes are told: first what decides, then what it reads.
SECTIONS: Final = {
    "rules": ("rule", "规则"),
    "limits": ("limit", "额度限制"),
    "grades": ("grade", "等级"),
    "floor_rate": ("price", "定价"),
    "ceiling": ("ceiling", "额度上限"),
    "parameters": ("parameter", "参数"),
    "matrix": ("matrix", "矩阵"),
    "experiments": ("experiment", "实验"),
    "sources": ("source", "数据源"),
    "inputs": ("input", "输入"),
    "accepted": ("accepted unknown", "可接受的未知"),
    "policy": ("policy", "政策"),
}
KINDS: Final = {
    "added": ("is new", "为新增"),
    "removed": ("is gone", "已删除"),
}
_FIRST: Final = ("now stands first", "现排在最前")
_AFTER: Final = ("now stands after {}", "现排在 {} 之后")
#: What keys of parts are called; the others are called as they are.
KEYS: Final = {
    "when": ("condition", "条件"),
    "class": ("class", "类别"),
    "topic": ("topic", "主题"),
    "unknown": ("where it is not known", "未知时"),
    "en": ("English", "英文"),
    "zh": ("Chinese", "中文"),
    "formula": ("formula", "公式"),
    "values": ("values", "取值"),
    "base": ("value", "取值"),
    "lo": ("least", "下限"),
    "hi": ("most", "上限"),
    "about": ("meaning", "含义"),
    "why": ("reason", "理由"),
    "max_age_days": ("days until it is too old", "有效天数"),
    "source": ("source", "来源"),
    "missing": ("where it is missing", "缺失时"),
    "kinds": ("kinds of record", "记录类型"),
    "cost_fen": ("cost of a pull", "查询费用"),
    "timeout_ms": ("milliseconds until it counts as missing", "超时毫秒"),
    "purpose": ("purpose of consent", "授权用途"),
    "terms": ("terms", "期限"),
    "cap": ("highest cost", "综合成本上限"),
    "convention": ("convention of the cost", "成本口径"),
    "fee_ppm": ("fee", "费用"),
    "step": ("step", "取整"),
    "arms": ("arms", "分组"),
    "salt": ("salt", "随机盐"),
    "budget": ("budget of losses", "损失预算"),
    "below": ("bands", "分档"),
    "version": ("version", "版本"),
    "owner": ("owner", "负责人"),
    "product": ("product", "产品"),
}
#: The key by which a part is called, and the keys that say in one line what a part that is new or gone does.
_SUMMARY: Final = {
    "rules": ("class", "when"),
    "limits": ("formula",),
    "grades": ("when",),
    "parameters": ("base",),
    "sources": ("missing",),
    "accepted": ("when", "why"),
    "experiments": ("when",),
}
#: Sections in which the order decides: what is tried or pulled first, which reason is read first, which of equals is named.
_ORDERED: Final = ("rules", "limits", "grades", "experiments", "sources")


def _percent(ppm: int) -> str:
    """Return a rate in percent to its last digit: what differs must not look alike."""
    return f"{show_percent(ppm, 4).removesuffix(' %').rstrip('0').rstrip('.')} %"


_UNIT_SHOWN: Final[dict[str, Callable[[int], str]]] = {"fen": show_yuan, "ppm": _percent}


def find_differences(old: Policy, new: Policy) -> tuple[Difference, ...]:
    """Return what changed from one policy to another: rules first, then limits, grades, price, and what they read.

    >>> from weilend.decision.policy import load_policy
    >>> policy = load_policy("enterprise_loan")
    >>> first, *others = policy.rules
    >>> for one in find_differences(policy, msgspec.structs.replace(policy, owner="nobody", rules=(*others, first))):
    ...     print(one.en)
    rule ... now stands after ...
    policy, owner: credit policy → nobody
    """
    sections_old, sections_new = _sections(old), _sections(new)
    return tuple(
        difference
        for section in SECTIONS
        for difference in _compare_section(section, sections_old[section], sections_new[section])
    )


def _sections(policy: Policy) -> dict[str, dict[str, Plain]]:
    """Return the parts of each section by name, as plain values."""
    plain = {name: msgspec.to_builtins(getattr(policy, name)) for name in PolicyContent.__struct_fields__}
    found: dict[str, dict[str, Plain]] = {"policy": {"": {}}}
    for name, value in plain.items():
        if name in ("floor_rate", "ceiling"):
            found[name] = {"": value}
        elif name in SECTIONS:
            parts = value.items() if isinstance(value, dict) else ((_name_of(part), part) for part in value)
            found[name] = dict(parts)
        else:
            found["policy"][""][name] = value
    return found


def _name_of(part: Mapping[str, Any]) -> str:
    return str(part.get("id") or part.get("name"))


def _compare_section(section: str, old: Mapping[str, Plain], new: Mapping[str, Plain]) -> Iterator[Difference]:
    for name, part in new.items():
        if name not in old:
            yield Difference(section=section, part=name, kind="added", new=_summarise(section, part))
    for name, part in old.items():
        if name in new:
            yield from _compare_part(section, name, part, new[name])
        else:
            yield Difference(section=section, part=name, kind="removed", old=_summarise(section, part))
    yield from _moved(section, [name for name in old if name in new], [name for name in new if name in old])


def _moved(section: str, old: list[str], new: list[str]) -> Iterator[Difference]:
    """Tell the fewest parts whose place must change to get from one order to the other, where order counts."""
    if section not in _ORDERED:
        return
    blocks = SequenceMatcher(a=old, b=new, autojunk=False).get_matching_blocks()
    stayed = {name for block in blocks for name in old[block.a : block.a + block.size]}
    for place, name in enumerate(new):
        if name not in stayed:
            yield Difference(section=section, part=name, kind="moved", new=new[place - 1] if place else "")


def _compare_part(section: str, name: str, old: Plain, new: Plain) -> Iterator[Difference]:
    unit = new.get("unit", "") if section in ("parameters", "inputs") else ""
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key), new.get(key)
        if _unfolded(before) != _unfolded(after):
            shown = (_show(key, value, unit) for value in (before, after))
            yield Difference(section=section, part=name, kind="changed", key=key, old=next(shown), new=next(shown))


def _unfolded(value: Any) -> Any:
    """Return a value as it is compared: where a text breaks its lines says nothing."""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, dict):
        return {key: _unfolded(inner) for key, inner in value.items()}
    return [_unfolded(inner) for inner in value] if isinstance(value, list | tuple) else value


def _summarise(section: str, part: Plain) -> str:
    unit = part.get("unit", "")
    return ", ".join(shown for key in _SUMMARY.get(section, ()) if (shown := _show(key, part.get(key), unit)))


def _show(key: str, value: Any, unit: str = "") -> str:
    """Return a value as people read it: amounts in yuan, rates in percent, formulas in one line."""
    if value is None or value in ({}, (), []):
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_show(name, inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(_show(key, inner) for inner in value)
    ends = next((end for end in _UNIT_SHOWN if key.endswith(f"_{end}")), unit)
    if isinstance(value, int) and ends in _UNIT_SHOWN:
        return _UNIT_SHOWN[ends](value)
    return str(_unfolded(value))
