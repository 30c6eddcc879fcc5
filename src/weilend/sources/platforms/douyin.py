"""In: answers of the Douyin shop open platform. Out: orders; and back. Used: by `ORDERS` and through `SOURCES`.

Source: `order.searchList`. Amounts are whole numbers of fen, times are UTC seconds. Each line names the streamer (author_id)
whose room or video sold it. The words of states and ways of paying are from memory, not checked against real answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.errors import SourceError
from weilend.sources.batch import Batch
from weilend.sources.catalogue import Source, register_source
from weilend.sources.documents.faults import Fault
from weilend.sources.documents.jsons import Json, listed, rows_under, said
from weilend.sources.documents.scalars import epoch, fen_count, needed
from weilend.sources.documents.tray import Draft, Tray, Value
from weilend.sources.intake import Intake
from weilend.sources.platforms.fetching import Fetcher
from weilend.sources.platforms.messages import (
    ORDER_STATIONS,
    Cell,
    by_order,
    latest,
    new_tray,
    open_message,
    read_cells,
    share_out,
    versions,
    write_cells,
)
from weilend.sources.platforms.words import words_of

STATUSES: Final = words_of("douyin", "statuses")
REFUND_STATES: Final = words_of("douyin", "refund_states")
_PAY: Final = words_of("douyin", "pay_methods")

_ORDER: Final = (
    Cell("order_id", "order_id"), Cell("buyer_id", "doudian_open_id", "buyer"), Cell("placed_at", "create_time", "epoch"),
    Cell("pay_at", "pay_time", "epoch"), Cell("promised_at", "exp_ship_time", "epoch"), Cell("consign_at", "ship_time", "epoch"),
    Cell("end_at", "finish_time", "epoch"), Cell("pay_method", "pay_type", "word", _PAY),
    Cell("province", "mask_post_addr.province.name"), Cell("city", "mask_post_addr.city.name"),
)  # fmt: skip
_LINE: Final = (
    Cell("status", "order_status", "word", STATUSES), Cell("refund_state", "after_sale_info.refund_status", "word", REFUND_STATES),
    Cell("units_count", "item_num", "count"), Cell("sku", "sku_id"), Cell("item_id", "product_id"),
    Cell("category", "fourth_cid"), Cell("streamer_id", "author_id", "person"), Cell("list_fen", "origin_amount_total", "fen"),
    Cell("discount_fen", "promotion_shop_amount", "fen"), Cell("platform_discount_fen", "promotion_platform_amount", "fen"),
    Cell("postage_fen", "post_amount", "fen"), Cell("is_presale", "is_presale", "flag"),
)  # fmt: skip
#: How a buyer came: the first of these that a line names.
_TRAFFIC: Final = (("cid", "ad"), ("room_id", "live"), ("video_id", "video"))
_NOBODY: Final = frozenset({None, "0"})


def read_douyin(content: bytes, intake: Intake, received_at: int | None = None, file: str = "douyin.json") -> Batch:
    """Return the orders in an answer of the Douyin shop open platform.

    >>> text = b'{"data": {"total": 1, "shop_order_list": [{"order_id": "7", "create_time": 1735696800, "pay_time": 1735696860,'
    >>> text += b'"update_time": 1735696860, "pay_amount": 1250, "sku_order_list": [{"order_id": "71", "order_status": 2,'
    >>> text += b'"pay_amount": 1250, "author_id": 0, "room_id": 5}]}]}}'
    >>> intake = Intake(calendar=Calendar(), consent_id="own-data", shop_id="S1")
    >>> read_douyin(text, intake).records["order"].select(["order_id", "status", "paid_fen", "traffic"]).to_pylist()
    [{'order_id': '7', 'status': 'paid', 'paid_fen': 1250, 'traffic': 'live'}]
    """
    intake.shop(file)
    message = open_message(content, file)
    if "data" not in message:
        raise SourceError(f"{file} holds no answer of order.searchList", hint="give the whole answer as it came")
    tray = new_tray("douyin", intake, file, content, received_at)
    for row in rows_under(message, "shop_order_list", "shop_order_detail"):
        tray.row(row, partial(_orders, tray, row, received_at))
    return tray.batch()


def write_douyin(records: Mapping[str, pa.Table], *, calendar: Calendar) -> bytes:
    """Return the last versions of orders as the answer that tells them.

    >>> write_douyin({}, calendar=Calendar())
    b'{"data":{"shop_order_list":[],"total":0}}'
    """
    rows = latest(records["order"].to_pylist(), ("order_id", "line_no")) if "order" in records else []
    orders = [_order_out(lines, calendar) for lines in by_order(rows)]
    return msgspec.json.encode({"data": {"shop_order_list": orders, "total": len(orders)}})


def _orders(tray: Tray, order: Json, received_at: int | None) -> list[Draft]:
    common = {**read_cells(tray, order, _ORDER), **_parcel(tray, order), "platform": "douyin"}
    lines = sorted(listed(order, "sku_order_list"), key=lambda line: str(said(line, "order_id") or "").zfill(32))
    if not lines:
        raise Fault("missing", "sku_order_list")
    changed_at = needed(epoch(said(order, "update_time"), "update_time"), "update_time")
    paid = [needed(fen_count(said(line, "pay_amount"), "pay_amount"), "pay_amount") for line in lines]
    whole_fen = fen_count(said(order, "pay_amount"), "pay_amount")
    rest = share_out((sum(paid) if whole_fen is None else whole_fen) - sum(paid), paid)
    drafts = []
    for place, line in enumerate(lines):
        fields = {**common, **read_cells(tray, line, _LINE), **_traffic(line)}
        fields |= {"paid_fen": paid[place] + rest[place], "line_no": place + 1}
        drafts += versions(tray, "order", fields, changed_at=changed_at, received_at=received_at, stations=ORDER_STATIONS)
    return drafts


def _parcel(tray: Tray, order: Json) -> dict[str, Value]:
    parcels = listed(order, "logistics_info")
    if not parcels:
        return {}
    return read_cells(tray, parcels[0], (Cell("waybill_id", "tracking_no", "order"), Cell("carrier", "company")))


def _traffic(line: Json) -> dict[str, Value]:
    told = next((word for name, word in _TRAFFIC if said(line, name) not in _NOBODY), None)
    return {} if told is None else {"traffic": told}


def _order_out(lines: list[dict[str, Any]], calendar: Calendar) -> dict[str, Any]:
    top = lines[0]
    parcel = {"tracking_no": top.get("waybill_id"), "company": top.get("carrier")}
    return {
        **write_cells(top, _ORDER, calendar),
        "pay_amount": sum(line["paid_fen"] for line in lines),
        "update_time": max(line["known_at"] for line in lines),
        "logistics_info": [parcel] if any(parcel.values()) else [],
        "sku_order_list": [_line_out(line, calendar) for line in lines],
    }


def _line_out(line: dict[str, Any], calendar: Calendar) -> dict[str, Any]:
    marks = {name: 1 for name, word in _TRAFFIC if word == line.get("traffic")}
    number = f"{line['order_id']}{line['line_no']:05d}"
    return {**write_cells(line, _LINE, calendar), **marks, "pay_amount": line["paid_fen"], "order_id": number}


def _is_douyin(head: bytes, _name: str) -> bool:
    return b'"shop_order_list"' in head or b'"shop_order_detail"' in head


def _read_file(path: Path, intake: Intake) -> Batch:
    return read_douyin(path.read_bytes(), intake, file=path.name)


ORDERS: Final = Fetcher(
    platform="douyin", method="order.searchList", names=("update_time_start", "update_time_end", "page", "size"), read=read_douyin,
    first_page=0, stamp="epoch", total="total", params={"order_by": "update_time"},
)  # fmt: skip

DOUYIN: Final = register_source(
    Source(name="douyin", en="Douyin shop messages", zh="抖店开放平台消息", signature=_is_douyin, read=_read_file)
)
