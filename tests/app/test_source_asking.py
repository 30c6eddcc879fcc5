"""`weilend source new` at a terminal: the columns are shown, asked for with a guess, and the answers become a source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from weilend.app.cli import intake
from weilend.app.cli.main import cli
from weilend.app.desk.intake.asking import NONE, describe_table, look_at_table
from weilend.core.errors import InputError, NotFoundError, SourceError
from weilend.sources import PROFILES, profile_from_toml
from weilend.sources.drafts import Table

STATEMENT = """我的小银行
账号：6222000011112222
交易日,时间,摘要,收入,支出,余额,对方户名,对方账号,附言
2024-03-09,16:20:11,网上支付,,"1,200.00",8800.00,支付宝-便民超市,2088********0156,进货
2024-03-08,10:05:00,转账汇款,"10,000.00",,"10,000.00",某人,6222****1234,货款
合计,,,"10,000.00","1,200.00",,,,
"""


@pytest.fixture(autouse=True)
def nothing_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources that a test registers are forgotten; there is a terminal."""
    monkeypatch.setattr(PROFILES, "_things", dict(PROFILES._things))
    monkeypatch.setattr(intake, "_at_terminal", lambda: True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(STATEMENT, "gb18030")
    return path


def asked(file: Path, home: Path, *answers: str):
    return CliRunner().invoke(
        cli, ["source", "new", str(file), "--home", str(home)], input="".join(f"{one}\n" for one in answers)
    )


def test_guesses_alone_make_a_source_that_reads_the_file(file, tmp_path):
    home = tmp_path / "home"
    result = asked(file, home, "", "little_bank", *[""] * 20)
    assert result.exit_code == 0, result.exception
    assert "收入 -> in_fen" in result.output
    read = CliRunner().invoke(
        cli, ["ingest", str(file), "--consent", "own-data", "--business", "B1", "--account", "1", "--home", str(home), "--json"]
    )
    (line,) = json.loads(read.stdout)
    assert (line["source"], line["rows"], line["accepted"], line["quarantined"]) == ("little_bank", 2, 2, 0)
    assert "1 hold" in line["checks"]


def test_a_wrong_answer_is_asked_for_again_and_numbers_stand_for_columns(file, tmp_path):
    result = asked(
        file, tmp_path / "home", "nothing", "bank", "little_bank", "", "", "split", "99", "1", "-", "4", "5", *[NONE] * 8
    )
    assert result.exit_code == 0, result.exception
    assert "say one of bank, card" in result.output
    written = (tmp_path / "home" / "sources" / "little_bank.toml").read_text("utf-8")
    assert [one.fact for one in profile_from_toml(written).layouts[0].columns] == ["day", "in_fen", "out_fen"]


def test_without_a_terminal_the_draft_is_printed(file, tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "_at_terminal", lambda: False)
    result = asked(file, tmp_path / "home")
    assert '{ raw = "交易日", fact = "" },' in result.output
    assert not (tmp_path / "home").exists()


def test_a_name_that_leads_out_of_the_home_is_refused(file, tmp_path):
    result = asked(file, tmp_path / "home", "", "../../x", *[""] * 20)
    assert isinstance(result.exception, InputError)
    assert "no name of a source" in str(result.exception)
    assert not (tmp_path / "home").exists()


def test_what_is_no_table_is_refused(tmp_path):
    with pytest.raises(NotFoundError, match="there is no file"):
        look_at_table(tmp_path / "never.csv")
    (tmp_path / "notes.txt").write_text("hello\n", "utf-8")
    with pytest.raises(SourceError, match="holds no header"):
        look_at_table(tmp_path / "notes.txt")


@pytest.mark.parametrize(
    ("like", "names", "cells"),
    [
        ("bank", ("日期", "借贷标志", "金额"), ("2024-01-05", "贷", "5.00")),
        ("card", ("date", "amount", "description"), ("31.12.2024", "5.00", "shop")),
        (
            "wallet",
            ("交易时间", "收/支", "金额", "当前状态", "交易对方"),
            ("2024-01-05 10:00:00", "支出", "5.00", "交易成功", "甲"),
        ),
        ("seller", ("发生时间", "收入", "支出", "商户订单号"), ("2024-01-05 10:00:00", "5.00", "", "7")),
        ("vouchers", ("日期", "凭证号", "科目代码", "借方", "贷方"), ("20240105", "记-1", "1001", "5.00", "")),
    ],
)
def test_every_template_can_be_answered_by_guesses(like, names, cells):
    table = Table(names, (cells,))
    text = describe_table(table, like, lambda what, guess, choices: guess or "x")
    layout = profile_from_toml(text).layouts[0]
    assert layout.signature == set(names)


def test_words_of_a_direction_are_read_and_written_as_the_file_has_them():
    table = Table(("日期", "借贷标志", "金额"), (("2024-01-05", "贷", "5.00"), ("2024-01-06", "借", "5.00")))
    text = describe_table(table, "bank", lambda what, guess, choices: guess or "x")
    (column,) = [one for one in profile_from_toml(text).layouts[0].columns if one.fact == "direction"]
    assert dict(column.spell) == {"in": "贷", "out": "借"}
