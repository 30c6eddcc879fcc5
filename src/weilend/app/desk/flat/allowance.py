"""In: the seconds that a build may take, and a clock. Out: when each step must end, what was cut short. Used: by builds of tables.

Time never changes a result in silence: a step asks before each piece of its work, and what it then leaves undone is kept as a `Cut`
that the report, the manifest and the terminal tell. Where nothing was cut the clock has had no part in the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from weilend.core.money import PPM

Clock = Callable[[], int]
Step = Literal["search", "judge", "reasons", "sources", "declined"]
#: Until which share of the time (ppm) each step goes on; what a step leaves over is the next one's. Trainings come first: a report
#: without its extras is a report, a challenger without its judgement is nothing. The last tenth is for what cannot be cut.
ENDS: Final[dict[Step, int]] = {
    "search": 400_000, "judge": 600_000, "reasons": 680_000, "sources": 820_000, "declined": 900_000,
}  # fmt: skip


class Cut(msgspec.Struct, frozen=True):
    """Work that ended before its end because of time: `done` pieces `of` so many.

    >>> Cut("trials", 7, 12).text, Cut("trials", 12, 12).text
    ('trials: 7 of 12', 'trials: all 12, but not what follows them')
    """

    what: str
    done: int
    of: int

    @property
    def text(self) -> str:
        """The cut in words."""
        return f"{self.what}: " + (
            f"{self.done} of {self.of}" if self.done < self.of else f"all {self.of}, but not what follows them"
        )


class Allowance:
    """The time of one build, from now on; without `seconds` it never ends, and the clock is never read.

    >>> ticks = iter([0, 10, 24])
    >>> allowance = Allowance(60, lambda: next(ticks))
    >>> stop = allowance.watch("trials", "search", of=12)
    >>> stop(), stop(), stop(), allowance.cuts
    (False, True, True, (Cut(what='trials', done=1, of=12),))
    """

    def __init__(self, seconds: int | None = None, clock: Clock = lambda: 0) -> None:
        self.seconds = seconds
        self._clock = clock
        self._began = 0 if seconds is None else clock()
        self._cuts: list[Cut] = []

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """What was cut short until now."""
        return tuple(self._cuts)

    def watch(self, what: str, step: Step, *, of: int, share_ppm: int = PPM) -> Callable[[], bool]:
        """Return what is asked before each of `of` pieces of work and says whether there is no time left for it.

        `share_ppm` is how much of the step's own time this may use, counted from the step before.
        """
        begin = max((end for end in ENDS.values() if end < ENDS[step]), default=0)
        end = begin + (ENDS[step] - begin) * share_ppm // PPM
        done, cut = 0, False

        def stop() -> bool:
            nonlocal done, cut
            if not cut and self._is_past(end):
                cut = True
                self._cuts.append(Cut(what, done, of))
            done += 1
            return cut

        return stop

    def _is_past(self, end_ppm: int) -> bool:
        return self.seconds is not None and (self._clock() - self._began) * PPM >= self.seconds * end_ppm
