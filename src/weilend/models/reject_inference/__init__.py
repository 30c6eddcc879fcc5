"""Reject inference: what may be said of those who were declined, under which assumption, and what was tested of it."""

from weilend.models.reject_inference.bounds import Band, bad_rate_bands
from weilend.models.reject_inference.masked import MaskedTest, claim, try_masked
from weilend.models.reject_inference.methods import Inferred, augment, explore, fuzzy, parcel

__all__ = ["Band", "Inferred", "MaskedTest", "augment", "bad_rate_bands", "claim", "explore", "fuzzy", "parcel", "try_masked"]
