"""Bins of any table: monotone, bent or free, chosen out of fold; missing, special and rare values have bins of their own."""

from weilend.models.bins.column import BinRules, bin_column
from weilend.models.bins.made import Bins, evidence_of
from weilend.models.bins.sample import bin_sample, evidence_out_of_fold

__all__ = ["BinRules", "Bins", "bin_column", "bin_sample", "evidence_of", "evidence_out_of_fold"]
