"""Every open sample gives its golden records, or is refused for the right reason. The samples are found by WEILEND_DATA.

Golden files hold no sample: names and numbers stand as tokens of a key that only tests use. `WEILEND_GOLDEN=write` writes them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from export_files import done, load

from weilend.core.errors import SourceError
from weilend.sources import source_of
from weilend.sources.golden import golden_line, golden_text

DATA = Path(os.environ.get("WEILEND_DATA", ""))
EXPORTS = DATA / "formats" / "cn_exports"
GOLDEN = Path(__file__).parent / "golden" / "exports.json"
pytestmark = pytest.mark.skipif(
    not (os.environ.get("WEILEND_DATA") and EXPORTS.is_dir()), reason="WEILEND_DATA does not lead to formats/cn_exports"
)

#: (part of the sample's name, source, currency of the book)
SAMPLES = [
    ("abc_debit", "abc_debit", "CNY"),
    ("alipay", "alipay_personal", "CNY"),
    ("boc_credit", "boc_credit", "CNY"),
    ("boc_debit", "boc_debit", "CNY"),
    ("bocom_credit", "bocom_credit", "CNY"),
    ("bocom_debit", "bocom_debit", "CNY"),
    ("ccb", "ccb_debit", "CNY"),
    ("cgb_credit", "cgb_credit", "CNY"),
    ("citic_credit", "citic_credit", "CNY"),
    ("cmb_credit", "cmb_credit", "CNY"),
    ("cmb_debit", "cmb_debit", "CNY"),
    ("hsbchk_credit", "hsbchk_credit", "CNY"),
    ("hsbchk_debit", "hsbchk_debit", "HKD"),
    ("icbc_credit", "icbc_credit", "CNY"),
    ("icbc_debit-v1", "icbc_debit_v1", "CNY"),
    ("icbc_debit-v2", "icbc_debit_v2", "CNY"),
    ("jd", "jd_personal", "CNY"),
    ("spdb_debit", "spdb_debit", "CNY"),
    ("wechat_example-wechat-records.csv", "wechat_personal", "CNY"),
    ("wechat_example-wechat-records.xlsx", "wechat_personal", "CNY"),
]


def sample(part: str) -> Path:
    return next(path for path in sorted(EXPORTS.iterdir()) if path.name.startswith(f"example_{part}"))


def compare(name: str, found: dict[str, Any]) -> None:
    """Hold what was found to the line of its sample, or write that line."""
    known = json.loads(GOLDEN.read_text("utf-8"))
    if os.environ.get("WEILEND_GOLDEN") == "write":
        known[name] = found
        GOLDEN.write_text(golden_text(known), "utf-8")
    assert found == known[name]


@pytest.mark.parametrize(("part", "source", "currency"), SAMPLES, ids=lambda value: str(value))
def test_golden_records(part, source, currency):
    path = sample(part)
    assert source_of(path) == source
    batch = load(source, path, currency=currency)
    counts = done(batch)
    assert counts.rows_in == counts.accepted + counts.duplicate + counts.quarantined == batch.rows.num_rows
    compare(part, golden_line(batch))


def test_wechat_csv_and_xlsx_are_the_same_entries():
    first, second = (load("wechat_personal", sample(f"wechat_example-wechat-records.{suffix}")) for suffix in ("csv", "xlsx"))
    ids = [set(batch.records["wallet_entry"]["record_id"].to_pylist()) for batch in (first, second)]
    assert ids[0] == ids[1]


def test_a_transfer_of_tokens_is_no_bill_we_know():
    with pytest.raises(SourceError, match="no source knows"):
        source_of(sample("oklink"))


def linked(tmp_path: Path, files: list[Path]) -> Path:
    for file in files:
        (tmp_path / file.name).symlink_to(file)
    return tmp_path


@pytest.mark.skipif(not (DATA / "olist" / "sample").is_dir(), reason="WEILEND_DATA does not lead to olist")
def test_olist_joins_its_tables():
    compare("olist", golden_line(load("olist", DATA / "olist" / "sample", currency="BRL")))


@pytest.mark.skipif(not (DATA / "olist").is_dir(), reason="WEILEND_DATA does not lead to olist")
def test_olist_leads(tmp_path):
    files = [DATA / "olist" / f"olist_{name}_dataset.csv" for name in ("marketing_qualified_leads", "closed_deals")]
    compare("olist_leads", golden_line(load("olist_leads", linked(tmp_path, files))))


@pytest.mark.skipif(not (DATA / "berka").is_dir(), reason="WEILEND_DATA does not lead to berka")
def test_berka(tmp_path):
    compare("berka", golden_line(load("berka", linked(tmp_path, sorted((DATA / "berka").glob("*.asc"))), currency="CZK")))
