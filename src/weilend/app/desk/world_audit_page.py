"""In: audits of worlds. Out: rows for a terminal, and a page of Markdown. Used: by `weilend sim audit` and the documentation."""

from __future__ import annotations

from collections.abc import Sequence

from weilend.app.desk.world_audit import WorldAudit
from weilend.economy.audit.difficulty import AUC_NEVER, AUC_RANGE, KS_RANGE
from weilend.economy.audit.marginals import Marginal
from weilend.report import show

_COLUMNS = (
    "world",
    "applicants",
    "bad",
    "best model AUC",
    "KS",
    "oracle AUC",
    "best single field",
    "fields that tell",
    "passes",
)


def summarise(audits: Sequence[WorldAudit]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return columns and rows: one for each world.

    >>> summarise(())[1]
    []
    """
    return _COLUMNS, [_row(one) for one in audits]


def _row(audit: WorldAudit) -> tuple[str, ...]:
    hard = audit.difficulty
    name, best = hard.singles[0] if hard.singles else ("none", 0.5)
    return (
        _name(audit),
        f"{hard.applicants:,}",
        f"{hard.bad_ppm / 1e4:.1f} %",
        f"{hard.auc:.3f}",
        f"{hard.ks:.3f}",
        f"{hard.oracle_auc:.3f}",
        f"{best:.3f} {name}",
        str(len(audit.telling)),
        "yes" if audit.passes else "no",
    )


def _name(audit: WorldAudit) -> str:
    return "default" if audit.made.world_seed == 0 else f"drawn {audit.made.world_seed}"


def write_markdown(audits: Sequence[WorldAudit]) -> str:
    """Return the page: how hard each world is, what single fields tell, and how near the first is to what is known in public."""
    first = audits[0]
    parts = [
        "# Audit of the economy",
        "Made by `weilend sim audit`; nobody writes here by hand. Constants of the default world: "
        f"`{first.made.constants}`, seed {first.made.seed}, {first.made.businesses:,} businesses,"
        f" {first.made.months} months.",
        "## How hard are applicants to judge",
        "A plain LightGBM on every feature of the library, out of fold, grouped by firm;"
        f" wanted: AUC {AUC_RANGE[0]} to {AUC_RANGE[1]}, KS {KS_RANGE[0]} to {KS_RANGE[1]}, never an AUC above {AUC_NEVER}."
        " The oracle knows the traits that no record tells, but not the dice.",
        _table(*summarise(audits)),
        "## What a single field tells of fraud, in the default world",
        "The most telling field of each pattern and kind of record, as an area under the curve; a pattern's own signature may"
        " tell as much as its ceiling.",
        _table(("pattern", "kind", "field", "AUC", "ceiling", "records", "tells"), _worst(first)),
        "## How near to what is known in public, in the default world",
        _table(("what", "made", "public", "gap", "source"), [_marginal(one) for one in first.marginals]),
    ]
    return "\n\n".join(parts) + "\n"


def _worst(audit: WorldAudit) -> list[tuple[str, ...]]:
    worst: dict[tuple[str, str], tuple[str, ...]] = {}
    for one in sorted(audit.findings, key=lambda found: found.ceiling - found.auc):
        if one.kind == "ids":
            continue
        row = (
            one.what,
            one.kind,
            one.field,
            f"{one.auc:.3f}",
            f"{one.ceiling:.2f}",
            f"{one.rows:,}",
            "yes" if one.tells else "no",
        )
        worst.setdefault((one.what, one.kind), row)
    return [worst[key] for key in sorted(worst)]


def _marginal(one: Marginal) -> tuple[str, ...]:
    fact = one.fact
    public = f"{show(fact.lo, fact.unit)} to {show(fact.hi, fact.unit)}"
    gap = "inside" if one.gap == 0 else f"{one.gap / 1e4:+.1f} %"
    return f"{fact.about} ({fact.zh})", show(one.found, fact.unit), public, gap, fact.source


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
