"""The real data, where WEILEND_DATA says that it lies; a test that needs what is not there skips and says so."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest


def find_real(name: str) -> Path:
    """Return a file or folder of the real data, or skip."""
    home = os.environ.get("WEILEND_DATA")
    if not home or not (Path(home) / name).exists():
        pytest.skip(f"the real data is not here: set WEILEND_DATA to the folder that holds {name}")
    return Path(home) / name


@lru_cache(maxsize=1)
def worked_loans() -> dict[str, Any]:
    """Return the worked loans, or skip."""
    read: dict[str, Any] = json.loads(find_real("formats/loan_vectors.json").read_text())
    return read
