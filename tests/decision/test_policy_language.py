"""Sources, matrix, experiments, terms and includes: what each part of the language does, on a policy that has them all."""

from pathlib import Path

import msgspec
import pytest

from weilend.core.credit import all_in_rate_ppm, make_schedule
from weilend.core.errors import PolicyError
from weilend.core.ids import draw_ppm
from weilend.core.money import mul_rate
from weilend.core.values import FeatureRow, FraudVerdict, Score, Standing
from weilend.decision.cases import case_values, check_policy
from weilend.decision.facts import FACTS
from weilend.decision.parts import Arm, Case, Term
from weilend.decision.policy import dump_policy, load_policy, restore_policy

EXAMPLE = Path(__file__).parent / "files" / "shop_example.toml"
FRESH = {"order": 3, "registry_event": 60, "bureau_report": 1}
DAY = 86_400
replace = msgspec.structs.replace


def values_of(evaluator, **changes):
    """The base case as columns of history."""
    case = Case(name="base", values={}, outcome="refer", reasons=())
    return case_values(evaluator.policy, case) | changes


def row_of(evaluator, newest=FRESH, business="E1", **changes) -> FeatureRow:
    base = {name: value for name, value in evaluator.policy.base_case.items() if name not in FACTS}
    return FeatureRow(business_id=business, as_of=0, feature_set="f", values=base | changes, newest_days=newest)


def score_of(pd_ppm: int) -> Score:
    return Score(model_id="m", base_points=0, points=500, pd_ppm=pd_ppm, contributions=())


def standing(**changes) -> Standing:
    return replace(Standing(group_exposure_fen=0, owner=score_of(30_000), business=score_of(30_000)), **changes)


def decide(evaluator, newest=FRESH, pd_ppm=30_000, business="E1", as_of=None, **changes):
    row = row_of(evaluator, newest, business)
    return evaluator.decide(row, FraudVerdict("clear"), score_of(pd_ppm), standing(**changes), as_of=as_of)


def codes(decision) -> list[str]:
    return [reason.code for reason in decision.reasons]


def test_every_case_is_answered_and_everything_is_reached(shop):
    assert check_policy(shop) == ()


def test_what_no_case_reaches_is_a_problem(make_shop, shop):
    few = tuple(case for case in shop.policy.cases if case.name not in {"shorter and less", "without a shop somebody looks"})
    found = [str(problem) for problem in check_policy(make_shop(replace(shop.policy, cases=few)))]
    assert found == ["term 12: nothing is approved for it in any case", "source 'shop': it is there in every case"]


# ------------------------------------------------------------------------------------------------------------------ sources
def test_a_source_is_there_by_the_age_of_its_newest_record(shop):
    assert decide(shop).outcome == "approve"
    assert codes(decide(shop, newest={**FRESH, "order": 32})) == ["shop_missing", "thin_history_unknown"]
    assert codes(decide(shop, newest={**FRESH, "order": 32, "shop_snapshot": 31}))[0] == "limit_sales"
    assert decide(shop, as_of=28 * DAY).outcome == "approve"
    assert codes(decide(shop, as_of=29 * DAY))[0] == "shop_missing"


@pytest.mark.parametrize(
    ("newest", "sources", "sentence"),
    [
        ({"order": 32}, {}, "the shop's orders is too old"),
        ({}, {}, "the shop's orders is missing"),
        ({"order": 1}, {"shop": "missing"}, "the shop's orders is missing"),
        ({}, {"shop": "not_pulled"}, "the shop's orders was not asked for, because the answer was clear without it"),
    ],
)
def test_a_source_that_is_not_there_says_why(newest, sources, sentence, shop):
    others = {"registry_event": 1, "bureau_report": 1}
    decision = decide(shop, newest=others | newest, sources=sources)
    reason = next(reason for reason in decision.reasons if reason.code == "shop_missing")
    assert (decision.outcome, reason.en, reason.class_, reason.topic) == ("refer", sentence, "referral", "data")


def test_a_missing_bureau_is_not_a_clean_one(shop):
    """Its limit is less, and what the bureau might have said is not known rather than good."""
    blind = decide(shop, newest={"order": 1, "registry_event": 1})
    assert (blind.outcome, blind.ceiling_fen) == ("approve", 10_000_000)
    assert decide(shop).ceiling_fen == 20_000_000


def test_values_of_a_source_that_is_not_there_are_not_known(shop):
    trace = shop.trace(values_of(shop, bureau_status="stale"))
    assert (trace["given_queries_count"], trace["queries_count"], trace["tier"]) == (2, None, None)


# ------------------------------------------------------------------------------------------------------------------ matrix
@pytest.mark.parametrize(
    ("business", "owner", "word"),
    [(49_999, 79_999, "strong"), (50_000, 79_999, "sound"), (49_999, 80_000, "sound"), (150_000, 0, "weak"), (1, None, None)],
)
def test_a_matrix_gives_a_word_for_two_bands(business, owner, word, shop):
    assert shop.trace(values_of(shop, business_pd_ppm=business, owner_pd_ppm=owner))["tier"] == word


# ------------------------------------------------------------------------------------------------------------- experiments
def test_arms_are_drawn_as_their_shares_say_and_for_ever(shop):
    names = [f"E{index}" for index in range(2_000)]
    arms = [decide(shop, business=name, owner=score_of(90_000)).arms["margin_test"] for name in names]
    assert arms == [decide(shop, business=name, owner=score_of(90_000)).arms["margin_test"] for name in names]
    assert abs(arms.count("dearer") - 200) < 60
    assert arms == ["dearer" if draw_ppm("2026-11", name) >= 900_000 else "control" for name in names]


def test_outside_its_grade_an_experiment_changes_nothing(shop):
    dear = next(f"E{index}" for index in range(999) if draw_ppm("2026-11", f"E{index}") >= 900_000)
    inside, outside = (decide(shop, business=dear, owner=score_of(pd)) for pd in (90_000, 30_000))
    assert (inside.grade, inside.arms, inside.floor_rate_ppm) == ("B", {"margin_test": "dearer"}, 133_000)
    assert (outside.grade, outside.arms, outside.floor_rate_ppm) == ("A", {"margin_test": "control"}, 128_000)


def test_two_salts_draw_apart():
    names = [f"E{index}" for index in range(1_000)]
    both = sum(draw_ppm("a", name) < 500_000 and draw_ppm("b", name) < 500_000 for name in names)
    assert 180 < both < 320


# ------------------------------------------------------------------------------------------------------------------- price
def test_a_term_is_taken_where_its_whole_cost_is_within_the_cap(shop):
    """At the highest rate of each term, interest and fee cost at most 24 % a year; a ppm more costs more."""
    fee = mul_rate(10**10, 20_000)
    for one in shop.program.terms:
        for more, within in ((0, True), (3, False)):
            rate = one.highest_rate_ppm + more
            flows = make_schedule("equal_instalment", 10**10, annual_rate_ppm=rate, months=one.term.months)
            assert (all_in_rate_ppm(flows.flows_fen(upfront_fee_fen=fee), "nominal") <= 240_000) is within


def test_a_price_is_never_clipped(shop):
    """It is what the risk costs, for the term taken, or nothing is lent."""
    for pd_ppm in range(0, 200_000, 1_500):
        decision = decide(shop, pd_ppm=pd_ppm, owner=score_of(90_000))
        needed = {months: 50_000 + mul_rate(pd_ppm, 600_000) + 2_500 * months for months in (24, 12)}
        fitting = [one.term.months for one in shop.program.terms if needed[one.term.months] <= one.highest_rate_ppm]
        assert decision.months == (fitting[0] if fitting else None)
        assert decision.floor_rate_ppm in {None, needed.get(decision.months, 0), needed.get(decision.months, 0) + 5_000}
        assert (decision.outcome == "approve") is bool(fitting)


def test_where_no_term_fits_it_says_what_it_would_take(shop):
    decision = decide(shop, pd_ppm=990_000)
    reason = next(reason for reason in decision.reasons if reason.code == "price_above_cap")
    assert reason.en == (
        "a rate that covers cost and expected loss over 12 months, 67.4 %, is above 20.1 %, the highest whose whole cost "
        "is within the cap"
    )
    assert (reason.class_, reason.topic) == ("hard_stop", "price")


def test_a_shorter_term_is_said(shop):
    decision = decide(shop, pd_ppm=199_000, owner=score_of(90_000))
    assert (decision.months, decision.ceiling_fen, codes(decision)[0]) == (12, 12_000_000, "shorter_term")
    assert decision.reasons[0].en == (
        "over 24 months it would cost more than the cap; the term is 12 months, the limit 60.0 % of what it were else"
    )


def test_a_fee_that_alone_exceeds_the_cap_leaves_no_rate(make_shop, shop):
    costly = replace(shop.policy.parameters["fee_rate_ppm"], base=100_000)
    capped = replace(shop.policy.parameters["cap_ppm"], base=50_000)
    policy = replace(shop.policy, parameters={**shop.policy.parameters, "fee_rate_ppm": costly, "cap_ppm": capped})
    decision = decide(make_shop(policy))
    assert (decision.outcome, codes(decision)) == ("decline", ["price_above_cap"])
    assert "is above no rate at all" in decision.reasons[0].en


def test_a_term_that_may_fit_for_all_that_is_known_is_not_passed_over(make_shop, shop):
    """The first term's price reads a ceiling that is not known: the second, which could be priced, is not taken for it."""
    price = replace(shop.policy.floor_rate, formula="case when months = 24 then div(ceiling_fen, 1000000) else 1 end",
                    terms=(Term(months=24), Term(months=12)))  # fmt: skip
    blind = make_shop(replace(shop.policy, floor_rate=replace(price, formula=f"greatest({price.formula}, 0)")))
    trace = blind.trace(values_of(blind, group_exposure_fen=None))
    assert (trace["term_1_fits"], trace["term_2_fits"], trace["term"]) == (None, True, None)
    assert (trace["floor_rate_ppm"], trace["price_above_cap"], trace["outcome"]) == (None, None, "refer")


# ---------------------------------------------------------------------------------------------------------------- exposure
def test_the_group_owes_the_less_may_be_lent(shop):
    owed = [0, 50_000_000, 90_000_000, 99_400_000, 99_600_000, 10**9, None]
    found = [decide(shop, group_exposure_fen=fen) for fen in owed]
    assert [one.ceiling_fen for one in found] == [20_000_000, 20_000_000, 10_000_000, 600_000, None, None, None]
    assert [one.outcome for one in found[-3:]] == ["decline", "decline", "refer"]
    assert codes(found[-1]) == ["ceiling_unknown"]


# ------------------------------------------------------------------------------------------------------- files and identity
def test_what_is_included_counts_and_comes_first(shop):
    assert shop.policy.rules[0].id == "thin_history"
    assert shop.parameters["min_history_months"] == 6
    assert shop.policy.places.at(("rules", "thin_history", "when")) == "shared.toml:8"


def test_what_stands_in_two_files_is_refused(tmp_path):
    (tmp_path / "shared.toml").write_text((EXAMPLE.parent / "shared.toml").read_text(encoding="utf-8"), encoding="utf-8")
    text = EXAMPLE.read_text(encoding="utf-8").replace(
        "[parameters]\n", "[parameters]\nmin_history_months = { unit = 'months' }\n"
    )
    (tmp_path / "loan.toml").write_text(text, encoding="utf-8")
    with pytest.raises(
        PolicyError, match=r"^loan\.toml:52: parameter 'min_history_months': is there twice, first at shared\.toml:2"
    ):
        load_policy(tmp_path / "loan.toml")


def test_an_included_file_holds_only_what_is_shared(tmp_path):
    (tmp_path / "shared.toml").write_text('name = "no"\n', encoding="utf-8")
    (tmp_path / "loan.toml").write_text('include = ["shared.toml"]', encoding="utf-8")
    with pytest.raises(PolicyError, match=r"^shared\.toml:1: name: cannot be included\. Hint: an included file holds inputs, "):
        load_policy(tmp_path / "loan.toml")


@pytest.mark.parametrize(("shared", "own", "said"), [
    ("base.x = 1", "base.x = 2", r"^loan\.toml:2: base, x: is there twice, first at shared\.toml:1"),
    ("ceiling = 3", "", r"^shared\.toml:1: ceiling: has another form\. Hint: write \[ceiling\]"),
    ("[ceiling]", "ceiling = 3", r"^loan\.toml:2: ceiling: has another form\. Hint: write \[ceiling\]"),
])  # fmt: skip
def test_what_cannot_be_joined_is_refused(tmp_path, shared, own, said):
    (tmp_path / "shared.toml").write_text(shared + "\n", encoding="utf-8")
    (tmp_path / "loan.toml").write_text(f'include = ["shared.toml"]\n{own}\n', encoding="utf-8")
    with pytest.raises(PolicyError, match=said):
        load_policy(tmp_path / "loan.toml")


def test_the_order_of_sources_is_part_of_the_identity(tmp_path):
    text = EXAMPLE.read_text(encoding="utf-8")
    at = text.index("[sources.bureau]")
    bureau = text[at : text.index("[inputs]")]
    (tmp_path / "shared.toml").write_text((EXAMPLE.parent / "shared.toml").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "loan.toml").write_text(text.replace(bureau, "").replace("[sources.shop]", bureau + "[sources.shop]"), "utf-8")
    other = load_policy(tmp_path / "loan.toml")
    assert other.sources[0].name == "bureau"
    assert other.identity != load_policy(EXAMPLE).identity


def test_a_policy_that_was_kept_decides_as_before(make_shop, shop):
    kept = make_shop(restore_policy(dump_policy(shop.policy)))
    assert kept.policy_id == shop.policy_id
    for newest in ({}, FRESH, {"order": 99}):
        row = row_of(shop, newest)
        answers = [one.decide(row, FraudVerdict("clear"), score_of(30_000), standing()) for one in (kept, shop)]
        assert answers[0] == answers[1]


def test_values_of_a_case_that_cannot_be_are_refused(make_shop, shop):
    for values, what in (({"bureau_status": "lost"}, "'lost' is no bureau_status"), ({"pd_ppm": "low"}, "'low' is no pd_ppm")):
        odd = replace(shop.policy.cases[0], values=values)
        with pytest.raises(PolicyError, match=rf"case 'a strong shop': {what}"):
            check_policy(make_shop(replace(shop.policy, cases=(odd,))))


def test_a_trace_has_every_step_and_the_answer_agrees_with_it(shop):
    values = values_of(shop, pd_ppm=199_000)
    trace, answer = shop.trace(values), shop.answer(values)
    assert set(trace) == {*shop.program.inputs, *(step.name for step in shop.program.steps)}
    assert (answer.outcome, answer.months, answer.ceiling_fen) == (trace["outcome"], trace["months"], trace["ceiling_fen"])
    assert answer.limits_fen == {one.limit.name: trace[one.amount] for one in shop.program.limits}
    assert trace["rule_asked_around"] is False


def test_a_missing_value_is_named(shop):
    given = {name: value for name, value in values_of(shop).items() if name != "history_months"}
    for ask in (shop.answer, shop.trace):
        with pytest.raises(PolicyError, match=r"shop_example\.toml: the given values has no 'history_months'"):
            ask(given)


def test_an_experiment_of_one_arm_needs_no_draw(make_shop, shop):
    one = replace(shop.policy.experiments[0], arms=(Arm(name="all", share_ppm=1_000_000, values={"test_margin_ppm": 7}),))
    assert decide(make_shop(replace(shop.policy, experiments=(one,)))).arms == {"margin_test": "all"}
