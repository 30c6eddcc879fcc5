"""The way in: mixed files, folders and zips; what is quarantined and mended; secrets; erasure; formats of one's own."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from weilend.app.cli.main import cli
from weilend.app.desk.desk import Desk, open_desk
from weilend.app.desk.intake import quarantine as quarantine_room
from weilend.app.desk.intake.batches import explain_paths
from weilend.app.desk.privacy import clear_values
from weilend.core.errors import CheckError, InputError, NotFoundError, SourceError
from weilend.sources import PROFILES
from weilend.store import Vault

HEADER = "记账日期,货币,交易金额,联机余额,交易摘要,对手信息,客户摘要"
LINES = (
    '2024-01-01,CNY,"1,234.00","1,271.66",代发工资,杭州某某公司1111111111,一月',
    "2024-01-02,CNY,-71.66,1200.00,消费,支付宝-便民超市,",
    "2024-01-02,CNY,-100.00,1100.00,转账汇款,张三丰 66666666666666,还钱",
)
BROKEN = "2024-13-40,CNY,-5.00,1095.00,消费,李四光 13912345678,"
CANARIES = ("张三丰", "66666666666666", "李四光", "13912345678", "杭州某某公司")
OFX = (
    b"<OFX><STMTRS><CURDEF>CNY<BANKACCTFROM><ACCTID>42</BANKACCTFROM><STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20240105<TRNAMT>7.00"
    b"<FITID>1<NAME>X</STMTTRN></STMTRS></OFX>"
)
SAID = {"consent": "own-data", "business_id": "B1"}


def statement(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([HEADER, *(lines or LINES)]) + "\n", "utf-8")
    return path


@pytest.fixture(autouse=True)
def nothing_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources that a test registers are forgotten: other tests list all of them."""
    monkeypatch.setattr(PROFILES, "_things", dict(PROFILES._things))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return open_desk(tmp_path / "home")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A statement, a zip with another one and a zip in it, a paper, and a note that nobody knows."""
    place = tmp_path / "files"
    place.mkdir()
    statement(place / "one.csv", *LINES, BROKEN)
    (place / "paper.ofx").write_bytes(OFX)
    (place / "notes.txt").write_text("hello", "utf-8")
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("never.csv", HEADER)
    with zipfile.ZipFile(place / "more.zip", "w") as archive:
        archive.writestr("二月/two.csv", "\n".join([HEADER, "2024-02-01,CNY,5.00,1105.00,消费,甲,"]))
        archive.writestr("nested.zip", inner.getvalue())
    return place


def everything(home: Path) -> bytes:
    """All bytes of a home, the rows of the book in clear too."""
    files = b"".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())
    view = open_desk(home).home.book.view()
    rows = [str(view.read(kind).to_pylist()) for kind in ("bank_entry", "statement_balance", "reconciliation")]
    return files + "".join(rows).encode()


def test_a_mixed_folder_is_read_file_by_file_and_twice_is_once(desk, folder):
    done = desk.ingest_paths([folder], **SAID)
    told = {one.file: (one.source, one.rows_in, one.accepted, one.quarantined) for one in done.files}
    assert told == {"one.csv": ("cmb_debit", 4, 3, 1), "two.csv": ("cmb_debit", 1, 1, 0), "paper.ofx": ("ofx", 1, 1, 0)}
    assert sorted(one.file for one in done.unread) == ["nested.zip", "notes.txt"]
    assert all("Hint" in one.why for one in done.unread)
    one = next(one for one in done.files if one.file == "one.csv")
    assert (str(one.since), str(one.until), one.records["bank_entry"], one.held) == ("2024-01-01", "2024-01-02", 3, 1)
    again = desk.ingest_paths([folder], **SAID)
    assert (again.counted.accepted, again.counted.duplicate, again.counted.quarantined) == (0, 5, 1)
    assert len(desk.quarantined()) == 1


def test_a_balance_that_does_not_run_is_told(desk, tmp_path):
    path = statement(tmp_path / "a.csv", LINES[0], LINES[1].replace("1200.00", "1300.00"), LINES[2])
    (one,) = desk.ingest_paths([path], **SAID).files
    (failed,) = one.failed
    assert failed.startswith("running_balance fails")


def test_what_hinders_all_files_is_said_before_a_home_is_made(folder, tmp_path):
    run = CliRunner()
    for arguments, words in (
        ([str(folder / "one.csv"), "--consent", "own-data"], "does not say which business"),
        ([str(folder / "notes.txt"), "--consent", "own-data"], "no source knows"),
        ([str(folder / "one.csv"), "--consent", " ", "--business", "B1"], "without a consent"),
    ):
        result = run.invoke(cli, ["ingest", *arguments, "--home", str(tmp_path / "new")])
        assert isinstance(result.exception, InputError)
        assert words in str(result.exception)
    assert not (tmp_path / "new").exists()


def test_explain_says_how_a_file_is_read_and_writes_nothing(folder, tmp_path):
    result = CliRunner().invoke(cli, ["ingest", str(folder), "--explain", "--home", str(tmp_path / "new")])
    assert result.exit_code == 0
    assert "记账日期 -> day" in result.output
    assert "notes.txt: not read: no source knows it" in result.output
    assert not (tmp_path / "new").exists()
    near = tmp_path / "near.csv"
    near.write_text("记账日期,货币,交易金额,联机余额\n", "utf-8")
    assert any("not cmb_debit: it has no 交易摘要" in line for line in explain_paths([near]))


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"bomb.csv": b"0" * 50_000_000}, "unpacks from"),
        ({"../out.csv": b"x"}, "leads out of it"),
        ({f"{number}": b"" for number in range(2_001)}, "holds 2001 files"),
    ],
    ids=["bomb", "out", "many"],
)
def test_a_zip_that_is_meant_to_hurt_is_refused(members, words, desk, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match=words):
        desk.ingest_paths([tmp_path / "a.zip"], **SAID)
    assert not (tmp_path / "out.csv").exists()


def test_names_in_a_zip_that_are_in_gb18030_are_read(tmp_path):
    from weilend.sources import unpack_archive

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("XXXX.csv", HEADER)
    (tmp_path / "a.zip").write_bytes(content.getvalue().replace(b"XXXX", "流水".encode("gb18030")))
    assert [file.name for file in unpack_archive(tmp_path / "a.zip", tmp_path / "out")] == ["流水.csv"]


def test_the_secret_is_for_its_owner_alone(desk, folder, tmp_path):
    secret = tmp_path / "home" / "secret.key"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    desk.ingest_paths([folder], **SAID)
    secret.chmod(0o644)
    with pytest.raises(InputError, match="can be read by others"):
        desk.ingest_paths([folder], **SAID)
    secret.chmod(0o600)
    secret.write_text("00" * 32, "ascii")
    with pytest.raises(CheckError, match="does not open with this home's secret"):
        desk.quarantined()
    secret.write_text("short", "ascii")
    with pytest.raises(InputError, match="not the secret of a home"):
        desk.ingest_paths([folder], **SAID)


def test_no_name_or_number_lies_in_clear_in_the_home(desk, folder, tmp_path):
    desk.ingest_paths([folder], **SAID)
    found = everything(tmp_path / "home")
    assert not [word for word in CANARIES if word.encode() in found]
    clear = [value for _, value in clear_values(desk.home, "B1").values()]
    assert "张三丰" in clear
    assert "李四光" in desk.quarantined()[0].original


def test_a_leak_would_be_found(desk, folder, tmp_path, monkeypatch):
    """Planted bug: rows are quarantined as they stand."""
    monkeypatch.setattr(quarantine_room, "seal", lambda home, subject, content: content)
    monkeypatch.setattr(quarantine_room.base64, "b64encode", lambda content: content)
    desk.ingest_paths([folder], **SAID)
    assert "李四光".encode() in everything(tmp_path / "home")


def test_rows_leave_quarantine_once_their_file_is_mended(desk, tmp_path):
    path = statement(tmp_path / "a.csv", *LINES, BROKEN, BROKEN.replace("-5.00", "五元"))
    desk.ingest_paths([path], **SAID)
    first, second = desk.quarantined()
    statement(path, *LINES, BROKEN.replace("2024-13-40", "2024-01-03"), BROKEN.replace("-5.00", "五元"))
    assert desk.retry([path], **SAID) == 1
    assert desk.quarantined() == (second,)
    assert desk.retry([path], **SAID) == 0
    with pytest.raises(NotFoundError, match="0 rows in quarantine begin"):
        quarantine_room.waiting_row(desk.home, first.row_id)
    assert quarantine_room.waiting_row(desk.home, second.row_id[:8]) == second
    assert desk.audit() == ()


def test_who_is_erased_is_gone_and_stays_gone(desk, folder, tmp_path):
    desk.ingest_paths([folder], **SAID)
    desk.ingest_paths([statement(tmp_path / "other.csv")], consent="own-data", business_id="B2")
    wrapped = Vault(desk.home.store.engine).key("B1")
    assert wrapped in (tmp_path / "home" / "store.db").read_bytes() + (tmp_path / "home" / "store.db-wal").read_bytes()
    erased = desk.erase("B1")
    assert erased.rows > 5
    files = b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert wrapped not in files
    kinds = desk.home.book.view().read("bank_entry")["business_id"].to_pylist()
    assert set(kinds) == {"B2"}
    with pytest.raises(NotFoundError, match="erased"):
        clear_values(desk.home, "B1")
    assert clear_values(desk.home, "B2")
    assert [row.original for row in desk.quarantined()] == ["erased"]
    with pytest.raises(SourceError, match="erased from this home"):
        desk.ingest(folder / "one.csv", **SAID)
    assert desk.erase("B1").rows == 0
    assert desk.audit() == ()
    with pytest.raises(NotFoundError, match="nobody goes by"):
        desk.erase("B9")


def test_a_table_of_ones_own_becomes_a_source_of_the_home(tmp_path):
    file, home = tmp_path / "mine.csv", tmp_path / "home"
    file.write_text("哪天,多少钱,剩下,跟谁\n2024-01-05,-5.00,95.00,张三丰\n", "utf-8")
    run = CliRunner()
    draft = run.invoke(cli, ["source", "new", str(file), "--like", "bank"]).output
    for raw, fact in (("哪天", 'day", convert = "day'), ("多少钱", 'signed_fen", convert = "yuan'),
                      ("剩下", 'balance_fen", convert = "yuan'), ("跟谁", "party")):  # fmt: skip
        draft = draft.replace(f'"{raw}", fact = ""', f'"{raw}", fact = "{fact}"')
    (tmp_path / "mine.toml").write_text(draft.replace("my_format", "little_book"), "utf-8")
    taken = run.invoke(cli, ["source", "new", str(file), "--toml", str(tmp_path / "mine.toml"), "--home", str(home)])
    assert "little_book" in taken.output, taken.exception
    read = run.invoke(cli, ["ingest", str(file), "--consent", "own-data", "--business", "B1", "--home", str(home), "--json"])
    assert '"source": "little_book"' in read.output, read.exception
    assert "little_book" in run.invoke(cli, ["source", "list", "--home", str(home), "--json"]).output


def test_receipts_of_who_was_erased_answer_erased(desk):
    import sys

    sys.path.insert(0, str(Path(__file__).parents[1] / "store"))
    try:
        from store_examples import make_commit
    finally:
        sys.path.pop(0)
    commit = make_commit("R1")
    desk.home.store.commit(commit)
    for receipt in commit.receipts:
        Vault(desk.home.store.engine).shred(receipt.application.business_id, 9)
    replayed = desk.replay(from_records=False)
    assert (replayed.of, replayed.problems) == (0, ())
    assert set(replayed.erased) == {receipt.receipt_id for receipt in commit.receipts}


def test_a_file_that_is_not_read_is_named_once(tmp_path):
    place = tmp_path / "files"
    place.mkdir()
    statement(place / "a.csv")
    (place / "notes.txt").write_text("hello", "utf-8")
    with zipfile.ZipFile(place / "out.zip", "w") as archive:
        archive.writestr("../b.csv", "x")
    options = ["--consent", "own-data", "--business", "B1", "--home", str(tmp_path / "home")]
    result = CliRunner().invoke(cli, ["ingest", str(place), *options])
    told = [line for line in result.stderr.splitlines() if line.startswith("not read:")]
    assert [line.split(". Hint")[0] for line in told] == [
        "not read: notes.txt: no source knows it",
        "not read: out.zip: it holds a file that leads out of it",
    ]


def test_a_long_file_name_stands_in_one_piece_in_a_narrow_terminal(tmp_path, monkeypatch):
    name = "招商银行交易流水_2023年1月至2024年12月.csv"
    statement(tmp_path / name)
    monkeypatch.setattr("weilend.app.cli.show.sys.stdout.isatty", lambda: True, raising=False)
    options = ["--consent", "own-data", "--business", "B1", "--home", str(tmp_path / "home")]
    result = CliRunner().invoke(cli, ["ingest", str(tmp_path / name), *options], env={"COLUMNS": "100"})
    assert any(name in line and "3" in line for line in result.stdout.splitlines())
    assert "cmb_debit: bank_entry 3" in result.stdout


def test_retry_reads_the_file_that_is_given_and_frees_only_rows_that_it_can_read(desk, tmp_path):
    path = tmp_path / "a.csv"
    desk.ingest_paths([statement(path, *LINES, BROKEN, BROKEN.replace("李四光", "李五"))], **SAID)
    (tmp_path / "other").mkdir()
    other = statement(tmp_path / "other" / "b.csv", *LINES, BROKEN.replace("2024-13-40", "2024-01-05"))
    assert desk.retry([other], consent="own-data", business_id="B1") == 0  # another name is another file
    statement(path, *LINES)
    assert desk.retry([path], consent="own-data", business_id="B1") == 0  # the rows are not there any more
    statement(path, *LINES, BROKEN.replace("2024-13-40", "2024-01-03"), BROKEN)
    assert desk.retry([path], consent="own-data", business_id="B1") == 1
    assert [row.row for row in desk.quarantined(file="a.csv")] == [5, 5]  # as it stood, and as it stands now
    statement(path, *LINES, *(BROKEN.replace("2024-13-40", f"2024-01-0{day}") for day in (3, 4)))
    assert desk.retry([path], consent="own-data", business_id="B1") == 2
    told = " ".join(CliRunner().invoke(cli, ["quarantine", "retry", "--help"]).output.split())
    assert "keeps the name and the order of the file" in told
