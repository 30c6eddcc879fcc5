"""What campaigns over broken files keep to: processor seconds a file, and the peak memory of the process and its workers."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WORK_SECONDS = 5.0
PEAK_BYTES = 1_000_000_000
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
_WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def spent_seconds() -> float:
    """Processor time of this process and of the workers that it waited for."""
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, _WHO))


def peak_bytes() -> int:
    """The most memory that this process, or one of its workers, ever had."""
    return max(resource.getrusage(who).ru_maxrss for who in _WHO) * _PEAK_UNIT


def resident_bytes() -> int:
    """What this process holds now, where the system says so, else its peak: other tests may have left much."""
    path = Path("/proc/self/statm")
    return int(path.read_text("ascii").split()[1]) * resource.getpagesize() if path.exists() else peak_bytes()


@contextmanager
def bounded(what: object, *, seconds: float = WORK_SECONDS, memory_bytes: int = PEAK_BYTES) -> Iterator[None]:
    """Fail where the work inside takes longer, or drives the peak beyond what is allowed; a peak of before is not its own."""
    begun, before, held = spent_seconds(), peak_bytes(), resident_bytes()
    yield
    took, peak = spent_seconds() - begun, peak_bytes()
    assert took < seconds, f"{what} took {took:.1f} s"
    assert peak <= max(before, held + memory_bytes), f"{what} took {peak - held:,} bytes"
