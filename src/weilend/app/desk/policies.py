"""In: a home, policy files. Out: which policy is live, and its lifecycle. Used: by `weilend policy`, and by whoever decides.

What somebody proposes is checked first and kept by its content hash; the store keeps the events, and `core.lifecycle` says what
they amount to. Where a home has no live policy of a name, the one that comes with weilend is used.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from weilend.app.desk.home import Home
from weilend.app.desk.sealed import make_evaluator
from weilend.core.errors import CheckError, NotFoundError
from weilend.core.lifecycle import Action, Event, Lifecycle, State, advance, fold
from weilend.decision import Policy, Problem, check_policy, dump_policy, load_policy, restore_policy
from weilend.features.sets import FEATURE_SETS
from weilend.lending import load_product
from weilend.store import Document

#: The kind of lifecycle events, and of the documents that hold what was proposed.
KIND = "policy"
SHORT = 12  # letters of a version that people see and type


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Who does something to a policy, why, when (UTC seconds), and with effect from when: at once where nothing is said.

    >>> Act(who="ann", why="losses rose", at=0).effective_at is None
    True
    """

    who: str
    why: str
    at: int
    effective_at: int | None = None


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a policy in a home: its number in its file, its state, and the event that counts.

    >>> Release.__struct_fields__
    ('name', 'version', 'number', 'state', 'event')
    """

    name: str
    version: str
    number: int
    state: State
    event: Event


def find_policy(name_or_path: str | Path, home: Home | None = None, *, at: int = 0) -> Policy:
    """Return a policy: of a file, the live one of a home by its name, or the one that comes with weilend.

    Raises `NotFoundError` where there is none, `PolicyError` where the file is malformed.

    >>> find_policy("enterprise_loan").name
    'enterprise_loan'
    """
    live = None if home is None else live_policy(home, str(name_or_path), at=at)
    return live or load_policy(name_or_path)


def live_policy(home: Home, name: str, *, at: int) -> Policy | None:
    """Return the policy of a name that is live in a home at an instant; None where none is."""
    version = fold(home.store.events(KIND, name)).live(at)
    return None if version is None else restore_policy(home.store.document(KIND, version).content)


def check_named(name_or_path: str) -> tuple[int, tuple[Problem, ...]]:
    """Return how many cases the policy of a product, or of a file, has, and what is wrong with it.

    >>> cases, problems = check_named("enterprise_loan")
    >>> cases > 20, problems
    (True, ())
    """
    is_file = Path(name_or_path).suffix == ".toml"
    policy = load_policy(name_or_path if is_file else load_product(name_or_path).policy)
    return len(policy.cases), policy_problems(policy)


def policy_problems(policy: Policy) -> tuple[Problem, ...]:
    """Return what is wrong with a policy, compiled for its product: nothing when all is well.

    >>> policy_problems(load_policy("enterprise_loan"))
    ()
    """
    product = load_product(policy.product)
    return check_policy(make_evaluator(product, FEATURE_SETS[product.feature_set], policy))


def propose_policy(home: Home, policy: Policy, act: Act) -> Event:
    """Put a policy up for review. Raises `CheckError` where its check fails, `InputError` where it is no draft any more."""
    problems = policy_problems(policy)
    if problems:
        more = f" and {len(problems) - 1} more" if problems[1:] else ""
        raise CheckError(f"{policy.file}: {problems[0]}{more}", hint="mend it; weilend policy check shows all of it")
    event = _event(policy.name, policy.identity, "propose", act)
    advance(_lifecycle(home, policy.name), event)
    paper = Document(kind=KIND, document_id=policy.identity, content=dump_policy(policy), cites=(), at=act.at)
    home.store.put_document(paper)
    return _append(home, event)


def approve_policy(home: Home, name: str, act: Act, version: str = "") -> Event:
    """Approve what is in review: the only version, or the one whose hash begins with `version`.

    It goes live when the approval says, else when the proposal wished, at once where that is past.
    """
    waiting = {event.version: event for event in _lifecycle(home, name).waiting}
    chosen = _choose(name, version, tuple(waiting), "in review")
    wished = max(act.at, waiting[chosen].effective_at) if chosen in waiting else act.at
    return _append(home, _event(name, chosen, "approve", _from(act, wished)))


def retire_policy(home: Home, name: str, act: Act, version: str = "") -> Event:
    """Retire a version: the live one unless `version` names another; one in review is turned down by it."""
    lifecycle = _lifecycle(home, name)
    live = lifecycle.live(act.at)
    known = (live,) if live and not version else tuple(lifecycle.states(act.at))
    return _append(home, _event(name, _choose(name, version, known, "known"), "retire", act))


def roll_back_policy(home: Home, name: str, act: Act) -> Event:
    """Return, at once, to the version that was live before. Raises `InputError` where there is none."""
    lifecycle = _lifecycle(home, name)
    before = lifecycle.before(act.at) or lifecycle.live(act.at) or "nothing"
    return _append(home, _event(name, before, "rollback", act))


def list_releases(home: Home, name: str | None = None, *, at: int) -> tuple[Release, ...]:
    """Return every version that a home knows of, of one policy or of all, in the order in which they were proposed."""
    events = home.store.events(KIND, name)
    latest = {(event.name, event.version): event for event in events}
    lifecycles = {one: fold(event for event in events if event.name == one) for one in dict.fromkeys(e.name for e in events)}
    return tuple(
        Release(
            name=event.name,
            version=event.version,
            number=restore_policy(home.store.document(KIND, event.version).content).version,
            state=lifecycles[event.name].state(event.version, at),
            event=event,
        )
        for event in latest.values()
    )


def _lifecycle(home: Home, name: str) -> Lifecycle:
    return fold(home.store.events(KIND, name))


def _event(name: str, version: str, action: Action, act: Act) -> Event:
    effective_at = act.at if act.effective_at is None else act.effective_at
    return Event(name=name, version=version, action=action, who=act.who, at=act.at, effective_at=effective_at, why=act.why)


def _from(act: Act, otherwise: int) -> Act:
    return msgspec.structs.replace(act, effective_at=otherwise) if act.effective_at is None else act


def _append(home: Home, event: Event) -> Event:
    home.store.put_event(KIND, event)
    return event


def _choose(name: str, start: str, versions: tuple[str, ...], said: str) -> str:
    """Return the one version that begins so; raises `NotFoundError` where there is none, or where there are several."""
    found = [version for version in versions if version.startswith(start)]
    if len(found) == 1:
        return found[0]
    shown = ", ".join(version[:SHORT] for version in versions) or "nothing"
    what = f"{len(found)} versions of {name!r} are" if found else f"no version{f' {start!r}' if start else ''} of {name!r} is"
    raise NotFoundError(f"{what} {said}", hint=f"there is: {shown}; weilend policy list shows more")
