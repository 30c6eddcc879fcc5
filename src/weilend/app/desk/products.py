"""In: a name, a home. Out: the product of that name, and the features on which it is decided. Used: where a home is asked.

What comes with weilend comes first; a home that decided on a product of its own has kept it with its features, by content hash.
"""

from __future__ import annotations

import msgspec

from weilend.app.desk.home import Home
from weilend.features.plans import FeatureSet
from weilend.features.sets import FEATURE_SETS
from weilend.lending import PRODUCTS, Product, load_product


def find_product(name: str, home: Home | None = None) -> Product:
    """Return the product that comes with weilend, or the newest of that name that a home kept; raises `NotFoundError`.

    >>> find_product("enterprise_loan").feature_set
    'enterprise'
    """
    if name in PRODUCTS or home is None:
        return load_product(name)
    kept = (msgspec.json.decode(one.content, type=Product) for one in home.store.documents("product"))
    return next((one for one in reversed([*kept]) if one.name == name), None) or load_product(name)


def find_features(name: str, home: Home | None = None) -> FeatureSet:
    """Return the feature set that comes with weilend, or the newest of that name that a home kept; raises `NotFoundError`.

    >>> find_features("invoice").name
    'invoice'
    """
    if name in FEATURE_SETS or home is None:
        return FEATURE_SETS[name]
    kept = (msgspec.json.decode(one.content, type=FeatureSet) for one in home.store.documents("feature_set"))
    return next((one for one in reversed([*kept]) if one.name == name), None) or FEATURE_SETS[name]
