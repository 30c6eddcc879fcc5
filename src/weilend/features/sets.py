"""In: the themes. Out: feature sets by name. Used: by products, which name the set they are judged on."""

from __future__ import annotations

from weilend.core.registry import Registry
from weilend.features.b2b import B2B_FEATURES
from weilend.features.books import BOOKS_FEATURES
from weilend.features.cash_flow import CASH_FLOW_FEATURES
from weilend.features.cross_source import CROSS_SOURCE_FEATURES
from weilend.features.device import DEVICE_FEATURES
from weilend.features.graph import GRAPH_FEATURES
from weilend.features.invoice import INVOICE_FEATURES
from weilend.features.owner import OWNER_FEATURES
from weilend.features.plans import FeatureSet, unique_names
from weilend.features.registry import REGISTRY_FEATURES
from weilend.features.seller_receipts import SELLER_RECEIPTS_FEATURES
from weilend.features.shop import SHOP_FEATURES
from weilend.features.tax import TAX_FEATURES
from weilend.features.wallet import WALLET_FEATURES

#: Every theme by name, in the order of the data dictionary.
THEMES = {
    "invoice": INVOICE_FEATURES,
    "shop": SHOP_FEATURES,
    "cash_flow": CASH_FLOW_FEATURES,
    "wallet": WALLET_FEATURES,
    "seller_receipts": SELLER_RECEIPTS_FEATURES,
    "tax": TAX_FEATURES,
    "books": BOOKS_FEATURES,
    "b2b": B2B_FEATURES,
    "registry": REGISTRY_FEATURES,
    "owner": OWNER_FEATURES,
    "device": DEVICE_FEATURES,
    "graph": GRAPH_FEATURES,
    "cross_source": CROSS_SOURCE_FEATURES,
}

#: Of shops a seller is judged by how they stand, never by what orders say of themselves: see `seller_receipts`.
_SELLER = (
    "shop_age_days_365d", "shop_positive_rate_90d", "shop_dsr_item_gap_90d", "shop_dsr_service_gap_90d",
    "shop_dsr_delivery_gap_90d", "shop_deposit_ratio_90d", "shop_violation_points_90d", "shop_severe_violation_points_90d",
    "shop_not_normal_count_90d", "shop_pending_settlement_fen_60d", "shop_platform_credit_fen_90d", "true_inflow_share_12m",
    "net_cash_margin_12m", "debt_burden_12m", "lenders_credited_90d", "lenders_debited_90d", "loan_inflow_share_90d",
    "same_day_turnover_90d", "daily_balance_mean_fen_90d", "low_balance_days_90d", "returned_unpaid_count_12m",
    "court_paid_fen_12m", "registry_standing_180d", "registry_representative_changes_180d", "registry_age_days_180d",
    "registry_address_changes_180d", "registry_abnormal_listings_365d", "registry_penalties_365d",
)  # fmt: skip

#: Besides invoices, an enterprise is judged by tax, cash flow (what comes by way of its wallets, too), the register and its owner:
#: what the policy reads, and little more, for where only invoices are known, every other column costs training time and says
#: nothing.
_ENTERPRISE = (
    "invoice_reciprocity_12m", "tax_sales_fen_12m", "tax_arrears_fen_365d", "tax_rating_730d", "invoice_vs_tax_12m",
    "tax_sales_change_24m", "tax_late_return_share_24m", "true_inflow_fen_12m", "net_cash_fen_12m", "debt_service_fen_12m",
    "inflow_with_wallets_fen_12m", "net_cash_with_wallets_fen_12m", "debt_service_with_wallets_fen_12m",
    "bank_vs_invoice_with_wallets_12m", "wallet_receipts_fen_12m", "wallet_sale_active_days_90d", "wallet_lenders_90d",
    "same_day_turnover_90d", "bank_vs_invoice_12m", "lenders_credited_90d", "true_inflow_share_12m", "inflow_cv_12m",
    "net_cash_margin_12m", "debt_burden_12m", "returned_unpaid_count_12m", "daily_balance_mean_fen_90d",
    "registry_standing_180d", "registry_representative_changes_180d", "registry_age_days_180d", "owner_no_file_180d",
    "owner_dpd_180d", "owner_max_dpd_12m_180d", "owner_write_offs_180d", "owner_lenders_180d", "owner_queries_3m_180d",
    "owner_monthly_due_fen_180d", "owner_utilisation_180d", "owner_credit_age_days_365d",
)  # fmt: skip

#: Besides devices, behaviour, identity and what is shared, fraud shows in trade that turns on itself and in papers that do not
#: agree.
_FRAUD = (
    "shop_suspect_sales_share_12m", "shop_empty_parcel_share_90d", "shop_waybill_reused_share_90d", "shop_hourly_burst_share_90d",
    "shop_new_low_buyer_share_90d", "shop_review_copied_share_12m", "shop_refund_rate_90d", "shop_repeat_buyer_share_180d",
    "wallet_same_day_payout_share_90d", "wallet_same_size_payout_share_90d", "wallet_reciprocity_12m",
    "wallet_busiest_hour_share_90d",
    "reciprocity_12m", "same_day_turnover_90d", "round_inflow_share_12m", "related_inflow_share_12m", "low_balance_days_90d",
    "lenders_credited_90d", "inflow_best_month_share_12m", "top_payer_share_12m", "loan_inflow_share_90d",
    "sales_recent_pace_12m", "sales_best_month_share_12m", "sales_red_rate_12m", "sales_void_rate_12m", "top_customer_share_12m",
    "customer_overlap_12m", "supplier_overlap_12m", "sales_longest_gap_months_36m", "invoice_reciprocity_12m",
    "bank_vs_invoice_gap_12m", "invoice_vs_tax_gap_12m", "wallet_vs_shop_gap_12m",
    "bank_vs_tax_gap_12m", "bank_follows_invoice_12m",
    "invoiced_customers_paying_12m", "paid_to_customers_12m", "checks_failed_share_365d", "file_checks_failed_365d",
    "running_balance_broken_365d", "forgery_checks_failed_count_12m", "registry_representative_changes_180d",
    "registry_shareholder_changes_180d", "registry_address_changes_180d", "registry_age_days_180d", "owner_query_lenders_3m_180d",
    "owner_loans_opened_6m_180d",
)  # fmt: skip

FEATURE_SETS: Registry[FeatureSet] = Registry("feature set")

INVOICE = FEATURE_SETS.add("invoice", FeatureSet("invoice", unique_names(INVOICE_FEATURES)))
LIBRARY = FEATURE_SETS.add(
    "library", FeatureSet("library", unique_names(feature for theme in THEMES.values() for feature in theme))
)
SELLER = FEATURE_SETS.add(
    "seller",
    FeatureSet(
        "seller",
        unique_names((*SELLER_RECEIPTS_FEATURES, *WALLET_FEATURES, *OWNER_FEATURES, *(LIBRARY[name] for name in _SELLER))),
    ),
)
ENTERPRISE = FEATURE_SETS.add(
    "enterprise", FeatureSet("enterprise", unique_names((*INVOICE_FEATURES, *(LIBRARY[name] for name in _ENTERPRISE))))
)
FRAUD = FEATURE_SETS.add(
    "fraud", FeatureSet("fraud", unique_names((*DEVICE_FEATURES, *GRAPH_FEATURES, *(LIBRARY[name] for name in _FRAUD))))
)
