"""What holds for every test."""

from __future__ import annotations


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A file's bytes name no test: two workers that make it a second apart would collect two suites, and run none."""
    return argname if isinstance(val, bytes) else None
