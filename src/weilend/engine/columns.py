"""In: Arrow tables of records. Out: their columns as NumPy arrays, texts as codes of words. Used: by the NumPy engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Array = npt.NDArray[Any]
_NO_WORDS = np.zeros(0, dtype=np.object_)


class Texts(np.ndarray[Any, np.dtype[np.int64]]):
    """A column of texts: codes of `words`, which are objects; where there are NULLs, the last word is None and their code is -1.

    >>> texts = Texts.of(pa.array(["a", None, "b", "a"]))
    >>> texts.tolist(), texts.words.tolist(), texts[2:].words is texts.words
    ([0, -1, 1, 0], ['a', 'b', None], True)
    """

    def __array_finalize__(self, other: Any) -> None:
        self.words: Array = getattr(other, "words", _NO_WORDS)

    @classmethod
    def of(cls, column: pa.Array | pa.ChunkedArray) -> Texts:
        """Return an Arrow column of texts, which may be encoded already."""
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        if isinstance(whole, pa.DictionaryArray) and len(whole.dictionary) > len(whole):  # words of other subjects
            whole = whole.dictionary_decode()
        coded = whole if isinstance(whole, pa.DictionaryArray) else whole.dictionary_encode()
        indices, words = coded.indices, coded.dictionary.to_pylist()
        if coded.null_count:
            indices, words = indices.fill_null(-1), [*words, None]
        texts = cast("Texts", indices.to_numpy().astype(np.int64).view(cls))
        texts.words = np.array(words, dtype=np.object_)
        return texts

    @property
    def names(self) -> Array:
        """The words without NULL."""
        return self.words[:-1] if len(self.words) and self.words[-1] is None else self.words


class Rows(dict[str, Array]):
    """Columns of rows with `shared`, where formulas leave for one another what they computed of them.

    >>> Rows({"seq": np.array([1])}).shared
    {}
    """

    def __init__(self, columns: Mapping[str, Array]) -> None:
        super().__init__(columns)
        self.shared: dict[str, Array] = {}


def to_columns(table: pa.Table) -> dict[str, Array]:
    """Return the columns of a table: integers, booleans (masked where there are NULLs), dates, texts as `Texts`.

    >>> to_columns(pa.table({"n": [1, None]}))["n"].tolist()
    [1, None]
    """
    return {name: _to_array(column) for name, column in zip(table.column_names, table.columns, strict=True)}


def _to_array(column: pa.ChunkedArray) -> Array:
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
        return Texts.of(column)
    if column.null_count and not pa.types.is_date(kind):
        nothing = False if pa.types.is_boolean(kind) else 0
        return np.ma.MaskedArray(column.fill_null(nothing).to_numpy(), column.is_null().to_numpy())
    return np.asarray(column.to_numpy())
