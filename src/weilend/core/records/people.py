"""In: nothing. Out: the records of who people and firms are: registry_event, registry_profile, bureau_report, identity_check, link,
consent. Used: by features of registry and owner, by the joining of subjects, and by whatever asks for a consent.
"""

from __future__ import annotations

from weilend.core.records.frame import MAX_PPM, boolean, count, day, fen, make_kind, number, optional, ppm, text

#: What a subject is.
SUBJECTS = (
    "business", "owner", "person", "shop", "device", "account", "phone", "address", "wifi", "ip", "email", "contact",
    "agent",
)  # fmt: skip

#: What the one on the left of a link is to the one on the right.
ROLES = (
    "owns", "represents", "holds_shares", "manages", "controls", "keeps_books", "spouse", "relative", "guarantees", "recommends",
    "works_for", "uses", "banks_with", "reachable_at", "located_at", "lives_at", "emergency_contact", "same_as",
)  # fmt: skip

#: What data may be used for.
PURPOSES = (
    "credit_decision", "bureau_query", "anti_fraud", "monitoring", "collection", "model_building", "marketing",
    "sharing",
)  # fmt: skip

REGISTRY_EVENT = make_kind(
    "registry_event",
    "business_id",
    "What the business register says of a firm.",
    text(
        "event", "what happened", "registered", "representative_changed", "shareholders_changed", "managers_changed",
        "address_changed", "scope_changed", "capital_changed", "name_changed", "form_changed", "listed_abnormal",
        "delisted_abnormal", "penalised", "shares_pledged", "shares_frozen", "chattel_mortgaged", "liquidated", "revoked",
        "cancelled",
    ),
    text("legal_form", "legal form", "company", "branch", "sole_trader", "other"),
)  # fmt: skip

REGISTRY_PROFILE = make_kind(
    "registry_profile",
    "business_id",
    "How a firm stands in the business register at an instant; each look is a record, for the register keeps no past of these.",
    text("status", "state of the firm", "active", "abnormal", "liquidating", "revoked", "cancelled"),
    *optional(
        day("founded_on", "founding day"),
        day("licence_until_on", "the licence holds until"),
        fen("capital_registered_fen", "registered capital", lo=0),
        fen("capital_paid_fen", "paid-in capital", lo=0),
        text("industry", "industry code (GB/T 4754), finest that is known: what taxes and seasons are compared by"),
        text("region", "region code (GB/T 2260), six digits"),
        text("size_class", "size class of the ministry's standard", "micro", "small", "medium", "large"),
        text("scope_hash", "hash of the business scope as written"),
        count("staff_count", "people insured"),
        count("shareholders_count", "shareholders"),
        count("branches_count", "branches"),
        count("licences_count", "permits in force"),
        ppm("owner_share_ppm", "share that the applying owner holds"),
    ),
)

BUREAU_REPORT = make_kind(
    "bureau_report",
    "owner_id business_id",
    "What a licensed bureau says of an owner, or of a business whose owner asked. No file is a fact of its own, not a clean one.",
    text("bureau", "which bureau"),
    text("about_whom", "whom it is about", "owner", "business"),
    boolean("found", "the bureau has a file"),
    *optional(
        count("queries_1m_count", "credit enquiries in 1 month"),
        count("queries_3m_count", "credit enquiries in 3 months"),
        count("queries_6m_count", "credit enquiries in 6 months"),
        count("query_lenders_3m_count", "lenders that enquired in 3 months"),
        count("lenders_count", "lenders with an open loan"),
        count("lenders_small_loan_count", "of these, small-loan and consumer-finance companies"),
        count("loans_open_count", "open loans"),
        count("loans_opened_6m_count", "loans opened in 6 months"),
        count("cards_count", "credit cards"),
        fen("outstanding_fen", "owed in all", lo=0),
        fen("unsecured_outstanding_fen", "of it, without security", lo=0),
        fen("business_outstanding_fen", "of it, for business", lo=0),
        fen("revolving_limit_fen", "limits of cards and revolving lines", lo=0),
        fen("monthly_due_fen", "instalments due a month: the existing part of debt service", lo=0),
        ppm("utilisation_ppm", "drawn share of cards and revolving lines", hi=MAX_PPM),
        fen("overdue_fen", "overdue now", lo=0),
        number("dpd", "days past due now, worst loan", 0, 36_525, "days"),
        number("max_dpd_12m", "most days past due in 12 months", 0, 36_525, "days"),
        number("max_dpd_24m", "most days past due in 24 months", 0, 36_525, "days"),
        count("overdue_months_24m_count", "months with something overdue in 24", hi=24),
        count("write_offs_count", "loans written off, sold or compensated"),
        count("guarantees_count", "loans of others that the subject guarantees"),
        fen("guarantees_fen", "owed on them", lo=0),
        day("first_loan_on", "first loan ever"),
        number("bureau_points", "score of the bureau; its direction is the bureau's", -(10**6), 10**6, "number"),
    ),
)

IDENTITY_CHECK = make_kind(
    "identity_check",
    "owner_id business_id device_id",
    "Somebody was checked to be who they say.",
    text(
        "method", "what was checked", "id_number", "name_and_id", "id_document", "face", "liveness", "phone", "bank_card",
        "business_licence", "legal_representative", "video_call",
    ),
    text("outcome", "what came of it", "pass", "fail", "unclear", "unavailable"),
    *optional(
        text("verifier", "who checked"),
        ppm("match_ppm", "how alike, where the method says so"),
        number("attempt_no", "which attempt, from 1", 1, 10_000, "number"),
        day("document_until_on", "the document holds until"),
        boolean("looks_forged", "signs of a copy, a screen, a mask or an edit"),
    ),
)  # fmt: skip

LINK = make_kind(
    "link",
    "from_id to_id",
    "One subject is something to another. It is written from the one that a spine starts from (business, then owner) towards"
    " what it owns, uses or is reached by; how many share the right side is a fold over the book. An end is a new version.",
    text("from_kind", "what the left one is", *SUBJECTS),
    text("to_kind", "what the right one is", *SUBJECTS),
    text("role", "what the left one is to the right one", *ROLES),
    *optional(
        day("valid_from_on", "so since"),
        day("valid_until_on", "so until, that day included; NULL while it lasts"),
        ppm("share_ppm", "share held, of a shareholding"),
        text("evidence", "how we know", "declared", "registered", "observed", "inferred"),
    ),
)  # fmt: skip

CONSENT = make_kind(
    "consent",
    "owner_id business_id",
    "Somebody allowed, or no longer allows, that data be used for a purpose. The frame's `consent_id` is the consent it is about.",
    text("purpose", "what for", *PURPOSES),
    text("act", "what was done", "granted", "withdrawn"),
    *optional(
        text("recipient", "who may use it; NULL is ourselves"),
        text("reach", "which kinds of record or fields it covers; NULL is all that it names"),
        text("wording_id", "hash of the words that were shown"),
        text("door", "where it was given", "app", "web", "paper", "partner", "phone"),
        day("valid_until_on", "it ends after this day by itself"),
        number("read_seconds", "how long the words were on the screen", 0, 10**6, "seconds"),
    ),
)
