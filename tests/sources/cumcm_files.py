"""Tiny hand-made files of cumcm2020c, changed at will: what the tests of the sources read."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from weilend.core.calendars import Calendar

HOME = Calendar()
SALES = ("企业代号", "发票号码", "开票日期", "购方单位代号", "金额", "税额", "价税合计", "发票状态")
PURCHASES = tuple("销方单位代号" if name == "购方单位代号" else name for name in SALES)
VALID, VOID = "有效发票", "作废发票"


def invoice(**changes: Any) -> dict[str, Any]:
    row = {
        "business_id": "E1",
        "number": 1001,
        "day": date(2019, 3, 5),
        "party": "B00001",
        "net": 100.0,
        "tax": 13.0,
        "gross": 113.0,
        "status": VALID,
    }
    return row | changes


def as_time(day: date | None) -> datetime | None:
    return day if day is None or isinstance(day, datetime) else datetime.combine(day, time())


def write_invoices(path: Path, rows: list[dict[str, Any]], header: tuple[str, ...] = SALES) -> None:
    rows = [row | {"day": as_time(row["day"])} for row in rows]
    columns = list(zip(*(row.values() for row in rows), strict=True)) or [()] * 8
    types = (pa.string(), pa.int64(), pa.timestamp("us"), pa.string(), pa.float64(), pa.float64(), pa.float64(), pa.string())
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    pq.write_table(pa.table(arrays, names=list(header)), path)


def write_folder(folder: Path) -> Path:
    """Three firms, one void invoice, one red letter, one exact repeat, one row that does not add up."""
    folder.mkdir(exist_ok=True)
    rated = "企业代号,企业名称,信誉评级,是否违约\nE1,***有限公司,A,否\nE2,***有限公司***分公司,D,是\n"
    (folder / "firms_with_history.csv").write_text(rated, "utf-8")
    (folder / "firms_without_history.csv").write_bytes("企业代号,企业名称\r\nE3,个体经营E3\r\n".encode("gb18030"))
    (folder / "rate_and_churn.csv").write_text("贷款年利率,A,B,C\n0.04,0,0,0\n", "utf-8")
    red = invoice(number=1003, net=-100.0, tax=-13.0, gross=-113.0, day=date(2019, 3, 31), status=VOID)
    write_invoices(folder / "firms_with_history_sales.parquet", [
        invoice(status=VOID), invoice(number=1002), invoice(number=1002), red, invoice(number=1004, gross=112.0),
    ])  # fmt: skip
    write_invoices(folder / "firms_with_history_purchases.parquet", [invoice(business_id="E2", party="A00001")], PURCHASES)
    write_invoices(folder / "firms_without_history_sales.parquet", [invoice(business_id="E3", party="D00001")])
    write_invoices(folder / "firms_without_history_purchases.parquet", [], PURCHASES)
    return folder
