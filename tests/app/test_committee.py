"""The committee's report: it says all that it must, and claims nothing that its intervals do not carry."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from committee_example import AS_OF, make_result

from weilend.app.desk.committee import compose_report
from weilend.app.desk.committee.budget import compose_budget
from weilend.app.desk.committee.data import compose_data
from weilend.app.desk.committee.decisions import compose_decisions
from weilend.app.desk.committee.evidence import compose_evidence
from weilend.app.desk.committee.facts import count_answers, taken_fen
from weilend.app.desk.committee.outcomes import find_grade
from weilend.app.desk.committee.scorecard import compose_scorecard
from weilend.app.desk.committee.shift import compose_shift
from weilend.app.desk.committee.short import compose_short
from weilend.app.desk.committee.stressed import compose_stress
from weilend.app.desk.committee.truth import compose_truth
from weilend.app.desk.models.shown import show_product
from weilend.app.desk.run import Result
from weilend.core.values import Reason
from weilend.features.spec import show_value
from weilend.models.folds import SEEDS
from weilend.models.metrics import Interval
from weilend.models.pairs import Pair, PairAxis
from weilend.models.validate import Permutations
from weilend.report import Page, Section, render_page

replace = msgspec.structs.replace
ABOVE, ACROSS, BELOW = Interval(50_000, 10_000, 90_000), Interval(-5_000, -45_000, 40_000), Interval(-50_000, -90_000, -10_000)
#: Words that say that one thing is better or worse than another.
CLAIM = re.compile(r"ranks better|ranks worse|ours earned ¥|interval (?:lies )?(?:above|below) 0|优于|劣于|多赚|少赚")
PRAISE = re.compile(
    r"\b(excellent|strong|robust|powerful|significant|impressive|superior|reliable|convincing|state of the art)\b"
    r"|\bgood (model|card|rank|result|book|fit|AUC)|outperform|\bbeats?\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def result() -> Result:
    return make_result()


@pytest.fixture(scope="module")
def page(result: Result) -> Page:
    return compose_report(result)


def texts(value: Any) -> Iterator[str]:
    """Every text in a page or section, charts' rows included, their drawing instructions left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from texts(getattr(value, name))
    elif isinstance(value, dict):
        for row in value.get("data", {}).get("values", []):
            yield from (text for text in row.values() if isinstance(text, str))
    elif isinstance(value, tuple | list):
        for one in value:
            yield from texts(one)


def read(value: Page | Section) -> str:
    return "\n".join(texts(value)).replace("\N{NO-BREAK SPACE}", " ")


def with_study(result: Result, **changes: Any) -> Result:
    return replace(result, study=replace(result.study, **changes))


def with_leads(result: Result, low_fen: int, high_fen: int) -> Result:
    comparison = result.proof.comparison
    books = tuple(replace(b, lead_fen=(low_fen + high_fen) // 2, low_fen=low_fen, high_fen=high_fen) for b in comparison.books)
    return replace(result, proof=replace(result.proof, comparison=replace(comparison, books=books)))


def undecided(result: Result) -> Result:
    """The same result with every difference undecided."""
    return with_leads(with_study(result, over_size=ACROSS, over_logistic=ACROSS), -100_000, 300_000)


@pytest.mark.parametrize(
    "said",
    [
        "40 applications",
        "`weilend quarantine`",
        "2020-03-01",
        "--assume-label-known",
        "The label has no date",
        "total sales alone",
        "5 of the 20 published seeds (1–5)",
        "Fraud",
        "was not assessed for 40 of 40",
        "12 of 60 (20 %)",
        "The portfolio's 8 % is an assumption",
        "How safe the safest are",
        "settled after 26 of them had been compared",
        "The table of customers lost at each rate is a stand-in",
        "A as A, B as B, C as C",
        "interest first",
        "The status is the final one and has no date",
        "lockdown of 2020",
        "100 % of the invoices were handed over later",
        "folder `invented`",
        "The permutation test was not run",
        "9 of 40 (22.5 %)",
        "2 of 60 (3.3 %)",
        "Reasons add up:",
        "40 of 40 (100 %)",
        "gross is not net plus tax",
        "K007",
        "Offered behind one shared largest customer",
        "Approved, not placed",
        "What binds",
        "proven optimal",
        "Which decisions survive",
        "Placements that survive",
        "Equal amounts",
        "By sales",
        "Largest first, one rate",
        "Lowest PD first, one rate",
        "Everyone a share, one rate",
        "regularised logistic regression",
        "Brier",
        "Calibration slope",
        "KS",
        "bads are in the smallest third",
        "unsecured small-business loans lose",
        "sales_capacity_ppm",
        "信贷审批委员会报告",
        "授信决策",
    ],
)
def test_what_must_be_said_is_said(page: Page, said: str) -> None:
    assert said in read(page)


def test_every_section_has_a_chinese_title_and_the_footer_names_what_decided(page: Page, result: Result) -> None:
    assert all(section.title_zh for section in page.sections)
    made_from = dict(page.made_from)
    sealed = result.receipts[0].sealed
    assert (made_from["policy"], made_from["model"]) == (sealed["policy"], sealed["model"])
    assert made_from["allocation"] == result.allocation.allocation_id
    assert (made_from["book, sequence"], made_from["seeds"]) == ("100", "1, 2, 3, 4, 5")


@pytest.mark.parametrize(
    ("interval", "title", "sentence"),
    [
        (ABOVE, "The card ranks better than total sales alone", "the card ranks better than total sales alone"),
        (ACROSS, "No difference to total sales alone is shown", "no difference to total sales alone is shown"),
        (BELOW, "The card ranks worse than total sales alone", "the card ranks worse than total sales alone"),
    ],
)
def test_page_one_says_of_size_what_the_interval_carries(result: Result, interval: Interval, title: str, sentence: str) -> None:
    said = read(compose_short(with_study(result, over_size=interval)))
    assert title in said
    assert sentence in said
    assert sum(claim in said for claim in ("better than total", "worse than total", "No difference to total")) == 1


@pytest.mark.parametrize(
    ("low", "high", "code"),
    [(100, 200, "ours earned more, interval above 0"), (-100, 200, "no difference is shown"), (-200, -100, "ours earned less")],
)
def test_the_books_say_what_their_intervals_carry(result: Result, low: int, high: int, code: str) -> None:
    said = read(compose_truth(with_leads(result, low, high)))
    assert said.count(code) >= 5
    assert bool(CLAIM.search(said)) == (code != "no difference is shown")


def test_nothing_is_claimed_where_every_interval_contains_zero(result: Result) -> None:
    said = read(compose_report(undecided(result)))
    assert CLAIM.findall(said) == []


def test_the_scan_would_find_a_claim(result: Result) -> None:
    """The pair of the test above: each kind of claim is found where it is made."""
    for changed in (with_study(undecided(result), over_size=ABOVE), with_study(undecided(result), over_logistic=BELOW)):
        assert CLAIM.search(read(compose_evidence(changed)))
    assert CLAIM.search(read(compose_truth(with_leads(undecided(result), 100, 200))))


def test_an_interval_that_touches_zero_claims_nothing(result: Result) -> None:
    touching = with_study(undecided(result), over_size=Interval(10_000, 0, 20_000))
    assert not CLAIM.search(read(compose_short(touching)))


def test_no_praise(page: Page) -> None:
    assert [match[0] for match in PRAISE.finditer(read(page))] == []
    assert PRAISE.search("a strong model")


def test_the_assumed_label_is_a_callout_on_page_one_only_where_it_was_assumed(result: Result) -> None:
    assert "Trained on outcomes that nobody knew on 2020-01-01" in read(compose_short(result))
    later = with_study(result, about=replace(result.study.about, assumed_known=False))
    said = read(compose_short(later))
    assert "--assume-label-known" not in said
    assert "nobody knew" not in said
    assert "taken as known on 2020-03-01" in said


def test_a_card_no_better_than_a_coin_is_a_warning_on_page_one(result: Result) -> None:
    assert "not shown to rank at all" not in read(compose_short(result))
    figures = replace(result.study.figures, auc=Interval(555_000, 461_000, 643_000))
    said = read(compose_short(with_study(result, figures=figures)))
    assert "The card is not shown to rank at all" in said
    assert "the interval contains 0.5, so nothing is shown" in said


def test_a_note_of_the_order_stands_on_page_one(result: Result) -> None:
    assert "Said by whoever ordered this run" not in read(compose_short(result))
    noted = replace(result, order=replace(result.order, note="The data is made up."))
    said = read(compose_short(noted))
    assert "The data is made up." in said
    assert "Said by whoever ordered this run" in said


def test_reasons_given_to_all_are_left_out_of_the_list(result: Result) -> None:
    table = next(block for block in compose_decisions(result).blocks if getattr(block, "title", "").startswith("All decisions"))
    assert "`fraud_not_assessed`" in table.caption
    assert all("fraud was not assessed" not in row[-1] for row in table.rows)
    assert len(table.rows) == 40


def test_a_full_run_says_so(result: Result) -> None:
    figures = replace(result.study.figures, seeds=SEEDS)
    found = Permutations(draws=100, mean_ppm=503_000, spread_ppm=60_000, p_value_ppm=9_901)
    said = read(compose_evidence(with_study(result, figures=figures, permutations=found)))
    assert "all 20 published seeds (1–20)" in said
    assert "`--full` runs it" not in said
    assert "100 permutations: the mean AUC is 0.503" in said
    assert "as it should be" in said


def test_permutations_far_from_a_half_are_a_warning(result: Result) -> None:
    found = Permutations(draws=100, mean_ppm=560_000, spread_ppm=60_000, p_value_ppm=9_901)
    said = read(compose_evidence(with_study(result, permutations=found)))
    assert "something in the pipeline sees what it must not" in said
    assert "as it should be" not in said


def test_a_third_whose_interval_contains_a_half_shows_nothing(result: Result) -> None:
    thirds = tuple(replace(third, auc=Interval(600_000, 450_000, 750_000)) for third in result.study.figures.thirds)
    said = read(compose_evidence(with_study(result, figures=replace(result.study.figures, thirds=thirds))))
    assert said.count("the interval contains 0.5, so nothing is shown") == 3
    alone = tuple(replace(third, auc=None) for third in thirds)
    said = read(compose_evidence(with_study(result, figures=replace(result.study.figures, thirds=alone))))
    assert "nothing to rank" in said


def test_the_benchmark_allowance_follows_the_estimate(result: Result) -> None:
    assert "the estimate is within that" in read(compose_evidence(with_study(result, over_logistic=ACROSS)))
    far = Interval(-30_000, -70_000, 10_000)
    assert "the estimate is outside that" in read(compose_evidence(with_study(result, over_logistic=far)))


def test_counts_agree_with_the_receipts(result: Result) -> None:
    counts = count_answers(result)
    assert sum(counts.values()) == len(result.receipts)
    assert counts["approve"] == len(result.allocation.placements)
    assert counts["approve, not placed"] == len(result.allocation.not_placed)
    said = read(compose_decisions(result))
    for reason in (reason for receipt in result.receipts for reason in receipt.decision.reasons):
        assert reason.code in said


def test_take_up_adds_up_to_what_the_allocation_expects(result: Result) -> None:
    taken = sum(taken_fen(result, placement) for placement in result.allocation.placements)
    assert taken == pytest.approx(result.allocation.expected_taken_fen, rel=1e-4)


def test_grades_out_of_fold_hold_every_known_business_once(result: Result) -> None:
    found = [place for grade in result.sealed.product.grades for place in find_grade(result, grade)]
    assert sorted(found) == list(range(len(result.population.known.names)))


def test_checks_hold_and_would_show_a_breach(result: Result) -> None:
    assert "NO 否" not in read(compose_budget(result))
    placements = list(result.allocation.placements)
    placements[0] = replace(placements[0], amount_fen=900_000_000, annual_rate_ppm=10_000)
    breached = replace(result, allocation=replace(result.allocation, placements=tuple(placements)))
    assert read(compose_budget(breached)).count("NO 否") >= 4


def test_a_search_that_stopped_early_proves_only_a_bound(result: Result) -> None:
    book = replace(result.allocation, method="gap", bound_fen=result.allocation.expected_profit_fen + 12_300)
    said = read(compose_budget(replace(result, allocation=book)))
    assert "proven optimal" not in said
    assert "¥123 above it" in said


def test_nothing_placed_still_reads(result: Result) -> None:
    empty = replace(
        result.allocation, placements=(), offered_fen=0, expected_taken_fen=0, expected_profit_fen=0, binding=(), bound_fen=0
    )
    changed = replace(result, allocation=empty)
    assert "Nothing is placed" in read(compose_budget(changed))
    assert "nothing is placed" in read(compose_short(changed))


def test_a_file_read_again_is_not_reported_as_doubled(result: Result) -> None:
    counted = replace(result.counted[0], accepted=0, duplicate=1_097)
    said = read(compose_data(replace(result, counted=(counted,))))
    assert "Every row was in the book already" in said
    assert "K007" not in said


def test_rows_that_do_not_add_up_are_said(result: Result) -> None:
    assert "**holds**" in read(compose_data(result))
    assert "**does not hold**" in read(compose_data(replace(result, counted=(replace(result.counted[0], rows_in=1_101),))))


def test_windows_that_reach_into_the_lockdown_say_so(result: Result) -> None:
    later = replace(result, order=replace(result.order, as_of=date(2020, 3, 1)), as_of=AS_OF + 60 * 86_400)
    assert "they reach into the New Year and lockdown of 2020" in read(compose_short(later))
    assert "they end before the New Year and lockdown of 2020" in read(compose_short(result))


def test_drift_and_stress_read_from_the_values(result: Result) -> None:
    drift = tuple(replace(one, psi_ppm=0) for one in result.study.drift)
    assert f"0 of {len(drift)} features differ by more than chance" in read(compose_shift(with_study(result, drift=drift)))
    cells = tuple(replace(cell, base_profit_fen=-500) for cell in result.stress.cells)
    said = read(compose_stress(replace(result, stress=replace(result.stress, cells=cells))))
    assert "It expects a loss in 4 of 4" in said
    assert "Orange is an expected loss" in said


def test_card_shows_points_of_every_bin(result: Result) -> None:
    said = read(compose_scorecard(result))
    assert "up to ¥6,000,000" in said
    assert "above ¥15,000,000" in said


def test_whatever_a_value_holds_is_escaped(result: Result) -> None:
    evil = "<script>alert('x')</script>"
    receipt = result.receipts[0]
    decision = replace(receipt.decision, reasons=(Reason("odd_code", evil, evil),))
    changed = replace(
        result,
        receipts=(replace(receipt, decision=decision), *result.receipts[1:]),
        order=replace(result.order, consent_id=evil, data=(("cumcm2020c", Path("<b>folder</b>")),)),
    )
    html = render_page(compose_report(changed))
    assert evil not in html
    assert "&lt;script&gt;alert" in html
    assert "<b>folder" not in html


def test_the_page_is_a_function_of_the_result(result: Result, page: Page) -> None:
    assert render_page(page) == render_page(compose_report(result))


def test_the_command_line_starts_without_charts() -> None:
    code = "import sys, weilend.app.cli.main; print(sorted({'altair', 'weilend.report'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_a_card_with_tables_of_two_features_shows_them_wherever_it_is_shown(result: Result) -> None:
    card = result.study.card
    first, second = (item.feature for item in card.characteristics[:2])
    cells = ((7, -7, 0), (0, 3, 0), (0, 0, 0))
    axes = (PairAxis(feature=first.name, cuts=(12_345_600,)), PairAxis(feature=second.name, cuts=(50_000,)))
    seen = {"rows": ((9, 8, 0), (0, 5, 0), (0, 0, 0)), "bads": ((1, 4, 0), (0, 1, 0), (0, 0, 0))}
    pair = Pair(first=axes[0], second=axes[1], points=cells, **seen)
    paired = replace(card, pairs=(pair,))
    said = read(compose_scorecard(with_study(result, card=paired)))
    plain = read(compose_scorecard(result))
    shown = [row for row in show_product(paired)[1] if row[0] == pair.name]
    assert pair.name in said
    assert pair.name not in plain
    assert [row[3:] for row in shown] == [(7, 9, 1), (-7, 8, 4), (3, 5, 1)]
    assert all(f"{row[1]}" in said for row in shown), "page and terminal name cells alike"
    assert show_value(12_345_600, first.unit) in shown[0][1]
    assert show_product(card)[1] == show_product(paired)[1][: -len(shown)]
