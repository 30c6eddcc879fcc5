"""In: hits whose outcome is known, and how many were bad. Out: how right a source is, with an interval. Used: by the desk.

The interval is Jeffreys': quantiles of Beta(bad + 1/2, good + 1/2); at no bad hit its lower end is 0, at only bad ones its upper
end 1 (Brown, Cai, DasGupta 2001, "Interval estimation for a binomial proportion").
"""

from __future__ import annotations

import msgspec

from weilend.core.errors import InputError

_TAIL = 0.025


class Precision(msgspec.Struct, frozen=True, kw_only=True):
    """How many applications the entries of a source hit, of how many the outcome is known, how many were bad.

    `share_ppm`, `low_ppm` and `high_ppm` are None where no outcome is known: nobody knows how right the source is.
    """

    list_name: str
    source: str
    hits: int
    known: int
    bad: int
    share_ppm: int | None
    low_ppm: int | None
    high_ppm: int | None


def measure_precision(list_name: str, source: str, hits: int, known: int, bad: int) -> Precision:
    """Return the precision of one source with its 95 % interval.

    >>> one = measure_precision("deny", "court", 30, 20, 15)
    >>> one.share_ppm, one.low_ppm < 750_000 < one.high_ppm
    (750000, True)
    >>> measure_precision("deny", "court", 3, 0, 0).share_ppm is None
    True
    """
    low, high = jeffreys_interval(bad, known) if known else (None, None)
    share = round(bad * 1_000_000 / known) if known else None
    return Precision(
        list_name=list_name, source=source, hits=hits, known=known, bad=bad, share_ppm=share, low_ppm=low, high_ppm=high
    )


def jeffreys_interval(bad: int, known: int) -> tuple[int, int]:
    """Return the 95 % interval of a share in ppm; raises `InputError` where there is nothing to share, or more bad than known.

    >>> jeffreys_interval(0, 10)
    (0, 217196)
    >>> jeffreys_interval(10, 10)[1]
    1000000
    """
    if not 0 <= bad <= known or not known:
        raise InputError(f"{bad} of {known} is no share", hint="count the bad among those whose outcome is known")
    from scipy.special import betaincinv  # late: scipy is slow to load

    low = 0.0 if bad == 0 else float(betaincinv(bad + 0.5, known - bad + 0.5, _TAIL))
    high = 1.0 if bad == known else float(betaincinv(bad + 0.5, known - bad + 0.5, 1 - _TAIL))
    return round(low * 1_000_000), round(high * 1_000_000)
