"""In: answers of the Taobao and Tmall open platform. Out: orders, refunds, how the shop stands; and orders and refunds back.
Used: by `TRADES`, `REFUNDS`, `SELLER` and through `SOURCES`.

Source: TOP `taobao.trades.sold.increment.get`, `taobao.refunds.receive.get`, `taobao.user.seller.get`. Amounts are yuan as
text. A buyer is `buyer_open_uid`, never a name. Postage, commission and what the shop received are told once an order: lines
share them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.money import PPM
from weilend.sources.batch import Batch
from weilend.sources.catalogue import Source, register_source
from weilend.sources.documents.faults import Fault
from weilend.sources.documents.jsons import Json, listed, rows_under, said
from weilend.sources.documents.scalars import amount, moment, needed, whole
from weilend.sources.documents.statements_out import yuan
from weilend.sources.documents.tray import Draft, Tray, Value
from weilend.sources.intake import Intake
from weilend.sources.platforms.fetching import Fetcher, local_time
from weilend.sources.platforms.messages import (
    ORDER_STATIONS,
    Cell,
    by_order,
    check_answers,
    latest,
    new_tray,
    open_message,
    read_cells,
    refund_versions,
    share_out,
    versions,
    write_cells,
)
from weilend.sources.platforms.words import words_of

STATUSES: Final = words_of("taobao", "statuses")
REFUND_STATES: Final = words_of("taobao", "refund_states")
REFUND_STATUSES: Final = words_of("taobao", "refund_statuses")
SHOP_STATUSES: Final = words_of("taobao", "shop_statuses")
_BEFORE_SHIPPING: Final = frozenset({"WAIT_SELLER_SEND_GOODS"})
_FINAL: Final = frozenset({"refunded", "refused", "withdrawn"})

_TRADE: Final = (
    Cell("order_id", "tid"), Cell("buyer_id", "buyer_open_uid", "buyer"), Cell("province", "receiver_state"),
    Cell("city", "receiver_city"), Cell("placed_at", "created", "local"), Cell("pay_at", "pay_time", "local"),
)  # fmt: skip
_LINE: Final = (
    Cell("status", "status", "word", STATUSES), Cell("refund_state", "refund_status", "word", REFUND_STATES),
    Cell("units_count", "num", "count"), Cell("sku", "sku_id"), Cell("item_id", "num_iid"), Cell("category", "cid"),
    Cell("discount_fen", "discount_fee", "yuan"), Cell("consign_at", "consign_time", "local"), Cell("end_at", "end_time", "local"),
    Cell("waybill_id", "invoice_no", "order"), Cell("carrier", "logistics_company"), Cell("is_drop_shipped", "is_daixiao", "flag"),
)  # fmt: skip
_REFUND: Final = (
    Cell("refund_id", "refund_id"), Cell("order_id", "tid"), Cell("status", "status", "word", REFUND_STATUSES),
    Cell("amount_fen", "refund_fee", "yuan"), Cell("buyer_id", "buyer_open_uid", "buyer"),
    Cell("with_goods", "has_good_return", "flag"), Cell("reason", "reason"), Cell("asked_at", "created", "local"),
)  # fmt: skip
#: What an answer begins with.
_ANSWERS: Final = ("trades_sold", "trade_fullinfo", "refunds_receive", "refund_get", "user_seller")
#: What is told once an order and shared by its lines.
_SHARED: Final = {"commission_fen": "commission_fee", "received_fen": "received_payment"}


def read_taobao(content: bytes, intake: Intake, received_at: int | None = None, file: str = "taobao.json") -> Batch:
    """Return the orders, refunds and shop states in an answer of the Taobao open platform.

    >>> text = b'{"trades_sold_increment_get_response": {"trades": {"trade": [{"tid": 7, "payment": "12.00", "post_fee": "2.00",'
    >>> text += b'"created": "2025-01-01 10:00:00", "pay_time": "2025-01-01 10:01:00", "modified": "2025-01-01 10:01:00",'
    >>> text += b'"orders": {"order": [{"oid": 7, "status": "WAIT_SELLER_SEND_GOODS", "divide_order_fee": "10.00"}]}}]}}}'
    >>> intake = Intake(calendar=Calendar(), consent_id="own-data", shop_id="S1")
    >>> read_taobao(text, intake).records["order"].select(["order_id", "status", "paid_fen", "postage_fen"]).to_pylist()
    [{'order_id': '7', 'status': 'paid', 'paid_fen': 1200, 'postage_fen': 200}]
    """
    intake.shop(file)
    message = open_message(content, file)
    tray = new_tray("taobao", intake, file, content, received_at)
    check_answers(message, _ANSWERS, file)
    for name, read in (("trade", _orders), ("refund", _refunds), ("user", _shop)):
        for row in rows_under(message, name):
            tray.row(row, partial(read, tray, row, received_at))
    return tray.batch()


def write_taobao(records: Mapping[str, pa.Table], *, calendar: Calendar) -> dict[str, bytes]:
    """Return the last versions of orders and refunds as the answers that tell them, by method.

    >>> sorted(write_taobao({}, calendar=Calendar()))
    ['taobao.refunds.receive.get', 'taobao.trades.sold.increment.get']
    """
    orders = latest(records["order"].to_pylist(), ("order_id", "line_no")) if "order" in records else []
    refunds = latest(records["refund"].to_pylist(), ("refund_id",)) if "refund" in records else []
    trades = [_trade_out(lines, calendar) for lines in by_order(orders)]
    told = [_refund_out(row, calendar) for row in refunds]
    trade_page = {"trades": {"trade": trades}, "total_results": len(trades)}
    refund_page = {"refunds": {"refund": told}, "total_results": len(told)}
    return {
        TRADES.method: msgspec.json.encode({"trades_sold_increment_get_response": trade_page}),
        REFUNDS.method: msgspec.json.encode({"refunds_receive_get_response": refund_page}),
    }


def _orders(tray: Tray, trade: Json, received_at: int | None) -> list[Draft]:
    common = read_cells(tray, trade, _TRADE)
    lines = sorted(listed(trade, "orders.order", "orders"), key=lambda line: str(said(line, "oid") or "").zfill(32))
    if not lines:
        raise Fault("missing", "orders")
    changed_at = needed(moment(said(trade, "modified"), "modified", tray.intake.calendar), "modified")
    amounts = _amounts(trade, lines)
    drafts = []
    for number, (line, shares) in enumerate(zip(lines, amounts, strict=True), start=1):
        fields = {**common, **read_cells(tray, line, _LINE), **shares, "line_no": number, **_marks(trade, line)}
        if fields.get("refund_state") == "refunded" and fields.get("status") == "closed":
            fields["refunded_fen"] = fields["paid_fen"]  # a line that closes with its refund was paid back in full
        drafts += versions(tray, "order", fields, changed_at=changed_at, received_at=received_at, stations=ORDER_STATIONS)
    return drafts


def _amounts(trade: Json, lines: list[Json]) -> list[dict[str, Value]]:
    """Return the amounts of each line: what was paid for it after allocation, and its shares of what is told once an order."""
    postage = amount(said(trade, "post_fee"), "post_fee") or 0
    goods = [_goods(line) for line in lines]
    whole_fen = amount(said(trade, "payment"), "payment")
    if any(fen is None for fen in goods):
        goods = [*share_out(needed(whole_fen, "payment") - postage, [1 for _ in lines])] if len(lines) == 1 else goods
    weights = [needed(fen, "divide_order_fee") for fen in goods]
    shared = {field: amount(said(trade, path), path) for field, path in _SHARED.items()}
    columns = {field: share_out(fen, weights) for field, fen in shared.items() if fen is not None}
    postages = share_out(postage, weights)
    listed_fen = [_list_fen(line) for line in lines]
    return [
        {
            "paid_fen": weight + postages[place],
            "postage_fen": postages[place],
            **({"list_fen": listed_fen[place]} if listed_fen[place] is not None else {}),
            **{field: column[place] for field, column in columns.items()},
        }
        for place, weight in enumerate(weights)
    ]


def _goods(line: Json) -> int | None:
    return amount(said(line, "divide_order_fee", "payment"), "divide_order_fee")


def _list_fen(line: Json) -> int | None:
    price, units = amount(said(line, "price"), "price"), whole(said(line, "num"), "num")
    return None if price is None or units is None else price * units


def _marks(trade: Json, line: Json) -> dict[str, Value]:
    marks: dict[str, Value] = {"platform": "tmall" if said(line, "seller_type") == "B" else "taobao"}
    step = said(trade, "step_trade_status")
    if step:
        marks["is_presale"] = True
    if step == "FRONT_PAID_FINAL_NOPAID":
        marks["status"] = "deposit_paid"
    if said(trade, "status") == "PAID_FORBID_CONSIGN":
        marks["is_held_for_risk"] = True
    return {**marks, **({"pay_method": "alipay"} if said(trade, "alipay_no") else {})}


def _refunds(tray: Tray, row: Json, received_at: int | None) -> list[Draft]:
    fields = read_cells(tray, row, _REFUND)
    changed_at = needed(moment(said(row, "modified"), "modified", tray.intake.calendar), "modified")
    asked_at = fields.pop("asked_at", None)
    order_status = said(row, "order_status")
    if order_status:
        fields["phase"] = "before_shipping" if order_status in _BEFORE_SHIPPING else "after_shipping"
    if fields.get("with_goods") is not None:
        fields["after_sale"] = "return" if fields["with_goods"] else "refund_only"
    service = whole(said(row, "cs_status"), "cs_status")
    if service is not None:
        fields["is_disputed"] = service > 1
    if fields.get("status") in _FINAL:
        fields["closed_at"] = changed_at
    return refund_versions(tray, fields, asked_at, changed_at, received_at)


def _shop(tray: Tray, user: Json, received_at: int | None) -> list[Draft]:
    at = needed(received_at, "received_at")  # such an answer has no time of its own
    credit = listed(user, "seller_credit")
    score = credit[0] if credit else {}
    total, good = (whole(said(score, name), name) for name in ("total_num", "good_num"))
    cells = (Cell("status", "status", "word", SHOP_STATUSES),)
    opened = moment(said(user, "created"), "created", tray.intake.calendar)
    fields: dict[str, Value] = {
        **read_cells(tray, user, cells),
        "platform": "tmall" if said(user, "type") == "B" else "taobao",
        "opened_on": None if opened is None else tray.intake.calendar.day_of(opened),
        "is_real_name": None if said(user, "promoted_type") is None else said(user, "promoted_type") == "authentication",
        "level": whole(said(score, "level"), "level"),
        "credit_points": whole(said(score, "score"), "score"),
        "reviews_count": total,
        "positive_rate_ppm": good * PPM // total if total and good is not None else None,
        "region": said(user, "location.state"),
    }
    on = tray.intake.calendar.day_of(at)
    return [Draft(kind="shop_snapshot", fields=fields, happened_at=at, happened_on=on, known_at=at)]


def _trade_out(lines: list[dict[str, Any]], calendar: Calendar) -> dict[str, Any]:
    top = lines[0]
    sums = {path: yuan(sum(line[field] for line in lines)) for field, path in _SHARED.items() if field in top}
    postage = sum(line.get("postage_fen", 0) for line in lines)
    trade = {
        **write_cells(top, _TRADE, calendar),
        **sums,
        "payment": yuan(sum(line["paid_fen"] for line in lines)),
        "post_fee": yuan(postage),
        "modified": local_time(max(line["known_at"] for line in lines), calendar),
        "orders": {"order": [_line_out(line, calendar) for line in lines]},
    }
    if top.get("is_presale"):
        trade["step_trade_status"] = "FRONT_PAID_FINAL_PAID"
    if top["status"] == "deposit_paid":
        trade["step_trade_status"] = "FRONT_PAID_FINAL_NOPAID"
    if top.get("is_held_for_risk"):
        trade["status"] = "PAID_FORBID_CONSIGN"
    return {**trade, **({"alipay_no": top["order_id"]} if top.get("pay_method") == "alipay" else {})}


def _line_out(line: dict[str, Any], calendar: Calendar) -> dict[str, Any]:
    shown = {**line, "status": "unpaid"} if line["status"] == "deposit_paid" else line
    out = write_cells(shown, _LINE, calendar)
    if "list_fen" in line and line.get("units_count"):
        out["price"] = yuan(line["list_fen"] // line["units_count"])
    out["divide_order_fee"] = yuan(line["paid_fen"] - line.get("postage_fen", 0))
    out["oid"] = f"{line['order_id']}{line['line_no']:05d}"
    return {**out, "seller_type": "B" if line["platform"] == "tmall" else "C"}


def _refund_out(row: dict[str, Any], calendar: Calendar) -> dict[str, Any]:
    out = write_cells({**row, "asked_at": row["happened_at"]}, _REFUND, calendar)
    if "is_disputed" in row:
        out["cs_status"] = 2 if row["is_disputed"] else 1
    if "phase" in row:
        out["order_status"] = "WAIT_SELLER_SEND_GOODS" if row["phase"] == "before_shipping" else "TRADE_FINISHED"
    return {**out, "modified": local_time(row["known_at"], calendar)}


def _is_taobao(head: bytes, _name: str) -> bool:
    return any(f'"{answer}_'.encode() in head[:4096] for answer in _ANSWERS)


def _read_file(path: Path, intake: Intake) -> Batch:
    return read_taobao(path.read_bytes(), intake, file=path.name)


_NAMES: Final = ("start_modified", "end_modified", "page_no", "page_size")
TRADES: Final = Fetcher(platform="taobao", method="taobao.trades.sold.increment.get", names=_NAMES, read=read_taobao)
REFUNDS: Final = Fetcher(platform="taobao", method="taobao.refunds.receive.get", names=_NAMES, read=read_taobao)
SELLER_METHOD: Final = "taobao.user.seller.get"

TAOBAO: Final = register_source(
    Source(name="taobao", en="Taobao and Tmall messages", zh="淘宝天猫开放平台消息", signature=_is_taobao, read=_read_file)
)
