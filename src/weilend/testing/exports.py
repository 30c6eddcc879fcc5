"""In: a profile and a seed. Out: files as that source would export them, and the same ones broken. Used: by laws, fuzzing and
speed.

Cells are drawn by what each column becomes, so that a new profile has its files without a line of code.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from weilend.sources.columns.days import write_day, write_time
from weilend.sources.files.written import write_rows
from weilend.sources.profile import Column, Layout, Profile

_NAMES: Final = (
    "张三", "李*四", "杭州某某贸易有限公司", "支付宝-便民超市", "财付通-美团平台商户", "微信支付", "国家金库", "某市社会保险局",
    "网商银行", "示例餐厅", "财付通", "支付宝－上海家化电子商务有限公司", "云闪付APP-网上国网", "ACME TRADING LTD",
    "某银行信用卡中心", "rim***@qq.com",
)  # fmt: skip
_PURPOSES: Final = (
    "消费", "转账", "工资", "结息", "退款", "手续费", "信用卡还款", "货款 12345678901", "红包", "零钱提现", "理财", "ATM取款",
    "快捷支付", "商户消费", "其他", "交易", "张三还款", "冲正", "房租", "Order", "ItemFees",
)  # fmt: skip
_MEMOS: Final = (
    "订单-12345", "基金申购", "手机银行", "支付宝-余额提现", "转账 备注", "水电费", "无", "利息税", "工资 一月",
)  # fmt: skip
_FIRST_DAY: Final = date(2023, 1, 1)
_DAYS: Final = 60
_DAY_SECONDS: Final = 86_400
_BLANK_SHARE: Final = 0.2
_USCC: Final = ("91350100M000100Y43", "91110105MA00P8L2RU", "92330106MA2B00001X")

Draw = Callable[[random.Random], str]


def write_export(profile: Profile, path: Path, *, seed: int, rows: int) -> Path:
    """Write a file of the profile's first table with random rows, as csv, tsv or xlsx by the suffix of the path.

    >>> import tempfile
    >>> from weilend.sources import PROFILES
    >>> file = write_export(PROFILES["cmb_debit"], Path(tempfile.mkdtemp()) / "a.csv", seed=1, rows=3)
    >>> len(file.read_text("utf-8-sig").splitlines())
    4
    """
    layout = profile.layouts[0]
    write_rows(export_rows(profile, seed=seed, rows=rows), path, encoding=profile.encodings[0], delimiter=layout.delimiter)
    return path


def export_rows(profile: Profile, *, seed: int, rows: int) -> list[list[str]]:
    """Return the lines of such a file as cells: those above, the header, the rows, those below.

    >>> from weilend.sources import PROFILES
    >>> export_rows(PROFILES["cmb_debit"], seed=1, rows=0)[0][:2]
    ['记账日期', '货币']
    """
    rng, layout = random.Random(seed), profile.layouts[0]
    said = {"account": "1234****5678", "name": "张三", "since": str(_FIRST_DAY), "until": str(_FIRST_DAY + timedelta(days=_DAYS)),
            "lines": str(rows), "month": "2023年03月", "currency": "CNY", "net_total": "0.00"}  # fmt: skip
    said |= {f"{side}_{what}": "0" for side in ("in", "out", "neutral") for what in ("count", "total")}
    around = [
        [line.format(**said).split(layout.delimiter) for line in lines] for lines in (layout.above, layout.lead, layout.below)
    ]
    around[1] = [[*line, *[""] * (len(layout.written) - len(line))] for line in around[1]]
    body = [_row(layout, rng, number, rows) for number in range(rows)]
    return [*around[0], list(layout.written), *around[1], *body, *around[2]]


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return bytes with a few faults: cut, doubled, swapped, random bytes, signs that files are made of.

    >>> mutated(b"abc", random.Random(1)) != b"abc"
    True
    """
    broken = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(broken) + 1)
        length = rng.choice((1, 1, 2, 8, 64, 512))
        fault = rng.randrange(6)
        if fault == 0:
            del broken[place : place + length]
        elif fault == 1:
            broken[place:place] = broken[place : place + length] * rng.choice((1, 2, 40))
        elif fault == 2:
            broken[place : place + length] = rng.randbytes(min(length, 16))
        elif fault == 3:
            broken[place:place] = rng.choice(
                (b'"', b",", b"\n", b"\r", b"\t", b"\0", b"\xff", b"\xef\xbb\xbf", b"=", b"-", b"9" * 30, b"1e308")
            )
        elif fault == 4:
            del broken[place:]
        else:
            other = rng.randrange(len(broken) + 1)
            broken[place : place + length], broken[other : other + length] = (
                broken[other : other + length],
                broken[place : place + length],
            )
    return bytes(broken) if bytes(broken) != data else data + b"\0"


def _row(layout: Layout, rng: random.Random, number: int, rows: int) -> list[str]:
    """Return one row: split amounts have one side, days run on, an order has one or two lines."""
    cells: dict[str, str] = {}
    at = number * _DAYS * _DAY_SECONDS // max(rows, 1) + rng.randrange(3) * 43_200
    day, seconds = _FIRST_DAY + timedelta(days=at // _DAY_SECONDS), at % _DAY_SECONDS
    came = rng.random() < 0.5
    for column in layout.columns:
        if column.raw in cells:
            continue
        if column.raw in layout.forms:
            cells[column.raw] = _formed(column.raw, layout, rng, day, seconds, number)
        else:
            side = {"in_fen": came, "out_fen": not came}.get(column.fact)
            cells[column.raw] = "" if side is False else _cell(column, rng, day, seconds, number)
    return [cells.get(raw, layout.fill.get(raw, "")) for raw in layout.written]


def _formed(raw: str, layout: Layout, rng: random.Random, day: date, seconds: int, number: int) -> str:
    """Return a cell in one of its forms, each fact in it drawn by its own column; blank where one of them is."""
    form = rng.choice(layout.forms[raw])
    facts = {column.fact: column for column in layout.columns if column.raw == raw}
    names = [name for _, name, _, _ in string.Formatter().parse(form) if name]
    drawn = {name: _cell(facts[name], rng, day, seconds, number) for name in names}
    return form.format(**drawn) if all(drawn.values()) else ""


def _cell(column: Column, rng: random.Random, day: date, seconds: int, number: int) -> str:
    needed = {
        "in_fen",
        "out_fen",
        "seller_tax_id",
        "buyer_tax_id",
        "digital_number",
        "status",
        "purpose_1",
        "purpose_2",
        "purpose_3",
    }
    if column.blank and column.fact not in needed and rng.random() < _BLANK_SHARE:
        return ""
    if column.fact in _BY_FACT and column.convert not in ("words", "pattern"):
        return _BY_FACT[column.fact](rng, number)
    return _by_converter(column, rng, day, seconds)


def _by_converter(column: Column, rng: random.Random, day: date, seconds: int) -> str:
    if column.convert in ("day", "moment_day"):
        return write_day(day, column.formats)
    if column.convert in ("time", "moment_time"):
        return write_time(seconds)
    if column.convert == "stamp":
        return f"{day} {write_time(seconds)} +0800"
    if column.convert in ("words", "truth"):
        return rng.choice(column.words)[0]
    if column.convert == "pattern":
        return rng.choice([raw for _, raw in column.spell] or [raw for raw, _ in column.words])
    return _number(column, rng)


def _number(column: Column, rng: random.Random) -> str:
    if column.convert == "yuan":
        fen = rng.choice((0, 1, 99, 100, 12_345, rng.randrange(10**7)))
        sign = "-" if column.fact in ("signed_fen", "balance_fen") and rng.random() < 0.4 else ""
        point = "," if column.decimal == "," else "."
        return (
            f"{sign}{fen // 100}{point}{fen % 100:02d}"
            if rng.random() < 0.5 or point == ","
            else f"{sign}{fen // 100:,}.{fen % 100:02d}"
        )
    if column.convert == "number":
        return str(rng.randrange(1, 9))
    if column.convert == "milli":
        return rng.choice(("1", "2.5", "0.125"))
    if column.convert == "rate":
        return rng.choice(("13%", "6%", "免税", "1.5%"))
    return rng.choice(_PURPOSES)


def _choose(options: Sequence[str]) -> Callable[[random.Random, int], str]:
    return lambda rng, _: rng.choice(options)


_BY_FACT: Final[dict[str, Callable[[random.Random, int], str]]] = {
    "party": _choose(_NAMES),
    "party_account": _choose(("6222****1234", "2088123456789012", "")),
    "place": _choose((*_NAMES, "手机银行", "")),
    "way": _choose(("网上银行", "手机银行", "ATM", "柜台", "银企对接")),
    "purpose": _choose(_PURPOSES),
    "purpose_1": _choose(("Order", "Refund", "other-transaction")),
    "purpose_2": _choose(("ItemPrice", "ItemFees", "Promotion")),
    "purpose_3": _choose(("Principal", "Tax", "Commission")),
    "memo": _choose(_MEMOS),
    "memo_text": _choose(_MEMOS),
    "currency": _choose(("人民币", "CNY")),
    "account": _choose(("1234****5678", "3167")),
    "month_day": lambda rng, _: f"{rng.randint(1, 3):02d}/{rng.randint(1, 28):02d}",
    "seller_tax_id": _choose(_USCC[:1]),
    "buyer_tax_id": lambda _rng, number: _USCC[1 + number % 2],
    "digital_number": lambda _rng, number: f"2311{number // 2:016d}",
    "old_code": _choose(("",)),
    "old_number": _choose(("",)),
    "net_fen": _choose(("100.00",)),
    "tax_fen": _choose(("13.00",)),
    "gross_fen": _choose(("113.00",)),
    "red_of": _choose(("", "被红冲蓝字数电发票号码：23112000000000000001")),
    "order_id": lambda _rng, number: f"#{number // 2 + 1001}",
    "voucher_number": lambda _rng, number: str(number // 2 + 1),
    "voucher_word": _choose(("记",)),
    "account_code": lambda _rng, number: ("1002", "5001", "2202.01")[number % 3] + f"{number // 3:02d}",
    "line_no": lambda _rng, number: str(number % 2 + 1),
    "refunded_part_fen": _choose(("0.01",)),
    "refunded_full": _choose(("已全额退款",)),
    "drawer": _choose(("王五", "赵六")),
    "preparer": _choose(("王五", "赵六")),
    "buyer": _choose(("a@b.cn", "c@d.cn")),
    "sent": _choose(("fulfilled", "partial", "")),
}
