"""In: nothing. Out: the records of papers: invoice, invoice_line, tax_filing, ledger_line. Used: by features of invoices, taxes and
books, and across sources.
"""

from __future__ import annotations

from weilend.core.records.frame import boolean, count, day, fen, make_kind, number, optional, ppm, text

TAXES = (
    "vat",
    "corporate_income",
    "personal_income",
    "consumption",
    "surcharge",
    "stamp",
    "property",
    "social_insurance",
    "other",
)

INVOICE = make_kind(
    "invoice",
    "business_id counterparty_id",
    "A VAT invoice that a business issued (sale) or received (purchase).",
    text("direction", "issued by the business or received by it", "sale", "purchase"),
    text("number", "invoice number; numbers recur across years with different content"),
    fen("net_fen", "amount without tax; negative on a red-letter invoice (红字)"),
    fen("tax_fen", "tax"),
    fen("gross_fen", "amount with tax"),
    text("status", "valid, or void (作废)", "valid", "void"),
)

INVOICE_LINE = make_kind(
    "invoice_line",
    "business_id counterparty_id",
    "A line of an invoice, where the source has the whole paper: what was sold, by whom it was drawn, which invoice it takes back."
    " It happens when the invoice does; `line_no = 1` stands once for each invoice.",
    text("direction", "issued by the business or received by it", "sale", "purchase"),
    text("number", "invoice number, as in `invoice`"),
    number("line_no", "which line of the invoice, from 1", 1, 100_000, "number"),
    text("status", "valid, or void (作废)", "valid", "void"),
    fen("net_fen", "amount of the line without tax; negative on a red-letter invoice and for a discount"),
    *optional(
        fen("tax_fen", "tax of the line"),
        ppm("tax_rate_ppm", "tax rate; NULL where exempt or not taxed"),
        text("goods_code", "tax class of the goods (税收分类编码), 19 digits: its first 2 to 4 are compared across directions"),
        number("units_milli", "quantity in thousandths", -(10**15), 10**15, "thousandths"),
        text(
            "form",
            "form of the invoice",
            "special",
            "ordinary",
            "digital_special",
            "digital_ordinary",
            "roll",
            "vehicle",
            "foreign",
        ),
        text("drawer_id", "who drew it (开票人): one drawer for many taxpayers is a sign of a shell"),
        text("terminal_id", "address or device it was drawn from"),
        text("red_of", "number of the invoice that this red-letter one takes back"),
        fen("limit_fen", "the most that one invoice of this taxpayer could show then, without tax", lo=0),
        ppm("quota_used_ppm", "share of the taxpayer's total quota (授信额度) used once it was drawn", hi=2_000_000),
        text("tax_risk", "what the tax office marks it as", "normal", "doubtful", "abnormal"),
        boolean("has_time", "the source gave a time of day: else night and hour mean nothing"),
    ),
)

TAX_FILING = make_kind(
    "tax_filing",
    "business_id",
    "A tax return for a period, or what is known of its payment. It happens when it is filed; a correction is a new version. Lines"
    " are those of the VAT return of general taxpayers (domain: line identities).",
    text("tax", "which tax", *TAXES),
    day("period_start_on", "first day of the period"),
    day("period_end_on", "last day of the period"),
    *optional(
        text("taxpayer", "how VAT is reckoned", "general", "small_scale"),
        day("due_on", "last day for filing"),
        number("late_days", "days filed or paid after the last day", 0, 36_525, "days"),
        boolean("is_correction", "replaces an earlier return"),
        fen("declared_sales_fen", "sales of the period: lines 1 + 5 + 7 + 8"),
        fen("taxed_sales_fen", "line 1: sales at the applicable rate"),
        fen("simple_sales_fen", "line 5: sales under the simple method"),
        fen("export_sales_fen", "line 7: exports"),
        fen("exempt_sales_fen", "line 8: exempt sales"),
        fen("output_tax_fen", "line 11: output tax"),
        fen("input_tax_fen", "line 12: input tax"),
        fen("brought_forward_fen", "line 13: credit of the period before", lo=0),
        fen("transferred_out_fen", "line 14: input tax transferred out"),
        fen("carried_forward_fen", "line 20: credit kept for the next period (留抵)", lo=0),
        fen("payable_fen", "line 24, or the tax of another return"),
        fen("paid_fen", "line 27: paid in the period"),
        fen("arrears_fen", "line 33: owed beyond its day", lo=0),
        fen("late_fee_fen", "late fee (滞纳金)", lo=0),
        text("credit_rating", "the tax office's rating of the taxpayer", "A", "B", "M", "C", "D"),
        fen("revenue_fen", "income tax: revenue"),
        fen("cost_fen", "income tax: cost"),
        fen("profit_fen", "income tax: profit before tax"),
        fen("taxable_fen", "income tax: taxable income"),
        count("staff_count", "people for whom tax or social insurance is paid"),
    ),
)

LEDGER_LINE = make_kind(
    "ledger_line",
    "business_id counterparty_id",
    "A line of the books: of a voucher, or an opening or closing balance of a trial balance. It happens on its posting day.",
    text("entry", "what it is", "voucher", "opening_balance", "closing_balance", "year_end_transfer"),
    text("account_code", "account, as the standard codes it: 1002 bank, 1122 receivables, 5001 revenue (小企业会计准则)"),
    fen("debit_fen", "debit (借)"),
    fen("credit_fen", "credit (贷)"),
    *optional(
        text("voucher_id", "voucher; its debits equal its credits"),
        number("line_no", "which line of the voucher, from 1", 1, 100_000, "number"),
        text("account_class", "class of the account", "asset", "liability", "equity", "cost", "revenue", "expense"),
        text("account_name", "name of the account as written"),
        day("period_end_on", "last day of the period it belongs to"),
        text("memo", "what it is for, without names"),
        text("preparer_id", "who wrote it: one bookkeeper for many firms is a sign of a forger"),
        day("due_on", "a receivable or payable is due"),
    ),
)
