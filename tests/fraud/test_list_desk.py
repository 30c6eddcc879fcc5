"""A list in the hands of its people: import, preview, check, dispute, removal, export, precision; and what is refused."""

import json
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from weilend.app.cli.main import cli
from weilend.app.desk.fraud.list_files import Said
from weilend.app.desk.fraud.lists import (
    change_entries,
    check_subject,
    export_list,
    hide,
    import_list,
    index_sizes,
    list_sizes,
    precision_by_source,
    preview_list,
    waiting,
)
from weilend.app.desk.home import open_home
from weilend.core.errors import ConsentError, InputError, NotFoundError, WeilendError
from weilend.core.records import KINDS
from weilend.testing.records import as_table

AT, DAY = 1_577_808_000, 86_400  # 2020-01-01 in Shanghai
SAID = Said(consent_id="own-data", subject_kind="phone", list_name="deny", source="own", reason="gang")
FRAME = {"known_basis": "observed", "source": "desk", "consent_id": "own-data"}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)
    return open_home(tmp_path / "home")


@pytest.fixture
def phones(tmp_path):
    path = tmp_path / "phones.csv"
    path.write_text("subject,reason,valid_until_on\n13800000000,,\n13900000000,forged papers,2020-06-30\n", encoding="utf-8")
    return path


def test_an_import_is_hidden_asked_and_done_once(home, phones):
    done = import_list(home, phones, SAID, at=AT)
    assert (done.rows, done.accepted, done.duplicate) == (2, 2, 0)
    found = check_subject(home, "phone", "13900000000", as_of=AT)
    assert (found.verdict.meaning, found.entries[0].reason, found.entries[0].valid_until_on) == (
        "deny",
        "forged papers",
        date(2020, 6, 30),
    )
    assert check_subject(home, "phone", "13800000000", as_of=AT).entries[0].reason == "gang"
    assert check_subject(home, "phone", "13900000000", as_of=AT + 366 * DAY).verdict.meaning == "none"
    assert import_list(home, phones, SAID, at=AT + 9).duplicate == 2
    assert not any("138000" in str(value) for row in home.book.view().read("list_entry").to_pylist() for value in row.values())


def test_dispute_confirm_and_removal_are_records(home, phones):
    import_list(home, phones, SAID, at=AT)
    change_entries(home, "phone", "13800000000", "deny", "disputed", reason="not me", by="the owner", at=AT + 10)
    assert [(one.act, one.reason, one.added_by) for one in waiting(home, as_of=AT + 10)] == [
        ("disputed", "not me", "the owner")
    ]
    assert check_subject(home, "phone", "13800000000", as_of=AT + 10).verdict.hits[0].is_disputed
    change_entries(home, "phone", "13800000000", "deny", "removed", reason="another person", by="reviewer 7", at=AT + 20)
    assert waiting(home, as_of=AT + 20) == ()
    answers = [check_subject(home, "phone", "13800000000", as_of=AT + at).verdict.meaning for at in (0, 19, 20)]
    assert answers == ["deny", "deny", "none"]
    assert list_sizes(home, as_of=AT + 20) == (("deny", "own", 1, 4),)
    with pytest.raises(NotFoundError, match="not on the list"):
        change_entries(home, "phone", "13800000000", "deny", "disputed", reason="again", by="me", at=AT + 30)
    with pytest.raises(InputError, match="needs a reason"):
        change_entries(home, "phone", "13900000000", "deny", "removed", reason=" ", by="me", at=AT + 30)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_an_export_can_be_imported_again(home, phones, tmp_path, ending):
    import_list(home, phones, SAID, at=AT)
    out = tmp_path / f"out.{ending}"
    assert export_list(home, out, as_of=AT) == 2
    again = open_home(tmp_path / "other")
    assert import_list(again, out, Said(consent_id="own-data"), at=AT + 5).accepted == 2
    token = hide(home, "phone", "13900000000")
    assert check_subject(again, "phone", token, as_of=AT + 5, is_token=True).entries[0].reason == "forged papers"
    assert export_list(home, out, as_of=AT - 1) == 0


def at(days):
    return {"happened_at": AT + days * DAY, "known_at": AT + days * DAY, **FRAME}


def with_applications(home):
    """Four businesses that applied; two at the same phone, one of which defaulted."""
    phone = hide(home, "phone", "13800000000")
    none = dict.fromkeys(("valid_from_on", "valid_until_on", "share_ppm"))
    link = {"to_id": phone, "from_kind": "business", "to_kind": "phone", "role": "reachable_at", "evidence": "declared", **none}
    became = {"E1": "default", "E2": "no_default", "E3": "default"}
    facts = {
        "application": [{"business_id": f"E{n}", "application_id": f"A{n}", "product": "p", **at(1)} for n in (1, 2, 3, 4)],
        "link": [{"from_id": name, **link, **at(0)} for name in ("E1", "E2")],
        "external_outcome": [{"business_id": name, "outcome": outcome, **at(90)} for name, outcome in became.items()],
    }
    home.book.append({kind: as_table(KINDS[kind], rows) for kind, rows in facts.items()})


def test_a_preview_says_whom_it_would_hit_and_changes_nothing(home, phones):
    with_applications(home)
    found = preview_list(home, phones, SAID, at=AT + 100 * DAY)
    assert (found.entries, found.applications, found.businesses, found.known, found.bad) == (2, 2, 2, 2, 1)
    assert found.by_answer == {"none yet": 2}
    assert home.book.view().read("list_entry").num_rows == 0


def test_precision_counts_entries_that_were_there_at_the_application(home, phones):
    with_applications(home)
    import_list(home, phones, SAID, at=AT)
    (found,) = precision_by_source(home)
    assert (found.list_name, found.source, found.hits, found.known, found.bad, found.share_ppm) == (
        "deny",
        "own",
        2,
        2,
        1,
        500_000,
    )
    assert 0 < found.low_ppm < 500_000 < found.high_ppm < 1_000_000


def test_an_entry_that_came_after_the_application_proves_nothing(home, phones):
    with_applications(home)
    import_list(home, phones, SAID, at=AT + 50 * DAY)
    assert precision_by_source(home) == ()


FAULTS = {
    "no subject column": ("name\nx\n", "neither a column subject nor subject_id|has a column 'name'"),
    "an unknown column": ("subject,colour\nx,red\n", "has a column 'colour'"),
    "nobody": ("subject,reason\n,gang\n", "row 1 names nobody"),
    "an unknown list": ("subject,list_name\n1,deny\n2,blocked\n", "row 2 has an unknown list_name"),
    "a severity": ("subject,severity\n1,101\n", "row 1 has a severity beyond"),
    "no number": ("subject,severity\n1,grave\n", "a severity that is none"),
    "no day": ("subject,valid_until_on\n1,tomorrow\n", "a valid_until_on that is none"),
    "the future": ("subject,valid_from_on\n1,2021-01-01\n", "row 1 begins after 2020-01-01"),
    "backwards": ("subject,valid_from_on,valid_until_on\n1,2019-02-01,2019-01-01\n", "row 1 ends before it begins"),
    "a kind without clear names": ("subject,subject_kind\n1,shop\n", "row 1 is of a kind that has no clear name"),
    "nothing": ("subject\n", "has no rows"),
    "no text at all": ("", "is no table of a list"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_row_refuses_the_whole_file(home, tmp_path, fault):
    text, words = FAULTS[fault]
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        import_list(home, path, SAID, at=AT)
    assert home.book.view().read("list_entry").num_rows == 0


def test_consent_source_and_reason_are_asked_for(home, phones):
    with pytest.raises(ConsentError, match="without a consent"):
        import_list(home, phones, Said(consent_id=" ", subject_kind="phone", list_name="deny", source="s", reason="r"), at=AT)
    for missing in ("source", "reason"):
        said = {"consent_id": "c", "subject_kind": "phone", "list_name": "deny", "source": "s", "reason": "r"}
        with pytest.raises(InputError, match=f"has no {missing}"):
            import_list(home, phones, Said(**{**said, missing: None}), at=AT)


def test_a_parquet_of_many_rows_comes_in_pieces(home, tmp_path, monkeypatch):
    monkeypatch.setattr("weilend.app.desk.fraud.list_files.BATCH_ROWS", 1_000)
    path = tmp_path / "many.parquet"
    pq.write_table(pa.table({"subject_id": [f"{number:032x}" for number in range(3_500)]}), path)
    told = []
    done = import_list(home, path, SAID, at=AT, tell=lambda step, done, of: told.append((done, of)))
    assert (done.accepted, told[-1], len(told)) == (3_500, (3_500, 3_500), 4)
    assert index_sizes(home)[0][:2] == ("deny", 3_500)


def test_the_commands(tmp_path, phones, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)
    home = str(tmp_path / "h")

    def run(*words, wrong=None):
        done = CliRunner().invoke(cli, ["lists", *words])
        if wrong:
            assert isinstance(done.exception, WeilendError)
            assert wrong in str(done.exception)
        else:
            assert done.exit_code == 0, done.output
        return done.stdout

    run("import", str(phones), "--kind", "phone", "--consent", "own-data", "--home", home, wrong="has no list_name")
    assert not (tmp_path / "h").exists()
    whole = (
        "--kind",
        "phone",
        "--list",
        "deny",
        "--source",
        "own",
        "--reason",
        "gang",
        "--consent",
        "own-data",
        "--home",
        home,
    )
    assert json.loads(run("import", str(phones), *whole, "--json"))[0]["new"] == 2
    assert json.loads(run("preview", str(phones), *whole, "--json"))[0] == {"what": "entries", "count": 2}
    (row,) = json.loads(run("check", "13800000000", "--kind", "phone", "--home", home, "--json"))
    assert (row["verdict"], row["reason"], row["source"]) == ("deny", "gang", "own")
    changed = ("13800000000", "--kind", "phone", "--list", "deny", "--by", "anna", "--home", home)
    assert "1 entry disputed" in run("dispute", *changed, "--reason", "not me")
    assert json.loads(run("queue", "--home", home, "--json"))[0]["act"] == "disputed"
    assert "1 entry removed" in run("remove", *changed, "--reason", "a mistake")
    assert json.loads(run("stats", "--home", home, "--json"))[0]["entries"] == 0  # the other one has ended
    assert json.loads(run("stats", "--index", "--home", home, "--json"))[0]["part"] == "deny"
    assert json.loads(run("stats", "--precision", "--home", home, "--json")) == []
    assert "0 entries" in run("export", str(tmp_path / "out.csv"), "--home", home)
    assert "4 rows" in run("build", "--home", home)
