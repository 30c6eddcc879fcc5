"""The record book, and where folds run: `duckdb` for many subjects, `numpy` for one."""

from weilend.engine.book import Appended, Book
from weilend.engine.book_checks import KindStats
from weilend.engine.book_view import BookView

__all__ = ["Appended", "Book", "BookView", "KindStats"]
