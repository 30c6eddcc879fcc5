"""Funding institutions: how much of a budget goes to whom at what rate, and what became of it. Pure: values in, values out."""

from weilend.partners.allocation import Choice, Problem, seal, verify_allocation
from weilend.partners.books import BOOKS, Book, make_book
from weilend.partners.churn import ChurnRow, ChurnTable
from weilend.partners.compare import BookResult, Comparison, compare_books
from weilend.partners.placing import place, replay
from weilend.partners.problem import Allocation, Candidate, Economics, Placement, Terms
from weilend.partners.settlement import Settlement, realised_fen, settle, taken_fen
from weilend.partners.stress_grid import Scenario, StressCell, scenarios, stress, survival
from weilend.partners.value import best_rate, margin_ppm, yield_ppm

__all__ = [
    "BOOKS",
    "Allocation",
    "Book",
    "BookResult",
    "Candidate",
    "Choice",
    "ChurnRow",
    "ChurnTable",
    "Comparison",
    "Economics",
    "Placement",
    "Problem",
    "Scenario",
    "Settlement",
    "StressCell",
    "Terms",
    "best_rate",
    "compare_books",
    "make_book",
    "margin_ppm",
    "place",
    "realised_fen",
    "replay",
    "scenarios",
    "seal",
    "settle",
    "stress",
    "survival",
    "taken_fen",
    "verify_allocation",
    "yield_ppm",
]
