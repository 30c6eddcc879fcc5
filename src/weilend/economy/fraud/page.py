"""In: the patterns. Out: the table of patterns for the documentation. Used: by the page on fraud, which a test holds against it."""

from __future__ import annotations

from weilend.economy.constants import declared
from weilend.economy.fraud.planting import PATTERNS, Pattern

_HEAD = ("pattern", "中文", "of applications, %", "mechanics", "signature", "cost", "withheld", "source")


def tell_patterns() -> str:
    """Return a Markdown table of all patterns, in their order.

    >>> tell_patterns().count("| yes |")
    2
    """
    rows = [_HEAD, tuple("---" for _ in _HEAD), *(_row(PATTERNS[name]) for name in PATTERNS)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _row(one: Pattern) -> tuple[str, ...]:
    share = declared()[one.share]
    prevalence = f"{100 * share.value:g} ({100 * share.lo:g} to {100 * share.hi:g})"
    return (
        f"`{one.name}`",
        one.zh,
        prevalence,
        one.mechanics,
        one.signature,
        one.cost,
        "yes" if one.withheld else "no",
        one.source,
    )
