"""In: the folder of a book. Out: its one lock and its sequence file, which survive a kill at any moment. Used: by book."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from weilend.core.errors import BookError

#: Called with the name of each step of a write, so that a test can stop the world there; does nothing otherwise.
Hook = Callable[[str], None]


class Sequence(msgspec.Struct, frozen=True):
    """How far the total order goes: rows up to `committed` may be read; numbers up to `reserved` are never given again.

    >>> Sequence(committed=3, reserved=5).reserve(10)
    Sequence(committed=3, reserved=15)
    """

    committed: int = 0
    reserved: int = 0

    def reserve(self, count: int) -> Sequence:
        """Return the sequence with `count` more numbers given away, not yet readable."""
        return Sequence(self.committed, self.reserved + count)


@contextmanager
def hold_lock(folder: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold the one lock of a book; yields False at once when it is taken and `wait` is not asked for.

    The lock is the kernel's (flock), so it ends with the process that holds it, however that ends.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name, hold_lock(Path(name)) as mine, hold_lock(Path(name), wait=False) as theirs:
    ...     mine, theirs
    (True, False)
    """
    with (folder / "_lock").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True


def read_sequence(folder: Path) -> Sequence | None:
    """Return what the sequence file says, None where there is none.

    Raises `BookError` when the file is no sequence.

    >>> read_sequence(Path("no such folder")) is None
    True
    """
    try:
        return msgspec.json.decode((folder / "_seq").read_bytes(), type=Sequence)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError:
        raise BookError(f"{folder / '_seq'} is damaged", hint="remove it: it is rebuilt from the tables") from None


def write_sequence(folder: Path, sequence: Sequence) -> None:
    """Replace the sequence file whole: a reader sees the old one or the new one.

    A power cut may bring the old one back: opening a book therefore looks into the tables too.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     write_sequence(Path(name), Sequence(1, 2))
    ...     read_sequence(Path(name))
    Sequence(committed=1, reserved=2)
    """
    replace_file(folder / "_seq", msgspec.json.encode(sequence))


def replace_file(path: Path, data: bytes) -> None:
    """Write bytes to a file by way of a temporary one: whole or not at all.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     replace_file(Path(name) / "x", b"1")
    ...     (Path(name) / "x").read_bytes()
    b'1'
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def sync(path: Path) -> None:
    """Force a file, or the entries of a folder, to disk.

    >>> sync(Path("/"))
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
