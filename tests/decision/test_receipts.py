"""A receipt replays to the bit; whatever is changed in it, or around it, is caught and named."""

from pathlib import Path

import msgspec
import pytest

from weilend.core.errors import InputError, ReplayError
from weilend.core.ids import content_hash
from weilend.core.values import Application, Contribution, FeatureRow, FraudVerdict, Offer, Reason, Receipt, Score, Standing
from weilend.decision.compiler import compile_policy
from weilend.decision.facts import FACTS
from weilend.decision.policy import load_policy
from weilend.decision.receipt import first_difference, replay, seal, seals, verify_receipt

LOAN = Path(__file__).parent / "files" / "invoice_example.toml"
RUNTIME = {"python": "3.11.7", "weilend": "0.1.0", "numpy": "2.3.0"}
replace = msgspec.structs.replace


def score_of(row: FeatureRow) -> Score | None:
    """A model that reads the row, so that a changed row changes the score."""
    history = row.values["history_months"]
    if history is None:
        return None
    given = Contribution("history_months", history, history // 2, 18 - history // 2, Reason("history_months", "old", "老"))
    pd_ppm = 90_000 - 1_000 * history
    return Score(model_id="m", base_points=500, points=500 + history // 2, pd_ppm=pd_ppm, contributions=(given,))


def sealed(evaluator) -> dict[str, str]:
    return seals(policy=evaluator.policy_id, product="p", model="m", feature_set="f", runtime=RUNTIME)


def receipt_of(evaluator, **changes) -> Receipt:
    values = {name: value for name, value in evaluator.policy.base_case.items() if name not in FACTS}
    row = FeatureRow(business_id="E1", as_of=1_577_808_000, feature_set="f", values=values | changes)
    fraud, score = FraudVerdict("not_assessed"), score_of(row)
    return seal(
        application=Application(
            application_id="A1", product="enterprise_loan", business_id="E1", as_of=row.as_of, consent_id="own-data"
        ),
        book_seq=42,
        sealed=sealed(evaluator),
        features=row,
        fraud=fraud,
        score=score,
        decision=evaluator.decide(row, fraud, score),
        offer=Offer(status="not_assessed"),
    )


def again(receipt: Receipt) -> Receipt:
    """Seal the content anew: a forger who knows how ids are made."""
    content = {name: getattr(receipt, name) for name in receipt.__struct_fields__ if name != "receipt_id"}
    return seal(**content)


@pytest.fixture
def receipt(evaluator) -> Receipt:
    return receipt_of(evaluator)


@pytest.mark.parametrize("changes", [{}, {"history_months": None}, {"sales_fen_12m": 1}, {"top_customer_share_12m": 700_000}])
def test_a_receipt_replays(changes, evaluator):
    replay(receipt_of(evaluator, **changes), evaluator, score_of, sealed(evaluator))


def test_a_receipt_replays_after_it_was_written_and_read(receipt, evaluator):
    text = msgspec.json.encode(receipt)
    replay(msgspec.json.decode(text, type=Receipt), evaluator, score_of, sealed(evaluator))


def test_the_same_content_has_the_same_id(receipt, evaluator):
    assert again(receipt).receipt_id == receipt.receipt_id == receipt_of(evaluator).receipt_id


def leaves(value, path=()):
    if isinstance(value, dict | list | tuple):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from leaves(inner, (*path, key))
    else:
        yield path, value


def changed(value):
    if isinstance(value, int):
        return value + 1
    return {"not_assessed": "clear", "refer": "approve", "approve": "refer", None: 1}.get(value, f"{value}x")


def test_any_changed_field_is_caught(receipt):
    plain = msgspec.to_builtins(receipt)
    paths = [path for path, _ in leaves(plain)]
    assert len(paths) > 50
    for path in paths:
        copy = msgspec.json.decode(msgspec.json.encode(receipt))
        inner = copy
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = changed(inner[path[-1]])
        try:
            forged = msgspec.convert(copy, Receipt)
        except msgspec.ValidationError:
            continue  # a word that no receipt can hold
        with pytest.raises(ReplayError):
            verify_receipt(forged)


def test_a_forged_decision_that_is_sealed_anew_does_not_replay(receipt, evaluator):
    forged = again(replace(receipt, decision=replace(receipt.decision, ceiling_fen=90_000_000)))
    verify_receipt(forged)
    with pytest.raises(ReplayError, match=r"decision\.ceiling_fen differs: sealed 90000000, now 50000000"):
        replay(forged, evaluator, score_of)


def test_a_forged_score_is_named_before_the_decision_that_follows_from_it(receipt, evaluator):
    contribution = replace(receipt.score.contributions[0], points=99)
    forged = again(replace(receipt, score=replace(receipt.score, contributions=(contribution,))))
    with pytest.raises(ReplayError, match=r"score\.contributions\[0\]\.points differs: sealed 99, now 18"):
        replay(forged, evaluator, score_of)


def test_a_forged_input_shows_in_what_follows_from_it(receipt, evaluator):
    values = receipt.features.values | {"sales_fen_12m": 900_000_000}
    forged = again(replace(receipt, features=replace(receipt.features, values=values)))
    with pytest.raises(ReplayError, match=r"decision\.ceiling_fen differs"):
        replay(forged, evaluator, score_of)


def test_another_policy_is_named(receipt, fields, parameters):
    policy = replace(load_policy(LOAN), identity="other")
    with pytest.raises(ReplayError, match=r"sealed\.policy differs: sealed '\w+', now 'other'"):
        replay(receipt, compile_policy(policy, fields, parameters, schedule="interest_first"), score_of)


def test_other_parameters_under_the_same_policy_are_caught(receipt, fields, parameters):
    dearer = compile_policy(load_policy(LOAN), fields, parameters | {"funding_rate_ppm": 50_000}, schedule="interest_first")
    with pytest.raises(ReplayError, match=r"decision\.floor_rate_ppm differs"):
        replay(receipt, dearer, score_of)


@pytest.mark.parametrize("name", ["product", "model", "feature_set", "runtime", "lists"])
def test_another_seal_is_named(name, receipt, evaluator):
    with pytest.raises(ReplayError, match=rf"sealed\.{name} differs"):
        replay(receipt, evaluator, score_of, sealed(evaluator) | {name: "other"})


def test_a_missing_seal_is_refused(receipt):
    kept = {name: value for name, value in receipt.sealed.items() if name != "runtime"}
    with pytest.raises(InputError, match="the seal 'runtime' is missing or unknown"):
        again(replace(receipt, sealed=kept))


def test_true_is_not_one_and_a_longer_list_differs():
    assert first_difference(1, True, "x") == ("x", 1, True)
    assert first_difference([1], [1, 2], "x") == ("x[1]", None, 2)
    assert first_difference({"a": 1}, {"a": 1, "b": 2}, "x") == ("x.b", None, 2)


def test_what_is_owed_is_sealed_and_replayed(shop):
    """A forger who writes less debt into a receipt is caught by its id, and, sealing it anew, by what follows from it."""
    values = {name: value for name, value in shop.policy.base_case.items() if name not in FACTS}
    newest = {"order": 1, "registry_event": 1}
    row = FeatureRow(business_id="E1", as_of=0, feature_set="f", values=values, newest_days=newest)
    score = Score(model_id="m", base_points=0, points=0, pd_ppm=30_000, contributions=())
    standing = Standing(group_exposure_fen=95_000_000, business=score)
    owed = seal(
        application=Application(application_id="A1", product="loan", business_id="E1", as_of=0, consent_id="own-data"),
        book_seq=1,
        sealed=sealed(shop),
        features=row,
        fraud=FraudVerdict("clear"),
        score=score,
        decision=shop.decide(row, FraudVerdict("clear"), score, standing),
        offer=Offer(status="not_assessed"),
        standing=standing,
    )
    replay(msgspec.json.decode(msgspec.json.encode(owed), type=Receipt), shop, lambda _: score)
    forged = replace(owed, standing=replace(standing, group_exposure_fen=0))
    with pytest.raises(ReplayError, match="does not hash to its id"):
        replay(forged, shop, lambda _: score)
    with pytest.raises(ReplayError, match=r"decision\.ceiling_fen differs: sealed 5000000, now 10000000"):
        replay(again(forged), shop, lambda _: score)


def test_a_receipt_without_a_standing_keeps_the_id_that_it_had_before_there_was_one(receipt):
    plain = msgspec.to_builtins(receipt)
    del plain["receipt_id"]
    assert "standing" not in plain
    assert content_hash(plain) == receipt.receipt_id
    assert replace(receipt, standing=Standing()) == receipt
    verify_receipt(replace(receipt, standing=Standing()))
