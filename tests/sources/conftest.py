"""The tiny folder, as a fixture."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from cumcm_files import write_folder


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "tiny")
