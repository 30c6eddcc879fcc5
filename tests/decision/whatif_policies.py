"""The small example policy with more to it: an exploring slice, a second experiment, and inputs that an applicant can change."""

from __future__ import annotations

from functools import cache

import msgspec

from weilend.core.records import Field
from weilend.decision import Evaluator, Policy, compile_policy
from weilend.decision.example import example_policy
from weilend.decision.parts import Arm, Experiment, Rule

SALES = Field("sales_fen_12m", "integer", 0, 10**13, unit="fen")


def compiled(policy: Policy) -> Evaluator:
    return compile_policy(policy, {SALES.name: SALES}, {"funding_rate_ppm": 50_000}, schedule="equal_instalment")


@cache
def exploring() -> Evaluator:
    """Grade B is declined, but for one owner in ten; a quarter of grade A pays more, which turns nothing there."""
    policy = example_policy()
    weak = Rule(id="weak", class_="hard_stop", topic="credit", when="grade = 'B' and lend_count = 0", en="weak", zh="弱")
    explore = Experiment(
        name="explore",
        salt="x",
        when="grade = 'B'",
        exploration=True,
        arms=(
            Arm(name="no", share_ppm=900_000, values={"lend_count": 0}),
            Arm(name="yes", share_ppm=100_000, values={"lend_count": 1}),
        ),
    )
    dearer = Experiment(
        name="dearer",
        salt="y",
        arms=(
            Arm(name="no", share_ppm=750_000, values={"more_ppm": 0}),
            Arm(name="yes", share_ppm=250_000, values={"more_ppm": 100}),
        ),
    )
    price = msgspec.structs.replace(policy.floor_rate, formula="funding_rate_ppm + more_ppm + mul_rate(pd_ppm, 600000)")
    changed = msgspec.structs.replace(policy, experiments=(explore, dearer), rules=(*policy.rules, weak), floor_rate=price)
    return compiled(changed)
