"""In: a folder. Out: a home of a made-up economy, with a card, outcomes that become known later, acts. Used: by tests of models."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from weilend.app.desk.decide import decide
from weilend.app.desk.desk import Desk, open_desk
from weilend.app.desk.models.champion import Named, champion, deciding_model
from weilend.app.desk.models.evidence import Evidence
from weilend.app.desk.models.life import list_models, promote_model, put_in_shadow
from weilend.app.desk.models.modelling import Training, fit_card
from weilend.app.desk.models.shadow import record_shadows
from weilend.app.desk.population import Population
from weilend.app.desk.releases import Act
from weilend.app.desk.sealed import Sealed, keep_sealed, make_evaluator
from weilend.app.desk.steps import DeskSteps, Request
from weilend.app.desk.worlds.portfolios import FILES, make_portfolio_files
from weilend.core.ids import canonical_json, content_hash
from weilend.core.values import Application, Receipt
from weilend.decision import Evaluator
from weilend.features.sets import FEATURE_SETS
from weilend.lending import load_product
from weilend.models import About, Card
from weilend.models.judgement.bootstrap import Difference
from weilend.models.judgement.champion import judge_challenger
from weilend.models.judgement.gates import Finding
from weilend.models.recipes import woe_card
from weilend.sources.identity import record_ids
from weilend.store import Document

PRODUCT = load_product("enterprise_loan")
FEATURES = FEATURE_SETS[PRODUCT.feature_set]
NAMED = Named("model", PRODUCT.model)
KNOWN, APPLYING, SILENT = 60, 150, 6  # of one in so many applicants nothing is ever heard
LUCK = 0.25  # how little the sales of a firm say of what becomes of it
GREEN = Finding("points_psi", "green", 0, 9_000)
GAIN = Difference("challenger", "champion", "auc", 90_000, 40_000, 140_000, 25_000)


@lru_cache(maxsize=1)
def _evaluator() -> Evaluator:
    return make_evaluator(PRODUCT, FEATURES)


def instant(desk: Desk, day: str) -> int:
    return desk.home.calendar.start_of(date.fromisoformat(day))


def keep(desk: Desk, card: Card, day: str, known_until: str) -> Card:
    """Keep a card as `weilend model build` does, without the hour of validation."""
    at = instant(desk, day)
    keep_sealed(desk.home, Sealed(_evaluator(), PRODUCT, FEATURES, card), at=at)
    about = About(
        model_id=card.model_id, name=PRODUCT.model, data="0", label=PRODUCT.label, label_known_at=instant(desk, known_until),
        assumed_known=False, as_of=at, feature_set=FEATURES.identity, features_offered=(), reconstructed_ppm=0, seeds=(1,),
    )  # fmt: skip
    paper = Document(kind="model_card", document_id=content_hash(about), content=canonical_json(about), cites=(), at=at)
    desk.home.store.put_document(paper)
    return card


def shuffled_card(population: Population) -> Card:
    """A card that learned nothing: its labels were dealt out at random."""
    bad = np.random.default_rng(4).permutation(population.bad())
    prior_ppm = PRODUCT.assumed("portfolio_bad_rate_ppm")
    return woe_card.fit(population.known.table(), bad, FEATURES.features, seed=1, prior_ppm=prior_ppm)


def make_home(folder: Path, *, applying: int = APPLYING, days: Sequence[str] = ("2020-03-20",)) -> Desk:
    """A home with an honest card and a newer one that learned nothing; most outcomes are known from 20 March 2020 on.

    They become known on some days, an equal share on each.
    """
    make_portfolio_files(1, folder / "world", known=KNOWN, applying=applying)
    desk = open_desk(folder / "home")
    desk.ingest(folder / "world" / FILES, consent="own-data", source="cumcm2020c")
    population = desk.population("enterprise_loan", "2020-01-01")
    keep(desk, fit_card(population, PRODUCT, Training(as_of=0, assume_label_known=True)), "2020-03-01", "2020-03-01")
    keep(desk, shuffled_card(population), "2020-03-02", "2020-03-01")
    _tell_outcomes(desk, population.applicants.amounts("sales_fen_12m"), [instant(desk, day) for day in days])
    return desk


def decide_many(desk: Desk, names: Sequence[str], day: str) -> tuple[Receipt, ...]:
    """Decide some businesses in one request, and ask the shadows, as a live desk does."""
    at = instant(desk, day)
    sealed = Sealed(_evaluator(), PRODUCT, FEATURES, deciding_model(desk.home, PRODUCT.model, at=at))
    keep_sealed(desk.home, sealed, at=at)
    asked = tuple(
        Application(application_id=name, product=PRODUCT.name, business_id=name, as_of=at, consent_id="own-data")
        for name in names
    )
    receipts = tuple(decide(DeskSteps(desk.home, sealed), msgspec.json.encode(Request(f"R{at}", asked))))
    record_shadows(desk.home, PRODUCT.model, receipts, at=at)
    return receipts


def _tell_outcomes(desk: Desk, sales: dict[str, int], days: Sequence[int]) -> None:
    """Let the quarter of the applicants that sold least, and had bad luck, default in March 2020; of a few nothing is heard."""
    known = desk.home.book.view().read("external_outcome")
    rank = {name: place / len(sales) for place, name in enumerate(sorted(sales, key=lambda name: sales[name]))}
    luck = dict(zip(rank, np.random.default_rng(1).normal(0, LUCK, len(rank)), strict=True))
    names = [name for place, name in enumerate(sorted(rank, key=lambda name: rank[name] + luck[name])) if place % SILENT]
    at = [days[place % len(days)] for place in range(len(names))]
    rows = pa.concat_tables([known.slice(0, 1)] * len(names))
    values = {
        "business_id": names, "outcome": ["default" if place < len(names) // 4 else "no_default" for place in range(len(names))],
        "known_at": at, "happened_at": at, "key": [f"late-{name}" for name in names],
    }  # fmt: skip
    columns = {
        name: rows[name].combine_chunks() for name in rows.column_names if name not in ("seq", "known_until", "happened_on")
    }
    columns |= {name: pa.array(cells, columns[name].type) for name, cells in values.items()}
    columns["record_id"] = record_ids("external_outcome", columns)
    desk.home.book.append({"external_outcome": pa.table(columns)})


def act(desk: Desk, who: str, day: str) -> Act:
    return Act(who=who, why="x", at=instant(desk, day))


def evidence_for(challenger: str, against: str = "", *, red: bool = False) -> Evidence:
    """Evidence that speaks for a version (or, with a red gate, against it)."""
    findings = [msgspec.structs.replace(GREEN, state="red") if red else GREEN]
    verdict = judge_challenger([GAIN] if against else [], findings)
    return Evidence(challenger=challenger, champion=against, rows=500, bads=90, how="made up", verdict=verdict)


def crown(desk: Desk, version: str, day: str) -> None:
    against = champion(desk.home, NAMED, at=instant(desk, day)) or ""
    put_in_shadow(desk.home, NAMED, act(desk, "ann", day), version)
    promote_model(desk.home, NAMED, act(desk, "bob", day), version, evidence_for(version, against))


def stages(desk: Desk, day: str) -> dict[str, str]:
    return {one.version: one.stage for one in list_models(desk.home, NAMED, at=instant(desk, day))}
