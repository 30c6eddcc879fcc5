"""The formula language: one text, one type check, the same answer from Python, NumPy and SQL."""

from weilend.formula.parse import Formula, parse

__all__ = ["Formula", "parse"]
