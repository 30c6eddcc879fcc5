"""What a report says of a number is that number."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from weilend.core.money import parse_fen
from weilend.report import show, show_short
from weilend.report.page import emphasise, spec_json

FEN = st.integers(-(10**13), 10**13)
SUFFIXES = {"B": 10**11, "M": 10**8, "k": 10**5}


@given(FEN)
def test_full_amounts_read_back_to_the_fen(fen: int) -> None:
    text = show(fen, "fen")
    assert parse_fen(text.replace("-¥", "-")) == fen


@given(FEN)
def test_short_amounts_are_within_half_a_percent_and_keep_their_sign(fen: int) -> None:
    text = show_short(fen, "fen")
    digits = text.replace("¥", "").replace(",", "")
    scale = SUFFIXES.get(digits[-1], 100)
    read = float(digits.rstrip("BMk")) * scale
    assert abs(read - fen) <= max(abs(fen) * 0.005, 0.06)


@given(st.text())
def test_running_text_never_gains_markup_but_its_three_marks(text: str) -> None:
    plain = str(emphasise(text))
    for tag in ("strong", "em", "code"):
        assert plain.count(f"<{tag}>") == plain.count(f"</{tag}>")
        plain = plain.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
    assert "<" not in plain
    assert ">" not in plain


@given(st.dictionaries(st.text(), st.text()))
def test_json_on_the_page_never_ends_its_element(data: dict[str, str]) -> None:
    assert not set(str(spec_json(data))) & set("<>&")
