"""In: nothing. Out: what each format can say of the records of a firm. Used: by whoever writes the files, and by the laws that read
them back.

A record that comes back is the one that went out, but for what its format cannot say; every such difference stands here and in
docs/methodology/economy_files.md. Anything else that differs is a mistake.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.sources.profile import record_columns
from weilend.sources.tokens import Tokens

#: The clocks that a record which comes back must share, beside its subjects and fields.
CLOCKS: Final = ("happened_at", "happened_on", "known_at")
#: A live intake asks a platform every hour; an answer handed over later says only when things changed.
HOUR: Final = 3_600


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """What a source says of one kind of record.

    `silent` fields come back as NULL, or as they were; `own` ones are the format's own say (a day that it reckons otherwise, a
    word that the book does not have) and are not compared. `turned` gives for a field what some of our words are read as. `hides`
    are the columns whose clear text becomes a token, with its purpose. `day_only` formats know no time of day; `sooner_seconds` is
    how much earlier a fact counts as known than the live world knew it.

    >>> format_of("cmb_debit", "bank_entry").day_only, format_of("camt", "bank_entry").day_only
    (True, False)
    """

    source: str
    kind: str
    silent: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    turned: Mapping[str, Mapping[str, str]] = {}
    hides: Mapping[str, str] = {}
    day_only: bool = False
    sooner_seconds: int = 0


#: Kinds that a name does not tell: what stands in the book, and what a reader of names makes of it.
KINDS_HEARD: Final = {"payroll": "unknown", "related": "person"}
_LINES: Final = {"counterparty_id": "party", "account_id": "account"}


def _bank(source: str, *, day_only: bool, own: tuple[str, ...] = (), holder: str = "business") -> tuple[Format, Format]:
    """Return what a bank says of lines and balances: names and purposes tell what a line is for, and who is a lender, not which."""
    turned = {"counterparty_kind": KINDS_HEARD, "holder": {"business": holder}}
    lines = Format(source=source, kind="bank_entry", silent=("lender_id",), own=("purpose", "channel", "value_at"), turned=turned,
                   hides=_LINES, day_only=day_only)  # fmt: skip
    balances = Format(source=source, kind="statement_balance", own=("institution", "file_id", "layout_id", *own),
                      turned={"holder": {"business": holder}}, hides={"account_id": "account"})  # fmt: skip
    return lines, balances


def _card(source: str, *, day_only: bool) -> tuple[Format, Format]:
    """Return what a bank says of its card of an owner: no more of the days it covers than those of its first and last line."""
    days, sums = ("period_start_on", "period_end_on"), ("lines_count", "in_total_fen", "out_total_fen")
    return _bank(source, day_only=day_only, own=(*days, *sums, *CLOCKS), holder="owner")


def _orders(source: str, silent: tuple[str, ...], own: tuple[str, ...] = ()) -> Format:
    """Return what a platform says of orders: nothing of reviews and of who the buyer is."""
    always = ("buyer_level", "buyer_review", "signed_at")
    return Format(source=source, kind="order", silent=(*always, *silent), own=("placed_at", *own),
                  hides={"buyer_id": "buyer", "waybill_id": "order"}, sooner_seconds=HOUR)  # fmt: skip


def _refunds(source: str, silent: tuple[str, ...] = ()) -> Format:
    return Format(source=source, kind="refund", silent=("line_no", "order_on", *silent), own=("after_sale",),
                  hides={"buyer_id": "buyer"}, sooner_seconds=HOUR)  # fmt: skip


def _books(source: str) -> Format:
    return Format(source=source, kind="ledger_line", silent=("account_class",), own=("account_name",))


_INVOICES: Final = {"counterparty_id": "business"}
#: Every format that firms of the world hand over, by source and kind.
FORMATS: Final = (
    *_card("cmb_debit", day_only=True),
    *_card("icbc_debit_v2", day_only=True),
    *_card("ccb_debit_csv", day_only=True),
    *_card("boc_debit", day_only=False),
    *_card("abc_debit", day_only=False),
    *_bank("camt", day_only=False),
    *_bank("mt940", day_only=True, own=("lines_count",)),
    Format(source="alipay_seller_account", kind="wallet_entry", silent=("line_no",), own=("purpose", "counterparty_kind"),
           turned={"direction": {"neutral": "out"}}, hides={"account_id": "account"}),
    _orders("taobao", ("refunded_fen",), ("list_fen", "postage_fen")),
    _orders("jd_messages", ("refund_state", "refunded_fen", "category", "consign_at"), ("list_fen",)),
    _orders("pinduoduo", ("buyer_id", "refunded_fen"), ("list_fen",)),
    _orders("douyin", ("refunded_fen",), ("list_fen",)),
    _refunds("taobao"),
    _refunds("pinduoduo", ("buyer_id", "phase")),
    Format(source="invoice_pool", kind="invoice", hides=_INVOICES),
    Format(source="vat_return", kind="tax_filing",
           silent=("credit_rating", "output_tax_fen", "input_tax_fen", "brought_forward_fen", "carried_forward_fen")),
    _books("vouchers"),
    _books("kingdee_kis_lines"),
)  # fmt: skip


def format_of(source: str, kind: str) -> Format:
    """Return what a source says of a kind; our own JSON says all of what it takes.

    >>> format_of("records", "link").silent
    ()
    """
    return next((one for one in FORMATS if (one.source, one.kind) == (source, kind)), Format(source=source, kind=kind))


def as_read(told: pa.Table, one: Format, clear: Mapping[tuple[str, str], str], tokens: Tokens, calendar: Calendar) -> pa.Table:
    """Return records of the book as they come back out of a file of a format: what it turns, hides, and knows otherwise.

    `clear` is what a code stands for, by purpose and code; a code that is not among them stands in the file as it is.

    >>> told = pa.table({"counterparty_id": ["C1"], "happened_at": [0], "known_at": [9]})
    >>> one = Format(source="x", kind="invoice", hides={"counterparty_id": "business"}, sooner_seconds=4)
    >>> row = as_read(told, one, {("business", "C1"): "91X"}, Tokens(bytes(16)), Calendar()).to_pylist()[0]
    >>> row["counterparty_id"] == Tokens(bytes(16)).of("business", "91X"), row["known_at"]
    (True, 5)
    """
    columns: dict[str, list[Any]] = {name: told[name].to_pylist() for name in told.column_names}
    for name, purpose in one.hides.items():
        codes = {code: tokens.of(purpose, clear.get((purpose, code), code)) for code in set(columns[name]) if code}
        columns[name] = [codes.get(code) for code in columns[name]]
    for name, other in one.turned.items():
        columns[name] = [other.get(word, word) for word in columns[name]]
    columns["known_at"] = [at - one.sooner_seconds for at in columns["known_at"]]
    if one.kind == "bank_entry":
        ends = [calendar.end_of(calendar.day_of(at)) for at in columns["happened_at"]]
        columns["has_time"] = [not one.day_only and at != end for at, end in zip(columns["happened_at"], ends, strict=True)]
        columns["happened_at"] = ends if one.day_only else columns["happened_at"]
    return pa.table(columns)


def compared(one: Format) -> tuple[str, ...]:
    """Return the columns in which a record that comes back must equal the one that went out.

    >>> "lender_id" in compared(format_of("cmb_debit", "bank_entry")), "purpose" in compared(format_of("cmb_debit", "bank_entry"))
    (True, False)
    """
    return tuple(name for name in (*record_columns(one.kind), *CLOCKS) if name not in one.own)
