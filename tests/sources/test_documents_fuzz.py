"""Damaged files of every format: a sentence or an account of every row, never a crash, never a hang."""

import os
import random
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from bounded import bounded
from test_documents_invoices import ATTACHED, DIALECT_2, DIALECT_3, INFO, SELLER, TAGS, TEXTS, cii, dialect_1, ubl
from test_documents_statements import MT, balance, camt, entry, ofx, ofx_line
from test_documents_tax import AT, SOUND, general
from test_platforms_orders import DOUYIN, JD, ORDER_1688, PDD, PDD_REFUND, REFUND, TRADE, answer

from weilend.core.errors import SourceError
from weilend.sources.documents.camt import read_camt
from weilend.sources.documents.certificates import FORMAT as CERTIFICATES
from weilend.sources.documents.certificates import read_certificates
from weilend.sources.documents.cii import read_cii
from weilend.sources.documents.einvoice_xml import read_einvoice
from weilend.sources.documents.envelope import seal_envelope
from weilend.sources.documents.facturx import read_facturx
from weilend.sources.documents.income_tax import FORMAT as INCOME_TAX
from weilend.sources.documents.income_tax import read_income_tax
from weilend.sources.documents.mt940 import read_mt940
from weilend.sources.documents.neutral import FORMAT as NEUTRAL
from weilend.sources.documents.neutral import read_neutral
from weilend.sources.documents.ofd import read_ofd
from weilend.sources.documents.ofx import read_ofx, write_ofx
from weilend.sources.documents.plaid import read_plaid
from weilend.sources.documents.ubl import read_ubl
from weilend.sources.documents.vat_return import FORMAT as VAT
from weilend.sources.documents.vat_return import read_vat_return
from weilend.sources.platforms.alibaba_1688 import read_1688
from weilend.sources.platforms.douyin import read_douyin
from weilend.sources.platforms.jd import read_jd
from weilend.sources.platforms.pinduoduo import read_pinduoduo
from weilend.sources.platforms.taobao import read_taobao
from weilend.testing.documents import HOME, check_batch, damaged, intake, ofd_file, pdf_file, table_of

LINE = {"account_id": "1", "direction": "in", "amount_fen": 5, "line_no": 1}
MT_LINES = ":61:2001020102C10,NMSCNONREF\n:86:166?00A?20SVWZ+Rent?32Erika\n:61:2001030103RD1,5NCHGX//Y\nmore\n"
PROFILE = {"kind": "registry_profile", "business": "91A", "status": "active", "staff_count": 3, **AT}
CHECK = {"kind": "identity_check", "owner": "1", "method": "phone", "outcome": "pass", "phone": "138", **AT}
BALANCES = balance("OPBD", "5.00", "2020-01-01") + balance("CLBD", "9.00", "2020-01-31")


def files():
    """Return (name, reader, a sound file) of every format."""
    day = HOME.end_of(date(2020, 1, 1))
    told = {**LINE, "happened_on": HOME.day_of(day), "happened_at": day}
    ofx_2 = write_ofx({"bank_entry": table_of([told], "bank_entry")}, calendar=HOME)
    line = b'{"account_id":"a","amount":1.5,"date":"2020-01-02"}'
    plaid = b'{"accounts":[{"account_id":"a","balances":{"current":1.5}}],"added":[' + line + b"]}"
    payment = {"kind": "payment", "tax": "vat", "period_start_on": "2025-01-01", "period_end_on": "2025-01-31", "paid": "1"}
    rating = {"kind": "rating", "year": 2024, "rating": "A"}
    quarter = {"period_start_on": "2025-01-01", "period_end_on": "2025-03-31", "revenue": "100.00", "staff_count": 3}
    return [
        ("ofx-1", read_ofx, ofx(ofx_line() * 3, "<LEDGERBAL><BALAMT>6<DTASOF>20200131</LEDGERBAL>")),
        ("ofx-2", read_ofx, ofx_2),
        ("mt940", read_mt940, MT.format(lines=MT_LINES, closing="111,50").encode()),
        ("camt", read_camt, camt(entry(), entry("2.00", "DBIT"), entry(status="PDNG"), balances=BALANCES)),
        ("plaid", read_plaid, plaid),
        ("einvoice-1", read_einvoice, dialect_1()),
        ("einvoice-2", read_einvoice, DIALECT_2),
        ("einvoice-3", read_einvoice, DIALECT_3.encode()),
        ("ofd", read_ofd, ofd_file(attachment=ATTACHED, tags=TAGS, texts=TEXTS, info=INFO)),
        ("ubl", read_ubl, ubl()),
        ("cii", read_cii, cii()),
        ("facturx", read_facturx, pdf_file({"factur-x.xml": cii()})),
        ("vat_return", read_vat_return, seal_envelope(VAT, [general(SOUND), general({"1": "5"})])),
        ("income_tax", read_income_tax, seal_envelope(INCOME_TAX, [quarter])),
        ("certificates", read_certificates, seal_envelope(CERTIFICATES, [{**payment, "paid_on": "2025-02-01"}, rating])),
        ("neutral", read_neutral, seal_envelope(NEUTRAL, [PROFILE, CHECK])),
        ("taobao", read_taobao, answer("trade", TRADE)),
        ("taobao-refund", read_taobao, answer("refund", REFUND)),
        ("jd", read_jd, answer("jd", JD)),
        ("pinduoduo", read_pinduoduo, answer("pdd", PDD)),
        ("pinduoduo-refund", read_pinduoduo, answer("pdd_refund", PDD_REFUND)),
        ("douyin", read_douyin, answer("douyin", DOUYIN)),
        ("1688", partial(read_1688, side="sale"), answer("1688", ORDER_1688)),
    ]  # fmt: skip


FILES = {name: (read, content) for name, read, content in files()}
HERE = intake(tax_id=SELLER, names=("甲",))


def try_out(name, content):
    """Read a file that may be damaged; return whether it was refused."""
    read, _ = FILES[name]
    with bounded(name):
        try:
            check_batch(read(content, HERE))
        except SourceError as fault:
            if not fault.hint:
                raise
            return True
    return False


@pytest.mark.parametrize("name", FILES)
def test_the_sound_file_is_read(name):
    assert not try_out(name, FILES[name][1])


@pytest.mark.parametrize("name", FILES)
def test_damaged_files(name):
    """A share of the long campaign: five files a format, other ones for each format."""
    rng = random.Random(name)
    for _ in range(5):
        try_out(name, damaged(FILES[name][1], rng))


@pytest.mark.nightly
@pytest.mark.parametrize("name", FILES)
def test_ten_thousand_damaged_files(name):
    rng = random.Random(f"nightly {name}")
    outcomes = [try_out(name, damaged(FILES[name][1], rng)) for _ in range(10_000 // len(FILES) + 1)]
    assert any(outcomes), "a campaign in which nothing is refused damages nothing"
    assert not all(outcomes), "a campaign in which all is refused reaches no reader"


@pytest.mark.nightly
@pytest.mark.skipif("WEILEND_DATA" not in os.environ, reason="WEILEND_DATA does not say where the open samples are")
def test_damaged_samples():
    from document_samples import READERS, all_samples, intake_of, path_of, samples

    rng = random.Random("samples")
    for folder, name in all_samples():
        sample, content = samples(folder)[name], Path(path_of(folder, name)).read_bytes()
        if not content or len(content) > 200_000:
            continue
        for _ in range(20):
            with bounded(name), suppress(SourceError):
                check_batch(READERS[sample["reader"]](damaged(content, rng), intake_of(sample, content)))


def test_a_reader_that_loses_a_row_is_caught():
    """The account of rows can fail: a batch that forgets a reject does not add up."""
    import msgspec

    batch = read_camt(camt(entry(), entry(status="PDNG")), HERE)
    with pytest.raises((SourceError, AssertionError)):
        check_batch(msgspec.structs.replace(batch, rejects=batch.rejects.slice(0, 0)))
