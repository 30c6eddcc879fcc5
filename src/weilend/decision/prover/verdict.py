"""In: nothing. Out: `Verdict`, what the prover says of one claim, and `Witness`, the row that shows it. Used: by all callers."""

from __future__ import annotations

from typing import Literal

import msgspec

from weilend.formula.tree import Value

Status = Literal["proven", "refuted", "unknown"]


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """A row of inputs that shows something, by feature or fact as `Evaluator.answer` takes them; `after` the row to compare with.

    `en` and `zh` name what differs from an ordinary case, with units, and what the policy then answers.

    >>> Witness(values={"pd_ppm": 90_000}, en="probability of default 9.0 %: approve", zh="违约概率9.0 %：通过").after is None
    True
    """

    values: dict[str, Value]
    en: str
    zh: str
    after: dict[str, Value] | None = None


class Verdict(msgspec.Struct, frozen=True):
    """What was asked (the `kind` of property, at `where` in the policy), the answer, the row that shows it, and a sentence.

    Only `proven` passes: `unknown` says where the search got stuck, and fails.

    >>> str(Verdict("reachable", "rule 'thin'", "refuted", None, "it can never hold"))
    "refuted: reachable: rule 'thin': it can never hold"
    """

    kind: str
    where: str
    status: Status
    witness: Witness | None
    said: str

    @property
    def passes(self) -> bool:
        """Return whether the property was proven."""
        return self.status == "proven"

    def __str__(self) -> str:
        shown = "" if self.witness is None or self.passes else f" ({self.witness.en})"
        return f"{self.status}: {self.kind}: {self.where}: {self.said}{shown}"
