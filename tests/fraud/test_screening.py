"""Names meet by signs, sounds and codes; each match says why; a common name alone proves nobody."""

import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.app.desk.fraud.screening import screen_name
from weilend.core.errors import InputError, NotFoundError
from weilend.fraud.screening import Listed, Screen

LISTED = (
    Listed(listed_id="p1", bearer="person", names=("张伟", "Zhang Wei"), source="court"),
    Listed(listed_id="p2", bearer="person", names=("亓晓东",)),
    Listed(listed_id="p3", bearer="person", names=("欧阳娜娜",)),
    Listed(listed_id="b1", bearer="business", names=("杭州蓝鲸科技有限公司", "蓝鲸科技"), uscc="91350100M000100Y43"),
    Listed(listed_id="b2", bearer="business", names=("广州白云贸易有限公司",)),
)
SCREEN = Screen(LISTED)


@pytest.mark.parametrize(
    ("written", "bearer", "uscc", "expected", "least", "most"),
    [
        ("亓晓东", "person", "", ["p2"], 950_000, 950_000),
        ("齐小东", "person", "", ["p2"], 850_000, 910_000),  # other signs, the same sounds
        ("歐陽娜娜", "person", "", ["p3"], 850_000, 960_000),  # traditional signs
        ("欧阳娜", "person", "", ["p3"], 650_000, 800_000),  # a sign too few
        ("张伟", "person", "", ["p1"], 700_000, 700_000),  # a common name proves little
        ("zhangwei", "person", "", ["p1"], 700_000, 950_000),
        ("Wei Zhang", "person", "", ["p1"], 700_000, 800_000),
        ("王芳", "person", "", [], 0, 0),
        ("杭州蓝鲸科技有限公司", "business", "", ["b1"], 1_000_000, 1_000_000),
        ("蓝鲸科技有限责任公司", "business", "", ["b1"], 850_000, 1_000_000),  # known by an alias
        ("杭州兰京科技有限公司", "business", "", ["b1"], 850_000, 950_000),
        ("别的公司", "business", "91350100m000100y43", ["b1"], 1_000_000, 1_000_000),
        ("杭州蓝鲸科技有限公司", "business", "91110105MA00P8L2RU", [], 0, 0),  # the same name, another firm
        ("广州某某贸易有限公司", "business", "", [], 0, 0),  # region and legal form prove nothing
    ],
)
def test_who_is_meant(written, bearer, uscc, expected, least, most):
    found = SCREEN.search(written, bearer, uscc=uscc)
    assert [match.listed.listed_id for match in found] == expected
    assert all(least <= match.alike_ppm <= most for match in found)
    assert all(part.en and part.zh for match in found for part in match.parts)


def test_the_explanation_says_which_part_matched_how():
    (match,) = SCREEN.search("齐小东", "person")
    assert [(part.part, part.ours, part.theirs, part.en) for part in match.parts] == [
        ("core", "小东", "晓东", "the same or nearly the same pinyin"),
        ("surname", "齐", "亓", "the same or nearly the same pinyin"),
    ]


def test_a_common_surname_weighs_less_than_a_rare_one():
    screen = Screen(
        [Listed(listed_id="c", bearer="person", names=("王晓东",)), Listed(listed_id="r", bearer="person", names=("亓晓东",))]
    )
    common = screen.search("王晓冬", "person", least_ppm=0)[0]
    rare = next(match for match in screen.search("亓晓冬", "person", least_ppm=0) if match.listed.listed_id == "r")
    assert common.alike_ppm < rare.alike_ppm


@given(st.text(min_size=1, max_size=30))
@settings(max_examples=80, deadline=None)
def test_any_text_is_a_name_or_refused_and_alone_ranked_as_among_others(text):
    try:
        found = SCREEN.search(text, "person", least_ppm=0)
    except InputError:
        return
    assert all(0 <= match.alike_ppm <= 1_000_000 for match in found)
    for match in found:
        assert Screen([match.listed]).search(text, "person", least_ppm=0)[0].alike_ppm == match.alike_ppm


def test_a_file_of_names(tmp_path):
    path = tmp_path / "names.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [["listed_id", "kind", "name", "aliases", "uscc"], ["1", "person", "亓晓东", "Qi Xiaodong|亓小东", ""]]
        )
    assert screen_name(path, "qi xiao dong", "person")[0].listed.listed_id == "1"
    with pytest.raises(NotFoundError, match="no file"):
        screen_name(tmp_path / "none.csv", "x", "person")
    for text, words in (("a,b\n", "no watch list"), ("listed_id,kind,name\n1,ship,x\n", "row 1 has no name")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=words):
            screen_name(path, "x", "person")
    with pytest.raises(InputError, match="no name to be screened"):
        SCREEN.search("?!", "person")
    with pytest.raises(InputError, match="has no name"):
        Screen([Listed(listed_id="1", bearer="person", names=())])
