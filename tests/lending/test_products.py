from __future__ import annotations

from importlib.resources import files

import msgspec
import pytest

from weilend.core.errors import InputError, NotFoundError, PolicyError
from weilend.lending.products import PRODUCTS, load_product, read_product

TEXT = files("weilend.lending").joinpath("products/enterprise_loan.toml").read_text(encoding="utf-8")


def test_every_file_is_a_product_that_loads() -> None:
    assert "enterprise_loan" in PRODUCTS
    for name in PRODUCTS:
        assert load_product(name).name == name


def test_the_enterprise_loan_holds_the_declared_assumptions() -> None:
    product = load_product("enterprise_loan")
    assert {name: (assumption.base, assumption.stress) for name, assumption in product.assumptions.items()} == {
        "portfolio_bad_rate_ppm": (80_000, (30_000, 80_000, 150_000, 220_000)),
        "loss_given_default_ppm": (650_000, (450_000, 650_000, 850_000)),
        "funding_rate_ppm": (35_000, (25_000, 35_000, 50_000)),
    }
    assert (product.terms.min_amount_fen, product.terms.max_amount_fen) == (10_000_000, 100_000_000)
    assert (product.terms.min_annual_rate_ppm, product.terms.max_annual_rate_ppm) == (40_000, 150_000)
    assert list(product.grades) == ["A", "B", "C", "D"]
    assert "D" not in product.churn_class
    assert (product.schedule, product.months) == ("interest_first", 12)


def test_the_identity_is_that_of_the_content() -> None:
    product = load_product("enterprise_loan")
    comment = read_product("# a remark\n" + TEXT, file="enterprise_loan.toml")
    assert comment.identity == product.identity, "a comment changes nothing"
    stressed = product.with_assumptions(funding_rate_ppm=50_000, loss_given_default_ppm=450_000)
    assert stressed.identity != product.identity
    assert stressed.with_assumptions(funding_rate_ppm=35_000, loss_given_default_ppm=650_000) == product
    assert product.assumed("funding_rate_ppm") == 35_000, "the product itself is frozen"


def test_an_assumption_that_nobody_made_is_refused() -> None:
    product = load_product("enterprise_loan")
    with pytest.raises(NotFoundError, match=r"assumes no 'moon_ppm'.*funding_rate_ppm"):
        product.with_assumptions(moon_ppm=1)
    with pytest.raises(InputError, match="funding_rate_ppm cannot be 1000001"):
        product.with_assumptions(funding_rate_ppm=1_000_001)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "enterprise_loan"', 'name = "other"', "name is 'other'.*as the file is called"),
        ('label = "external_default"\n', "", "the top: .*missing required field `label`"),
        ("months = 12", 'months = "twelve"', "months: Expected `int`"),
        ("months = 12", "months = 0", "months: .*>= 1"),
        ("months = 12", "months = 12\nyears = 1", "the top: .*unknown field `years`"),
        ('schedule = "interest_first"', 'schedule = "balloon"', "schedule: Invalid enum value 'balloon'"),
        ("min_amount_fen = 10_000_000", "min_amount_fen = 1e7", r"terms.min_amount_fen: Expected `int`"),
        ("min_amount_fen = 10_000_000", "min_amount_fen = 200_000_000", "terms.max_amount_fen is wrong.*at least min"),
        ("amount_step_fen = 1_000_000 ", "amount_step_fen = 999 ", "terms.amount_step_fen is wrong.*multiples"),
        ("amount_step_fen = 1_000_000 ", "amount_step_fen = 0 ", "terms.amount_step_fen: .*>= 1"),
        ("max_annual_rate_ppm = 150_000", "max_annual_rate_ppm = 30_000", "terms.max_annual_rate_ppm is wrong"),
        ("max_annual_rate_ppm = 150_000", "max_annual_rate_ppm = 1_500_000", "terms.max_annual_rate_ppm: .*<= 1000000"),
        ("base = 80_000", "base = 81_000", "portfolio_bad_rate_ppm.stress lacks the base value.*add 81000"),
        ("0_000, 220_000]", "0_000, 2_200_000]", "portfolio_bad_rate_ppm is out of range"),
        ("stress = [25_000, 35_000, 50_000]", "stress = []", "funding_rate_ppm.stress: Expected `array` of length >= 1"),
        ("B = 80_000", "B = 30_000", "grades is wrong.*higher bound"),
        ("D = 1_000_001", "D = 1_000_000", "grades is wrong.*every PD has a grade"),
        ('C = "C"', 'E = "C"', "churn_class is wrong.*its keys are grades"),
        ("[terms]", "[terms", "enterprise_loan.toml: Expected"),
    ],
)
def test_a_malformed_file_is_refused_with_file_key_and_what_to_do(old: str, new: str, said: str) -> None:
    assert TEXT.count(old) == 1, "the replacement must hit"
    with pytest.raises(PolicyError, match=said) as caught:
        read_product(TEXT.replace(old, new), file="enterprise_loan.toml")
    assert caught.value.message.startswith("enterprise_loan.toml: ")
    assert caught.value.hint


def test_a_product_is_a_plain_value() -> None:
    product = load_product("enterprise_loan")
    assert msgspec.json.decode(msgspec.json.encode(product), type=type(product)) == product


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("B = 80_000", 'B = "many"', "grades.B: Expected `int`"),
        ("base = 35_000", "basis = 35_000", "assumptions.funding_rate_ppm: .*`basis`|assumptions.funding_rate_ppm: .*`base`"),
        ('A = "A"', "A = 7", "churn_class.A: Expected `str`"),
    ],
)
def test_an_error_inside_a_table_names_the_entry(old: str, new: str, said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        read_product(TEXT.replace(old, new), file="enterprise_loan.toml")
