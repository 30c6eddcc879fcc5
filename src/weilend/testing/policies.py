"""In: nothing. Out: a policy of the size that a lender runs, compiled with a card inside. Used: by laws, and for scale."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from weilend.core.records import Field
from weilend.decision import Evaluator, Policy, compile_policy, load_policy
from weilend.decision.facts import FACTS
from weilend.features.spec import Feature, Part
from weilend.formula.tree import Value
from weilend.models.card import Card, Characteristic, seal

#: The variables of the card, the cut points of each, and whether more is safer.
VARIABLES: Final[dict[str, tuple[tuple[int, ...], bool]]] = {
    "sales_fen_12m": ((10_000_000, 50_000_000, 200_000_000, 1_000_000_000), True),
    "sales_fen_3m": ((1_000_000, 10_000_000, 50_000_000), True),
    "orders_count_6m": ((50, 200, 1_000, 5_000), True),
    "refund_rate_6m": ((20_000, 50_000, 100_000, 200_000), False),
    "positive_review_rate_6m": ((900_000, 950_000, 980_000), True),
    "shop_age_months": ((12, 24, 48, 72), True),
    "top_buyer_share_12m": ((100_000, 300_000, 500_000), False),
    "receipts_fen_12m": ((10_000_000, 50_000_000, 200_000_000), True),
    "least_balance_fen_3m": ((0, 1_000_000, 10_000_000), True),
    "overdraft_days_6m": ((0, 5, 15), False),
    "owner_overdue_days_24m": ((0, 7, 30), False),
    "owner_loans_count": ((1, 3, 6), False),
    "owner_inquiries_3m": ((1, 3, 6), False),
    "card_use_rate": ((200_000, 500_000, 800_000), False),
    "registered_months": ((12, 36, 72), True),
}
#: What a bin brings, from the riskiest to the safest; what is not known brings as much as the middle.
_POINTS: Final = (-12, -4, 3, 8, 13)

#: A firm that is lent to, and what others have otherwise: size, sources, arm, risk, exposure.
_GOOD: Final[dict[str, Value]] = {
    "sales_fen_12m": 300_000_000, "sales_fen_6m": 150_000_000, "sales_fen_3m": 80_000_000, "orders_count_6m": 900,
    "refund_rate_6m": 40_000, "positive_review_rate_6m": 970_000, "shop_age_months": 40, "top_buyer_share_12m": 90_000,
    "receipts_fen_12m": 280_000_000, "receipts_fen_3m": 70_000_000, "least_balance_fen_3m": 2_000_000, "overdraft_days_6m": 0,
    "night_transfer_share_6m": 50_000, "tax_sales_fen_12m": 250_000_000, "late_filings_count_12m": 0,
    "owner_overdue_days_24m": 0, "owner_loans_count": 2, "owner_debt_fen": 50_000_000, "owner_inquiries_3m": 1,
    "card_use_rate": 300_000, "registered_months": 50, "legal_changes_count_12m": 0, "court_cases_count_24m": 0,
    "devices_count_90d": 2, "shared_device_owners_count": 0, "days_since_last_order": 1, "owner_pd_ppm": 20_000,
    "exposure_fen": 0, "group_exposure_fen": 0, "open_loans_count": 0, "fraud_status": "clear", "row_age_seconds": 0,
    "shop_status": "present", "bank_status": "present", "tax_status": "present", "bureau_status": "present",
    "margin_test_draw_ppm": 5, "pd_ppm": 50_000, "points": 560, "outside_count": 0,
}  # fmt: skip
_CHANGES: Final[tuple[dict[str, Value], ...]] = (
    {},
    {"sales_fen_12m": 2_000_000_000, "receipts_fen_12m": 1_900_000_000, "orders_count_6m": 9_000, "shop_age_months": 90},
    {"bank_status": "missing"},
    {"bank_status": "stale", "tax_status": "not_pulled"},
    {"margin_test_draw_ppm": 950_000, "owner_pd_ppm": 160_000},
    {"owner_overdue_days_24m": 10, "owner_loans_count": 7, "owner_inquiries_3m": 5, "card_use_rate": 700_000},
    {"owner_overdue_days_24m": 20, "top_buyer_share_12m": 400_000, "refund_rate_6m": 150_000, "shop_age_months": 20},
    {"group_exposure_fen": 140_000_000, "exposure_fen": 20_000_000, "open_loans_count": 1},
)


@cache
def large_evaluator(*, card: bool = True) -> Evaluator:
    """Return the large policy compiled: 50 rules, a card of 15 variables, eight limits, three terms.

    Without its card, points and PD are facts that somebody gives.

    >>> evaluator = large_evaluator()
    >>> len(evaluator.policy.rules), len(VARIABLES), len(evaluator.program.terms)
    (50, 15, 3)
    """
    policy = large_policy()
    return compile_large(policy, large_card(policy) if card else None)


def compile_large(policy: Policy, card: Card | None = None) -> Evaluator:
    """Return the large policy, or one that differs from it in some parts, compiled.

    >>> compile_large(large_policy()).program.outcome
    'outcome'
    """
    fields = {
        name: Field(name, "integer", given.lo, given.hi, unit=given.unit)
        for name, given in policy.inputs.items()
        if name not in FACTS
    }
    return compile_policy(policy, fields, {}, schedule="equal_instalment", card=card)


def large_policy() -> Policy:
    """Return the large policy as it stands in its file, which shows every part of the language.

    >>> large_policy().name
    'large'
    """
    return load_policy(Path(str(files("weilend.testing") / "large_policy.toml")))


def large_card(policy: Policy) -> Card:
    """Return a card over fifteen inputs of the large policy, as if it had been fitted.

    >>> len(large_card(large_policy()).pd_ppm) > 200
    True
    """
    card = Card(
        characteristics=tuple(_characteristic(policy, name, *about) for name, about in VARIABLES.items()),
        base_points=500,
        lowest_points=0,
        pd_ppm=(),
        prior_ppm=80_000,
        anchor_ppm=80_000,
        sample_ppm=80_000,
        rows=10_000,
        bads=800,
        seed=1,
        strength_micro=1_000,
    )
    return seal(card)


def _characteristic(policy: Policy, name: str, cuts: tuple[int, ...], more_is_safer: bool) -> Characteristic:  # noqa: FBT001
    given, size = policy.inputs[name], len(cuts) + 1
    points = _POINTS[:size] if more_is_safer else _POINTS[:size][::-1]
    feature = Feature(
        name=name,
        aggregate="sum",
        of=Part("order"),
        months=12,
        unit=given.unit,  # type: ignore[arg-type]
        lo=given.lo or 0,
        hi=given.hi or 0,
        sign=1 if more_is_safer else -1,
        why=given.en,
        en=f"{given.en}: {{value}}",
        zh=f"{given.zh}：{{value}}",
    )
    flat = (0,) * size
    return Characteristic(
        feature=feature,
        cuts=cuts,
        points=points,
        null_points=_POINTS[size // 2],
        woe_micro=flat,
        null_woe_micro=0,
        rows=(1_000,) * size,
        bads=(80,) * size,
        null_rows=100,
        null_bads=8,
        coefficient_micro=1_000_000,
        information_micro=1,
        seen_lo=min(0, cuts[0]),
        seen_hi=cuts[-1] * 20,
    )


def large_cases() -> list[dict[str, Value]]:
    """Return worked applications of the large policy, by raw field: a good one, and some that differ from it in a few values.

    >>> large_evaluator().answer(large_cases()[0]).outcome
    'approve'
    """
    return [{**_GOOD, **changes} for changes in _CHANGES]
