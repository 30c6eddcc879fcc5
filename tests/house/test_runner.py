"""The suite is dealt out as it says: tests that share something dear stay with one worker."""

from __future__ import annotations

import os

import pytest


@pytest.mark.xdist_group("kept together")
def test_groups_of_tests_stay_together(request):
    """A runner that ignores groups makes every home and every Spark session twice, and tells nobody."""
    if "PYTEST_XDIST_WORKER" not in os.environ or request.config.getvalue("dist") == "no":
        pytest.skip("the suite is not dealt out to workers: make test does")
    assert request.node.nodeid.endswith("@kept together")
