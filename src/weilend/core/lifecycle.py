"""In: events, appended in time. Out: what is live at an instant, and the state of each version. Used: for all that is released.

    draft ─propose→ review ─approve→ approved ─its date→ live ─another goes live→ superseded
                                                           └─────────retire──────→ retired

Nothing is stored but events: this file folds them. What is live changes only by an approval, a retirement or a rollback, each from
its effective instant on, which is never before the event itself: so no event changes what was live in the past. A rollback takes
effect at once and returns to the version that was live before; whoever approves is not whoever proposed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Literal

import msgspec

from weilend.core.errors import InputError

Action = Literal["propose", "approve", "retire", "rollback"]
State = Literal["draft", "review", "approved", "live", "superseded", "retired"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody (`who`) did something to a version of a thing at an instant (UTC seconds), with effect from another, and why.

    `version` is a content hash. Of a proposal, `effective_at` is the instant wished for; that of the approval counts. The version
    of a rollback is the one that goes live again.

    >>> Event(name="loan", version="v1", action="propose", who="ann", at=0, effective_at=9, why="lower cap").action
    'propose'
    """

    name: str
    version: str
    action: Action
    who: str
    at: int
    effective_at: int
    why: str


class Lifecycle(msgspec.Struct, frozen=True):
    """What the events of one thing amount to: proposals that wait for an approval, and what changes which version is live.

    `switches` are approvals, retirements and rollbacks in the order in which they take effect.

    >>> Lifecycle().live(at=0) is None
    True
    """

    waiting: tuple[Event, ...] = ()
    switches: tuple[Event, ...] = ()
    last_at: int | None = None

    def live(self, at: int) -> str | None:
        """Return the version that is live at an instant; None where none is."""
        return _run(self.switches, at).live

    def had_live(self, at: int) -> bool:
        """Return whether any version was ever approved with effect up to an instant."""
        return any(event.action == "approve" and event.effective_at <= at for event in self.switches)

    def before(self, at: int) -> str | None:
        """Return the version to which a rollback at an instant returns; None where nothing was live before, or it was retired."""
        return next(reversed(_run(self.switches, at).past), None)

    def proposal(self, version: str) -> Event | None:
        """Return the proposal of a version that waits for its approval."""
        return next((event for event in self.waiting if event.version == version), None)

    def state(self, version: str, at: int) -> State:
        """Return the state of a version at an instant; a version that no event names is a draft."""
        run = _run(self.switches, at)
        found: tuple[tuple[bool, State], ...] = (
            (version == run.live, "live"),
            (any(event.version == version for event in _coming(self.switches, at)), "approved"),
            (self.proposal(version) is not None, "review"),
            (version in run.past, "superseded"),
            (version in run.gone, "retired"),
        )
        return next((state for holds, state in found if holds), "draft")

    def states(self, at: int) -> dict[str, State]:
        """Return the state of every version that an event names, in the order of the events that count."""
        named = dict.fromkeys(event.version for event in (*self.switches, *self.waiting))
        return {version: self.state(version, at) for version in named}


def fold(events: Iterable[Event]) -> Lifecycle:
    """Return what the events of one thing amount to. Raises `InputError` at the first that is not legal after those before it.

    >>> log = [Event(name="loan", version="v1", action="propose", who="ann", at=0, effective_at=9, why="lower cap"),
    ...     Event(name="loan", version="v1", action="approve", who="bob", at=1, effective_at=9, why="losses")]
    >>> fold(log).live(at=8), fold(log).live(at=9), fold(log).state("v1", at=8)
    (None, 'v1', 'approved')
    """
    lifecycle = Lifecycle()
    for event in events:
        lifecycle = advance(lifecycle, event)
    return lifecycle


def advance(lifecycle: Lifecycle, event: Event) -> Lifecycle:
    """Return a lifecycle with one more event. Raises `InputError`, in one sentence, where the event is not legal.

    >>> advance(Lifecycle(), Event(name="loan", version="v1", action="approve", who="bob", at=1, effective_at=9, why="losses"))
    Traceback (most recent call last):
    weilend.core.errors.InputError: v1 of loan is draft, not in review. Hint: propose it first
    """
    for is_right, what, hint in (*_ALWAYS, *_RULES[event.action]):
        if not is_right(lifecycle, event):
            state = lifecycle.state(event.version, event.at)
            named = {"event": event, "state": state, "before": lifecycle.before(event.at) or "nothing"}
            raise InputError(what.format(**named), hint=hint.format(**named))
    waiting = tuple(waits for waits in lifecycle.waiting if waits.version != event.version)
    if event.action == "propose":
        return Lifecycle((*waiting, event), lifecycle.switches, event.at)
    return Lifecycle(waiting, _with(lifecycle.switches, event), event.at)


class _Run(msgspec.Struct):
    """What the switches up to an instant amount to: what is live and since when, what was and may return (the last one first), what
    may not. What was overtaken in the instant in which it took effect was never live, so it does not return; unless the overtaking
    was said in that very instant only: then it was live until it was said.
    """

    live: str | None = None
    since: int | None = None
    was_live: bool = False
    past: list[str] = []
    gone: list[str] = []

    def leave(self, *, into: list[str]) -> None:
        if self.live is not None and (into is not self.past or self.was_live):
            into.append(self.live)
        self.live = None

    def forget(self, version: str) -> None:
        for versions in (self.past, self.gone):
            if version in versions:
                versions.remove(version)


def _approve(run: _Run, version: str) -> None:
    run.forget(version)
    if run.live != version:
        run.leave(into=run.past)
    run.live = version


def _retire(run: _Run, version: str) -> None:
    run.forget(version)
    run.live = None if run.live == version else run.live
    run.gone.append(version)


def _roll_back(run: _Run, version: str) -> None:
    run.forget(version)
    run.leave(into=run.gone)
    run.live = version


_EFFECTS: Final[dict[Action, Callable[[_Run, str], None]]] = {"approve": _approve, "retire": _retire, "rollback": _roll_back}


def _run(switches: tuple[Event, ...], at: int) -> _Run:
    run = _Run()
    for event in switches:
        if event.effective_at <= at:
            was, run.was_live = run.live, run.since != event.effective_at or event.at == event.effective_at
            _EFFECTS[event.action](run, event.version)
            run.since = run.since if run.live == was else event.effective_at
    return run


def _coming(switches: tuple[Event, ...], at: int) -> list[Event]:
    """Return approvals that take effect after an instant."""
    return [event for event in switches if event.action == "approve" and event.effective_at > at]


def _with(switches: tuple[Event, ...], event: Event) -> tuple[Event, ...]:
    """Return the switches with one more, in the order in which they take effect; a retirement takes back what was to come."""
    kept = (
        old
        for old in switches
        if not (event.action == "retire" and old.version == event.version and old.effective_at > event.effective_at)
    )
    return tuple(sorted((*kept, event), key=lambda each: each.effective_at))  # sorting keeps the order of events of one instant


_Rule = tuple[Callable[[Lifecycle, Event], bool], str, str]


def _in(*states: State) -> Callable[[Lifecycle, Event], bool]:
    return lambda lifecycle, event: lifecycle.state(event.version, event.at) in states


def _is_another(lifecycle: Lifecycle, event: Event) -> bool:
    proposal = lifecycle.proposal(event.version)
    return proposal is None or proposal.who.casefold() != event.who.casefold()


#: What must hold of every event, and of each action: the check, what is wrong where it fails, and what to do.
_ALWAYS: Final[tuple[_Rule, ...]] = (
    (lambda _, event: bool(event.name and event.version), "an event needs a name and a version", "say what it is about"),
    (
        lambda _, event: bool(event.who) and event.who == event.who.strip(),
        "an event needs to say who",
        "give a name, no spaces around",
    ),
    (lambda _, event: bool(event.why.strip()), "an event needs to say why", "give a reason that somebody can read in a year"),
    (
        lambda lifecycle, event: lifecycle.last_at is None or event.at >= lifecycle.last_at,
        "the event of {event.name} lies before the last one",
        "events are appended in order of time: correct the clock",
    ),
    (
        lambda _, event: event.effective_at >= event.at,
        "{event.version} of {event.name} cannot take effect before the event itself",
        "give an effective date that is not past",
    ),
)
_RULES: Final[dict[Action, tuple[_Rule, ...]]] = {
    "propose": (
        (
            _in("draft", "superseded", "retired"),
            "{event.version} of {event.name} is {state} already",
            "change it, then propose it",
        ),
    ),
    "approve": (
        (
            lambda lifecycle, event: lifecycle.proposal(event.version) is not None,
            "{event.version} of {event.name} is {state}, not in review",
            "propose it first",
        ),
        (
            _is_another,
            "{event.who} proposed {event.version} of {event.name} and cannot approve it",
            "let somebody else approve it",
        ),
    ),
    "retire": (
        (
            _in("review", "approved", "live", "superseded"),
            "{event.version} of {event.name} is {state}: there is nothing to retire",
            "name a version that is in review, approved, live or superseded",
        ),
    ),
    "rollback": (
        (
            lambda lifecycle, event: lifecycle.before(event.at) is not None,
            "nothing was live before in {event.name}",
            "approve a version, or retire the one that is live",
        ),
        (
            lambda lifecycle, event: lifecycle.before(event.at) == event.version,
            "{event.version} of {event.name} is not the version that was live before: that is {before}",
            "roll back to {before}",
        ),
        (lambda _, event: event.effective_at == event.at, "a rollback takes effect at once", "give no other effective date"),
    ),
}
