"""In: a file. Out: `Explanation`, how it would be read and how sure that is, and the sketch of a profile for one that nobody knows.
Used: by `weilend ingest --explain` and `weilend source new`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from weilend.core.errors import SourceError
from weilend.sources.catalogue import SOURCES, knowing, load
from weilend.sources.drafts import look_at
from weilend.sources.files.headers import Found, Near, find, nearest, plain
from weilend.sources.profile import PROFILES, Evidence
from weilend.sources.tables.collected import said_in

_NEAR: Final = 3
#: How far a profile was checked, in words.
EVIDENCE: dict[Evidence, str] = {
    "sample": "checked against real files",
    "columns": "checked against a list of columns, not against a file",
    "memory": "NOT CHECKED: written from memory",
}


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """How a sheet of a file would be read: by which source, where its header stands, and what becomes of each column.

    `columns` pairs each raw column with the facts that it gives, `absent` are columns that the format knows and the file lacks,
    `unknown` those that the file has and the format does not know, `said` what the lines around the rows tell, `others` the
    formats that came near and why each was not the one.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_text("企业代号,企业名称,城市\\nE1,***公司,甲\\n", encoding="utf-8")
    >>> (sheet,) = explain(file)
    >>> sheet.source, sheet.columns, sheet.unknown
    ('cumcm2020c', (('企业代号', ('business_id',)), ('企业名称', ('legal_form',))), ('城市',))
    """

    title: str
    source: str
    en: str
    zh: str
    evidence: str
    notes: str = ""
    encoding: str = ""
    header_line: int = 0
    columns: tuple[tuple[str, tuple[str, ...]], ...] = ()
    absent: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return the explanation as lines to print."""
        found = [f"{self.title}: {self.source}, {self.en}", f"  evidence: {self.evidence}"]
        found += [f"  notes: {self.notes}"] if self.notes else []
        found += (
            [f"  header in line {self.header_line}" + (f", {self.encoding}" if self.encoding else "")] if self.columns else []
        )
        found += [f"  {raw} -> {', '.join(facts) or 'not read'}" for raw, facts in self.columns]
        for title, names in (("missing", self.absent), ("not known", self.unknown), ("said around the rows", self.said)):
            found += [f"  {title}: {', '.join(names)}"] if names else []
        return found + [f"  not {why}" for why in self.others]


def explain(path: Path) -> tuple[Explanation, ...]:
    """Return how each sheet of a file would be read; raises `SourceError` where no source knows it.

    >>> explain.__name__
    'explain'
    """
    load()
    source = knowing(path)
    if source is not None:
        said = SOURCES[source.name]
        return (Explanation(title=path.name, source=said.name, en=said.en, zh=said.zh, evidence="told by its first bytes"),)
    found = find(path, [PROFILES[name] for name in PROFILES])
    if not found:
        near = "; ".join(f"not {why}" for why in _near_misses(path))
        raise SourceError(
            f"no source knows {path.name}" + (f": {near}" if near else ""), hint="`weilend source new` describes its columns"
        )
    return tuple(_explained(one) for one in found)


def _near_misses(path: Path, chosen: str = "") -> tuple[str, ...]:
    """Return the formats that know some of a file's header, the nearest first, and what each misses or knows."""
    profiles = [PROFILES[name] for name in PROFILES if name != chosen]
    return tuple(f"{near.layout}: {_missed(near)}" for near in nearest(path, profiles)[:_NEAR])


def _missed(near: Near) -> str:
    return f"it has no {', '.join(near.missing)}" if near.missing else f"it knows {near.known} columns only"


def sketch(path: Path, like: str) -> str:
    """Return the draft of a profile for a table that no source knows, like a template: each column of its header to be filled in.

    Raises `SourceError` for a file that is no table.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_text("日期,金额\\n2024-01-01,5\\n", encoding="utf-8")
    >>> print(sketch(file, "bank"))
    name = "my_format"
    en = ""
    zh = ""
    like = "bank"
    sign = "signed"  # or split, flagged, charged
    columns = [
      { raw = "日期", fact = "" },
      { raw = "金额", fact = "" },
    ]
    """
    rows = [f'  {{ raw = {_quoted(name)}, fact = "" }},' for name in look_at(path).names]
    head = ['name = "my_format"', 'en = ""', 'zh = ""', f'like = "{like}"', 'sign = "signed"  # or split, flagged, charged']
    return "\n".join([*head, "columns = [", *rows, "]"])


def _quoted(name: str) -> str:
    return msgspec.json.encode(name).decode()


def _explained(found: Found) -> Explanation:
    facts: dict[str, list[str]] = {}
    absent = []
    for column in found.layout.columns:
        place = found.places(column)
        if place is None:
            absent.append(column.raw)
        else:
            facts.setdefault(found.names[place].strip(), []).append(column.fact)
    known = {plain(name) for name in found.layout.written} | {plain(name) for one in found.layout.columns for name in one.names}
    header = [name.strip() for name in found.names if name.strip()]
    return Explanation(
        title=found.title,
        source=found.profile.name,
        en=found.profile.en,
        zh=found.profile.zh,
        evidence=EVIDENCE[found.profile.evidence],
        notes=found.profile.notes,
        encoding=found.encoding,
        header_line=found.header_row + 1,
        columns=tuple((name, tuple(facts.get(name, ()))) for name in header if plain(name) in known),
        absent=tuple(absent),
        unknown=tuple(name for name in header if plain(name) not in known),
        said=tuple(said_in(found.layout, found.above)),
        others=_near_misses(found.file, found.profile.name),
    )
