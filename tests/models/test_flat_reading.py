"""Flat tables as they come: encodings, separators, dressed numbers, dates, nulls, ids; scoring reads what building read."""

from __future__ import annotations

import datetime
from decimal import Decimal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.errors import InputError, NotFoundError
from weilend.models.design import design_sample
from weilend.models.flat import Roles, code_table, read_frame, read_outcome
from weilend.models.flat.coding import read_as
from weilend.models.flat.frame import read_column
from weilend.models.sample import Column


def write(path, text: str, encoding: str = "utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_encoding_separator_and_line_end_gives_the_same_table(tmp_path, encoding, separator, end) -> None:
    rows = [("企业", "年收入", "违约"), ("甲", "12.5", "是"), ("乙", "", "否"), ("甲", "7", "否")]
    frame = read_frame(write(tmp_path / "t.csv", end.join(separator.join(row) for row in rows) + end, encoding))
    assert frame.names() == ("企业", "年收入", "违约")
    assert frame["年收入"].texts() == ["12.5", "", "7"]
    assert frame["企业"].texts() == ["甲", "乙", "甲"]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["12.5%", "7 %", "n/a"], [12.5, 7, None]),
        (["36 months", " 1 month", "60 months"], [36, 1, 60]),
        (["$1,200", "$90", ""], [1200, 90, None]),
        (["¥1,234.50", "¥-2", "?"], [1234.5, -2, None]),
        (["1.00E+05", "2e3", "5"], [100_000, 2000, 5]),
        (["(12)", "3", "NULL"], [-12, 3, None]),
        (["3万元", "12万元", "缺失"], [3, 12, None]),
    ],
)
def test_numbers_in_any_dress_are_numbers(cells, values) -> None:
    column = read_column("x", pa.chunked_array([cells]))
    assert column.kind == "number"
    assert [value / column.scale if known else None for value, known in zip(column.values, column.known, strict=True)] == values


@pytest.mark.parametrize("cells", [["1,2", "3"], ["36 months", "3 years"], ["12", "twelve"], ["1-2", "3"], ["A12", "A13"]])
def test_what_is_no_number_throughout_stays_words(cells) -> None:
    assert read_column("x", pa.chunked_array([cells])).kind == "category"


@given(
    st.lists(st.decimals(-(10**6), 10**6, places=3, allow_nan=False), min_size=1, max_size=20),
    st.sampled_from(["", " €", "%"]),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_a_comma_before_decimals_says_what_a_point_says(tmp_path_factory, numbers, unit, grouped) -> None:
    """A file as Excel writes it on the continent, and the same in English: the same table, though one may be cut otherwise."""
    english = [f"{number:,f}{unit}" if grouped else f"{number:f}{unit}" for number in [*numbers, Decimal("1234.25")]]
    german = [text.translate(str.maketrans(",.", ".,")) for text in english]
    folder = tmp_path_factory.mktemp("marks")
    tables = [
        read_frame(write(folder / "t.csv", "x;y\n" + "".join(f"{text};a\n" for text in texts))) for texts in (english, german)
    ]
    assert [table["x"].kind for table in tables] == ["number", "number"]
    assert [tables[0]["x"].texts(), tables[0]["x"].scale] == [tables[1]["x"].texts(), tables[1]["x"].scale]
    # one row alone: what the model knows of the column says how it is read
    column = Column(name="x", scale=tables[1]["x"].scale, mark=tables[1]["x"].mark)
    for text, value in zip(german, tables[1]["x"].values.tolist(), strict=True):
        alone = read_as(write(folder / "one.csv", f"x;y\n{text};a\n"), (column,))
        assert code_table(alone, (column,)).values.tolist() == [[value]]


def test_a_model_tells_its_columns_mark(tmp_path) -> None:
    rows = "".join(f"{at},{at % 7}5;{at % 2}\n" for at in range(40))
    frame = read_frame(write(tmp_path / "t.csv", "x;bad\n" + rows))
    design = design_sample(frame, Roles(label="bad"), seed=1)
    assert [(column.name, column.mark) for column in design.sample.columns] == [("x", ",")]
    assert b'"mark"' not in msgspec.json.encode(Column(name="x", scale=10))  # a table with points says nothing of it


@given(st.lists(st.decimals(-(10**6), 10**6, places=4, allow_nan=False), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_quanta_are_the_text_to_the_last_digit(numbers) -> None:
    texts = [str(number) for number in numbers]
    column = read_column("x", pa.chunked_array([texts]))
    assert [round(number * column.scale) for number in numbers] == column.values.tolist()
    doubles = read_column("x", pa.chunked_array([[float(text) for text in texts]]))
    assert [value / doubles.scale for value in doubles.values] == [value / column.scale for value in column.values]


@pytest.mark.parametrize(
    "text", ["2018-05-01", "2018/5/1", "2018-05", "2018年5月", "May-2018", "05/01/2018", "2018-05-01 10:00:00"]
)
def test_days_are_read_in_many_forms(text) -> None:
    column = read_column("t", pa.chunked_array([[text, "", text]]))
    assert (column.kind, column.values[0], column.known.tolist()) == ("date", 17_652, [True, False, True])


def test_day_before_month_is_read_where_the_file_proves_it_and_no_day_is_invented() -> None:
    assert read_column("t", pa.chunked_array([["31/01/2018", "01/02/2018"]])).values.tolist() == [17_562, 17_563]
    assert read_column("t", pa.chunked_array([["2018-02-30"]])).kind == "category"


def test_parquet_keeps_its_types(tmp_path) -> None:
    table = pa.table({
        "whole": [1, None, 3], "part": [0.25, float("nan"), 1.0], "yes": [True, False, None],
        "day": [datetime.date(2018, 5, 1)] * 3, "word": ["a", "b", None],
    })  # fmt: skip
    pq.write_table(table, tmp_path / "t.parquet")
    frame = read_frame(tmp_path / "t.parquet")
    assert [column.kind for column in frame.columns] == ["number", "number", "number", "date", "category"]
    assert frame["part"].texts() == ["0.25", "", "1"]
    assert frame["whole"].known.tolist() == [True, False, True]


def test_ids_and_free_text_are_known_by_their_cells() -> None:
    names = [f"E{at}" for at in range(200)]
    assert read_column("firm", pa.chunked_array([names])).kind == "id"
    stories = [f"needs money for a new machine, number {at}, and for the rent" for at in range(200)]
    assert read_column("story", pa.chunked_array([stories])).kind == "text"
    assert read_column("town", pa.chunked_array([[f"T{at % 60}" for at in range(200)]])).kind == "category"


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "empty"), ("a,a\n1,2\n", "two columns named a"), ("a,b\n", "no rows"), ("a,b\n1,2\n1\n", "not read as a table")],
)
def test_what_is_no_table_is_refused_in_one_sentence(tmp_path, text, says) -> None:
    with pytest.raises(InputError, match=says):
        read_frame(write(tmp_path / "t.csv", text))
    with pytest.raises(NotFoundError, match="no file"):
        read_frame(tmp_path / "other.csv")


@pytest.mark.parametrize(
    ("cells", "bad", "found"),
    [
        (["0", "1"], (), [False, True]),
        (["否", "是"], (), [False, True]),
        (["good", "bad"], (), [False, True]),
        (["1", "2"], ("2",), [False, True]),
        (["A", "B", "D"], ("b", "D"), [False, True, True]),
        (["Fully Paid", "Charged Off"], (), [False, True]),
    ],
)
def test_the_bad_value_is_known_or_named(cells, bad, found) -> None:
    column = read_column("y", pa.chunked_array([cells]))
    assert read_outcome(column, Roles(label="y", bad=bad)).bad.tolist() == found


@pytest.mark.parametrize("cells", [["1", "2"], ["-1", "1"], ["Current", "Charged Off", "Fully Paid"], ["a", "b"], ["1", "1"]])
def test_an_unclear_label_is_refused_with_the_values_seen(cells) -> None:
    with pytest.raises(InputError, match=cells[0].lower()):
        read_outcome(read_column("y", pa.chunked_array([cells])), Roles(label="y"))


def test_a_value_that_no_row_has_cannot_be_bad() -> None:
    with pytest.raises(NotFoundError, match="no row has 9"):
        read_outcome(read_column("y", pa.chunked_array([["1", "2"]])), Roles(label="y", bad=("9",)))


COLUMNS = (
    Column(name="income", scale=100),
    Column(name="use", kind="category", words=("goods", "rent")),
    Column(name="opened", until="applied"),
)


def test_a_row_is_read_alike_alone_and_among_others(tmp_path) -> None:
    head = "income,use,opened,applied\n"
    lines = [
        "12.5,goods,2018-01-01,2018-03-01",
        "7,never,,2018-03-01",
        ",rent,2018-02-27,2018-03-01",
        "0.123456,,2017-01-01,2018-01-01",
    ]
    whole = code_table(read_as(write(tmp_path / "all.csv", head + "\n".join(lines) + "\n"), COLUMNS), COLUMNS)
    assert whole.values.tolist() == [[1250, 0, 59], [700, 2, 0], [0, 1, 2], [12, 0, 365]]
    assert whole.known.tolist() == [[True, True, True], [True, True, False], [False, True, True], [True, False, True]]
    for at, line in enumerate(lines):
        one = code_table(read_as(write(tmp_path / "one.csv", head + line + "\n"), COLUMNS), COLUMNS)
        assert np.array_equal(one.values[0], whole.values[at])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("use,opened,applied\ngoods,2018-01-01,2018-01-02\n", "no column income"),
        ("income,use,opened,applied\nmuch,goods,2018-01-01,2018-01-02\n", "column income held numbers .*row 1: much"),
        ("income,use,opened,applied\n5,goods,early,2018-01-02\n", "column opened held dates"),
    ],
)
def test_scoring_another_table_is_refused_in_one_sentence(tmp_path, text, says) -> None:
    with pytest.raises(InputError, match=says):
        code_table(read_as(write(tmp_path / "t.csv", text), COLUMNS), COLUMNS)
