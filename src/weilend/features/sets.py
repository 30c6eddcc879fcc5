"""In: the themes. Out: feature sets by name. Used: by products, which name the set they are judged on."""

from __future__ import annotations

from weilend.core.registry import Registry
from weilend.features.invoice import INVOICE_FEATURES
from weilend.features.plans import FeatureSet, unique_names

FEATURE_SETS: Registry[FeatureSet] = Registry("feature set")

INVOICE = FEATURE_SETS.add("invoice", FeatureSet("invoice", unique_names(INVOICE_FEATURES)))
