"""The open samples of papers: where they lie, how each is read, and what it must give. WEILEND_DATA says where the data is."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from weilend.core.calendars import Calendar
from weilend.sources import Batch, Intake, Tokens
from weilend.sources.documents.camt import read_camt
from weilend.sources.documents.cii import read_cii
from weilend.sources.documents.einvoice_xml import read_einvoice
from weilend.sources.documents.facturx import read_facturx
from weilend.sources.documents.mt940 import read_mt940
from weilend.sources.documents.ofd import read_ofd, read_parts
from weilend.sources.documents.ofx import read_ofx
from weilend.sources.documents.ubl import read_ubl

FORMATS = Path(os.environ["WEILEND_DATA"]) / "formats" if "WEILEND_DATA" in os.environ else None
GOLDEN = Path(__file__).parent / "golden"
FOLDERS = ("mt940", "camt", "ofx", "en16931", "facturx", "ofd", "cn_einvoice")
READERS: dict[str, Callable[..., Batch]] = {
    "mt940": read_mt940,
    "camt": read_camt,
    "ofx": read_ofx,
    "ubl": read_ubl,
    "cii": read_cii,
    "facturx": read_facturx,
    "ofd": read_ofd,
    "einvoice": read_einvoice,
}


def samples(folder: str) -> dict[str, dict[str, Any]]:
    """Return name → {reader, intake, refused or golden} of the samples in a folder."""
    known: dict[str, dict[str, Any]] = json.loads((GOLDEN / f"{folder}.json").read_text(encoding="utf-8"))
    return known


def all_samples() -> list[tuple[str, str]]:
    return [(folder, name) for folder in FOLDERS for name in samples(folder)]


def path_of(folder: str, name: str) -> Path:
    assert FORMATS is not None
    return FORMATS / folder / name


def intake_of(sample: dict[str, Any], content: bytes) -> Intake:
    """Return what one who hands a sample over would say: currency, and their side of an invoice (of an OFD: the seller's)."""
    told = dict(sample.get("intake", {}))
    names = tuple(told.pop("names", ()))
    if sample["reader"] == "ofd" and "refused" not in sample:
        told["tax_id"] = read_parts(content).text("seller_id")
    return Intake(
        calendar=Calendar(),
        consent_id="own-data",
        business_id="B1",
        tokens=Tokens(b"a key of golden files"),
        names=names,
        **told,
    )


def reason_of(text: str) -> str:
    """Return a refusal without the name of the file."""
    return re.sub(r"^\S+\.\w+ ", "", text)
