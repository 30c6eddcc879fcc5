"""In: nothing. Out: the records of money that moves: bank_entry, statement_balance, wallet_entry. Used: by features of cash flow.

Amounts are never negative: `direction` says which way. Accounts of the owner count beside those of the business.
"""

from __future__ import annotations

from weilend.core.records.frame import boolean, count, day, fen, instant, make_kind, number, optional, text

#: Who is on the other side, as far as a name dictionary and our links tell. True inflow leaves out own, related, lender, wallet.
COUNTERPARTIES = (
    "own", "related", "lender", "wallet", "platform", "tax", "payroll", "social_insurance", "rent", "utility", "bank", "court",
    "business", "person", "unknown",
)  # fmt: skip

#: Whose account it is.
HOLDERS = ("business", "owner")

#: What a bank entry is for. True inflow leaves out refund, reversal, interest, loan and transfer.
BANK_NATURES = (
    "trade", "refund", "reversal", "interest", "fee", "loan", "wages", "social_insurance", "tax", "rent", "utility", "cash",
    "investment", "card_repayment", "returned_unpaid", "transfer", "unknown",
)  # fmt: skip

#: What a wallet entry is for. Sales are sale less refund and fee; neutral ones only match bank and wallet.
WALLET_NATURES = (
    "sale", "refund", "fee", "purchase", "transfer_in", "transfer_out", "top_up", "withdraw", "payout", "red_packet_in",
    "red_packet_out", "loan_in", "loan_out", "interest", "investment", "ad_spend", "deposit", "card_repayment", "reversal",
    "unknown",
)  # fmt: skip

WALLETS = ("alipay", "wechat", "douyin", "jd", "pinduoduo", "unionpay", "paypal", "other")

BANK_ENTRY = make_kind(
    "bank_entry",
    "business_id counterparty_id",
    "A line of a bank statement. It happens when it is booked; a line without a time of day, at the end of its day.",
    text("account_id", "account"),
    text("direction", "into the account or out of it", "in", "out"),
    fen("amount_fen", "amount", lo=0),
    text("counterparty_kind", "who is on the other side", *COUNTERPARTIES),
    text("nature", "what it is for", *BANK_NATURES),
    *optional(
        text("holder", "whose account it is", *HOLDERS),
        fen("balance_fen", "balance after it, as the statement says; below zero where overdrawn"),
        number("line_no", "place in its statement in order of booking: what orders the lines of one day", 0, 10**9, "number"),
        text("purpose", "purpose as written, without names"),
        text(
            "channel",
            "by which way",
            "alipay",
            "wechat",
            "unionpay",
            "online_bank",
            "counter",
            "cash_machine",
            "terminal",
            "other",
        ),
        text("lender_id", "which lender, where the other side is one: several accounts of a lender are one"),
        text("reverses", "key of the entry that it takes back"),
        boolean("has_time", "the statement gave a time of day: else night and hour mean nothing"),
        instant("value_at", "counts for interest from"),
    ),
)

STATEMENT_BALANCE = make_kind(
    "statement_balance",
    "business_id",
    "What a statement says of its whole: the opening balance without which there is no running balance. It happens at its end.",
    text("account_id", "account"),
    day("period_start_on", "first day of the statement"),
    day("period_end_on", "last day of the statement"),
    *optional(
        text("holder", "whose account it is", *HOLDERS),
        text("institution", "bank or wallet that wrote it"),
        fen("opening_fen", "balance before the first line"),
        fen("closing_fen", "balance after the last line"),
        fen("in_total_fen", "sum of what came in, as the statement says", lo=0),
        fen("out_total_fen", "sum of what went out, as the statement says", lo=0),
        count("lines_count", "lines, as the statement says"),
        fen("available_fen", "balance that may be drawn"),
        text("file_id", "hash of the file"),
        text("layout_id", "hash of layout, fonts and producer: equal ones across firms are a sign of a forger"),
    ),
)

WALLET_ENTRY = make_kind(
    "wallet_entry",
    "business_id shop_id counterparty_id",
    "A line of the bill of a wallet or of a platform's account. It happens when it is booked.",
    text("account_id", "account in the wallet"),
    text("wallet", "which wallet", *WALLETS),
    text("direction", "into the account, out of it, or neither (不计收支)", "in", "out", "neutral"),
    text("nature", "what it is for", *WALLET_NATURES),
    text("status", "did it go through", "done", "pending", "closed"),
    fen("amount_fen", "amount", lo=0),
    *optional(
        text("holder", "whose account it is", *HOLDERS),
        text("counterparty_kind", "who is on the other side", *COUNTERPARTIES),
        fen("fee_fen", "fee taken from it"),
        fen("refunded_fen", "what was paid back of it so far", lo=0),
        fen("balance_fen", "balance after it"),
        number("line_no", "place in its bill in order of booking", 0, 10**9, "number"),
        text("order_id", "order of the shop that it belongs to"),
        text("purpose", "purpose as written, without names"),
        text("lender_id", "which lender, where the other side is one"),
        text("pay_method", "from what it was paid", "balance", "bank_card", "credit_card", "credit", "fund", "other"),
        text("reverses", "key of the entry that it takes back"),
    ),
)
