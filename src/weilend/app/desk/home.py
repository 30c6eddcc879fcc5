"""In: a folder. Out: the record book, the store and the calendar that live in it. Used: by every use case.

home/config.toml   time zone
home/book/         the record book (Delta tables)
home/store.db      the system of record (SQLite)
home/secret.key    what hides names and seals what they stand for; made with the home, for its owner alone
home/sources/      profiles of this institution's own formats
home/networks/     databases of network addresses (*.mmdb), asked where a clear address comes in
"""

from __future__ import annotations

import os
import secrets
import stat
import tomllib
from pathlib import Path

import msgspec

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError, NotFoundError
from weilend.engine.book import Book
from weilend.store import Store

KEY_FILE, SECRET_BYTES = "secret.key", 32
NETWORKS = "networks"
DEFAULT_CONFIG = '# Days and months belong to this place.\nzone = "Asia/Shanghai"\n'


class Home(msgspec.Struct, frozen=True):
    """An institution's data: one book, one store, one calendar."""

    folder: Path
    calendar: Calendar
    book: Book
    store: Store


def open_home(folder: Path, *, create: bool = True) -> Home:
    """Open a home folder; a new one is made unless `create` is false.

    Raises `NotFoundError` when there is none, `InputError` when the folder holds something else.
    """
    config = folder / "config.toml"
    if not config.exists():
        if not create:
            raise NotFoundError(f"no home at {folder}", hint="make one with: weilend ingest PATH --home FOLDER")
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder} is not a home and not an empty folder", hint="choose another --home")
        folder.mkdir(parents=True, exist_ok=True)
        config.write_text(DEFAULT_CONFIG, encoding="utf-8")
        home_secret(folder)
    calendar = Calendar(_read_zone(config))
    return Home(folder, calendar, Book.open(folder / "book", calendar=calendar), Store.open(str(folder / "store.db")))


def home_secret(folder: Path) -> bytes:
    """Return the secret of a home: 32 random bytes, made for their owner alone where there are none yet.

    Raises `InputError` where others may read the file, or it holds something else.
    """
    path = folder / KEY_FILE
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_secret(path)
    secret = secrets.token_bytes(SECRET_BYTES)
    with os.fdopen(number, "w") as file:
        file.write(secret.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return secret


def _read_secret(path: Path) -> bytes:
    if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InputError(f"{path} can be read by others than its owner", hint=f"chmod 600 {path}")
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii"))
    except (ValueError, UnicodeDecodeError):
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise InputError(f"{path} is not the secret of a home", hint="bring it back: a new one opens nothing")
    return secret


def _read_zone(config: Path) -> str:
    try:
        return str(tomllib.loads(config.read_text(encoding="utf-8"))["zone"])
    except (tomllib.TOMLDecodeError, KeyError, UnicodeDecodeError) as error:
        raise InputError(f"{config} cannot be read: {error}", hint='it needs one line: zone = "Asia/Shanghai"') from None
