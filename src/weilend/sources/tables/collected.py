"""In: a sheet that a layout knows. Out: `Collected`, its facts, small and in order, with rejects and what its lines say. Used: by
batches and the reader.

A sheet is read in blocks into facts, which take little memory; only then is it looked at as a whole.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

import pyarrow as pa

from weilend.core.errors import SourceError
from weilend.sources.batch import REJECTS, reject_rows
from weilend.sources.columns.cells import mostly_distinct
from weilend.sources.columns.vocabulary import Memory, Vocabulary
from weilend.sources.files.headers import Found
from weilend.sources.files.rows import Block
from weilend.sources.intake import Intake
from weilend.sources.profile import Layout, record_columns
from weilend.sources.reasons import REASONS
from weilend.sources.steps.scene import Facts, Scene
from weilend.sources.steps.sequences import WHOLES
from weilend.sources.tables.blocks import parse_block, split_block
from weilend.sources.tables.emits import with_ordinals
from weilend.sources.tables.stacks import ROW, Spill, emptied_tables, looked_at
from weilend.sources.tokens import clear_values

_CHUNK: Final = 1 << 22
_HOPELESS_ROWS: Final = 100_000
_CLEAR_ROWS: Final = 500_000
_LONG_ROWS: Final = 400_000  # from here on memory is worth more than the time to write facts to a file


class Collected:
    """The facts of a sheet, collected block by block, with its rejects, what its lines say, and what its tokens stand for.

    `count` is the number of its data rows; `joined` are the facts of the tables that it joins, by name.

    >>> Collected.__name__
    'Collected'
    """

    def __init__(self, found: Found, intake: Intake, joined: Mapping[str, Facts]) -> None:
        self.found, self.intake, self.layout, self.joined = found, intake, found.layout, joined
        self.file_id = file_hash(found.file)
        self.memory = Memory()
        self.said = said_in(self.layout, found.above)
        self._rejects: list[pa.Table] = []
        self._clear: list[pa.Table] = []
        self._tables: list[pa.Table] = []
        self._plain: set[str] = set()
        self._words: dict[str, Vocabulary] = {}
        self._looked = looked_at(self.layout, found.profile)
        self._spill: Spill | None = None
        self._spilled = 0
        self.count = 0
        for block in self.blocks():
            self._add(block)
            self._refuse_hopeless()
        if not self._tables:
            self._add(Block(pa.table({str(place): pa.array([], pa.string()) for place in range(len(found.names))}), {}))
        self.rejects = pa.concat_tables([REJECTS.empty_table(), *self._rejects])
        self.clear = clear_values(self._clear)
        self._clear = []
        self.memory.forget()
        self._release()

    def blocks(self) -> Iterator[Block]:
        """Yield the raw rows of the sheet."""
        names = self.found.names
        cells_min = self.layout.cells_min or len([name for name in names if name.strip()])
        return self.found.sheet.blocks(self.found.header_row, len(names), cells_min)

    def _add(self, block: Block) -> None:
        data, lines = split_block(block, self.found)
        self.said = said_in(self.layout, lines) | self.said
        parsed = parse_block(data, self.found, self.scene(), self.joined)
        numbered = [(self.count + row, reason, original) for row, reason, original in parsed.rejects]
        self._rejects.append(reject_rows(self.found.title, numbered))
        self.memory.kept.setdefault("rejected", Counter()).update(reason.code for _, reason, _ in numbered)
        self._clear += parsed.clear
        if sum(table.num_rows for table in self._clear[1:]) > _CLEAR_ROWS:
            self._clear = [clear_values(self._clear)]  # names that came again need not wait for the end
        wanted = wanted_facts(self.layout)
        if not self._tables:  # a sheet whose texts hardly repeat keeps them as they are
            self._plain = {name for name, fact in parsed.facts.items() if mostly_distinct(fact)}
        facts = {name: self._small(name, fact) for name, fact in parsed.facts.items() if name in wanted}
        self._tables.append(pa.table({**facts, ROW: pa.array(parsed.rows + self.count)}))
        self.count += parsed.raw_rows
        if self._looked and self.count > _LONG_ROWS:
            self._spill_tables()

    def _spill_tables(self) -> None:
        """Write what no look at the whole sheet reads to a file, and keep the rest."""
        self._spill = self._spill or Spill()
        for place in range(self._spilled, len(self._tables)):
            table = self._tables[place]
            self._spill.add(table.select([name for name in table.column_names if name == ROW or name not in self._looked]))
            self._tables[place] = table.select([name for name in table.column_names if name in self._looked])
        self._spilled = len(self._tables)
        self._release()

    def _release(self) -> None:
        """Give back to the system what a long sheet took for a while and does not hold any more."""
        if self._spill:
            pa.default_memory_pool().release_unused()

    def _refuse_hopeless(self) -> None:
        """Refuse a long file of which no row can be read: it is something else, and its rows are not kept one by one."""
        if self.count >= _HOPELESS_ROWS and not any(table.num_rows for table in self._tables):
            code, rows = self.memory.kept["rejected"].most_common(1)[0]
            raise SourceError(
                f"none of the first {self.count} rows of {self.found.title} can be read as {self.found.profile.name}",
                hint=f"{rows} of them for this reason: {REASONS[code].en.format(column='a cell') if code in REASONS else code}",
            )

    def scene(self) -> Scene:
        """Return what is known beside the rows."""
        profile, layout, intake = self.found.profile, self.layout, self.intake
        return Scene(profile=profile, layout=layout, intake=intake, said=self.said, file_id=self.file_id, memory=self.memory)

    def ordered(self) -> Facts:
        """Return the facts of the whole sheet in the order in which things happened, with ordinals among equal keys."""
        facts = self._worded(emptied_tables(self._tables))
        self._release()
        for name in self.layout.whole:
            facts = WHOLES[name](facts, self.scene())
        return with_ordinals(facts, self.scene(), self.beside)

    @property
    def spilled(self) -> bool:
        """Whether some facts lie in a file: the sheet is a long one, and no other is joined with it."""
        return self._spill is not None

    def beside(self, facts: Facts) -> Facts:
        """Return the facts of some rows of a long sheet that lie in a file, in the order of `facts`, which are the others."""
        return self._worded(self._spill.take(facts[ROW].to_numpy(zero_copy_only=False))) if self._spill else {}

    def _small(self, name: str, fact: pa.Array) -> pa.Array:
        """Return a fact as little memory holds it: texts by their number in one vocabulary of the sheet."""
        text = pa.types.is_string(fact.type) or pa.types.is_dictionary(fact.type)
        return self._words.setdefault(name, Vocabulary()).places(fact) if text and name not in self._plain else fact

    def _worded(self, facts: Facts) -> Facts:
        """Return facts with the texts behind numbers."""
        return {name: self._words[name].column(fact) if name in self._words else fact for name, fact in facts.items()}


def wanted_facts(layout: Layout) -> frozenset[str]:
    """Return the facts that are needed once a row has been judged: those of records, keys and clocks, and what the layout keeps.

    >>> from weilend.sources import CUMCM2020C
    >>> sorted(wanted_facts(CUMCM2020C.layout("firms")))
    ['business_id', 'happened_on', 'legal_form']
    """
    wanted = {"happened_on", *layout.keeps, *(join.by for join in layout.joins)}
    if not layout.emits:  # a table that others join: all that it says
        wanted |= {column.fact for column in layout.columns}
    given = {column.fact for column in layout.columns}
    for emit in layout.emits:
        wanted |= {emit.facts.get(name, name) for name in record_columns(emit.kind)} | set(emit.key)
        wanted |= {emit.happened.of, emit.known.of, emit.has, *(emit.when or ())[:1]}
    return frozenset(name for name in wanted if name in given or name == "happened_on" or layout.steps)


def file_hash(path: Path) -> str:
    """Return 32 hex digits (128 bits of SHA-256) of the bytes of a file.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_text("")
    >>> file_hash(file)
    'e3b0c44298fc1c149afbf4c8996fb924'
    """
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()[:32]


def said_in(layout: Layout, lines: Iterable[str]) -> dict[str, str]:
    """Return what the lines around the rows say, by the names of groups.

    >>> from weilend.sources import PROFILES
    >>> said_in(PROFILES["cmb_credit"].layouts[0], ["招商银行信用卡对账单（个人消费卡账户 2024年01月）"])
    {'month': '2024年01月'}
    """
    text = "\n".join(lines)
    said: dict[str, str] = {}
    for pattern in layout.says:
        for found in re.finditer(pattern, text):
            said |= {name: value.strip() for name, value in found.groupdict().items() if value and name not in said}
    return said
