"""What tests of exports share: one intake for all of them, reading, accounting, and records as plain rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from weilend.core.calendars import Calendar
from weilend.sources import Accounting, Batch, account, first_seen, read
from weilend.sources.golden import GOLDEN_TOKENS

HOME = Calendar()
TOKENS = GOLDEN_TOKENS
SAID: dict[str, Any] = {
    "business_id": "B1",
    "shop_id": "S1",
    "tokens": TOKENS,
    "tax_id": "91350100M000100Y43",
}


def load(name: str, path: Path, **said: Any) -> Batch:
    return read(name, path, calendar=HOME, consent_id="own-data", **{**SAID, **said})


def done(batch: Batch) -> Accounting:
    return account(batch, {kind: first_seen(table["record_id"]) for kind, table in batch.records.items()})


def rows(batch: Batch, kind: str) -> list[dict[str, Any]]:
    return batch.records[kind].to_pylist() if kind in batch.records else []


def content(batch: Batch) -> dict[str, list[str]]:
    """Records that rows gave, as sorted text: identity and both clocks included, what is said of the file as a whole left out."""
    told = {}
    for kind, table in batch.records.items():
        known = [sorted((name, str(value)) for name, value in row.items() if value is not None) for row in table.to_pylist()]
        told[kind] = sorted(str(row) for row, place in zip(known, batch.row_of[kind], strict=True) if place >= 0)
    return {kind: texts for kind, texts in told.items() if texts}


HEADER = "记账日期,货币,交易金额,联机余额,交易摘要,对手信息,客户摘要"
LINES = [
    '2024-01-01,CNY,"1,234.00","1,271.66",代发工资,杭州某某公司1111111111,一月',
    "2024-01-02,CNY,-71.66,1200.00,消费,支付宝-便民超市,",
    "2024-01-02,CNY,-100.00,1100.00,转账汇款,张三 66666666666666,还钱",
]


def statement(path: Path, lines: list[str], encoding: str = "utf-8", newline: str = "\n") -> Path:
    """A statement of cmb_debit."""
    path.write_bytes((newline.join([HEADER, *lines]) + newline).encode(encoding))
    return path
