"""In: samples of a format. Out: their golden lines, and how each stands to the one that was kept. Used: by `weilend source record`.

A golden line is what the one who adds a format reviews and hands in; from then on the suite holds the format to it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError, NotFoundError, SourceError
from weilend.sources import Profile, Said, detect, profile_from_toml, read, source_of
from weilend.sources.golden import GOLDEN_TOKENS, golden_line, golden_text

#: Whose samples are, where nobody says it: made-up identities, the same in every golden file.
NOBODY: Final[Said] = {"business_id": "B1", "shop_id": "S1"}
_CONSENT: Final = "own-data"
_SHOWN: Final = 20  # quarantined rows that a line names


class Recorded(msgspec.Struct, frozen=True):
    """The golden line of a sample, and whether it is new, the same as the one that was kept, or changed.

    >>> Recorded("a.csv", {"source": "cmb_debit", "refused": "it is empty"}, "new").words()
    'a.csv: new, cmb_debit: refused, it is empty'
    """

    sample: str
    line: dict[str, Any]
    stands: Literal["new", "same", "changed"]

    def words(self) -> str:
        """Return in one sentence what the sample gives."""
        told = f"{self.sample}: {self.stands}, {self.line['source'] or 'no source'}: "
        if "refused" in self.line:
            return f"{told}refused, {self.line['refused']}"
        records = [f"{one['count']:,} {kind}" for kind, one in self.line["records"].items()]
        return (
            f"{told}{', '.join(records) or 'no records'}; {self.line['rows'][0]:,} rows, {self.line['rows'][3]:,} quarantined"
        )


def record_samples(
    samples: Sequence[Path], *, into: Path | None = None, described: Path | None = None, said: Said | None = None
) -> tuple[Recorded, ...]:
    """Read samples (files, or folders of files that belong together) and return their golden lines; `into` is written where given.

    `described` is a profile in TOML that need not be registered. A sample that no source can read gives the reason, for some are
    broken on purpose. Raises `InputError` for two samples of one name, or a golden file that is none; then nothing is written.
    """
    names = [path.name for path in samples]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise InputError(f"two samples are called {twice[0]}", hint="a golden file knows samples by name: name each its own")
    kept = _kept(into)
    profile = _described(described)
    done = tuple(_compared(path.name, _line(path, profile, said or {}), kept) for path in samples)
    if into is not None:
        into.write_text(golden_text({**kept, **{one.sample: one.line for one in done}}), encoding="utf-8")
    return done


def _compared(name: str, line: dict[str, Any], kept: dict[str, Any]) -> Recorded:
    if name not in kept:
        return Recorded(name, line, "new")
    return Recorded(name, line, "same" if kept[name] == line else "changed")


def _line(path: Path, profile: Profile | None, said: Said) -> dict[str, Any]:
    """Return the golden line of one sample: its source, what was said of it, and what it gives or why it gives nothing."""
    if not path.exists():
        raise NotFoundError(f"there is no file or folder {path}", hint="check the path")
    source = ""
    about = {"said": {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}} if said else {}
    try:
        known = profile or (detect(path) if path.is_dir() else source_of(path))
        source = known if isinstance(known, str) else known.name
        told: Said = {**NOBODY, **said, "tokens": GOLDEN_TOKENS}
        batch = read(known, path, calendar=Calendar(), consent_id=_CONSENT, **told)
    except SourceError as error:
        return {"source": source, **about, "refused": str(error)}
    rejects = batch.rejects.slice(0, _SHOWN).to_pylist()
    rows = {"quarantined": [[row["file"], row["file_row"], row["reason"]] for row in rejects]} if rejects else {}
    return {"source": source, **about, **golden_line(batch), **rows}


def _described(described: Path | None) -> Profile | None:
    if described is None:
        return None
    if not described.is_file():
        raise NotFoundError(f"there is no file {described}", hint="give the profile in TOML")
    return profile_from_toml(described.read_text(encoding="utf-8"))


def _kept(into: Path | None) -> dict[str, Any]:
    """Return the lines of a golden file, none where it is not there yet."""
    if into is None or not into.exists():
        return {}
    try:
        lines = json.loads(into.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise InputError(f"{into} is no golden file: {error}", hint="give a new name, or bring the file back") from None
    if not isinstance(lines, dict):
        raise InputError(f"{into} is no golden file: it holds no lines by name", hint="give a new name, or bring the file back")
    return lines


def record_text(done: Sequence[Recorded]) -> str:
    """Return golden lines as the text of a golden file.

    >>> print(record_text([Recorded("a.csv", {"source": "x"}, "new")]), end="")
    {
    "a.csv": {"source": "x"}
    }
    """
    return golden_text({one.sample: one.line for one in done})
