"""In: a firm's records and cast. Out: its files in the formats of banks, platforms and offices. Used: by `hand_over`.

One function for each sort of file: it gives the records the clear names that stand in a file, and hands them to the writer of the
source. A function yields nothing where the firm has no records of that sort.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar
from weilend.economy.files.bills import itemise, with_products
from weilend.economy.files.cast import Cast, Records
from weilend.economy.files.formats import HOUR
from weilend.economy.files.names import words
from weilend.sources import write
from weilend.sources.documents.camt import write_camt053
from weilend.sources.documents.mt940 import write_mt940
from weilend.sources.documents.neutral import ACCEPTED, write_neutral
from weilend.sources.documents.vat_return import write_vat_return
from weilend.sources.platforms.douyin import write_douyin
from weilend.sources.platforms.jd import write_jd
from weilend.sources.platforms.pinduoduo import write_pinduoduo
from weilend.sources.platforms.taobao import write_taobao
from weilend.sources.tokens import CLEAR

#: Where companies and where sole traders have their account: e-banking of firms gives statements, a bank's app the lines of a card.
COMPANY_BANKS: Final = ("camt", "mt940")
OWNER_BANKS: Final = ("cmb_debit", "icbc_debit_v2", "ccb_debit_csv", "boc_debit", "abc_debit")
#: What ledgers export.
LEDGERS: Final = ("vouchers", "kingdee_kis_lines")
_STATEMENTS: Final[dict[str, tuple[str, Callable[..., bytes]]]] = {
    "camt": ("xml", write_camt053),
    "mt940": ("sta", write_mt940),
}


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was handed over: where it lies, which source reads it, the records it tells by kind, what must be said with it.

    >>> Handed(path="a.csv", source="cmb_debit", records={"bank_entry": 3}, said={"business_id": "B1"}).said["business_id"]
    'B1'
    """

    path: str
    source: str
    records: dict[str, int]
    said: dict[str, Any]


class Clerk(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What the makers of files share: whose they are, the cast, the folder, the calendar, and what each file told (`told`).

    `turn` is how many firms of the same form came before: formats of one sort take turns.

    >>> import tempfile
    >>> from weilend.economy.files.names import Namer
    >>> firm = Namer(1).firm("B1", "440000", "F52", is_company=True, bank="camt")
    >>> cast = Cast(identity=firm, bank="camt", clear={("party", "C1"): "张三"})
    >>> clerk = Clerk(business_id="B1", turn=0, cast=cast, folder=Path(tempfile.mkdtemp()), calendar=Calendar(), told={})
    >>> clerk.named(pa.table({"counterparty_id": ["C1", "C2"]}), {"counterparty_id": "party"})["counterparty_id"].to_pylist()
    ['张三', 'C2']
    """

    business_id: str
    turn: int
    cast: Cast
    folder: Path
    calendar: Calendar
    told: dict[str, Records]

    def keep(self, path: Path, source: str, records: Records, **said: Any) -> Handed:
        """Return a file that was written, and remember what it tells."""
        name = path.relative_to(self.folder).as_posix()
        self.told[name] = records
        counts = {kind: table.num_rows for kind, table in records.items()}
        return Handed(path=name, source=source, records=counts, said={"business_id": self.business_id, **said})

    def save(self, name: str, content: bytes) -> Path:
        """Write a file and return where it lies."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def clear(self) -> pa.Table:
        """Return what codes stand for as the writer of tables takes it."""
        rows = [{"token": code, "purpose": purpose, "value": value} for (purpose, code), value in self.cast.clear.items()]
        return pa.Table.from_pylist(rows, schema=CLEAR)

    def named(self, table: pa.Table, columns: Mapping[str, str]) -> pa.Table:
        """Return records with clear values in place of codes, by column and purpose."""
        for column, purpose in columns.items():
            codes = table[column].combine_chunks().dictionary_encode()
            values = [self.cast.clear.get((purpose, code), code) for code in codes.dictionary.to_pylist()]
            table = _with(table, column, pa.array(values, pa.string()).take(codes.indices))
        return table


def _write_bank(clerk: Clerk, records: Records) -> Iterator[Handed]:
    """Yield the statements of accounts, one file for each quarter in which an account moved; who changed his has two for one."""
    if "bank_entry" not in records:
        return
    identity, bank = clerk.cast.identity, clerk.cast.bank
    for balance in range(records["statement_balance"].num_rows):
        statement = records["statement_balance"].slice(balance, 1)
        first, last = (statement[f"period_{end}_on"][0].as_py() for end in ("start", "end"))
        code = statement["account_id"][0].as_py()
        within = (pc.field("happened_on") >= first) & (pc.field("happened_on") <= last) & (pc.field("account_id") == code)
        told = {"bank_entry": records["bank_entry"].filter(within), "statement_balance": statement}
        account = clerk.cast.clear["account", code]
        name = f"{first:%Y-%m}" if account == identity.account else f"{first:%Y-%m}_{account[-4:]}"
        path = _write_statement(clerk, bank, told, name)
        yield clerk.keep(path, bank, told, account=account, names=(identity.owner, identity.name))


def _write_statement(clerk: Clerk, bank: str, told: Records, name: str) -> Path:
    lines = _with(told["bank_entry"], "purpose", _purposes(told["bank_entry"]))
    if bank in _STATEMENTS:
        suffix, render = _STATEMENTS[bank]
        named = {"bank_entry": clerk.named(lines, {"counterparty_id": "party", "account_id": "account"}),
                 "statement_balance": clerk.named(told["statement_balance"], {"account_id": "account"})}  # fmt: skip
        return clerk.save(f"bank/{bank}_{name}.{suffix}", render(named, calendar=clerk.calendar))
    owners = _with(lines, "holder", pa.repeat("owner", lines.num_rows))  # a card is its owner's
    (path,) = write(bank, {"bank_entry": owners}, clerk.folder / "bank", calendar=clerk.calendar, clear=clerk.clear())
    return path.rename(path.with_stem(f"{bank}_{name}"))


def _write_wallets(clerk: Clerk, records: Records) -> Iterator[Handed]:
    """Yield the bills of the wallets of shops, where the wallet gives one that is known: Alipay does, order by order."""
    source, orders = "alipay_seller_account", dict(_by_shop(records, "order"))
    for shop, mine in _by_shop(records, "wallet_entry"):
        settled = mine.filter(pc.field("wallet") == "alipay")
        if not settled.num_rows:
            continue
        told = itemise(settled, orders[shop], clerk.calendar)
        bills = words().bills
        lines = _with(told, "purpose", pa.array([bills.get(nature) for nature in told["nature"].to_pylist()], pa.string()))
        (path,) = write(source, {"wallet_entry": lines}, clerk.folder / shop, calendar=clerk.calendar, clear=clerk.clear())
        account = clerk.cast.clear["account", told["account_id"][0].as_py()]
        yield clerk.keep(path, source, {"wallet_entry": told}, shop_id=shop, account=account)


def _write_shops(clerk: Clerk, records: Records) -> Iterator[Handed]:
    """Yield the answers of platforms about the orders and refunds of each shop."""
    refunds, looks = dict(_by_shop(records, "refund")), dict(_by_shop(records, "shop_snapshot"))
    for shop, orders in _by_shop(records, "order"):
        mine = with_products(orders, looks[shop]["sku_on_sale_count"][-1].as_py() if shop in looks else 1)
        source, write_answers = _ANSWERS[mine["platform"][0].as_py()]
        told = {"order": mine, **({"refund": refunds[shop]} if shop in refunds else {})}
        answers = write_answers({kind: _as_changed(clerk, table) for kind, table in told.items()}, clerk.calendar)
        for kind, content in answers.items():
            if kind in told:
                path = clerk.save(f"{shop}/{source}_{kind}s.json", content)
                yield clerk.keep(path, source, {kind: told[kind]}, shop_id=shop)


def _as_changed(clerk: Clerk, table: pa.Table) -> pa.Table:
    """Return orders or refunds as the platform knows them: in clear, changed when they changed, with list price and way."""
    named = clerk.named(table, {"waybill_id": "order"}) if "waybill_id" in table.column_names else table
    named = _with(named, "known_at", pc.subtract(named["known_at"], HOUR))
    if "refund_id" in table.column_names:
        return _with(named, "after_sale", pc.if_else(named["with_goods"], "return", "refund_only"))
    units = named["units_count"].to_numpy()
    named = _with(named, "placed_at", named["pay_at"])
    return _with(named, "list_fen", pa.array(-(-named["paid_fen"].to_numpy() // units) * units))


def _write_invoices(clerk: Clerk, records: Records) -> Iterator[Handed]:
    """Yield the pool of invoices as the tax office gives it: a workbook with a line for each."""
    if "invoice" not in records:
        return
    told, tax_id = {"invoice": records["invoice"]}, clerk.cast.identity.tax_id
    lines = {**told, "invoice_line": records.get("invoice_line", _one_line(records["invoice"]))}
    (path,) = write(
        "invoice_pool", lines, clerk.folder, calendar=clerk.calendar, clear=clerk.clear(), suffix=".xlsx", tax_id=tax_id
    )
    yield clerk.keep(path, "invoice_pool", told, tax_id=tax_id)


def _one_line(invoices: pa.Table) -> pa.Table:
    """Return invoices as one line each, at the rate that its tax is of its amount, in whole percents."""
    net, tax = (np.abs(invoices[name].to_numpy()) for name in ("net_fen", "tax_fen"))
    rate = (tax * 100 + net // 2) // np.maximum(net, 1) * 10_000
    count = invoices.num_rows
    form = pc.if_else(pa.array(rate > 10_000), "digital_special", "digital_ordinary")
    extra = {"line_no": pa.array(np.ones(count, np.int64)), "tax_rate_ppm": pa.array(rate), "form": form,
             "tax_risk": pa.repeat("normal", count)}  # fmt: skip
    lines = invoices.drop_columns(["gross_fen", "record_id"])
    for name, column in extra.items():
        lines = lines.append_column(name, column)
    return lines


def _write_returns(clerk: Clerk, records: Records) -> Iterator[Handed]:
    """Yield the VAT returns."""
    if "tax_filing" in records:
        told = {"tax_filing": records["tax_filing"].filter(pc.field("tax") == "vat")}
        yield clerk.keep(clerk.save("vat_returns.json", write_vat_return(told)), "vat_return", told)


def _write_books(clerk: Clerk, records: Records) -> Iterator[Handed]:
    """Yield the vouchers of a firm that keeps books, as one ledger or another exports them."""
    if "ledger_line" not in records:
        return
    source = LEDGERS[clerk.turn % len(LEDGERS)]
    told = {"ledger_line": records["ledger_line"]}
    (path,) = write(source, told, clerk.folder, calendar=clerk.calendar, clear=clerk.clear())
    yield clerk.keep(path, source, told)


def _write_neutrals(clerk: Clerk, records: Records) -> Iterator[Handed]:
    """Yield what has no format of its own (registry, bureau, links, how shops stand) as our own JSON, where the book has any of it.

    A platform that is asked how a shop stands says what the shop owes it, too: nothing, for no platform lends in this world.
    """
    told = {kind: records[kind] for kind in ACCEPTED if kind in records}
    if (looks := told.get("shop_snapshot")) is not None:
        told["shop_snapshot"] = _with(looks, "platform_credit_fen", pa.array(np.zeros(looks.num_rows, np.int64)))
    if told:
        yield clerk.keep(clerk.save("records.json", write_neutral(told)), "records", told)


#: Every sort of file, in the order in which they are written.
MAKERS: Final = (_write_bank, _write_wallets, _write_shops, _write_invoices, _write_returns, _write_books, _write_neutrals)


def _taobao(records: Records, calendar: Calendar) -> dict[str, bytes]:
    trades, refunds = write_taobao(records, calendar=calendar).values()
    return {"order": trades, "refund": refunds}


def _pinduoduo(records: Records, calendar: Calendar) -> dict[str, bytes]:
    orders, refunds = write_pinduoduo(records, calendar=calendar).values()
    return {"order": orders, "refund": refunds}


#: Platform → its source, and what it answers by kind. JD and Douyin tell of refunds in the order alone.
_ANSWERS: Final[dict[str, tuple[str, Callable[[Records, Calendar], dict[str, bytes]]]]] = {
    "taobao": ("taobao", _taobao),
    "tmall": ("taobao", _taobao),
    "pinduoduo": ("pinduoduo", _pinduoduo),
    "jd": ("jd_messages", lambda records, calendar: {"order": write_jd(records, calendar=calendar)}),
    "douyin": ("douyin", lambda records, calendar: {"order": write_douyin(records, calendar=calendar)}),
}


def _by_shop(records: Records, kind: str) -> list[tuple[str, pa.Table]]:
    if kind not in records:
        return []
    shops = sorted(pc.unique(records[kind]["shop_id"]).to_pylist())
    return [(shop, records[kind].filter(pc.field("shop_id") == shop)) for shop in shops]


def _purposes(lines: pa.Table) -> pa.Array:
    said, columns = words().purposes, (lines["nature"].to_pylist(), lines["direction"].to_pylist())
    return pa.array([said[nature][direction == "out"] for nature, direction in zip(*columns, strict=True)], pa.string())


def _with(table: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    """Return a table with a column set, in its place where it has one of that name."""
    place = table.schema.get_field_index(name)
    return table.append_column(name, column) if place < 0 else table.set_column(place, name, column)
