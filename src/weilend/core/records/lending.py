"""In: nothing. Out: the records of lending: what others say of loans, application, decision, review_outcome, disbursement,
instalment_due, repayment, loan_state. Used: labels read them; features of behaviour read loans of the past.

A loan names its business; a label looks at all loans of the obligor.
"""

from __future__ import annotations

from weilend.core.records.frame import MAX_DAYS, boolean, count, day, fen, make_kind, number, optional, ppm, text

#: How a loan is repaid. Bullet and interest-first loans mature as labels only after their last day.
METHODS = ("equal_instalment", "equal_principal", "interest_first", "bullet", "revolving", "flat_fee")

#: What may be said of a loan at an instant. Restructured, renewed or extended counts as default where `under_stress`.
LOAN_STATES = (
    "current", "overdue", "restructured", "renewed", "extended", "settled", "settled_early", "compensated", "sold", "written_off",
    "recovered", "cancelled",
)  # fmt: skip

EXTERNAL_OUTCOME = make_kind(
    "external_outcome",
    "business_id",
    "What became of a loan that somebody else made. Labels read it; no feature does.",
    text("outcome", "did the firm default", "default", "no_default"),
)

EXTERNAL_RATING = make_kind(
    "external_rating",
    "business_id",
    "What somebody else says of a firm. No feature and no label reads it.",
    text("rater", "who says it"),
    text("rating", "what they say"),
)

APPLICATION = make_kind(
    "application",
    "business_id",
    "A business asked for a product.",
    text("application_id", "identity of the application"),
    text("product", "product asked for"),
)

DECISION = make_kind(
    "decision",
    "business_id",
    "What we answered.",
    text("application_id", "identity of the application"),
    text("product", "product asked for"),
    text("outcome", "our answer", "approve", "refer", "decline"),
    text("receipt_id", "the receipt that replays it"),
    *optional(
        text("grade", "grade, where there was a score"),
        fen("ceiling_fen", "the most that may be lent, where approved"),
        ppm("chance_ppm", "probability of this outcome over all draws of the policy's experiments, where it was logged"),
        text("arms", "arm of each experiment, such as `test=control`, where the policy runs any"),
        ppm("arms_chance_ppm", "probability with which exactly these arms were drawn"),
    ),
)

REVIEW_OUTCOME = make_kind(
    "review_outcome",
    "business_id owner_id",
    "What a reviewer found on an application or on a loan. No feature reads it: it is what people made of the facts.",
    text("application_id", "identity of the application"),
    text("outcome", "what the reviewer says", "approve", "decline", "more_papers", "withdrawn"),
    *optional(
        text("loan_id", "identity of the loan, where one was reviewed"),
        text("receipt_id", "the receipt that was reviewed"),
        text("reviewer_id", "who reviewed"),
        text(
            "finding",
            "what was found",
            "sound",
            "misstated",
            "forged",
            "brushing",
            "front_person",
            "gang",
            "unreachable",
            "other",
        ),
        boolean("is_fraud", "confirmed fraud"),
        boolean("visited", "the place of business was seen"),
        text("reason", "reason code"),
        number("spent_seconds", "time spent", 0, 10**7, "seconds"),
    ),
)

DISBURSEMENT = make_kind(
    "disbursement",
    "business_id owner_id",
    "A loan was paid out: what it is booked as, and the cohort it belongs to. It happens on its booking day.",
    text("loan_id", "identity of the loan"),
    text("application_id", "identity of the application"),
    text("product", "product"),
    fen("principal_fen", "principal paid out", lo=0),
    ppm("annual_rate_ppm", "yearly rate of interest", hi=10_000_000),
    text("method", "how it is repaid", *METHODS),
    count("instalments_count", "instalments", hi=1_200),
    day("first_due_on", "first instalment is due"),
    day("matures_on", "last instalment is due"),
    *optional(
        text("partner_id", "funding partner with the largest share"),
        ppm("own_share_ppm", "share that we fund"),
        fen("limit_fen", "limit of the line that it was drawn from", lo=0),
        fen("fees_fen", "fees taken at the start", lo=0),
        text("renews", "loan that it repays, in part or whole"),
        boolean("is_first_loan", "first loan of this business with us"),
        boolean("under_stress", "renews a loan whose borrower could not have repaid it"),
        text("grade", "grade at the decision"),
    ),
)

INSTALMENT_DUE = make_kind(
    "instalment_due",
    "business_id owner_id",
    "An instalment fell due. It happens at the end of its due day: what lies ahead is a plan, and stands in `loan_state`.",
    text("loan_id", "identity of the loan"),
    number("instalment_no", "which instalment, from 1", 1, 1_200, "number"),
    day("due_on", "due day"),
    fen("due_fen", "due in all", lo=0),
    fen("principal_fen", "of it principal", lo=0),
    fen("interest_fen", "of it interest", lo=0),
    *optional(
        fen("fee_fen", "of it fees", lo=0),
        number("schedule_no", "which schedule of the loan, from 1; a restructuring makes the next", 1, 1_000, "number"),
        number(
            "grace_days", "days of grace in the contract: they delay a penalty, not the count of days past due", 0, 365, "days"
        ),
        boolean("is_last", "last instalment"),
    ),
)

REPAYMENT = make_kind(
    "repayment",
    "business_id owner_id",
    "Money came for a loan, as allocated to one instalment: a payment for several is several records. It happens when it is"
    " booked.",
    text("loan_id", "identity of the loan"),
    text("payment_id", "identity of the payment"),
    fen("paid_fen", "paid in all; negative where a payment was taken back"),
    fen("principal_fen", "of it principal"),
    fen("interest_fen", "of it interest"),
    *optional(
        fen("penalty_fen", "of it penalty interest"),
        fen("fee_fen", "of it fees"),
        number("instalment_no", "which instalment", 1, 1_200, "number"),
        day("due_on", "due day of that instalment"),
        number("late_days", "days after the due day; negative before it", -MAX_DAYS, MAX_DAYS, "days"),
        text("payer", "who paid", "borrower", "owner", "guarantor", "partner", "insurer", "collector", "buyer", "unknown"),
        text("way", "how it came", "debit", "transfer", "offset", "new_loan", "court", "security"),
        boolean("is_early_payoff", "repays the whole before its last day"),
        boolean("is_reversal", "takes an earlier payment back"),
    ),
)

LOAN_STATE = make_kind(
    "loan_state",
    "business_id owner_id",
    "How a loan stood at the end of a day: written at least at each month's end and whenever its state changes.",
    text("loan_id", "identity of the loan"),
    text("state", "state of the loan", *LOAN_STATES),
    number("dpd", "days since the oldest unpaid due day, grace not taken off; 0 where nothing is unpaid", 0, MAX_DAYS, "days"),
    fen("outstanding_fen", "principal owed; 0 once settled, and what was written off stays in `written_off_fen`", lo=0),
    *optional(
        number("mob", "complete months on book since the booking day", 0, 1_200, "months"),
        day("booked_on", "booking day: the cohort"),
        day("matures_on", "last instalment is due, as it stands now"),
        fen("principal_fen", "principal paid out", lo=0),
        fen("overdue_fen", "overdue: principal, interest and fees", lo=0),
        fen("overdue_principal_fen", "of it principal: what a threshold of materiality is compared with", lo=0),
        fen("accrued_interest_fen", "interest grown and not yet due", lo=0),
        fen("written_off_fen", "written off so far", lo=0),
        fen("recovered_fen", "recovered after it was written off", lo=0),
        fen("recovery_cost_fen", "what recovering cost", lo=0),
        number("unpaid_count", "instalments due and unpaid", 0, 1_200, "count"),
        number("max_dpd", "most days past due so far", 0, MAX_DAYS, "days"),
        number("first_dpd", "most days past due of the first instalment so far", 0, MAX_DAYS, "days"),
        boolean("under_stress", "restructured, renewed or extended because the borrower could not pay"),
        boolean("is_non_accrual", "interest is no longer counted as income"),
        text("renewed_by", "loan that repaid it"),
        day("next_due_on", "next instalment is due"),
        fen("next_due_fen", "and is this much", lo=0),
        fen("due_12m_fen", "falls due in the next 12 months: our part of debt service", lo=0),
    ),
)  # fmt: skip
