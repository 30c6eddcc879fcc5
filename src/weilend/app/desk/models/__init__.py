"""In: the book, scores, built models. Out: their reports, comparisons, and their life from a proposal to retirement."""
