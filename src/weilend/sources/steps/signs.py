"""In: amounts as banks and wallets sign them. Out: direction and amount, never negative, and back. Used: as steps of profiles.

Four conventions: one signed column; one for what came in and one for what went out; a word beside an amount; a card's, where what
was spent is positive.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from weilend.sources.columns.cells import each, nulls
from weilend.sources.steps.scene import STEPS, Facts, Scene, Step, Told, count_of, render_nothing

_OTHER: Final = {"in": "out", "out": "in"}
#: How files write a currency; the right side is ISO 4217. A word that is not here is its own code, upper case.
CURRENCIES: Final = {
    "人民币": "CNY", "人民币元": "CNY", "RMB": "CNY", "元": "CNY", "¥": "CNY", "156": "CNY", "01": "CNY", "港币": "HKD",
    "港元": "HKD", "美元": "USD", "欧元": "EUR", "日元": "JPY", "英镑": "GBP", "澳元": "AUD", "加元": "CAD", "新加坡元": "SGD",
    "澳门元": "MOP",
}  # fmt: skip


def _signed(positive: str) -> Step:
    """Return the step of a signed column: `positive` is the direction of amounts above zero."""

    def parse(facts: Facts, _scene: Scene) -> Told:
        amount = facts["signed_fen"]
        direction = pc.if_else(pc.less(amount, 0), _OTHER[positive], positive)
        return Told(facts={"direction": direction, "amount_fen": pc.abs(amount)})

    def render(facts: Facts, _scene: Scene) -> Facts:
        amount = facts["amount_fen"]
        return {"signed_fen": pc.if_else(pc.equal(facts["direction"], positive), amount, pc.negate(amount))}

    return Step(parse, render, ("direction", "amount_fen"))


def _parse_split(facts: Facts, _scene: Scene) -> Told:
    """Read two columns: a zero beside an amount says nothing; what is negative went the other way."""
    came, went = facts["in_fen"], facts["out_fen"]
    has_in, has_out = (pc.fill_null(pc.not_equal(side, 0), fill_value=False) for side in (came, went))
    out = pc.or_(has_out, pc.and_(pc.invert(has_in), pc.and_(pc.is_valid(went), pc.is_null(came))))
    amount = pc.if_else(out, went, came)
    amount = pc.if_else(pc.and_(pc.is_null(amount), pc.is_valid(went)), went, amount)
    turned = pc.fill_null(pc.less(amount, 0), fill_value=False)
    direction = pc.if_else(pc.xor(out, turned), "out", "in")
    both = pc.and_(has_in, has_out).to_numpy(zero_copy_only=False)
    return Told(
        facts={"direction": direction, "amount_fen": pc.abs(amount)}, faults=((both, "both_ways"), (nulls(amount), "no_amount"))
    )


def _render_split(facts: Facts, _scene: Scene) -> Facts:
    amount, none = facts["amount_fen"], pa.scalar(None, pa.int64())
    came = pc.equal(facts["direction"], "in")
    return {"in_fen": pc.if_else(came, amount, none), "out_fen": pc.if_else(came, none, amount)}


def _parse_flagged(facts: Facts, _scene: Scene) -> Told:
    """Read an amount with a word beside it: one that is negative went the other way."""
    amount, direction = facts["flagged_fen"], facts["direction"]
    turned = pc.if_else(pc.equal(direction, "in"), "out", pc.if_else(pc.equal(direction, "out"), "in", direction))
    return Told(facts={"direction": pc.if_else(pc.less(amount, 0), turned, direction), "amount_fen": pc.abs(amount)})


def _render_flagged(facts: Facts, _scene: Scene) -> Facts:
    return {"flagged_fen": facts["amount_fen"]}


def _parse_currency(facts: Facts, scene: Scene) -> Told:
    """Quarantine amounts of another currency than the book's; a row that names none is in the profile's, or in the book's."""
    count = count_of(facts)
    given = facts.get("currency", pa.nulls(count, pa.string()))
    codes = each(given, lambda text: CURRENCIES.get(text, text.upper()), pa.string())
    said = scene.said.get("currency") or scene.profile.currency or scene.intake.currency
    codes = pc.fill_null(codes, CURRENCIES.get(said, said.upper()))
    return Told(
        facts={}, faults=((pc.not_equal(codes, scene.intake.currency).to_numpy(zero_copy_only=False), "foreign_currency"),)
    )


def _render_currency(facts: Facts, scene: Scene) -> Facts:
    return {"currency": pa.repeat(pa.scalar(scene.intake.currency), count_of(facts))}


def _parse_refunded(facts: Facts, _scene: Scene) -> Told:
    """Give what was paid back of an entry: a part that is said, or the whole of it."""
    none = pa.nulls(count_of(facts), pa.int64())
    whole = (
        pc.is_valid(facts["refunded_full"]) if "refunded_full" in facts else pa.repeat(pa.scalar(value=False), count_of(facts))
    )
    part = facts.get("refunded_part_fen", none)
    known = pc.if_else(pc.equal(part, 0), pa.scalar(None, pa.int64()), part)
    return Told(facts={"refunded_fen": pc.coalesce(known, pc.if_else(whole, facts["amount_fen"], none))})


def _render_refunded(facts: Facts, scene: Scene) -> Facts:
    """Write a part as a part, and the whole in words where the format has words for it."""
    refunded = facts["refunded_fen"]
    if "refunded_full" not in {column.fact for column in scene.layout.columns}:
        return {"refunded_part_fen": refunded}
    whole = pc.fill_null(pc.equal(refunded, facts["amount_fen"]), fill_value=False)
    part = pc.if_else(whole, pa.scalar(None, pa.int64()), refunded)
    return {"refunded_part_fen": part, "refunded_full": pc.if_else(whole, "已全额退款", pa.scalar(None, pa.string()))}


def _parse_fee_line(facts: Facts, _scene: Scene) -> Told:
    """Give the fee that a row of a bill takes, or gives back with a refund, as an amount of its own."""
    fee, none = facts["fee_fen"], pa.scalar(None, pa.int64())
    taken, given = (pc.fill_null(beyond(fee, 0), fill_value=False) for beyond in (pc.greater, pc.less))
    return Told(facts={"fee_taken_fen": pc.if_else(taken, fee, none), "fee_given_fen": pc.if_else(given, pc.negate(fee), none)})


def _parse_fee_sign(facts: Facts, _scene: Scene) -> Told:
    """Turn the sign of a fee that a bill writes as the money it takes away."""
    return Told(facts={"fee_fen": pc.negate(facts["fee_signed_fen"])})


def _render_fee_sign(facts: Facts, _scene: Scene) -> Facts:
    return {"fee_signed_fen": pc.negate(facts["fee_fen"])}


STEPS.add("fee_sign", Step(_parse_fee_sign, _render_fee_sign, ("fee_fen",)))
STEPS.add("fee_line", Step(_parse_fee_line, render_nothing, ("fee_taken_fen", "fee_given_fen"), again=True))
STEPS.add("refunded", Step(_parse_refunded, _render_refunded, ("refunded_fen",)))
STEPS.add("signed", _signed("in"))
STEPS.add("charged", _signed("out"))
STEPS.add("split", Step(_parse_split, _render_split, ("direction", "amount_fen")))
STEPS.add("flagged", Step(_parse_flagged, _render_flagged, ("amount_fen",)))
STEPS.add("currency", Step(_parse_currency, _render_currency))
