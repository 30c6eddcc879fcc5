"""Definitions of features and labels by theme, spines, folds and finishes."""

from weilend.features.compute import FeatureTable, finish, name_top_parties
from weilend.features.labels import LABELS, Labels, LabelSpec, read_labels
from weilend.features.plans import FeatureSet, make_plan
from weilend.features.sets import FEATURE_SETS
from weilend.features.spec import Feature, show_value

__all__ = [
    "FEATURE_SETS",
    "LABELS",
    "Feature",
    "FeatureSet",
    "FeatureTable",
    "LabelSpec",
    "Labels",
    "finish",
    "make_plan",
    "name_top_parties",
    "read_labels",
    "show_value",
]
