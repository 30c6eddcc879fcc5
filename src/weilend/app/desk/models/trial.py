"""In: scores in shadow, outcomes known since. Out: evidence on who was right, shadow or champion. Used: before a promotion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from weilend.app.desk.home import Home
from weilend.app.desk.models.champion import Named, champion
from weilend.app.desk.models.evidence import Evidence, judge_pair
from weilend.app.desk.models.kept import read_version
from weilend.app.desk.models.life import keep_evidence
from weilend.app.desk.models.renewal import at_own_rate
from weilend.app.desk.models.renewal_schedule import is_few, load_schedule
from weilend.app.desk.models.shadow import shadow_scores
from weilend.core.errors import CheckError
from weilend.features.labels import LABELS
from weilend.lending import Product
from weilend.models.prediction import Prediction


def judge_shadow(home: Home, product: Product, version: str, *, as_of: int, at: int) -> Evidence:
    """Return evidence from what a shadow said before outcomes were known, against the champion's own scores; it is kept.

    Only decisions of the champion count, the last of each business, whose outcome was known at `as_of`. Raises `CheckError` where
    there is no champion, or too few outcomes are known.
    """
    named = Named("model", product.model)
    against = champion(home, named, at=at)
    if against is None:
        raise CheckError(f"{product.model} has no champion to compare with", hint="promote one first")
    pairs = _pairs(home, version, against)
    known = {name: bad for name, bad in _outcomes(home, product, as_of).items() if name in pairs}
    bad = np.array(list(known.values()), dtype=np.int64)
    bads = int(bad.sum())
    if is_few(bads, len(bad) - bads, load_schedule()):
        raise CheckError(
            f"not enough: of {len(pairs)} scores in shadow {len(bad)} outcomes are known, {bads} bad",
            hint="wait for more outcomes",
        )
    shadow, live = (
        _at_own_rate(home, named, one, product, [pairs[name][place] for name in known])
        for place, one in enumerate((version, against))
    )
    verdict = judge_pair(bad, np.arange(len(bad)), shadow, live)
    evidence = Evidence(challenger=version, champion=against, rows=len(bad), bads=bads, how="scored in shadow", verdict=verdict)
    keep_evidence(home, named, evidence, at=at)
    return evidence


def _pairs(home: Home, version: str, against: str) -> dict[str, tuple[tuple[int, int], tuple[int, int]]]:
    """Return points and PD of shadow and champion by business, the last decision of each."""
    found = {}
    for said in shadow_scores(home, version):
        receipt = home.store.receipt(said.receipt_id)
        live = receipt.score
        if live is not None and live.model_id == against and said.points is not None and said.pd_ppm is not None:
            found[receipt.application.business_id] = (said.points, said.pd_ppm), (live.points, live.pd_ppm)
    return found


def _outcomes(home: Home, product: Product, as_of: int) -> dict[str, int]:
    label = LABELS[product.label]
    records = home.book.view().read(label.kind, as_of=as_of, columns=("business_id", label.field))
    names, words = records["business_id"].to_pylist(), records[label.field].to_pylist()
    return {name: int(word == label.bad) for name, word in sorted(zip(names, words, strict=True))}


def _at_own_rate(home: Home, named: Named, version: str, product: Product, said: Sequence[tuple[int, int]]) -> Prediction:
    points, pd_ppm = np.array(said, dtype=np.int64).reshape(-1, 2).T
    model = read_version(home, named.kind, version)
    return at_own_rate(Prediction(points, pd_ppm), model, product.assumed("portfolio_bad_rate_ppm"))
