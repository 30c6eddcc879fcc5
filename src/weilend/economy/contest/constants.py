"""In: nothing. Out: every constant of the economy. Used: by the modules here; docs/methodology/economy.md says why.

`*_RISK` is how much one standard deviation of latent risk moves a behaviour, `*_NOISE` how much firms differ for other reasons;
the ratio of the two makes the signal as weak as it is in life.
"""

from __future__ import annotations

from datetime import date
from typing import Final

LAST_MONTH: Final = date(2020, 2, 1)
MAX_MONTHS: Final = 41

# outcome
BAD_RATE: Final = 0.22
RISK_SLOPE: Final = 2.2
SIZE_RISK_CORRELATION: Final = -0.45

# volume
SALES_PER_MONTH: Final = 2.2
SALES_PER_MONTH_SPREAD: Final = 0.9
PURCHASES_PER_SALE: Final = 0.8
PURCHASES_PER_SALE_RISK: Final = -0.2
PURCHASES_PER_SALE_NOISE: Final = 0.35
TICKET_YUAN: Final = 18_000.0
TICKET_SIZE: Final = 0.35
TICKET_NOISE: Final = 0.7
TICKET_WITHIN: Final = 0.7
MAX_NET_FEN: Final = 99_999_999

# course over time
SEASON: Final = (1.0, 0.6, 0.95, 1.0, 1.05, 1.05, 1.0, 1.0, 1.05, 0.95, 1.1, 1.25)
LOCKDOWN: Final = 0.35
DRIFT_RISK: Final = -0.012
DRIFT_NOISE: Final = 0.012
SHOCK_SIZE: Final = 0.35
SHOCK_RISK: Final = 0.25
SHOCK_NOISE: Final = 0.3
SHOCK_MEMORY: Final = 0.5
LATE_ENTRY_SHARE: Final = 0.35
LATEST_ENTRY: Final = 0.6
EXIT_HAZARD: Final = 0.0015
EXIT_RISK: Final = 0.9
IDLE_RATE: Final = 0.03
IDLE_RISK: Final = 0.7
IDLE_NOISE: Final = 0.8

# documents
VOID_RATE: Final = 0.06
VOID_RISK: Final = 0.5
VOID_NOISE: Final = 0.6
RED_RATE: Final = 0.02
RED_RISK: Final = 0.5
RED_NOISE: Final = 0.6
RED_MAX_DELAY_DAYS: Final = 60
REPEATED_SHARE: Final = 0.01
FORMS: Final = ("company", "branch", "sole_trader", "other")
FORM_SHARES_WITH_HISTORY: Final = (0.90, 0.03, 0.02, 0.05)
FORM_SHARES_WITHOUT_HISTORY: Final = (0.67, 0.02, 0.19, 0.12)
TAX_CLASSES: Final = ("goods", "services", "small")
TAX_CLASS_SHARES: Final = (0.4, 0.3, 0.3)
SERVICES_TAX_PPM: Final = 60_000
SMALL_TAX_PPM: Final = 30_000
GOODS_TAX_PPM: Final = ((date(2016, 5, 1), 170_000), (date(2018, 5, 1), 160_000), (date(2019, 4, 1), 130_000))

# parties
LISTED_PARTIES: Final = 40
CONCENTRATION: Final = 0.9
CONCENTRATION_RISK: Final = 0.25
CONCENTRATION_NOISE: Final = 0.35
TURNOVER_PER_MONTH: Final = 0.4
TURNOVER_RISK: Final = 0.2
TURNOVER_NOISE: Final = 0.5
PARTIES_PER_FIRM: Final = 12
PARTY_SKEW: Final = 1.5

# ratings
RATING_COPIES_BAD: Final = 0.89
RATING_NOISE: Final = 1.0
GOOD_RATING_SHARES: Final = (0.28, 0.39, 0.33)

# the synthetic table of rates and borrowers lost
CHURN_RATES_PPM: Final = (40_000, *range(42_500, 150_000, 4_000), 150_000)
CHURN_CEILING_PPM: Final = {"A": 980_000, "B": 960_000, "C": 960_000}
CHURN_SCALE_PPM: Final = {"A": 40_000, "B": 44_000, "C": 46_000}
