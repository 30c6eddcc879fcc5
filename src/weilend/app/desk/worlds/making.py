"""In: sizes and seeds. Out: a world on disk: a home whose book knows what was told, and the truth beside it. Used: by `weilend
sim world`.

world.json     sizes, seeds, the identity of the constants, how many records, the hash of their content
home/          a home like any other, its book filled
truth/         what no record tells, a Parquet file a table; nothing in the home names it
files/         where asked for: what some firms would hand over, in the formats of banks, platforms and offices
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from weilend.app.desk.home import Home, open_home
from weilend.app.desk.progress import Tell, say_nothing
from weilend.core.calendars import Calendar
from weilend.core.errors import InputError
from weilend.core.ids import canonical_json
from weilend.economy.district import make_district
from weilend.economy.files import Folder, hand_over
from weilend.economy.plan import WorldPlan
from weilend.economy.tell import tell_district
from weilend.engine.book_fill import Filler, Staged

#: Numbers of the book's order that a district's records may take.
_SEQ_OF_DISTRICT = 2**23
#: Districts that a process makes before it says so.
_DISTRICTS_AT_ONCE = 4


class WorldMade(msgspec.Struct, frozen=True, kw_only=True):
    """What was made: records by kind, and `content`, the hash of all of them: the same for the same seeds and sizes.

    `folders` is how many firms have their files beside the book.
    """

    businesses: int
    users: int
    months: int
    seed: int
    world_seed: int
    constants: str
    records: dict[str, int]
    content: str
    folders: int = 0

    @property
    def total(self) -> int:
        """All records."""
        return sum(self.records.values())


class _Part(msgspec.Struct, frozen=True):
    """Some districts, made: files that wait for the book, truth by table, a digest a district."""

    staged: Staged
    truth: dict[str, pa.Table]
    digests: tuple[str, ...]


def make_world(plan: WorldPlan, folder: Path, *, workers: int = 2, folders: int = 0, tell: Tell = say_nothing) -> WorldMade:
    """Make a world in a new folder, with the files of some firms; any number of workers makes the same.

    Raises `InputError` where the folder has something in it, or the first district has not so many firms.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not an empty folder", hint="name a new one")
    if folders:
        write_files(plan, folder / "files", folders)
    home = open_home(folder / "home")
    parts = []
    for part in _make_parts(plan, home, workers):
        parts.append(part)
        tell("make the world", sum(len(one.digests) for one in parts), plan.districts)
    records = home.book.adopt([part.staged for part in parts])
    _write_truth(parts, folder / "truth")
    made = WorldMade(
        businesses=plan.businesses,
        users=plan.users,
        months=plan.months,
        seed=plan.seed,
        world_seed=plan.constants.world_seed,
        constants=plan.constants.identity(),
        records=records,
        content=sha256("".join(digest for part in parts for digest in part.digests).encode()).hexdigest()[:32],
        folders=folders,
    )
    (folder / "world.json").write_bytes(canonical_json(made))
    return made


def write_files(plan: WorldPlan, folder: Path, count: int) -> tuple[Folder, ...]:
    """Write what some firms of a world's first district would hand over; raises `InputError` where there are not so many."""
    district = make_district(plan, 0)
    return hand_over(district, tell_district(district).records, folder, count=count, calendar=Calendar())


def _make_parts(plan: WorldPlan, home: Home, workers: int) -> Iterator[_Part]:
    """Yield the districts in their order, made here or by other processes."""
    size = max(min(_DISTRICTS_AT_ONCE, plan.districts // max(workers, 1)), 1)
    parts = [range(first, min(first + size, plan.districts)) for first in range(0, plan.districts, size)]
    book = home.folder / "book"
    if workers < 2 or len(parts) < 2:
        yield from (_make_part(plan, book, home.calendar, part) for part in parts)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_make_part, plan, book, home.calendar, part) for part in parts]
        for one in waiting:
            yield one.result()


def _make_part(plan: WorldPlan, book: Path, calendar: Calendar, districts: range) -> _Part:
    pa.set_cpu_count(1)  # each process has its core
    filler, truth, digests = Filler(book, calendar), dict[str, list[pa.Table]](), []
    for number in districts:
        told = tell_district(make_district(plan, number))
        filler.add(told.records, first_seq=number * _SEQ_OF_DISTRICT + 1)
        digests.append(_digest(told.records))
        for name, table in told.truth.items():
            truth.setdefault(name, []).append(table)
    return _Part(filler.finish(), {name: pa.concat_tables(tables) for name, tables in truth.items()}, tuple(digests))


def _digest(records: dict[str, pa.Table]) -> str:
    """Return the hash of the records of a district: their ids say what they hold, known_at when."""
    state = sha256()
    for kind, table in records.items():
        state.update(kind.encode())
        for name in ("record_id", "known_at"):
            for buffer in table[name].combine_chunks().buffers()[1:]:
                state.update(buffer or b"")
    return state.hexdigest()


def _write_truth(parts: list[_Part], folder: Path) -> None:
    folder.mkdir()
    for name in parts[0].truth:
        pq.write_table(pa.concat_tables([part.truth[name] for part in parts]), folder / f"{name}.parquet", compression="zstd")
