"""Models for small data: bin, train, correct the prior, explain, validate, describe. Knows no invoices and no policies."""

from weilend.models.card import Card, check_identity, score, score_table, with_prior
from weilend.models.package import About, load, read_card, save
from weilend.models.row_model import RowModel, read_model, score_rows, write_model
from weilend.models.table import Table

__all__ = [
    "About", "Card", "RowModel", "Table", "check_identity", "load", "read_card", "read_model", "save", "score", "score_rows",
    "score_table", "with_prior", "write_model",
]  # fmt: skip
