"""Any flat table (CSV or Parquet, a row an application) read as exact integers with a meaning for each column."""

from weilend.models.flat.coding import code_table
from weilend.models.flat.frame import FlatColumn, Frame, read_frame
from weilend.models.flat.label import Outcome, read_outcome
from weilend.models.flat.roles import Roles

__all__ = ["FlatColumn", "Frame", "Outcome", "Roles", "code_table", "read_frame", "read_outcome"]
