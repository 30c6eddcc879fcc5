"""In: rows of shop exports as facts. Out: lines of orders with their shares, states and moments. Used: as steps of shop profiles.

An order is told by several rows, and what stands only in the first one is carried to the others; sums of the order are shared out
among its lines by value, to the fen.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.sources.columns.cells import Mask, each, nulls, on_distinct, truth
from weilend.sources.columns.groups import ordinals_of
from weilend.sources.identity import digests
from weilend.sources.profile import Clock
from weilend.sources.steps.clocks import instants
from weilend.sources.steps.scene import STEPS, Facts, Scene, Step, Told, count_of, parse_nothing, render_nothing
from weilend.sources.steps.sequences import WHOLES, say_until

Fen = npt.NDArray[np.int64]

#: What stands only in the first row of an order: what the whole order says.
CARRIED: Final = (
    "buyer", "status", "sent", "placed_at", "pay_at", "consign_at", "end_at", "total_fen", "postage_total_fen",
    "refunded_total_fen", "currency", "province", "city", "pay_method",
)  # fmt: skip
#: What became of an order, from what is said of its money and of its parcel.
_AFTER_SENDING: Final = {"fulfilled": "shipped", "partial": "part_shipped"}
_EVENTS: Final = ("placed_at", "pay_at", "consign_at", "signed_at", "end_at", "review_at")
_SAFE: Final = 3_000_000_000  # the product of two sums below this does not overflow


def share_out(totals: Fen, weights: Fen, groups: npt.NDArray[np.int64]) -> Fen:
    """Return the total of each group shared out among its rows by weight, to the fen; where all weights are zero the first row
    has it.

    `groups` numbers the orders; rows of a group say the same total. Shares are differences of rounded running sums.

    >>> share_out(np.array([100, 100, 100, 7]), np.array([1, 1, 1, 0]), np.array([0, 0, 0, 1])).tolist()
    [33, 33, 34, 7]
    """
    order = np.argsort(groups, kind="stable")
    weight, total, group = weights[order], totals[order], groups[order]
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]]) if len(group) else np.empty(0, np.int64)
    sizes = np.diff(np.r_[starts, len(group)])
    running = np.cumsum(weight) - np.repeat((np.cumsum(weight) - weight)[starts], sizes)
    whole = np.repeat(np.add.reduceat(weight, starts) if len(starts) else starts, sizes)
    if (
        len(total) and max(int(np.abs(total).max()), int(np.abs(whole).max())) > _SAFE
    ):  # beyond 30 million yuan: exact, and rare
        upto = np.array(
            [int(t) * int(r) // int(w) if w else int(t) for t, r, w in zip(total, running, whole, strict=True)], np.int64
        )
    else:
        upto = np.where(whole != 0, total * running // np.where(whole != 0, whole, 1), total)
    before = np.r_[0, upto[:-1]] if len(upto) else upto
    before[starts] = 0
    shares = np.empty(len(total), np.int64)
    shares[order] = upto - before
    return shares


def _parse_carry(facts: Facts, scene: Scene) -> Told:
    """Carry what stands in the first row of an order to its other rows; an order may go on in the next block."""
    names = [name for name in CARRIED if name in facts]
    kept = scene.memory.kept.get("carry")
    columns = {
        name: facts[name] if kept is None else pa.concat_arrays([kept[name], facts[name]]) for name in ("order_id", *names)
    }
    extra = 0 if kept is None else 1
    codes = columns["order_id"]
    opens = (
        np.r_[True, pc.not_equal(codes.slice(1), codes.slice(0, len(codes) - 1)).to_numpy(zero_copy_only=False)]
        if len(codes)
        else nulls(codes)
    )
    source = np.maximum.accumulate(np.where(opens, np.arange(len(codes)), 0))
    lines = np.arange(len(codes)) - source + 1 + np.where(source == 0, (0 if kept is None else kept["lines"] - 1), 0)
    told = {name: column.take(pa.array(source)).slice(extra) for name, column in columns.items() if name != "order_id"}
    if len(codes):
        last = int(source[-1])
        scene.memory.kept["carry"] = {name: column.slice(last, 1) for name, column in columns.items()} | {
            "lines": int(lines[-1])
        }
    return Told(facts=told | {"line_no": pa.array(lines[extra:])}, faults=((_untold(told), "no_order"),))


def _untold(order: Facts) -> Mask:
    """Return which rows belong to an order that does not say how it stands, what it costs, or when it was."""
    return nulls(order["status"]) | nulls(order["total_fen"]) | (nulls(order["placed_at"]) & nulls(order["pay_at"]))


def _render_carry(facts: Facts, _scene: Scene) -> Facts:
    """Leave what the order says in its first row only."""
    first = pc.equal(facts["line_no"], 1)
    return {name: pc.if_else(first, facts[name], pa.scalar(None, facts[name].type)) for name in CARRIED if name in facts}


def _parse_line_values(facts: Facts, _scene: Scene) -> Told:
    """Give the list price of a line and what it is worth after its own discount."""
    listed = pc.multiply(facts["price_fen"], facts["units_count"])
    discount = (
        pc.fill_null(facts["discount_fen"], 0)
        if "discount_fen" in facts
        else pa.repeat(pa.scalar(0, pa.int64()), count_of(facts))
    )
    return Told(facts={"list_fen": listed, "discount_fen": discount})


def _render_line_values(facts: Facts, _scene: Scene) -> Facts:
    units = pc.max_element_wise(facts["units_count"], 1)
    return {"price_fen": pc.divide(facts["list_fen"], units)}


def _parse_sent(facts: Facts, _scene: Scene) -> Told:
    """Say how far an order has come, from its payment and its parcel; one that was cancelled is closed."""
    after = pc.if_else(pc.is_valid(facts["end_at"]), "closed", _shipped(facts)) if "end_at" in facts else _shipped(facts)
    open_ = pc.equal(facts["status"], "paid")
    status = pc.if_else(pc.and_(open_, pc.is_valid(after)), after, facts["status"])
    return Told(facts={"status": status})


def _shipped(facts: Facts) -> pa.Array:
    return each(facts["sent"], _AFTER_SENDING.get, pa.string())


def _render_sent(facts: Facts, _scene: Scene) -> Facts:
    said = {state: word for word, state in _AFTER_SENDING.items()}
    shipped = pc.is_in(facts["status"], value_set=pa.array(said))
    sent = each(facts["status"], said.get, pa.string())
    return {"sent": sent, "status": pc.if_else(shipped, "paid", facts["status"])}


def _parse_buyer(facts: Facts, scene: Scene) -> Told:
    clear: list[pa.Table] = []

    def hidden(texts: pa.Array) -> list[pa.Array]:
        tokens, rows = scene.intake.hide(scene.what).clear_rows("buyer", texts)
        clear.append(rows)
        return [tokens]

    return Told(facts={"buyer_id": scene.memory.recall("hide buyer", facts["buyer"], hidden)[0]}, clear=tuple(clear))


def _render_buyer(facts: Facts, scene: Scene) -> Facts:
    return {"buyer": each(facts["buyer_id"], lambda token: scene.clear.get(token, token), pa.string())}


def _parse_paid_line(facts: Facts, _scene: Scene) -> Told:
    """Give what was paid for a line: its price and its postage."""
    return Told(facts={"paid_fen": pc.add(facts["list_fen"], facts["postage_fen"])})


def _parse_review_hash(facts: Facts, _scene: Scene) -> Told:
    """Give a hash in place of what a buyer wrote: equal texts are a sign of brushing, the words are nobody's business."""
    texts = facts["review_text"]
    hashed = pc.match_substring_regex(texts, "^[0-9a-f]{32}$")  # writing knows no more than the hash
    return Told(facts={"review_hash": pc.if_else(hashed, texts, on_distinct(texts, digests))})


def _render_review_hash(facts: Facts, _scene: Scene) -> Facts:
    at = facts.get("known_at", facts["happened_at"])  # what was reviewed was known as it stands once it was
    reviewed = pc.is_valid(facts["buyer_review"])
    return {"review_text": facts["review_hash"], "review_at": pc.if_else(reviewed, at, pa.scalar(None, pa.int64()))}


def _render_order_customer(facts: Facts, _scene: Scene) -> Facts:
    """Give each order a customer of its own, as the marketplace does: who is behind several says the buyer."""
    return {"customer_id": facts["order_id"]}


def share_orders(facts: Facts, _scene: Scene) -> Facts:
    """Return facts with what the order was paid, its postage and what was paid back of it, shared out among its lines.

    >>> columns = {"order_id": ["a", "a"], "line_no": [1, 2], "list_fen": [100, 300], "discount_fen": [0, 0],
    ...     "total_fen": [500, 500], "postage_total_fen": [100, 100], "refunded_total_fen": [None, None]}
    >>> facts = {name: pa.array(values) for name, values in columns.items()}
    >>> share_orders(facts | {"refunded_total_fen": pa.nulls(2, pa.int64())}, None)["paid_fen"].to_pylist()
    [125, 375]
    """
    groups = _orders(facts)
    weights = np.maximum(_plain(pc.subtract(facts["list_fen"], facts["discount_fen"])), 0)
    refunded = share_out(_plain(facts["refunded_total_fen"]), weights, groups)
    known = ~nulls(facts["refunded_total_fen"]) & (_plain(facts["refunded_total_fen"]) != 0)
    return facts | {
        "paid_fen": pa.array(share_out(_plain(facts["total_fen"]), weights, groups)),
        "postage_fen": pa.array(share_out(_plain(facts["postage_total_fen"]), weights, groups)),
        "refunded_fen": pa.array(refunded, mask=~known),
    }


def sum_orders(facts: Facts, _scene: Scene) -> Facts:
    """Return facts with the sums of each order from those of its lines: what writing shares in reading.

    >>> facts = {"order_id": pa.array(["a", "a"]), "paid_fen": pa.array([1, 2]), "postage_fen": pa.array([0, 1])}
    >>> sum_orders(facts, None)["total_fen"].to_pylist()
    [3, 3]
    """
    groups = _orders(facts)
    added = {}
    for name, total in (
        ("paid_fen", "total_fen"),
        ("postage_fen", "postage_total_fen"),
        ("refunded_fen", "refunded_total_fen"),
    ):
        if name in facts:
            sums = np.bincount(groups, _plain(facts[name])).astype(np.int64) if len(groups) else groups
            empty = np.bincount(groups, ~nulls(facts[name])) == 0 if len(groups) else nulls(facts[name])
            added[total] = pa.array(sums[groups], mask=empty[groups])
    return facts | added


def _orders(facts: Facts) -> npt.NDArray[np.int64]:
    column = facts["order_id"]
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    numbers: npt.NDArray[np.int64] = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers


def say_final(facts: Facts, scene: Scene) -> Facts:
    """Return facts with `happened_at` (paid, else placed) and `final_at`, when the order was known as it stands.

    That is its last known event; what is closed or paid back without a date was known when the file was written.

    >>> say_final.__name__
    'say_final'
    """
    events = [facts[name] for name in _EVENTS if name in facts]
    happened = pc.coalesce(*(facts[name] for name in ("pay_at", "placed_at") if name in facts))
    days = happened.cast(pa.timestamp("s")).cast(pa.date32(), safe=False)
    facts = say_until(facts | {"happened_on": days, "happened_at": happened}, scene)
    until = instants(Clock(rule="end_of_day"), facts["until_on"].cast(pa.int32()).to_numpy(), scene.intake.calendar)
    last = pc.max_element_wise(*events, happened)
    final = pc.if_else(pa.array(_undated(facts)), pc.max_element_wise(last, pa.array(until)), last)
    kept = {name: fact for name, fact in facts.items() if name != "happened_on"}  # the day is that of the home, not of UTC
    return kept | {"final_at": final}


def _undated(facts: Facts) -> Mask:
    """Return which rows say what came later without saying when."""
    closed = truth(pc.equal(facts["status"], "closed"))
    if "end_at" in facts:
        closed &= nulls(facts["end_at"])
    return closed | ~nulls(facts["refunded_fen"]) if "refunded_fen" in facts else closed


def number_items(facts: Facts, _scene: Scene) -> Facts:
    """Return facts with `line_no`, the place of each row among those of its order.

    >>> number_items({"order_id": pa.array(["a", "b", "a"])}, None)["line_no"].to_pylist()
    [1, 1, 2]
    """
    return facts | {"line_no": pa.array(ordinals_of([facts["order_id"]]) + 1)}


def _plain(column: pa.Array) -> Fen:
    values: Fen = column.fill_null(0).to_numpy(zero_copy_only=False)
    return values


STEPS.add("carry", Step(_parse_carry, _render_carry, ("line_no",)))
STEPS.add("line_values", Step(_parse_line_values, _render_line_values, ("list_fen", "discount_fen")))
STEPS.add("sent", Step(_parse_sent, _render_sent))
STEPS.add("hide_buyer", Step(_parse_buyer, _render_buyer, ("buyer_id",)))
STEPS.add("order_customer", Step(parse_nothing, _render_order_customer))
STEPS.add("paid_line", Step(_parse_paid_line, render_nothing, ("paid_fen",)))
STEPS.add("review_hash", Step(_parse_review_hash, _render_review_hash, ("review_hash",)))
STEPS.add(
    "order_sums",
    Step(parse_nothing, sum_orders, ("paid_fen", "postage_fen", "refunded_fen")),
)
WHOLES.add("share_orders", share_orders)
WHOLES.add("say_final", say_final)
WHOLES.add("number_items", number_items)
