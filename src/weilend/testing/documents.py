"""In: nothing. Out: made-up papers, damaged files, tokens that hide nothing, what a batch keeps to. Used: by suites of sources."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import pyarrow as pa
import pypdf
from hypothesis import strategies as st
from pypdf.generic import DecodedStreamObject

from weilend.core.calendars import Calendar
from weilend.core.ids import content_hash
from weilend.core.records import FRAME, KINDS
from weilend.sources import Accounting, Batch, Intake, Tokens, account, first_seen

HOME: Final = Calendar()
_SHOWN = 3  # rows that a golden file shows in full
_OFD: Final = "http://www.ofdspec.org/2016"


class PlainTokens(Tokens, frozen=True):
    """Tokens that are the values themselves: with them, what was written reads back to what it was.

    >>> PlainTokens(bytes(16)).of("party", " 甲 ")
    '甲'
    """

    def of(self, purpose: str, value: str) -> str:
        """Return the value without spaces at its ends."""
        del purpose
        return value.strip()


def intake(**changes: Any) -> Intake:
    """Return an intake of one business and shop whose tokens hide nothing.

    >>> intake(tax_id="9A").business_id
    'B1'
    """
    told = {"calendar": HOME, "consent_id": "own-data", "business_id": "B1", "shop_id": "S1", "tokens": PlainTokens(bytes(16))}
    return Intake(**{**told, **changes})


def check_batch(batch: Batch) -> Accounting:
    """Return the account of a batch in an empty book, after asserting what every batch keeps to.

    Every row is accepted, duplicate or quarantined; every record fits its kind, has its own subject and was known when it happened
    or later; a kind's records stand in the order in which they happened.

    >>> from weilend.sources.documents.vat_return import read_vat_return, write_vat_return
    >>> check_batch(read_vat_return(write_vat_return({}), intake())).rows_in
    0
    """
    done = account(batch, {kind: first_seen(table["record_id"]) for kind, table in batch.records.items()})
    assert done.rows_in == batch.rows.num_rows == done.accepted + done.duplicate + done.quarantined
    for kind, table in batch.records.items():
        rows = table.to_pylist()
        assert all(row["known_at"] >= row["happened_at"] for row in rows), kind
        assert [row["happened_at"] for row in rows] == sorted(row["happened_at"] for row in rows), kind
        for field in KINDS[kind].fields:
            told = [row[field.name] for row in rows if row[field.name] is not None]
            assert field.nullable or len(told) == len(rows), (kind, field.name)
            assert not field.words or set(told) <= set(field.words), (kind, field.name)
            assert field.lo is None or field.hi is None or all(field.lo <= one <= field.hi for one in told), (kind, field.name)
        assert all(row[KINDS[kind].subjects[0]] for row in rows), kind
    return done


def table_of(rows: Sequence[Mapping[str, Any]], kind: str) -> pa.Table:
    """Return rows of a kind as a table with every column that any of them has.

    >>> table_of([{"tax": "vat"}, {"paid_fen": 1}], "tax_filing").to_pylist()
    [{'tax': 'vat', 'paid_fen': None}, {'tax': None, 'paid_fen': 1}]
    """
    types = {"integer": pa.int64(), "text": pa.string(), "date": pa.date32(), "boolean": pa.bool_()}
    known = {name: types[FRAME[name]] for name in FRAME} | {name: pa.string() for name in KINDS[kind].subjects}
    known |= {field.name: types[field.type] for field in KINDS[kind].fields}
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: pa.array([row.get(name) for row in rows], known[name]) for name in names})


def told_rows(batch: Batch, kind: str, *, clocks: bool = False) -> list[dict[str, Any]]:
    """Return the records of a kind without nulls and frame, but with the day they happened: what a paper says.

    >>> from weilend.sources.documents.income_tax import FORMAT, read_income_tax
    >>> from weilend.sources.documents.envelope import seal_envelope
    >>> row = {"period_start_on": "2025-01-01", "period_end_on": "2025-03-31", "revenue": "1"}
    >>> told_rows(read_income_tax(seal_envelope(FORMAT, [row]), intake()), "tax_filing")[0]["revenue_fen"]
    100
    """
    kept = {"happened_on", *(("happened_at", "known_at") if clocks else ())}
    table = batch.records.get(kind)
    rows = table.to_pylist() if table is not None else []
    return [{name: one for name, one in row.items() if one is not None and (name not in FRAME or name in kept)} for row in rows]


def golden_of(batch: Batch) -> dict[str, Any]:
    """Return a batch as a short text can hold it: of each kind how many, the first rows, and a hash over all of them.

    >>> from weilend.sources.documents.vat_return import read_vat_return, write_vat_return
    >>> golden_of(read_vat_return(write_vat_return({}), intake()))
    {'rows': 0, 'rejects': [], 'records': {}}
    """
    records = {}
    for kind in sorted(batch.records):
        rows = [_json_row(row) for row in told_rows(batch, kind)]
        records[kind] = {"count": len(rows), "first": rows[:_SHOWN], "all": content_hash(rows)}
    return {"rows": batch.rows.num_rows, "rejects": [row["reason"] for row in batch.rejects.to_pylist()], "records": records}


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Return a file with one to four faults: bytes changed, cut out, doubled, moved, or replaced by what parsers stumble over.

    >>> damaged(b"abc" * 100, random.Random(1)) != b"abc" * 100
    True
    """
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(content) + 1)
        end = min(len(content), start + rng.choice((0, 1, 1, 2, 8, 64, 512)))
        piece = content[start:end]
        replacement = rng.choice(
            (b"", piece * 2, bytes(rng.randrange(256) for _ in piece), rng.choice(_STUMBLING), piece[::-1], piece.swapcase())
        )
        content = content[:start] + replacement + content[end:]
    return content


_STUMBLING: Final = (
    *(b"<!DOCTYPE a>", b"&x;", b"<", b">", b"</", b"\x00", b"\xff\xfe", b"-", b"9" * 30, b"1e9", b"NaN", b"=1+1"),
    *(b"\n:61:", b"\n:20:", b"{", b"]", b'"', b"null", b"20250230", b"2025-13-01", b"T25:61:61", b"\r", b",,"),
    *("¥".encode(), "年".encode(), b"\xef\xbb\xbf"),
)


def zipped(members: Mapping[str, bytes | str]) -> bytes:
    """Return a zip of some members: the same bytes whenever it is made.

    >>> zipped({"a": "1"})[:2]
    b'PK'
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            # a member made from a bare name would carry the clock's time
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def ofd_file(
    *, attachment: str = "", tags: str = "", texts: Sequence[tuple[int, str]] = (), info: Mapping[str, str] | None = None
) -> bytes:
    """Return an OFD file: an attached XML, custom tags with the texts (object, text) they point at, names and values of the head.

    >>> from weilend.sources.documents.ofd import read_parts
    >>> read_parts(ofd_file(info={"发票号码": "7"})).best("number").part
    'doc_info'
    """
    data = "".join(f'<ofd:CustomData Name="{name}">{text}</ofd:CustomData>' for name, text in (info or {}).items())
    head = f"<ofd:DocInfo><ofd:CustomDatas>{data}</ofd:CustomDatas></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>"
    objects = "".join(
        f'<ofd:TextObject ID="{number}"><ofd:TextCode>{text}</ofd:TextCode></ofd:TextObject>' for number, text in texts
    )
    document = '<ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>'
    members = {"Doc_0/Pages/Page_0/Content.xml": _ofd("Page", objects)}
    if attachment:
        document += "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>"
        entry = '<ofd:Attachment ID="1" Format="xml"><ofd:FileLoc>original_invoice.xml</ofd:FileLoc></ofd:Attachment>'
        members |= {
            "Doc_0/Attachs/Attachments.xml": _ofd("Attachments", entry),
            "Doc_0/Attachs/original_invoice.xml": attachment,
        }
    if tags:
        document += "<ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags>"
        entry = "<ofd:CustomTag><ofd:FileLoc>CustomTag.xml</ofd:FileLoc></ofd:CustomTag>"
        members |= {"Doc_0/Tags/CustomTags.xml": _ofd("CustomTags", entry), "Doc_0/Tags/CustomTag.xml": tags}
    top = {"OFD.xml": _ofd("OFD", f"<ofd:DocBody>{head}</ofd:DocBody>"), "Doc_0/Document.xml": _ofd("Document", document)}
    return zipped({**top, **members})


def pdf_file(attachments: Mapping[str, bytes], *, packed: bool = False) -> bytes:
    """Return a PDF of one empty page that carries some attachments, packed or not.

    >>> pdf_file({})[:5]
    b'%PDF-'
    """
    writer, file = pypdf.PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    for name, data in attachments.items():
        writer.add_attachment(name, data)
    for place, held in enumerate(writer._objects):
        if packed and isinstance(held, DecodedStreamObject):
            writer._objects[place] = held.flate_encode()
    writer.write(file)
    return file.getvalue()


@st.composite
def bank_records(draw: st.DrawFn, natures: Sequence[str] = ("unknown",), *, timed: bool = False) -> dict[str, pa.Table]:
    """Return the lines of one or two accounts and the balance of a statement over each, as any bank format tells them.

    >>> from hypothesis import find
    >>> find(bank_records(), lambda records: True)["statement_balance"].num_rows
    1
    """
    lines, balances = [], []
    for account_id in draw(
        st.lists(st.sampled_from(("62220001", "DE89370400", "6217/88")), min_size=1, max_size=2, unique=True)
    ):
        first = draw(st.dates(date(2001, 1, 2), date(2060, 1, 1)))
        opening = balance = draw(st.integers(-(10**9), 10**9))
        days = sorted(draw(st.lists(st.integers(0, 5), max_size=6)))
        drawn = [draw(_lines(natures, first + timedelta(days=offset), timed=timed)) for offset in days]
        times = sorted(line["happened_at"] for line in drawn)
        for place, (offset, line) in enumerate(zip(days, drawn, strict=True)):
            line["happened_at"] = times[place]
            balance += line["amount_fen"] if line["direction"] == "in" else -line["amount_fen"]
            place_of_day = place - days.index(offset) + 1
            lines.append({**line, "account_id": account_id, "balance_fen": balance, "line_no": place_of_day})
        last = first + timedelta(days=draw(st.integers(5, 9)))
        balances.append({"account_id": account_id, "period_start_on": first, "period_end_on": last, "opening_fen": opening,
                         "closing_fen": balance, "available_fen": draw(st.none() | st.integers(-(10**9), 10**9))})  # fmt: skip
    return {"bank_entry": table_of(lines, "bank_entry"), "statement_balance": table_of(balances, "statement_balance")}


def _lines(natures: Sequence[str], on: date, *, timed: bool) -> st.SearchStrategy[dict[str, Any]]:
    words, names = (st.text(signs, max_size=60).map(lambda text: " ".join(text.split())) for signs in ("abcxyz文 ", "pqrst中 "))
    moment = st.integers(1, 86_398).map(lambda seconds: HOME.start_of(on) + seconds) if timed else st.just(HOME.end_of(on))
    return st.fixed_dictionaries(
        {
            "direction": st.sampled_from(("in", "out")),
            "amount_fen": st.integers(1, 10**9),
            "nature": st.sampled_from(tuple(natures)),
            "counterparty_id": st.none() | names.filter(bool),
            "purpose": st.none() | words.filter(bool),
            "value_at": st.just(HOME.start_of(on)),
            "happened_on": st.just(on),
            "happened_at": moment,
            "has_time": st.just(timed),
        }
    )


def _json_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one.isoformat() if isinstance(one, date) else one for name, one in row.items() if name != "file_id"}


def _ofd(tag: str, inner: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><ofd:{tag} xmlns:ofd="{_OFD}">{inner}</ofd:{tag}>'
