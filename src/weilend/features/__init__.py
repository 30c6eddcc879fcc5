"""Definitions of features and labels by theme, spines, folds and finishes."""
