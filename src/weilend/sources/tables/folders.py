"""In: the files of a folder that belong to one profile. Out: which are tables of records, and the facts of those that they join.
Used: by the reader.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from weilend.core.errors import SourceError
from weilend.sources.columns.cells import repeat
from weilend.sources.columns.converters import CONVERTERS
from weilend.sources.files.headers import Found
from weilend.sources.profile import Layout, Profile
from weilend.sources.steps.scene import Facts


def mains(matched: Sequence[Found]) -> list[Found]:
    """Return the sheets that give records.

    >>> mains([])
    []
    """
    return [found for found in matched if found.layout.emits]


def ask_for_tables(profile: Profile, matched: Sequence[Found]) -> None:
    """Raise `SourceError` where a table of records cannot be read without another one that the folder does not hold.

    >>> from weilend.sources import CUMCM2020C
    >>> ask_for_tables(CUMCM2020C, [])
    """
    there = {found.layout.name for found in matched}
    for found in mains(matched):
        for join in found.layout.joins:
            if join.must and join.table not in there:
                wanted = ", ".join(profile.layout(join.table).written[:3])
                raise SourceError(
                    f"{found.file.name} of {profile.name} cannot be read without the table {join.table}",
                    hint=f"put it into the same folder; its columns begin with {wanted}",
                )


def null_facts(layout: Layout, names: Sequence[str], count: int) -> Facts:
    """Return facts of a table that is not there: NULLs of the types that they would have.

    >>> from weilend.sources import CUMCM2020C
    >>> null_facts(CUMCM2020C.layout("firms"), ["legal_form"], 2)["legal_form"].type
    DataType(string)
    """
    kinds = {
        column.fact: CONVERTERS[column.convert].parse(pa.array([], pa.string()), column)[0].type for column in layout.columns
    }
    return {name: repeat(None, count, kinds.get(name, pa.string())) for name in names}
