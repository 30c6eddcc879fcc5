"""Two policies to test the engine with: one over invoices, and one in which every part of the language stands once."""

import sys
from pathlib import Path

import pytest

from weilend.core.records import Field
from weilend.decision.compiler import compile_policy
from weilend.decision.evaluator import Evaluator
from weilend.decision.policy import load_policy
from weilend.features.invoice import INVOICE_FEATURES

sys.path.insert(0, str(Path(__file__).parent))  # what tests of this room share

LOAN, EXAMPLE = (Path(__file__).parent / "files" / f"{name}_example.toml" for name in ("invoice", "shop"))
PRODUCT = {
    "min_amount_fen": 10_000_000,
    "max_amount_fen": 100_000_000,
    "amount_step_fen": 1_000_000,
    "min_annual_rate_ppm": 40_000,
    "max_annual_rate_ppm": 150_000,
    "funding_rate_ppm": 35_000,
    "loss_given_default_ppm": 650_000,
    "grade_a_ppm": 30_000,
    "grade_b_ppm": 80_000,
    "grade_c_ppm": 160_000,
}
SHOP_FIELDS = {
    name: Field(name, "integer", 0, hi, unit=unit)
    for name, hi, unit in (
        ("sales_fen_12m", 10**13, "fen"),
        ("history_months", 1_200, "months"),
        ("events_count", 100, "count"),
        ("queries_count", 10_000, "count"),
    )
}


@pytest.fixture(scope="session")
def parameters() -> dict[str, int]:
    return dict(PRODUCT)


@pytest.fixture(scope="session")
def fields():
    return {feature.name: feature.as_field() for feature in INVOICE_FEATURES}


@pytest.fixture(scope="session")
def evaluator(fields, parameters) -> Evaluator:
    return compile_policy(load_policy(LOAN), fields, parameters, schedule="interest_first")


@pytest.fixture(scope="session")
def make_shop():
    """Compile the example, changed."""

    def make(policy=None, **parameters: int) -> Evaluator:
        given = {"funding_rate_ppm": 50_000} | parameters
        return compile_policy(policy or load_policy(EXAMPLE), SHOP_FIELDS, given, schedule="equal_instalment")

    return make


@pytest.fixture(scope="session")
def shop(make_shop) -> Evaluator:
    return make_shop()
