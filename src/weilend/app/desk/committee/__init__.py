"""In: the `Result` of the main job. Out: the page that a credit committee reads. Used: by `desk.outputs`.

One file per section; what a sentence claims is computed from its figure in `words`. Values only: nothing is read here.
"""

from __future__ import annotations

from weilend.app.desk.committee.assumed import compose_assumptions, compose_glossary
from weilend.app.desk.committee.budget import compose_budget
from weilend.app.desk.committee.data import compose_data
from weilend.app.desk.committee.decisions import compose_decisions
from weilend.app.desk.committee.evidence import compose_evidence
from weilend.app.desk.committee.scorecard import compose_scorecard
from weilend.app.desk.committee.shift import compose_shift
from weilend.app.desk.committee.short import compose_short, say_decided
from weilend.app.desk.committee.stressed import compose_stress
from weilend.app.desk.committee.truth import compose_truth
from weilend.app.desk.committee.words import yuan
from weilend.app.desk.run import Result
from weilend.report import Page

#: Page one first, then what was decided, how far it can be believed, and what it rests on.
SECTIONS = (
    compose_short,
    compose_decisions,
    compose_budget,
    compose_truth,
    compose_evidence,
    compose_scorecard,
    compose_shift,
    compose_stress,
    compose_data,
    compose_assumptions,
)


def compose_report(result: Result) -> Page:
    """Return the committee's report: page one, ten sections, the glossary, and the hashes of all that it was made from."""
    product = result.sealed.product
    return Page(
        title=f"{product.en}: report to the credit committee",
        title_zh=f"{product.zh} · 信贷审批委员会报告",
        subtitle=f"{len(result.receipts):,} applications as of {result.order.as_of}, budget {yuan(result.order.budget_fen)}, "
        f"consent `{result.order.consent_id}`",
        lead=say_decided(result),
        sections=(*(compose(result) for compose in SECTIONS), compose_glossary()),
        made_from=_made_from(result),
    )


def _made_from(result: Result) -> tuple[tuple[str, str], ...]:
    about, sealed = result.study.about, result.sealed
    runtime = next((receipt.sealed["runtime"] for receipt in result.receipts), "none")
    seqs = sorted({receipt.book_seq for receipt in result.receipts})
    return (
        ("policy", sealed.evaluator.policy_id),
        ("product", sealed.product.identity),
        ("model", about.model_id),
        ("feature set", about.feature_set),
        ("training data", about.data),
        ("allocation", result.allocation.allocation_id),
        ("allocation inputs", result.allocation.inputs_hash),
        ("runtime", runtime),
        ("book, sequence", ", ".join(f"{seq:,}" for seq in seqs) or "none"),
        ("seeds", ", ".join(str(seed) for seed in about.seeds)),
        ("receipts", f"{len(result.receipts):,}"),
    )
