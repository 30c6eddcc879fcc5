"""In: figures. Out: the short texts that every section writes them with, and the sentences that claim. Used: by every section.

What a sentence may claim hangs on the interval of its figure, and only on that: where it contains zero nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Final, Literal

from weilend.core.money import PPM, show_percent, show_yuan
from weilend.models.folds import SEEDS
from weilend.models.metrics import Interval
from weilend.report import show

Side = Literal["above", "below", "undecided"]

TOSS_PPM: Final = 500_000  # the AUC of a coin


def yuan(fen: int) -> str:
    """Return an amount in whole yuan.

    >>> yuan(180_426_022), yuan(-149)
    ('¥1,804,260', '-¥1')
    """
    return show_yuan(round(fen, -2))


def percent(ppm: int, places: int = 1) -> str:
    """Return a share as a percentage that no line break parts; whole ones lose their decimals.

    >>> percent(80_000).split(), percent(74_512).split(), percent(74_512, 2).split()
    (['8', '%'], ['7.5', '%'], ['7.45', '%'])
    """
    return show_percent(ppm, 0 if ppm % 10_000 == 0 else places).replace(" ", "\N{NO-BREAK SPACE}")


def share_ppm(part: int, whole: int) -> int:
    """Return part over whole in ppm, 0 of nothing.

    >>> share_ppm(27, 123), share_ppm(0, 0)
    (219512, 0)
    """
    return round(PPM * part / whole) if whole else 0


def share(part: int, whole: int) -> str:
    r"""Return how many of how many, and the percentage.

    >>> share(27, 123)
    '27 of 123 (22.0\xa0%)'
    """
    return f"{part:,} of {whole:,} ({percent(share_ppm(part, whole))})" if whole else f"{part:,} of {whole:,}"


def plural(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun.

    >>> plural(1, "business", "businesses"), plural(1_200, "row")
    ('1 business', '1,200 rows')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def businesses(count: int) -> str:
    """Return a number of businesses.

    >>> businesses(1), businesses(302)
    ('1 business', '302 businesses')
    """
    return plural(count, "business", "businesses")


def wilson(part: int, whole: int) -> tuple[int, int]:
    """Return the 95 % interval of a share in ppm (Wilson 1927), which stays honest where a count is 0 or small.

    >>> wilson(0, 40), wilson(27, 123)
    ((0, 87622), (155475, 300539))
    """
    z, rate = 1.959964, part / whole
    middle = (rate + z * z / (2 * whole)) / (1 + z * z / whole)
    reach = z / (1 + z * z / whole) * sqrt(rate * (1 - rate) / whole + z * z / (4 * whole * whole))
    return round(PPM * max(0.0, middle - reach)), round(PPM * min(1.0, middle + reach))


def span(interval: Interval, *, signed: bool = False) -> str:
    """Return an interval as fractions.

    >>> span(Interval(0, -47_158, 42_558), signed=True)
    '-0.047 to +0.043'
    """
    low, high = (show(end, "fraction_ppm", signed=signed) for end in (interval.lo_ppm, interval.hi_ppm))
    return f"{low} to {high}"


def side_of(interval: Interval, reference_ppm: int = 0) -> Side:
    """Return on which side of a reference an interval lies as a whole.

    >>> side_of(Interval(5, 1, 9)), side_of(Interval(5, -1, 9)), side_of(Interval(-5, -9, -1))
    ('above', 'undecided', 'below')
    """
    if interval.lo_ppm > reference_ppm:
        return "above"
    return "below" if interval.hi_ppm < reference_ppm else "undecided"


#: What may be said of a paired difference in AUC, for a heading and for a sentence.
_HEADINGS: Final[dict[Side, tuple[str, str]]] = {
    "above": ("The card ranks better than {other}", "评分卡排序优于{other_zh}"),
    "below": ("The card ranks worse than {other}", "评分卡排序劣于{other_zh}"),
    "undecided": ("No difference to {other} is shown", "未显示与{other_zh}有差异"),
}
_SENTENCES: Final[dict[Side, str]] = {
    "above": "the whole interval lies above 0, so on these businesses the card ranks better than {other}",
    "below": "the whole interval lies below 0, so on these businesses the card ranks worse than {other}",
    "undecided": "the interval contains 0, so no difference to {other} is shown, in either direction",
}


def head_difference(difference: Interval, other: str, other_zh: str) -> tuple[str, str]:
    """Return what a heading may say of a paired difference in AUC, in English and Chinese.

    >>> head_difference(Interval(-7_000, -47_000, 43_000), "size alone", "规模")
    ('No difference to size alone is shown', '未显示与规模有差异')
    """
    english, chinese = _HEADINGS[side_of(difference)]
    return english.format(other=other), chinese.format(other_zh=other_zh)


def say_difference(difference: Interval, other: str) -> str:
    """Return the sentence on a paired difference in AUC: the figure, its interval, and what that allows.

    >>> say_difference(Interval(-7_000, -47_000, 43_000), "size alone")
    '-0.007 (-0.047 to +0.043): the interval contains 0, so no difference to size alone is shown, in either direction'
    """
    figure = show(difference.estimate_ppm, "fraction_ppm", signed=True)
    return f"{figure} ({span(difference, signed=True)}): {_SENTENCES[side_of(difference)].format(other=other)}"


def say_auc(interval: Interval | None) -> str:
    """Return what an AUC with its interval shows against a coin.

    >>> say_auc(Interval(700_000, 490_000, 880_000))
    'the interval contains 0.5, so nothing is shown'
    """
    if interval is None:
        return "no goods or no bads, so there is nothing to rank"
    side = side_of(interval, TOSS_PPM)
    return {
        "above": "above 0.5: bads get fewer points than goods",
        "below": "below 0.5: bads get more points than goods",
        "undecided": "the interval contains 0.5, so nothing is shown",
    }[side]


def say_seeds(seeds: Sequence[int]) -> str:
    """Return which of the published seeds a figure is over.

    >>> say_seeds(range(1, 6)), say_seeds(range(1, 21))
    ('5 of the 20 published seeds (1–5)', 'all 20 published seeds (1–20)')
    """
    listed = f"{seeds[0]}–{seeds[-1]}" if len(seeds) > 2 else ", ".join(str(seed) for seed in seeds)
    if len(seeds) < len(SEEDS):
        return f"{len(seeds)} of the {len(SEEDS)} published seeds ({listed})"
    return f"all {len(SEEDS)} published seeds ({listed})"
