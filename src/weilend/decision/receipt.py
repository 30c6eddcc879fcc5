"""In: what a decision read and said. Out: a sealed `Receipt`, and its replay. Used: by the desk and `weilend replay`.

The receipt's id is the content hash of everything else in it, so a changed field shows without any key; `sealed` holds the
content hashes of what was too large to copy inside: policy, product, model, feature set, runtime and list generation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from weilend.core.errors import InputError, ReplayError
from weilend.core.ids import bytes_hash, canonical_json, content_hash
from weilend.core.values import (
    NO_STANDING,
    Application,
    Decision,
    FeatureRow,
    FraudVerdict,
    Offer,
    Receipt,
    Score,
    Standing,
)
from weilend.decision.evaluator import Evaluator

_encoder = msgspec.json.Encoder(order="sorted")

#: What every receipt must cite.
SEALS = ("policy", "product", "model", "feature_set", "runtime", "lists")

#: Probabilities that decisions did not log from the beginning.
LOGGED = ("chance_ppm", "arms_chance_ppm")

#: The list generation where no lists are kept, and the model where there is none: said, never left out.
NONE = "none"


def seals(*, policy: str, product: str, model: str | None, feature_set: str, runtime: Mapping[str, str]) -> dict[str, str]:
    """Return what a receipt seals besides its own values.

    `policy`, `product`, `model` and `feature_set` are content hashes; `runtime` maps Python, weilend and the libraries that
    compute (such as NumPy) to their versions, and is hashed here. The list generation is "none" until lists are kept.

    >>> sealed = seals(policy="p", product="q", model=None, feature_set="f", runtime={"python": "3.11.7", "weilend": "0.1.0"})
    >>> sealed["model"], sealed["lists"], len(sealed["runtime"])
    ('none', 'none', 32)
    """
    return {
        "policy": policy,
        "product": product,
        "model": model or NONE,
        "feature_set": feature_set,
        "runtime": content_hash(dict(runtime)),
        "lists": NONE,
    }


def seal(
    *,
    application: Application,
    book_seq: int,
    sealed: Mapping[str, str],
    features: FeatureRow,
    fraud: FraudVerdict,
    score: Score | None,
    decision: Decision,
    offer: Offer,
    standing: Standing = NO_STANDING,
) -> Receipt:
    """Return the receipt, its id the content hash of everything else. Raises `InputError` when a seal is missing or unknown.

    >>> from weilend.decision.receipt import _example
    >>> receipt = _example()
    >>> len(receipt.receipt_id), verify_receipt(receipt)
    (32, None)
    """
    if set(sealed) != set(SEALS):
        wrong = sorted(set(sealed) ^ set(SEALS))[0]
        raise InputError(f"the seal {wrong!r} is missing or unknown", hint=f"a receipt seals {', '.join(SEALS)}")
    receipt = Receipt(
        receipt_id="",
        application=application,
        book_seq=book_seq,
        sealed=dict(sealed),
        features=features,
        fraud=fraud,
        score=score,
        decision=decision,
        offer=offer,
        standing=standing,
    )
    canonical_json(receipt)  # refuses a float
    return msgspec.structs.replace(receipt, receipt_id=_identity(receipt))


def verify_receipt(receipt: Receipt) -> None:
    """Raise `ReplayError` when a receipt's id is not the hash of its content, or its own parts contradict each other.

    >>> from weilend.decision.receipt import _example
    >>> verify_receipt(msgspec.structs.replace(_example(), book_seq=8))
    Traceback (most recent call last):
    weilend.core.errors.ReplayError: receipt ...: its content does not hash to its id. Hint: ...
    """
    if _identity(receipt) != receipt.receipt_id:
        raise ReplayError(
            f"receipt {receipt.receipt_id}: its content does not hash to its id",
            hint="it was changed after it was sealed; restore it from the audit chain",
        )
    _match(receipt, "features.business_id", receipt.application.business_id, receipt.features.business_id)
    _match(receipt, "decision.policy_id", receipt.sealed["policy"], receipt.decision.policy_id)


def replay(
    receipt: Receipt,
    evaluator: Evaluator,
    score: Callable[[FeatureRow], Score | None],
    sealed: Mapping[str, str] | None = None,
) -> None:
    """Score and decide again from what the receipt sealed; return when every bit is the same.

    `sealed` is what would be sealed now (see `seals`); where given, it must be the same too. Raises `ReplayError` that names
    the first field that differs, in the order: seals, score, decision.

    >>> from weilend.decision.receipt import _example
    >>> replay(_example(), None, lambda row: None, {"policy": "p", "product": "other"})
    Traceback (most recent call last):
    weilend.core.errors.ReplayError: receipt ...: sealed.product differs: sealed 'q', now 'other'. Hint: ...
    """
    verify_receipt(receipt)
    for name, now in (sealed or {}).items():
        _match(receipt, f"sealed.{name}", receipt.sealed.get(name), now)
    _match(receipt, "sealed.policy", receipt.sealed["policy"], evaluator.policy_id)
    again = score(receipt.features)
    _match(receipt, "score", receipt.score, again)
    decision = evaluator.decide(receipt.features, receipt.fraud, again, receipt.standing, as_of=receipt.application.as_of)
    unsaid = {name: None for name in LOGGED if getattr(receipt.decision, name) is None}
    decision = msgspec.structs.replace(decision, **unsaid)  # sealed before it was logged: no part of what it said
    _match(receipt, "decision", receipt.decision, decision)


def first_difference(then: Any, now: Any, path: str = "") -> tuple[str, Any, Any] | None:
    """Return the path of the first place where two values differ, and both values there; None when they are equal.

    >>> first_difference({"a": [1, 2]}, {"a": [1, 3]}, "score")
    ('score.a[1]', 2, 3)
    >>> first_difference({"a": 1}, {"a": 1}) is None
    True
    """
    if isinstance(then, dict) and isinstance(now, dict):
        pairs = [(f"{path}.{key}", then.get(key), now.get(key)) for key in (*then, *(key for key in now if key not in then))]
    elif isinstance(then, Sequence) and isinstance(now, Sequence) and not isinstance(then, str):
        longest = max(len(then), len(now))
        pairs = [(f"{path}[{index}]", _at(then, index), _at(now, index)) for index in range(longest)]
    else:
        return None if type(then) is type(now) and then == now else (path, then, now)
    differences = (first_difference(old, new, where) for where, old, new in pairs)
    return next((difference for difference in differences if difference is not None), None)


def _at(values: Sequence[Any], index: int) -> Any:
    return values[index] if index < len(values) else None


def _match(receipt: Receipt, name: str, then: object, now: object) -> None:
    """Compare bytes first, which is quick; only where they differ look for the place."""
    if _encoder.encode(then) == _encoder.encode(now):
        return
    difference = first_difference(msgspec.to_builtins(then), msgspec.to_builtins(now), name)
    where, old, new = difference or (name, then, now)
    raise ReplayError(
        f"receipt {receipt.receipt_id}: {where} differs: sealed {old!r}, now {new!r}",
        hint="replay with the policy, product, model and runtime that the receipt seals",
    )


def _identity(receipt: Receipt) -> str:
    """Return the content hash of all but the id, as `content_hash` has it, without its search for floats: `seal` refused them."""
    content = {name: getattr(receipt, name) for name in receipt.__struct_fields__ if name != "receipt_id"}
    if receipt.standing == NO_STANDING:
        del content["standing"]  # a default: receipts from before there was a standing keep their ids
    return bytes_hash(_encoder.encode(content))


def _example() -> Receipt:
    """Return a small receipt for the examples above."""
    return seal(
        application=Application(application_id="A1", product="loan", business_id="E1", as_of=0, consent_id="own-data"),
        book_seq=7,
        sealed=seals(policy="p", product="q", model=None, feature_set="f", runtime={"python": "3.11.7"}),
        features=FeatureRow(business_id="E1", as_of=0, feature_set="f", values={}),
        fraud=FraudVerdict("not_assessed"),
        score=None,
        decision=Decision(
            policy_id="p", outcome="refer", grade=None, ceiling_fen=None, floor_rate_ppm=None, limits_fen={}, reasons=()
        ),
        offer=Offer(status="not_assessed"),
    )
