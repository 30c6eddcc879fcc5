"""In: a home, a product, a policy, a model. Out: the real steps of a decision. Used: by `desk.decide` through its protocol."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib.metadata import version

import msgspec

from weilend.app.clock import now
from weilend.app.desk.deliver import owe
from weilend.app.desk.fraud.assess import FraudEvidence, assess, read_evidence
from weilend.app.desk.home import Home
from weilend.app.desk.payloads import business_of, payload_of, seal_request
from weilend.app.desk.records import Rows, to_tables
from weilend.app.desk.sealed import Sealed
from weilend.app.desk.spines import fold_spine
from weilend.app.desk.standing import find_standings
from weilend.core.errors import InputError
from weilend.core.plan import Plan, Spine
from weilend.core.values import Application, Decision, FeatureRow, FraudVerdict, Offer, Receipt, Score, Standing
from weilend.decision import seal, seals
from weilend.engine.book import BookView
from weilend.features.compute import finish
from weilend.features.plans import make_plan
from weilend.lending import make_offer
from weilend.models import RowModel
from weilend.store import Commit


class Request(msgspec.Struct, frozen=True):
    """What comes in: an id, the same with every retry, the applications to be decided together, and the records that they bring.

    The records are read together with the book and reach it only after the decision has been committed.

    >>> read_request(b'{"request_id": "R1", "applications": []}').records
    {}
    """

    request_id: str
    applications: tuple[Application, ...]
    records: Rows = {}


class Evidence(msgspec.Struct, frozen=True, eq=False):
    """What one request is judged on: the book with the request's own records, and the fraud room as it stands with that book."""

    view: BookView
    fraud: FraudEvidence


def runtime(model: RowModel | None = None) -> dict[str, str]:
    """Return what the bits of a decision depend on besides its inputs: the libraries of the model that scores among it.

    >>> sorted(runtime())
    ['numpy', 'python', 'weilend']
    >>> from weilend.models.recipes.monotone_boosting import example_model
    >>> sorted(runtime(example_model()))
    ['lightgbm', 'numpy', 'python', 'weilend']
    """
    libraries = ("numpy", "weilend", *(model.libraries if model else ()))
    return {"python": platform.python_version(), **{name: version(name) for name in libraries}}


class DeskSteps:
    """The steps of a decision over one home: what `desk.decide.Steps` asks for. `clock` says when receipts are filed."""

    def __init__(self, home: Home, sealed: Sealed, clock: Callable[[], int] = now) -> None:
        self.home = home
        self.clock = clock
        self.product = sealed.product
        self.feature_set = sealed.features
        self.evaluator = sealed.evaluator
        self.sealed = sealed
        self.seals = seals(
            policy=sealed.evaluator.policy_id,
            product=sealed.product.identity,
            model=sealed.model.model_id if sealed.model else None,
            feature_set=sealed.features.identity,
            runtime=runtime(sealed.model),
        )

    @cached_property
    def plan(self) -> Plan:
        """What is to be folded, made when it is first asked for: for hundreds of features that takes a while."""
        return make_plan(self.feature_set)

    def parse(self, request: bytes) -> Sequence[Application]:
        """Return the applications of a request; raises `InputError` when it cannot be read or asks for another product."""
        applications = read_request(request).applications
        other = next((one.product for one in applications if one.product != self.product.name), None)
        if other is not None:
            raise InputError(f"this desk decides {self.product.name}, not {other}", hint="send each product its own request")
        return applications

    def read(self, request: bytes) -> Evidence:
        """Return the book as it stands with the request's own records, and its lists: neither can change under this decision."""
        view = self.home.book.preview(to_tables(read_request(request).records))
        return Evidence(view, read_evidence(self.home, view))

    def features(self, applications: Sequence[Application], evidence: Evidence) -> Sequence[FeatureRow]:
        """Return one feature row per application."""
        spine = Spine(tuple(one.business_id for one in applications), tuple(one.as_of for one in applications))
        states = fold_spine(self.home, self.plan, spine, evidence.view)
        table = finish(self.feature_set, spine, states, self.home.calendar)
        return [table.row(index) for index in range(spine.size)]

    def standing(self, applications: Sequence[Application], evidence: Evidence) -> Sequence[Standing]:
        """Return what each applicant and its group owe."""
        return find_standings(self.evaluator.policy, applications, evidence.view, self.home.calendar)

    def fraud(self, applications: Sequence[Application], evidence: Evidence) -> Sequence[FraudVerdict]:
        """Return what lists, signals, detectors, rings and score say of each application; what the home has not is not asked."""
        return assess(self.home, applications, evidence.view, evidence.fraud)

    def score(self, rows: Sequence[FeatureRow]) -> Sequence[Score | None]:
        """Return the model's score of each row, all at once, or None where there is no model."""
        return self.sealed.score(rows)

    def decide(self, row: FeatureRow, fraud: FraudVerdict, score: Score | None, standing: Standing) -> Decision:
        """Return the policy's answer."""
        return self.evaluator.decide(row, fraud, score, standing)

    def offer(self, application: Application, decision: Decision) -> Offer:
        """Return no offer yet: a budget is placed over many decisions together."""
        return make_offer(self.product, decision, None, on=self.home.calendar.day_of(application.as_of))

    def receipt(self, application: Application, evidence: Evidence, row: FeatureRow, fraud: FraudVerdict,
                score: Score | None, standing: Standing, decision: Decision, offer: Offer) -> Receipt:  # fmt: skip
        """Seal what was read and said, the generation of the lists among it."""
        sealed = {**self.seals, "lists": evidence.fraud.sealed}
        return seal(application=application, book_seq=evidence.view.seq, sealed=sealed, features=row, fraud=fraud,
                    score=score, standing=standing, decision=decision, offer=offer)  # fmt: skip

    def commit(self, request: bytes, receipts: Sequence[Receipt]) -> Sequence[Receipt]:
        """Write request, receipts and outbox in one transaction; returns after it.

        Request and outbox are sealed for whom they are about; raises `InputError` where somebody of them was erased.
        """
        asked = read_request(request)
        owed = owe(asked.request_id, receipts, asked.records)
        payload, outbox = seal_request(self.home, business_of(receipts), request, asked.records, owed)
        commit = Commit(request_id=asked.request_id, payload=payload, receipts=tuple(receipts), outbox=outbox, at=self.clock())
        return self.home.store.commit(commit)


def read_request(request: bytes) -> Request:
    """Return a request from its JSON; raises `InputError` with what is wrong with it."""
    try:
        return msgspec.json.decode(request, type=Request)
    except msgspec.DecodeError as error:
        raise InputError(f"the request cannot be read: {error}", hint="send {request_id, applications}") from None


def asked_by(home: Home, request_id: str) -> Request:
    """Return a request that was committed; raises `NotFoundError` where there is none, or somebody was erased."""
    return read_request(payload_of(home, request_id))
