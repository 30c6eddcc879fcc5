"""In: a home, built models. Out: which one decides, which are watched, and what was done to each. Used: by `weilend model`.

Proposed, shadow, champion and retired are the lifecycle of `core`: in review, in review and watched, live, retired. A version is
the model's own content hash. A champion is made by somebody else than whoever put the model up, on evidence.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from weilend.app.desk.flat.files import find_model, read_flat_model
from weilend.app.desk.home import Home
from weilend.app.desk.models.champion import (
    COMMAND,
    Named,
    built_by_hand,
    champion,
    releases_of,
    shadows,
    watches_of,
)
from weilend.app.desk.models.evidence import Evidence, check_evidence
from weilend.app.desk.models.kept import KINDS, read_version
from weilend.app.desk.releases import SHORT, Act, Releases, choose_version
from weilend.core.errors import InputError
from weilend.core.ids import canonical_json, content_hash
from weilend.core.lifecycle import Event, fold
from weilend.models.recipes.registry import RECIPES
from weilend.models.sample import Column
from weilend.store import Document

Stage = Literal["draft", "proposed", "shadow", "approved", "champion", "superseded", "retired"]
#: What the states of the lifecycle are called of a model.
STAGES: Final[dict[str, Stage]] = {
    "draft": "draft", "review": "proposed", "approved": "approved", "live": "champion", "superseded": "superseded",
    "retired": "retired",
}  # fmt: skip


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a model beside its content: what it was made of, and what it knew.

    `known_until` is the instant (UTC seconds) up to which outcomes were known to it, None where nobody said; `about` a sentence;
    `id` the column that names rows, "" where none does.

    >>> Build(name="loans", version="v", recipe="card", as_of=0, rows=9, bads=1).known_until is None
    True
    """

    name: str
    version: str
    recipe: str
    as_of: int
    rows: int
    bads: int
    columns: tuple[Column, ...] = ()
    known_until: int | None = None
    about: str = ""
    id: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a model in a home, its stage, and the event that counts."""

    named: Named
    version: str
    stage: Stage
    event: Event


def register_model(home: Home, named: Named, build: Build, content: bytes, *, at: int) -> None:
    """Keep a model under its content hash, with what it was made of; kept twice it is kept once."""
    paper = canonical_json(build)
    home.store.put_documents(
        [Document(kind=named.kind, document_id=build.version, content=content, cites=(), at=at),
         Document(kind=f"{named.kind}_build", document_id=content_hash(build), content=paper, cites=(), at=at)]
    )  # fmt: skip


def find_builds(home: Home, named: Named) -> dict[str, Build]:
    """Return what was built under a name, by version, oldest first; of two papers about a version the later counts."""
    papers = (msgspec.json.decode(paper.content, type=Build) for paper in home.store.documents(f"{named.kind}_build"))
    kept = {build.version: build for build in papers if build.name == named.name}
    return kept if named.kind == "flat_model" else {**_built_by_hand(home, named), **kept}


def _built_by_hand(home: Home, named: Named) -> dict[str, Build]:
    """Return what `weilend model build PRODUCT` and `weilend run` built."""
    found = {}
    for about in built_by_hand(home, named.name):
        model = read_version(home, named.kind, about.model_id)
        found[about.model_id] = Build(
            name=named.name, version=about.model_id, recipe=model.recipe, as_of=about.as_of, rows=model.rows, bads=model.bads,
            known_until=about.label_known_at,
        )  # fmt: skip
    return found


def find_version(home: Home, named: Named, version: str = "") -> Build:
    """Return the build of a version (its first letters do), the newest where none is named; raises `NotFoundError`."""
    builds = find_builds(home, named)
    known = tuple(builds) if version else tuple(builds)[-1:]
    return builds[choose_version(named.name, version, known, "built", COMMAND)]


def register_folder(home: Home, named: Named, *, at: int) -> str:
    """Keep the flat model that was built last under a name, so that it outlives the next build; returns its version.

    Raises `NotFoundError` where none was built.
    """
    manifest, model = read_flat_model(find_model(named.name, home.folder))
    build = Build(
        name=named.name, version=manifest.model_id, recipe=manifest.recipe, as_of=at, rows=getattr(model, "rows", 0),
        bads=getattr(model, "bads", 0), columns=manifest.columns, about=manifest.split, id=manifest.id,
    )  # fmt: skip
    if build.version not in find_builds(home, named):
        register_model(home, named, build, RECIPES[manifest.recipe].write(model), at=at)
    return build.version


def put_in_shadow(home: Home, named: Named, act: Act, version: str = "") -> Event:
    """Put a model up for review (where it is not) and watch it from now on; raises `InputError` where it decides already.

    Whoever does it answers for the build, and cannot make it champion.
    """
    if named.kind == "flat_model" and not version:
        version = register_folder(home, named, at=act.at)
    build = find_version(home, named, version)
    releases, watches = releases_of(home, named), watches_of(home, named)
    if build.version in shadows(home, named, at=act.at):
        raise InputError(f"{build.version[:SHORT]} of {named.name} is in shadow already", hint="promote it, or retire it")
    in_review = releases.of(named.name).proposal(build.version) is not None
    proposal = None if in_review else releases.check(named.name, build.version, "propose", act)
    watch = watches.check(named.name, build.version, "propose", act)
    if proposal is not None:
        releases.append(proposal)
    return watches.append(watch)


def promote_model(home: Home, named: Named, act: Act, version: str = "", evidence: Evidence | None = None) -> Event:
    """Make what is in review the champion, on evidence: the one that is given, else the newest kept of this version.

    Raises `InputError` where the approver put it up, `CheckError` where no evidence speaks for it.
    """
    releases = releases_of(home, named)
    chosen = releases.waiting(named.name, version)
    releases.check(named.name, chosen, "approve", act)
    shown = evidence or newest_evidence(home, named, chosen)
    check_evidence(shown, chosen, champion(home, named, at=act.at) or "")
    assert shown is not None
    cited = keep_evidence(home, named, shown, at=act.at)
    why = f"{act.why} (evidence {cited[:SHORT]})" if act.why.strip() else act.why
    event = releases.approve(named.name, msgspec.structs.replace(act, why=why), chosen)
    _end_watch(home, named, chosen, act)
    return event


def promote_in_simulation(home: Home, named: Named, *, at: int, version: str = "") -> Event:
    """Make a shadow the champion where the evidence says so, with nobody asked: for made-up economies, never for a lender."""
    return promote_model(home, named, Act(who="simulator", why="a simulation approves what the evidence shows", at=at), version)


def retire_model(home: Home, named: Named, act: Act, version: str = "") -> Event:
    """Retire the champion, or the version that is named; one in review is turned down, and watched no more."""
    event = releases_of(home, named).retire(named.name, act, version)
    _end_watch(home, named, event.version, act)
    return event


def roll_back_model(home: Home, named: Named, act: Act) -> Event:
    """Return at once to the champion before; what it returns to was approved, so it takes one, who may be a program."""
    return releases_of(home, named).roll_back(named.name, act)


def _end_watch(home: Home, named: Named, version: str, act: Act) -> None:
    watches = watches_of(home, named)
    if watches.of(named.name).proposal(version) is not None:
        watches.append(watches.check(named.name, version, "retire", msgspec.structs.replace(act, effective_at=None)))


def keep_evidence(home: Home, named: Named, evidence: Evidence, *, at: int) -> str:
    """Keep evidence by its content hash, which is returned."""
    name = content_hash(evidence)
    paper = Document(kind=f"{named.kind}_evidence", document_id=name, content=canonical_json(evidence), cites=(), at=at)
    home.store.put_document(paper)
    return name


def newest_evidence(home: Home, named: Named, version: str) -> Evidence | None:
    """Return the newest evidence that is kept of a version, None where there is none."""
    kept = (msgspec.json.decode(paper.content, type=Evidence) for paper in home.store.documents(f"{named.kind}_evidence"))
    return next(reversed([one for one in kept if one.challenger == version]), None)


def list_models(home: Home, named: Named | None = None, *, at: int) -> tuple[Line, ...]:
    """Return every version that an event names, of one model or of all, in the order in which they were put up."""
    lines = []
    for kind in KINDS:
        releases = Releases(home.store, kind, COMMAND)
        events = releases.events()
        for name in dict.fromkeys(event.name for event in events):
            this = Named(kind, name)
            if named is None or named == this:
                lines += _lines(home, this, [event for event in events if event.name == name], at)
    return tuple(lines)


def _lines(home: Home, named: Named, events: list[Event], at: int) -> list[Line]:
    lifecycle, watched = fold(events), shadows(home, named, at=at)
    latest = {event.version: event for event in events}
    return [
        Line(
            named=named, version=version, event=event,
            stage="shadow" if version in watched else STAGES[lifecycle.state(version, at)],
        )
        for version, event in latest.items()
    ]  # fmt: skip
