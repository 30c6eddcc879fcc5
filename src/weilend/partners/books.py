"""In: the same problem that placing reads, and sales. Out: five simpler books under the same constraints. Used: by compare.

Each takes the same candidates, ceilings, floors, terms and budget, lends only where money can be placed (`value.placeable`),
and is verified like ours. Ties are broken by the hash of the business id, so that no book borrows our order by pd.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

from weilend.core.errors import InputError
from weilend.core.ids import bytes_hash, content_hash
from weilend.core.money import PPM
from weilend.core.registry import Registry
from weilend.partners.allocation import Choice, Problem, seal
from weilend.partners.problem import Allocation, Terms
from weilend.partners.value import Line, placeable, yield_ppm

#: The weight of a business, from its line and its sales in fen.
Weigh = Callable[[Line, int], int]


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """A simple way to spend a budget.

    `weigh` gives each business its weight. ``rank`` goes down the weights and gives each its ceiling until the budget is out;
    ``spread`` gives everyone in proportion to its weight, within least amount and ceiling. `one_rate` says that all pay the
    same rate (the one that expects most, chosen without outcomes); otherwise each pays its own best rate, as in our book.

    >>> {name: (BOOKS[name].how, BOOKS[name].one_rate) for name in ("equal", "pd_ranked")}
    {'equal': ('spread', False), 'pd_ranked': ('rank', True)}
    """

    name: str
    weigh: Weigh
    how: Literal["rank", "spread"]
    one_rate: bool
    en: str
    zh: str


BOOKS: Registry[Book] = Registry("book")


def _book(name: str, weigh: Weigh, how: Literal["rank", "spread"], en: str, zh: str, *, one_rate: bool) -> None:
    BOOKS.add(name, Book(name=name, weigh=weigh, how=how, one_rate=one_rate, en=en, zh=zh))


_book(
    "equal", lambda _line, _sales: 1, "spread",
    "the same amount for every approved business, each at its own best rate",
    "所有通过的企业额度相同，各按自身最优利率", one_rate=False,
)  # fmt: skip
_book(
    "by_sales", lambda _line, sales: sales, "spread",
    "amounts in proportion to sales, each at its own best rate",
    "按销售额比例分配，各按自身最优利率", one_rate=False,
)  # fmt: skip
_book(
    "size_ranked", lambda _line, sales: sales, "rank",
    "largest sales first, each to its ceiling, at one rate",
    "按销售额从大到小、各给足上限，统一利率", one_rate=True,
)  # fmt: skip
_book(
    "pd_ranked", lambda line, _sales: PPM - line.candidate.pd_ppm, "rank",
    "lowest pd first, each to its ceiling, at one rate",
    "按违约概率从低到高、各给足上限，统一利率", one_rate=True,
)  # fmt: skip
_book(
    "all", lambda line, _sales: line.ceiling_steps, "spread",
    "every approved business the same share of its ceiling, at one rate",
    "所有通过的企业按上限同比例分配，统一利率", one_rate=True,
)  # fmt: skip


def make_book(name: str, problem: Problem, sales_fen: Mapping[str, int]) -> Allocation:
    """Return a comparison book as a verified allocation; raises `InputError` where a candidate's sales are missing.

    >>> from weilend.partners.problem import Candidate, Economics
    >>> from weilend.partners.churn import ChurnTable
    >>> firms = tuple(Candidate(business_id=f"E{i}", receipt_id="r", pd_ppm=1000 * i, grade="A", ceiling_fen=90_000_000,
    ...     floor_rate_ppm=0) for i in (1, 2))
    >>> problem = Problem(candidates=firms, terms=Terms(budget_fen=100_000_000), churn=ChurnTable.from_rows("A", [(90_000, 0)]),
    ...     economics=Economics(loss_given_default_ppm=650_000, funding_rate_ppm=35_000, churn_class={"A": "A"}))
    >>> for name in ("equal", "by_sales", "size_ranked", "pd_ranked"):
    ...     print(name, sorted((p.business_id, p.amount_fen) for p in make_book(name, problem, {"E1": 1, "E2": 3}).placements))
    equal [('E1', 50000000), ('E2', 50000000)]
    by_sales [('E1', 25000000), ('E2', 75000000)]
    size_ranked [('E1', 10000000), ('E2', 90000000)]
    pd_ranked [('E1', 90000000), ('E2', 10000000)]
    """
    book, terms = BOOKS[name], problem.terms
    lines = placeable(problem.candidates, terms, problem.economics, problem.churn)
    missing = [line.candidate.business_id for line in lines if line.candidate.business_id not in sales_fen]
    if missing:
        raise InputError(f"{missing[0]!r} has no sales figure", hint="give the sales of every candidate in fen")
    plans = [_amounts(book, priced, terms, sales_fen) for priced in _priced(book, lines, problem)]
    best = max(plans, key=_expected, default=[])
    step = terms.amount_step_fen
    return seal(
        problem,
        [Choice(line.candidate.business_id, steps * step, line.annual_rate_ppm) for line, steps in best],
        book=name,
        method="rule",
        also_read={"sales": content_hash(dict(sales_fen))},
    )


def _priced(book: Book, lines: Sequence[Line], problem: Problem) -> list[list[Line]]:
    """Return the lines once at their own rates, or once for each single rate, of businesses that may pay it, lowest first."""
    if not book.one_rate:
        return [list(lines)]
    terms = problem.terms
    rates = [r for r in problem.churn.rates_ppm if terms.min_annual_rate_ppm <= r <= terms.max_annual_rate_ppm]
    return [[_at(line, r, problem) for line in lines if line.candidate.floor_rate_ppm <= r] for r in rates]


def _at(line: Line, rate: int, problem: Problem) -> Line:
    per_yuan = yield_ppm(line.candidate, rate, problem.economics, problem.churn)
    return msgspec.structs.replace(line, annual_rate_ppm=rate, yield_ppm=per_yuan)


def _expected(plan: Sequence[tuple[Line, int]]) -> int:
    return sum(line.yield_ppm * steps for line, steps in plan)


def _amounts(book: Book, lines: Sequence[Line], terms: Terms, sales_fen: Mapping[str, int]) -> list[tuple[Line, int]]:
    """Return steps for each line, highest weight first."""
    weights = {line.candidate.business_id: book.weigh(line, sales_fen[line.candidate.business_id]) for line in lines}
    ordered = sorted(lines, key=lambda line: (-weights[line.candidate.business_id], _hash(line)))
    wants = [line.ceiling_steps for line in ordered]
    if book.how == "spread":
        wants = _level(ordered, [weights[line.candidate.business_id] for line in ordered], terms)
    return list(zip(ordered, _fill(ordered, wants, terms), strict=True))


def _hash(line: Line) -> str:
    return bytes_hash(line.candidate.business_id.encode())


def _level(lines: Sequence[Line], weights: Sequence[int], terms: Terms) -> list[int]:
    """Return wants in proportion to weights, each within least amount and ceiling, at the highest level the budget carries."""
    budget, least = terms.budget_fen // terms.amount_step_fen, terms.min_amount_fen // terms.amount_step_fen
    room, scale = _room(budget, terms), max(1, sum(weights))

    def wants(level: int) -> list[int]:
        pairs = zip(lines, weights, strict=True)
        return [min(line.ceiling_steps, max(least, weight * level // scale)) for line, weight in pairs]

    low, high = 0, scale * max((line.ceiling_steps for line in lines), default=0)
    while low < high:
        middle = (low + high + 1) // 2
        carried = sum(_pour(lines, wants(middle), least, total=budget * len(lines), room=room)) <= budget
        low, high = (middle, high) if carried else (low, middle - 1)
    return wants(low)


def _fill(lines: Sequence[Line], wants: Sequence[int], terms: Terms) -> list[int]:
    """Return steps within budget and customer cap: the cap is a share of what is offered, so pour until that stands still."""
    total, least = terms.budget_fen // terms.amount_step_fen, terms.min_amount_fen // terms.amount_step_fen
    while True:
        steps = _pour(lines, wants, least, total=total, room=_room(total, terms))
        if sum(steps) == total or not any(steps):
            return steps
        total = sum(steps)


def _room(total: int, terms: Terms) -> int:
    return total * terms.max_share_behind_one_customer_ppm // PPM


def _pour(lines: Sequence[Line], wants: Sequence[int], least: int, *, total: int, room: int) -> list[int]:
    """Give each in turn the least of what it wants, what is left and what its customer's cap leaves; too little is nothing."""
    left = total
    behind: dict[str, int] = defaultdict(lambda: room)
    steps = []
    for line, want in zip(lines, wants, strict=True):
        customer = line.shared_customer
        take = min(want, left, want if customer is None else behind[customer])
        take = take if take >= least else 0
        left -= take
        if customer is not None:
            behind[customer] -= take
        steps.append(take)
    return steps
