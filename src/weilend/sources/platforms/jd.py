"""In: answers of the JD open platform. Out: orders; and back. Used: by `ORDERS` and through `SOURCES`.

Source: JOS `jingdong.pop.order.search`; names come in camelCase or snake_case. Amounts are yuan as text and of the whole
order: lines share them in proportion to price times units. What a buyer paid is `orderPayment` and the balance of their JD
account. States marked below were not checked against real answers.
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
from weilend.sources.documents.jsons import Json, listed, rows_under, said, snake
from weilend.sources.documents.scalars import amount, moment, needed, whole
from weilend.sources.documents.statements_out import yuan
from weilend.sources.documents.tray import Draft, Tray
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
    share_out,
    versions,
    write_cells,
)
from weilend.sources.platforms.words import words_of

STATUSES: Final = words_of("jd", "statuses")
_HELD: Final = frozenset({"LOCKED", "PAUSE", "POP_ORDER_PAUSE"})

_ORDER: Final = (
    Cell("order_id", "order_id"), Cell("status", "order_state", "word", STATUSES), Cell("buyer_id", "open_id_buyer", "buyer"),
    Cell("province", "consignee_info.province"), Cell("city", "consignee_info.city"),
    Cell("placed_at", "order_start_time", "local"), Cell("pay_at", "payment_confirm_time", "local"),
    Cell("end_at", "order_end_time", "local"), Cell("waybill_id", "waybill", "order"), Cell("carrier", "logistics_id"),
)  # fmt: skip
_LINE: Final = (
    Cell("units_count", "item_total", "count"), Cell("sku", "sku_id"), Cell("item_id", "ware_id"),
)  # fmt: skip
#: What is told once an order and shared by its lines.
_SHARED: Final = {"postage_fen": "freight_price", "discount_fen": "seller_discount"}


def read_jd(content: bytes, intake: Intake, received_at: int | None = None, file: str = "jd.json") -> Batch:
    """Return the orders in an answer of the JD open platform.

    >>> text = b'{"jingdong_pop_order_search_responce": {"searchorderinfo_result": {"orderInfoList": [{"orderId": "7",'
    >>> text += b'"orderState": "WAIT_SELLER_STOCK_OUT", "orderPayment": "12.00", "orderStartTime": "2025-01-01 10:00:00",'
    >>> text += b'"paymentConfirmTime": "2025-01-01 10:01:00", "modified": "2025-01-01 10:01:00", "itemInfoList": [{"skuId": "s",'
    >>> text += b'"jdPrice": "12.00", "itemTotal": "1"}]}]}}}'
    >>> intake = Intake(calendar=Calendar(), consent_id="own-data", shop_id="S1")
    >>> read_jd(text, intake).records["order"].select(["order_id", "status", "paid_fen"]).to_pylist()
    [{'order_id': '7', 'status': 'paid', 'paid_fen': 1200}]
    """
    intake.shop(file)
    message = snake(open_message(content, file))
    check_answers(message, ("jingdong_pop_order",), file)
    tray = new_tray("jd", intake, file, content, received_at)
    for row in rows_under(message, "order_info_list", "order_info"):
        tray.row(row, partial(_orders, tray, row, received_at))
    return tray.batch()


def write_jd(records: Mapping[str, pa.Table], *, calendar: Calendar) -> bytes:
    """Return the last versions of orders as the answer that tells them.

    >>> write_jd({}, calendar=Calendar()).startswith(b'{"jingdong_pop_order_search_responce"')
    True
    """
    rows = latest(records["order"].to_pylist(), ("order_id", "line_no")) if "order" in records else []
    orders = [_order_out(lines, calendar) for lines in by_order(rows)]
    result = {"order_info_list": orders, "order_total": len(orders)}
    return msgspec.json.encode({"jingdong_pop_order_search_responce": {"searchorderinfo_result": result}})


def _orders(tray: Tray, order: Json, received_at: int | None) -> list[Draft]:
    common = read_cells(tray, order, _ORDER)
    if "buyer_id" not in common and said(order, "pin"):
        common["buyer_id"] = tray.hide("buyer", said(order, "pin"))
    if said(order, "order_state") in _HELD:
        common["is_held_for_risk"] = True
    lines = listed(order, "item_info_list", "item_info_list.item_info")
    if not lines:
        raise Fault("missing", "item_info_list")
    changed_at = needed(moment(said(order, "modified"), "modified", tray.intake.calendar), "modified")
    listed_fen = [_list_fen(line) for line in lines]
    shares = _shares(order, listed_fen)
    drafts = []
    for number, (line, list_fen, share) in enumerate(zip(lines, listed_fen, shares, strict=True), start=1):
        fields = {**common, **read_cells(tray, line, _LINE), **share, "list_fen": list_fen, "line_no": number, "platform": "jd"}
        drafts += versions(tray, "order", fields, changed_at=changed_at, received_at=received_at, stations=ORDER_STATIONS)
    return drafts


def _shares(order: Json, weights: list[int]) -> list[dict[str, int]]:
    paid = needed(amount(said(order, "order_payment"), "order_payment"), "order_payment")
    balance = amount(said(order, "balance_used"), "balance_used") or 0
    told = {field: amount(said(order, path), path) for field, path in _SHARED.items()}
    columns = {field: share_out(fen, weights) for field, fen in told.items() if fen is not None}
    columns["paid_fen"] = share_out(paid + balance, weights)
    return [{field: column[place] for field, column in columns.items()} for place in range(len(weights))]


def _list_fen(line: Json) -> int:
    price = needed(amount(said(line, "jd_price"), "jd_price"), "jd_price")
    return price * (whole(said(line, "item_total"), "item_total") or 0)


def _order_out(lines: list[dict[str, Any]], calendar: Calendar) -> dict[str, Any]:
    top = lines[0]
    sums = {path: yuan(sum(line.get(field, 0) for line in lines)) for field, path in _SHARED.items() if field in top}
    return {
        **write_cells(top, _ORDER, calendar),
        **sums,
        **({"order_state": "LOCKED"} if top.get("is_held_for_risk") else {}),
        "order_payment": yuan(sum(line["paid_fen"] for line in lines)),
        "modified": local_time(max(line["known_at"] for line in lines), calendar),
        "item_info_list": [_line_out(line, calendar) for line in lines],
    }


def _line_out(line: dict[str, Any], calendar: Calendar) -> dict[str, Any]:
    units = line.get("units_count") or 1
    return {**write_cells(line, _LINE, calendar), "item_total": units, "jd_price": yuan(line["list_fen"] // units)}


def _is_jd(head: bytes, _name: str) -> bool:
    return b'"jingdong_pop_order' in head[:4096]


def _read_file(path: Path, intake: Intake) -> Batch:
    return read_jd(path.read_bytes(), intake, file=path.name)


ORDERS: Final = Fetcher(
    platform="jd", method="jingdong.pop.order.search", names=("start_date", "end_date", "page", "page_size"), read=read_jd,
    total="order_total", params={"dateType": 0, "sortType": 1},
)  # fmt: skip

JD: Final = register_source(
    Source(name="jd_messages", en="JD messages", zh="京东开放平台消息", signature=_is_jd, read=_read_file)
)
