"""Files that firms of a world hand over: read back they are the records of the book, but for what `FORMATS` says; same seed, same
bytes; a figure that was edited is seen.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from click.testing import CliRunner

from weilend.app.cli.main import cli
from weilend.app.desk.home import open_home
from weilend.app.desk.intake.ingest import ingest_paths
from weilend.app.desk.privacy import tokens_of
from weilend.core.calendars import Calendar
from weilend.core.errors import InputError
from weilend.core.records import KINDS, LAST_INSTANT
from weilend.core.records.money import BANK_NATURES, COUNTERPARTIES
from weilend.economy.catalogue import catalogue
from weilend.economy.district import make_district
from weilend.economy.files import FORMATS, Folder, Format, Handed, as_read, compared, format_of, hand_over
from weilend.economy.files.formats import KINDS_HEARD
from weilend.economy.files.names import Namer, words
from weilend.economy.plan import make_plan
from weilend.economy.tell import tell_district
from weilend.sources import Batch, Tokens, read
from weilend.sources.golden import GOLDEN_TOKENS
from weilend.sources.identifiers import has_inner_digit, is_card_number, is_mobile_number, is_uscc
from weilend.sources.steps.lexicon import first_row, natures, parties

HOME = Calendar()
DOCUMENT = Path(__file__).parents[2] / "docs" / "methodology" / "economy_files.md"
#: What makes two records the same fact where file and book give them keys of their own.
PAIRED = {
    "bank_entry": ("happened_on", "line_no"),
    "statement_balance": ("opening_fen", "closing_fen"),
    "wallet_entry": ("happened_at", "nature", "order_id"),
    "order": ("order_id", "line_no"),
    "refund": ("refund_id",),
    "invoice": ("direction", "number"),
    "tax_filing": ("period_end_on",),
    "ledger_line": ("voucher_id", "line_no"),
    "link": ("from_id", "to_id", "role"),
}
Rows = list[dict[str, Any]]


def make(
    seed: int, out: Path, *, count: int = 12, businesses: int = 160, months: int = 6, world_seed: int = 0
) -> tuple[Folder, ...]:
    district = make_district(make_plan(businesses=businesses, months=months, seed=seed, world_seed=world_seed), 0)
    return hand_over(district, tell_district(district).records, out, count=count, calendar=HOME)


def load(path: Path, file: Handed) -> Batch:
    return read(file.source, path, calendar=HOME, consent_id="economy", tokens=GOLDEN_TOKENS, **file.said)


@pytest.fixture(scope="module")
def handed(tmp_path_factory):
    """(folder of a firm, file, where it lies, what it reads as) of every file of a world."""
    out = tmp_path_factory.mktemp("files")
    return [
        (one, file, out / one.business_id / file.path, load(out / one.business_id / file.path, file))
        for one in make(5, out)
        for file in one.files
    ]


def in_book(folder: Folder, file: Handed, kind: str, tokens: Tokens = GOLDEN_TOKENS) -> pa.Table:
    """The book's records that a file tells, as they should come back."""
    return as_read(folder.told[file.path][kind], format_of(file.source, kind), folder.clear, tokens, HOME)


def latest(rows: Rows, kind: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The versions known last, by what pairs the kind."""
    ordered = sorted(rows, key=lambda row: row["known_at"])
    names = PAIRED.get(kind, (*KINDS[kind].subjects, "happened_at"))
    return {tuple(row[name] for name in names): row for row in ordered}


def differences(one: Format, wanted: Rows, got: Rows) -> list[tuple[str, Any, Any]]:
    """What differs beyond what the format cannot say: (field, in the book, in the file)."""
    book, back = latest(wanted, one.kind), latest(got, one.kind)
    if set(book) != set(back):
        return [("records", len(set(book) - set(back)), len(set(back) - set(book)))]
    pairs = [(name, row[name], back[key][name]) for key, row in book.items() for name in compared(one)]
    return [
        (name, ours, theirs) for name, ours, theirs in pairs if ours != theirs and not (theirs is None and name in one.silent)
    ]


def facts(batch: Batch) -> Rows:
    return batch.records["reconciliation"].to_pylist() if "reconciliation" in batch.records else []


def faults(folder: Folder, file: Handed, batch: Batch) -> list[Any]:
    """Rows in quarantine, facts that do not hold, and what differs from the book."""
    kinds = folder.told[file.path]
    pairs = {kind: (in_book(folder, file, kind).to_pylist(), batch.records[kind].to_pylist()) for kind in kinds}
    differ = [one for kind, pair in pairs.items() for one in differences(format_of(file.source, kind), *pair)]
    return [*batch.rejects.to_pylist(), *(fact for fact in facts(batch) if not fact["holds"]), *differ]


def test_what_is_read_back_is_what_the_book_knows(handed):
    """Every record of every file: subjects, fields and clocks; no row in quarantine, no figure that does not agree."""
    told = Counter()
    for folder, file, path, batch in handed:
        assert not faults(folder, file, batch)[:3], path
        told.update((file.source, kind) for kind in folder.told[file.path])
    assert {(one.source, one.kind) for one in FORMATS} <= set(told), "a format of the table that no firm handed over"


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(20, 22))
def test_what_is_read_back_is_what_the_book_knows_of_many_worlds(seed, tmp_path):
    for folder in make(seed, tmp_path, count=25, businesses=500, months=24, world_seed=seed % 3):
        for file in folder.files:
            path = tmp_path / folder.business_id / file.path
            assert not faults(folder, file, load(path, file))[:3], path


def test_the_past_comes_back_too(handed):
    """An order as it was when it was paid, an invoice before it was void: known when the book knew it."""
    seen = Counter()
    for folder, file, _path, batch in handed:
        for kind in {"order", "invoice"} & set(folder.told[file.path]):
            early = {"order": "paid", "invoice": "valid"}[kind]
            names = (*PAIRED[kind], "status", "known_at", {"order": "paid_fen", "invoice": "net_fen"}[kind])
            book, back = (
                {tuple(row[name] for name in names) for row in table.to_pylist() if row["status"] == early}
                for table in (in_book(folder, file, kind), batch.records[kind])
            )
            assert book == back
            seen[kind] += len(book)
            seen["void"] += sum(row["status"] == "void" for row in batch.records[kind].to_pylist())
    assert min(seen.values()) >= 5, seen


def by_half_months(rows: Rows) -> Counter[Any]:
    """What rows amount to, by shop, month, half of it, and nature."""
    sums: Counter[Any] = Counter()
    for row in rows:
        on = row["happened_on"]
        sums[row["shop_id"], on.replace(day=1), on.day > 15, row["nature"]] += row["amount_fen"]
    return sums


def test_the_lines_of_a_bill_add_up_to_what_the_book_settled(handed):
    """A seller's bill names each order; the lines of a half month are its settlement, to the fen, and no order stands twice.

    Planted damage: a bill without one of its lines is seen.
    """
    settled = tell_district(make_district(make_plan(businesses=160, months=6, seed=5), 0)).records["wallet_entry"]
    lumps, natures_seen = settled.filter(pc.field("nature").isin(["sale", "refund"])).to_pylist(), Counter()
    for _folder, file, _path, batch in handed:
        if file.source == "alipay_seller_account":
            lines = [row for row in batch.records["wallet_entry"].to_pylist() if row["nature"] in ("sale", "refund")]
            book = by_half_months([row for row in lumps if row["shop_id"] == file.said["shop_id"]])
            assert len({(row["order_id"], row["nature"]) for row in lines}) == len(lines)
            assert by_half_months(lines) == book != by_half_months(lines[1:])
            natures_seen.update(row["nature"] for row in lines)
    assert min(natures_seen["sale"], natures_seen["refund"]) > 5


def test_a_firm_that_nobody_knows_hands_over_nothing(tmp_path):
    district = make_district(make_plan(businesses=20, months=6, seed=1), 0)
    with pytest.raises(InputError, match="B9 is no firm of this district"):
        hand_over(district, {}, tmp_path, calendar=HOME, firms=("B9",))


def test_no_field_is_called_silent_that_a_format_says(handed):
    """The table of what formats cannot say claims no more than is so: what the book knows of these, some file lacks."""
    known, missing = set(), set()
    for folder, file, _path, batch in handed:
        for kind in folder.told[file.path]:
            one, back = format_of(file.source, kind), latest(batch.records[kind].to_pylist(), kind)
            for key, row in latest(in_book(folder, file, kind).to_pylist(), kind).items():
                said = [name for name in one.silent if row[name] is not None]
                known.update((one.source, kind, name) for name in said)
                missing.update((one.source, kind, name) for name in said if back[key][name] is None)
    assert known == missing
    assert len(known) > 30


def test_figures_are_compared_wherever_a_format_says_them_twice(handed):
    checked = Counter()
    for _folder, file, _path, batch in handed:
        checked.update((file.source, fact["check_name"]) for fact in facts(batch))
    banks = {("camt", "statement_sums"), ("mt940", "statement_sums"), ("icbc_debit_v2", "header_totals")}
    banks |= {(f"{bank}_debit", "running_balance") for bank in ("cmb", "boc", "abc")}
    papers = {("invoice_pool", "invoice_sums"), ("invoice_pool", "check_digits"), ("vouchers", "voucher_balances")}
    assert banks | papers | {("kingdee_kis_lines", "voucher_balances")} <= set(checked)


#: An amount of a line, as each bank writes it: what stands before it, and the amount.
AMOUNTS = {
    "cmb_debit": rb"(CNY,-?)(\d+\.\d\d)",
    "ccb_debit_csv": rb"(,-?)(\d+\.\d\d)(?=,\d)",
    "boc_debit": rb"(CNY,-?)(\d+\.\d\d)",
    "abc_debit": rb"(,-?)(\d+\.\d\d)(?=,\d)",
    "icbc_debit_v2": rb"(,)(\d+\.\d\d)(?=,,?CNY)",
    "camt": rb'(<Ntry><Amt Ccy="CNY">)(\d+\.\d\d)',
    "mt940": rb"(:61:\d{10}[CD])(\d+,\d\d)",
    "vouchers": rb"(,1002,,)(\d+\.\d\d)",
    "kingdee_kis_lines": rb"(,)(\d+\.\d\d)(?=,0\.00)",
}


@pytest.mark.parametrize("source", AMOUNTS)
def test_one_amount_that_was_edited_is_seen(handed, tmp_path, source):
    """Planted damage: one amount of a line a yuan higher; a figure of the file contradicts it, and the law sees it."""
    folder, file, path, whole = next(one for one in handed if one[1].source == source and len(one[3].rows) > 3)
    content = path.read_bytes()
    spot = list(re.finditer(AMOUNTS[source], content))[1]
    text = spot[2].decode()
    edited = f"{int(text[:-3]) + 1}{text[-3:]}".encode()
    broken = tmp_path / path.name
    broken.write_bytes(content[: spot.start(2)] + edited + content[spot.end(2) :])
    batch = load(broken, file)
    assert all(fact["holds"] for fact in facts(whole))
    assert any(not fact["holds"] for fact in facts(batch))
    (kind, *_) = folder.told[file.path]
    assert differences(format_of(source, kind), in_book(folder, file, kind).to_pylist(), batch.records[kind].to_pylist())


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        make(seed, tmp_path / name, count=3, businesses=30)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    assert any(name.endswith(".xlsx") for name in tree(tmp_path / "a"))
    assert not set(tree(tmp_path / "a").values()) & set(tree(tmp_path / "c").values())


def test_a_home_takes_the_files_and_knows_what_the_book_knows(handed, tmp_path):
    """The firm with the most formats, file by file into an empty home: no quarantine, all figures agree, statements meet."""
    home = open_home(tmp_path / "home")
    folders = {one.business_id: one for one, *_ in handed}
    richest = max(folders, key=lambda code: len({file.source for file in folders[code].files}))
    wanted: dict[tuple[str, str, str], Rows] = {}
    for folder, file, path, _batch in (one for one in handed if one[0].business_id == richest):
        done = ingest_paths(home, [path], consent_id="economy", at=LAST_INSTANT, **file.said)
        assert done.counted.quarantined == 0
        assert not any(one.failed for one in (*done.files, *filter(None, (done.together,))))
        for kind in folder.told[file.path]:
            subject = str(file.said["shop_id"] if kind in ("order", "refund") else richest)
            wanted.setdefault((file.source, kind, subject), []).extend(in_book(folder, file, kind, tokens_of(home)).to_pylist())
    assert len(wanted) >= 6
    for (source, kind, subject), rows in wanted.items():
        whose = sorted({row["shop_id"] for row in rows}) if kind == "shop_snapshot" else [subject]
        known = home.book.view().read(kind, subjects=whose, as_of=LAST_INSTANT).to_pylist()
        if kind == "statement_balance":  # a wallet's bill says which days it covers, too
            known = [row for row in known if row["account_id"] == rows[0]["account_id"]]
        assert not differences(format_of(source, kind), rows, known)[:3]


def heard(names: list[str]) -> set[str | None]:
    """The kinds that the tables which listen to names hear in some."""
    table = parties().kinds
    rows = first_row(pa.array(names), tuple(row[0] for row in table)).to_pylist()
    return {None if row is None else table[row][1] for row in rows}


def test_names_are_read_as_what_they_are():
    """Whatever words meet in a name, a reader of names hears the kind that the book has, and no other."""
    namer = Namer(3)
    for kind in (kind for kind in COUNTERPARTIES if kind != "own"):  # the intake says who that is
        wanted = KINDS_HEARD.get(kind, kind)
        assert heard([namer.party(f"C{number}", kind) for number in range(700)]) == {None if wanted == "unknown" else wanted}, (
            kind
        )
    for industry in catalogue().industries:
        firms = [namer.firm(f"B{n}", "440000", industry.code, is_company=n % 2 > 0, bank="camt") for n in range(200)]
        assert heard([firm.name for firm in firms]) == {"business"}
        assert len({firm.tax_id for firm in firms}) == 200
    assert heard(list(words().wallets.values())) == {"wallet"}


def test_purposes_are_read_as_what_they_are():
    for nature in BANK_NATURES:
        table, said = natures("bank"), words().purposes[nature]
        assert table.words(table.rows(pa.array(said)), pa.array(["in", "out"])).to_pylist() == [nature] * 2


def test_numbers_hold_their_check_digits():
    namer = Namer(11)
    for number in range(200):
        firm = namer.firm(f"B{number:08d}", "330000", "F51", is_company=number % 2 > 0, bank="cmb_debit")
        assert is_uscc(firm.tax_id)
        assert has_inner_digit(firm.tax_id)
        assert firm.tax_id.startswith("91" if number % 2 else "92")
        assert is_card_number(firm.account)
        assert is_mobile_number(firm.phone)
    assert Namer(11).tax_id("B1") == namer.tax_id("B1") != Namer(12).tax_id("B1")


def test_the_sample_is_of_every_sort(handed):
    folders = {one.business_id: one for one, *_ in handed}
    orders = [batch.records["order"] for one, file, _path, batch in handed if "order" in one.told[file.path]]
    platforms = {name for table in orders for name in table["platform"].to_pylist()}
    assert platforms == {one.name for one in catalogue().platforms}
    assert {one.identity.tax_id[1] for one in folders.values()} == {"1", "2"}
    taxpayers = {
        batch.records["tax_filing"]["taxpayer"][0].as_py() for _, file, _, batch in handed if file.source == "vat_return"
    }
    assert taxpayers == {"general", "small_scale"}


def test_the_command_writes_them_and_an_index_says_how_to_read_them(tmp_path):
    out = tmp_path / "world"
    told = CliRunner().invoke(cli, ["sim", "world", "--businesses", "30", "--months", "6", "--files", "2", "--out", str(out)])
    assert told.exit_code == 0, told.output
    assert "files of 2 of them" in told.output
    index = msgspec.json.decode((out / "files" / "index.json").read_bytes())
    assert len(index) == 2
    for one in index:
        for file in one["files"]:
            said = {name: tuple(value) if isinstance(value, list) else value for name, value in file["said"].items()}
            path = out / "files" / one["business_id"] / file["path"]
            assert read(file["source"], path, calendar=HOME, consent_id="c", tokens=GOLDEN_TOKENS, **said).rejects.num_rows == 0


def test_more_firms_than_there_are_is_refused_and_nothing_is_made(tmp_path):
    out = tmp_path / "world"
    told = CliRunner().invoke(cli, ["sim", "world", "--businesses", "10", "--months", "6", "--files", "500", "--out", str(out)])
    assert isinstance(told.exception, InputError)
    assert "500 firms cannot hand over files" in str(told.exception)
    assert not out.exists()


def row_of(one: Format) -> str:
    """The line of the page that says what a format cannot say."""
    turns = [(name, *pair) for name, said in one.turned.items() for pair in said.items()]
    turned = [f"{name}: {theirs} for {ours}" for name, ours, theirs in turns if ours != theirs]
    clocks = ["no time of day"] * one.day_only + [f"known {one.sooner_seconds} s sooner"] * (one.sooner_seconds > 0)
    cells = [f"`{one.source}`", one.kind, *(", ".join(part) or "-" for part in (one.silent, one.own, [*turned, *clocks]))]
    return f"| {' | '.join(cells)} |"


def test_the_page_says_what_no_format_can_say():
    text = DOCUMENT.read_text("utf-8")
    assert not [line for line in map(row_of, FORMATS) if line not in text]
