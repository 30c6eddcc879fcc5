"""In: answers of the 1688 open platform. Out: orders between firms; and back. Used: by `SALES`, `PURCHASES` and through
`SOURCES`.

Source: `alibaba.trade.getSellerOrderList` and `getBuyerOrderList`. Amounts are yuan, but `discount` is fen; times are local
with an offset (20180614101942000+0800). An answer does not say on whose behalf it was asked: the fetcher knows, a file is
told by the names of the intake.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.errors import SourceError
from weilend.sources.batch import Batch
from weilend.sources.catalogue import Source, register_source
from weilend.sources.documents.faults import Fault
from weilend.sources.documents.jsons import Json, listed, said
from weilend.sources.documents.scalars import fen_count, moment, needed
from weilend.sources.documents.statements import money
from weilend.sources.documents.tray import Draft, Tray, Value
from weilend.sources.intake import Intake
from weilend.sources.platforms.fetching import Fetcher
from weilend.sources.platforms.messages import (
    B2B_STATIONS,
    Cell,
    latest,
    new_tray,
    open_message,
    read_cells,
    versions,
    write_cells,
)
from weilend.sources.platforms.words import theirs, words_of

Side = Literal["sale", "purchase"]

STATUSES: Final = words_of("1688", "statuses")
TERMS: Final = words_of("1688", "terms")
_CLOSED_BY: Final = words_of("1688", "closers")
_CELLS: Final = (
    Cell("order_id", "idOfStr"), Cell("total_fen", "totalAmount", "yuan"), Cell("goods_fen", "sumProductPayment", "yuan"),
    Cell("shipping_fen", "shippingFee", "yuan"), Cell("refunded_fen", "refund", "yuan"),
    Cell("is_overseas", "overSeaOrder", "flag"),
)  # fmt: skip
_TIMES: Final = {
    "placed_at": "createTime", "pay_at": "payTime", "consign_at": "allDeliveredTime", "received_at": "receivingTime",
    "end_at": "completeTime",
}  # fmt: skip
#: Fields that name the other side, by our own.
_OTHERS: Final[dict[Side, tuple[str, ...]]] = {
    "sale": ("buyerContact.companyName", "buyerLoginId", "buyerID"),
    "purchase": ("sellerContact.companyName", "sellerLoginId", "sellerID"),
}  # fmt: skip
_OWN: Final[dict[Side, tuple[str, ...]]] = {"sale": _OTHERS["purchase"], "purchase": _OTHERS["sale"]}
_OPEN_TERMS: Final = frozenset({"account_period", "credit"})


def read_1688(
    content: bytes, intake: Intake, received_at: int | None = None, file: str = "1688.json", *, side: Side | None = None
) -> Batch:
    """Return the orders in an answer of the 1688 open platform; `side` says whether the business sold or bought.

    >>> text = b'{"result": [{"baseInfo": {"idOfStr": "7", "status": "waitsellersend", "tradeType": "1", "totalAmount": 528,'
    >>> text += b'"discount": -226, "createTime": "20180614101942000+0800", "payTime": "20180614102000000+0800", "modifyTime":'
    >>> text += b'"20180614102000000+0800", "currency": "RMB"}, "productItems": []}]}'
    >>> intake = Intake(calendar=Calendar(), consent_id="own-data", business_id="B1")
    >>> read_1688(text, intake, side="sale").records["b2b_order"].select(["status", "total_fen", "discount_fen"]).to_pylist()
    [{'status': 'paid', 'total_fen': 52800, 'discount_fen': 226}]
    """
    intake.business(file)
    message = open_message(content, file)
    if "result" not in message:
        raise SourceError(f"{file} holds no answer about 1688 orders", hint="give the whole answer as it came")
    tray = new_tray("alibaba_1688", intake, file, content, received_at)
    for row in listed(message, "result.toReturn", "result"):
        tray.row(row, partial(_orders, tray, row, received_at, side))
    return tray.batch()


def write_1688(records: Mapping[str, pa.Table], *, side: Side) -> bytes:
    """Return the last versions of orders of one side as the answer that tells them; the other side is named by its id.

    >>> write_1688({}, side="sale")
    b'{"result":[],"totalRecord":0}'
    """
    rows = latest(records["b2b_order"].to_pylist(), ("side", "order_id")) if "b2b_order" in records else []
    orders = [_order_out(row) for row in rows if row["side"] == side]
    return msgspec.json.encode({"result": orders, "totalRecord": len(orders)})


def _orders(tray: Tray, row: Json, received_at: int | None, asked: Side | None) -> list[Draft]:
    base = row.get("baseInfo") if isinstance(row, dict) else None
    if not isinstance(base, dict):
        raise Fault("missing", "baseInfo")
    currency = money(said(base, "currency"))
    if currency and currency != tray.intake.currency:
        raise Fault("foreign_currency", currency)
    side = asked or _side(tray.intake, base)
    fields = {**read_cells(tray, base, _CELLS), **_moments(tray, base), **_words(base), "side": side}
    if "order_id" not in fields:
        fields["order_id"] = said(base, "id")
    discount = fen_count(said(base, "discount"), "discount")
    fields["discount_fen"] = None if discount is None else abs(discount)
    fields["counterparty_id"] = tray.hide("party", said(base, *_OTHERS[side]))
    fields["lines_count"] = len(listed(row, "productItems"))
    fields |= _owed(fields)
    changed_at = needed(moment(said(base, "modifyTime"), "modifyTime", tray.intake.calendar), "modifyTime")
    return versions(
        tray, "b2b_order", fields, changed_at=changed_at, received_at=received_at, stations=B2B_STATIONS, happens=("placed_at",)
    )


def _side(intake: Intake, base: Json) -> Side:
    for side, paths in _OWN.items():
        if any(said(base, path) in intake.names for path in paths):
            return side
    raise Fault("not_ours")


def _moments(tray: Tray, base: Json) -> dict[str, Value]:
    told = {field: moment(said(base, path), path, tray.intake.calendar) for field, path in _TIMES.items()}
    return {field: at for field, at in told.items() if at is not None}


def _words(base: Json) -> dict[str, Value]:
    state = (said(base, "status") or "").lower().replace("_", "")
    if state not in STATUSES:
        raise Fault("unknown_word", "status")
    closer = said(base, "closeOperateType")
    level = (said(base, "buyerLevel") or "").removeprefix("L")
    return {
        "status": STATUSES[state],
        "terms": TERMS.get(said(base, "tradeType") or ""),
        "closed_by": _CLOSED_BY.get(closer or "", "platform") if closer else None,
        "counterparty_level": int(level) if level.isdecimal() and len(level) < 3 else None,
    }


def _owed(fields: Mapping[str, Value]) -> dict[str, Value]:
    """Return what was paid and what is still to be paid: an order on account is owed until it has a time of payment."""
    total, status = fields.get("total_fen"), fields.get("status")
    if not isinstance(total, int) or status == "closed":
        return {}
    open_still = "pay_at" not in fields and (status == "unpaid" or fields.get("terms") in _OPEN_TERMS)
    return {"paid_fen": 0 if open_still else total, "unpaid_fen": total if open_still else 0}


def _order_out(row: Mapping[str, Any]) -> dict[str, Any]:
    base = write_cells(row, _CELLS, Calendar())
    times = {**row, "placed_at": row["happened_at"]}
    for field, path in _TIMES.items():
        if field in times:
            base[path] = _stamp(times[field])
    other = "buyerContact" if row["side"] == "sale" else "sellerContact"
    closer = theirs(_CLOSED_BY, row.get("closed_by", ""))
    optional = {
        "tradeType": theirs(TERMS, row.get("terms", "")),
        "discount": row.get("discount_fen"),
        "closeOperateType": closer,
        other: {"companyName": row["counterparty_id"]} if "counterparty_id" in row else None,
        "buyerLevel": f"L{row['counterparty_level']}" if "counterparty_level" in row else None,
    }
    base |= {name: value for name, value in optional.items() if value is not None}
    base |= {"status": theirs(STATUSES, row["status"]), "modifyTime": _stamp(row["known_at"]), "currency": "RMB"}
    return {"baseInfo": base, "productItems": [{} for _ in range(row.get("lines_count", 0))]}


def _stamp(instant: int) -> str:
    return f"{datetime.fromtimestamp(instant, UTC):%Y%m%d%H%M%S}000+0000"


def _is_1688(head: bytes, _name: str) -> bool:
    return b'"baseInfo"' in head and b'"tradeType"' in head


def _read_file(path: Path, intake: Intake) -> Batch:
    return read_1688(path.read_bytes(), intake, file=path.name)


def _read_side(side: Side) -> Any:
    def read(content: bytes, intake: Intake, received_at: int | None, file: str) -> Batch:
        return read_1688(content, intake, received_at, file, side=side)

    return read


_NAMES: Final = ("modifyStartTime", "modifyEndTime", "page", "pageSize")
SALES: Final = Fetcher(
    platform="1688", method="alibaba.trade.getSellerOrderList", names=_NAMES, read=_read_side("sale"), page_size=20,
    total="totalRecord",
)  # fmt: skip
PURCHASES: Final = Fetcher(
    platform="1688", method="alibaba.trade.getBuyerOrderList", names=_NAMES, read=_read_side("purchase"), page_size=20,
    total="totalRecord",
)  # fmt: skip

ALIBABA_1688: Final = register_source(
    Source(name="alibaba_1688", en="1688 messages", zh="1688开放平台消息", signature=_is_1688, read=_read_file)
)
