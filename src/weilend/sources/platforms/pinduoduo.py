"""In: answers of the Pinduoduo open platform. Out: orders, refunds, how the shop stands; orders and refunds back. Used: by
`ORDERS`, `REFUNDS` and through `SOURCES`.

Source: `pdd.order.number.list.increment.get`, `pdd.order.information.get`, `pdd.refund.list.increment.get`,
`pdd.mall.info.get`. Amounts are yuan as text or number. Buyers have no identity here: names and phones come encrypted and are
not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

from weilend.core.calendars import Calendar
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

_ANSWERS: Final = ("order_list_get", "order_sn_increment_get", "order_info_get", "refund_increment_get", "mall_info_get")
_PAY: Final = words_of("pinduoduo", "pay_methods")
REFUND_STATES: Final = words_of("pinduoduo", "refund_states")
REFUND_STATUSES: Final = words_of("pinduoduo", "refund_statuses")
_AFTER_SALES: Final = words_of("pinduoduo", "after_sales")
SHOP_TYPES: Final = words_of("pinduoduo", "shop_types")
_SHOP_TYPE: Final = words_of("pinduoduo", "names")["shop_type"]
_FINAL: Final = frozenset({"refunded", "refused", "withdrawn"})
_SHIPPED, _SIGNED = 2, 3

_ORDER: Final = (
    Cell("order_id", "order_sn"), Cell("refund_state", "refund_status", "word", REFUND_STATES), Cell("province", "province"),
    Cell("city", "city"), Cell("placed_at", "created_time", "local"), Cell("pay_at", "pay_time", "local"),
    Cell("promised_at", "last_ship_time", "local"), Cell("consign_at", "shipping_time", "local"),
    Cell("end_at", "receive_time", "local"), Cell("waybill_id", "tracking_number", "order"), Cell("carrier", "logistics_id"),
    Cell("pay_method", "pay_type", "word", _PAY), Cell("is_presale", "is_pre_sale", "flag"),
    Cell("is_held_for_risk", "risk_control_status", "flag"),
)  # fmt: skip
_LINE: Final = (Cell("units_count", "goods_count", "count"), Cell("sku", "sku_id"), Cell("item_id", "goods_id"))
_REFUND: Final = (
    Cell("refund_id", "id"), Cell("order_id", "order_sn"), Cell("status", "after_sales_status", "word", REFUND_STATUSES),
    Cell("amount_fen", "refund_amount", "yuan"), Cell("after_sale", "after_sales_type", "word", _AFTER_SALES),
    Cell("is_fast", "speed_refund_flag", "flag"), Cell("reason", "after_sale_reason"), Cell("asked_at", "created_time", "local"),
)  # fmt: skip
#: What is told once an order and shared by its lines: fields, and the amounts that make them.
_SHARED: Final = {
    "paid_fen": ("pay_amount",), "postage_fen": ("postage",), "discount_fen": ("seller_discount",),
    "platform_discount_fen": ("platform_discount", "capital_free_discount"),
}  # fmt: skip


def read_pinduoduo(content: bytes, intake: Intake, received_at: int | None = None, file: str = "pdd.json") -> Batch:
    """Return the orders, refunds and shop states in an answer of the Pinduoduo open platform.

    >>> text = b'{"order_list_get_response": {"order_list": [{"order_sn": "7", "confirm_status": 1, "order_status": 1,'
    >>> text += b'"pay_amount": 12.5, "created_time": "2025-01-01 10:00:00", "pay_time": "2025-01-01 10:01:00", "updated_at":'
    >>> text += b'"2025-01-01 10:01:00", "item_list": [{"sku_id": 1, "goods_price": 12.5, "goods_count": 1}]}]}}'
    >>> intake = Intake(calendar=Calendar(), consent_id="own-data", shop_id="S1")
    >>> read_pinduoduo(text, intake).records["order"].select(["order_id", "status", "paid_fen"]).to_pylist()
    [{'order_id': '7', 'status': 'paid', 'paid_fen': 1250}]
    """
    intake.shop(file)
    message = open_message(content, file)
    check_answers(message, _ANSWERS, file)
    tray = new_tray("pinduoduo", intake, file, content, received_at)
    for names, read in ((("order_list", "order_sn_list", "order_info"), _orders), (("refund_list",), _refunds)):
        for row in rows_under(message, *names):
            tray.row(row, partial(read, tray, row, received_at))
    for row in listed(message, "mall_info_get_response"):
        tray.row(row, partial(_shop, tray, row, received_at))
    return tray.batch()


def write_pinduoduo(records: Mapping[str, pa.Table], *, calendar: Calendar) -> dict[str, bytes]:
    """Return the last versions of orders and refunds as the answers that tell them, by method.

    >>> len(write_pinduoduo({}, calendar=Calendar()))
    2
    """
    rows = latest(records["order"].to_pylist(), ("order_id", "line_no")) if "order" in records else []
    refunds = latest(records["refund"].to_pylist(), ("refund_id",)) if "refund" in records else []
    orders = [_order_out(lines, calendar) for lines in by_order(rows)]
    told = [_refund_out(row, calendar) for row in refunds]
    return {
        ORDERS.method: msgspec.json.encode(
            {"order_sn_increment_get_response": {"order_sn_list": orders, "total_count": len(orders)}}
        ),
        REFUNDS.method: msgspec.json.encode({"refund_increment_get_response": {"refund_list": told, "total_count": len(told)}}),
    }


def _orders(tray: Tray, order: Json, received_at: int | None) -> list[Draft]:
    common = {
        **read_cells(tray, order, _ORDER),
        "status": _status(order),
        "platform": "pinduoduo",
        "category": _category(order),
    }
    lines = listed(order, "item_list")
    if not lines:
        raise Fault("missing", "item_list")
    changed_at = needed(moment(said(order, "updated_at"), "updated_at", tray.intake.calendar), "updated_at")
    weights = [_list_fen(line) for line in lines]
    columns = {field: share_out(fen, weights) for field, paths in _SHARED.items() if (fen := _sum(order, paths)) is not None}
    drafts = []
    for place, line in enumerate(lines):
        shares = {field: column[place] for field, column in columns.items()}
        fields = {**common, **read_cells(tray, line, _LINE), **shares, "list_fen": weights[place], "line_no": place + 1}
        drafts += versions(tray, "order", fields, changed_at=changed_at, received_at=received_at, stations=ORDER_STATIONS)
    return drafts


def _status(order: Json) -> str:
    """Return how far an order has come: its deal (confirm_status), then its parcel (order_status)."""
    deal, parcel = (whole(said(order, name), name) for name in ("confirm_status", "order_status"))
    if deal == 2:
        return "closed"
    if parcel == _SIGNED:
        return "completed" if said(order, "receive_time") else "signed"
    if parcel == _SHIPPED:
        return "shipped"
    return "paid" if deal == 1 or said(order, "pay_time") else "unpaid"


def _category(order: Json) -> str | None:
    names = ("cat_id_4", "cat_id_3", "cat_id_2", "cat_id_1")
    return next((text for name in names if (text := said(order, name)) and text != "0"), None)


def _sum(order: Json, paths: tuple[str, ...]) -> int | None:
    told = [amount(said(order, path), path) for path in paths]
    return sum(fen for fen in told if fen is not None) if any(fen is not None for fen in told) else None


def _list_fen(line: Json) -> int:
    price = needed(amount(said(line, "goods_price"), "goods_price"), "goods_price")
    return price * (whole(said(line, "goods_count"), "goods_count") or 0)


def _refunds(tray: Tray, row: Json, received_at: int | None) -> list[Draft]:
    fields = read_cells(tray, row, _REFUND)
    asked_at = fields.pop("asked_at", None)
    changed_at = needed(moment(said(row, "updated_time"), "updated_time", tray.intake.calendar), "updated_time")
    if fields.get("after_sale") is not None:
        fields["with_goods"] = fields["after_sale"] in ("return", "exchange")
    dispute = whole(said(row, "dispute_refund_status"), "dispute_refund_status")
    if dispute is not None:
        fields["is_disputed"] = dispute > 0
    if fields.get("status") in _FINAL:
        fields["closed_at"] = changed_at
    return refund_versions(tray, fields, asked_at, changed_at, received_at)


def _shop(tray: Tray, row: Json, received_at: int | None) -> list[Draft]:
    at = needed(received_at, "received_at")  # such an answer has no time of its own
    cells = (Cell("shop_type", _SHOP_TYPE, "word", SHOP_TYPES),)
    fields: dict[str, Value] = {**read_cells(tray, row, cells), "platform": "pinduoduo", "status": "normal"}
    on = tray.intake.calendar.day_of(at)
    return [Draft(kind="shop_snapshot", fields=fields, happened_at=at, happened_on=on, known_at=at)]


def _order_out(lines: list[dict[str, Any]], calendar: Calendar) -> dict[str, Any]:
    top = lines[0]
    sums = {paths[0]: yuan(sum(line.get(field, 0) for line in lines)) for field, paths in _SHARED.items() if field in top}
    deal = {"closed": 2, "unpaid": 0}.get(top["status"], 1)
    parcel = {"shipped": _SHIPPED, "signed": _SIGNED, "completed": _SIGNED}.get(top["status"], 1)
    return {
        **write_cells(top, _ORDER, calendar),
        **sums,
        **({"cat_id_4": top["category"]} if "category" in top else {}),
        "confirm_status": deal,
        "order_status": parcel,
        "updated_at": local_time(max(line["known_at"] for line in lines), calendar),
        "item_list": [_line_out(line, calendar) for line in lines],
    }


def _line_out(line: dict[str, Any], calendar: Calendar) -> dict[str, Any]:
    units = line.get("units_count") or 1
    return {**write_cells(line, _LINE, calendar), "goods_count": units, "goods_price": yuan(line["list_fen"] // units)}


def _refund_out(row: dict[str, Any], calendar: Calendar) -> dict[str, Any]:
    out = write_cells({**row, "asked_at": row["happened_at"]}, _REFUND, calendar)
    dispute = {"dispute_refund_status": int(row["is_disputed"])} if "is_disputed" in row else {}
    return {**out, **dispute, "updated_time": local_time(row["known_at"], calendar)}


def _is_pinduoduo(head: bytes, _name: str) -> bool:
    return any(f'"{answer}_response"'.encode() in head[:4096] for answer in _ANSWERS)


def _read_file(path: Path, intake: Intake) -> Batch:
    return read_pinduoduo(path.read_bytes(), intake, file=path.name)


_NAMES: Final = ("start_updated_at", "end_updated_at", "page", "page_size")
#: The platform answers for at most thirty minutes of changes at once.
ORDERS: Final = Fetcher(
    platform="pinduoduo", method="pdd.order.number.list.increment.get", names=_NAMES, read=read_pinduoduo, window_seconds=1_800,
    stamp="epoch", total="total_count", params={"order_status": 5, "refund_status": 5, "is_lucky_flag": 0},
)  # fmt: skip
REFUNDS: Final = Fetcher(
    platform="pinduoduo", method="pdd.refund.list.increment.get", names=_NAMES, read=read_pinduoduo, window_seconds=1_800,
    stamp="epoch", total="total_count", params={"after_sales_status": 1, "after_sales_type": 1},
)  # fmt: skip

PINDUODUO: Final = register_source(
    Source(name="pinduoduo", en="Pinduoduo messages", zh="拼多多开放平台消息", signature=_is_pinduoduo, read=_read_file)
)
