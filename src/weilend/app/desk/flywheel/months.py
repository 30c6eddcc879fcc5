"""In: the ground. Out: `Run`: what the lender decided month by month, what came of it, what it learned. Used: by `weilend sim run`.

A month: owners are contacted; who applies shows what he has; the live policy decides with the live model; offers are taken or
not; all of it becomes records. At its end labels that came of age are read from the book, and what they teach is proposed,
judged, approved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import numpy as np

from weilend.app.desk.flywheel.deciding import Office, answers_of
from weilend.app.desk.flywheel.ground import Ground
from weilend.app.desk.flywheel.learning import Trained, score, train
from weilend.app.desk.flywheel.lending import outcomes
from weilend.app.desk.flywheel.money import Outcomes
from weilend.app.desk.flywheel.policies import (
    NO_MODEL,
    Answers,
    Terms,
    as_unscored,
    doublings_tried,
    numbers_of,
    shares_of,
    show_terms,
    terms_of,
    with_numbers,
)
from weilend.app.desk.flywheel.reaching import Contacts, Reacher
from weilend.app.desk.flywheel.records import Ledger, Matured
from weilend.app.desk.flywheel.responses import (
    SLOPE_PRIOR,
    Response,
    doublings_of,
    learn_level,
    learn_slope,
    learn_take_up,
    learned_rolls,
)
from weilend.app.desk.flywheel.rows import Rows
from weilend.app.desk.flywheel.run import Lesson, MonthDone, Run, Settings
from weilend.app.desk.flywheel.showing import (
    applicants,
    explored,
    find_thin,
    grades_of,
    monthly_fen,
    of_product,
    rows_of,
    whole,
)
from weilend.app.desk.flywheel.terms import (
    THIN_ODDS,
    choose_first_terms,
    choose_terms,
    choose_thin_share,
    counted_pd,
    market_for,
)
from weilend.app.desk.progress import Tell, say_nothing
from weilend.core.money import PPM
from weilend.decision import Policy
from weilend.models import RowModel
from weilend.models.table import Booleans, Floats, Integers

#: A model is looked at anew so many months after the last look; terms each month until a model decides, then with it.
RENEW_MONTHS: Final = 3
#: The policy of the first day tries other terms on two of five, as nothing is known; after so many months its arms have these
#: shares (ppm; assumption).
TRY_MONTHS: Final = 6
TRIED_LATER: Final = (880_000, 30_000, 30_000, 30_000, 30_000)
#: Before so many loans went bad nothing is known of losses, and the terms of the first day stay (assumption).
FEWEST_BADS: Final = 20
#: What exploring may lose a month, for each application decided (assumption): five yuan.
LOOK_LOSS_FEN: Final = 500
#: Of what is lent to learn, this share is expected to be lost; it is counted when it is lent (assumption).
LOOK_LOSS_SHARE: Final = 0.30
#: Exploring begins again when less than this share of its budget is used.
ROOM: Final = 0.8


Show = Callable[[MonthDone], None]


def run_months(ground: Ground, settings: Settings, *, tell: Tell = say_nothing, show: Show = lambda _: None) -> Run:
    """Turn the wheel for every month of business."""
    wheel = Wheel(ground, settings)
    for month in range(ground.months):
        done = wheel.turn(month)
        show(done)
        tell("months of business", month + 1, ground.months)
    return wheel.result()


class Wheel:
    """The state of a run between two months: the live policy and model, what was decided so far, what is known of it."""

    def __init__(self, ground: Ground, settings: Settings) -> None:
        self.ground, self.settings = ground, settings
        self.office = Office(ground.home, at=ground.starts(0))
        self.ledger, self.reacher = Ledger(ground), Reacher(ground, settings.contacts_ppm)
        self.rows: list[Integers] = []
        self.seen: Rows  # what all showed who applied so far
        self.said: list[Answers] = []
        self.parts: dict[str, list[Integers]] = {}
        self.lessons: list[Lesson] = []
        self.done: list[MonthDone] = []
        self.contacts: list[Contacts] = []
        self.response = Response(None)
        self.opened: float | None = None  # the limits of the first month
        self.last_look = -RENEW_MONTHS
        self.sheet = self.office.sheet
        self.market = market_for(self.sheet, settings.costs)

    def turn(self, month: int) -> MonthDone:
        """Do a month of business, and learn at its end."""
        contacts = self.reacher.choose(month, self.known_margin())
        self.ledger.take_contacts(self.reacher.records(contacts))
        rows = applicants(self.ground, month, contacts)
        shown = rows_of(self.ground, rows, own=month > 0)
        ends = self.ground.starts(month + 1) - 1
        live, model = dict(self.office.live), self.office.model
        receipts = self.office.decide(self.ground, rows, shown, at=ends)
        answers = answers_of(receipts, [one.name for one in self.office.policies[0].experiments])
        outcome = self._lend(rows, answers)
        self.ledger.write(ends)
        self._keep(rows, shown, answers, outcome)
        self.reacher.learn(month, rows)
        lesson = self._learn(month)
        self._mind_budget()
        if month + 1 == TRY_MONTHS:
            for policy in tuple(self.office.live.values()):
                self._go_live(with_numbers(policy, shares={"trying": TRIED_LATER}))
        done = MonthDone(
            month=month, contacts=len(contacts.user), applications=len(rows), approved=int(answers.approved.sum()),
            loans=int(outcome.taken.sum()), lent_fen=int(answers.ceiling_fen[outcome.taken].sum()),
            policies=tuple(one.version for one in live.values()), model=model.model_id[:8] if model else "none",
            bads_known=lesson.bads, lesson=lesson.action,
        )  # fmt: skip
        self.contacts.append(contacts)
        self.lessons.append(lesson)
        self.done.append(done)
        return done

    def _lend(self, rows: Integers, answers: Answers) -> Outcomes:
        """Make the offers: who takes one has a loan, written to the ledger with all that will become known of it."""
        funding = self.sheet.assumed("funding_rate_ppm")
        terms = (answers.approved, answers.ceiling_fen, answers.rate_ppm)
        return outcomes(self.ground, rows, *terms, funding, booked=self.ledger.book)

    def _keep(self, rows: Integers, shown: Rows, answers: Answers, outcome: Outcomes) -> None:
        count = len(rows)
        self.rows.append(rows)
        self.seen = whole([self.seen, shown]) if self.said else whole([shown])
        self.said.append(answers)
        policy = np.zeros(count, np.int64)
        for name, live in self.office.live.items():
            policy[of_product(self.ground, rows, name)] = self.office.policies.index(live)
        found = {
            "policy": policy,
            "model": np.full(count, len(self.office.models) - 1),
            **{name: getattr(outcome, name) for name in Outcomes.__struct_fields__},
        }
        for name, value in found.items():
            self.parts.setdefault(name, []).append(value)

    def known_margin(self) -> float:
        """Return what an application decided so far brought in expectation, in fen: interest and losses as far as terms tell."""
        if not self.rows:
            return 1.0
        taken, lent = self._so_far("taken"), np.concatenate([one.ceiling_fen for one in self.said])
        return max(float((lent * taken).sum()) / max(len(taken), 1) * 0.03, 1.0)

    def _so_far(self, name: str) -> Integers:
        return np.concatenate(self.parts[name])

    def _learn(self, month: int) -> Lesson:
        """Read what has come of age, and act on it."""
        now = self.ground.starts(month + 1)
        matured = self.ledger.read_labels(now - 1)
        facts = Lesson(month=month, bads=matured.bads, labels=len(matured.bad), action="")
        if self.office.model and month - self.last_look < RENEW_MONTHS:
            return facts
        if matured.bads >= self.settings.least_bads:
            self.last_look = month
            facts = self._renew(matured, facts)
        elif matured.bads:
            facts = msgspec.structs.replace(facts, action=f"{matured.bads} bads came of age, not enough")
        if self.office.model is None:
            said, moved = self._reprice(matured)
            action = f"{facts.action}; {said}" if facts.action else said
            return msgspec.structs.replace(facts, action=action, response=self.response, turned=moved)
        return facts

    def _offers(self) -> tuple[Floats, Floats, Booleans]:
        """Return every offer made: limit in months of sales, rate, and whether it was taken."""
        answers = [one.approved for one in self.said]
        at = np.flatnonzero(np.concatenate(answers))
        limit = np.concatenate([one.ceiling_fen for one in self.said])[at]
        rate = np.concatenate([one.rate_ppm for one in self.said])[at] / PPM
        monthly = monthly_fen(self.seen)[at]
        return limit / np.maximum(monthly, 1), rate, self._so_far("taken")[at].astype(np.bool_)

    def _reprice(self, matured: Matured) -> tuple[str, bool]:
        """Set the terms of the expert's grade by answers to offers and by who went bad; say so, and whether they changed."""
        self._respond(matured)
        offers = self.response.offers
        if self.response.take_up is None:
            return f"{offers:,} offers were answered, not enough to learn a price from", False
        if matured.bads < FEWEST_BADS:
            return "nothing is known of losses yet: terms stay", False
        said = [self._reprice_product(name, matured) for name in self.office.products]
        return f"{'; '.join(words for words, _ in said)}; by {offers:,} answers to offers", any(moved for _, moved in said)

    def _reprice_product(self, name: str, matured: Matured) -> tuple[str, bool]:
        policy, mine = self.office.live[name], self._of_product(name)
        now, start = terms_of(policy)[NO_MODEL], numbers_of(policy)["thin_share_ppm"]
        if not len(mine):
            return f"{policy.en}: nobody asked", False
        pd, seen = self._count_pd(mine, matured), self.seen.take(mine)
        best = choose_first_terms(pd, monthly_fen(seen).astype(np.float64), now, self.response, self.market)
        share = self._choose_thin_share(policy, seen, pd, (NO_MODEL,) * len(pd), {NO_MODEL: best})
        if (best, share) == (now, start):
            return f"{policy.en}: {_said(now, start)} stay", False
        self._go_live(with_numbers(policy, terms={NO_MODEL: best}, parameters={"thin_share_ppm": share}))
        return f"{policy.en}: {_said(now, start)} → {_said(best, share)}", True

    def _respond(self, matured: Matured) -> None:
        """Learn how offers are answered, how loans fail, and what a larger limit does to that."""
        months, rate, taken = self._offers()
        at = self._places(matured.rows)
        take = learn_take_up(months, rate, taken) or self.response.take_up
        slope, lent = SLOPE_PRIOR, float(doublings_of(months).mean()) if len(months) else 0.0
        self.opened = lent if self.opened is None else self.opened
        if matured.bads:
            slope = learn_slope(self._tried()[at], matured.bad, matured.watched)
            lent = float(np.average(doublings_of(self._months_lent()[at]), weights=matured.watched))
        self.response = Response(
            take_up=take,
            slope=slope,
            lent=lent,
            opened=self.opened,
            rolls=self._rolls(matured),
            ages=matured.ages,
            offers=len(taken),
            labels=len(at),
        )

    def _count_pd(self, rows: Integers, matured: Matured) -> Floats:
        """Return the chance of going bad of some who applied so far, counted among themselves for thin files and for others."""
        (name,) = {self.ground.asked.product[row] for row in np.concatenate(self.rows)[rows].tolist()}
        step_count = numbers_of(self.office.live[name])["step_count"]
        at, assumed = self._places(matured.rows), self.sheet.assumed("portfolio_bad_rate_ppm") / PPM
        is_thin, doublings = find_thin(self.seen, step_count=step_count), doublings_of(self._months_lent())
        pd, ours = np.zeros(len(rows)), np.isin(at, rows)
        for thin, odds in ((False, 1.0), (True, THIN_ODDS)):
            mine = ours & (is_thin[at] == thin)
            pd[is_thin[rows] == thin] = counted_pd(
                float(matured.watched[mine].sum()), int(matured.bad[mine].sum()), assumed, odds=odds, response=self.response,
                doublings=float(doublings[at[mine]].mean()) if mine.any() else self.response.lent,
            )  # fmt: skip
        return pd

    def _of_product(self, name: str) -> Integers:
        """Return which of all applications so far are for a product."""
        return of_product(self.ground, np.concatenate(self.rows), name)

    def _places(self, rows: Integers) -> Integers:
        """Return where applications stand among all that were decided so far."""
        place = {row: at for at, row in enumerate(np.concatenate(self.rows).tolist())}
        return np.array([place[row] for row in rows.tolist()], np.int64)

    def _months_lent(self) -> Floats:
        """Return the limit of each application so far in months of sales; 1 where nothing was offered."""
        limit = np.concatenate([one.ceiling_fen for one in self.said])
        months: Floats = np.where(limit > 0, limit / np.maximum(monthly_fen(self.seen), 1), 1.0)
        return months

    def _tried(self) -> Floats:
        """Return by how many doublings chance moved the limit of each application so far."""
        return np.concatenate([doublings_tried(self.office.policies[0], one) for one in self.said])

    def _renew(self, matured: Matured, facts: Lesson) -> Lesson:
        """Train a challenger, judge it, promote it on evidence, and choose the terms of each grade anew."""
        at = self._places(matured.rows)
        shown = self.seen.take(at)
        champion = self.office.model
        trained = train(shown, matured.bad, matured.watched, champion, seed=self.ground.plan.seed)
        promoted = trained.verdict.verdict == "replace" and (champion is None or champion.model_id != trained.model.model_id)
        if promoted:
            self.office.promote(trained.model, at=self.ground.starts(facts.month + 1))
        if self.office.model is None:
            action = (
                f"{trained.learner}: AUC {trained.auc_ppm / PPM:.3f} out of fold, no evidence that it ranks: the rules go on"
            )
            return msgspec.structs.replace(facts, action=action, trained=trained)
        self._respond(matured)
        self._level(self.office.model, matured)
        for live in tuple(self.office.live.values()):
            self._choose(self.office.model, live, as_unscored(live) if champion is None else terms_of(live), at)
        action = _words_of(trained, promoted=promoted)
        return msgspec.structs.replace(
            facts, action=action, trained=trained, promoted=promoted, response=self.response, turned=True
        )

    def _level(self, model: RowModel, matured: Matured) -> None:
        """Learn by how much the newest half of the labels is worse or better than the champion says."""
        at = self._places(matured.rows)
        newest = np.argsort(at, kind="stable")[len(at) // 2 :]
        rows = at[newest]
        pd = np.clip(score(model, self.seen.take(rows)), 100, 900_000) / PPM
        lent, bad, watched = doublings_of(self._months_lent()[rows]), matured.bad[newest], matured.watched[newest]
        self.response = msgspec.structs.replace(self.response, level=learn_level(pd, lent, bad, watched, self.response))

    def _rolls(self, matured: Matured) -> float:
        """Return the share of late loans that are lost, from those whose lateness lies long enough back."""
        known_by = self.ground.starts(int(self.ground.asked.month[np.concatenate(self.rows)].max(initial=0)) + 1) - 1
        return learned_rolls(*self.ledger.count_settled(matured.rows[matured.bad == 1], known_by))

    def _choose(self, model: RowModel, policy: Policy, now: Mapping[str, Terms], learned_from: Integers) -> None:
        """Choose the terms of each grade of a product, and how thin files start, by what the champion says of all who asked for it
        so far and whom it did not learn from: of the others it knows too well how they turned out.
        """
        if self.response.take_up is None:
            return
        name = policy.product
        seen = self.seen.take(np.setdiff1d(self._of_product(name), learned_from))
        pd = np.clip(score(model, seen), 100, 900_000)
        grade, monthly = grades_of(pd, self.sheet), monthly_fen(seen).astype(np.float64)
        terms = choose_terms(pd / PPM, grade, monthly, self.response, self.market, now)
        share = self._choose_thin_share(policy, seen, pd / PPM, grade, terms)
        self._go_live(with_numbers(policy, terms=terms, parameters={"thin_share_ppm": share}))

    def _choose_thin_share(
        self, policy: Policy, seen: Rows, pd: Floats, grade: tuple[str, ...], terms: Mapping[str, Terms]
    ) -> int:
        """Return with which share (ppm) of the limit thin files start, by what is expected of some who asked for a product."""
        numbers = numbers_of(policy)
        thin = np.flatnonzero(find_thin(seen, step_count=numbers["step_count"]))
        grades, monthly = tuple(grade[row] for row in thin.tolist()), monthly_fen(seen)[thin].astype(np.float64)
        market, start = self.market, numbers["thin_share_ppm"]
        return choose_thin_share(pd[thin], grades, monthly, terms, self.response, market, start)

    def _mind_budget(self) -> None:
        """Stop exploring while what it is expected to have lost exceeds its budget, and take it up again when there is room."""
        first = self.office.policies[0]
        limit = first.parameters["look_fen"].base or 0
        looked = np.concatenate([explored(one, limit) for one in self.said]) & self._so_far("taken").astype(np.bool_)
        lost = LOOK_LOSS_SHARE * float(np.concatenate([one.ceiling_fen for one in self.said])[looked].sum())
        allowed = LOOK_LOSS_FEN * sum(len(one) for one in self.rows)
        for policy in tuple(self.office.live.values()):
            looks = shares_of(policy, "exploring")["lent_to_learn"]
            if lost > allowed and looks:
                self._go_live(with_numbers(policy, shares={"exploring": (PPM, 0)}))
            if lost < allowed * ROOM and not looks:
                again = tuple(shares_of(first, "exploring").values())
                self._go_live(with_numbers(policy, shares={"exploring": again}))

    def _go_live(self, policy: Policy) -> None:
        self.office.adopt(policy, at=self.ground.starts(len(self.rows)))

    def result(self) -> Run:
        """Return what was done so far."""
        arms = [one.arms for one in self.said]
        answers = Answers(
            approved=np.concatenate([one.approved for one in self.said]),
            ceiling_fen=np.concatenate([one.ceiling_fen for one in self.said]),
            rate_ppm=np.concatenate([one.rate_ppm for one in self.said]),
            grade=tuple(grade for one in self.said for grade in one.grade),
            arms={name: tuple(arm for one in arms for arm in one[name]) for name in arms[0]},
        )
        return Run(
            ground=self.ground, products=self.office.products, settings=self.settings, rows=np.concatenate(self.rows),
            shown=self.seen, answers=answers, policy_of=self._so_far("policy"),
            model_of=self._so_far("model"),
            outcomes=Outcomes(**{name: self._so_far(name) for name in Outcomes.__struct_fields__}),  # type: ignore[arg-type]
            policies=tuple(self.office.policies), models=tuple(self.office.models), lessons=tuple(self.lessons),
            months=tuple(self.done), contacts=tuple(self.contacts),
        )  # fmt: skip


def _said(terms: Terms, thin_share_ppm: int) -> str:
    return f"{show_terms(terms)}, thin files {thin_share_ppm / 10_000:g} %"


def _words_of(trained: Trained, *, promoted: bool) -> str:
    newest = "; on the newest {:.3f} against {:.3f}".format(*(one / PPM for one in trained.newest)) if trained.newest else ""
    what = "promoted" if promoted else "the champion stays"
    return f"{trained.learner}: AUC {trained.auc_ppm / PPM:.3f} out of fold{newest}: {what}; terms chosen anew"
