"""In: a `Result`. Out: the section that settles a book with what really happened. Used: by the committee's report."""

from __future__ import annotations

from collections import Counter

from weilend.app.desk.committee.words import plural, say_seeds, share, yuan
from weilend.app.desk.run import Result
from weilend.partners import BookResult
from weilend.report import Block, Callout, ChartBlock, Column, DataTable, KeyFigure, KeyFigures, Prose, Section, intervals

NAMES = {
    "equal": "Equal amounts 等额",
    "by_sales": "By sales 按销售额",
    "size_ranked": "Largest first, one rate 按规模排序",
    "pd_ranked": "Lowest PD first, one rate 按违约概率排序",
    "all": "Everyone a share, one rate 全部按比例",
}


def compose_truth(result: Result) -> Section:
    """Return the section on the proof on truth."""
    proof = result.proof
    blocks: tuple[Block, ...] = (
        _figures(result),
        Prose((_how(result),)),
        _leads(result),
        _books(result),
        _verdict(result),
    )
    return Section(
        id="truth",
        title="Proof on known outcomes",
        title_zh="以真实结果检验",
        lead=f"What would the book have earned on the {plural(proof.decided, 'business', 'businesses')} of which we know how it ended?",
        blocks=blocks,
        new_page=True,
    )


def _figures(result: Result) -> KeyFigures:
    proof = result.proof
    return KeyFigures(
        (
            KeyFigure("Decided 已决策", f"{proof.decided:,}", f"{share(proof.bad, proof.decided)} of them bad"),
            KeyFigure(
                "Approved out of fold 折外通过",
                f"{proof.approved:,}",
                f"{share(proof.approved_bad, proof.approved)} of them bad; {proof.bad - proof.approved_bad} of the "
                f"{plural(proof.bad, 'bad')} were kept out",
            ),
            KeyFigure("Budget, scaled 预算", yuan(proof.budget_fen), "as much per business as the applicants have"),
            KeyFigure(
                "Realised profit 实现利润",
                yuan(proof.comparison.realised_fen),
                f"expected was {yuan(proof.comparison.ours.expected_profit_fen)}",
            ),
        )
    )


def _how(result: Result) -> str:
    seed = result.study.about.seeds[0]
    return (
        "Each business is judged by a card that was trained without it, and decided by the same policy. The approved are placed "
        f"under the same constraints, then settled with the *real* outcome. Out-of-fold PDs are those of seed {seed}. Take-up, loss "
        "and funding stay assumptions: only who went bad is real. Rules see a business as of "
        f"{result.order.as_of}; when it went bad is not known."
    )


def _leads(result: Result) -> ChartBlock:
    books = result.proof.comparison.books
    return ChartBlock(
        title="Our book minus each simpler book 与简单方案之差",
        description="Difference in realised profit with 95 % paired intervals over businesses, both books left as they were placed. "
        "Grey and hollow: the interval contains zero, nothing is claimed.",
        spec=intervals(
            [NAMES.get(book.book, book.book) for book in books],
            [book.lead_fen for book in books],
            [book.low_fen for book in books],
            [book.high_fen for book in books],
            unit="fen",
            axis="difference in realised profit",
        ),
    )


def _books(result: Result) -> DataTable:
    comparison = result.proof.comparison
    ours = (
        "Ours 本方案",
        "amounts and rates that maximise expected profit",
        comparison.ours.offered_fen,
        comparison.realised_fen,
        "",
    )
    return DataTable(
        title="Six books on the same businesses 六种方案",
        caption="The simpler books lend under the same ceilings, floor rates, budget and customer cap, and only where money is "
        "expected to earn.",
        columns=(
            Column(title="Book 方案"),
            Column(title="What it does"),
            Column(title="Offered 金额", unit="fen"),
            Column(title="Realised 实现利润", unit="fen"),
            Column(title="What may be said"),
        ),
        rows=(ours, *(_book(book) for book in comparison.books)),
    )


def _book(book: BookResult) -> tuple[str | int, ...]:
    said = book.says()
    what = f"{book.about.en} {book.about.zh}"
    return (NAMES.get(book.book, book.book), what, book.allocation.offered_fen, book.realised_fen, f"{said.en}. {said.zh}。")


def _verdict(result: Result) -> Callout:
    books = result.proof.comparison.books
    codes = Counter(book.says().code for book in books)
    shown = [book for book in books if book.says().code != "undecided"]
    items = [f"{NAMES.get(book.book, book.book)}: {book.says().en}." for book in shown]
    return Callout(
        tone="note",
        title=f"Against {codes['undecided']} of {len(books)} simpler books no difference is shown · 与{codes['undecided']}种简单方案"
        "之间未显示差异",
        text=f"Ours earned more than {codes['better']} and less than {codes['worse']} with an interval that leaves 0 out. "
        f"The intervals say how much hangs on which businesses were there, not how the model would err on others "
        f"({say_seeds(result.study.about.seeds[:1]).split(';')[0]}).",
        items=tuple(items),
    )
