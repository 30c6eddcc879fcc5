"""In: product files (``products/<name>.toml``). Out: frozen, checked `Product` values. Used: by offers, partners and the desk.

A product names its feature set, model, label, policy and schedule, and holds every assumption once: its base value, the range
that a report stresses, and where it comes from.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from importlib.resources import files
from itertools import pairwise
from typing import Annotated, Any, Final, Self, TypeVar

import msgspec

from weilend.core.credit import MAX_MONTHS, Method
from weilend.core.errors import InputError, NotFoundError, PolicyError
from weilend.core.ids import content_hash
from weilend.core.money import PPM
from weilend.lending.fees import DeclaredFee
from weilend.lending.rules import RULES

Ppm = Annotated[int, msgspec.Meta(ge=0, le=PPM)]
Fen = Annotated[int, msgspec.Meta(gt=0)]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Band = Annotated[int, msgspec.Meta(gt=0)]
T = TypeVar("T")
_FOLDER: Final = files("weilend.lending").joinpath("products")


class Assumption(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number that nobody measured: what is taken for it, what it might be instead, and where it comes from.

    >>> load_product("enterprise_loan").assumptions["funding_rate_ppm"].stress
    (25000, 35000, 50000)
    """

    base: int
    stress: Annotated[tuple[int, ...], msgspec.Meta(min_length=1)]
    source: Text


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an offer may be: amounts in fen, yearly rates in ppm, both inclusive.

    >>> load_product("enterprise_loan").terms.min_amount_fen
    10000000
    """

    min_amount_fen: Fen
    max_amount_fen: Fen
    amount_step_fen: Fen
    min_annual_rate_ppm: Ppm
    max_annual_rate_ppm: Ppm
    max_share_behind_one_customer_ppm: Ppm


class Product(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A product: what is asked, read, assumed and offered. `grades` are PD bands in ppm, upper bounds exclusive.

    `fees` are all that a borrower pays besides interest, to anybody; `penalty_ppm` is what overdue money bears as a multiple of the
    contract rate (0 for none), `early_fee_ppm` what is charged on principal repaid early; `lender_type` says which caps hold.

    >>> product = load_product("enterprise_loan")
    >>> product.zh, product.assumptions["portfolio_bad_rate_ppm"].base, product.terms.max_amount_fen
    ('企业贷', 80000, 100000000)
    """

    name: Text
    en: Text
    zh: Text
    feature_set: Text
    model: Text
    label: Text
    policy: Text
    schedule: Method
    months: Annotated[int, msgspec.Meta(ge=1, le=MAX_MONTHS)]
    terms: Terms
    assumptions: dict[str, Assumption]
    grades: dict[str, Band]
    churn_class: dict[str, Text]
    lender_type: Text = "finance_institution"
    penalty_ppm: Annotated[int, msgspec.Meta(ge=0)] = 1_500_000
    early_fee_ppm: Ppm = 0
    fees: tuple[DeclaredFee, ...] = ()

    @property
    def identity(self) -> str:
        """The content hash of all that the product says.

        What it says by default counts as unsaid: a product that was sealed before there were fees keeps its hash.
        """
        usual = {field.name: field.default for field in msgspec.structs.fields(self)}
        said = {field: getattr(self, field) for field in self.__struct_fields__}
        return content_hash({name: value for name, value in said.items() if value != usual[name]})

    def assumed(self, name: str) -> int:
        """Return the base value of an assumption; raises `NotFoundError`.

        >>> load_product("enterprise_loan").assumed("loss_given_default_ppm")
        650000
        """
        return _named(self, name).base

    def with_assumptions(self, **bases: int) -> Self:
        """Return the product under other base values, such as those of a stress; it has another identity.

        Raises `NotFoundError` for a name that the product does not assume, `InputError` for a share that is none.

        >>> load_product("enterprise_loan").with_assumptions(funding_rate_ppm=50_000).assumed("funding_rate_ppm")
        50000
        """
        assumptions = dict(self.assumptions)
        for name, base in bases.items():
            assumptions[name] = msgspec.structs.replace(_named(self, name), base=base)
            if not _in_unit(name, base):
                raise InputError(f"{name} cannot be {base}", hint=f"give 0 to {PPM} parts per million")
        return msgspec.structs.replace(self, assumptions=assumptions)


#: Tables whose entries have names of their own: typed one by one first, so that an error can name the entry.
_TABLES: Final[dict[str, Any]] = {"assumptions": Assumption, "grades": Band, "churn_class": Text}


def load_product(name: str) -> Product:
    """Return a product by the name of its file; raises `NotFoundError`, or `PolicyError` for a malformed file.

    >>> load_product("no_such_loan")
    Traceback (most recent call last):
    weilend.core.errors.NotFoundError: no product 'no_such_loan'. Hint: there is: enterprise_loan
    """
    if name not in PRODUCTS:
        raise NotFoundError(f"no product {name!r}", hint=f"there is: {', '.join(PRODUCTS)}")
    return read_product(_FOLDER.joinpath(f"{name}.toml").read_text(encoding="utf-8"), file=f"{name}.toml")


def read_product(text: str, *, file: str) -> Product:
    """Return the product that a TOML text says; `file` is its name, for errors. Raises `PolicyError`.

    >>> read_product('name = ""', file="loan.toml")
    Traceback (most recent call last):
    weilend.core.errors.PolicyError: loan.toml: ...
    """
    product = _typed(text, file)
    stem = file.removesuffix(".toml")
    if product.name != stem:
        raise PolicyError(f"{file}: name is {product.name!r}", hint=f"name = {stem!r}, as the file is called")
    for key, is_right, hint in _CHECKS:
        if not is_right(product):
            raise PolicyError(f"{file}: {key} is wrong", hint=hint)
    _check_assumptions(product, file)
    return product


def _typed(text: str, file: str) -> Product:
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{file}: {error}", hint="write it as TOML; the built-in products show how") from None
    for table, sort in _TABLES.items():
        entries = raw.get(table)
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            _converted(entry, sort, file, f"{table}.{name}")
    return _converted(raw, Product, file, "")


def _converted(raw: Any, sort: type[T], file: str, key: str) -> T:
    try:
        return msgspec.convert(raw, sort)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at ")
        place = f"{key}{path.strip('`').removeprefix('$')}".strip(".") or "the top"
        raise PolicyError(f"{file}: {place}: {what}", hint="compare it with the built-in products") from None


def _check_assumptions(product: Product, file: str) -> None:
    for name, assumption in product.assumptions.items():
        if assumption.base not in assumption.stress:
            raise PolicyError(f"{file}: assumptions.{name}.stress lacks the base value", hint=f"add {assumption.base} to it")
        if not all(_in_unit(name, value) for value in assumption.stress):
            raise PolicyError(f"{file}: assumptions.{name} is out of range", hint=f"give 0 to {PPM} parts per million")


def _in_unit(name: str, value: int) -> bool:
    return 0 <= value <= PPM or not name.endswith("_ppm")


def _named(product: Product, name: str) -> Assumption:
    if name not in product.assumptions:
        raise NotFoundError(
            f"{product.name} assumes no {name!r}", hint=f"there is: {', '.join(product.assumptions) or 'nothing assumed'}"
        )
    return product.assumptions[name]


def _ascending(values: list[int]) -> bool:
    return all(low < high for low, high in pairwise(values))


#: What types cannot say: the key, whether it is right, and what to do when it is not.
_CHECKS: Final[tuple[tuple[str, Callable[[Product], Any], str], ...]] = (
    (
        "terms.max_amount_fen",
        lambda product: product.terms.min_amount_fen <= product.terms.max_amount_fen,
        "give at least min_amount_fen",
    ),
    (
        "terms.amount_step_fen",
        lambda product: (
            not product.terms.min_amount_fen % product.terms.amount_step_fen
            and not product.terms.max_amount_fen % product.terms.amount_step_fen
        ),
        "the smallest and the largest amount must be multiples of it",
    ),
    (
        "terms.max_annual_rate_ppm",
        lambda product: product.terms.min_annual_rate_ppm <= product.terms.max_annual_rate_ppm,
        "give at least min_annual_rate_ppm",
    ),
    (
        "grades",
        lambda product: product.grades and _ascending(list(product.grades.values())),
        "write the grades from the safest, each with a higher bound than the one before it",
    ),
    (
        "grades",
        lambda product: list(product.grades.values())[-1] > PPM,
        f"the last bound must be {PPM + 1}, so that every PD has a grade",
    ),
    (
        "penalty_ppm",
        lambda product: not product.penalty_ppm or RULES.min_penalty_ppm <= product.penalty_ppm <= RULES.max_penalty_ppm,
        f"give {RULES.min_penalty_ppm} to {RULES.max_penalty_ppm}, or 0 for none",
    ),
    (
        "fees",
        lambda product: (
            all((fee.rate_ppm > 0) != (fee.amount_fen > 0) for fee in product.fees)
            and all((fee.amount_fen > 0) == fee.basis.startswith("fixed") for fee in product.fees)
        ),
        "a fixed fee has an amount_fen, any other a rate_ppm, and none has both",
    ),
    (
        "churn_class",
        lambda product: product.churn_class.keys() <= product.grades.keys(),
        "its keys are grades",
    ),
)


def _names() -> Iterator[str]:
    return (entry.name.removesuffix(".toml") for entry in _FOLDER.iterdir() if entry.name.endswith(".toml"))


#: The products that there are: one for each file.
PRODUCTS: Final = tuple(sorted(_names()))
