"""A seeded world with known truth, so that everything runs without data; imported only by app and tests."""

from weilend.economy.world import World, make_churn, make_invoice_world, write_world

__all__ = ["World", "make_churn", "make_invoice_world", "write_world"]
