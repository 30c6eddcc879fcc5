"""The use cases: the only place that walks through all rooms; no web, no terminal."""
