"""In: nothing but what a file may be. Out: every limit of this room, and bytes that keep to them. Used: before any parser runs.

A file that is too large, a zip that unpacks to far more than it weighs, and a name that leads out of the zip are refused whole.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Final

from weilend.core.errors import SourceError

# Papers and messages (XML, PDF, OFD, JSON) are read whole.
MAX_BYTES: Final = 10 * 2**20  # the largest real sample has 2 MB
MAX_UNPACKED_BYTES: Final = 60 * 2**20
MAX_MEMBERS: Final = 2_000
# Any zip, workbooks too.
MAX_ARCHIVE_BYTES: Final = 4 * 2**30  # of a zip of files, unpacked to a folder
MAX_RATIO: Final = 200  # XML packs up to fifty-fold, a bomb a thousand-fold
SMALL_BYTES: Final = 2**20  # below this a high ratio harms nobody
# Tables. Text is read in blocks, a workbook as one rectangle.
MAX_COLUMNS: Final = 2_000  # the widest real export has 79; each column of a block costs some kilobytes even where it is empty
MAX_LINE_CHARS: Final = 2**26
MAX_CELLS: Final = 12_000_000  # a rectangle of so many cells takes about 400 MB while it is read
SPARSE_CELLS: Final = 500_000
SPARSE_RATIO: Final = 20  # a large rectangle that is nearly empty was made by a slip or on purpose
MAX_WORKBOOK_BYTES: Final = 2**30  # unpacked
MAX_STRINGS_BYTES: Final = 2**28  # of the one table of texts that a workbook keeps in memory
# The old workbooks are read by a process of its own.
MAX_XLS_BYTES: Final = 2**26
XLS_CELLS: Final = 4_000_000
XLS_WORK_SECONDS: Final = 20
XLS_WAIT_SECONDS: Final = 120  # on the clock, for a machine that is busy; the limit above counts work
XLS_MEMORY_BYTES: Final = 2**30
_ENCRYPTED = 0x1


def check_size(content: bytes, name: str) -> bytes:
    """Return the content of a file of at most 10 MB that is not empty.

    >>> check_size(b"", "a.xml")
    Traceback (most recent call last):
    weilend.core.errors.SourceError: a.xml is empty. Hint: export it again
    """
    if not content.strip(b"\x00 \r\n\t"):
        raise SourceError(f"{name} is empty", hint="export it again")
    if len(content) > MAX_BYTES:
        hint = f"give files of at most {MAX_BYTES // 2**20} MB: export fewer days at a time"
        raise SourceError(f"{name} has {len(content) // 2**20} MB", hint=hint)
    return content


def unpack(content: bytes, name: str) -> dict[str, bytes]:
    """Return the members of a zip by name, once sizes, ratio and names are found harmless; a zip within it stays packed.

    >>> import io, zipfile
    >>> file = io.BytesIO()
    >>> with zipfile.ZipFile(file, "w") as archive:
    ...     archive.writestr("OFD.xml", "<OFD/>")
    >>> unpack(file.getvalue(), "a.ofd")
    {'OFD.xml': b'<OFD/>'}
    """
    check_size(content, name)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            check_members(archive, len(content), name)
            return {info.filename: _read(archive, info, name) for info in archive.infolist() if not info.is_dir()}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise SourceError(f"{name} is a zip file cut short or damaged", hint="copy it again") from None


def check_members(
    archive: zipfile.ZipFile, packed: int, name: str, *, unpacked_bytes: int = MAX_UNPACKED_BYTES, members: int = MAX_MEMBERS
) -> None:
    """Raise `SourceError` for a zip of too many or too large files, one that is locked, and a name that leads out of it.

    >>> with zipfile.ZipFile(io.BytesIO(), "w") as archive:
    ...     archive.writestr("../a", "")
    ...     check_members(archive, 1, "a.zip")
    Traceback (most recent call last):
    weilend.core.errors.SourceError: a.zip holds a file that leads out of it. Hint: ask the sender for another copy
    """
    infos = archive.infolist()
    unpacked = sum(info.file_size for info in infos)
    if len(infos) > members:
        raise SourceError(f"{name} holds {len(infos)} files", hint=f"a zip may hold at most {members}")
    if unpacked > unpacked_bytes or unpacked > max(SMALL_BYTES, packed * MAX_RATIO):
        hint = "this is how a zip bomb looks; ask the sender for another copy"
        raise SourceError(f"{name} unpacks from {packed} to {unpacked} bytes", hint=hint)
    for info in infos:
        if info.flag_bits & _ENCRYPTED:
            raise SourceError(f"{name} is locked with a password", hint="unlock it and send it again")
        if info.filename.startswith("/") or ".." in info.filename.split("/"):
            raise SourceError(f"{name} holds a file that leads out of it", hint="ask the sender for another copy")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    """Return a member; one that holds more than its header says is refused."""
    with archive.open(info) as member:
        data = member.read(info.file_size + 1)
    if len(data) > info.file_size:
        raise SourceError(f"{name} holds more than it says", hint="ask the sender for another copy")
    return data
