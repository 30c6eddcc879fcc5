"""Export: a model as formulas, SQL, Python and ONNX, which give the same whole numbers as the model itself, and prove it."""

from weilend.models.export.proof import Proof, draw_proof, find_differences
from weilend.models.export.python import write_python
from weilend.models.export.sql import write_sql
from weilend.models.export.steps import Exported, export_boosted, export_card
from weilend.models.export.targets import TARGETS, Target

__all__ = [
    "TARGETS",
    "Exported",
    "Proof",
    "Target",
    "draw_proof",
    "export_boosted",
    "export_card",
    "find_differences",
    "write_python",
    "write_sql",
]
