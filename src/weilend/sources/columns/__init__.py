"""Text cells ↔ typed facts, a column at a time: amounts, days, words."""
