"""What shop platforms answer: orders, refunds and how a shop stands, asked for by the time of their last change.

A `Fetcher` says what to ask (`plan`, `follow`) and reads what came (`parse`); it never asks itself: this room has no network.
"""
