"""The enterprise loan as the desk compiles it."""

import tomllib
from importlib.resources import files

import pytest

from weilend.decision.compiler import compile_policy
from weilend.decision.evaluator import Evaluator
from weilend.decision.parameters import product_parameters
from weilend.decision.policy import load_policy
from weilend.features.invoice import INVOICE_FEATURES


@pytest.fixture(scope="session")
def parameters() -> dict[str, int]:
    text = (files("weilend.lending") / "products" / "enterprise_loan.toml").read_text(encoding="utf-8")
    return product_parameters(tomllib.loads(text))


@pytest.fixture(scope="session")
def fields():
    return {feature.name: feature.as_field() for feature in INVOICE_FEATURES}


@pytest.fixture(scope="session")
def evaluator(fields, parameters) -> Evaluator:
    return compile_policy(load_policy("enterprise_loan"), fields, parameters)
