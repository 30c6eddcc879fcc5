"""The suite is dealt out as it says: tests that share something dear stay with one worker."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("kept together")
def test_groups_of_tests_stay_together(request):
    """A runner that ignores groups makes every home and every Spark session twice, and tells nobody."""
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("the suite is not dealt out by groups: make test does")
    assert request.node.nodeid.endswith("@kept together")
