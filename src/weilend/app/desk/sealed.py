"""In: what decides (policy, product, model, feature set). Out: the same, kept by content hash and found again. Used: by replay.

A receipt seals only hashes; what they stand for is kept as documents of the store, so that a decision replays for as long as the
store lives, whatever becomes of the files that it came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from weilend.app.desk.home import Home
from weilend.core.errors import CheckError, ReplayError
from weilend.core.ids import bytes_hash, canonical_json
from weilend.core.values import FeatureRow, Score
from weilend.decision import (
    Evaluator,
    Policy,
    compile_policy,
    dump_policy,
    load_policy,
    product_parameters,
    restore_policy,
)
from weilend.decision.receipt import NONE
from weilend.features.plans import FeatureSet
from weilend.lending import Product
from weilend.models import RowModel, read_model, score_rows, write_model
from weilend.store import Document

#: Compiled policies that are kept: each application of a day asks for the same few.
KEPT_EVALUATORS = 32


class Sealed(msgspec.Struct, frozen=True, eq=False):
    """What a decision is made with: the policy compiled against features and product, and the model (None: there was none)."""

    evaluator: Evaluator
    product: Product
    features: FeatureSet
    model: RowModel | None

    def score(self, rows: Sequence[FeatureRow]) -> list[Score | None]:
        """Return what the model says of each row, all at once; None of every row where there is no model.

        Raises `InputError` where a row lacks a feature of the model.
        """
        return [None] * len(rows) if self.model is None else [*score_rows(self.model, rows, self.features.features)]


class _Given(msgspec.Struct, frozen=True, eq=False):
    """What a policy is compiled of: the same where all three say the same, whoever read them."""

    policy: Policy
    product: Product
    features: FeatureSet
    key: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Given) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def make_evaluator(product: Product, features: FeatureSet, policy: Policy | None = None) -> Evaluator:
    """Return a policy (the product's own by default) compiled against a feature set and the product's numbers."""
    policy = policy or load_policy(product.policy)
    # the content is hashed again: a policy of which a part was replaced may still carry the identity of what it was
    says = (policy.identity, bytes_hash(dump_policy(policy)), product.identity, features.identity)
    compiled = _compile(_Given(policy, product, features, says))
    return msgspec.structs.replace(compiled, policy=policy)  # with its own cases, which no identity holds


@lru_cache(maxsize=KEPT_EVALUATORS)
def _compile(given: _Given) -> Evaluator:
    fields = {feature.name: feature.as_field() for feature in given.features.features}
    numbers = product_parameters(msgspec.to_builtins(given.product))
    return compile_policy(given.policy, fields, numbers, schedule=given.product.schedule)


def keep_sealed(home: Home, sealed: Sealed, *, at: int) -> None:
    """Keep everything that receipts will seal by hash; what is there already stays as it is."""
    contents = {
        ("policy", sealed.evaluator.policy_id): dump_policy(sealed.evaluator.policy),
        ("product", sealed.product.identity): canonical_json(sealed.product),
        ("feature_set", sealed.features.identity): canonical_json(sealed.features),
    }
    if sealed.model:
        contents["model", sealed.model.model_id] = write_model(sealed.model)
    papers = [Document(kind=kind, document_id=name, content=text, cites=(), at=at) for (kind, name), text in contents.items()]
    home.store.put_documents(papers)


def find_sealed(home: Home, hashes: Mapping[str, str]) -> Sealed:
    """Return what a receipt's seals stand for; raises `NotFoundError` where the store lacks one, `ReplayError` where it changed."""

    def content(kind: str) -> bytes:
        return home.store.document(kind, hashes[kind]).content

    product = msgspec.json.decode(content("product"), type=Product)
    features = msgspec.json.decode(content("feature_set"), type=FeatureSet)
    model = None if hashes["model"] == NONE else _read_unchanged(hashes["model"], content("model"))
    evaluator = make_evaluator(product, features, restore_policy(content("policy")))
    found = {"product": product.identity, "feature_set": features.identity, "policy": evaluator.policy_id}
    found |= {"model": model.model_id} if model else {}
    for kind, identity in found.items():
        if identity != hashes[kind]:
            raise _changed(kind, hashes[kind])
    return Sealed(evaluator, product, features, model)


def _read_unchanged(model_id: str, content: bytes) -> RowModel:
    try:
        return read_model(content)
    except CheckError:
        raise _changed("model", model_id) from None


def _changed(kind: str, identity: str) -> ReplayError:
    return ReplayError(f"the stored {kind} {identity} is not what its hash says", hint="verify the audit chain")
