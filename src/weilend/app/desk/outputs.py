"""In: the result of the main job. Out: decisions.csv, receipts.jsonl, model/ and report.html. Used: by `weilend run`."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

from weilend.app.desk.committee import compose_report
from weilend.app.desk.run import Result
from weilend.core.ids import canonical_json
from weilend.core.money import FEN_PER_YUAN, PPM
from weilend.core.values import Offer, OfferCost, Reason, Receipt
from weilend.lending import say_offer
from weilend.models import save
from weilend.report import render_page

COLUMNS = (
    "business_id", "outcome", "pd", "points", "grade", "ceiling_yuan", "amount_yuan", "annual_rate",
    "cost_yuan", "all_in_nominal", "all_in_effective", "costs", "reasons",
)  # fmt: skip


def write_outputs(result: Result, out: Path) -> tuple[Path, ...]:
    """Write everything a committee gets into a folder, made where it is missing; returns what was written."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "decisions.csv").write_text(decisions_csv(result), encoding="utf-8-sig")  # a spreadsheet reads Chinese by the mark
    lines = [canonical_json(receipt).decode() for receipt in result.receipts]
    (out / "receipts.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    save(result.study.card, result.study.about, out / "model")
    (out / "report.html").write_text(render_page(compose_report(result)), encoding="utf-8")
    return tuple(out / name for name in ("decisions.csv", "receipts.jsonl", "model", "report.html"))


def decisions_csv(result: Result) -> str:
    """Return one line per decision; amounts in yuan, pd and rates as fractions, sentences in English with their Chinese after."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for receipt in result.receipts:
        writer.writerow(_line(receipt, result))
    return text.getvalue()


def _line(receipt: Receipt, result: Result) -> tuple[object, ...]:
    decision, score = receipt.decision, receipt.score
    offer = result.offers[receipt.application.business_id]
    return (
        receipt.application.business_id,
        decision.outcome if offer.status != "not_placed" else "approve, not placed",
        _fraction(score.pd_ppm) if score else "",
        score.points if score else "",
        decision.grade or "",
        _yuan(decision.ceiling_fen),
        _yuan(offer.amount_fen if offer.amount_fen is not None or decision.outcome != "approve" else 0),
        _fraction(offer.annual_rate_ppm),
        *_cost(offer),
        "; ".join(f"{reason.en} ({reason.zh})" for reason in (*decision.reasons, *_refusal(offer))),
    )


def _cost(offer: Offer) -> tuple[str, str, str, str]:
    """Return what an offer costs in all, its yearly rate by both conventions, and each cost with who gets it."""
    cost = offer.cost
    if not isinstance(cost, OfferCost):
        return ("",) * 4
    said = "; ".join(f"{one.en} ({one.zh})" for one in say_offer(offer)[: len(cost.lines)])
    return _yuan(cost.total_fen), _fraction(cost.nominal_rate_ppm), _fraction(cost.effective_rate_ppm), said


def _refusal(offer: Offer) -> tuple[Reason, ...]:
    return (offer.refused,) if isinstance(offer.refused, Reason) else ()


def _yuan(fen: int | None) -> str:
    return "" if fen is None else f"{fen // FEN_PER_YUAN}" if fen % FEN_PER_YUAN == 0 else f"{fen / FEN_PER_YUAN:.2f}"


def _fraction(ppm: int | None) -> str:
    return "" if ppm is None else f"{ppm / PPM:.6f}".rstrip("0").rstrip(".") or "0"
