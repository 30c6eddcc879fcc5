"""In: the store's lifecycle events of one kind of thing. Out: steps of its release. Used: for policies and for models.

What is released is named by its content hash; whoever types gives the first letters of it, or none where only one can be meant.
"""

from __future__ import annotations

import msgspec

from weilend.core.errors import NotFoundError
from weilend.core.lifecycle import Action, Event, Lifecycle, advance, fold
from weilend.store import Store

SHORT = 12  # letters of a version that people see and type


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Who does something to a release, why, when (UTC seconds), and with effect from when: at once where nothing is said.

    >>> Act(who="ann", why="losses rose", at=0).effective_at is None
    True
    """

    who: str
    why: str
    at: int
    effective_at: int | None = None


class Releases(msgspec.Struct, frozen=True):
    """The releases of a kind of thing (such as policy), `command` being the one that lists them.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home, Store.open(f"{home}/store.db") as store:
    ...     releases = Releases(store, "policy")
    ...     _ = releases.append(releases.check("loan", "v1", "propose", Act(who="ann", why="losses rose", at=0)))
    ...     _ = releases.approve("loan", Act(who="bob", why="agreed", at=1))
    ...     releases.of("loan").live(at=1)
    'v1'
    """

    store: Store
    kind: str
    command: str = "weilend policy list"

    def events(self, name: str | None = None) -> tuple[Event, ...]:
        """Return the events of one thing, or of all, in order."""
        return self.store.events(self.kind, name)

    def of(self, name: str) -> Lifecycle:
        """Return what the events of a thing amount to."""
        return fold(self.events(name))

    def check(self, name: str, version: str, action: Action, act: Act) -> Event:
        """Return the event of an act without appending it; raises `InputError` where it is not legal."""
        effective_at = act.at if act.effective_at is None else act.effective_at
        event = Event(name=name, version=version, action=action, who=act.who, at=act.at, effective_at=effective_at, why=act.why)
        advance(self.of(name), event)
        return event

    def append(self, event: Event) -> Event:
        """Append an event and return it."""
        self.store.put_event(self.kind, event)
        return event

    def waiting(self, name: str, version: str = "") -> str:
        """Return the one version in review, or the one that begins so; raises `NotFoundError`."""
        return choose_version(name, version, tuple(e.version for e in self.of(name).waiting), "in review", self.command)

    def approve(self, name: str, act: Act, version: str = "") -> Event:
        """Approve what is in review, with effect from the act's instant, else the proposal's, at once where that is past."""
        chosen = self.waiting(name, version)
        proposal = self.of(name).proposal(chosen)
        wished = max(act.at, proposal.effective_at) if proposal else act.at
        dated = msgspec.structs.replace(act, effective_at=wished) if act.effective_at is None else act
        return self.append(self.check(name, chosen, "approve", dated))

    def retire(self, name: str, act: Act, version: str = "") -> Event:
        """Retire the live version, or the one that begins so; one in review is turned down by it."""
        lifecycle = self.of(name)
        live = lifecycle.live(act.at)
        known = (live,) if live and not version else tuple(lifecycle.states(act.at))
        return self.append(self.check(name, choose_version(name, version, known, "known", self.command), "retire", act))

    def roll_back(self, name: str, act: Act) -> Event:
        """Return at once to the version that was live before; raises `InputError` where there is none."""
        lifecycle = self.of(name)
        before = lifecycle.before(act.at) or lifecycle.live(act.at) or "nothing"
        return self.append(self.check(name, before, "rollback", act))


def choose_version(name: str, start: str, versions: tuple[str, ...], said: str, command: str) -> str:
    """Return the one version that begins so; raises `NotFoundError` where there is none, or where there are several.

    >>> choose_version("loan", "ab", ("abc", "xyz"), "known", "weilend policy list")
    'abc'
    """
    found = [version for version in versions if version.startswith(start)]
    if len(found) == 1:
        return found[0]
    shown = ", ".join(version[:SHORT] for version in versions) or "nothing"
    what = f"{len(found)} versions of {name!r} are" if found else f"no version{f' {start!r}' if start else ''} of {name!r} is"
    raise NotFoundError(f"{what} {said}", hint=f"there is: {shown}; {command} shows more")
