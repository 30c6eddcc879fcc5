"""In: the product's sheet and the policy files beside this one. Out: both products, compiled policies, their versions, and what
they answer. Used: by months and rivals.

A version has the rules of the file and other numbers: those of its grades, parameters or shares of an experiment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

import msgspec
import numpy as np

from weilend.core.ids import draw_ppm
from weilend.core.values import Outcome
from weilend.decision import Evaluator, Policy, dump_policy, load_policy, restore_policy
from weilend.decision.facts import AGE
from weilend.engine.columns import Array, Texts
from weilend.lending import Product, read_product
from weilend.models.table import Booleans, Floats, Integers

_FOLDER: Final = files("weilend.app.desk.flywheel")
#: The first loans: what sellers are offered, and other firms. They share a sheet (amounts, rates, assumptions, grades) and a model.
SELLER_LOAN, ENTERPRISE_LOAN = "first_seller_loan", "first_enterprise_loan"
_SHEET: Final = "first_loan.toml"
_POLICIES: Final = ("first_seller_rules.toml", "first_enterprise_rules.toml")
#: The grade of an applicant whom no model has scored, and those of a model, safest first.
NO_MODEL, GRADES = "N", ("A", "B", "C", "D", "E", "F", "G", "H")


class Terms(msgspec.Struct, frozen=True):
    """What a grade may owe, in ppm of a month's money from trade, and its yearly rate.

    >>> Terms(1_500_000, 180_000).rate_ppm
    180000
    """

    limit_ppm: int
    rate_ppm: int


def show_terms(terms: Terms) -> str:
    """Return terms in few characters: the limit in months of sales × the yearly rate.

    >>> show_terms(Terms(1_500_000, 200_000)), show_terms(Terms(0, 240_000))
    ('1.5 × 20 %', 'none')
    """
    return f"{terms.limit_ppm / 1_000_000:g} × {terms.rate_ppm / 10_000:g} %" if terms.limit_ppm else "none"


class Answers(msgspec.Struct, frozen=True, eq=False):
    """What a policy said to rows: `approved`, `ceiling_fen` and `rate_ppm` (0 where declined), `grade`, and its arms by name."""

    approved: Booleans
    ceiling_fen: Integers
    rate_ppm: Integers
    grade: tuple[str, ...]
    arms: dict[str, tuple[str, ...]]


class FirstLoan(msgspec.Struct, frozen=True):
    """A product of a run, and its policy of the first day."""

    product: Product
    policy: Policy


def load_first_loans() -> dict[str, FirstLoan]:
    """Return what a lender offers on the first day, by product.

    >>> loans = load_first_loans()
    >>> [(name, one.product.policy == one.policy.name, one.policy.version) for name, one in loans.items()]
    [('first_seller_loan', True, 1), ('first_enterprise_loan', True, 1)]
    """
    sheet = _FOLDER.joinpath(_SHEET).read_text(encoding="utf-8")
    found = {}
    for file in _POLICIES:
        policy = load_policy(str(_FOLDER.joinpath(file)))
        named = {"name": policy.product, "en": policy.en, "zh": policy.zh, "policy": policy.name}
        head = "".join(f"{key} = {json.dumps(text, ensure_ascii=False)}\n" for key, text in named.items())
        found[policy.product] = FirstLoan(read_product(head + sheet, file=f"{policy.product}.toml"), policy)
    return found


def load_first_loan(name: str = SELLER_LOAN) -> FirstLoan:
    """Return one of the two.

    >>> load_first_loan().product.zh
    '电商起步贷'
    """
    return load_first_loans()[name]


def with_numbers(
    policy: Policy,
    *,
    terms: Mapping[str, Terms] | None = None,
    parameters: Mapping[str, int] | None = None,
    shares: Mapping[str, Sequence[int]] | None = None,
) -> Policy:
    """Return the next version of a policy: terms by grade, parameters by name, shares (ppm) of the arms of experiments.

    >>> policy = load_first_loan().policy
    >>> newer = with_numbers(policy, terms={"N": Terms(1_000_000, 200_000)})
    >>> newer.version, newer.grades[0].values["rate_ppm"], newer.identity != policy.identity
    (2, 200000, True)
    """
    grades = tuple(
        msgspec.structs.replace(one, values=msgspec.structs.asdict(terms[one.name])) if terms and one.name in terms else one
        for one in policy.grades
    )
    numbers = {
        name: msgspec.structs.replace(one, base=(parameters or {}).get(name, one.base))
        for name, one in policy.parameters.items()
    }
    experiments = tuple(
        msgspec.structs.replace(
            one,
            arms=tuple(
                msgspec.structs.replace(arm, share_ppm=share)
                for arm, share in zip(one.arms, (shares or {})[one.name], strict=True)
            ),
        )
        if one.name in (shares or {})
        else one
        for one in policy.experiments
    )
    newer = msgspec.structs.replace(
        policy, version=policy.version + 1, grades=grades, parameters=numbers, experiments=experiments
    )
    return restore_policy(dump_policy(newer))


def terms_of(policy: Policy) -> dict[str, Terms]:
    """Return the terms of every grade.

    >>> terms_of(load_first_loan().policy)["N"]
    Terms(limit_ppm=3000000, rate_ppm=240000)
    """
    return {one.name: Terms(one.values["limit_ppm"], one.values["rate_ppm"]) for one in policy.grades}


def numbers_of(policy: Policy) -> dict[str, int]:
    """Return the parameters of a policy by name; those that the product gives are 0.

    >>> numbers_of(load_first_loan().policy)["thin_share_ppm"]
    500000
    """
    return {name: one.base or 0 for name, one in policy.parameters.items()}


def as_unscored(policy: Policy) -> dict[str, Terms]:
    """Return the terms of every grade as those whom no model has scored get them: what all get until a model decides.

    >>> as_unscored(load_first_loan().policy)["A"]
    Terms(limit_ppm=3000000, rate_ppm=240000)
    """
    return dict.fromkeys((NO_MODEL, *GRADES), terms_of(policy)[NO_MODEL])


def shares_of(policy: Policy, experiment: str) -> dict[str, int]:
    """Return the share of each arm of an experiment: the propensity of what it decides.

    >>> shares_of(load_first_loan().policy, "exploring")["lent_to_learn"]
    50000
    """
    (found,) = (one for one in policy.experiments if one.name == experiment)
    return {arm.name: arm.share_ppm for arm in found.arms}


def doublings_tried(policy: Policy, answers: Answers) -> Floats:
    """Return by how many doublings the experiment `trying` moved the limit of each application.

    >>> policy = load_first_loan().policy
    >>> none = np.zeros(2, np.int64)
    >>> said = Answers(none > 0, none, none, ("N", "N"), {"trying": ("control", "smaller")})
    >>> doublings_tried(policy, said).tolist()
    [0.0, -1.0]
    """
    (trying,) = (one for one in policy.experiments if one.name == "trying")
    moved = {arm.name: float(np.log2(arm.values["test_limit_ppm"] / 1_000_000)) for arm in trying.arms}
    return np.array([moved[arm] for arm in answers.arms["trying"]])


def without_chance(policy: Policy) -> Policy:
    """Return a policy that tries nothing: every experiment has its first arm alone.

    >>> shares_of(without_chance(load_first_loan().policy), "exploring")["lent_to_learn"]
    0
    """
    shares = {one.name: [1_000_000] + [0] * (len(one.arms) - 1) for one in policy.experiments}
    return with_numbers(policy, shares=shares)


def draws_of(policy: Policy, businesses: Sequence[str]) -> dict[str, Integers]:
    """Return what each business draws in each experiment of a policy, for good.

    >>> draws_of(load_first_loan().policy, ["E1"])["exploring_draw_ppm"].shape
    (1,)
    """
    return {one.draw: np.array([draw_ppm(one.salt, name) for name in businesses], np.int64) for one in policy.experiments}


def decide_rows(evaluator: Evaluator, columns: Mapping[str, Array]) -> Answers:
    """Decide rows one by one by the compiled policy, as a live decision is; `columns` (masked where NULL) by raw field."""
    names = [field.name for field in evaluator.program.inputs.values()]
    lists = [_plain(columns[name]) for name in names]
    run = evaluator.function.run
    outcomes: list[Outcome] = []
    ceilings, rates, grades, arms = [], [], [], []
    for row in zip(*lists, strict=True):
        values = dict(zip(names, row, strict=True))
        outcome, grade, ceiling, rate, _, _, _, _, arm, _ = run(values, values)
        lends = outcome == "approve"
        outcomes.append(outcome)  # type: ignore[arg-type]
        ceilings.append(ceiling if lends else 0)
        rates.append(rate if lends else 0)
        grades.append(grade or "")
        arms.append(arm)
    named = [one.name for one in evaluator.policy.experiments]
    return Answers(
        approved=np.array([one == "approve" for one in outcomes], np.bool_),
        ceiling_fen=np.array(ceilings, np.int64),
        rate_ppm=np.array(rates, np.int64),
        grade=tuple(grades),
        arms={name: tuple(one[name] for one in arms) for name in named},
    )


def _plain(column: Array) -> list[Any]:
    """Return a column as one decision after another reads it."""
    values: list[Any] = (column.words[column] if isinstance(column, Texts) else column).tolist()
    return values


def raw_columns(names: Sequence[str], values: Integers, known: Booleans, facts: Mapping[str, Array | None]) -> dict[str, Array]:
    """Return a feature matrix (rows, features) and facts (None: not known of anybody) as columns, masked where NULL.

    >>> found = raw_columns(["x"], np.array([[3]]), np.array([[False]]), {"pd_ppm": None})
    >>> found["x"].tolist(), found["pd_ppm"].tolist()
    ([None], [None])
    """
    rows = len(values)
    table: dict[str, Array] = {name: np.ma.array(values[:, place], mask=~known[:, place]) for place, name in enumerate(names)}
    for name, fact in facts.items():
        table[name] = np.ma.array(np.zeros(rows, np.int64), mask=True) if fact is None else fact
    table[AGE] = np.ma.array(np.zeros(rows, np.int64))
    return table
