"""In: a table of applications, or Parquet files of them, and SELECTs. Out: answers as Arrow tables. Used: by back-tests.

The SELECTs are text that a policy was written as; DuckDB runs them over the files in one pass, in parallel, in bounded memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from weilend.core.errors import InputError

THREADS: Final = 2
#: The relation that a SELECT over history reads.
APPLICATIONS: Final = "applications"


class History:
    """Applications that were opened by `open_history`, and what was computed of them.

    >>> with open_history(pa.table({"n": [1, 2]})) as history:
    ...     history.keep("doubled", "SELECT 2 * n AS m FROM applications")
    ...     history.types, history.ask("SELECT max(m) AS most FROM doubled").to_pylist()
    ({'n': 'BIGINT'}, [{'most': 4}])
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    @property
    def types(self) -> dict[str, str]:
        """The columns of the applications, and DuckDB's name of each one's type."""
        relation = self.connection.table(APPLICATIONS)
        return dict(zip(relation.columns, map(str, relation.types), strict=True))

    def ask(self, sql: str) -> pa.Table:
        """Return what a SELECT answers."""
        answer: pa.Table = self.connection.sql(sql).to_arrow_table()
        return answer

    def columns(self, relation: str, names: Sequence[str]) -> pa.Table:
        """Return some columns of a relation as they are."""
        return self.ask(f"SELECT {', '.join(f'{chr(34)}{name}{chr(34)}' for name in names)} FROM {relation}")

    def derive(self, name: str, columns: Mapping[str, str], relation: str = APPLICATIONS) -> None:
        """Give a name to what columns (SQL of each by name) make of a relation; nothing is computed until it is asked for."""
        listed = ", ".join(f'{expression} AS "{column}"' for column, expression in columns.items())
        self.connection.sql(f"SELECT {listed} FROM {relation}").create_view(name)

    def keep(self, name: str, sql: str) -> None:
        """Keep what a SELECT answers under a name, for questions that come after it."""
        self.connection.execute(f'CREATE TEMP TABLE "{name}" AS {sql}')

    def group(
        self, relation: str, by: Sequence[str], measures: Sequence[str], *, where: str = "TRUE", most: int | None = None
    ) -> list[tuple[Any, ...]]:
        """Return the measures of each combination of `by`, after it, the largest group first; of everything where `by` is empty.

        >>> with open_history(pa.table({"n": [1, 1, 2]})) as history:
        ...     history.group("applications", ["n"], ["count(*)"]), history.group("applications", (), ["max(n)"], where="n < 2")
        ([(1, 2), (2, 1)], [(1,)])
        """
        grouped = f"GROUP BY {', '.join(by)} ORDER BY count(*) DESC, {', '.join(by)}" if by else ""
        cut = "" if most is None else f"LIMIT {most}"
        return self.connection.sql(
            f"SELECT {', '.join((*by, *measures))} FROM {relation} WHERE {where} {grouped} {cut}"
        ).fetchall()


@contextmanager
def open_history(data: Path | pa.Table, *, threads: int = THREADS) -> Iterator[History]:
    """Open applications: a Parquet file, a folder of such files, or an Arrow table; they are closed with the block.

    Raises `InputError` where there is no such file, or it is not Parquet.

    >>> with open_history(Path("nowhere.parquet")) as history:
    ...     pass
    Traceback (most recent call last):
    weilend.core.errors.InputError: there is no file or folder nowhere.parquet. Hint: name a Parquet file of applications
    """
    with duckdb.connect(config={"threads": threads, "preserve_insertion_order": False}) as connection:
        if isinstance(data, Path):
            _read_files(connection, data)
        else:
            connection.register(APPLICATIONS, data)
        yield History(connection)


def _read_files(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    hint = "name a Parquet file of applications"
    if not path.exists():
        raise InputError(f"there is no file or folder {path}", hint=hint)
    place = str(path / "**" / "*.parquet" if path.is_dir() else path)
    try:
        connection.read_parquet(place).create_view(APPLICATIONS)
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        raise InputError(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}", hint=hint) from None
