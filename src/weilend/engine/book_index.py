"""In: files of a kind, a few subjects. Out: their rows, from the row groups that have them. Used: by `book_versions`.

A query planner spends more time on one subject than the reading of its rows takes. Files are sorted by subject, so the least and
the greatest subject of each row group, which stand at the end of a file, are the index; what stands there is kept for the files
that were read last. Measured on 100M rows: 0.7 ms to read the end of a file, 1 ms for a row group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from weilend.core.records import Kind
from weilend.engine.book_schema import arrow_schema
from weilend.engine.book_tables import PLAIN_TEXTS, DataFile

#: Files of which the end is kept: half a megabyte each at most.
KEPT_ENDS = 256
#: A text as it is read: its words stand once in a row group.
CODED = pa.dictionary(pa.int32(), pa.string())


class Ends(msgspec.Struct, frozen=True):
    """What stands at the end of a file: where its columns are, the least and the greatest subject of each row group."""

    metadata: Any
    ranges: tuple[tuple[str, str], ...]


def read_subjects(
    kind: Kind, files: Sequence[DataFile], subjects: Sequence[str] | None, columns: Sequence[str], seq: int
) -> pa.Table:
    """Return some columns of all rows about some first subjects (None: all), up to a seq, as they are stored; texts may be
    dictionaries.

    >>> from weilend.core.records import KINDS
    >>> read_subjects(KINDS["invoice"], [], ["E1"], ["net_fen"], 0).num_rows
    0
    """
    types = _types(kind, (kind.subjects[0], "seq", *columns))
    tables = [part for file in files for part in _read_file(kind, file, subjects, types, seq)]
    if not tables:
        return pa.schema(types.items()).empty_table()
    return tables[0] if len(tables) == 1 else pa.concat_tables(tables).unify_dictionaries()


def _types(kind: Kind, names: Sequence[str]) -> dict[str, pa.DataType]:
    """Return the type as which each column is read, each once."""
    schema = arrow_schema(kind)
    types = {name: schema.field(name).type for name in names}
    return {name: CODED if type_ == pa.string() and name not in PLAIN_TEXTS else type_ for name, type_ in types.items()}


def _read_file(
    kind: Kind, file: DataFile, subjects: Sequence[str] | None, types: Mapping[str, pa.DataType], seq: int
) -> Iterator[pa.Table]:
    mine = None if subjects is None else [name for name in subjects if file.first_subject <= name <= file.last_subject]
    ends = _read_ends(file.path, kind.subjects[0]) if mine is None or mine else Ends(None, ())
    groups = [at for at, (first, last) in enumerate(ends.ranges) if mine is None or any(first <= name <= last for name in mine)]
    there = [name for name in types if name not in file.lacks]
    coded = [name for name in there if types[name] == CODED]
    last = None if file.preview or file.last_seq <= seq else seq
    for group in groups:
        opened = pq.ParquetFile(file.path, metadata=ends.metadata, memory_map=True, read_dictionary=coded)
        named = opened.read_row_group(group, columns=there[:1], use_threads=False).column(0)
        places = _find(named, mine)
        if len(places):  # a range of names holds many that are not there: most groups are left after their first column
            rest = opened.read_row_group(group, columns=there[1:], use_threads=False)
            part = _keep(rest.add_column(0, there[0], named), places, last)
            lacking = {name: pa.nulls(part.num_rows, type_) for name, type_ in types.items() if name in file.lacks}
            if part.num_rows:
                yield pa.table({name: lacking.get(name, part[name] if name in there else None) for name in types})


def _find(column: pa.ChunkedArray, subjects: Sequence[str] | None) -> npt.NDArray[np.int64]:
    """Return where some subjects (None: all) stand in a column."""
    if subjects is None:
        return np.arange(len(column))
    whole = column.combine_chunks()
    words = pc.index_in(pa.array(subjects, pa.string()), value_set=whole.dictionary).drop_null()
    if not len(words):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.isin(whole.indices.to_numpy(), words.to_numpy()))


def _keep(part: pa.Table, places: npt.NDArray[np.int64], seq: int | None) -> pa.Table:
    """Return the rows at some places, up to a seq."""
    part = part.slice(places[0], len(places)) if places[-1] - places[0] + 1 == len(places) else part.take(places)
    return part if seq is None else part.filter(pc.less_equal(part["seq"], seq))


@lru_cache(maxsize=KEPT_ENDS)
def _read_ends(path: str, subject: str) -> Ends:
    metadata = pq.read_metadata(path)
    place = metadata.schema.names.index(subject)
    statistics = [metadata.row_group(at).column(place).statistics for at in range(metadata.num_row_groups)]
    return Ends(metadata, tuple((one.min, one.max) for one in statistics))
