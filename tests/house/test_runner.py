"""The suite is dealt out as it says: tests that share something dear stay with one worker."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from weilend.testing.documents import ofd_file


def _collected(seed: int) -> list[str]:
    """Return the names of all tests, as a worker of its own collects them."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-n", "0", "-p", "no:cacheprovider"]
    told = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": str(seed)}, check=True)
    return [line for line in told.stdout.splitlines() if "::" in line]


@pytest.mark.nightly
def test_a_suite_collected_later_is_the_same_suite():
    """Workers that collect two suites run none; a name made of the clock or of a set's order does so one time in many."""
    first = _collected(seed=1)
    time.sleep(3)  # a zip's clock ticks every two seconds
    assert len(first) > 1_000
    assert first == _collected(seed=77)


def test_a_file_made_later_has_the_same_bytes(monkeypatch):
    first = ofd_file(tags="t")
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    assert ofd_file(tags="t") == first


@pytest.mark.parametrize("content", [b"a file"])
def test_bytes_name_no_test(request, content):
    assert "file" not in request.node.callspec.id


@pytest.mark.xdist_group("kept together")
def test_groups_of_tests_stay_together(request):
    """A runner that ignores groups makes every home and every Spark session twice, and tells nobody."""
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("the suite is not dealt out by groups: make test does")
    assert request.node.nodeid.endswith("@kept together")
