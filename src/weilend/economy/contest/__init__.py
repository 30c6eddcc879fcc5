"""A small world of invoices in the format of `cumcm2020c`: firms with a rating and an outcome, firms without."""

from weilend.economy.contest.world import World, make_churn, make_invoice_world, write_world

__all__ = ["World", "make_churn", "make_invoice_world", "write_world"]
