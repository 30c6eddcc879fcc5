"""In: a `Result`. Out: the section that settles a book with what really happened. Used: by the committee's report."""

from __future__ import annotations

from collections import Counter

from weilend.app.desk.committee.words import businesses, percent, plural, share, share_ppm, yuan
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
#: What each code of `BookResult.says` allows in few words; the chart has the interval.
SAID = {
    "better": "ours earned more, interval above 0 · 多赚",
    "worse": "ours earned less, interval below 0 · 少赚",
    "undecided": "no difference is shown · 未显示差异",
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
        lead=f"What would the book have earned on the {businesses(proof.decided)} whose outcome is known?",
        blocks=blocks,
        new_page=True,
    )


def _figures(result: Result) -> KeyFigures:
    proof, ours = result.proof, result.proof.comparison.ours
    bad = sum(result.population.labels.bad[placement.business_id] for placement in ours.placements)
    assumed = percent(result.sealed.product.assumed("portfolio_bad_rate_ppm"))
    sample = percent(share_ppm(proof.bad, proof.decided))
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
                f"{yuan(ours.expected_profit_fen)} was expected, at a bad rate of {assumed}; in this sample {sample} went bad. "
                f"{share(bad, len(ours.placements))} of the placed were bad",
            ),
        )
    )


def _how(result: Result) -> str:
    seed = result.study.about.seeds[0]
    return (
        "Each business is judged by a card that was trained without it, and decided by the same policy. The approved are placed "
        f"under the same constraints, then settled with the *real* outcome. Out-of-fold PDs are those of seed {seed}. Take-up, "
        "loss and funding stay assumptions: only who went bad is real. Rules see a business as of "
        f"{result.order.as_of}; when it went bad is not known."
    )


def _leads(result: Result) -> ChartBlock:
    books = result.proof.comparison.books
    return ChartBlock(
        title="Our book minus each simpler book 与简单方案之差",
        description="Difference in realised profit with 95 % paired intervals over businesses, both books left as they were "
        "placed. Grey and hollow: the interval contains zero, nothing is claimed.",
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
    ours = "Ours 本方案: amounts and rates that maximise expected profit 预期利润最大化"
    return DataTable(
        title="Six books on the same businesses 六种方案",
        caption="The simpler books lend under the same ceilings, floor rates, budget and customer cap, and only where money is "
        "expected to earn.",
        columns=(
            Column(title="Book 方案"),
            Column(title="Offered 金额", unit="fen"),
            Column(title="Realised 利润", unit="fen"),
            Column(title="Ours − it", unit="fen", signed=True),
            Column(title="What may be said"),
        ),
        rows=(
            (ours, comparison.ours.offered_fen, round(comparison.realised_fen, -2), None, "–"),
            *(_book(book) for book in comparison.books),
        ),
    )


def _book(book: BookResult) -> tuple[str | int, ...]:
    name = f"{NAMES.get(book.book, book.book)}: {book.about.en} {book.about.zh}"
    realised, lead = round(book.realised_fen, -2), round(book.lead_fen, -2)
    return (name, book.allocation.offered_fen, realised, lead, SAID[book.says().code])


def _verdict(result: Result) -> Callout:
    books = result.proof.comparison.books
    codes = Counter(book.says().code for book in books)
    undecided = codes["undecided"]
    shown = [book for book in books if book.says().code != "undecided"]
    items = [f"{NAMES.get(book.book, book.book)}: {book.says().en}. {book.says().zh}。" for book in shown]
    return Callout(
        tone="note",
        title=f"Against {undecided} of {len(books)} simpler books no difference is shown · {undecided}种简单方案未显示差异",
        text=f"The interval leaves 0 out for {len(shown)} of them: ours earned more than {codes['better']} and less than "
        f"{codes['worse']}. Each interval misses the truth one time in twenty, and {len(books)} are read here at once. They say "
        "how much hangs on which businesses were there, not how the model would err on others.",
        items=tuple(items),
    )
