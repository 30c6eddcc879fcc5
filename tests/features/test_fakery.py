"""What it costs to fake a feature is said of every feature, and two sources are as hard as the harder one."""

from __future__ import annotations

from weilend.core.records import FORBIDDEN_TO_FEATURES, KINDS
from weilend.features.fakery import FAKERIES, LEVELS, rate_fakery
from weilend.features.sets import LIBRARY
from weilend.features.spec import Feature, Part


def test_every_feature_is_rated_in_two_languages() -> None:
    for feature in LIBRARY.features:
        fakery = rate_fakery(feature)
        assert fakery.level in LEVELS
        assert fakery.en
        assert fakery.zh


def test_a_rating_is_of_a_kind_or_of_one_of_its_columns() -> None:
    for name in FAKERIES:
        kind, _, column = name.partition(".")
        assert kind not in FORBIDDEN_TO_FEATURES
        assert not column or KINDS[kind].field(column)


def test_two_sources_are_as_hard_as_the_harder_one() -> None:
    common = {
        "name": "x",
        "aggregate": "log_ratio",
        "days": 9,
        "unit": "ppm",
        "lo": 0,
        "hi": 1,
        "sign": 0,
        "why": "",
        "en": "",
        "zh": "",
    }
    books, tax = Part("ledger_line", value="debit_fen"), Part("tax_filing", value="paid_fen")
    assert rate_fakery(Feature(of=books, against=tax, **common)).level == "costly"  # type: ignore[arg-type]
    assert rate_fakery(Feature(of=books, **common)).level == "free"  # type: ignore[arg-type]
