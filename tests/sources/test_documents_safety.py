"""Files that are meant to hurt: each is refused with one sentence, and the guard that refuses it is needed."""

import io
import time
import zipfile
from datetime import date
from xml.etree.ElementTree import XMLParser

import pytest

from weilend.core.errors import SourceError
from weilend.sources.documents import tree
from weilend.sources.documents.camt import read_camt, write_camt053
from weilend.sources.documents.cii import read_cii
from weilend.sources.documents.einvoice_xml import read_einvoice
from weilend.sources.documents.facturx import read_facturx
from weilend.sources.documents.ofd import read_ofd
from weilend.sources.documents.ofx import read_ofx, write_ofx
from weilend.sources.documents.plaid import read_plaid
from weilend.sources.documents.statements_out import safe
from weilend.sources.documents.tree import MAX_DEPTH, MAX_ELEMENTS, parse_xml
from weilend.sources.documents.ubl import read_ubl
from weilend.sources.files import limits
from weilend.sources.files.limits import MAX_BYTES, MAX_MEMBERS, unpack
from weilend.sources.tokens import scrub
from weilend.testing.documents import HOME, intake, pdf_file, table_of, zipped

XML_READERS = (read_camt, read_ubl, read_cii, read_einvoice, read_ofx)
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><OFX>&c;</OFX>'
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><OFX>&b;</OFX>'


def refused(read, content, words):
    with pytest.raises(SourceError, match=words) as fault:
        read(content, intake(tax_id="9A"))
    text = str(fault.value)
    assert "\n" not in text
    assert ". Hint: " in text


@pytest.mark.parametrize("read", XML_READERS)
@pytest.mark.parametrize("content", [LAUGHS, OUTSIDE], ids=["entities", "outside"])
def test_no_entities_and_nothing_fetched(read, content):
    refused(read, content, "document type or entities")


def test_the_guard_against_entities_is_what_refuses_them(monkeypatch):
    """Without it the parser expands them: the test above can fail."""
    monkeypatch.setattr(tree, "DefusedXMLParser", lambda target, **guards: XMLParser(target=target))
    assert "hahahaha" in (parse_xml(LAUGHS, "a.xml").text or "")


@pytest.mark.parametrize("read", XML_READERS)
def test_too_many_and_too_deep_elements(read):
    refused(read, b"<?xml version='1.0'?><OFX>" + b"<a/>" * (MAX_ELEMENTS + 1) + b"</OFX>", "too many elements")
    refused(read, b"<?xml version='1.0'?>" + b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1), "too deep")


def test_sgml_is_bounded_like_xml():
    refused(read_ofx, b"<OFX>" + b"<A>1" * (MAX_ELEMENTS + 1), "too many elements")
    refused(read_ofx, b"<OFX>" + b"<A>" * 100 + b"</A>" * 100, "too deep")


@pytest.mark.parametrize("read", [*XML_READERS, read_plaid, read_ofd, read_facturx])
def test_size_is_asked_first(read):
    refused(read, b"x" * (MAX_BYTES + 1), "has 10 MB")
    refused(read, b" \r\n\x00", "is empty")


def test_a_zip_bomb_is_refused_by_its_ratio_and_by_its_size():
    refused(read_ofd, zipped({"OFD.xml": b"0" * 30_000_000}), "unpacks from")
    many = {f"{number}.xml": "" for number in range(MAX_MEMBERS + 1)}
    refused(read_ofd, zipped(many), "holds 2001 files")


def test_a_zip_that_lies_about_its_size():
    content = bytearray(zipped({"OFD.xml": b"0" * 4_000}))
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        at = content.index(mark) + (22 if mark == b"PK\x03\x04" else 24)
        content[at : at + 4] = (10).to_bytes(4, "little")
    with pytest.raises(SourceError, match=r"more than it says|cut short"):
        unpack(bytes(content), "a.ofd")


@pytest.mark.parametrize("name", ["../OFD.xml", "/OFD.xml", "a/../../OFD.xml"])
def test_a_name_that_leads_out_is_refused(name):
    refused(read_ofd, zipped({name: "x"}), "leads out of it")


def test_the_guard_against_bombs_is_what_refuses_them(monkeypatch):
    monkeypatch.setattr(limits, "check_members", lambda archive, packed, name: None)
    assert len(unpack(zipped({"OFD.xml": b"0" * 3_000_000}), "a.ofd")["OFD.xml"]) == 3_000_000


def test_a_locked_zip_is_refused():
    file = io.BytesIO(zipped({"OFD.xml": "<a/>"}))
    content = bytearray(file.getvalue())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    refused(read_ofd, bytes(content), "locked with a password")
    assert zipfile.is_zipfile(io.BytesIO(bytes(content)))


def test_deep_json_is_refused():
    refused(read_plaid, b"[" * 200_000, "is not JSON")
    refused(read_plaid, b'{"added":' + b"[" * 5_000 + b"]" * 5_000 + b"}", r"is not JSON|holds no")


def test_a_pdf_bomb_is_not_unpacked():
    bomb = pdf_file({"factur-x.xml": b" " * (MAX_BYTES + 1)}, packed=True)
    assert len(bomb) < 100_000
    refused(read_facturx, bomb, "carries no invoice")


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)"])
def test_nothing_written_is_a_formula(text):
    on = date(2020, 1, 1)
    line = {
        "account_id": "1",
        "direction": "in",
        "amount_fen": 5,
        "line_no": 1,
        "happened_on": on,
        "happened_at": HOME.end_of(on),
    }
    line |= {"counterparty_id": text, "purpose": text}
    for write in (write_ofx, write_camt053):
        written = write({"bank_entry": table_of([line], "bank_entry")}, calendar=HOME).decode()
        assert f">'{text[0]}" in written
        assert f">{text[0]}" not in written
    assert safe(text).startswith("'")


@pytest.mark.parametrize("piece", ["x", "a", "x1", "1-", "-", "甲"])
def test_hiding_numbers_takes_time_by_the_length_of_a_text(piece):
    """A pattern that looks back at every sign would take an hour for this."""
    start = time.process_time()
    scrub(piece * 1_000_000)
    assert time.process_time() - start < 2
