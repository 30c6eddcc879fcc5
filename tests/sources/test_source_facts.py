"""Laws of what files say twice: balances, sums, chains of statements, check digits; of shares, ordinals, kept words and tokens."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.errors import InputError
from weilend.sources import Tokens, scrub
from weilend.sources.columns.groups import group_codes, may_repeat, ordinals_of
from weilend.sources.figures import rolls_on, running_balance, statement_chain, vouchers_balance
from weilend.sources.identifiers import has_inner_digit, is_card_number, is_citizen_number, is_uscc
from weilend.sources.steps.lexicon import kept_words, natures
from weilend.sources.steps.shops import share_out

AMOUNTS = st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=30)


@settings(deadline=None, max_examples=60)
@given(st.integers(-(10**9), 10**9), AMOUNTS, st.data())
def test_a_running_balance_holds_until_one_of_its_figures_is_changed(opening, amounts, data):
    signed = np.array(amounts, np.int64)
    balances = opening + np.cumsum(signed)
    known = np.array([data.draw(st.booleans()) for _ in amounts])
    compared = running_balance(signed, balances, known)
    assert (compared is None) == (known.sum() < 2)
    if compared is not None:
        assert compared.holds
        places = np.flatnonzero(known)
        forged = balances.copy()
        forged[data.draw(st.sampled_from(places.tolist()))] += data.draw(st.integers(1, 10**6))
        assert not running_balance(signed, forged, known).holds


LINES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 10**6)), max_size=20)


@settings(deadline=None, max_examples=60)
@given(LINES)
def test_vouchers_balance_only_where_each_does(lines):
    vouchers = np.array([voucher for voucher, _ in lines] * 2, np.int64)
    amounts = np.array([amount for _, amount in lines], np.int64)
    debit, credit = np.r_[amounts, 0 * amounts], np.r_[0 * amounts, amounts]
    assert vouchers_balance(vouchers, debit, credit).holds
    if len(amounts):
        credit[-1] += 1
        assert vouchers_balance(vouchers, debit, credit).failed == 1
        assert rolls_on(0 * amounts, amounts, 0 * amounts, amounts).holds


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 60), min_size=2, max_size=8), st.data())
def test_statements_that_follow_each_other_have_no_gap_and_one_left_out_makes_one(lengths, data):
    starts = np.cumsum([0, *lengths])
    first = date(2020, 1, 1)
    chain = [
        (first + timedelta(days=int(start)), first + timedelta(days=int(end) - 1), int(start), int(end))
        for start, end in pairwise(starts)
    ]
    assert all(one.holds and one.what == "seam" for one in statement_chain(chain))
    if len(chain) > 2:
        left_out = data.draw(st.integers(1, len(chain) - 2))
        (gap,) = [one for one in statement_chain(chain[:left_out] + chain[left_out + 1 :]) if not one.holds]
        assert (gap.what, gap.since, gap.until) == ("gap", chain[left_out][0], chain[left_out][1])
    assert {one.what for one in statement_chain([*chain, chain[0]])} == {"seam", "overlap"}


SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@settings(deadline=None, max_examples=60)
@given(st.text(st.sampled_from(SIGNS), min_size=17, max_size=17), st.integers(0, 17), st.sampled_from(SIGNS))
def test_a_credit_code_has_one_check_digit_and_one_wrong_sign_breaks_it(body, place, sign):
    (valid,) = [body + check for check in SIGNS if is_uscc(body + check)]
    assert is_uscc(valid[:place] + sign + valid[place + 1 :]) == (valid[place] == sign)
    inner = [has_inner_digit(valid[:16] + check + valid[17:]) for check in "0123456789X"]
    assert sum(inner) == 1


@settings(deadline=None, max_examples=60)
@given(st.integers(10**14, 10**18 - 1), st.integers(0, 14), st.sampled_from("0123456789"))
def test_a_card_number_with_one_wrong_digit_is_none(body, place, digit):
    (valid,) = [f"{body}{check}" for check in range(10) if is_card_number(f"{body}{check}")]
    assert is_card_number(valid[:place] + digit + valid[place + 1 :]) == (valid[place] == digit)


@settings(deadline=None, max_examples=60)
@given(st.integers(110_000, 659_999), st.dates(date(1930, 1, 1), date(2020, 1, 1)), st.integers(0, 999))
def test_an_identity_number_has_one_check_digit(region, birth, serial):
    body = f"{region}{birth:%Y%m%d}{serial:03d}"
    assert sum(is_citizen_number(body + check) for check in "0123456789X") == 1


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10**6)), min_size=1, max_size=20), st.integers(0, 10**12))
def test_shares_of_an_order_add_up_to_it(lines, total):
    groups = np.array([group for group, _ in lines], np.int64)
    shares = share_out(np.full(len(lines), total, np.int64), np.array([weight for _, weight in lines], np.int64), groups)
    assert (shares >= 0).all()
    assert [int(shares[groups == group].sum()) for group in set(groups.tolist())] == [total] * len(set(groups.tolist()))


PAIRS = st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 2)), min_size=1, max_size=20)


@settings(deadline=None, max_examples=60)
@given(PAIRS)
def test_ordinals_count_equal_rows_and_no_repeat_is_overlooked(pairs):
    columns = [pa.array([pair[0] for pair in pairs], pa.string()), pa.array([pair[1] for pair in pairs])]
    assert ordinals_of(columns).tolist() == [pairs[:place].count(pair) for place, pair in enumerate(pairs)]
    codes = group_codes(columns).tolist()
    assert len(set(codes)) == len(set(pairs)) == len(set(zip(codes, pairs, strict=True)))
    assert all(may or pairs.count(pair) == 1 for may, pair in zip(may_repeat(columns), pairs, strict=True))


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=20) | st.lists(st.sampled_from(["转账", "王小明", "工资", "138", " ", "POS"]), max_size=6).map("".join))
def test_what_is_kept_of_a_purpose_is_kept_again(text):
    kept = kept_words(text)
    assert kept is None or kept_words(kept) == kept
    assert not kept or not any(sign.isdecimal() and sign != "1" for sign in kept)  # 1号店 is a shop


@settings(deadline=None, max_examples=40)
@given(st.lists(st.text(max_size=6) | st.none(), max_size=12))
def test_tokens_are_equal_where_values_are_and_tell_none(values):
    tokens = Tokens(bytes(range(16)))
    hidden, clear = tokens.column("party", pa.array(values, pa.string()))
    pairs = set(zip(values, hidden.to_pylist(), strict=True))
    trimmed = {None if value is None else value.strip() for value in values}
    assert len({token for _, token in pairs}) == len(trimmed)
    assert all((value is None) == (token is None) for value, token in pairs)
    assert set(zip(clear["value"].to_pylist(), clear["token"].to_pylist(), strict=True)) == {
        pair for pair in pairs if pair[0] is not None
    }


def test_a_key_that_could_be_guessed_is_refused():
    with pytest.raises(InputError) as caught:
        Tokens(b"short")
    assert caught.value.hint


#: What `scrub` must hide, as patterns that say it plainly and take a square of the length: digits, masks and dashes, and e-mail.
PLAINLY = (re.compile(r"[^\s,;:，；：]*@[^\s,;:，；：]*"), re.compile(r"[0-9*Xx]*[0-9][0-9*Xx-]{2,}"))


@settings(deadline=None, max_examples=300)
@given(st.text("01*Xx- a@,甲", max_size=14))
def test_scrub_hides_what_the_plain_patterns_hide(text):
    plainly = text
    for pattern in PLAINLY:
        plainly = pattern.sub("#", plainly)
    assert scrub(text) == plainly


def test_what_a_platform_lends_in_a_sellers_wallet_is_no_sale():
    """A loan's line says 交易, too; and a buyer who pays on credit (花呗) has still bought."""
    told = {("网商贷交易", "in"): "loan_in", ("网商贷交易", "out"): "loan_out", ("借呗放款", "in"): "loan_in",
            ("网商贷利息", "out"): "interest", ("花呗交易", "in"): "sale", ("交易付款", "in"): "sale"}  # fmt: skip
    texts, ways = zip(*told, strict=True)
    seller = natures("seller")
    assert seller.words(seller.rows(pa.array(texts)), pa.array(ways)).to_pylist() == list(told.values())
