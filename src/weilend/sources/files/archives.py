"""In: a zip of files. Out: the files, in a folder. Used: by the desk, before it asks which source knows them.

What people send is often one zip of exports. A workbook and an OFD paper are zips too and stay whole. Limits hold before anything
is written, and while it is: what a zip says of its sizes may be a lie.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path, PurePosixPath

from weilend.core.errors import SourceError
from weilend.sources.files.limits import MAX_ARCHIVE_BYTES, MAX_MEMBERS, check_members
from weilend.sources.files.workbooks import ZIP

_WHOLE = ("xl/workbook.xml", "ofd.xml", "content.xml", "xl/workbook.bin")  # a member that says: this zip is one paper
_UTF8_NAME = 0x800
_CHUNK = 1 << 20


def is_archive(path: Path) -> bool:
    """Return whether a file is a zip of files, and not a workbook or a paper that is packed as one.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.zip"
    >>> with zipfile.ZipFile(file, "w") as archive:
    ...     archive.writestr("b.csv", "甲,乙")
    >>> is_archive(file)
    True
    """
    with path.open("rb") as file:
        if file.read(len(ZIP)) != ZIP:
            return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.replace("\\", "/").lower() for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError, ValueError):
        return False
    return names.isdisjoint(_WHOLE)


def unpack_archive(path: Path, folder: Path) -> tuple[Path, ...]:
    """Write the files of a zip into a folder and return them; its own folders stay, a zip within it stays packed.

    Raises `SourceError` for a zip that is damaged, locked, too large, or holds a name that leads out of it.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp())
    >>> with zipfile.ZipFile(place / "a.zip", "w") as archive:
    ...     archive.writestr("one/b.csv", "x")
    >>> [file.relative_to(place).as_posix() for file in unpack_archive(place / "a.zip", place / "out")]
    ['out/one/b.csv']
    """
    try:
        with zipfile.ZipFile(path) as archive:
            check_members(archive, path.stat().st_size, path.name, unpacked_bytes=MAX_ARCHIVE_BYTES, members=MAX_MEMBERS)
            members = [member for member in archive.infolist() if not member.is_dir()]
            return tuple(_unpacked(archive, member, folder, path.name) for member in members)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise SourceError(f"{path.name} is a zip file cut short or damaged", hint="copy it again") from None


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, name: str) -> Path:
    parts = [part for part in PurePosixPath(_name(member)).parts if part not in ("/", ".", "..")]
    target = folder.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    left = member.file_size
    with archive.open(member) as packed, target.open("xb") as file:
        while piece := packed.read(_CHUNK):
            left -= len(piece)
            if left < 0:
                raise SourceError(f"{name} holds more than it says", hint="ask the sender for another copy")
            file.write(piece)
    return target


def _name(member: zipfile.ZipInfo) -> str:
    """Return the name of a member; where the zip does not say its encoding, Chinese ones are in GB18030."""
    if member.flag_bits & _UTF8_NAME:
        return member.filename
    try:
        return member.orig_filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename
