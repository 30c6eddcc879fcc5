"""Broken files: whatever is done to an export, it is read, its bad rows quarantined, or it is refused; no row goes missing.

A share runs always, ten thousand files nightly. Where WEILEND_DATA leads to samples, they are broken too.
"""

from __future__ import annotations

import io
import os
import random
import re
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from bounded import bounded
from export_files import HOME, done, load

from weilend.core.errors import SourceError
from weilend.core.records import KINDS
from weilend.engine.book_schema import check_rows
from weilend.sources import PROFILES, Batch, source_of
from weilend.testing.exports import mutated, write_export

SAMPLES = Path(os.environ.get("WEILEND_DATA", "/nonexistent")) / "formats" / "cn_exports"
SINGLE = [name for name in PROFILES if not PROFILES[name].parts]
NUMBERS = (b"0", b"-1", b"99999999", b"4294967295", b"18446744073709551615", b"1048577", b"1e400")


def originals(folder: Path, rng: random.Random) -> list[Path]:
    """Files to break: one csv of each profile, some workbooks, and the samples where there are any."""
    files = [write_export(PROFILES[name], folder / f"{name}.csv", seed=rng.randrange(99), rows=12) for name in SINGLE]
    files += [write_export(PROFILES[name], folder / f"{name}.xlsx", seed=1, rows=6) for name in rng.sample(SINGLE, 4)]
    return files + ([path for path in sorted(SAMPLES.iterdir()) if "oklink" not in path.name] if SAMPLES.is_dir() else [])


def broken_workbook(data: bytes, rng: random.Random) -> bytes:
    """A workbook whose archive is whole and whose XML is not."""
    archive, out = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    target = rng.choice([name for name in archive.namelist() if name.endswith((".xml", ".rels"))])
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in archive.namelist():
            member = archive.read(name)
            if name == target:
                found = list(re.finditer(rb"\d+", member))
                spot = rng.choice(found) if found and rng.random() < 0.5 else None
                member = member[: spot.start()] + rng.choice(NUMBERS) + member[spot.end() :] if spot else mutated(member, rng)
            copy.writestr(name, member)
    return out.getvalue()


def broken(file: Path, rng: random.Random) -> bytes:
    data = file.read_bytes()
    return broken_workbook(data, rng) if file.suffix == ".xlsx" and rng.random() < 0.5 else mutated(data, rng)


def survive(path: Path) -> str:
    """Read a broken file; whatever comes, nothing but `SourceError`; every row accounted for, and the book takes every record."""
    try:
        batch = load(source_of(path), path)
    except SourceError as error:
        refused = error
    else:
        return accounted(batch)
    assert refused.hint
    assert "\n" not in str(refused)
    return "refused"


def accounted(batch: Batch) -> str:
    counts = done(batch)
    assert counts.rows_in == counts.accepted + counts.duplicate + counts.quarantined
    for kind, table in batch.records.items():
        check_rows(KINDS[kind], table, HOME)
    return "quarantined" if counts.quarantined else "read"


def campaign(folder: Path, seed: int, count: int) -> Counter[str]:
    rng = random.Random(seed)
    files, met = originals(folder, rng), Counter[str]()
    for number in range(count):
        file = rng.choice(files)
        path = folder / f"broken{file.suffix}"
        path.write_bytes(broken(file, rng))
        try:
            with bounded(file.name):
                met[survive(path)] += 1
        except BaseException:
            path.rename(folder / f"kept-{seed}-{number}{file.suffix}")
            raise
    return met


def test_a_share_of_the_broken_files(tmp_path):
    met = campaign(tmp_path, seed=20240, count=40)
    assert min(met["refused"], met["quarantined"]) > 1, met  # that a broken file reads whole is luck


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(20))
def test_ten_thousand_broken_files(seed, tmp_path):
    assert sum(campaign(tmp_path, seed, count=500).values()) == 500


def test_a_file_that_takes_too_long_or_too_much_would_be_caught(monkeypatch):
    """Planted bugs: a reader that works for longer than it may, and one that fills the memory."""
    with pytest.raises(AssertionError, match="slow took"), bounded("slow", seconds=0.01):
        sum(range(2_000_000))
    peaks = iter((900_000_000, 1_200_000_000))
    monkeypatch.setattr("bounded.peak_bytes", lambda: next(peaks))
    monkeypatch.setattr("bounded.resident_bytes", lambda: 100_000_000)
    with pytest.raises(AssertionError, match="large took 1,100,000,000 bytes"), bounded("large"):
        pass


def test_a_reader_that_forgets_a_row_would_be_caught(tmp_path, monkeypatch):
    """Planted bug: rows that cannot be read are left out instead of quarantined."""
    path = write_export(PROFILES["cmb_debit"], tmp_path / "a.csv", seed=1, rows=12)
    lines = path.read_text("utf-8-sig").splitlines()
    path.write_text("\n".join([*lines[:4], "2024-01-01,CNY", *lines[4:]]), "utf-8")
    assert survive(path) == "quarantined"
    monkeypatch.setattr("weilend.sources.tables.blocks._rejects", lambda *_: [])
    with pytest.raises(SourceError, match="neither read nor quarantined"):
        done(load("cmb_debit", path))
