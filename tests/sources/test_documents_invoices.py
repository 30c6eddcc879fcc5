"""Invoices: three dialects, three parts of an OFD, red letters, whose they are, and whether they add up."""

from datetime import date

import pytest

from weilend.core.errors import SourceError
from weilend.sources.documents.cii import read_cii
from weilend.sources.documents.einvoice_xml import read_einvoice
from weilend.sources.documents.facturx import read_facturx
from weilend.sources.documents.ofd import read_ofd, read_parts
from weilend.sources.documents.ubl import read_ubl
from weilend.testing.documents import check_batch, intake, ofd_file, pdf_file, told_rows

OLD = "25312000000000000001"
SELLER, BUYER, NUMBER = "91110105MA00P8L2RU", "91330106MA2CFLDG4R", "25312000000012345678"


def dialect_1(net="1200.00", tax="72.00", gross="1272.00", line="1200.00", extra="", remark="", head=NUMBER):
    parties = f"<SellerInformation><SellerIdNum>{SELLER}</SellerIdNum></SellerInformation>"
    parties += f"<BuyerInformation><BuyerIdNum>{BUYER}</BuyerIdNum></BuyerInformation>"
    totals = f"<TotalAmWithoutTax>{net}</TotalAmWithoutTax><TotalTaxAm>{tax}</TotalTaxAm>"
    totals += f"<TotalTax-includedAmount>{gross}</TotalTax-includedAmount><Drawer>张三</Drawer>"
    item = f"<IssuItemInformation><Amount>{line}</Amount><TaxRate>0.06</TaxRate><ComTaxAm>{tax}</ComTaxAm>"
    item += f"<TotaltaxIncludedAmount>9.99</TotaltaxIncludedAmount><Quantity>1</Quantity></IssuItemInformation>{extra}"
    data = f"<EInvoiceData>{parties}<BasicInformation>{totals}</BasicInformation>{item}"
    data += f"<AdditionalInformation><Remark>{remark}</Remark></AdditionalInformation></EInvoiceData>"
    office = f"<TaxSupervisionInfo><InvoiceNumber>{NUMBER}</InvoiceNumber><IssueTime>2025-09-01 10:11:12</IssueTime>"
    label = "<InherentLabel><GeneralOrSpecialVAT><LabelName>增值税专用发票</LabelName></GeneralOrSpecialVAT></InherentLabel>"
    return f"<EInvoice><Header><EIid>{head}</EIid>{label}</Header>{data}{office}</TaxSupervisionInfo></EInvoice>".encode()


DIALECT_2 = (
    f"<FP><FPHM>{NUMBER}</FPHM><KPRQ>20250901101112</KPRQ><XSFNSRSBH>{SELLER}</XSFNSRSBH><GMFNSRSBH>{BUYER}</GMFNSRSBH>"
    "<HJJE>1200.00</HJJE><HJSE>72.00</HJSE><JSHJXX>1272.00</JSHJXX><FPZL>数电发票（增值税专用发票）</FPZL><KPR>张三</KPR>"
    "<MX><JE>1200.00</JE><SE>72.00</SE><SLV>6%</SLV><SPSL>1</SPSL></MX></FP>"
).encode()
DIALECT_3 = (
    f"<发票><发票号码>{NUMBER}</发票号码><开票日期>2025年09月01日 10:11:12</开票日期>"
    f"<销售方纳税人识别号>{SELLER}</销售方纳税人识别号>"
    f"<购买方纳税人识别号>{BUYER}</购买方纳税人识别号><合计金额>¥1,200.00</合计金额><合计税额>¥72.00</合计税额>"
    "<价税合计(小写)>¥1272.00</价税合计(小写)><发票类型>电子发票（增值税专用发票）</发票类型><开票人>张三</开票人>"
    "<明细><金额>1200.00</金额><税额>72.00</税额><税率>6%</税率><数量>1</数量></明细></发票>"
)


def ours(batch, kind="invoice"):
    check_batch(batch)
    return told_rows(batch, kind)


def facts(batch, name="invoice_sums"):
    return [row for row in told_rows(batch, "reconciliation") if row["check_name"] == name]


def test_three_dialects_are_one_invoice():
    gbk = ('<?xml version="1.0" encoding="GBK"?>' + DIALECT_3).encode("gb18030")
    batches = [read_einvoice(content, intake(tax_id=SELLER)) for content in (dialect_1(), DIALECT_2, DIALECT_3.encode(), gbk)]
    for kind in ("invoice", "invoice_line"):
        told = [ours(batch, kind) for batch in batches]
        assert told[0] == told[1] == told[2] == told[3]
        assert len({batch.records[kind]["key"][0].as_py() for batch in batches}) == 1
    assert ours(batches[0])[0]["gross_fen"] == 127_200, "the header's total, not the line's of nearly the same name"
    assert ours(batches[0], "invoice_line")[0]["form"] == "digital_special"


def test_which_side_is_ours_follows_from_the_tax_number():
    sale, purchase = (ours(read_einvoice(dialect_1(), intake(tax_id=tax_id)))[0] for tax_id in (SELLER.lower(), BUYER))
    assert (sale["direction"], sale["counterparty_id"]) == ("sale", BUYER)
    assert (purchase["direction"], purchase["counterparty_id"]) == ("purchase", SELLER)
    token = ours(read_einvoice(dialect_1(), intake(business_id=BUYER)))[0]
    assert token["direction"] == "purchase", "the business may be known by the token of its number"


def test_an_invoice_of_others_is_quarantined_with_its_lines():
    batch = read_einvoice(dialect_1(), intake(tax_id="91X"))
    assert check_batch(batch).quarantined == 2
    assert batch.rejects["reason"].to_pylist() == ["not_ours", "paper_refused"]
    assert not batch.records


def test_red_letters_and_discounts_differ():
    discount = "<IssuItemInformation><Amount>-200.00</Amount><ComTaxAm>0</ComTaxAm></IssuItemInformation>"
    blue = read_einvoice(dialect_1(net="1000.00", gross="1072.00", extra=discount), intake(tax_id=SELLER))
    assert facts(blue)[0]["holds"]
    assert "red_of" not in ours(blue, "invoice_line")[1]
    red = read_einvoice(
        dialect_1("-1200.00", "-72.00", "-1272.00", "-1200.00", remark=f"被红冲蓝字数电发票号码：{OLD}"),
        intake(tax_id=SELLER),
    )
    assert ours(red, "invoice_line")[0]["red_of"] == OLD
    assert ours(red)[0]["gross_fen"] == -127_200


def test_an_invoice_that_does_not_add_up_is_kept_and_told():
    batch = read_einvoice(dialect_1(gross="1300.00"), intake(tax_id=SELLER))
    assert ours(batch)[0]["gross_fen"] == 130_000
    (fact,) = facts(batch)
    assert (fact["holds"], fact["expected_fen"], fact["found_fen"]) == (False, 130_000, 127_200)


def test_two_numbers_in_one_file_are_told():
    assert facts(read_einvoice(dialect_1(), intake(tax_id=SELLER)), "file_marks")[0]["holds"]
    assert not facts(read_einvoice(dialect_1(head="2531200000009"), intake(tax_id=SELLER)), "file_marks")[0]["holds"]


def test_a_line_that_cannot_be_read_stays_alone():
    batch = read_einvoice(dialect_1(line="eleven"), intake(tax_id=SELLER))
    assert batch.rejects["reason"].to_pylist() == ["not_an_amount"]
    assert ours(batch)[0]["net_fen"] == 120_000
    assert len(facts(batch)) == 1


ATTACHED = (
    f"<eInvoice><InvoiceCode>031001900511</InvoiceCode><InvoiceNo>04875996</InvoiceNo><IssueDate>2020年04月20日</IssueDate>"
    f"<Buyer><BuyerTaxID>{BUYER}</BuyerTaxID></Buyer><Seller><SellerTaxID>{SELLER}</SellerTaxID></Seller>"
    "<TaxInclusiveTotalAmount>57.00</TaxInclusiveTotalAmount><TaxTotalAmount>***</TaxTotalAmount>"
    "<TaxExclusiveTotalAmount>57.00</TaxExclusiveTotalAmount><GoodsInfos><GoodsInfo><Amount>57.00</Amount><TaxScheme>免税</TaxScheme>"
    "<TaxAmount>***</TaxAmount><Quantity>1</Quantity></GoodsInfo></GoodsInfos></eInvoice>"
)
TAGS = (
    '<ofd:root xmlns:ofd="http://www.ofdspec.org/2016"><ofd:InvoiceNo><ofd:ObjectRef PageRef="1">10</ofd:ObjectRef></ofd:InvoiceNo>'
    '<ofd:IssueDate><ofd:ObjectRef PageRef="1">11</ofd:ObjectRef></ofd:IssueDate>'
    '<ofd:SellerTaxID><ofd:ObjectRef PageRef="1">12</ofd:ObjectRef></ofd:SellerTaxID>'
    '<ofd:TaxInclusiveTotalAmount><ofd:ObjectRef PageRef="1">13</ofd:ObjectRef></ofd:TaxInclusiveTotalAmount></ofd:root>'
)
INFO = {
    "发票号码": NUMBER,
    "开票日期": "2025年09月01日",
    "销售方纳税人识别号": SELLER,
    "合计金额": "1200.00",
    "合计税额": "72.00",
}
TEXTS = ((10, NUMBER), (11, "2025年09月01日"), (12, SELLER), (13, "¥"))


def test_ofd_takes_the_attachment_first():
    batch = read_ofd(ofd_file(attachment=ATTACHED, info=INFO), intake(tax_id=SELLER))
    (row,) = ours(batch)
    assert (row["number"], row["net_fen"], row["tax_fen"], row["gross_fen"]) == ("031001900511-04875996", 5700, 0, 5700)
    assert set(batch.records["invoice"]["source"].to_pylist()) == {"ofd.attachment"}
    assert ours(batch, "invoice_line")[0].get("tax_rate_ppm") is None
    assert not facts(batch, "file_marks")[0]["holds"], "the head of the file tells another invoice"


def test_ofd_total_that_is_only_a_sign_tells_nothing_and_the_head_tells_the_net():
    found = read_parts(ofd_file(tags=TAGS, texts=TEXTS, info=INFO))
    assert found.best("gross") is None
    assert (found.best("number").part, found.best("net").part) == ("custom_tag", "doc_info")
    batch = read_ofd(ofd_file(tags=TAGS, texts=TEXTS, info=INFO), intake(tax_id=SELLER))
    (row,) = ours(batch)
    assert (row["net_fen"], row["gross_fen"]) == (120_000, 127_200), "合计金额 is the net amount"
    assert set(batch.records["invoice"]["source"].to_pylist()) == {"ofd.doc_info"}
    assert facts(batch, "file_marks")[0]["holds"]


def test_ofd_tags_alone():
    texts = (*TEXTS[:3], (13, "¥"), (14, "1272.00"))
    tags = TAGS.replace("13</ofd:ObjectRef>", '13</ofd:ObjectRef><ofd:ObjectRef PageRef="1">14</ofd:ObjectRef>')
    found = read_parts(ofd_file(tags=tags, texts=texts))
    assert found.text("gross") == "¥1272.00"
    assert found.weakest() == "custom_tag"


def test_ofd_parts_that_contradict_each_other_are_told():
    info = {**INFO, "价税合计": "9999.00"}
    texts = (*TEXTS[:3], (13, "¥1272.00"))
    (fact,) = facts(read_ofd(ofd_file(tags=TAGS, texts=texts, info=info), intake(tax_id=SELLER)), "file_marks")
    assert (fact["holds"], fact["expected_fen"], fact["found_fen"]) == (False, 127_200, 999_900)


def test_ofd_with_broken_tags_falls_back():
    found = read_parts(ofd_file(tags='<:eInvoice xmlns:=""></:eInvoice>', info=INFO))
    assert found.best("number").part == "doc_info"


@pytest.mark.parametrize(
    ("content", "words"),
    [(ofd_file(), "another OFD document"), (b"PK\x03\x04rubbish", "cut short"), (pdf_file({}), "cut short")],
    ids=["no invoice", "no zip", "a PDF"],
)
def test_what_is_no_ofd_invoice_is_refused(content, words):
    with pytest.raises(SourceError, match=words):
        read_ofd(content, intake(tax_id=SELLER))


def ubl(root="Invoice", kind="380", sign="", extra=""):
    line = "CreditNoteLine" if root == "CreditNote" else "InvoiceLine"
    code = "CreditNoteTypeCode" if root == "CreditNote" else "InvoiceTypeCode"
    party = "<Party><PartyTaxScheme><CompanyID>{}</CompanyID></PartyTaxScheme></Party>"
    reference = "<BillingReference><InvoiceDocumentReference><ID>OLD-1</ID></InvoiceDocumentReference></BillingReference>"
    text = f"<{root}><ID>7</ID><IssueDate>2020-01-02</IssueDate><{code}>{kind}</{code}>"
    text += f"<DocumentCurrencyCode>EUR</DocumentCurrencyCode>{reference}"
    text += f"<AccountingSupplierParty>{party.format('DE1')}</AccountingSupplierParty>"
    text += f"<AccountingCustomerParty>{party.format('FR2')}</AccountingCustomerParty>"
    text += '<TaxTotal><TaxAmount currencyID="DKK">99</TaxAmount></TaxTotal>'
    text += f'<TaxTotal><TaxAmount currencyID="EUR">{sign}19.00</TaxAmount></TaxTotal><LegalMonetaryTotal>'
    text += f"<LineExtensionAmount>{sign}110.00</LineExtensionAmount><TaxExclusiveAmount>{sign}100.00</TaxExclusiveAmount>"
    text += f"<TaxInclusiveAmount>{sign}119.00</TaxInclusiveAmount>"
    text += f"<AllowanceTotalAmount>{sign}10.00</AllowanceTotalAmount></LegalMonetaryTotal>"
    text += f"<{line}><LineExtensionAmount>{sign}110.00</LineExtensionAmount><Item><ClassifiedTaxCategory><Percent>19</Percent>"
    return f"{text}</ClassifiedTaxCategory></Item></{line}>{extra}</{root}>".encode()


@pytest.mark.parametrize(
    ("root", "kind", "sign", "gross", "red_of"),
    [
        ("Invoice", "380", "", 11_900, None),
        ("CreditNote", "381", "", -11_900, "OLD-1"),
        ("Invoice", "381", "", -11_900, "OLD-1"),
        ("Invoice", "384", "-", -11_900, "OLD-1"),
    ],
)
def test_ubl_credit_notes_take_back(root, kind, sign, gross, red_of):
    batch = read_ubl(ubl(root, kind, sign), intake(tax_id="de 1", currency="EUR"))
    (row,) = ours(batch)
    assert (row["gross_fen"], row["direction"]) == (gross, "sale")
    (line,) = ours(batch, "invoice_line")
    assert (line.get("red_of"), line["tax_rate_ppm"], line["form"]) == (red_of, 190_000, "foreign")
    assert facts(batch)[0]["holds"], "allowances stand between lines and net; tax in the office's currency is not the invoice's"


def cii(kind="380", sums="<TaxBasisTotalAmount>100.00</TaxBasisTotalAmount><TaxTotalAmount>19.00</TaxTotalAmount>"):
    party = "<SellerTradeParty><SpecifiedTaxRegistration><ID>DE1</ID></SpecifiedTaxRegistration></SellerTradeParty>"
    head = f"<ExchangedDocument><ID>7</ID><TypeCode>{kind}</TypeCode><IssueDateTime><DateTimeString>20200102</DateTimeString>"
    settlement = f"<InvoiceCurrencyCode>EUR</InvoiceCurrencyCode><SpecifiedTradeSettlementHeaderMonetarySummation>{sums}"
    settlement += "<GrandTotalAmount>119.00</GrandTotalAmount></SpecifiedTradeSettlementHeaderMonetarySummation>"
    deal = f"<ApplicableHeaderTradeAgreement>{party}</ApplicableHeaderTradeAgreement>"
    deal += f"<ApplicableHeaderTradeSettlement>{settlement}</ApplicableHeaderTradeSettlement>"
    text = f"<CrossIndustryInvoice>{head}</IssueDateTime></ExchangedDocument>"
    return f"{text}<SupplyChainTradeTransaction>{deal}</SupplyChainTradeTransaction></CrossIndustryInvoice>".encode()


def test_a_pdf_gives_the_invoice_that_it_carries():
    here = intake(tax_id="DE1", currency="EUR")
    one, other = read_cii(cii(), here), read_facturx(pdf_file({"factur-x.xml": cii(), "other.xml": b"<a/>"}), here)
    assert one.records["invoice"].drop(["source"]).equals(other.records["invoice"].drop(["source"]))
    assert ours(one)[0]["happened_on"] == date(2020, 1, 2)


def test_a_pdf_without_an_invoice_is_refused():
    with pytest.raises(SourceError, match="picture of an invoice"):
        read_facturx(pdf_file({"terms.txt": b"x"}), intake(tax_id="DE1"))


def test_a_total_may_be_missing_but_not_two():
    here = intake(tax_id="DE1", currency="EUR")
    (row,) = ours(read_cii(cii(sums="<TaxBasisTotalAmount>100.00</TaxBasisTotalAmount>"), here))
    assert row["tax_fen"] == 1_900
    batch = read_cii(cii(sums=""), here)
    assert batch.rejects["reason"].to_pylist() == ["missing"]


def test_check_digits_of_both_sides_are_counted():
    """The seller's inner digit is wrong on purpose (GB 11714); the buyer's number holds both digits."""
    (fact,) = facts(read_einvoice(dialect_1(), intake(tax_id=SELLER)), "check_digits")
    assert (fact["checked_count"], fact["failed_count"]) == (2, 1)
