"""Products as files, and offers made from a decision and a placing. Pure; never re-prices."""

from weilend.lending.offer import Allotment, CostStatement, cost_statement, make_offer
from weilend.lending.products import PRODUCTS, Assumption, Product, Terms, load_product, read_product

__all__ = [
    "PRODUCTS",
    "Allotment",
    "Assumption",
    "CostStatement",
    "Product",
    "Terms",
    "cost_statement",
    "load_product",
    "make_offer",
    "read_product",
]
