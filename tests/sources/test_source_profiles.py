"""Laws that every built-in profile keeps, found by the registry: a new profile is held to them without a line of code."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest
from export_files import HOME, SAID, content, done, load

from weilend.core.errors import InputError, SchemaError, SourceError
from weilend.core.records import KINDS
from weilend.engine.book_schema import check_rows
from weilend.sources import PROFILES, explain, profile_from_toml, sketch, source_of, survey, template_names, write
from weilend.sources.profile import Profile
from weilend.testing.exports import export_rows, write_export

#: Profiles of one table; those of folders are held to the same on real data (test_source_samples) and below.
SINGLE = [name for name in PROFILES if not PROFILES[name].parts]
WRITABLE = [name for name in SINGLE if not PROFILES[name].read_only]


def book_of(name: str) -> str:
    return PROFILES[name].currency or "CNY"


def reversed_rows(records: dict[str, pa.Table]) -> dict[str, pa.Table]:
    return {kind: table.take(pa.array(range(table.num_rows)[::-1], pa.int64())) for kind, table in records.items()}


@pytest.mark.parametrize("name", SINGLE)
def test_a_file_is_told_by_its_header_whatever_its_name(name, tmp_path):
    for suffix in (".csv", ".xlsx"):
        file = write_export(PROFILES[name], tmp_path / f"export{suffix}", seed=1, rows=0)
        assert source_of(file.rename(tmp_path / f"nothing{suffix}")) == name


@pytest.mark.parametrize("name", SINGLE)
def test_rows_account_and_the_book_takes_every_record(name, tmp_path):
    batch = load(name, write_export(PROFILES[name], tmp_path / "a.csv", seed=7, rows=60), currency=book_of(name))
    counts = done(batch)
    assert counts.rows_in == 60 == counts.accepted + counts.duplicate + counts.quarantined
    assert counts.accepted > counts.quarantined or name == "bocom_credit", counts.reasons
    for kind, table in batch.records.items():
        check_rows(KINDS[kind], table, HOME)


@pytest.mark.parametrize("name", WRITABLE)
def test_read_undoes_write(name, tmp_path):
    """What was read, written and read again is the same, and what is written does not hang on the order; a share as xlsx too."""
    currency = book_of(name)
    first = load(name, write_export(PROFILES[name], tmp_path / "a.csv", seed=3, rows=30), currency=currency)
    said = {"calendar": HOME, "clear": first.clear, "currency": currency, **SAID}
    (written,) = write(name, first.records, tmp_path / "one", **said)
    second = load(name, written, currency=currency)
    assert second.rejects.num_rows == 0
    assert content(second) == content(first)
    (again,) = write(name, reversed_rows(second.records), tmp_path / "two", **{**said, "clear": second.clear})
    assert again.read_bytes() == written.read_bytes()
    if name in WRITABLE[::3]:  # all of them nightly
        (sheet,) = write(name, first.records, tmp_path / "three", suffix=".xlsx", **said)
        assert content(load(name, sheet, currency=currency)) == content(first)


@pytest.mark.nightly
@pytest.mark.parametrize("name", WRITABLE)
def test_read_undoes_write_of_many_files(name, tmp_path):
    for seed in range(100, 140):
        currency = book_of(name)
        first = load(name, write_export(PROFILES[name], tmp_path / f"{seed}.csv", seed=seed, rows=80), currency=currency)
        said = {"calendar": HOME, "clear": first.clear, "currency": currency, **SAID}
        for suffix in (".csv", ".xlsx") if seed % 10 == 0 else (".csv",):
            (written,) = write(name, first.records, tmp_path / f"{seed}{suffix}-out", suffix=suffix, **said)
            assert content(load(name, written, currency=currency)) == content(first)


NAMES = ["王小明", "13800001111", "6222021234567890123", "a.person@mail.example", "11010519491231002X"]
#: Columns whose words come from a list of the source: what it is for, where, how.
LISTED = {"direction", "status", "pay_method", "currency", "channel", "purpose_1", "purpose_2", "purpose_3"}


def planted(profile: Profile, path: Path) -> Path:
    """A file whose free texts and names all hold somebody's name, phone, card, e-mail or identity number."""
    rng = random.Random(5)
    lines = export_rows(profile, seed=11, rows=40)
    layout = profile.layouts[0]
    header = next(place for place, line in enumerate(lines) if line == list(layout.written))
    free = {
        column.raw
        for column in layout.columns
        if column.convert == "text" and column.fact not in LISTED and not column.take and column.raw not in layout.forms
    }
    for line in lines[header + 1 : header + 41]:
        somebody = rng.choice(NAMES)
        for place, raw in enumerate(layout.written):
            if raw in free and len(line) == len(layout.written):
                line[place] = somebody if rng.random() < 0.5 else f"{somebody} {line[place]}".strip()
    from weilend.sources.files.written import write_rows

    write_rows(lines, path, encoding="utf-8", delimiter=layout.delimiter)
    return path


#: These facts are codes of goods and places, not of people.
NOT_PEOPLE = {"sku", "province", "city", "account_name"}


@pytest.mark.parametrize("name", [name for name in SINGLE if PROFILES[name].secrets])
def test_no_name_or_number_reaches_a_record(name, tmp_path):
    batch = load(name, planted(PROFILES[name], tmp_path / "a.csv"), currency=book_of(name))
    kept = [
        str(row)
        for table in batch.records.values()
        for row in table.drop_columns([column for column in table.column_names if column in NOT_PEOPLE]).to_pylist()
    ]
    assert batch.rows.num_rows
    assert not [(somebody, text) for text in kept for somebody in NAMES if somebody in text][:1]


def test_a_profile_that_keeps_what_somebody_typed_is_caught_by_the_canary(tmp_path):
    """Planted bug: a profile of a bank without the step that keeps known words only."""
    text = (Path(__file__).parents[2] / "src/weilend/sources/profiles/cmb_debit.toml").read_text("utf-8")
    steps = 'steps = ["moment", "sign", "currency", "channel", "classify", "hide"]'
    profile = profile_from_toml(text.replace('sign = "signed"', f'sign = "signed"\n{steps}'))
    batch = load(profile, planted(profile, tmp_path / "a.csv"))
    assert any(somebody in str(batch.records["bank_entry"].to_pylist()) for somebody in NAMES)


MINE = """
name = "my_bank"
en = "My bank"
zh = "我的银行"
like = "bank"
sign = "split"
columns = [
  { raw = "日期", convert = "moment" },
  { raw = "收入", fact = "in_fen", convert = "yuan", blank = true },
  { raw = "支出", fact = "out_fen", convert = "yuan", blank = true },
  { raw = "余额", fact = "balance_fen", convert = "yuan", blank = true },
  { raw = "对方", fact = "party", blank = true },
]
"""


def test_a_profile_of_ones_own_reads_and_writes(tmp_path):
    profile = profile_from_toml(MINE)
    (tmp_path / "a.csv").write_text(
        "日期,收入,支出,余额,对方\n2024-01-05 10:00:00,5.00,,5.00,甲\n2024-01-06,,2,3.00,乙\n", "utf-8"
    )
    batch = load(profile, tmp_path / "a.csv")
    amounts = [(row["direction"], row["amount_fen"], row["has_time"]) for row in batch.records["bank_entry"].to_pylist()]
    assert amounts == [("in", 500, True), ("out", 200, False)]
    (written,) = write(profile, batch.records, tmp_path / "out", calendar=HOME, clear=batch.clear, **SAID)
    assert content(load(profile, written)) == content(batch)


WRONG = {
    "no toml": ("name = ", "no TOML"),
    "no columns": ('name = "x"\nen = ""\nzh = ""', "columns"),
    "a field that does not exist": (MINE.replace("like =", "colour = 1\nlike ="), "colour"),
    "a template that does not exist": (MINE.replace('"bank"', '"bunk"'), "no template 'bunk'"),
    "a converter that does not exist": (MINE.replace('"yuan"', '"yen"'), "no converter 'yen'"),
    "a step that does not exist": (MINE.replace('"split"', '"splat"'), "no step 'splat'"),
    "a record without a value it needs": (MINE.replace('sign = "split"', 'steps = ["moment"]'), "nothing gives bank_entry"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_profile_is_refused_in_one_sentence(what):
    text, words = WRONG[what]
    with pytest.raises(SchemaError, match=words) as caught:
        profile_from_toml(text)
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_every_profile_says_how_far_it_was_checked():
    unchecked = {name for name in PROFILES if PROFILES[name].evidence == "memory"}
    assert unchecked == {"alipay_seller_account", "alipay_seller_orders", "wechat_seller_all", "vouchers", "trial_balance"}
    assert all(PROFILES[name].notes for name in PROFILES if PROFILES[name].evidence != "sample")
    assert all(PROFILES[name].en and PROFILES[name].zh for name in PROFILES)


def test_explain_says_what_is_not_checked_and_not_known(tmp_path):
    file = write_export(PROFILES["wechat_seller_all"], tmp_path / "a.csv", seed=1, rows=2)
    text = file.read_text("utf-8-sig").replace("费率备注", "新的一列", 1)
    file.write_text(text, "utf-8")
    (sheet,) = explain(file)
    assert "NOT CHECKED" in "\n".join(sheet.lines())
    assert sheet.unknown == ("新的一列",)
    assert dict(sheet.columns)["应结订单金额"] == ("in_fen",)


def test_explain_and_sketch_of_a_file_that_nobody_knows(tmp_path):
    (tmp_path / "a.csv").write_text("什么,哪里\n1,2\n", "utf-8")
    with pytest.raises(SourceError, match="no source knows"):
        explain(tmp_path / "a.csv")
    assert '{ raw = "什么", fact = "" }' in sketch(tmp_path / "a.csv", "bank")
    assert {"bank", "card", "wallet", "seller", "vouchers"} <= set(template_names())


def test_a_mixed_folder_is_surveyed_file_by_file(tmp_path):
    write_export(PROFILES["cmb_debit"], tmp_path / "a.csv", seed=1, rows=2)
    (tmp_path / "deeper").mkdir()
    write_export(PROFILES["jd_personal"], tmp_path / "deeper" / "b.xlsx", seed=1, rows=2)
    (tmp_path / "notes.md").write_text("hello", "utf-8")
    found = {one.file.name: (one.source, bool(one.why)) for one in survey(tmp_path)}
    assert found == {"a.csv": ("cmb_debit", False), "b.xlsx": ("jd_personal", False), "notes.md": (None, True)}


@pytest.mark.parametrize("missing", ["business_id", "tokens"])
def test_what_a_file_cannot_say_is_asked_for_before_a_row_is_read(missing, tmp_path):
    file = write_export(PROFILES["cmb_debit"], tmp_path / "a.csv", seed=1, rows=2)
    with pytest.raises(InputError) as caught:
        load("cmb_debit", file, **{missing: None if missing == "tokens" else ""})
    assert caught.value.hint
