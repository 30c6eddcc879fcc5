"""In: a folder. Out: the record book, the store and the calendar that live in it. Used: by every use case.

home/config.toml   time zone
home/book/         the record book (Delta tables)
home/store.db      the system of record (SQLite)
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError, NotFoundError
from weilend.engine.book import Book
from weilend.store import Store

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
    calendar = Calendar(_read_zone(config))
    return Home(folder, calendar, Book.open(folder / "book", calendar=calendar), Store.open(str(folder / "store.db")))


def _read_zone(config: Path) -> str:
    try:
        return str(tomllib.loads(config.read_text(encoding="utf-8"))["zone"])
    except (tomllib.TOMLDecodeError, KeyError, UnicodeDecodeError) as error:
        raise InputError(f"{config} cannot be read: {error}", hint='it needs one line: zone = "Asia/Shanghai"') from None
