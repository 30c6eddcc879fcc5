"""Sheets ↔ records: the engine that runs a profile."""
