"""Every open sample gives its golden records or is refused for its reason; other libraries read the same figures from it."""

import json
import os
from collections import Counter
from decimal import Decimal

import pytest
from document_samples import FOLDERS, FORMATS, GOLDEN, READERS, all_samples, intake_of, path_of, reason_of, samples

from weilend.core.errors import SourceError
from weilend.sources.catalogue import knowing
from weilend.testing.documents import check_batch, golden_of

needs_data = pytest.mark.skipif(FORMATS is None, reason="WEILEND_DATA does not say where the open samples are")


@needs_data
@pytest.mark.parametrize("folder", FOLDERS)
def test_every_sample_is_listed(folder):
    assert {path.name for path in (FORMATS / folder).iterdir()} == set(samples(folder))


@needs_data
@pytest.mark.parametrize(("folder", "name"), all_samples())
def test_sample_gives_its_golden_records_or_its_reason(folder, name):
    sample = samples(folder)[name]
    content = path_of(folder, name).read_bytes()
    read = READERS[sample["reader"]]
    if "refused" in sample:
        with pytest.raises(SourceError) as refused:
            read(content, intake_of(sample, content), file=name)
        assert reason_of(str(refused.value)) == sample["refused"]
        return
    batch = read(content, intake_of(sample, content), file=name)
    check_batch(batch)
    assert golden_of(batch) == sample["golden"]


@needs_data
@pytest.mark.parametrize(("folder", "name"), all_samples())
def test_sample_is_known_by_its_bytes(folder, name):
    """Snippets that were never a file, and an empty one, are known by nobody; a document of another sort may be."""
    sample = samples(folder)[name]
    known = knowing(path_of(folder, name))
    assert (known.name if known else None) == sample["reader"] or (known is None and "refused" in sample)


def test_a_changed_amount_is_caught():
    """The golden files can fail: one fen more is another hash."""
    from weilend.sources.documents.ofx import read_ofx
    from weilend.testing.documents import intake

    text = b"<OFX><STMTRS><BANKACCTFROM><ACCTID>1</BANKACCTFROM><STMTTRN><DTPOSTED>20200101<TRNAMT>%s</STMTTRN></STMTRS></OFX>"
    one, other = (golden_of(read_ofx(text % fen, intake())) for fen in (b"1.00", b"1.01"))
    assert one["records"]["bank_entry"]["all"] != other["records"]["bank_entry"]["all"]


@needs_data
@pytest.mark.parametrize("name", [name for folder, name in all_samples() if folder == "mt940"])
def test_mt940_agrees_with_the_library_on_whole_files(name):
    mt940 = pytest.importorskip("mt940")
    sample = samples("mt940")[name]
    if "refused" in sample:
        pytest.skip("refused by us, for the reason in the golden file")
    content = path_of("mt940", name).read_bytes()
    batch = READERS["mt940"](content, intake_of(sample, content), file=name)
    tags = {61: mt940.tags.StatementASNB()} if "ASNB" in name else None
    theirs = mt940.parse(content.decode("utf-8"), tags=tags, options=mt940.Options.all())
    rows = batch.records["bank_entry"].to_pylist() if "bank_entry" in batch.records else []
    ours = Counter(row["amount_fen"] if row["direction"] == "in" else -row["amount_fen"] for row in rows)
    assert (
        ours + Counter() == Counter(int(one.data["amount"].amount * 100) for one in theirs if "amount" in one.data) or not rows
    )


@needs_data
@pytest.mark.parametrize("name", [name for folder, name in all_samples() if folder == "ofx"])
def test_ofx_agrees_with_ofxtools(name):
    parser = pytest.importorskip(
        "ofxtools.Parser", reason="ofxtools is GPL: an oracle where somebody installed it, never needed"
    )
    sample = samples("ofx")[name]
    if "refused" in sample:
        pytest.skip("refused by us, for the reason in the golden file")
    tree = parser.OFXTree()
    tree.parse(str(path_of("ofx", name)))
    theirs = [str(node.text).replace(",", ".") for node in tree.getroot().iter("TRNAMT")]
    content = path_of("ofx", name).read_bytes()
    rows = READERS["ofx"](content, intake_of(sample, content), file=name).records["bank_entry"].to_pylist()
    ours = Counter(row["amount_fen"] if row["direction"] == "in" else -row["amount_fen"] for row in rows)
    assert ours == Counter(int(Decimal(text) * 100) for text in theirs)


@needs_data
@pytest.mark.parametrize(
    "name", [name for folder, name in all_samples() if name.endswith(".xml") and folder in ("en16931", "facturx")]
)
def test_cii_agrees_with_drafthorse(name):
    document = pytest.importorskip("drafthorse.models.document", reason="drafthorse is an oracle where somebody has it")
    folder = "en16931" if name in samples("en16931") else "facturx"
    sample = samples(folder)[name]
    if "refused" in sample or sample["reader"] != "cii":
        pytest.skip("not a Cross Industry Invoice")
    content = path_of(folder, name).read_bytes()
    try:
        theirs = document.Document.parse(content, strict=False)
    except Exception as fault:  # noqa: BLE001 - the oracle's own limits are not ours
        pytest.skip(f"drafthorse cannot read it: {fault}")
    batch = READERS["cii"](content, intake_of(sample, content), file=name)
    summation = theirs.trade.settlement.monetary_summation
    invoice = batch.records["invoice"].to_pylist()[0]
    assert invoice["gross_fen"] == int(Decimal(summation.grand_total._amount) * 100)
    assert invoice["number"] == theirs.header.id._text
    assert batch.records["invoice_line"].num_rows == len(theirs.trade.items.children)


def test_golden_files_are_small_and_name_nobody():
    for folder in FOLDERS:
        text = (GOLDEN / f"{folder}.json").read_text(encoding="utf-8")
        assert len(text) < 64_000
        assert json.loads(text)
        assert not any(word in text for word in ("有限公司", "GmbH 1", os.sep + "formats"))
