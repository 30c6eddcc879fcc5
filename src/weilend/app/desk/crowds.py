"""In: a home, an application. Out: how it stands among others, as a record that comes with it. Used: by the desk before it decides.

The nightly rebuild writes the indexes that make this quick, and proves every profile that was written since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from weilend.app.desk.deliver import identified
from weilend.app.desk.home import Home
from weilend.app.desk.records import Rows, to_rows, to_tables
from weilend.app.desk.spines import complete_spine
from weilend.core.errors import NotFoundError
from weilend.core.plan import Spine
from weilend.core.values import Application
from weilend.engine import BookView, crowds
from weilend.features.crowds import CROWDS, profile_rows
from weilend.features.spine_links import BELONGING

PROFILE = "graph_profile"
PROFILE_KEY = ("subject_id", "book_seq", "happened_at")
#: Applications whose profiles are counted together.
AT_ONCE = 5_000


def rebuild_crowds(home: Home) -> dict[str, int]:
    """Write the index of every crowd anew, and return up to which seq of the book each reads."""
    view = home.book.view()
    return {name: crowds.index_seq(crowds.rebuild(CROWDS[name], view, _folder(home))) for name in CROWDS}


def forget_in_crowds(home: Home, subject: str) -> None:
    """Remove the indexes that name one who was erased: crowds are counted over the whole book until the next rebuild."""
    for path in _folder(home).glob("*.parquet"):
        if crowds.is_named(path, subject):
            path.unlink(missing_ok=True)


def profile(home: Home, application: Application, records: Rows) -> Rows:
    """Return the `graph_profile` of an application, counted over the book and what came with it, as one more record."""
    view = home.book.preview(to_tables(records))
    facts = _facts(home, view, (application,), _indexes(home, view.seq))
    return to_rows({PROFILE: identified(PROFILE, facts, PROFILE_KEY)})


def fill_profiles(home: Home, applications: Sequence[Application]) -> int:
    """Append to the book the `graph_profile` of applications that came without one, as it would have been counted then, and
    return how many; they say that they were reconstructed.
    """
    view = home.book.view()
    have = view.read(PROFILE, columns=("subject_id", "happened_at"))
    counted = set(zip(have["subject_id"].to_pylist(), have["happened_at"].to_pylist(), strict=True))
    lacking = [one for one in applications if (one.business_id, one.as_of) not in counted]
    for start in range(0, len(lacking), AT_ONCE):
        facts = _facts(home, view, lacking[start : start + AT_ONCE], {})
        home.book.append({PROFILE: identified(PROFILE, facts, PROFILE_KEY, basis="reconstructed")})
    return len(lacking)


def _facts(
    home: Home, view: BookView, applications: Sequence[Application], indexes: Mapping[str, Path]
) -> list[dict[str, int | str | None]]:
    counted = _count(home, view, applications, indexes)
    return [
        {
            **counts,
            "subject_id": one.business_id,
            "subject_kind": "business",
            "book_seq": view.seq,
            "happened_at": one.as_of,
            "consent_id": one.consent_id,
        }
        for one, counts in zip(applications, counted, strict=True)
    ]


def audit_profile(home: Home, application: Application, records: Rows) -> Iterator[str]:
    """Yield what differs between the profile that came with an application and what the whole book gives at its seq."""
    for kept in records.get(PROFILE, ()):
        before = {kind: rows for kind, rows in records.items() if kind != PROFILE}
        seq = kept["book_seq"]
        assert isinstance(seq, int), "a profile says at which seq it was counted"
        (again,) = _count(home, home.book.preview(to_tables(before), seq), (application,), {})
        for column, value in again.items():
            if kept.get(column) != value:
                yield f"{application.business_id}: the book gives {column} = {value} at {seq}, the profile says {kept.get(column)}"


def _count(
    home: Home, view: BookView, applications: Sequence[Application], indexes: Mapping[str, Path]
) -> list[dict[str, int | None]]:
    spine = Spine(tuple(one.business_id for one in applications), tuple(one.as_of for one in applications))
    return profile_rows(view, complete_spine(home, spine, view, set(BELONGING)), indexes)


def _indexes(home: Home, seq: int) -> dict[str, Path]:
    """Return the indexes that read no further than a seq; what has none is counted over the whole book."""
    found = {}
    for name in CROWDS:
        path = _folder(home) / f"{name}.parquet"
        try:
            if crowds.index_seq(path) <= seq:
                found[name] = path
        except NotFoundError:
            continue
    return found


def _folder(home: Home) -> Path:
    return home.folder / "crowds"
