"""In: nothing. Out: the values of a run: its settings, months, lessons, and the whole. Used: by months, rivals, results and
page.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from weilend.app.desk.flywheel.ground import Ground
from weilend.app.desk.flywheel.learning import Trained
from weilend.app.desk.flywheel.money import Costs, Outcomes
from weilend.app.desk.flywheel.policies import Answers
from weilend.app.desk.flywheel.reaching import Contacts
from weilend.app.desk.flywheel.responses import Response
from weilend.app.desk.flywheel.rows import Rows
from weilend.app.desk.flywheel.showing import of_product
from weilend.decision import Policy
from weilend.lending import Product
from weilend.models import RowModel
from weilend.models.table import Integers


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is to be: least matured bads before a model is trained, contacts a month (ppm of users), costs.

    >>> Settings().least_bads
    200
    """

    least_bads: int = 200
    contacts_ppm: int = 400_000
    costs: Costs = Costs()


class Lesson(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a month's end taught: bads that came of age, what was done (`action`, in words), whether anything went live by it, the
    response, and the challenger.
    """

    month: int
    bads: int
    labels: int
    action: str
    response: Response | None = None
    trained: Trained | None = None
    promoted: bool = False
    turned: bool = False


class MonthDone(msgspec.Struct, frozen=True, kw_only=True):
    """A month in numbers, for the live table; money in fen. `policies` are the versions that decided, one a product; `bads_known`
    those that came of age so far.
    """

    month: int
    contacts: int
    applications: int
    approved: int
    loans: int
    lent_fen: int
    policies: tuple[int, ...]
    model: str
    bads_known: int
    lesson: str


class Run(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What the flywheel did. Arrays run over `rows`, places in `Asked` of those who applied, in order of time.

    `products` are the first loans by name, `policies` their versions in the order of going live; `policy_of` and `model_of` are
    places in `policies` and `models` (-1: none).
    """

    ground: Ground
    products: Mapping[str, Product]
    settings: Settings
    rows: Integers
    shown: Rows
    answers: Answers
    policy_of: Integers
    model_of: Integers
    outcomes: Outcomes
    policies: tuple[Policy, ...]
    models: tuple[RowModel, ...]
    lessons: tuple[Lesson, ...]
    months: tuple[MonthDone, ...]
    contacts: tuple[Contacts, ...]

    @property
    def month(self) -> Integers:
        """The month of business of each row."""
        return self.ground.asked.month[self.rows]

    @property
    def sheet(self) -> Product:
        """What the products share: amounts, rates, assumptions, grades."""
        return next(iter(self.products.values()))

    @property
    def first(self) -> dict[str, Policy]:
        """The policy of the first day of each product."""
        return {name: next(one for one in self.policies if one.product == name) for name in self.products}

    def of_product(self, name: str) -> Integers:
        """Which rows are for a product."""
        return of_product(self.ground, self.rows, name)
