"""In: a plan, settings, a folder. Out: a run in it: its home, its report, every decision with what it was made of. Used: by
`weilend sim run`.

FOLDER/home                a home like any other: its book knows the world and every loan, its store the policies, models and
their lives
FOLDER/decisions.parquet   every decision: what it read, which policy and model decided, what was answered, with which propensity
FOLDER/features.parquet    what every applicant showed
FOLDER/result.json         who earned what
FOLDER/report.html         the page
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from weilend.app.desk.flywheel.ground import FLYWHEEL, lay_ground
from weilend.app.desk.flywheel.learners import read_ranker, write_ranker
from weilend.app.desk.flywheel.learning import score
from weilend.app.desk.flywheel.months import run_months
from weilend.app.desk.flywheel.page import compose_run
from weilend.app.desk.flywheel.policies import decide_rows
from weilend.app.desk.flywheel.results import Result, summarise
from weilend.app.desk.flywheel.rivals import find_rivals
from weilend.app.desk.flywheel.rows import Rows
from weilend.app.desk.flywheel.run import MonthDone, Run, Settings
from weilend.app.desk.flywheel.showing import columns_of
from weilend.app.desk.progress import Tell, say_nothing
from weilend.app.desk.sealed import make_evaluator
from weilend.core.ids import canonical_json
from weilend.core.lifecycle import Action, Event
from weilend.decision import dump_policy, restore_policy
from weilend.economy.plan import WorldPlan
from weilend.lending import Product
from weilend.models.table import Integers
from weilend.report import render_page
from weilend.store import Document, Store

#: Who proposes and who approves in a run: nobody is asked, the simulator stands in for both and says so.
PROPOSER, APPROVER = "the flywheel", "the simulator"
_STEPS: Final[tuple[tuple[Action, str], ...]] = (("propose", PROPOSER), ("approve", APPROVER))
DECISIONS, FEATURES, RESULT, REPORT = "decisions.parquet", "features.parquet", "result.json", "report.html"


def run_company(
    plan: WorldPlan,
    folder: Path,
    settings: Settings,
    *,
    workers: int = 2,
    tell: Tell = say_nothing,
    show: Callable[[MonthDone], None] = lambda _: None,
) -> Result:
    """Make the world of a plan in a new folder, run the company in it, hold it against others, and write the report."""
    ground = lay_ground(plan, folder, workers=workers, tell=tell)
    run = run_months(ground, settings, tell=tell, show=show)
    rivals = find_rivals(run, tell)
    result = summarise(run, rivals)
    keep_run(run, folder)
    (folder / RESULT).write_bytes(canonical_json(result))
    (folder / REPORT).write_text(render_page(compose_run(run, result)), encoding="utf-8")
    return result


def keep_run(run: Run, folder: Path) -> None:
    """Keep every decision with what it read, and in the home's store what decided: policies, models, and when each was live."""
    store = run.ground.home.store
    _keep_versions(run, store)
    asked = run.ground.asked
    rows = run.rows
    models = [one.model_id for one in run.models]
    decisions = pa.table({
        "application_id": [asked.application[row] for row in rows.tolist()],
        "business_id": [asked.business[row] for row in rows.tolist()],
        "decided_at": asked.at[rows],
        "month": run.month,
        "policy_id": [run.policies[at].identity for at in run.policy_of.tolist()],
        "model_id": pa.array([models[at] if at >= 0 else None for at in run.model_of.tolist()], pa.string()),
        "pd_ppm": pa.array(run.pd_ppm, mask=run.model_of < 0),
        "outcome": ["approve" if yes else "decline" for yes in run.answers.approved.tolist()],
        "grade": list(run.answers.grade),
        "ceiling_fen": run.answers.ceiling_fen,
        "rate_ppm": run.answers.rate_ppm,
        "propensity_ppm": run.propensity_ppm,
        **{f"arm_{name}": list(arms) for name, arms in run.answers.arms.items()},
    })  # fmt: skip
    pq.write_table(decisions, folder / DECISIONS, compression="zstd")
    shown = run.shown
    features = {name: pa.array(shown.values[:, at], mask=~shown.known[:, at]) for at, name in enumerate(shown.names)}
    pq.write_table(pa.table({"application_id": decisions["application_id"], **features}), folder / FEATURES, compression="zstd")


def _keep_versions(run: Run, store: Store) -> None:
    """Keep policies and models as documents, and their proposals and approvals as events."""
    starts = run.ground.starts
    live_from = {int(at): int(run.month[np.argmax(run.policy_of == at)]) for at in np.unique(run.policy_of)}
    papers, events = [], []
    for at, policy in enumerate(run.policies):
        when = starts(live_from[at]) if at in live_from else starts(run.ground.months)
        papers.append(("policy", policy.identity, dump_policy(policy), when))
        events.append(("policy", policy.name, policy.identity, when, f"version {policy.version}"))
    for at, model in enumerate(run.models):
        months = run.month[run.model_of == at]
        when = starts(int(months[0])) if len(months) else starts(run.ground.months)
        papers.append(("model", model.model_id, write_ranker(model), when))
        events.append(("model", run.product.model, model.model_id, when, f"{model.bads} bads of {model.rows} loans"))
    papers.append(("product", run.product.identity, canonical_json(run.product), starts(0)))
    store.put_documents([
        Document(kind=kind, document_id=name, content=content, cites=(), at=when) for kind, name, content, when in papers
    ])  # fmt: skip
    for kind, name, version, when, why in events:
        for action, who in _STEPS:
            store.put_event(
                kind, Event(name=name, version=version, action=action, who=who, at=when, effective_at=when, why=why)
            )


class Replayed(msgspec.Struct, frozen=True):
    """How many decisions of a run were decided again from what was kept, and which of them came out otherwise."""

    decisions: int
    different: tuple[str, ...]


def replay_run(folder: Path, store: Store) -> Replayed:
    """Decide every kept decision again, from stored features, policies and models alone; retired ones included."""
    decisions, features = pq.read_table(folder / DECISIONS), pq.read_table(folder / FEATURES)
    names = features.column_names[1:]
    known = np.stack([~np.asarray(features[name].is_null()) for name in names], axis=1)
    values = np.stack([features[name].fill_null(0).to_numpy() for name in names], axis=1)
    signs = {one.name: one.sign for one in FLYWHEEL.features}
    shown = Rows(tuple(names), tuple(signs[name] for name in names), values, known, tuple(decisions["business_id"].to_pylist()),
                 decisions["decided_at"].to_numpy())  # fmt: skip
    product = next(iter(store.documents("product")))
    policies, models = decisions["policy_id"].to_pylist(), decisions["model_id"].to_pylist()
    different: list[str] = []
    for policy, model in dict.fromkeys(zip(policies, models, strict=True)):
        rows = np.array([at for at, pair in enumerate(zip(policies, models, strict=True)) if pair == (policy, model)], np.int64)
        different += _replay_some(store, msgspec.json.decode(product.content, type=Product), policy, model, shown.take(rows),
                                  decisions.take(pa.array(rows)))  # fmt: skip
    return Replayed(len(policies), tuple(different))


def _replay_some(store: Store, product: Product, policy: str, model: str | None, shown: Rows, kept: pa.Table) -> list[str]:
    pd: Integers | None = None if model is None else score(read_ranker(store.document("model", model).content), shown)
    evaluator = make_evaluator(product, FLYWHEEL, restore_policy(store.document("policy", policy).content))
    said = decide_rows(evaluator, columns_of(evaluator, shown, pd))
    same = (
        (said.ceiling_fen == kept["ceiling_fen"].to_numpy())
        & (said.rate_ppm == kept["rate_ppm"].to_numpy())
        & (said.approved == np.array([one == "approve" for one in kept["outcome"].to_pylist()]))
        & (np.array(said.grade) == np.array(kept["grade"].to_pylist()))
    )
    if pd is not None:
        same &= pd == kept["pd_ppm"].to_numpy()
    return [name for name, yes in zip(kept["application_id"].to_pylist(), same.tolist(), strict=True) if not yes]
