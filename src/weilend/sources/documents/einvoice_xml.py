"""In: a fully digital e-invoice (数电票) as XML. Out: its records and facts; and back as dialect 1. Used: through `SOURCES`.

Dialect 1 is the tax office's own (`EInvoice`), 2 has pinyin tags (FPHM …), 3 Chinese ones (发票号码 …); the line tags of 2
and 3 were not checked against real files. `TotalTax-includedAmount` is of the invoice, `TotaltaxIncludedAmount` of a line. A
red letter has a total below zero; a line below zero on a blue one is a discount. The picture of the signature is never looked
at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, tostring

import msgspec
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.errors import SourceError
from weilend.sources.batch import Batch
from weilend.sources.catalogue import Source, register_source
from weilend.sources.documents.facts import tell_fact
from weilend.sources.documents.papers import Paper, PaperLine, Party, attempt_line, invoice_number, tell_digits, tell_paper
from weilend.sources.documents.scalars import amount, milli, moment, needed, needed_day, rate, tax_amount
from weilend.sources.documents.statements_out import safe, yuan
from weilend.sources.documents.tray import Tray
from weilend.sources.documents.tree import DECLARATION, first, parse_xml, plain, told
from weilend.sources.intake import Intake

_RED = re.compile(r"被红冲蓝字?[^0-9]{0,24}([0-9]{20}|[0-9]{8})")


#: What an invoice is called or coded, and the form that it then has.
_FORMS: Final = (
    ("机动车", "vehicle"),
    ("卷", "roll"),
    ("专用", "special"),
    ("普通", "ordinary"),
    ("01", "special"),
    ("02", "ordinary"),
)


class _Tags(msgspec.Struct, frozen=True):
    """What a dialect calls its values, best first; `line` are the tags of an element that is a line."""

    number: tuple[str, ...]
    code: tuple[str, ...]
    issued: tuple[str, ...]
    seller: tuple[str, str]
    buyer: tuple[str, str]
    net: str
    tax: str
    gross: tuple[str, ...]
    form: tuple[str, ...]
    drawer: tuple[str, ...]
    remark: tuple[str, ...]
    red_of: tuple[str, ...]
    line: tuple[str, ...]
    line_net: str
    line_tax: str
    line_rate: tuple[str, ...]
    line_code: tuple[str, ...]
    line_units: tuple[str, ...]


DIALECTS: Final = {
    "einvoice": _Tags(
        ("InvoiceNumber", "EIid"), ("InvoiceCode",), ("IssueTime", "RequestTime"), ("SellerIdNum", "SellerName"),
        ("BuyerIdNum", "BuyerName"), "TotalAmWithoutTax", "TotalTaxAm", ("TotalTax-includedAmount",),
        ("GeneralOrSpecialVAT/LabelName", "GeneralOrSpecialVAT/LabelCode"), ("Drawer",), ("Remark",),
        ("OriginalInvoiceCode", "OriginalInvoiceNumber"), ("IssuItemInformation",), "Amount", "ComTaxAm", ("TaxRate",),
        ("TaxClassificationCode",), ("Quantity",),
    ),
    "pinyin": _Tags(
        ("FPHM", "SDFPHM"), ("FPDM",), ("KPRQ",), ("XSFNSRSBH", "XSFMC"), ("GMFNSRSBH", "GMFMC"), "HJJE", "HJSE",
        ("JSHJXX", "JSHJ"), ("FPZL",), ("KPR",), ("BZ",), ("LZFPHM", "YFPHM"), ("FYXM", "MX"), "JE", "SE", ("SLV", "SL"),
        ("SPBM",), ("SPSL",),
    ),
    "chinese": _Tags(
        ("数电发票号码", "发票号码"), ("发票代码",), ("开票日期",), ("销售方纳税人识别号", "销售方名称"),
        ("购买方纳税人识别号", "购买方名称"), "合计金额", "合计税额", ("价税合计小写", "价税合计"), ("发票类型", "发票票种"),
        ("开票人",), ("备注",), ("被红冲蓝字发票号码",), ("项目", "明细"), "金额", "税额", ("税率",), ("税收分类编码",), ("数量",),
    ),
}  # fmt: skip


def read_einvoice(content: bytes, intake: Intake, *, file: str = "invoice.xml") -> Batch:
    """Return the invoice of an e-invoice file in any of the three dialects, its lines, and whether it adds up.

    >>> text = "<发票><发票号码>25312000000012345678</发票号码><开票日期>2025年09月01日</开票日期>"
    >>> text += "<销售方纳税人识别号>9A</销售方纳税人识别号><合计金额>100.00</合计金额>"
    >>> text += "<合计税额>6.00</合计税额><价税合计小写>¥106.00</价税合计小写></发票>"
    >>> from weilend.sources.tokens import Tokens
    >>> intake = Intake(calendar=Calendar(), consent_id="own-data", business_id="B1", tax_id="9A", tokens=Tokens(bytes(16)))
    >>> read_einvoice(text.encode(), intake).records["invoice"].select(["direction", "net_fen", "gross_fen"]).to_pylist()
    [{'direction': 'sale', 'net_fen': 10000, 'gross_fen': 10600}]
    """
    intake.business(file)
    root = parse_xml(_plain_tags(content), file)
    dialect = dialect_of(root)
    if dialect is None:
        raise SourceError(
            f"{file} is no e-invoice: it has no invoice number", hint="ask the sender for the XML of the tax office"
        )
    tags = DIALECTS[dialect]
    tray = Tray("einvoice", intake, file, content)
    lines = [node for tag in tags.line for node in root.iter(tag) if node.find(tags.line_net) is not None]
    header = Element(root.tag)
    header.extend(child for child in root if child.tag not in tags.line)
    paper = tell_paper(tray, lambda: _paper(root, tags, lines, intake.calendar), plain(header), [plain(line) for line in lines])
    if paper is not None:
        _tell_numbers(tray, root, paper.issued_on)
        tell_digits(tray, paper)
    return tray.batch()


def dialect_of(root: Element) -> str | None:
    """Return the dialect whose number of the invoice is there.

    >>> dialect_of(parse_xml(b"<a><FPHM>1</FPHM></a>", "a.xml"))
    'pinyin'
    """
    return next((name for name, tags in DIALECTS.items() if first(root, *tags.number)), None)


def form_of(text: str | None, *, digital: bool) -> str | None:
    """Return the form of an invoice from what it is called: 专用 is special, 普通 ordinary.

    >>> form_of("增值税专用发票", digital=True), form_of("重庆增值税电子普通发票", digital=False), form_of(None, digital=True)
    ('digital_special', 'ordinary', None)
    """
    form = next((form for word, form in _FORMS if word in (text or "")), None)
    return f"digital_{form}" if digital and form in ("special", "ordinary") else form


def write_einvoices(records: Mapping[str, pa.Table], *, calendar: Calendar) -> dict[str, bytes]:
    """Return one file of dialect 1 for each invoice, by file name; sellers and buyers are named by their ids in the records.

    Raises `SourceError` for an invoice that is void: a void invoice is not exported.

    >>> record = {"business_id": ["B1"], "counterparty_id": ["C1"], "direction": ["sale"], "number": ["7"], "net_fen": [100],
    ...     "tax_fen": [6], "gross_fen": [106], "status": ["valid"], "happened_at": [0]}
    >>> list(write_einvoices({"invoice": pa.table(record)}, calendar=Calendar()))
    ['7.xml']
    """
    lines: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in records["invoice_line"].to_pylist() if "invoice_line" in records else []:
        lines.setdefault((row["business_id"], row["direction"], row["number"]), []).append(row)
    files = {}
    for row in records["invoice"].to_pylist():
        mine = lines.get((row["business_id"], row["direction"], row["number"]), [])
        files[f"{row['number']}.xml"] = _render(row, sorted(mine, key=lambda line: line["line_no"]), calendar)
    return files


def _plain_tags(content: bytes) -> bytes:
    """Return a file in which the tag 价税合计(小写) is one that XML allows."""
    for encoding in ("utf-8", "gb18030"):
        for wide in ("价税合计(小写)", "价税合计（小写）"):
            content = content.replace(wide.encode(encoding), "价税合计小写".encode(encoding))
    return content


def _paper(root: Element, tags: _Tags, lines: list[Element], calendar: Calendar) -> Paper:
    number = needed(first(root, *tags.number), tags.number[0])
    issued = needed(first(root, *tags.issued), tags.issued[0])
    gross = amount(first(root, *tags.gross), tags.gross[0])
    red_of = first(root, *tags.red_of) or _red_of(first(root, *tags.remark))
    return Paper(
        number=invoice_number(first(root, *tags.code), number),
        issued_on=needed_day(issued, tags.issued[0]),
        issued_at=moment(issued, tags.issued[0], calendar),
        seller=_party(root, tags.seller),
        buyer=_party(root, tags.buyer),
        net_fen=amount(first(root, tags.net), tags.net),
        tax_fen=tax_amount(first(root, tags.tax), tags.tax),
        gross_fen=gross,
        form=form_of(_form_text(root, tags), digital=len(number) == 20),
        drawer=first(root, *tags.drawer),
        red_of=red_of if gross is not None and gross < 0 else None,
        lines=tuple((plain(line), attempt_line(partial(_line, tags=tags), line)) for line in lines),
    )


def _party(root: Element, tags: tuple[str, str]) -> Party:
    number = first(root, tags[0])
    return Party((number,) if number else (), first(root, tags[1]))


def _form_text(root: Element, tags: _Tags) -> str | None:
    deep = [
        told(node, path.partition("/")[2]) for path in tags.form if "/" in path for node in root.iter(path.partition("/")[0])
    ]
    return next((text for text in deep if text), None) or first(root, *(path for path in tags.form if "/" not in path))


def _red_of(remark: str | None) -> str | None:
    found = _RED.search(remark or "")
    return found[1] if found else None


def _line(node: Element, tags: _Tags) -> PaperLine:
    return PaperLine(
        net_fen=needed(amount(told(node, tags.line_net), tags.line_net), tags.line_net),
        tax_fen=tax_amount(told(node, tags.line_tax), tags.line_tax),
        tax_rate_ppm=rate(told(node, *tags.line_rate), tags.line_rate[0]),
        goods_code=told(node, *tags.line_code),
        units_milli=milli(told(node, *tags.line_units), tags.line_units[0]),
    )


def _tell_numbers(tray: Tray, root: Element, on: date) -> None:
    """State whether head and tax office's part of dialect 1 give the same number: an edited file forgets one of the two."""
    head, office = first(root, "EIid"), first(root, "InvoiceNumber")
    if head and office:
        tell_fact(tray, "file_marks", on, failed_count=int(head != office))


def _render(row: Mapping[str, Any], lines: list[dict[str, Any]], calendar: Calendar) -> bytes:
    if row["status"] != "valid":
        raise SourceError(
            f"invoice {row['number']} is void", hint="an e-invoice says nothing of itself being void: leave it out"
        )
    business, other = row["business_id"], row.get("counterparty_id") or ""
    seller, buyer = (business, other) if row["direction"] == "sale" else (other, business)
    line = lines[0] if lines else {}
    issued = _stamp(row["happened_at"], calendar)
    root = Element("EInvoice")
    head = SubElement(root, "Header")
    _put(head, "EIid", row["number"])
    label = SubElement(SubElement(head, "InherentLabel"), "GeneralOrSpecialVAT")
    _put(
        label,
        "LabelName",
        {"digital_special": "增值税专用发票", "digital_ordinary": "普通发票"}.get(line.get("form") or "", ""),
    )
    data = SubElement(root, "EInvoiceData")
    _put(SubElement(data, "SellerInformation"), "SellerIdNum", safe(seller))
    _put(SubElement(data, "BuyerInformation"), "BuyerIdNum", safe(buyer))
    basic = SubElement(data, "BasicInformation")
    for tag, name in (("TotalAmWithoutTax", "net_fen"), ("TotalTaxAm", "tax_fen"), ("TotalTax-includedAmount", "gross_fen")):
        _put(basic, tag, yuan(row[name]))
    _put(basic, "Drawer", safe(line.get("drawer_id") or ""))
    _put(basic, "RequestTime", issued)
    for one in lines:
        _render_line(SubElement(data, "IssuItemInformation"), one)
    if line.get("red_of"):
        _put(SubElement(SubElement(data, "SpecificInformation"), "RedEInvoice"), "OriginalInvoiceCode", line["red_of"])
    office = SubElement(root, "TaxSupervisionInfo")
    _put(office, "InvoiceNumber", row["number"])
    _put(office, "IssueTime", issued)
    return DECLARATION + bytes(tostring(root, encoding="utf-8"))


def _render_line(node: Element, line: Mapping[str, Any]) -> None:
    units, ppm, tax = line.get("units_milli"), line.get("tax_rate_ppm"), line.get("tax_fen")
    texts = {
        "Quantity": "" if units is None else f"{'-' if units < 0 else ''}{abs(units) // 1000}.{abs(units) % 1000:03d}",
        "Amount": yuan(line["net_fen"]),
        "TaxRate": "免税" if ppm is None else f"{ppm // 10**6}.{ppm % 10**6:06d}",
        "ComTaxAm": "***" if tax is None else yuan(tax),
        "TaxClassificationCode": line.get("goods_code") or "",
    }
    for tag, text in texts.items():
        _put(node, tag, text)


def _stamp(happened_at: int, calendar: Calendar) -> str:
    """Return a local time, or only the day where it is the last second of it: a fact without a time of day stands there."""
    day: date = calendar.day_of(happened_at)
    if happened_at == calendar.end_of(day):
        return day.isoformat()
    offset = calendar.start_of(day) - int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    local = datetime.fromtimestamp(happened_at, UTC) - timedelta(seconds=offset)
    return f"{local:%Y-%m-%d %H:%M:%S}"


def _put(node: Element, tag: str, text: str) -> None:
    SubElement(node, tag).text = text


def _is_einvoice(head: bytes, _name: str) -> bool:
    text = head.decode("utf-8", "ignore") if b'encoding="gb' not in head[:100].lower() else head.decode("gb18030", "ignore")
    if not text.lstrip("\ufeff \r\n\t").startswith("<"):
        return False
    numbers = [tag for tags in DIALECTS.values() for tag in tags.number if tag != "InvoiceNumber"]
    return any(f"<{tag}>" in text for tag in numbers)


def _read_file(path: Path, intake: Intake) -> Batch:
    return read_einvoice(path.read_bytes(), intake, file=path.name)


EINVOICE: Final = register_source(
    Source(name="einvoice", en="Chinese e-invoice as XML", zh="数电票XML", signature=_is_einvoice, read=_read_file)
)
