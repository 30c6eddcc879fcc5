"""Export: a model as formulas, SQL and Python, which give the same whole numbers as the model itself."""

from weilend.models.export.python import write_python
from weilend.models.export.sql import write_sql
from weilend.models.export.steps import Exported, export_boosted, export_card

__all__ = ["Exported", "export_boosted", "export_card", "write_python", "write_sql"]
