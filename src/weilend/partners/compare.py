"""In: a problem, sales, real outcomes. Out: what our book and five simpler ones earned, with intervals. Used: by the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.core.money import show_yuan
from weilend.core.values import Reason
from weilend.partners.allocation import Problem
from weilend.partners.books import BOOKS, make_book
from weilend.partners.placing import place
from weilend.partners.problem import Allocation
from weilend.partners.settlement import settle

#: Two-sided 95 %.
LOW_PERCENT, HIGH_PERCENT = 2.5, 97.5


class BookResult(msgspec.Struct, frozen=True, kw_only=True):
    """One book against the outcomes: `lead_fen` is what ours earned more, `low_fen..high_fen` its 95 % interval.

    >>> from weilend.partners.allocation import seal
    >>> from weilend.partners.churn import ChurnTable
    >>> from weilend.partners.problem import Economics, Terms
    >>> problem = Problem(candidates=(), terms=Terms(budget_fen=0), churn=ChurnTable.from_rows("A", [(40_000, 0)]),
    ...     economics=Economics(loss_given_default_ppm=0, funding_rate_ppm=0, churn_class={}))
    >>> result = BookResult(book="all", about=Reason("all", "", ""), allocation=seal(problem, [], book="all", method="rule"),
    ...     realised_fen=0, lead_fen=50_000, low_fen=-10_000, high_fen=90_000)
    >>> result.says().en
    'no difference is shown: ¥500 (-¥100 to ¥900)'
    """

    book: str
    about: Reason
    allocation: Allocation
    realised_fen: int
    lead_fen: int
    low_fen: int
    high_fen: int

    def says(self) -> Reason:
        """Return what may be claimed about ours against this book: no lead whose interval contains 0."""
        more = show_yuan(self.lead_fen)
        low, high = show_yuan(self.low_fen), show_yuan(self.high_fen)
        if self.low_fen > 0:
            return Reason("better", f"ours earned {more} more ({low} to {high})", f"本方案多赚{more}（{low}至{high}）")
        if self.high_fen < 0:
            less = show_yuan(-self.lead_fen)
            return Reason("worse", f"ours earned {less} less ({low} to {high})", f"本方案少赚{less}（{low}至{high}）")
        return Reason("undecided", f"no difference is shown: {more} ({low} to {high})", f"未显示差异：{more}（{low}至{high}）")


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Our book, what it earned, and each simpler book beside it; `seed` and `draws` repeat the intervals.

    >>> Comparison.__struct_fields__
    ('ours', 'realised_fen', 'books', 'seed', 'draws')
    """

    ours: Allocation
    realised_fen: int
    books: tuple[BookResult, ...]
    seed: int
    draws: int


def compare_books(problem: Problem, sales_fen: Mapping[str, int], outcomes: Mapping[str, bool], *, seed: int,
                  draws: int = 2_000) -> Comparison:  # fmt: skip
    """Return the realised profit of ours and of each book, with paired bootstrap intervals over businesses.

    A draw takes as many candidates as there are, with replacement, and adds up the difference that each made; both books
    stay as they were placed. So the interval says how much hangs on which businesses happened to be there, not on model
    error. Efron and Tibshirani (1993), An Introduction to the Bootstrap, percentile interval.

    >>> from weilend.partners.churn import ChurnTable
    >>> from weilend.partners.problem import Candidate, Economics, Terms
    >>> firms = tuple(Candidate(business_id=f"E{i}", receipt_id="r", pd_ppm=20_000 * i, grade="A", ceiling_fen=90_000_000,
    ...     floor_rate_ppm=0) for i in range(4))
    >>> problem = Problem(candidates=firms, terms=Terms(budget_fen=90_000_000), churn=ChurnTable.from_rows("A", [(90_000, 0)]),
    ...     economics=Economics(loss_given_default_ppm=650_000, funding_rate_ppm=35_000, churn_class={"A": "A"}))
    >>> found = compare_books(problem, dict.fromkeys(["E0", "E1", "E2", "E3"], 1), {"E0": False, "E1": False, "E2": False,
    ...     "E3": True}, seed=7, draws=100)
    >>> found.realised_fen, [(book.book, book.lead_fen) for book in found.books][:1]
    (4950000, [('equal', 16390000)])
    >>> [book.says().code for book in found.books]
    ['undecided', 'undecided', 'undecided', 'undecided', 'undecided']
    """
    if draws < 1 or not problem.candidates:
        raise InputError("there is nothing to draw from", hint="give candidates and at least one draw")
    ours = place(problem.candidates, problem.terms, problem.economics, problem.churn)
    names = sorted(candidate.business_id for candidate in problem.candidates)
    earned = _earned(ours, names, outcomes, problem)
    times = _times_drawn(len(names), seed, draws)
    books = []
    for name in BOOKS:
        other = make_book(name, problem, sales_fen)
        lead = earned - (theirs := _earned(other, names, outcomes, problem))
        low, high = np.percentile(times @ lead, [LOW_PERCENT, HIGH_PERCENT], method="nearest")
        books.append(
            BookResult(
                book=name,
                about=Reason(name, BOOKS[name].en, BOOKS[name].zh),
                allocation=other,
                realised_fen=int(theirs.sum()),
                lead_fen=int(lead.sum()),
                low_fen=int(low),
                high_fen=int(high),
            )
        )
    return Comparison(ours=ours, realised_fen=int(earned.sum()), books=tuple(books), seed=seed, draws=draws)


def _earned(book: Allocation, names: Sequence[str], outcomes: Mapping[str, bool], problem: Problem) -> npt.NDArray[np.int64]:
    by_business = settle(book, outcomes, problem.economics, problem.churn).by_business
    return np.array([by_business.get(name, 0) for name in names], dtype=np.int64)


def _times_drawn(count: int, seed: int, draws: int) -> npt.NDArray[np.int64]:
    """Return how often each business comes up in each draw."""
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1.0 / count), size=draws).astype(np.int64)
