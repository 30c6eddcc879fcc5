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
from weilend.features.shop import SHOP_FEATURES
from weilend.features.tax import TAX_FEATURES
from weilend.features.wallet import WALLET_FEATURES

#: Every theme by name, in the order of the data dictionary.
THEMES = {
    "invoice": INVOICE_FEATURES,
    "shop": SHOP_FEATURES,
    "cash_flow": CASH_FLOW_FEATURES,
    "wallet": WALLET_FEATURES,
    "tax": TAX_FEATURES,
    "books": BOOKS_FEATURES,
    "b2b": B2B_FEATURES,
    "registry": REGISTRY_FEATURES,
    "owner": OWNER_FEATURES,
    "device": DEVICE_FEATURES,
    "graph": GRAPH_FEATURES,
    "cross_source": CROSS_SOURCE_FEATURES,
}

FEATURE_SETS: Registry[FeatureSet] = Registry("feature set")

INVOICE = FEATURE_SETS.add("invoice", FeatureSet("invoice", unique_names(INVOICE_FEATURES)))
LIBRARY = FEATURE_SETS.add(
    "library", FeatureSet("library", unique_names(feature for theme in THEMES.values() for feature in theme))
)
