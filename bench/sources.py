"""In: made-up bank statements. Out: seconds to read them as csv and xlsx, and into the book. Used: `make bench`.

Peer: pandas with its fastest readers (the C parser; calamine for xlsx), which then does what anybody must do with such a file: days
from text, fen from amounts with separators of thousands, each balance checked against the one before. Ours does that, and hides
names by a keyed hash, tells natures and channels, gives records identity and two clocks, and quarantines what is broken.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow.compute as pc

from bench.measure import Row, agree, compare, emit, race
from weilend.core.calendars import Calendar
from weilend.engine import Book
from weilend.sources import Tokens, read_files
from weilend.sources.files.workbooks import write_xlsx

HOME = Calendar()
HEADER = ["记账日期", "货币", "交易金额", "联机余额", "交易摘要", "对手信息", "客户摘要"]
PURPOSES = ("消费", "转账汇款", "代发工资", "网上支付", "货款", "租金")
SAID: dict[str, Any] = {"business_id": "B1", "tokens": Tokens(bytes(32)), "calendar": HOME, "consent_id": "own-data"}


def statement_lines(count: int, names: int) -> list[list[str]]:
    """Return a statement of one account: some hundred lines a day, `names` counterparties, balances that run."""
    rng = np.random.default_rng(1)
    fen = rng.integers(1, 10**6, count) * rng.choice([-1, 1], count)
    balances = 10**12 + np.cumsum(fen)
    days = np.datetime_as_string(np.datetime64("2016-01-01") + np.sort(rng.integers(0, 3_000, count)))
    who, why = rng.integers(0, names, count), rng.integers(0, len(PURPOSES), count)
    return [
        [day, "CNY", yuan(amount), yuan(balance), PURPOSES[purpose], f"支付宝-杭州第{name}商店", ""]
        for day, amount, balance, name, purpose in zip(
            days.tolist(), fen.tolist(), balances.tolist(), who.tolist(), why.tolist(), strict=True
        )
    ]


def yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100:,}.{abs(fen) % 100:02}"


def rows(count: int = 1_000_000, sheet_count: int = 100_000, passes: int = 2) -> list[Row]:
    """Return the rows of reading csv, of reading it into a book, and of reading xlsx."""
    import pandas as pd

    with TemporaryDirectory() as name:
        folder = Path(name)
        lines = statement_lines(count, count // 20)
        text = folder / "statement.csv"
        text.write_text("\n".join(",".join(f'"{cell}"' for cell in line) for line in [HEADER, *lines]) + "\n", "gb18030")
        book = folder / "statement.xlsx"
        write_xlsx([HEADER, *lines[:sheet_count]], book)

        def csv() -> int:
            return checked(pd.read_csv(text, encoding="gb18030", dtype=str))

        def xlsx() -> int:
            return checked(pd.read_excel(book, dtype=str, engine="calamine"))

        agree("sum of a csv", read(text), csv())
        agree("sum of a workbook", read(book), xlsx())
        read_csv = race({"weilend": lambda: read(text), "pandas": csv}, passes=passes, least_seconds=0)
        into = race({"weilend": lambda: read_into(text, folder), "pandas": csv}, passes=passes, least_seconds=0)
        read_xlsx = race({"weilend": lambda: read(book), "pandas": xlsx}, passes=passes, least_seconds=0)
        what = f"a statement of {count:,} rows, csv in GB18030"
        return [
            *compare(f"read {what}", read_csv, unit="s", scale=1, clock="cpu", check="equal sums"),
            *compare("the same, into the book (pandas: read only)", into, unit="s", scale=1, clock="cpu", check="equal sums"),
            *compare(f"read {sheet_count:,} rows of xlsx", read_xlsx, unit="s", scale=1, clock="cpu", check="equal sums"),
        ]


def read(path: Path) -> int:
    """Return the sum in fen of a statement, read in full."""
    return sum(total(batch.records.get("bank_entry")) for batch in read_files("cmb_debit", path, **SAID))


def read_into(path: Path, folder: Path) -> int:
    """Return the same, every record appended to a new book."""
    with TemporaryDirectory(dir=folder) as name:
        book = Book.open(Path(name), calendar=HOME)
        return sum(book.append(batch.records)["bank_entry"].accepted for batch in read_files("cmb_debit", path, **SAID)
                   if "bank_entry" in batch.records)  # fmt: skip


def total(table: Any) -> int:
    if table is None:
        return 0
    signed = pc.if_else(pc.equal(table["direction"], "out"), pc.negate(table["amount_fen"]), table["amount_fen"])
    return int(pc.sum(signed).as_py() or 0)


def checked(frame: Any) -> int:
    """Return the sum in fen of a statement as pandas reads it, once its days and balances are sound."""
    import pandas as pd

    days = pd.to_datetime(frame["记账日期"], format="%Y-%m-%d")
    amounts, balances = (
        (frame[name].str.replace(",", "").astype(float) * 100).round().astype("int64") for name in ("交易金额", "联机余额")
    )
    agree("days", bool(days.is_monotonic_increasing), True)  # noqa: FBT003 - what is compared
    agree("balances", int((balances.diff().iloc[1:] != amounts.iloc[1:]).sum()), 0)
    return int(amounts.sum())


if __name__ == "__main__":
    emit(rows)
