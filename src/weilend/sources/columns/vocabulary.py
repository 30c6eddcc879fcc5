"""In: columns of texts, a block at a time. Out: the same by number in one vocabulary of the sheet, and what was found out about
each text, once. Used: by steps, and by the collection of facts.

To look texts up among hundreds of thousands takes longer than most work on them, so a column is looked up once: it goes on by
number, and a vocabulary that only grows is known again by its first texts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.sources.columns.cells import nulls

_MEMORY_TEXTS: Final = 300_000  # texts of one sort that are kept in mind: some 50 MB


class Vocabulary:
    """The texts of a column of a sheet in the order in which they were met. NULL has no number.

    A text stands there once, unless columns by number came that have it twice.

    >>> words = Vocabulary()
    >>> words.places(pa.array(["b", None, "a", "b"])).to_pylist(), words.places(pa.array(["c", "a"])).to_pylist()
    ([0, None, 1, 0], [2, 1])
    >>> words.texts.to_pylist()
    ['b', 'a', 'c']
    """

    def __init__(self) -> None:
        self.texts: pa.Array = pa.array([], pa.string())
        self._once: pa.Array = self.texts.dictionary_encode()

    def places(self, cells: pa.Array) -> pa.Array:
        """Return the number of each text, having added those that are new."""
        if not pa.types.is_dictionary(cells.type):
            return self._places(cells)
        if self._goes_on(cells.dictionary):
            return cells.indices
        return self._places(cells.dictionary).take(cells.indices)

    def column(self, places: pa.Array) -> pa.Array:
        """Return the texts of some numbers as a dictionary array in which no text stands twice."""
        if len(self._once) < len(self.texts):
            self._once = self.texts.dictionary_encode()
        distinct = self._once.dictionary
        return pa.DictionaryArray.from_arrays(
            places if len(distinct) == len(self.texts) else self._once.indices.take(places), distinct
        )

    def _goes_on(self, texts: pa.Array) -> bool:
        """Return whether texts by number are these, or these and more: then their numbers are ours."""
        shared = min(len(texts), len(self.texts))
        if not texts.slice(0, shared).equals(self.texts.slice(0, shared)):
            return False
        if len(texts) > shared:
            self.texts = texts
        return True

    def _places(self, cells: pa.Array) -> pa.Array:
        places = pc.index_in(cells, value_set=self.texts, skip_nulls=True)
        new = nulls(places) & ~nulls(cells) if places.null_count else np.zeros(0, np.bool_)
        if not new.any():
            return places
        fresh = cells.filter(pa.array(new)).dictionary_encode()
        at = places.fill_null(0).to_numpy(zero_copy_only=False).copy()
        at[new] = len(self.texts) + fresh.indices.to_numpy()
        self.texts = pa.concat_arrays([self.texts, fresh.dictionary])
        return pa.array(at, mask=nulls(cells))


class Memory:
    """What was found out about texts of a sheet, so that each distinct text is looked at once and not once in every block.

    `kept` is what a step carries from one block to the next.

    >>> memory = Memory()
    >>> lengths = memory.recall("length", pa.array(["ab", None, "ab"]), lambda texts: [pc.utf8_length(texts)])
    >>> [column.to_pylist() for column in lengths]
    [[2, None, 2]]
    """

    def __init__(self) -> None:
        self._known: dict[str, Vocabulary] = {}
        self._found: dict[str, list[pa.Array]] = {}
        self._full: set[str] = set()
        self.kept: dict[str, Any] = {}

    def recall(self, about: str, cells: pa.Array, work: Callable[[pa.Array], Sequence[pa.Array]]) -> list[pa.Array]:
        """Return the columns that `work` gives for distinct texts, spread over the rows; NULL stays NULL."""
        places, found = self._looked_up(about, cells, work)
        return [one.take(places) for one in found]

    def number(self, about: str, cells: pa.Array, work: Callable[[pa.Array], pa.Array] = lambda texts: texts) -> pa.Array:
        """Return what `work` gives for distinct texts by number, as a dictionary array; it must give a text for each.

        >>> memory = Memory()
        >>> first = memory.number("name", pa.array(["b", None]))
        >>> memory.number("name", pa.array(["a", "b"])).indices.to_pylist()
        [1, 0]
        """
        places, found = self._looked_up(about, cells, lambda texts: [work(texts)])
        return pa.DictionaryArray.from_arrays(places, found[0])

    def forget(self) -> None:
        """Forget all texts, and keep what steps carry: for when the last block is read."""
        self._known, self._found = {}, {}

    def _looked_up(
        self, about: str, cells: pa.Array, work: Callable[[pa.Array], Sequence[pa.Array]]
    ) -> tuple[pa.Array, list[pa.Array]]:
        """Return where the texts of rows stand among those that are known, and what is known of these."""
        if about in self._full:
            encoded = cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()
            return encoded.indices, list(work(encoded.dictionary))
        known = self._known.setdefault(about, Vocabulary())
        before = len(known.texts)
        places = known.places(cells)
        if about not in self._found or len(known.texts) > before:
            found = work(known.texts.slice(before))
            old = self._found.get(about) or [one.slice(0, 0) for one in found]
            self._found[about] = [
                pa.concat_arrays([first, one.cast(first.type)]) for first, one in zip(old, found, strict=True)
            ]
        answers = self._found[about]
        if len(known.texts) > _MEMORY_TEXTS:
            self._full.add(about)
            del self._known[about], self._found[about]
        return places, answers
