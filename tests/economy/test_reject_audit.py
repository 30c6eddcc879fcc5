"""What the audit says of the declined comes from the accepted alone, and the truth beside it is the truth."""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.economy.audit.rejects import Asked, study_rejects


def applicants(rows: int = 900) -> Asked:
    dice = np.random.default_rng(4)
    seen = dice.standard_normal((rows, 3))
    bad = dice.random(rows) < 1 / (1 + np.exp(1.2 + seen[:, 0]))
    approved = seen[:, 0] + 0.5 * dice.standard_normal(rows) > 0
    return Asked(
        names=("a", "b", "c"),
        signs=(1, 0, 0),
        values=np.rint(1_000 * seen).astype(np.int64),
        known=np.ones((rows, 3), np.bool_),
        firm=np.arange(rows),
        month=np.zeros(rows, np.int64),
        approved=approved,
        taken=approved & (dice.random(rows) < 0.8),
        bad=bad,
    )


def test_outcomes_of_the_declined_are_shown_to_the_last_line_only():
    asked = applicants()
    other = msgspec.structs.replace(asked, bad=np.where(asked.approved, asked.bad, ~asked.bad))
    one, two = (study_rejects(each, seed=1) for each in (asked, other))
    assert one.bands == two.bands
    assert one.all_ppm != two.all_ppm
    assert one.covered == (True, True, True)
    counted = asked.taken | ~asked.approved
    assert abs(one.all_ppm - 1e6 * asked.bad[counted].mean()) < 1


def test_with_hardly_a_bad_one_nothing_is_said():
    asked = applicants()
    assert study_rejects(msgspec.structs.replace(asked, bad=np.zeros(len(asked.bad), np.bool_)), seed=1) is None
