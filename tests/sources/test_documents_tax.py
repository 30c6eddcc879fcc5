"""Returns, certificates and neutral records: identities of the form, keys that do not meet, words, whose they are."""

from datetime import date

import pytest

from weilend.core.errors import SourceError
from weilend.sources.documents import certificates, income_tax, neutral, vat_return
from weilend.sources.documents.certificates import read_certificates
from weilend.sources.documents.envelope import seal_envelope
from weilend.sources.documents.income_tax import read_income_tax
from weilend.sources.documents.neutral import read_neutral
from weilend.sources.documents.vat_return import IDENTITIES, LINES, read_vat_return
from weilend.testing.documents import check_batch, intake, told_rows

PERIOD = {"period_start_on": "2025-01-01", "period_end_on": "2025-01-31", "filed_on": "2025-02-12"}
#: A return in which every identity can be checked and holds: sales 1,000.00 at 13 %, 40.00 of input tax brought forward and bought.
SOUND = {
    "1": "1000.00", "5": "0", "7": "0", "8": "50.00", "11": "130.00", "12": "35.00", "13": "10.00", "14": "5.00", "15": "0",
    "16": "0", "17": "40.00", "18": "40.00", "19": "90.00", "20": "0", "21": "0", "22": "0", "23": "10.00", "24": "80.00",
    "25": "20.00", "26": "0", "27": "15.00", "28": "5.00", "29": "0", "30": "10.00", "31": "0", "32": "85.00",
    "33": "5.00", "34": "75.00", "36": "0", "37": "0", "38": "0",
}  # fmt: skip


def vat(*rows, **intake_changes):
    return read_vat_return(seal_envelope(vat_return.FORMAT, rows), intake(**intake_changes))


def general(lines, **more):
    return {"taxpayer": "general", **PERIOD, "lines": lines, **more}


def test_a_sound_return():
    batch = vat(general(SOUND, due_on="2025-02-10"))
    check_batch(batch)
    (row,) = told_rows(batch, "tax_filing")
    assert (row["declared_sales_fen"], row["payable_fen"], row["arrears_fen"], row["late_days"]) == (105_000, 8_000, 500, 2)
    (fact,) = told_rows(batch, "reconciliation")
    assert (fact["holds"], fact["checked_count"]) == (True, len(IDENTITIES))


@pytest.mark.parametrize("identity", IDENTITIES, ids=lambda identity: identity.line)
def test_each_identity_catches_a_line_that_was_changed(identity):
    changed = {**SOUND, identity.line: "777.00"}
    (fact,) = told_rows(vat(general(changed)), "reconciliation")
    assert not fact["holds"]
    assert set(identity.lines) <= set(LINES)


def test_columns_are_checked_apart_and_added_up():
    lines = {line: {"month": fen, "year": "9.99", "refund_month": fen} for line, fen in SOUND.items()}
    batch = vat(general(lines))
    assert told_rows(batch, "tax_filing")[0]["payable_fen"] == 16_000
    assert told_rows(batch, "reconciliation")[0]["checked_count"] == 2 * len(IDENTITIES)


def test_what_is_not_told_is_not_checked():
    batch = vat(general({"1": "5.00"}))
    assert "reconciliation" not in batch.records
    assert "arrears_fen" not in told_rows(batch, "tax_filing")[0]


def test_an_office_that_owes_leaves_no_arrear():
    assert told_rows(vat(general({"33": "-5.00"})), "tax_filing")[0]["arrears_fen"] == 0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (general({"42": "1.00"}), "unknown_word"),
        (general({"1": "one"}), "not_an_amount"),
        (general(["1"]), "unknown_word"),
        ({**general({}), "taxpayer": "huge"}, "unknown_word"),
        ({**general({}), "period_end_on": "2024-12-31"}, "day_out_of_range"),
        ({"lines": {}}, "missing"),
        ("text", "unknown_word"),
        (general({}, taxpayer_id="9B"), "not_ours"),
    ],
)
def test_a_return_that_cannot_be_read_is_quarantined_alone(row, reason):
    batch = vat(general(SOUND), row, tax_id="9A")
    check_batch(batch)
    assert batch.rejects["reason"].to_pylist() == [reason]


def test_small_scale_taxpayers_file_another_form():
    row = {
        "taxpayer": "small_scale",
        **PERIOD,
        "sales": {"taxed": "100.00", "exempt": "20.00"},
        "payable": "1.00",
        "lines": {"2": "x"},
    }
    (told,) = told_rows(vat(row), "tax_filing")
    assert (told["declared_sales_fen"], told["payable_fen"], told["taxpayer"]) == (12_000, 100, "small_scale")


def test_a_correction_is_a_version_of_its_return():
    batch = vat(general(SOUND), general({**SOUND, "1": "1100.00"}, is_correction=True, filed_on="2025-03-01"))
    keys = batch.records["tax_filing"]["key"].to_pylist()
    assert keys[0] == keys[1]
    assert batch.records["tax_filing"]["known_at"][0].as_py() < batch.records["tax_filing"]["known_at"][1].as_py()


def test_a_payment_never_takes_the_place_of_a_return():
    payment = {
        "kind": "payment",
        "tax": "增值税",
        **PERIOD,
        "paid_on": "2025-02-20",
        "due_on": "2025-02-17",
        "paid": "80.00",
        "late_fee": "0.12",
    }
    batch = read_certificates(seal_envelope(certificates.FORMAT, [payment]), intake())
    (row,) = told_rows(batch, "tax_filing")
    assert (row["tax"], row["paid_fen"], row["late_fee_fen"], row["late_days"]) == ("vat", 8_000, 12, 3)
    assert batch.records["tax_filing"]["key"][0] != vat(general(SOUND)).records["tax_filing"]["key"][0]


@pytest.mark.parametrize("rating", ["A", "B", "M", "C", "D"])
def test_ratings(rating):
    row = {"kind": "rating", "year": 2024, "rating": rating, "announced_on": "2025-04-10"}
    (told,) = told_rows(read_certificates(seal_envelope(certificates.FORMAT, [row]), intake()), "tax_filing")
    assert (told["credit_rating"], told["happened_on"], told["period_start_on"]) == (
        rating,
        date(2025, 4, 10),
        date(2024, 1, 1),
    )


@pytest.mark.parametrize(
    "row", [{"kind": "rating", "year": 2024, "rating": "E"}, {"kind": "rating", "year": 24, "rating": "A"}, {"kind": "gift"},
            {"kind": "payment", "tax": "窗户税", **PERIOD, "paid": "1"},
            {"kind": "payment", "tax": "vat", **PERIOD, "paid_on": "2025-02-20"}]
)  # fmt: skip
def test_a_certificate_that_says_something_else_is_quarantined(row):
    batch = read_certificates(seal_envelope(certificates.FORMAT, [row]), intake())
    assert check_batch(batch).quarantined == 1


def test_income_tax_is_of_the_year_to_date():
    row = {
        "period_start_on": "2025-01-01",
        "period_end_on": "2025-06-30",
        "revenue": "100.00",
        "cost": "60.00",
        "profit": "40.00",
    }
    (told,) = told_rows(read_income_tax(seal_envelope(income_tax.FORMAT, [row]), intake()), "tax_filing")
    assert (told["tax"], told["happened_on"], told["profit_fen"]) == ("corporate_income", date(2025, 7, 15), 4_000)


def records(*rows, **changes):
    return read_neutral(seal_envelope(neutral.FORMAT, rows), intake(**{"business_id": "", "shop_id": "", **changes}))


AT = {"happened_at": "2025-03-01T10:00:00+08:00"}


def test_who_is_named_in_clear_becomes_a_token():
    from weilend.sources import Tokens

    tokens = Tokens(b"a key of this test only")
    row = {"kind": "bureau_report", "owner": "11010519491231002X", "bureau": "pboc", "about_whom": "owner", "found": True, **AT}
    batch = records(row, tokens=tokens)
    assert batch.records["bureau_report"]["owner_id"].to_pylist() == [tokens.of("id_number", "11010519491231002X")]
    assert batch.clear.to_pylist()[0]["value"] == "11010519491231002X"
    assert not any("11010519491231002X" in str(table.to_pylist()) for table in batch.records.values())


def test_a_passed_check_links_owner_and_phone():
    row = {"kind": "identity_check", "owner_id": "O1", "method": "phone", "phone": "13800000000", **AT}
    passed, failed = (records({**row, "outcome": outcome}) for outcome in ("pass", "fail"))
    (link,) = told_rows(passed, "link")
    assert (link["from_id"], link["to_id"], link["role"]) == ("O1", "13800000000", "reachable_at")
    assert "link" not in failed.records
    assert check_batch(passed).accepted == 1


def test_a_shop_authorisation_and_its_end_are_versions_of_one_link():
    row = {"kind": "link", "from_id": "B1", "from_kind": "business", "to_id": "S1", "to_kind": "shop", "role": "owns", **AT}
    batch = records(row, {**row, "happened_at": "2025-05-01T00:00:00Z", "valid_until_on": "2025-05-01"})
    assert len(set(batch.records["link"]["key"].to_pylist())) == 1
    assert batch.records["link"].num_rows == 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"kind": "loan_state", **AT}, "unknown_kind"),
        ({"kind": "registry_profile", "business_id": "B1", "status": "active"}, "missing"),
        ({"kind": "registry_profile", "status": "active", **AT}, "missing"),
        ({"kind": "registry_profile", "business_id": "B1", "status": "sleeping", **AT}, "unknown_word"),
        ({"kind": "registry_profile", "business_id": "B1", "status": "active", "colour": "red", **AT}, "unknown_word"),
        ({"kind": "registry_profile", "business_id": "B1", "status": "active", "staff_count": -1, **AT}, "out_of_range"),
        ({"kind": "registry_profile", "business_id": "B1", "status": "active", "staff_count": 1.5, **AT}, "not_a_number"),
        ({"kind": "registry_profile", "business_id": ["B1"], "status": "active", **AT}, "not_of_format"),
        ({"kind": "registry_profile", "business_id": "B1", "status": "active", "happened_at": "2025-03-01"}, "not_an_instant"),
        ({"kind": "registry_profile", "business_id": "B1", "status": "active", "known_basis": "guessed", **AT}, "unknown_word"),
    ],
)
def test_a_record_that_does_not_fit_is_quarantined(row, reason):
    batch = records(row)
    check_batch(batch)
    assert batch.rejects["reason"].to_pylist() == [reason]


@pytest.mark.parametrize(
    "content", [b'{"format":"weilend.vat_return","version":2,"rows":[]}', b'{"format":"weilend.records"}', b"[]", b"{", b"\xff"]
)
def test_an_envelope_that_is_not_ours_is_refused(content):
    with pytest.raises(SourceError):
        read_vat_return(content, intake())
