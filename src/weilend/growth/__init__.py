"""Find the owners among users, choose whom to reach, measure what it brought. Pure values; knows nothing of partners."""

from weilend.growth.likelihood import likelihood_of, owner_likelihood
from weilend.growth.qini import Qini, measure_qini
from weilend.growth.selection import Choice, choose_audience, held_out
from weilend.growth.uplift import Uplift, fit_uplift

__all__ = [
    "Choice",
    "Qini",
    "Uplift",
    "choose_audience",
    "fit_uplift",
    "held_out",
    "likelihood_of",
    "measure_qini",
    "owner_likelihood",
]
