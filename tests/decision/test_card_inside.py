"""A card inside the program gives what the card gives outside it, to the bit."""

import itertools
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weilend.core.records import Field
from weilend.core.values import FeatureRow, FraudVerdict
from weilend.decision.card_steps import table_tree
from weilend.decision.compiler import compile_policy
from weilend.decision.facts import FACTS
from weilend.decision.policy import load_policy
from weilend.decision.trees import as_formula, read
from weilend.features.invoice import INVOICE_FEATURES
from weilend.models.card import Card, Characteristic, score, seal
from weilend.models.pairs import Pair, PairAxis

LOAN = Path(__file__).parent / "files" / "invoice_example.toml"
LAW = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
CUTS = {"sales_fen_12m": (50_000_000, 150_000_000, 400_000_000), "history_months": (11, 23), "customers_12m": (4, 9, 15, 30),
        "sales_void_rate_12m": (100_000,), "purchase_count_12m": ()}  # fmt: skip
#: As cards of flat tables have them: values that are codes, and categories by place.
CODED = {"sales_void_rate_12m": {"specials": (0, 100_001), "special_points": (31, -40)},
         "customers_12m": {"cuts": (), "levels": (0, 3, 1, 2, 4, 0, 1)}}  # fmt: skip


#: Two tables of two columns: of numbers, and of a code and a category; one column is in both.
CELLS = ((3, -14, 8), (-21, 0, 5), (6, 2, -7))
PAIRS = tuple(
    Pair(first=first, second=second, points=CELLS, rows=CELLS, bads=CELLS)
    for first, second in (
        (PairAxis(feature="sales_fen_12m", cuts=(150_000_000,)), PairAxis(feature="history_months", cuts=(11,))),
        (PairAxis(feature="sales_fen_12m", cuts=(400_000_000,)), PairAxis(feature="customers_12m", levels=(0, 1, 1, 0, 1))),
    )
)


def make_card(**changes) -> Card:
    """Points rise and fall, so that no order is taken for granted; of one feature NULL was never seen."""
    points = itertools.cycle((-12, 7, 18, -3, 25, 0, 11))
    items = []
    for name, cuts in CUTS.items():
        feature = next(one for one in INVOICE_FEATURES if one.name == name)
        bins = len(cuts) + 1
        items.append(
            Characteristic(
                feature=feature, cuts=cuts, points=tuple(itertools.islice(points, bins)), null_points=-9, woe_micro=(0,) * bins,
                null_woe_micro=0, rows=(1,) * bins, bads=(0,) * bins, null_rows=name != "history_months", null_bads=0,
                coefficient_micro=1, information_micro=1, seen_lo=(cuts or (5,))[0] // 2, seen_hi=2 * (cuts or (50,))[-1],
            )
        )  # fmt: skip
        items[-1] = msgspec.structs.replace(items[-1], **CODED.get(name, {}))
    whole = Card(characteristics=tuple(items), base_points=520, lowest_points=0, pd_ppm=(), prior_ppm=80_000, anchor_ppm=80_000,
                 sample_ppm=220_000, rows=9, bads=2, seed=1, strength_micro=1, pairs=PAIRS)  # fmt: skip
    return msgspec.structs.replace(seal(whole), **changes)


@pytest.fixture(scope="module")
def inside(fields, parameters):
    return compile_policy(load_policy(LOAN), fields, parameters, schedule="interest_first", card=make_card())


def near(name: str, base: int) -> st.SearchStrategy[int | None]:
    """Values around the cuts, in and out of the policy's range, and NULL."""
    edges = [edge for cut in CUTS.get(name, ()) for edge in (cut - 1, cut, cut + 1)]
    return st.none() | st.sampled_from([*edges, base, -(10**15), 10**15]) | st.integers(0, 2 * base + 10)


@st.composite
def rows(draw, inside):
    base = {name: value for name, value in inside.policy.base_case.items() if name not in FACTS} | {"purchase_count_12m": 20}
    changed = draw(st.sets(st.sampled_from(sorted(base)), max_size=5))
    return base | {name: draw(near(name, base[name])) for name in changed}


@given(st.data())
@LAW
def test_a_card_inside_decides_as_score_and_policy_do(inside, evaluator, data):
    row = FeatureRow(business_id="E1", as_of=0, feature_set="f", values=data.draw(rows(inside)))
    for verdict in (FraudVerdict("clear"), FraudVerdict("alert")):
        assert inside.decide(row, verdict, None) == evaluator.decide(row, verdict, score(make_card(), row))


@given(st.data())
@LAW
def test_every_part_of_the_score_is_a_step(inside, data):
    row = FeatureRow(business_id="E1", as_of=0, feature_set="f", values=data.draw(rows(inside)))
    said = score(make_card(), row)
    trace = inside.trace(inside.values(row, FraudVerdict("clear"), None))
    names = [*(f"card_{name}" for name in CUTS), *(f"card_pair_{at}" for at in range(len(PAIRS)))]
    assert [trace[name] for name in names] == [one.points for one in said.contributions]
    found = (trace["given_points"], trace["given_pd_ppm"], trace["given_outside_count"])
    assert found == (said.points, said.pd_ppm, len(said.outside))


def test_another_card_decides_otherwise(inside, fields, parameters):
    """The two laws above can fail: a card that is anchored elsewhere is seen."""
    policy = load_policy(LOAN)
    other = compile_policy(policy, fields, parameters, schedule="interest_first", card=make_card(base_points=530))
    values = {name: value for name, value in policy.base_case.items() if name not in FACTS} | {"purchase_count_12m": 20}
    row = FeatureRow(business_id="E1", as_of=0, feature_set="f", values=values)
    assert inside.decide(row, FraudVerdict("clear"), None) != other.decide(row, FraudVerdict("clear"), None)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=80), st.integers(-50, 50))
@LAW
def test_a_table_of_any_length_is_looked_up(values, first):
    last = first + len(values) - 1
    tree = table_tree(read(Field("points", "integer", first, last, nullable=False)), first, tuple(values))
    run = as_formula(tree).python()
    assert [run({"points": first + at}) for at in range(len(values))] == values
    assert (run({"points": first - 9}), run({"points": last + 9})) == (values[0], values[-1])
