"""In: nothing. Out: the records that we make of records: reconciliation, list_entry, feature_row, graph_profile. Used: by features
across sources, by fraud, and by the audit of what a decision saw.
"""

from __future__ import annotations

from weilend.core.records.frame import MAX_PPM, boolean, count, day, fen, instant, make_kind, number, optional, ppm, text
from weilend.core.records.people import SUBJECTS

#: What is checked within one file, and between two sources.
CHECKS = (
    "running_balance", "statement_sums", "header_totals", "voucher_balances", "trial_balance_rolls", "invoice_sums",
    "settlement_sums", "vat_identities", "interest_days", "check_digits", "repeated_sequence", "file_marks", "order_refunds",
    "invoice_with_tax", "invoice_with_bank", "shop_with_wallet", "wallet_with_bank", "books_with_tax", "books_with_bank",
    "b2b_with_invoice",
)  # fmt: skip

#: Why a subject stands on a list.
LISTS = (
    "deny", "allow", "watch", "dishonest_debtor", "enforced_debtor", "lawsuit", "consumption_limited", "tax_offender",
    "sanctioned", "fraud_ring", "intermediary", "lost_contact", "recycled_phone", "risky_device", "risky_network",
)  # fmt: skip

RECONCILIATION = make_kind(
    "reconciliation",
    "business_id shop_id",
    "Two ways to the same figure were compared: within one file a test of reader and forger, between sources a test of the story.",
    text("check_name", "what was compared", *CHECKS),
    boolean("holds", "they agree within what the check allows"),
    *optional(
        text("direction", "how the second stands to the first", "below", "equal", "above"),
        fen("expected_fen", "the first figure: what should be"),
        fen("found_fen", "the second figure: what is"),
        ppm("gap_ppm", "second over first, less one", lo=-MAX_PPM, hi=MAX_PPM),
        count("checked_count", "lines compared"),
        count("failed_count", "lines that do not agree"),
        text("account_id", "account it is about"),
        text("file_id", "hash of the file it is about"),
        day("period_start_on", "first day compared"),
        day("period_end_on", "last day compared"),
    ),
)  # fmt: skip

LIST_ENTRY = make_kind(
    "list_entry",
    "subject_id",
    "A subject was put on a list or taken off it: our own, a court's, a partner's. What is proposed is not in force yet; what is"
    " disputed is in force until somebody has looked.",
    text("subject_kind", "what the subject is", *SUBJECTS),
    text("list_name", "which list", *LISTS),
    text("act", "what was done", "added", "removed", "proposed", "disputed"),
    *optional(
        text("reason", "reason code"),
        text("case_id", "court case or report"),
        text("part", "part in a court case", "plaintiff", "defendant", "third_party"),
        fen("amount_fen", "amount at stake", lo=0),
        number("severity", "how grave, higher is graver", 0, 100, "number"),
        day("valid_until_on", "it ends after this day by itself"),
        text("added_by", "who put it there"),
    ),
)

FEATURE_ROW = make_kind(
    "feature_row",
    "subject_id",
    "The value of one feature as a decision saw it. No feature reads it: an audit computes it again and wants the same.",
    text("subject_kind", "what the subject is", *SUBJECTS),
    text("feature", "name of the feature"),
    text("feature_set", "identity of the feature set"),
    instant("as_of_at", "as of this instant"),
    number("book_seq", "the book was read up to here", 0, 2**61, "number"),
    *optional(
        number("value", "the value in the feature's quantum; NULL where history does not suffice", -(2**62), 2**62, "quantum"),
        text("application_id", "identity of the application"),
        number("history_days", "days of history that were there", 0, 36_525, "days"),
    ),
)

GRAPH_PROFILE = make_kind(
    "graph_profile",
    "subject_id",
    "How a subject stood in the graph of links and flows at a seq of the book; written at an application, audited nightly.",
    text("subject_kind", "what the subject is", *SUBJECTS),
    number("book_seq", "the book was read up to here", 0, 2**61, "number"),
    *optional(
        count("businesses_count", "businesses one step away"),
        count("owners_count", "owners one step away"),
        count("devices_count", "devices one step away"),
        count("phone_businesses_count", "businesses at the same phone"),
        count("address_businesses_count", "businesses at the same address"),
        count("device_owners_count", "owners on the same devices, most on any one"),
        count("wifi_owners_30d_count", "owners in the same Wi-Fi within 30 days"),
        count("account_businesses_count", "businesses paying to the same account"),
        count("bookkeeper_businesses_count", "businesses with the same bookkeeper or invoice drawer"),
        count("contacts_shared_count", "emergency contacts shared with other applicants"),
        count("applications_30d_count", "applications within two steps in 30 days"),
        count("listed_count", "subjects on a deny list within two steps"),
        count("defaulted_count", "businesses with a default known then within two steps"),
        text("ring_id", "cluster it belongs to"),
        count("ring_size_count", "size of that cluster"),
        ppm("ring_density_ppm", "links there are, of those there could be"),
        number("core_no", "k-core number", 0, 10**6, "number"),
        number("deny_steps", "steps to the nearest subject on a deny list", 0, 100, "number"),
        fen("cycle_fen", "invoices and payments in directed cycles of at most five within 90 days", lo=0),
        ppm("region_default_rate_ppm", "default rate of the region as known then"),
        number("anomaly_ppm", "how strange, higher is stranger", 0, 1_000_000, "ppm"),
        *(
            count(f"{thing}_others_{window}_count", f"other parties at the same {thing} in the last {window}, most at any one")
            for thing in ("device", "ip", "wifi", "phone", "address", "account")
            for window in ("1h", "24h", "7d", "30d")
        ),
    ),
)
