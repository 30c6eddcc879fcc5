"""Whatever differs between two policies is told, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import msgspec
import pytest

from weilend.decision import Policy, differences, dump_policy, load_policy, policy_names
from weilend.decision.differences import KEYS, SECTIONS, find_differences
from weilend.decision.parts import PolicyContent
from weilend.testing.policies import large_policy

POLICY = large_policy()
replace = msgspec.structs.replace


def told(new: Policy) -> list[str]:
    return [difference.en for difference in find_differences(POLICY, new)]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every plain value in nested tables."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [place for key, part in pairs for place in leaves(part, (*path, key))]
    yield from inner or [path]


def changed(value: Any, path: tuple[Any, ...]) -> Any:
    """Return tables with another value at a path: a number one higher, a text with a letter more."""
    made = deepcopy(value)
    place = made
    for key in path[:-1]:
        place = place[key]
    old = place[path[-1]]
    place[path[-1]] = (
        not old if isinstance(old, bool) else old + 1 if isinstance(old, int) else f"{old}x" if isinstance(old, str) else old
    )
    return made


@pytest.mark.parametrize("policy", [POLICY, *map(load_policy, policy_names())], ids=lambda policy: policy.name)
def test_no_value_changes_unsaid(policy):
    """Every number and word that is part of a policy's identity, changed one at a time."""
    plain = json.loads(dump_policy(policy))
    same = msgspec.convert(plain, PolicyContent)
    seen = 0
    for path in leaves(plain):
        try:
            other = msgspec.convert(changed(plain, path), PolicyContent)
        except msgspec.ValidationError:
            continue  # a word of a few, such as a class
        if other != same:
            seen += 1
            assert find_differences(policy, other), path
    assert seen > 100
    assert find_differences(policy, policy) == ()


def test_rules_are_new_gone_changed_and_moved():
    first, second, third, *rest = POLICY.rules
    new = replace(third, id="brand_new", when="orders_count_6m < 5")
    said = told(replace(POLICY, rules=(replace(second, class_="hard_stop", unknown="decline"), third, new, *rest)))
    assert said == [
        "rule brand_new is new: hard_stop, orders_count_6m < 5",
        "rule no_orders is gone: hard_stop, days_since_last_order > 90",
        "rule few_orders, class: referral → hard_stop",
        "rule few_orders, where it is not known: refer → decline",
    ]
    assert told(replace(POLICY, rules=(third, first, second, *rest))) == ["rule no_sales now stands first"]
    assert told(replace(POLICY, rules=(second, third, first, *rest))) == ["rule no_orders now stands after no_sales"]


def test_numbers_are_shown_in_their_units():
    cap, share = POLICY.parameters["group_cap_fen"], POLICY.parameters["sales_share_ppm"]
    parameters = POLICY.parameters | {
        "group_cap_fen": replace(cap, base=200_000_000),
        "sales_share_ppm": replace(share, base=150_001),
    }
    assert sorted(told(replace(POLICY, parameters=parameters))) == [
        "parameter group_cap_fen, value: ¥1,500,000 → ¥2,000,000",
        "parameter sales_share_ppm, value: 20 % → 15.0001 %",
    ]


def test_price_grades_experiments_and_sources_are_told():
    price = replace(POLICY.floor_rate, convention="nominal", terms=POLICY.floor_rate.terms[:2])
    grade = replace(POLICY.grades[0], when="pd_ppm < 20000", values={"grade_cap_fen": 80_000_000})
    source = replace(POLICY.sources[0], missing="decline")
    new = replace(
        POLICY, floor_rate=price, grades=(grade, *POLICY.grades[1:]), sources=(source, *POLICY.sources[1:]), experiments=()
    )
    assert told(new) == [
        "grade A, condition: pd_ppm < 30000 → pd_ppm < 20000",
        "grade A, values: grade_cap_fen ¥1,000,000 → grade_cap_fen ¥800,000",
        "price, convention of the cost: effective → nominal",
        "price, terms: months 12, ceiling_share_ppm 100 %; months 6, ceiling_share_ppm 60 %; "
        "months 3, ceiling_share_ppm 30 % → months 12, ceiling_share_ppm 100 %; months 6, ceiling_share_ppm 60 %",
        "experiment margin_test is gone: grade = 'B'",
        "source shop, where it is missing: refer → decline",
    ]


def test_a_formula_that_is_folded_otherwise_is_no_change():
    rule = POLICY.rules[3]
    folded = replace(rule, when=rule.when.replace(" and ", "\n    and  "))
    assert told(replace(POLICY, rules=(*POLICY.rules[:3], folded, *POLICY.rules[4:]))) == []


def test_everything_is_said_in_chinese_too():
    parameters = POLICY.parameters | {"group_cap_fen": replace(POLICY.parameters["group_cap_fen"], base=200_000_000)}
    (difference,) = find_differences(POLICY, replace(POLICY, parameters=parameters))
    assert difference.zh == "参数 group_cap_fen，取值：¥1,500,000 → ¥2,000,000"
    for words in (*SECTIONS.values(), *KEYS.values()):
        assert all(words)
        assert not words[1].isascii()


def test_a_planted_blind_spot_is_seen(monkeypatch):
    """Were values compared as they are shown, shares that differ in the last digit would be alike."""
    rounded = lambda value: round(value, -3) if isinstance(value, int) else str(value)  # noqa: E731
    monkeypatch.setattr(differences, "_unfolded", rounded)
    with pytest.raises(AssertionError):
        test_no_value_changes_unsaid(POLICY)
