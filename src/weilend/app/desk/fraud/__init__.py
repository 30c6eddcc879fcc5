"""In: applications, lists, links, what was learned. Out: verdicts on fraud with all behind them, and the lists themselves."""
