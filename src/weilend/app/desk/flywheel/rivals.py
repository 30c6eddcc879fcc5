"""In: a run. Out: what others would have earned from the same applicants, months and dice. Used: by the report.

Nobody is a straw man: the tuned rules know the outcomes of all months and are searched for on them, then frozen by hash; the
oracle knows every trait and every answer to a price, only not the dice; and one more, `visible`, is a model that was told how
every applicant would have turned out, accepted or not: what a file can say at most. Between it and the oracle lies what no
file says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from weilend.app.desk.flywheel.ground import Ground
from weilend.app.desk.flywheel.lending import MONTHS, answer, outcomes
from weilend.app.desk.flywheel.money import Outcomes
from weilend.app.desk.flywheel.policies import (
    NO_MODEL,
    as_unscored,
    decide_rows,
    terms_of,
    with_numbers,
    without_chance,
)
from weilend.app.desk.flywheel.responses import ALIKE, TakeUp, learn_take_up
from weilend.app.desk.flywheel.rows import DECIDED, choose_columns, sample_of
from weilend.app.desk.flywheel.run import Run
from weilend.app.desk.flywheel.showing import columns_of, grades_of, monthly_fen
from weilend.app.desk.flywheel.terms import LIMITS, RATES, Market, choose_terms, loan_fen, loan_values, market_for
from weilend.app.desk.flywheel.tuning import tune, without_own
from weilend.app.desk.progress import Tell, say_nothing
from weilend.app.desk.sealed import make_evaluator
from weilend.core.ids import content_hash
from weilend.core.money import PPM
from weilend.decision import Policy
from weilend.economy.credit import Offer, expected_pd
from weilend.economy.firms import NEVER
from weilend.economy.loans import take_up
from weilend.economy.opening import Opening
from weilend.economy.truth import with_harm
from weilend.models.recipes import flat_card
from weilend.models.table import Booleans, Floats, Integers

#: How the model of all that files say is trained.
_TREES: Final = {"objective": "binary", "learning_rate": 0.04, "num_leaves": 8, "min_data_in_leaf": 150, "feature_fraction": 0.3,
                 "lambda_l2": 10.0, "verbosity": -1, "num_threads": 1, "seed": 1, "deterministic": True,
                 "force_row_wise": True}  # fmt: skip


class Contender(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What somebody did with the run's applicants: whom he approved at which terms, and what came of it. `about` says who he is."""

    name: str
    about: str
    approved: Booleans
    limit_fen: Integers
    rate_ppm: Integers
    outcomes: Outcomes
    identity: str = ""

    def profit_fen(self, run: Run) -> Integers:
        """Return what each application brought him (rows,)."""
        return self.outcomes.profit_fen(run.settings.costs)


def find_rivals(run: Run, tell: Tell = say_nothing) -> tuple[Contender, ...]:
    """Return the flywheel and all others: approve all, tuned rules, one card, what files can say, the oracle."""
    steps: Sequence[Callable[[Run], Contender | None]] = (
        flywheel, approve_all, tuned_rules, one_card, visible, oracle,
    )  # fmt: skip
    found = []
    for number, step in enumerate(steps, start=1):
        made = step(run)
        found += [made] if made is not None else []
        tell("others on the same dice", number, len(steps))
    return tuple(found)


def flywheel(run: Run) -> Contender:
    """Return the run itself."""
    answers = run.answers
    return Contender(name="flywheel", about="learns as it lends", approved=answers.approved, limit_fen=answers.ceiling_fen,
                     rate_ppm=answers.rate_ppm, outcomes=run.outcomes)  # fmt: skip


def approve_all(run: Run) -> Contender:
    """Return who lends to everybody at the expert's limit and rate."""
    months, rate = np.zeros((2, len(run.rows)), np.int64)
    for name, policy in run.first.items():
        mine, terms = run.of_product(name), terms_of(policy)[NO_MODEL]
        months[mine], rate[mine] = terms.limit_ppm, terms.rate_ppm
    limit = _limit(run, monthly_fen(run.shown) * months // PPM)
    everybody = limit >= run.sheet.terms.min_amount_fen
    return _contender(run, "approve all", "the expert's limit and rate for everybody", everybody, limit, rate)


def tuned_rules(run: Run) -> Contender:
    """Return the expert's rules with the numbers that would have earned most in these very months: known only afterwards."""
    policies = tune(run)
    identity = content_hash([one.identity for one in policies.values()])
    about = "the expert's rules, searched for on the outcomes of all these months"
    return _contender(run, "tuned rules", about, *_decided(run, policies), identity=identity)


def _decided(run: Run, policies: Mapping[str, Policy], pd: Integers | None = None) -> tuple[Booleans, Integers, Integers]:
    """Return what policies say to those who ask for their products, with a model's PDs (rows,) or none: who is approved, limits
    (fen) and rates (ppm), all of them (rows,).
    """
    approved, terms = np.zeros(len(run.rows), np.bool_), np.zeros((2, len(run.rows)), np.int64)
    for name, policy in policies.items():
        mine, evaluator = run.of_product(name), make_evaluator(run.products[name], DECIDED, policy)
        shown = without_own(run.shown.take(mine))
        said = decide_rows(evaluator, columns_of(evaluator, shown, None if pd is None else pd[mine]))
        approved[mine], terms[0, mine], terms[1, mine] = said.approved, said.ceiling_fen, said.rate_ppm
    return approved, terms[0], terms[1]


def one_card(run: Run) -> Contender | None:
    """Return who builds one card when labels first suffice, sets terms once and never learns again; None where none was built."""
    first = next((one for one in run.lessons if one.promoted), None)
    if first is None or first.response is None or first.response.take_up is None:
        return None
    from weilend.app.desk.flywheel.records import Ledger

    matured = Ledger(run.ground).read_labels(run.ground.starts(first.month + 1) - 1)
    place = {row: at for at, row in enumerate(run.rows.tolist())}
    at = np.array([place[row] for row in matured.rows.tolist()], np.int64)
    shown = run.shown.take(at)
    names = choose_columns(shown, matured.bad)
    card = flat_card.fit(sample_of(shown, matured.bad, matured.watched, names), seed=run.ground.plan.seed)
    pd = card.predict(run.shown.table(names)).pd_ppm
    pd = np.clip(pd, 100, 900_000)
    monthly = monthly_fen(run.shown).astype(np.float64)
    before = {name: without_chance(policy) for name, policy in run.first.items()}
    policies = {}
    for name, policy in before.items():
        mine = run.of_product(name)
        seen = mine[run.month[mine] <= first.month]
        grades = grades_of(pd[seen], run.sheet)
        terms = choose_terms(pd[seen] / PPM, grades, monthly[seen], first.response, market_of(run), as_unscored(policy))
        policies[name] = with_numbers(policy, terms=terms)
    after, parts = run.month > first.month, zip(_decided(run, policies, pd), _decided(run, before), strict=True)
    approved, limit, rate = (np.where(after, late, early) for late, early in parts)
    about = f"a card built once, in month {first.month + 1}, and never renewed"
    return _contender(run, "one card", about, approved, limit, rate, identity=card.model_id)


def oracle(run: Run) -> Contender:
    """Return who knows everybody's true chance of going bad at any offer, and of taking it; not the dice."""
    monthly = monthly_fen(run.shown)
    limits = [_limit(run, monthly * limit // PPM) for limit in LIMITS]
    pds = [true_pd(run.ground, run.rows, limit) for limit in limits]
    return _best(run, "oracle", "knows every trait and every answer to a price, not the dice", limits, pds, None)


def visible(run: Run) -> Contender:
    """Return who was told how everybody would have turned out and learned from it what a file can say: the most that is visible."""
    import lightgbm  # late: the command line starts without it

    monthly = monthly_fen(run.shown)
    limits = [_limit(run, monthly * limit // PPM) for limit in LIMITS]
    rate = np.full(len(run.rows), 200_000)
    ends = [_ends(run.ground, run.rows, limit, rate) for limit in limits]
    middle = LIMITS.index(1_500_000)
    names = choose_columns(run.shown, ends[middle].astype(np.int64), most=150, offered=frozenset(run.shown.names))
    table = run.shown.table(names)
    matrix = np.where(table.known, table.values.astype(np.float64), np.nan)
    fold = np.unique(np.array(run.shown.business, object).astype(str), return_inverse=True)[1] % 4
    used = (1, middle, len(LIMITS) - 1)
    pds = [np.zeros(len(run.rows)) for _ in limits]
    for out in range(4):
        learn, told = np.flatnonzero(fold != out), np.flatnonzero(fold == out)
        stacked = np.concatenate([np.column_stack([matrix[learn], np.full(len(learn), LIMITS[k])]) for k in used])
        model = lightgbm.train(
            dict(_TREES), lightgbm.Dataset(stacked, np.concatenate([ends[k][learn] for k in used]).astype(float)), 250
        )
        for k, limit in enumerate(LIMITS):
            pds[k][told] = np.asarray(model.predict(np.column_stack([matrix[told], np.full(len(told), limit)])))
    pds = [np.where(run.shown.alerted, 1.0, pd) for pd in pds]  # the rules of fraud are in the files too
    take = _learned_take(run)
    return _best(run, "all that files say", "a model told how every applicant would have turned out", limits, pds, take)


def _learned_take(run: Run) -> TakeUp:
    """Return how offers are answered on the whole, learned from tried offers to everybody."""
    dice = np.random.default_rng(1)
    limit = np.array(LIMITS)[dice.integers(0, len(LIMITS), len(run.rows))]
    rate = np.array(RATES)[dice.integers(0, len(RATES), len(run.rows))]
    fen = np.maximum(_limit(run, monthly_fen(run.shown) * limit // PPM), 300_000)
    chance = true_take(run.ground, run.rows, fen, rate)
    taken = dice.random(len(chance)) < chance
    found = learn_take_up(fen / np.maximum(monthly_fen(run.shown), 1), rate / PPM, taken)
    return found or TakeUp(0.3, 0.4, -10.0)


def _best(run: Run, name: str, about: str, limits: Sequence[Integers], pds: Sequence[Floats], take: TakeUp | None) -> Contender:
    """Return who makes each applicant the offer that is expected to bring most, by some chances of loss and of taking."""
    market, monthly, ages = market_of(run), np.maximum(monthly_fen(run.shown), 1), true_ages(run)
    best, terms = np.zeros(len(run.rows)), np.zeros((2, len(run.rows)), np.int64)
    for limit, pd in zip(limits, pds, strict=True):
        for rate in RATES:
            offered = np.full(len(run.rows), rate)
            chance = (
                true_take(run.ground, run.rows, np.maximum(limit, 300_000), offered)
                if take is None
                else take.chance(limit / monthly, offered / PPM)
            )
            brings = _worth(run, market, ages, limit, offered, pd, chance)
            better = (brings > best) & (limit >= market.least_fen)
            best = np.where(better, brings, best)
            terms[:, better] = np.stack([limit, offered])[:, better]
    return _contender(run, name, about, best > 0, terms[0], terms[1])


def _worth(
    run: Run, market: Market, ages: Sequence[float], limit_fen: Integers, rate_ppm: Integers, pd: Floats, chance: Floats
) -> Floats:
    """Return what each offer is expected to bring (fen), by some chances of ceasing to pay and of taking it."""
    good, lost = loan_values(rate_ppm / PPM, funding=market.funding, lgd=market.lgd, ages=ages)
    cured = run.ground.plan.constants["cure_share"]  # of those who cease to pay, some pay again (the economy's own share)
    loss = cured * good + (1 - cured) * lost
    worth: Floats = chance * loan_fen(limit_fen, pd, good, loss, market)
    return worth


def expected_worth(run: Run, contender: Contender) -> Floats:
    """Return what the offers of a contender (rows,) are expected to bring in fen, by everybody's true chances; not the dice."""
    limit = np.where(contender.approved, contender.limit_fen, 0)
    rate = np.where(contender.approved, contender.rate_ppm, RATES[0])
    chance = true_take(run.ground, run.rows, np.maximum(limit, 300_000), rate)
    worth = _worth(run, market_of(run), true_ages(run), limit, rate, true_pd(run.ground, run.rows, limit), chance)
    return np.where(contender.approved, worth, 0.0)


def true_pd(ground: Ground, rows: Integers, limit_fen: Integers) -> Floats:
    """Return the oracle's chance that each application, lent to at a limit and 18 %, ceases to pay, fraud included."""
    found = np.zeros(len(rows))
    for opening, here, place, limit in _by_district(ground, rows, limit_fen):
        district = opening.district
        count = len(district.asks)
        fen = np.full(count, 3_000.0)
        fen[place] = np.maximum(limit, 100) / 100
        offer = Offer(limit=fen, rate=np.full(count, 0.18), months=np.full(count, 12))
        pd = expected_pd(ground.plan, district.number, district.firms, district.months, district.asks, [offer])
        found[here] = with_harm(district, pd)[place, 0]
    return found


def true_take(ground: Ground, rows: Integers, limit_fen: Integers, rate_ppm: Integers) -> Floats:
    """Return the true chance that each application takes an offer."""
    found = np.zeros(len(rows))
    rates = np.asarray(rate_ppm)
    for opening, here, place, limit in _by_district(ground, rows, limit_fen):
        count = len(opening.district.asks)
        fen, rate = np.full(count, 3_000.0), np.full(count, 0.18)
        fen[place], rate[place] = np.maximum(limit, 100) / 100, rates[here] / PPM
        found[here] = take_up(opening.district, Offer(limit=fen, rate=rate, months=np.full(count, 12)))[place]
    return found


def _by_district(ground: Ground, rows: Integers, limit_fen: Integers) -> Iterator[tuple[Opening, Integers, Integers, Integers]]:
    """Yield each district: its opening, which rows are its own, their places in it, and their limits (fen)."""
    for number in np.unique(ground.asked.district[rows]).tolist():
        here = np.flatnonzero(ground.asked.district[rows] == number)
        yield ground.openings[number], here, ground.asked.row[rows[here]], limit_fen[here]


def _ends(ground: Ground, rows: Integers, limit_fen: Integers, rate_ppm: Integers) -> Booleans:
    """Return who would cease to pay if everybody were lent to."""
    bad = np.zeros(len(rows), np.bool_)
    at = np.full(len(ground.asked), -1)
    at[rows] = np.arange(len(rows))
    for one in answer(ground, rows, limit_fen, rate_ppm):
        bad[at[one.rows]] = one.loans.stop < NEVER
    return bad


def true_ages(run: Run) -> tuple[float, ...]:
    """Return how often each instalment is the first that those who would cease to pay leave unpaid, at middling terms."""
    limit = _limit(run, monthly_fen(run.shown) * 3 // 2)
    stops = [one.loans.stop for one in answer(run.ground, run.rows, limit, np.full(len(run.rows), 200_000))]
    counts = np.bincount(np.concatenate([one[one < MONTHS] for one in stops]), minlength=MONTHS).astype(np.float64)
    return tuple((counts / counts.sum()).tolist()) if counts.sum() else ALIKE


def market_of(run: Run) -> Market:
    """Return what terms are reckoned with in a run."""
    return market_for(run.sheet, run.settings.costs)


def _funding(run: Run) -> int:
    return run.sheet.assumed("funding_rate_ppm")


def _limit(run: Run, fen: Integers) -> Integers:
    terms = run.sheet.terms
    limit: Integers = np.minimum(fen, terms.max_amount_fen) // terms.amount_step_fen * terms.amount_step_fen
    return limit


def _contender(
    run: Run, name: str, about: str, approved: Booleans, limit: Integers, rate: Integers, identity: str = ""
) -> Contender:
    found = outcomes(run.ground, run.rows, approved, limit, rate, _funding(run))
    return Contender(name=name, about=about, approved=approved, limit_fen=np.where(approved, limit, 0),
                     rate_ppm=np.where(approved, rate, 0), outcomes=found, identity=identity)  # fmt: skip
