"""In: nothing. Out: one table of ratios against peers, on the terminal. Used: `make bench`; `--only NAME` measures one subject.

Peers live in an environment of their own, made here from their own lock file and that of the product, with the product itself
installed editable. Each subject runs in a process of its own: some peers cannot be loaded together. Exit code 1 means
that results which must be equal are not, or that a subject did not run; times never fail anything.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".bench-venv"
PYTHON = PEERS / "bin" / "python"
READY = PEERS / ".ready"
LOCKS = (ROOT / "requirements.lock", ROOT / "bench" / "peers.lock")
SUBJECTS = (
    "policy",
    "replay",
    "formula",
    "features",
    "windows",
    "library",
    "online",
    "binning",
    "book",
    "placing",
    "sources",
    "lists",
    "detectors",
    "graph",
)
#: Two cores: engines that use threads get two, libraries that would start their own under Python get one.
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1",
           "POLARS_MAX_THREADS": "2"}  # fmt: skip
HEAD = ("work", "unit", "weilend", "peer", "its", "ratio", "least-most", "results")
RIGHT = {2, 4, 5, 6}  # columns of numbers


def make_environment() -> None:
    """Install the pinned peers and the product beside them, unless that is done already."""
    wanted = hashlib.sha256(b"".join(lock.read_bytes() for lock in LOCKS)).hexdigest()
    if READY.exists() and READY.read_text() == wanted:
        return
    sys.stderr.write("making the peers' environment .bench-venv (once; a minute or two)\n")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEERS)], check=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *(part for lock in LOCKS for part in ("--requirement", str(lock)))], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)], check=True)
    READY.write_text(wanted)


def measure(subject: str) -> tuple[list[dict[str, object]], str]:
    """Return the rows of a subject and, where it failed, the last thing that it said."""
    began = time.monotonic()
    done = subprocess.run(
        [str(PYTHON), "-m", f"bench.{subject}"],
        cwd=ROOT,
        env={**os.environ, **THREADS},
        capture_output=True,
        text=True,
        check=False,
    )
    sys.stderr.write(f"{subject}: {time.monotonic() - began:.0f} s\n")
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    said = done.stderr.strip().splitlines() or ["no word"]
    return rows, "" if done.returncode == 0 else f"{subject}: {said[-1]}"


def cells(row: dict[str, object]) -> tuple[str, ...]:
    """Return a row as text; a ratio that was counted once has no spread."""
    spread = "" if row["low"] == row["high"] else f"{number(row['low'])}-{number(row['high'])}"
    return (
        str(row["work"]),
        str(row["unit"]),
        number(row["ours"]),
        str(row["peer"]),
        number(row["theirs"]),
        number(row["ratio"]),
        spread,
        str(row["check"]),
    )


def number(value: object) -> str:
    """Return a number with three digits that mean something."""
    amount = float(str(value))
    digits = 0 if abs(amount) >= 100 else 1 if abs(amount) >= 10 else 2 if abs(amount) >= 0.1 else 4
    return f"{amount:,.{digits}f}"


def table(rows: list[dict[str, object]]) -> str:
    """Return the rows as one plain table; numbers stand right."""
    lines = [HEAD, *(cells(row) for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.rjust(width) if at in RIGHT else cell.ljust(width) for at, (cell, width) in pairs).rstrip()
        for pairs in ([(at, pair) for at, pair in enumerate(zip(line, widths, strict=True))] for line in lines)
    )


def main() -> int:
    """Make the environment, measure, print."""
    parser = argparse.ArgumentParser(description="Ratios of weilend against peers; above 1 weilend is better.")
    parser.add_argument("--only", choices=SUBJECTS, action="append", help="measure one subject (may be given again)")
    subjects = parser.parse_args().only or SUBJECTS
    make_environment()
    rows: list[dict[str, object]] = []
    failed = []
    for subject in subjects:
        found, trouble = measure(subject)
        rows += found
        failed += [trouble] if trouble else []
    print(table(rows))
    print("\nratio: the peer's figure over ours, turned round where more is better, so above 1 weilend is better;")
    print("median over passes in both orders, one run, two cores. How to read it: docs/methodology/bench.md")
    for trouble in failed:
        print(trouble, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
