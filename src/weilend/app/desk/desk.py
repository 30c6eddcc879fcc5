"""In: a home folder. Out: `Desk`, the use cases as a person types them. Used: by `weilend.open` and by every door."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Unpack

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from weilend.app.clock import now
from weilend.app.desk.audit import audit
from weilend.app.desk.crowds import PROFILE, profile, rebuild_crowds
from weilend.app.desk.decide import decide
from weilend.app.desk.deliver import deliver
from weilend.app.desk.erase import Erased, erase_subject
from weilend.app.desk.feature_audit import FeatureAudit, audit_features
from weilend.app.desk.home import Home, open_home
from weilend.app.desk.intake.ingest import Ingested, ingest, ingest_paths, refuse_erased, retry_paths
from weilend.app.desk.intake.quarantine import Waiting, quarantine, waiting_rows
from weilend.app.desk.intake.statements import with_facts_between
from weilend.app.desk.models.challenger import Challenger, build_challenger
from weilend.app.desk.models.champion import deciding_model
from weilend.app.desk.models.modelling import Study, Training, fit_card, share_reconstructed_ppm, study_model
from weilend.app.desk.models.shadow import record_shadows
from weilend.app.desk.policies import deciding_policy
from weilend.app.desk.population import Population, find_population
from weilend.app.desk.privacy import keep_clear, tokens_of
from weilend.app.desk.products import find_features, find_product
from weilend.app.desk.progress import Tell, say_nothing
from weilend.app.desk.records import to_rows
from weilend.app.desk.replay import Replayed, replay_receipts
from weilend.app.desk.run import Order, Result, run
from weilend.app.desk.sealed import Sealed, keep_sealed, make_evaluator
from weilend.app.desk.spines import fold_spine, make_spine
from weilend.app.desk.steps import DeskSteps, Request
from weilend.core.calendars import parse_day
from weilend.core.errors import NotFoundError
from weilend.core.ids import canonical_json, content_hash
from weilend.core.plan import Spine
from weilend.core.values import Application, Receipt
from weilend.engine.book import KindStats
from weilend.features.compute import FeatureTable, finish
from weilend.features.labels import LOAN_LABELS
from weilend.features.outcomes import LabelTable, make_labels
from weilend.features.plans import make_plan
from weilend.features.spine_file import from_file
from weilend.models import RowModel
from weilend.models.recipes.registry import CHALLENGER
from weilend.sources import Accounting, Said, detect, read
from weilend.store import Document


class Desk:
    """The use cases over one home. Times are given as dates (that day, 00:00 local) or as `YYYY-MM-DD`.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     desk = Desk(open_home(Path(folder) / "home"))
    ...     desk.replay().of, desk.book_stats()
    (0, {})
    """

    def __init__(self, home: Home, tell: Tell = say_nothing) -> None:
        self.home = home
        self.tell = tell

    def ingest(self, path: str | Path, *, consent: str, source: str | None = None, **said: Unpack[Said]) -> Accounting:
        """Read raw files of one source into the book; returns where every row went.

        `said` is what files cannot say of themselves: `business_id`, `shop_id`, `tax_id`, `currency` and so on.
        """
        return ingest(self.home, Path(path), consent_id=consent, profile=source, at=now(), tell=self.tell, **said)

    def ingest_paths(self, paths: Sequence[Path], *, consent: str, source: str | None = None, **said: Unpack[Said]) -> Ingested:
        """Read files, folders and zips of mixed sources into the book; returns what each file gave."""
        return ingest_paths(self.home, paths, consent_id=consent, profile=source, at=now(), tell=self.tell, **said)

    def retry(self, paths: Sequence[Path], *, consent: str, **said: Unpack[Said]) -> int:
        """Read files with quarantined rows again; returns how many rows left quarantine."""
        return retry_paths(self.home, paths, consent_id=consent, at=now(), tell=self.tell, **said)

    def erase(self, subject: str) -> Erased:
        """Erase a business, owner or shop: its key, what the key opened, and its rows of the book."""
        return erase_subject(self.home, subject, at=now())

    def run(self, order: Order, out: Path) -> Result:
        """Run the main job and write its outputs."""
        from weilend.app.desk.outputs import write_outputs  # late: charts are slow to load, and only a report needs them

        result = run(self.home, order, at=now(), tell=self.tell)
        self.tell("write the report", 0, 1)
        write_outputs(result, out)
        self.tell("write the report", 1, 1)
        return result

    def population(self, product: str, as_of: str | date) -> Population:
        """Return the businesses whose outcome is known and those that apply, with the product's features, as known at a date."""
        return find_population(self.home, find_product(product, self.home), as_of=self._instant(as_of))

    def audit_features(self, product: str, as_of: str | date) -> FeatureAudit:
        """Hunt for stored values that the book no longer gives, for knowledge of the future, and for features that are too good."""
        return audit_features(self.home, product, as_of=self._instant(as_of), tell=self.tell)

    def spine(self, of: str, product: str = "", *, since: str | date = "1970-01-02", until: str | date) -> Spine:
        """Return a spine: `booked_applications`, `all_applications` (of a product), or `open_loan_months`, up to a date."""
        return make_spine(self.home, of, product, self._instant(since), self._instant(until))

    def read_spine(self, path: str | Path) -> Spine:
        """Return the spine in a CSV or Parquet file with the columns business_id and as_of."""
        return from_file(Path(path), self.home.calendar)

    def features(self, product: str, spine: Spine) -> FeatureTable:
        """Return the features of a product over a spine: every row as it was known at its as_of."""
        features, view = find_features(find_product(product, self.home).feature_set, self.home), self.home.book.view()
        return finish(features, spine, fold_spine(self.home, make_plan(features), spine, view), self.home.calendar)

    def labels(self, name: str, spine: Spine, known_by: str | date) -> LabelTable:
        """Return what became of the rows of a spine, as known by a date; rows that are too young are left out and counted."""
        known = self._instant(known_by)
        return make_labels(LOAN_LABELS[name], spine, self.home.book.view(), known_by=known, calendar=self.home.calendar)

    def rebuild_crowds(self) -> dict[str, int]:
        """Count anew what subjects share (telephones, devices, regions); returns up to which seq of the book each count reads."""
        return rebuild_crowds(self.home)

    def build_model(self, product: str, as_of: str | date, *, assume_label_known: bool = False) -> Study:
        """Build a product's model on what is known at a date, keep it, and return what is known of it."""
        chosen, population = find_product(product, self.home), self.population(product, as_of)
        training = Training(as_of=self._instant(as_of), assume_label_known=assume_label_known)
        card = fit_card(population, chosen, training)
        features = population.known.features.feature_set
        policy = deciding_policy(self.home, chosen.policy, at=now())
        keep_sealed(self.home, Sealed(make_evaluator(chosen, features, policy), chosen, features, card), at=now())
        reconstructed = share_reconstructed_ppm(self.home, features)
        study = study_model(card, population, chosen, training, reconstructed_ppm=reconstructed, tell=self.tell)
        content = canonical_json(study.about)
        self.home.store.put_document(
            Document(kind="model_card", document_id=content_hash(study.about), content=content, cites=(), at=now())
        )
        return study

    def build_challenger(
        self, product: str, as_of: str | date, *, recipe: str = CHALLENGER, assume_label_known: bool = False
    ) -> Challenger:
        """Build a challenger of a product's card by another recipe, judge it on the same folds, and keep it with its evidence.

        Raises `TooFewError` where outcomes are; nothing is put in shadow.
        """
        return build_challenger(
            self.home, find_product(product, self.home), recipe, as_of=self._instant(as_of), at=now(),
            assume_label_known=assume_label_known, tell=self.tell,
        )  # fmt: skip

    def decide(
        self, product: str, business_id: str, as_of: str | date, *, consent: str, payload: str | Path | None = None
    ) -> Receipt:
        """Decide one business with the product's champion as known at the date; the receipt is committed before it is returned.

        The policy is the home's live one, or the shipped one where none went live yet; raises `CheckError` where all were retired.
        Models in shadow are asked afterwards, and what they say is kept beside the receipt.
        `payload` is a raw file or folder that comes with the application: its records of the business are read together with
        the book, its statements compared with older ones, and all reaches the book only after the decision has been committed.
        """
        chosen = find_product(product, self.home)
        features = find_features(chosen.feature_set, self.home)
        at = self._instant(as_of)
        policy = deciding_policy(self.home, chosen.policy, at=now())
        model = deciding_model(self.home, chosen.model, at=at)
        sealed = Sealed(make_evaluator(chosen, features, policy), chosen, features, model)
        keep_sealed(self.home, sealed, at=now())
        application_id = content_hash([product, business_id, at])
        application = Application(
            application_id=application_id, product=product, business_id=business_id, as_of=at, consent_id=consent
        )
        steps = DeskSteps(self.home, sealed)
        records = to_rows(self._read_payload(Path(payload), business_id, consent)) if payload else {}
        if PROFILE in features.kinds:
            records |= profile(self.home, application, records)
        request_id = content_hash([steps.seals, application, self.home.book.view().seq, records])
        (receipt,) = decide(steps, msgspec.json.encode(Request(request_id, (application,), records)))
        deliver(self.home, at=now())
        record_shadows(self.home, chosen.model, [receipt], at=now())
        return receipt

    def model(self, product: str) -> RowModel:
        """Return the model that decides on a product today; raises `NotFoundError` where none does."""
        model = deciding_model(self.home, find_product(product, self.home).model, at=now())
        if model is None:
            raise NotFoundError(f"{product} has no model", hint=f"weilend model build {product} --as-of YYYY-MM-DD")
        return model

    def _read_payload(self, path: Path, business_id: str, consent: str) -> dict[str, pa.Table]:
        """Return the records of one business in raw files; what cannot be read is quarantined, what is not its own is left."""
        told: Said = {"business_id": business_id, "tokens": tokens_of(self.home)}
        batch = read(detect(path), path, calendar=self.home.calendar, consent_id=consent, **told)
        refuse_erased(self.home, batch)
        quarantine(self.home, batch, whose=business_id, at=now())
        keep_clear(self.home, business_id, batch.clear, at=now())
        own = {kind: _records_of(table, business_id) for kind, table in batch.records.items()}
        there = {kind: table for kind, table in own.items() if table.num_rows}
        return with_facts_between(self.home, there, consent_id=consent)

    def replay(self, receipt_id: str | None = None, *, from_records: bool = True) -> Replayed:
        """Replay one receipt, or all, to the bit."""
        receipts: Iterator[Receipt] | list[Receipt]
        receipts = [self.home.store.receipt(receipt_id)] if receipt_id else self.home.store.receipts()
        return replay_receipts(self.home, receipts, from_records=from_records, tell=self.tell)

    def book_stats(self) -> dict[str, KindStats]:
        """Return how much the book has of each kind."""
        return self.home.book.stats()

    def audit(self) -> tuple[str, ...]:
        """Return what contradicts itself in book, store, and between the two; empty when all is sound."""
        return audit(self.home)

    def verify_book(self) -> tuple[str, ...]:
        """Return what contradicts itself in the book; empty when it is sound."""
        return self.home.book.verify()

    def compact(self) -> None:
        """Compact the book."""
        self.home.book.compact()

    def quarantined(self, limit: int = 50, *, file: str = "") -> tuple[Waiting, ...]:
        """Return the oldest rows that could not be read, and why."""
        return waiting_rows(self.home, limit, file=file)

    def _instant(self, day: str | date) -> int:
        return self.home.calendar.start_of(parse_day(day) if isinstance(day, str) else day)


def _records_of(table: pa.Table, business_id: str) -> pa.Table:
    """Return the records of a business; those of a kind that names none, such as orders of a shop, came with its application."""
    named = "business_id" in table.column_names
    return table.filter(pc.equal(table["business_id"], business_id)) if named else table


def open_desk(folder: str | Path, *, create: bool = True, tell: Tell = say_nothing) -> Desk:
    """Open the desk of a home folder; see `weilend.open`."""
    if str(folder).startswith("postgresql:"):
        raise NotFoundError("PostgreSQL homes are not there yet", hint="name a folder")
    return Desk(open_home(Path(folder), create=create), tell)
