"""In: audits of worlds. Out: rows for a terminal, and a page of Markdown. Used: by `weilend sim audit` and the documentation."""

from __future__ import annotations

from collections.abc import Sequence

from weilend.app.desk.worlds.audit import WorldAudit
from weilend.economy.audit.difficulty import AUC_NEVER, AUC_RANGE, KS_RANGE
from weilend.economy.audit.marginals import Marginal
from weilend.economy.audit.tells import SURE_ERRORS
from weilend.report import markdown_table, show

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
        "The mean rank of two plain LightGBMs, one free on every feature of the library, one monotone on those with a sign,"
        " out of fold, grouped by firm;"
        f" wanted: AUC {AUC_RANGE[0]} to {AUC_RANGE[1]}, KS {KS_RANGE[0]} to {KS_RANGE[1]}, never an AUC above {AUC_NEVER}."
        " The oracle knows the traits that no record tells, but not the dice.",
        markdown_table(*summarise(audits)),
        "## What reject inference says of all applicants",
        "The bad rate of those who were lent to and of those who were declined, all at the standard offer, and two bands for both"
        " made from the first alone: the declined behave as others who look like them to the model; their odds are up to four times"
        " worse, for the lender of old sensed what no file holds. Nothing in a band has read an outcome of the declined.",
        markdown_table(
            ("world", "lent to", "bad", "declined", "bad", "both", "alike", "holds", "up to four times", "holds"),
            _rejects(audits),
        ),
        "## What a single field tells of fraud, in the default world",
        "The most telling field of each pattern and kind of record, as an area under the curve; a pattern's own signature may"
        f" tell as much as its ceiling. A field tells where it is above by more than {SURE_ERRORS:.0f} standard errors of so many"
        " firms or shops: the habits of three firms are no proof.",
        markdown_table(("pattern", "kind", "field", "AUC", "ceiling", "records", "of firms or shops", "tells"), _worst(first)),
        "## How near to what is known in public, in the default world",
        markdown_table(("what", "made", "public", "gap", "source"), [_marginal(one) for one in first.marginals]),
    ]
    return "\n\n".join(parts) + "\n"


def _rejects(audits: Sequence[WorldAudit]) -> list[tuple[str, ...]]:
    """Return a line a world, and how often each band held the truth."""
    rows, held = [], [0, 0]
    for audit in audits:
        one = audit.rejects
        if one is None:
            rows.append((_name(audit), "too few went bad", *[""] * 8))
            continue
        bands: list[str] = []
        for place in range(2):
            band, covered = one.bands[place], one.covered[place]
            bands += [f"{band.lo_ppm / 1e4:.1f} to {band.hi_ppm / 1e4:.1f} %", "yes" if covered else "no"]
            held[place] += covered
        rates = [f"{rate / 1e4:.1f} %" for rate in (one.accepted_ppm, one.declined_ppm, one.all_ppm)]
        rows.append((_name(audit), f"{one.accepted:,}", rates[0], f"{one.declined:,}", *rates[1:], *bands))
    count = sum(one.rejects is not None for one in audits)
    rows.append(("together", "", "", "", "", "", "", f"{held[0]} of {count}", "", f"{held[1]} of {count}"))
    return rows


def _worst(audit: WorldAudit) -> list[tuple[str, ...]]:
    worst: dict[tuple[str, str], tuple[str, ...]] = {}
    for one in sorted(audit.findings, key=lambda found: found.ceiling + SURE_ERRORS * found.error - found.auc):
        if one.kind == "ids":
            continue
        row = (
            one.what,
            one.kind,
            one.field,
            f"{one.auc:.3f}",
            f"{one.ceiling:.2f}",
            f"{one.rows:,}",
            f"{one.subjects:,}",
            "yes" if one.tells else "no",
        )
        worst.setdefault((one.what, one.kind), row)
    return [worst[key] for key in sorted(worst)]


def _marginal(one: Marginal) -> tuple[str, ...]:
    fact = one.fact
    public = f"{show(fact.lo, fact.unit)} to {show(fact.hi, fact.unit)}"
    gap = "inside" if one.gap == 0 else f"{one.gap / 1e4:+.1f} %"
    return f"{fact.about} ({fact.zh})", show(one.found, fact.unit), public, gap, fact.source
