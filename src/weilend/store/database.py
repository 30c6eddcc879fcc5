"""In: an address. Out: an engine whose transactions are durable, at the newest schema. Used: by the store's methods."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError

from weilend.core.errors import CheckError, InputError
from weilend.store.schema import BEGIN_WRITE, BYTES, MIGRATIONS, READ_OPTIONS, SCHEMA_VERSION

WAIT_SECONDS: Final = 60  # how long a writer waits for another one before it gives up

TURNS: Final = 100  # how often a process that finds the file taken waits its turn to open it

#: What makes an SQLite commit durable and complete: its log is synced at every commit, and references hold.
#: `fullfsync` matters on macOS only, where a plain sync stops at the drive's cache. What is overwritten, such as the key of a
#: subject who is erased, is overwritten with zeros.
PRAGMAS: Final = ("synchronous = FULL", "fullfsync = ON", "foreign_keys = ON", "secure_delete = ON")

WRITES: Final = "writes"


def open_engine(address: str) -> Engine:
    """Return an engine for a path or a database address, with its schema made or brought up to date.

    Raises `InputError` when the address cannot be opened, or holds something else or something newer.

    >>> open_engine(":memory:")
    Traceback (most recent call last):
    weilend.core.errors.InputError: a store in memory would not survive. Hint: give a path, such as home/store.db
    """
    engine = _connectable(address)
    try:
        _bring_up_to_date(engine)
    except DatabaseError as error:
        engine.dispose()
        raise InputError(f"cannot open the store {address}: {error.orig}", hint="give the path of a weilend store") from None
    except InputError:
        engine.dispose()
        raise
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection in one write transaction; when the block ends all of it is durable, when it fails nothing happened.

    Raises `CheckError` when the database refuses (locked too long, disk full).

    >>> import tempfile
    >>> from weilend.store.schema import INTAKE
    >>> with tempfile.TemporaryDirectory() as home:
    ...     engine = open_engine(f"{home}/store.db")
    ...     with writing(engine) as connection:
    ...         _ = connection.execute(INTAKE.insert(), {"request_id": "R1", "payload": b"", "at": 0})
    ...     with reading(engine) as connection:
    ...         print(connection.execute(select(INTAKE.c.request_id)).scalars().all())
    ...     engine.dispose()
    ['R1']
    """
    try:
        with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            if engine.dialect.name != "sqlite":
                connection.exec_driver_sql(BEGIN_WRITE[engine.dialect.name])
            yield connection
    except DatabaseError as error:
        raise CheckError(
            f"the store could not be written and nothing was changed: {error.orig}",
            hint="free the disk or the lock, then retry",
        ) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose reads all see one state of the store."""
    options = READ_OPTIONS[engine.dialect.name]
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def _connectable(address: str) -> Engine:
    url = address if "://" in address else f"sqlite:///{address}"
    try:
        name = make_url(url).get_backend_name()
        if name not in BYTES:
            raise InputError(f"a store cannot live in {name}", hint="give a path, or an sqlite or postgresql address")
        return _sqlite(url) if name == "sqlite" else create_engine(url)
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise InputError(f"{address!r} is no database address", hint="give a path, such as home/store.db") from None
    except ModuleNotFoundError as error:
        raise InputError(f"no driver for {address}: {error.name} is not installed", hint="install it, or give a path") from None


def _sqlite(url: str) -> Engine:
    path = make_url(url).database or ""
    if path in ("", ":memory:"):
        raise InputError("a store in memory would not survive", hint="give a path, such as home/store.db")
    if not Path(path).parent.is_dir():
        raise InputError(f"no such folder: {Path(path).parent}", hint="make it first")
    engine = create_engine(url, connect_args={"timeout": WAIT_SECONDS})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    """Leave transactions to us (the driver would begin them late and unlocked), and set what durability needs."""
    connection.isolation_level = None
    _log_ahead(connection)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Switch the file to a write-ahead log. The switch does not wait for other processes, a transaction does: so take turns."""
    for _ in range(TURNS):
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError:
            connection.execute("BEGIN IMMEDIATE").close()
            connection.execute("COMMIT").close()
        else:
            return
    raise sqlite3.OperationalError("too many others are opening it")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql(BEGIN_WRITE["sqlite"] if writes else "BEGIN")


def _bring_up_to_date(engine: Engine) -> None:
    with reading(engine) as connection:
        version = _version(connection)
    if version > MIGRATIONS[-1].version:
        raise InputError(f"the store has schema {version}, newer than this weilend's", hint="install a newer weilend")
    if version < MIGRATIONS[-1].version:
        with writing(engine) as connection:
            _migrate(connection)


def _version(connection: Connection) -> int:
    """Return the schema version, 0 for an empty database."""
    tables = inspect(connection).get_table_names()
    if SCHEMA_VERSION.name in tables:
        return max(connection.execute(select(SCHEMA_VERSION.c.version)).scalars(), default=0)
    if tables:
        raise InputError("this database holds something else than a weilend store", hint="give another path")
    return 0


def _migrate(connection: Connection) -> None:
    """Apply what is missing; read the version again, because another process may have been first."""
    done = _version(connection)
    for migration in MIGRATIONS:
        if migration.version > done:
            for statement in migration.statements:
                connection.exec_driver_sql(statement.replace("BYTES", BYTES[connection.dialect.name]))
            connection.execute(SCHEMA_VERSION.insert(), {"version": migration.version, "about": migration.about})
