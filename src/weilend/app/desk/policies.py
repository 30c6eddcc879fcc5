"""In: a home, policy files. Out: which policy is live, and its lifecycle. Used: by `weilend policy`, and by whoever decides.

What somebody proposes is checked first and kept by its content hash; the store keeps the events, and `core.lifecycle` says what
they amount to. Where a home has no live policy of a name, the one that comes with weilend is used.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from weilend.app.desk.home import Home
from weilend.app.desk.releases import Act, Releases
from weilend.app.desk.sealed import make_evaluator
from weilend.core.errors import CheckError
from weilend.core.ids import bytes_hash
from weilend.core.lifecycle import Event, State, fold
from weilend.decision import (
    Evaluator,
    Policy,
    Problem,
    Verdict,
    check_policy,
    dump_policy,
    load_policy,
    prove,
    restore_policy,
)
from weilend.features.sets import FEATURE_SETS
from weilend.lending import load_product
from weilend.store import Document

#: The kind of lifecycle events, and of the documents that hold what was proposed.
KIND = "policy"
#: Verdicts by the hash of what was proven and where it stands, and how many policies they are kept of.
_PROVEN: dict[str, tuple[Verdict, ...]] = {}
_KEPT = 20


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
    version = _releases(home).of(name).live(at)
    return None if version is None else restore_policy(home.store.document(KIND, version).content)


def deciding_policy(home: Home, name: str, *, at: int) -> Policy:
    """Return the policy that decides in a home at an instant: the live one, and before the first went live the shipped one.

    Raises `CheckError` where the live one was retired and none came after it: what was retired never decides.
    """
    lifecycle = _releases(home).of(name)
    version = lifecycle.live(at)
    if version is not None:
        return restore_policy(home.store.document(KIND, version).content)
    if lifecycle.had_live(at):
        hint = "propose and approve one: weilend policy propose FILE; weilend policy list shows what there was"
        raise CheckError(f"every policy {name!r} of this home was retired, so none decides", hint=hint)
    return load_policy(name)


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found: how many cases there are, what is wrong with them, and the verdicts of the prover.

    >>> Checked(policy="p", cases=3, problems=(), verdicts=()).passes
    True
    """

    policy: str
    cases: int
    problems: tuple[Problem, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def passes(self) -> bool:
        """Return whether every case is answered as it says and every claim is proven."""
        return not self.problems and all(verdict.passes for verdict in self.verdicts)


def check_named(name_or_path: str) -> Checked:
    """Return what is found of the policy of a product, or of a file: cases run, claims proven."""
    is_file = Path(name_or_path).suffix == ".toml"
    policy = load_policy(name_or_path if is_file else load_product(name_or_path).policy)
    return Checked(
        policy=policy.name, cases=len(policy.cases), problems=policy_problems(policy), verdicts=policy_verdicts(policy)
    )


def policy_problems(policy: Policy) -> tuple[Problem, ...]:
    """Return what is wrong with a policy, compiled for its product: nothing when all is well.

    >>> policy_problems(load_policy("enterprise_loan"))
    ()
    """
    return check_policy(_compiled(policy))


def policy_verdicts(policy: Policy) -> tuple[Verdict, ...]:
    """Return what the prover says of a policy, compiled for its product; the same content is proven once."""
    key = bytes_hash(dump_policy(policy) + repr(sorted(policy.places.lines.items())).encode())
    if key not in _PROVEN:
        if len(_PROVEN) >= _KEPT:
            _PROVEN.clear()
        _PROVEN[key] = prove(_compiled(policy))
    return _PROVEN[key]


def _compiled(policy: Policy) -> Evaluator:
    product = load_product(policy.product)
    return make_evaluator(product, FEATURE_SETS[product.feature_set], policy)


def propose_policy(home: Home, policy: Policy, act: Act) -> Event:
    """Put a policy up for review. Raises `CheckError` where its check fails, `InputError` where it is no draft any more.

    Its cases are run first; what they pass is proven then. A claim that is not decided fails like one that is refuted.
    """
    wrong = [str(problem) for problem in policy_problems(policy)]
    wrong = wrong or [str(verdict) for verdict in policy_verdicts(policy) if not verdict.passes]
    if wrong:
        more = f" and {len(wrong) - 1} more" if wrong[1:] else ""
        raise CheckError(f"{policy.file}: {wrong[0]}{more}", hint="mend it; weilend policy check shows all of it")
    releases = _releases(home)
    event = releases.check(policy.name, policy.identity, "propose", act)
    paper = Document(kind=KIND, document_id=policy.identity, content=dump_policy(policy), cites=(), at=act.at)
    home.store.put_document(paper)
    return releases.append(event)


def approve_policy(home: Home, name: str, act: Act, version: str = "") -> Event:
    """Approve what is in review: the only version, or the one whose hash begins with `version`.

    It goes live when the approval says, else when the proposal wished, at once where that is past.
    """
    return _releases(home).approve(name, act, version)


def retire_policy(home: Home, name: str, act: Act, version: str = "") -> Event:
    """Retire a version: the live one unless `version` names another; one in review is turned down by it."""
    return _releases(home).retire(name, act, version)


def roll_back_policy(home: Home, name: str, act: Act) -> Event:
    """Return, at once, to the version that was live before. Raises `InputError` where there is none."""
    return _releases(home).roll_back(name, act)


def list_releases(home: Home, name: str | None = None, *, at: int) -> tuple[Release, ...]:
    """Return every version that a home knows of, of one policy or of all, in the order in which they were proposed."""
    events = _releases(home).events(name)
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


def _releases(home: Home) -> Releases:
    return Releases(home.store, KIND)
