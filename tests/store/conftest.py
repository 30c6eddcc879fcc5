"""Let the tests of the store import what they share; the process that they kill runs the same file."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
