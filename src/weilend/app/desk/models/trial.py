"""In: scores in shadow, outcomes known since. Out: evidence on who was right, shadow or champion. Used: before a promotion."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from weilend.app.desk.home import Home
from weilend.app.desk.models.champion import Named, champion
from weilend.app.desk.models.evidence import Evidence, judge_pair
from weilend.app.desk.models.kept import read_version
from weilend.app.desk.models.life import keep_evidence
from weilend.app.desk.models.renewal import at_own_rate
from weilend.app.desk.models.renewal_schedule import is_few, load_schedule
from weilend.app.desk.models.shadow import shadow_scores
from weilend.app.desk.population import label_loans
from weilend.core.errors import CheckError, TooFewError
from weilend.core.values import Application
from weilend.features.labels import LoanLabel, label_named
from weilend.lending import Product
from weilend.models.prediction import Prediction


class _Pair(msgspec.Struct, frozen=True):
    """Points and PD that shadow and champion gave an application."""

    application: Application
    shadow: tuple[int, int]
    live: tuple[int, int]


def judge_shadow(home: Home, product: Product, version: str, *, as_of: int, at: int) -> Evidence:
    """Return evidence from what a shadow said before outcomes were known, against the champion's own scores; it is kept.

    Only decisions of the champion count whose outcome was known at `as_of`: of loans of ours each application that was booked, of
    firms of which others tell the last decision of each. Raises `CheckError` where there is no champion, or too few outcomes are
    known.
    """
    named = Named("model", product.model)
    against = champion(home, named, at=at)
    if against is None:
        raise CheckError(f"{product.model} has no champion to compare with", hint="promote one first")
    pairs = _find_pairs(home, version, against)
    known = outcomes_of(home, product, [one.application for one in pairs], as_of=as_of)
    judged, bad = [pairs[place] for place in known], np.array(list(known.values()), dtype=np.int64)
    bads = int(bad.sum())
    if is_few(bads, len(bad) - bads, load_schedule()):
        raise TooFewError(
            f"not enough: of {len(pairs)} scores in shadow {len(bad)} outcomes are known, {bads} bad",
            hint="wait for more outcomes",
        )
    group = np.unique([one.application.business_id for one in judged], return_inverse=True)[1]
    shadow = _at_own_rate(home, version, product, [one.shadow for one in judged])
    live = _at_own_rate(home, against, product, [one.live for one in judged])
    verdict = judge_pair(bad, group, shadow, live)
    evidence = Evidence(challenger=version, champion=against, rows=len(bad), bads=bads, how="scored in shadow", verdict=verdict)
    keep_evidence(home, named, evidence, at=at)
    return evidence


def _find_pairs(home: Home, version: str, against: str) -> list[_Pair]:
    """Return what shadow and champion said of the same applications, oldest first."""
    found = []
    for said in shadow_scores(home, version):
        receipt = home.store.receipt(said.receipt_id)
        live = receipt.score
        if live is not None and live.model_id == against and said.points is not None and said.pd_ppm is not None:
            found.append(_Pair(receipt.application, (said.points, said.pd_ppm), (live.points, live.pd_ppm)))
    return found


def outcomes_of(home: Home, product: Product, applications: Sequence[Application], *, as_of: int) -> dict[int, int]:
    """Return, by place among some applications, 1 for bad and 0 for good where that was known at an instant (UTC seconds).

    Loans of ours are told of their own application; where others tell of a firm, the last application of each firm counts.
    """
    label, view = label_named(product.label), home.book.view()
    if isinstance(label, LoanLabel):
        told = label_loans(home, product, label, view, as_of)
        names = [name for (name,) in told.spine.linked["application_id"]]
        bad = {name: one for name, one in zip(names, told.bad.tolist(), strict=True) if one >= 0}
        last = {one.application_id: place for place, one in enumerate(applications)}
    else:
        records = view.read(label.kind, as_of=as_of, columns=("business_id", label.field))
        words = zip(records["business_id"].to_pylist(), records[label.field].to_pylist(), strict=True)
        bad = {name: int(word == label.bad) for name, word in words}
        last = {one.business_id: place for place, one in enumerate(applications)}
    return {place: bad[name] for name, place in last.items() if name in bad}


def _at_own_rate(home: Home, version: str, product: Product, said: Sequence[tuple[int, int]]) -> Prediction:
    points, pd_ppm = np.array(said, dtype=np.int64).reshape(-1, 2).T
    model = read_version(home, "model", version)
    return at_own_rate(Prediction(points, pd_ppm), model, product.assumed("portfolio_bad_rate_ppm"))
