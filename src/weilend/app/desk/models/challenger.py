"""In: a product, a recipe. Out: a challenger of the product's card, judged on the same folds. Used: by `weilend model build`.

It is kept, and nothing more: somebody puts it in shadow, and somebody else makes it champion.
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.app.desk.home import Home
from weilend.app.desk.models.champion import Named
from weilend.app.desk.models.evidence import Evidence, judge_pair
from weilend.app.desk.models.life import Build, keep_evidence, register_model
from weilend.app.desk.models.renewal import current_champion, judge_refit, known_to, say_out_of_fold
from weilend.app.desk.models.renewal_material import product_material
from weilend.app.desk.models.renewal_schedule import is_few, load_schedule
from weilend.app.desk.progress import Tell, say_nothing
from weilend.core.errors import TooFewError
from weilend.lending import Product
from weilend.models.card import RECIPE
from weilend.models.judgement.champion import Verdict
from weilend.models.recipes.registry import RECIPES


class Challenger(msgspec.Struct, frozen=True, kw_only=True):
    """A challenger that was kept: what it was made of, how it does beside a card of the same rows, and its evidence against the
    champion, None where too few outcomes are new to that.
    """

    build: Build
    beside_card: Verdict
    evidence: Evidence | None


def build_challenger(
    home: Home,
    product: Product,
    recipe: str,
    *,
    as_of: int,
    at: int,
    assume_label_known: bool = False,
    tell: Tell = say_nothing,
) -> Challenger:
    """Build a product's challenger by a recipe on what is known at an instant, judge it, and keep it with its evidence.

    Every row is judged by models that had no part in its group, the card's too. Raises `TooFewError` where outcomes are fewer
    than a renewal asks for.
    """
    named = Named("model", product.model)
    current, known_until = current_champion(home, named, at=at), known_to(home, named, "", at=at)
    material = product_material(
        home, product, as_of=as_of, known_until=known_until, recipe=recipe, assume_label_known=assume_label_known
    )
    schedule, bads = load_schedule(), int(material.bad.sum())
    goods = len(material.bad) - bads
    if is_few(bads, goods, schedule):
        raise TooFewError(
            f"{bads} bads and {goods} goods are too few for {recipe}",
            hint=f"wait for {schedule.least_fresh_bads} and {schedule.least_fresh_goods}; the card needs fewer",
        )
    card = msgspec.structs.replace(material, recipe=RECIPE, columns=())
    own, cards = (say_out_of_fold(one, tell=tell) for one in (material, card))
    beside = judge_pair(material.bad, material.group, own, cards)
    made = material.fit(np.arange(len(material.bad)), 1)
    paper = Build(
        name=product.model, version=RECIPES[recipe].identify(made), recipe=recipe, as_of=as_of, rows=len(material.bad), bads=bads,
        columns=material.columns, known_until=material.known_until, about=f"challenger of the card: {beside.verdict}",
    )  # fmt: skip
    register_model(home, named, paper, RECIPES[recipe].write(made), at=at)
    if current and is_few(material.fresh_bads, material.fresh_goods, schedule):
        return Challenger(build=paper, beside_card=beside, evidence=None)
    evidence = judge_refit(material, current, (made, paper), own)
    keep_evidence(home, named, evidence, at=at)
    return Challenger(build=paper, beside_card=beside, evidence=evidence)
