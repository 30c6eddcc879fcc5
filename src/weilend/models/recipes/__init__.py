"""Recipes: each file here has a `fit(table, label, features, …)` that returns a model."""
