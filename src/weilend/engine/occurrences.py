"""In: a view of the book, a column, some of its values. Out: how often each occurs. Used: by audits, which read a few subjects but
must not mistake what is rare among these for what is rare.
"""

from __future__ import annotations

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.records import KINDS
from weilend.engine.book_versions import scan
from weilend.engine.book_view import BookView


def count_occurrences(view: BookView, kind: str, column: str, values: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Return, for each of some values, how many rows of a kind have it in a column; for a null, how many of the values are null.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from weilend.core.calendars import Calendar
    >>> from weilend.engine.book import Book
    >>> with TemporaryDirectory() as name:
    ...     view = Book.open(Path(name), calendar=Calendar()).view()
    ...     count_occurrences(view, "invoice", "number", pa.chunked_array([["1", None, None]])).tolist()
    [0, 2, 2]
    """
    codes = values.combine_chunks().dictionary_encode()
    asked = pa.table({"place": np.arange(len(codes.dictionary)), "value": codes.dictionary})
    rows = scan(KINDS[kind], view.files(kind), seq=view.seq)
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("asked", asked)
        counted = connection.sql(
            f'SELECT place, count(*) FROM asked JOIN (SELECT "{column}" AS value FROM ({rows})) USING (value) GROUP BY place'
        ).fetchnumpy()
    often = np.zeros(len(asked) + 1, np.int64)
    often[counted["place"]] = counted["count_star()"]
    often[-1] = values.null_count
    found: npt.NDArray[np.int64] = often[pc.fill_null(codes.indices, len(asked)).to_numpy(zero_copy_only=False)]
    return found
