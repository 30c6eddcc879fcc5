"""In: rows of invoices and books as facts. Out: whose they are, voucher numbers, sums of invoices. Used: as steps of their
profiles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import first_of_month, month_index
from weilend.core.errors import SourceError
from weilend.sources import figures
from weilend.sources.columns.cells import each, first_known, nulls
from weilend.sources.columns.days import FIRST_DAY, LAST_DAY
from weilend.sources.columns.groups import group_codes, ordinals_of
from weilend.sources.figures import Compared
from weilend.sources.identifiers import is_taxpayer_number
from weilend.sources.steps.lexicon import kept_words
from weilend.sources.steps.reconcile import CHECKS
from weilend.sources.steps.scene import STEPS, Facts, Scene, Step, Told, count_of, parse_nothing, render_nothing
from weilend.sources.steps.sequences import WHOLES

_TEXT: Final = pa.string()
NOT_NET_PLUS_TAX: Final = "gross_is_not_net_plus_tax"  # the code that profiles of invoices quarantine by
_MONTH = re.compile(r"(\d{4})\D{0,3}(\d{1,2})")
_SIDES: Final = {"sale": ("seller", "buyer"), "purchase": ("buyer", "seller")}  # direction: our side, the other


def _parse_own_side(facts: Facts, scene: Scene) -> Told:
    """Say which side of each invoice is the business's own: as the intake says its number, or every row has it on one side."""
    own = scene.memory.kept.setdefault("own tax id", scene.intake.tax_id.strip().upper() or _own_number(facts, scene))
    sides = {side: pc.equal(pc.utf8_upper(facts[f"{side}_tax_id"]), own) for side in ("seller", "buyer")}
    sold = pc.fill_null(sides["seller"], fill_value=False)
    bought = pc.fill_null(sides["buyer"], fill_value=False)
    neither = ~pc.or_(sold, bought).to_numpy(zero_copy_only=False)
    other = [pc.if_else(sold, facts[f"buyer_{what}"], facts[f"seller_{what}"]) for what in ("tax_id", "name")]
    tokens = scene.intake.hide(scene.what)
    by_number, clear_numbers = tokens.column("business", pc.utf8_upper(other[0]))
    by_name, clear_names = tokens.column("party", pc.if_else(pc.is_null(other[0]), other[1], pa.scalar(None, _TEXT)))
    told = {"direction": pc.if_else(sold, "sale", "purchase"), "counterparty_id": first_known([by_number, by_name])}
    return Told(facts=told, faults=((neither, "not_ours"),), clear=(clear_numbers, clear_names))


def _own_number(facts: Facts, scene: Scene) -> str:
    """Return the taxpayer number that stands on one side of every row while the other side changes."""
    distinct = {side: pc.unique(facts[f"{side}_tax_id"].drop_null()).to_pylist() for side in ("seller", "buyer")}
    constant = [side for side, numbers in distinct.items() if len(numbers) == 1 and not facts[f"{side}_tax_id"].null_count]
    if len(constant) != 1:
        raise SourceError(
            f"{scene.what} does not tell which side is the business", hint="give the business's taxpayer number (tax_id)"
        )
    return str(distinct[constant[0]][0]).upper()


def _render_own_side(facts: Facts, scene: Scene) -> Facts:
    sold = pc.equal(facts["direction"], "sale")
    own = pa.repeat(pa.scalar(scene.intake.tax_id or None, _TEXT), count_of(facts))
    other = each(facts["counterparty_id"], lambda token: scene.clear.get(token, token), _TEXT)
    is_number = each(other, lambda text: "yes" if re.fullmatch(r"[0-9A-Z]{15,20}", text) else None, _TEXT)
    number = pc.if_else(pc.is_valid(is_number), other, pa.scalar(None, _TEXT))
    name = pc.if_else(pc.is_valid(is_number), pa.scalar(None, _TEXT), other)
    none = pa.nulls(count_of(facts), _TEXT)
    return {
        "seller_tax_id": pc.if_else(sold, own, number),
        "buyer_tax_id": pc.if_else(sold, number, own),
        "seller_name": pc.if_else(sold, none, name),
        "buyer_name": pc.if_else(sold, name, none),
    }


def _parse_invoice_number(facts: Facts, _scene: Scene) -> Told:
    """Give the number of an invoice: the 20 digits of a digital one, else its code and number."""
    old = pc.binary_join_element_wise(facts["old_code"], facts["old_number"], "-")
    number = first_known([facts["digital_number"], old, facts["old_number"]])
    return Told(facts={"number": number}, faults=((nulls(number), "no_invoice_number"),))


def _render_invoice_number(facts: Facts, _scene: Scene) -> Facts:
    parts = [text.partition("-") if "-" in text else ("", "", text) for text in facts["number"].to_pylist()]
    digital = [number if not code and len(number) == 20 else None for code, _, number in parts]
    rest = [
        (code or None, number) if found is None else (None, None)
        for (code, _, number), found in zip(parts, digital, strict=True)
    ]
    return {
        "digital_number": pa.array(digital, _TEXT),
        "old_code": pa.array([code for code, _ in rest], _TEXT),
        "old_number": pa.array([number for _, number in rest], _TEXT),
    }


def _hide_step(fact: str, given: str, purpose: str) -> Step:
    """Return a step that puts tokens of a purpose into `given` for the names in `fact`."""

    def parse(facts: Facts, scene: Scene) -> Told:
        tokens, clear = scene.intake.hide(scene.what).column(purpose, facts[fact])
        return Told(facts={given: tokens}, clear=(clear,))

    def render(facts: Facts, scene: Scene) -> Facts:
        if given not in facts:
            return {}
        return {fact: each(facts[given], lambda token: scene.clear.get(token, token), _TEXT)}

    return Step(parse, render, (given,))


def _parse_voucher(facts: Facts, _scene: Scene) -> Told:
    """Give the number of a voucher: month, word and number, as 202401-记-12; an amount that is blank is none."""
    month = pc.strftime(facts["happened_on"].cast(pa.timestamp("s")), format="%Y%m")
    word = pc.fill_null(facts["voucher_word"], "") if "voucher_word" in facts else pa.repeat(pa.scalar(""), count_of(facts))
    number = pc.binary_join_element_wise(month, word, facts["voucher_number"], "-")
    sides = {name: pc.fill_null(facts[name], 0) for name in ("debit_fen", "credit_fen")}
    memo = {"memo": each(facts["memo_text"], kept_words, _TEXT)} if "memo_text" in facts else {}
    return Told(facts={"voucher_id": number, **sides, **memo})


def _render_voucher(facts: Facts, _scene: Scene) -> Facts:
    parts = [text.split("-", 2) for text in facts["voucher_id"].to_pylist()]
    words, numbers = ([part[place] if len(part) > place else "" for part in parts] for place in (1, 2))
    rendered: Facts = {
        "voucher_word": pa.array([word or None for word in words], _TEXT),
        "voucher_number": pa.array(numbers, _TEXT),
    }
    return rendered | ({"memo_text": facts["memo"]} if "memo" in facts else {})


def _parse_period(facts: Facts, scene: Scene) -> Told:
    """Say when a trial balance opens and closes: the month that stands above it."""
    found = _MONTH.search(scene.said.get("month", ""))
    if not found or not 1 <= int(found[2]) <= 12 or not FIRST_DAY.year <= int(found[1]) <= LAST_DAY.year:
        raise SourceError(
            f"{scene.what} does not say its month", hint="keep the line above the table that says it, such as 期间：2024年1月"
        )
    first = date(int(found[1]), int(found[2]), 1)
    last = date.fromordinal(first_of_month(month_index(first) + 1).toordinal() - 1)
    count, calendar = count_of(facts), scene.intake.calendar
    zeros = {name: pc.fill_null(fact, 0) for name, fact in facts.items() if name.endswith("_fen")}
    return Told(
        facts={
            **zeros,
            "opening_at": pa.repeat(pa.scalar(calendar.start_of(first)), count),
            "closing_at": pa.repeat(pa.scalar(calendar.end_of(last)), count),
            "period_end_on": pa.repeat(pa.scalar(last, pa.date32()), count),
            "happened_on": pa.repeat(pa.scalar(last, pa.date32()), count),
        }
    )


def _parse_compare(facts: Facts, _scene: Scene) -> Told:
    """Say whether two figures of a row are equal."""
    expected, found = facts["expected_fen"], facts["found_fen"]
    direction = pc.if_else(pc.equal(found, expected), "equal", pc.if_else(pc.greater(found, expected), "above", "below"))
    return Told(facts={"holds": pc.equal(expected, found), "direction": direction})


def _parse_joined_purpose(facts: Facts, _scene: Scene) -> Told:
    """Give a purpose of three words that stand in columns of their own."""
    parts = [pc.fill_null(facts[name], "") for name in ("purpose_1", "purpose_2", "purpose_3")]
    return Told(facts={"purpose": pc.binary_join_element_wise(*parts, " / ")})


def _render_joined_purpose(facts: Facts, _scene: Scene) -> Facts:
    parts = [[*(text or "").split(" / ", 2), "", ""][:3] for text in facts["purpose"].to_pylist()]
    return {f"purpose_{place + 1}": pa.array([part[place] for part in parts], _TEXT) for place in range(3)}


def _parse_loan_days(facts: Facts, _scene: Scene) -> Told:
    """Give the first and last due day of a loan repaid month by month: the day it was paid out, or the last of a shorter month."""
    booked, months = facts["happened_on"].to_pylist(), facts["instalments_count"].to_pylist()
    due = [_months_on(day, 1) for day in booked]
    last = [_months_on(day, count) for day, count in zip(booked, months, strict=True)]
    return Told(facts={"first_due_on": pa.array(due, pa.date32()), "matures_on": pa.array(last, pa.date32())})


def _months_on(day: date, months: int) -> date:
    first = first_of_month(month_index(day) + months)
    last = first_of_month(month_index(day) + months + 1).toordinal() - 1
    return date.fromordinal(min(first.toordinal() + day.day - 1, last))


def sum_invoices(facts: Facts, _scene: Scene) -> Facts:
    """Return facts with `line_no` of each line of an invoice, and the sums of the invoice in its first line.

    >>> facts = {"direction": pa.array(["sale"] * 2), "number": pa.array(["1"] * 2), "net_fen": pa.array([5, 7])}
    >>> sum_invoices(facts | {"tax_fen": pa.array([1, 1]), "gross_fen": pa.array([6, 8])}, None)["invoice_net_fen"].to_pylist()
    [12, None]
    """
    names = [facts[name] for name in ("direction", "number")]
    groups, lines = group_codes(names), ordinals_of(names) + 1
    added: Facts = {"line_no": pa.array(lines)}
    for name in ("net_fen", "tax_fen", "gross_fen"):
        sums = np.zeros(int(groups.max(initial=-1)) + 1, np.int64)
        np.add.at(sums, groups, facts[name].fill_null(0).to_numpy(zero_copy_only=False))
        added[f"invoice_{name}"] = pa.array(sums[groups], mask=lines != 1)
    return facts | added


def number_vouchers(facts: Facts, _scene: Scene) -> Facts:
    """Return facts with `line_no` of each line of a voucher, where the file does not number them.

    >>> facts = {"voucher_id": pa.array(["1", "1"]), "line_no": pa.nulls(2, pa.int64())}
    >>> number_vouchers(facts, None)["line_no"].to_pylist()
    [1, 2]
    """
    counted = pa.array(ordinals_of([facts["voucher_id"]]) + 1)
    given = facts.get("line_no", pa.nulls(count_of(facts), pa.int64()))
    return facts | {"line_no": counted if given.null_count else given}


def _invoice_sums(facts: Facts, scene: Scene) -> Iterable[tuple[Compared, str | None]]:
    """Compare amounts with tax with net amount plus tax; rows that do not add up were quarantined and count as failed."""
    sides = [facts[name].fill_null(0).to_numpy(zero_copy_only=False) for name in ("net_fen", "tax_fen", "gross_fen")]
    compared = figures.adds_up(*sides)
    refused = scene.memory.kept.get("rejected", {}).get(NOT_NET_PLUS_TAX, 0)
    yield msgspec.structs.replace(compared, checked=compared.checked + refused, failed=compared.failed + refused), None


def _tax_digits(facts: Facts, scene: Scene) -> Iterable[tuple[Compared, str | None]]:
    """Count which taxpayer numbers hold their check digits, each number once."""
    del facts
    numbers = [number for number in scene.memory.kept.get("tax ids", ()) if number]
    compared = figures.digits_hold(sorted(numbers), is_taxpayer_number, "taxpayer numbers")
    if compared is not None:
        yield compared, None


def _parse_note_tax_ids(facts: Facts, scene: Scene) -> Told:
    """Keep in mind which taxpayer numbers a sheet holds, for their check digits are compared once it is read."""
    known = scene.memory.kept.setdefault("tax ids", set())
    for side in ("seller", "buyer"):
        known.update(pc.unique(pc.utf8_upper(facts[f"{side}_tax_id"])).to_pylist())
    return Told(facts={})


def _voucher_balances(facts: Facts, _scene: Scene) -> Iterable[tuple[Compared, str | None]]:
    sides = [facts[name].to_numpy(zero_copy_only=False) for name in ("debit_fen", "credit_fen")]
    yield figures.vouchers_balance(group_codes([facts["voucher_id"]]), *sides), None


def _trial_balance(facts: Facts, _scene: Scene) -> Iterable[tuple[Compared, str | None]]:
    def net(name: str) -> np.ndarray:
        difference: np.ndarray = pc.subtract(facts[f"{name}_debit_fen"], facts[f"{name}_credit_fen"]).to_numpy(
            zero_copy_only=False
        )
        return difference

    debit, credit = (facts[f"period_{side}_fen"].to_numpy(zero_copy_only=False) for side in ("debit", "credit"))
    yield figures.rolls_on(net("opening"), debit, credit, net("closing")), None


def _settlement_sums(facts: Facts, scene: Scene) -> Iterable[tuple[Compared, str | None]]:
    """Compare the total of a settlement with the sum of its rows."""
    said = scene.said.get("total", "").replace(",", ".")
    if re.fullmatch(r"-?\d+(\.\d{1,2})?", said):
        total = round(float(said) * 100)
        signed = pc.if_else(pc.equal(facts["direction"], "out"), pc.negate(facts["amount_fen"]), facts["amount_fen"])
        found = pc.sum(signed).as_py() or 0
        compared = Compared(check="settlement_sums", checked=1, failed=int(total != found), expected_fen=total, found_fen=found)
        yield compared, facts["account_id"][0].as_py()


def _render_line_gross(facts: Facts, _scene: Scene) -> Facts:
    return {"gross_fen": pc.add(facts["net_fen"], pc.fill_null(facts["tax_fen"], 0))}


STEPS.add("own_side", Step(_parse_own_side, _render_own_side, ("direction", "counterparty_id")))
STEPS.add("note_tax_ids", Step(_parse_note_tax_ids, render_nothing))
STEPS.add("invoice_number", Step(_parse_invoice_number, _render_invoice_number, ("number",)))
STEPS.add("hide_drawer", _hide_step("drawer", "drawer_id", "person"))
STEPS.add("hide_preparer", _hide_step("preparer", "preparer_id", "person"))
STEPS.add("hide_party", _hide_step("party", "counterparty_id", "party"))
STEPS.add("voucher", Step(_parse_voucher, _render_voucher, ("voucher_id", "memo")))
STEPS.add("period", Step(_parse_period, render_nothing, ("opening_at", "closing_at", "period_end_on")))
STEPS.add("loan_days", Step(_parse_loan_days, render_nothing, ("first_due_on", "matures_on")))
STEPS.add("line_gross", Step(parse_nothing, _render_line_gross))
STEPS.add("compare", Step(_parse_compare, render_nothing, ("holds", "direction")))
STEPS.add("joined_purpose", Step(_parse_joined_purpose, _render_joined_purpose, ("purpose",)))
WHOLES.add("sum_invoices", sum_invoices)
WHOLES.add("number_vouchers", number_vouchers)
CHECKS.add("invoice_sums", _invoice_sums)
CHECKS.add("tax_digits", _tax_digits)
CHECKS.add("voucher_balances", _voucher_balances)
CHECKS.add("trial_balance_rolls", _trial_balance)
CHECKS.add("settlement_sums", _settlement_sums)
