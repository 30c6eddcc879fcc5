"""In: verdict.toml. Out: grades, rules, reach and budget as values. Used: by the verdict and where thresholds are learned."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Final, Literal

import msgspec

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.core.records import Field
from weilend.features.sets import FRAUD
from weilend.formula import Formula, parse

#: What rules may read besides features: severities of hits (NULL where no lists were asked) and what voices say.
SEVERITIES: Final = (
    "deny_own_severity", "deny_thing_severity", "deny_near_severity", "deny_disputed_severity", "watch_severity",
)  # fmt: skip
VOICES: Final = ("anomaly_ppm", "ring_ppm", "score_ppm")
_MOST_MILLI: Final = 1_000_000


class Grade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fraud grade: what status it gives, whether it asks for one more check, and how many applications suspicion may put there.

    `budgets` counts in alert budgets, `share_ppm` in applications; with neither only rules give the grade. Who is stopped
    (`is_stop`) is declined without anybody's look, and so outside the budget.
    """

    name: str
    status: Literal["clear", "alert"]
    step_up: bool = False
    is_stop: bool = False
    budgets: int = 0
    share_ppm: int = 0


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule that gives a grade by itself; `en` and `zh` may name what it reads, `{hits}` are the hits in words."""

    id: str
    grade: str
    when: str
    en: str
    zh: str


class VerdictTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of verdict.toml.

    >>> TABLE.shares(20_000)
    {'D': 20000, 'C': 80000, 'B': 500000}
    >>> TABLE.reach_of("uses"), TABLE.reach_of("emergency_contact")
    ('thing', 'near')
    """

    required: tuple[str, ...]
    budget_ppm: int
    unmeasured: str
    most_marks: int
    most_reasons: int
    voices: dict[str, int]
    tied: dict[str, str]
    grades: tuple[Grade, ...]
    reach: dict[str, tuple[str, ...]]
    rules: tuple[Rule, ...]

    def shares(self, budget_ppm: int) -> dict[str, int]:
        """Return, from the gravest on, the share of applications (ppm) that may have a grade or a graver one.

        Raises `InputError` for a budget that is no share.
        """
        if not 0 < budget_ppm < PPM:
            raise InputError(f"an alert budget of {budget_ppm} ppm is no share of applications", hint="20000 is 2 %")
        shares, so_far = {}, 0
        for one in self.grades:
            so_far = max(so_far, min(one.share_ppm or one.budgets * budget_ppm, PPM))  # a safer grade never begins higher
            if so_far:
                shares[one.name] = so_far
        return {one.name: shares[one.name] for one in self.grades if one.share_ppm or one.budgets}

    def grade(self, name: str) -> Grade:
        """Return a grade by name; raises `InputError` for one that is not there."""
        return self.grades[self.place(name)]

    def place(self, name: str) -> int:
        """Return the place of a grade, 0 the gravest; raises `InputError` for one that is not there."""
        for place, one in enumerate(self.grades):
            if one.name == name:
                return place
        raise InputError(f"there is no fraud grade {name!r}", hint=f"there is: {', '.join(one.name for one in self.grades)}")

    def reach_of(self, role: str) -> str:
        """Return how near a subject of a role is: `own`, `thing` or `near`."""
        return "own" if role in self.reach["own"] else "thing" if role in self.reach["things"] else "near"


def read_table(text: str) -> VerdictTable:
    """Return the table of a text in TOML; raises `InputError` for a grade or field that is not there.

    >>> read_table("required = 1")
    Traceback (most recent call last):
    weilend.core.errors.InputError: this is no table of fraud grades: ... Hint: see docs/methodology/fraud.md
    """
    try:
        table = msgspec.convert(tomllib.loads(text), VerdictTable)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InputError(f"this is no table of fraud grades: {error}", hint="see docs/methodology/fraud.md") from None
    for name in (table.unmeasured, *(rule.grade for rule in table.rules)):
        table.place(name)
    return table


TABLE: Final = read_table(files("weilend.fraud").joinpath("verdict.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=4)
def rule_formulas(rules: tuple[Rule, ...]) -> dict[str, Formula]:
    """Return the formula of each rule by id; raises `FormulaError` for one that does not read right.

    >>> rule_formulas(TABLE.rules)["deny_near"].text
    'deny_near_severity > 0'
    """
    fields = {feature.name: feature.as_field() for feature in FRAUD.features}
    fields |= {name: Field(name, "integer", 0, 100, unit="number") for name in SEVERITIES}
    fields |= {name: Field(name, "integer", 0, PPM, unit="ppm") for name in VOICES}
    fields["suspicion_milli"] = Field("suspicion_milli", "integer", 0, _MOST_MILLI, unit="number")
    return {rule.id: parse(rule.when, fields) for rule in rules}
