"""Every open sample gives its golden records or is refused for its reason."""

import json
import os

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


def test_golden_files_are_small_and_name_nobody():
    for folder in FOLDERS:
        text = (GOLDEN / f"{folder}.json").read_text(encoding="utf-8")
        assert len(text) < 64_000
        assert json.loads(text)
        assert not any(word in text for word in ("有限公司", "GmbH 1", os.sep + "formats"))
