"""In: a module of this folder and what to tell it. Out: what a process of its own took. Used: where memory is measured too."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from subprocess import PIPE, Popen

import msgspec

from bench.measure import DisagreementError


class Cost(msgspec.Struct, frozen=True):
    """What a process took: seconds on the wall and of processor time, and the most memory in MB."""

    wall: float
    cpu: float
    megabytes: float


def run(module: str, *given: str) -> Cost:
    """Return what a module takes in a process of its own, which ends with `say_peak`.

    Raises `DisagreementError` where it ends with another status than 0.
    """
    began = time.perf_counter()
    with Popen([sys.executable, "-m", f"bench.{module}", *given], stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.read().splitlines()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise DisagreementError(f"bench.{module} {given[0]} ended with status {process.returncode}")
    return Cost(time.perf_counter() - began, used.ru_utime + used.ru_stime, float(said[-1]))


def say_peak() -> None:
    """Print the most memory that this process had, in MB: what its parent is told begins with what that one had itself."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    print(int(peak) / 1e3)
