"""The schema of every kind of record: sources map onto it, the book stores it, formulas are typed by it.

A record is a row of a typed table, one table a kind. Its columns are the subjects (who it is about), the business fields of its
theme, and the frame that every kind shares (`FRAME`): identity, two clocks, order, origin. A value that a source does not tell
is NULL, never zero.
"""

from weilend.core.records.derived import FEATURE_ROW, GRAPH_PROFILE, LIST_ENTRY, RECONCILIATION
from weilend.core.records.devices import CAMPAIGN_TOUCH, DEVICE_SIGHTING, USER_EVENT
from weilend.core.records.frame import (
    FAR_FUTURE,
    FIRST_INSTANT,
    FRAME,
    KNOWN_BASES,
    LAST_INSTANT,
    MAX_FEN,
    READABLE_FRAME,
    Field,
    FieldType,
    Kind,
)
from weilend.core.records.lending import (
    APPLICATION,
    DECISION,
    DISBURSEMENT,
    EXTERNAL_OUTCOME,
    EXTERNAL_RATING,
    INSTALMENT_DUE,
    LOAN_STATE,
    REPAYMENT,
    REVIEW_OUTCOME,
)
from weilend.core.records.money import BANK_ENTRY, STATEMENT_BALANCE, WALLET_ENTRY
from weilend.core.records.papers import INVOICE, INVOICE_LINE, LEDGER_LINE, TAX_FILING
from weilend.core.records.people import (
    BUREAU_REPORT,
    CONSENT,
    IDENTITY_CHECK,
    LINK,
    REGISTRY_EVENT,
    REGISTRY_PROFILE,
)
from weilend.core.records.trade import B2B_ORDER, ORDER, REFUND, SHOP_SNAPSHOT
from weilend.core.registry import Registry

KINDS: Registry[Kind] = Registry("kind of record")
for _kind in (
    *(ORDER, REFUND, SHOP_SNAPSHOT, B2B_ORDER),
    *(BANK_ENTRY, STATEMENT_BALANCE, WALLET_ENTRY),
    *(INVOICE, INVOICE_LINE, TAX_FILING, LEDGER_LINE),
    *(REGISTRY_EVENT, REGISTRY_PROFILE, BUREAU_REPORT, IDENTITY_CHECK, LINK, CONSENT),
    *(DEVICE_SIGHTING, USER_EVENT, CAMPAIGN_TOUCH),
    *(APPLICATION, DECISION, REVIEW_OUTCOME, DISBURSEMENT, INSTALMENT_DUE, REPAYMENT, LOAN_STATE),
    *(EXTERNAL_OUTCOME, EXTERNAL_RATING),
    *(RECONCILIATION, LIST_ENTRY, FEATURE_ROW, GRAPH_PROFILE),
):
    KINDS.add(_kind.name, _kind)

#: Kinds that say what others think of a firm or what became of it, or what a feature said before: no feature may read them.
FORBIDDEN_TO_FEATURES = frozenset({"external_outcome", "external_rating", "decision", "review_outcome", "feature_row"})

__all__ = [
    "APPLICATION",
    "B2B_ORDER",
    "BANK_ENTRY",
    "BUREAU_REPORT",
    "CAMPAIGN_TOUCH",
    "CONSENT",
    "DECISION",
    "DEVICE_SIGHTING",
    "DISBURSEMENT",
    "EXTERNAL_OUTCOME",
    "EXTERNAL_RATING",
    "FAR_FUTURE",
    "FEATURE_ROW",
    "FIRST_INSTANT",
    "FORBIDDEN_TO_FEATURES",
    "FRAME",
    "GRAPH_PROFILE",
    "IDENTITY_CHECK",
    "INSTALMENT_DUE",
    "INVOICE",
    "INVOICE_LINE",
    "KINDS",
    "KNOWN_BASES",
    "LAST_INSTANT",
    "LEDGER_LINE",
    "LINK",
    "LIST_ENTRY",
    "LOAN_STATE",
    "MAX_FEN",
    "ORDER",
    "READABLE_FRAME",
    "RECONCILIATION",
    "REFUND",
    "REGISTRY_EVENT",
    "REGISTRY_PROFILE",
    "REPAYMENT",
    "REVIEW_OUTCOME",
    "SHOP_SNAPSHOT",
    "STATEMENT_BALANCE",
    "TAX_FILING",
    "USER_EVENT",
    "WALLET_ENTRY",
    "Field",
    "FieldType",
    "Kind",
]
