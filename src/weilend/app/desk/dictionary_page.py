"""In: every feature. Out: the data dictionary as a page to search. Used: as `weilend features list --page FILE`."""

from __future__ import annotations

from weilend.app.desk.dictionary import SIGNS, describe_feature
from weilend.features.sets import THEMES
from weilend.features.spec import Feature
from weilend.report import Bullets, Entry, Glossary, Page, Section


def dictionary_page() -> Page:
    """Return the data dictionary as a page: every feature of every theme, to be searched in English and Chinese.

    >>> [section.title for section in dictionary_page().sections][:2]
    ['Every feature', 'How to read it']
    """
    entries = tuple(_entry(theme, feature) for theme, features in THEMES.items() for feature in features)
    how = (
        "**Window**: complete calendar months before the month of the as_of, or days of 24 hours before it.",
        "**Credit sign**: declared before any data was seen; a model may not turn it round.",
        "**History needed**: with less of it the value is *not known*, which is never zero.",
        "**To fake**: what it costs a business to look better. Assumptions of practitioners, for an order of magnitude.",
    )
    return Page(
        title="Data dictionary",
        title_zh="数据字典",
        lead=f"{len(entries)} features in {len(THEMES)} themes: what each counts, over which window, and why it matters.",
        sections=(
            Section(id="features", title="Every feature", title_zh="全部特征",
                    blocks=(Glossary(entries=entries, prompt="Search, such as refund 90 · 搜索，如 退款"),)),
            Section(id="reading", title="How to read it", title_zh="阅读说明", blocks=(Bullets(how),)),
        ),
    )  # fmt: skip


def _entry(theme: str, feature: Feature) -> Entry:
    facts = tuple((str(what), str(value)) for what, value in describe_feature(feature)[1:])
    tags = (theme.replace("_", " "), feature.reach.text, feature.unit, SIGNS[feature.sign])
    return Entry(
        name=feature.name,
        line=feature.en.replace("{value}", "…"),
        line_zh=feature.zh.replace("{value}", "…"),
        tags=tags,
        facts=facts,
    )
