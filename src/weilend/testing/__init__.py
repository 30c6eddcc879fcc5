"""The suites and generators with which weilend tests itself, for outsiders too. Stands on top; no room imports it."""
