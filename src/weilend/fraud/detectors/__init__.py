"""How strange a row of features is, by four detectors that score it the same alone, in a batch and in a replay.

A detector is `fit(matrix, seed)` in a file of its own, entered in `DETECTORS`, and gives a frozen `Fitted`; higher is stranger,
always. `ensemble` puts them together by rank and says which features made a row strange. `package` keeps them without pickle.
"""

from weilend.fraud.detectors import covariance, ecod, forest, neighbours
from weilend.fraud.detectors.ensemble import Ensemble, Strange, fit_ensemble
from weilend.fraud.detectors.fitted import DETECTORS, Fitted
from weilend.fraud.detectors.package import from_bytes, to_bytes

__all__ = [
    "DETECTORS",
    "Ensemble",
    "Fitted",
    "Strange",
    "covariance",
    "ecod",
    "fit_ensemble",
    "forest",
    "from_bytes",
    "neighbours",
    "to_bytes",
]
