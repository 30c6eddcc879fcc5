"""What a back-test counts is what counting by hand gives: every figure, one row at a time, in Python."""

from __future__ import annotations

from collections import Counter
from functools import cache

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from weilend.app.desk.backtest.history import Backtested, Compared, run_backtest, run_comparison
from weilend.core.errors import InputError
from weilend.core.ids import draw_ppm
from weilend.decision import Answer, Evaluator, backtest
from weilend.decision.backtest import OUTCOMES, Tally
from weilend.testing.applications import make_applications
from weilend.testing.policies import compile_large, large_cases, large_evaluator, large_policy

ROWS = 600
INPUTS = large_policy().inputs
replace = msgspec.structs.replace


@cache
def history() -> pa.Table:
    """Applications of two regions; of a third the outcome is known."""
    random = np.random.default_rng(5)
    made = make_applications(old().program, ROWS, 11, large_cases())
    known, bad = random.random(ROWS) < 0.35, random.random(ROWS) < 0.3
    return (
        made.append_column("business_id", pa.array([f"E{row}" for row in range(ROWS)]))
        .append_column("region", pa.array(random.choice(np.array(["east", "west", None], dtype=object), ROWS)))
        .append_column("bad", pa.array(bad, mask=~known))
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("history") / "applications.parquet"
    pq.write_table(history(), path)
    return path


def old() -> Evaluator:
    return large_evaluator(card=False)


@cache
def new() -> Evaluator:
    """The large policy with a stricter share of sales, some rules less, and one rule more."""
    policy = large_policy()
    parameters = policy.parameters | {"sales_share_ppm": replace(policy.parameters["sales_share_ppm"], base=150_000)}
    extra = replace(
        policy.rules[0], id="few_devices", class_="referral", when="devices_count_90d = 2 and owner_loans_count > 6"
    )
    dropped = {"fraud_alert", "new_representative", "tax_late", "inquiries_many", "one_buyer", "devices_many", "young_shop"}
    rules = (extra, *(rule for rule in policy.rules if rule.id not in dropped))
    return compile_large(replace(policy, parameters=parameters, rules=rules))


@cache
def answers(evaluator: Evaluator) -> list[Answer]:
    return [evaluator.answer(values) for values in history().to_pylist()]


@pytest.fixture(scope="module")
def tested(file) -> Backtested:
    return run_backtest(old(), file)


@pytest.fixture(scope="module")
def compared(file) -> Compared:
    return run_comparison(old(), new(), file)


def tally(rows: list[int]) -> Tally:
    bad = history()["bad"].to_pylist()
    known = [bad[row] for row in rows if bad[row] is not None]
    return Tally(len(rows), len(known), sum(known))


def places(evaluator: Evaluator, outcome: str) -> list[int]:
    return [row for row, answer in enumerate(answers(evaluator)) if answer.outcome == outcome]


def test_outcomes_and_known_bads(tested):
    assert tested.result.outcomes == {outcome: tally(places(old(), outcome)) for outcome in OUTCOMES}
    assert 0 < tested.result.outcomes["approve"].known < tested.result.outcomes["approve"].rows


def test_findings_and_those_that_stood_alone(tested):
    asks = {finding.code: finding.outcome for finding in old().program.findings}
    held, alone = Counter(), Counter()
    for answer in answers(old()):
        codes = [code for code in answer.codes if code in asks]
        against = [code for code in codes if asks[code] != "approve"]
        held.update(codes)
        alone.update(against if len(against) == 1 else ())
    counted = {one.code: (one.rows, one.alone) for one in tested.result.findings}
    assert counted == {code: (held[code], alone[code]) for code in asks}
    assert max(alone.values()) > 0


def test_limits_terms_and_spreads(tested):
    approved = [answers(old())[row] for row in places(old(), "approve")]
    assert tested.result.limits == Counter(answer.codes[-1].removeprefix("limit_") for answer in approved)
    assert tested.result.months == Counter(answer.months for answer in approved)
    for spread, values in (
        (tested.result.ceilings, sorted(answer.ceiling_fen for answer in approved)),
        (tested.result.rates, sorted(answer.floor_rate_ppm for answer in approved)),
    ):
        assert (spread.rows, spread.total) == (len(values), sum(values))
        assert spread.bins[0][0] <= values[0]
        assert values[-1] < spread.bins[-1][1]
        assert [sum(start <= value < end for value in values) for start, end, _ in spread.bins] == [
            one[2] for one in spread.bins
        ]
        assert all(quantile in values for quantile in spread.quantiles)
        assert abs(values.index(spread.median) - len(values) // 2) <= max(1, values.count(spread.median))


@pytest.mark.parametrize("column", ["grade", "region"])
def test_segments(tested, column):
    for segment in tested.result.segments[column]:
        told = [answer.grade for answer in answers(old())] if column == "grade" else history()["region"].to_pylist()
        rows = [row for row in range(ROWS) if told[row] == segment.value]
        by = {outcome: [row for row in rows if answers(old())[row].outcome == outcome] for outcome in OUTCOMES}
        assert (segment.approve, segment.refer, segment.decline) == tuple(len(by[outcome]) for outcome in OUTCOMES)
        assert segment.approved == tally(by["approve"])
        assert segment.ceiling_fen == sum(answers(old())[row].ceiling_fen for row in by["approve"])
    assert sum(segment.rows for segment in tested.result.segments[column]) == ROWS


def test_moves_and_swap_sets(compared):
    expected = {}
    for row, (before, after) in enumerate(zip(answers(old()), answers(new()), strict=True)):
        expected.setdefault((before.outcome, after.outcome), []).append(row)
    assert {(move.old, move.new): move.tally for move in compared.result.moves} == {
        pair: tally(rows) for pair, rows in expected.items()
    }
    for move in compared.result.moves:
        rows = expected[move.old, move.new]
        assert move.old_fen == sum(answers(old())[row].ceiling_fen or 0 for row in rows)
        assert move.new_fen == sum(answers(new())[row].ceiling_fen or 0 for row in rows)
    came = [row for pair, rows in expected.items() for row in rows if pair[0] != "approve" == pair[1]]
    assert came
    assert compared.result.tally(("refer", "decline"), ("approve",)) == tally(came)
    why = Counter(code for row in came for code in answers(old())[row].codes)
    assert {one.code: one.rows for one in compared.result.in_reasons if one.rows} == why


def test_shifts_of_those_whom_both_approve(compared):
    both = [pair for pair in zip(answers(old()), answers(new()), strict=True) if {one.outcome for one in pair} == {"approve"}]
    for name, shift in (("ceiling_fen", compared.result.ceilings), ("floor_rate_ppm", compared.result.rates)):
        pairs = [(getattr(before, name), getattr(after, name)) for before, after in both]
        counts = tuple(sum(test(*pair) for pair in pairs) for test in (int.__lt__, int.__eq__, int.__gt__))
        assert (shift.more, shift.same, shift.less) == counts
        assert (shift.old_total, shift.new_total) == tuple(map(sum, zip(*pairs, strict=True)))


def test_the_swap_of_each_segment(compared):
    region = history()["region"].to_pylist()
    yes = [{row for row, answer in enumerate(answers(one)) if answer.outcome == "approve"} for one in (old(), new())]
    for segment in compared.result.segments["region"]:
        rows = {row for row in range(ROWS) if region[row] == segment.value}
        before, after = (rows & one for one in yes)
        assert (segment.rows, segment.old, segment.new) == (len(rows), len(before), len(after))
        assert (segment.swap_in, segment.swap_out) == (len(after - before), len(before - after))


PLANTED = {
    "unknown outcomes count as good": ("TALLY", ("count(*)", "count(*)", "count(*) FILTER (WHERE bad)")),
    "unknown outcomes count as bad": ("TALLY", ("count(*)", "count(bad)", "count(*) FILTER (WHERE bad IS NOT FALSE)")),
    "soft signals stand against an approval": ("_mask", lambda bits: (1 << len(bits)) - 1),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_miscounts_are_seen(name, monkeypatch, file):
    monkeypatch.setattr(backtest, *PLANTED[name])
    wrong = run_backtest(old(), file)
    with pytest.raises(AssertionError):
        (test_findings_and_those_that_stood_alone if "_mask" in PLANTED[name] else test_outcomes_and_known_bads)(wrong)


def written(tmp_path, table: pa.Table):
    path = tmp_path / "other.parquet"
    pq.write_table(table, path)
    return path


def test_what_has_an_honest_answer_need_not_be_there(tmp_path):
    """Draws come from the business as in a live decision, a source is there where it told something, and all of it is said."""
    gone = [
        "row_age_seconds",
        "fraud_status",
        "margin_test_draw_ppm",
        "bank_status",
        "shop_status",
        "tax_status",
        "bureau_status",
    ]
    table = history().drop_columns(gone)
    assumed = []
    told_by = {
        source: [name for name, one in INPUTS.items() if one.source == source] for source in ("bank", "shop", "tax", "bureau")
    }
    for values in table.to_pylist():
        sources = {
            f"{source}_status": "present" if any(values[name] is not None for name in names) else "missing"
            for source, names in told_by.items()
        }
        facts = {
            "row_age_seconds": 0,
            "fraud_status": "not_assessed",
            "margin_test_draw_ppm": draw_ppm("2026-11", values["business_id"]),
        }
        assumed.append(old().answer({**values, **facts, **sources}))
    found = run_backtest(old(), written(tmp_path, table))
    assert {outcome: one.rows for outcome, one in found.result.outcomes.items()} == {
        outcome: sum(answer.outcome == outcome for answer in assumed) for outcome in OUTCOMES
    }
    assert found.result.limits == Counter(one.codes[-1].removeprefix("limit_") for one in assumed if one.outcome == "approve")
    assert len(found.assumed) == len(gone)
    lonely = run_backtest(old(), written(tmp_path, table.drop_columns(["business_id"])))
    assert "everybody is taken to draw the first arm" in " ".join(lonely.assumed)


def as_type(name: str, kind: pa.DataType) -> pa.Table:
    table = history()
    return table.set_column(table.column_names.index(name), name, table[name].cast(kind))


def with_column(name: str, values: list[object]) -> pa.Table:
    table = history()
    return table.set_column(table.column_names.index(name), name, pa.array(values * (ROWS // len(values))))


def test_whole_numbers_of_any_type_are_read(tmp_path, tested):
    """A library that knows no missing integers writes them as floating point."""
    table = as_type("registered_months", pa.float64())
    assert run_backtest(old(), written(tmp_path, table)).result == tested.result
    small = with_column("bad", [None, 0, 1, 1]).cast(pa.schema([*history().schema.remove(history().schema.get_field_index("bad")),
                                                                pa.field("bad", pa.int8())]))  # fmt: skip
    assert run_backtest(old(), written(tmp_path, small)).result.outcomes["approve"].known > 0


WRONG = {
    "a column is missing": (
        lambda: history().drop_columns(["owner_debt_fen"]),
        "the applications have no column owner_debt_fen",
    ),
    "a text for a number": (lambda: as_type("owner_debt_fen", pa.string()), "column owner_debt_fen holds VARCHAR"),
    "a number for a text": (lambda: with_column("fraud_status", [1]), "column fraud_status holds BIGINT"),
    "fractions": (lambda: with_column("refund_rate_6m", [0.25, 0.5]), "column refund_rate_6m holds fractions"),
    "an unknown word": (lambda: with_column("fraud_status", ["clear", "maybe"]), "column fraud_status holds maybe in 300 rows"),
    "a status that nobody said": (
        lambda: with_column("bank_status", ["present", None]),
        "column bank_status holds NULL in 300 rows",
    ),
    "an outcome of three": (
        lambda: with_column("bad", [0, 1, 2, None]),
        "column bad holds other numbers than 0 and 1, 150 times",
    ),
    "an outcome in words": (lambda: with_column("bad", ["yes"]), "column bad holds VARCHAR"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_columns_get_one_sentence(name, tmp_path):
    made, sentence = WRONG[name]
    with pytest.raises(InputError) as refused:
        run_backtest(old(), written(tmp_path, made()))
    assert sentence in str(refused.value)
    assert "Hint: " in str(refused.value)


def test_a_segment_that_is_not_there_is_refused(file):
    with pytest.raises(InputError, match="the applications have no column 'province'"):
        run_backtest(old(), file, ["province"])
    assert run_backtest(old(), file, ["business_id"]).segments == ("business_id",)


def test_nothing_approved_is_no_error(tmp_path):
    nobody = with_column("fraud_status", ["alert"])
    found = run_backtest(old(), written(tmp_path, nobody))
    assert (found.result.outcomes["approve"].rows, found.result.ceilings, found.result.limits) == (0, None, {})
