"""In: a run's home, what applicants show. Out: a receipt for each of them, and the lives of policies and models. Used: by months.

Two products are lent by one office: each has its policy, and both ask the same model.

A decision of a run is made by the desk's own steps (`desk.decide`), but for two: what applicants show was folded once for all of
them, and of fraud only rules speak. So the home that a run leaves is a home like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec
import numpy as np

from weilend.app.desk.decide import decide
from weilend.app.desk.deliver import deliver
from weilend.app.desk.flywheel.ground import Ground
from weilend.app.desk.flywheel.policies import Answers, load_first_loans
from weilend.app.desk.flywheel.rows import DECIDED, Rows
from weilend.app.desk.home import Home
from weilend.app.desk.models.champion import Named
from weilend.app.desk.models.life import Build, register_model
from weilend.app.desk.sealed import Sealed, keep_sealed, make_evaluator
from weilend.app.desk.steps import DeskSteps, Evidence, Request
from weilend.core.ids import content_hash
from weilend.core.lifecycle import Action, Event
from weilend.core.values import Application, FeatureRow, FraudVerdict, Receipt
from weilend.decision import Policy
from weilend.lending import Product
from weilend.models import RowModel, write_model
from weilend.models.table import Integers

#: Who proposes and who approves in a run: nobody is asked, the simulator stands in for both and says so.
PROPOSER, APPROVER = "the flywheel", "the simulator"
_STEPS: Final[tuple[tuple[Action, str], ...]] = (("propose", PROPOSER), ("approve", APPROVER))
#: Applications that are decided, and committed, together.
AT_ONCE: Final = 1_000


class RunSteps(DeskSteps):
    """The steps of the desk over what applications show and what rules of fraud say of them, both folded before (by application),
    filed at an instant.
    """

    def __init__(
        self, home: Home, sealed: Sealed, shown: Mapping[str, FeatureRow], verdicts: Mapping[str, FraudVerdict], *, at: int
    ) -> None:
        super().__init__(home, sealed, lambda: at)
        self._shown, self._verdicts = shown, verdicts

    def features(self, applications: Sequence[Application], _evidence: Evidence) -> Sequence[FeatureRow]:
        """Return what was folded for these applications."""
        return [self._shown[one.application_id] for one in applications]

    def fraud(self, applications: Sequence[Application], _evidence: Evidence) -> Sequence[FraudVerdict]:
        """Return what the rules said of these applications."""
        return [self._verdicts[one.application_id] for one in applications]


class Office:
    """Who decides in a run: of each product the policy that is live (`live`), the model of both, and every earlier one."""

    def __init__(self, home: Home, *, at: int) -> None:
        self._home, self._sealed = home, dict[str, Sealed]()
        loans = load_first_loans()
        self.products = {name: one.product for name, one in loans.items()}
        self.policies, self.models, self.live = list[Policy](), list[RowModel](), dict[str, Policy]()
        for one in loans.values():
            self.adopt(one.policy, at=at)

    @property
    def sheet(self) -> Product:
        """What both products share: amounts, rates, assumptions, grades."""
        return next(iter(self.products.values()))

    @property
    def model(self) -> RowModel | None:
        """The live model, None before the first."""
        return self.models[-1] if self.models else None

    def adopt(self, policy: Policy, *, at: int) -> None:
        """Let a policy go live at an instant (UTC seconds)."""
        self.policies.append(policy)
        self.live[policy.product] = policy
        self._seal(policy.product, at)
        self._tell("policy", policy.name, policy.identity, at, f"version {policy.version}")

    def promote(self, model: RowModel, *, at: int) -> None:
        """Let a model go live at an instant (UTC seconds), up to which outcomes were known to it."""
        self.models.append(model)
        about, named = f"{model.bads} bads of {model.rows} loans", Named("model", self.sheet.model)
        paper = Build(
            name=named.name, version=model.model_id, recipe=model.recipe, as_of=at, rows=model.rows, bads=model.bads,
            known_until=at, about=about,
        )  # fmt: skip
        register_model(self._home, named, paper, write_model(model), at=at)
        for product in self.products:
            self._seal(product, at)
        self._tell("model", named.name, model.model_id, at, about)

    def decide(self, ground: Ground, rows: Integers, shown: Rows, *, at: int) -> list[Receipt]:
        """Decide some applications (places among those of the ground) by what they show; the receipts are filed at an instant (UTC
        seconds).
        """
        applications = ground.asked.applications(rows.tolist())
        features = {one.application_id: row for one, row in zip(applications, shown.feature_rows(), strict=True)}
        verdicts = {one.application_id: ground.verdicts[row] for one, row in zip(applications, rows.tolist(), strict=True)}
        said = dict[str, Receipt]()
        for product, sealed in self._sealed.items():
            steps = RunSteps(self._home, sealed, features, verdicts, at=at)
            mine = tuple(one for one in applications if one.product == product)
            for first in range(0, len(mine), AT_ONCE):
                part = mine[first : first + AT_ONCE]
                request = Request(content_hash([steps.seals, part]), part)
                said |= {one.application.application_id: one for one in decide(steps, msgspec.json.encode(request))}
        deliver(self._home, at=at)
        return [said[one.application_id] for one in applications]

    def _seal(self, product: str, at: int) -> None:
        """Keep what decides on a product from now on."""
        lent = self.products[product]
        self._sealed[product] = Sealed(make_evaluator(lent, DECIDED, self.live[product]), lent, DECIDED, self.model)
        keep_sealed(self._home, self._sealed[product], at=at)

    def _tell(self, kind: Literal["policy", "model"], name: str, version: str, at: int, why: str) -> None:
        """Keep that something was proposed and approved."""
        for action, who in _STEPS:
            event = Event(name=name, version=version, action=action, who=who, at=at, effective_at=at, why=why)
            self._home.store.put_event(kind, event)


def answers_of(receipts: Sequence[Receipt], experiments: Sequence[str]) -> Answers:
    """Return what receipts say as columns, with the arms of some experiments."""
    said = [one.decision for one in receipts]
    return Answers(
        approved=np.array([one.outcome == "approve" for one in said], np.bool_),
        ceiling_fen=np.array([one.ceiling_fen or 0 for one in said], np.int64),
        rate_ppm=np.array([one.floor_rate_ppm or 0 for one in said], np.int64),
        grade=tuple(one.grade or "" for one in said),
        arms={name: tuple(one.arms[name] for one in said) for name in experiments},
    )
