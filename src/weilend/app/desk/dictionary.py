"""In: features, cards, receipts, policies. Out: rows of text for people. Used: by the doors that print tables, and by the docs."""

from __future__ import annotations

from weilend.core.errors import NotFoundError
from weilend.core.money import show_percent, show_yuan
from weilend.core.values import Receipt
from weilend.features.fakery import LEVELS_ZH, rate_fakery
from weilend.features.finish import AGGREGATES
from weilend.features.sets import FEATURE_SETS
from weilend.features.spec import Feature, Measured, Part, parts_of, show_value
from weilend.models.card import Card, Characteristic

Rows = list[tuple[object, ...]]
SIGNS = {1: "higher is safer", -1: "higher is riskier", 0: "not for a model"}


def list_features(name: str) -> tuple[tuple[str, ...], Rows]:
    """Return one row per feature of a set.

    >>> columns, rows = list_features("invoice")
    >>> columns, rows[0][:3]
    (('feature', 'unit', 'window', 'credit sign', 'why'), ('sales_fen_12m', 'fen', '12 months'))
    """
    rows: Rows = [(one.name, one.unit, one.reach.text, SIGNS[one.sign], one.why) for one in FEATURE_SETS[name].features]
    return ("feature", "unit", "window", "credit sign", "why"), rows


def show_feature(name: str) -> Rows:
    """Return everything that is declared of a feature; raises `NotFoundError`.

    >>> show_feature("customers_12m")[1]
    ('what', 'Number of parties.')
    """
    feature = next((one for group in FEATURE_SETS for one in FEATURE_SETS[group].features if one.name == name), None)
    if feature is None:
        raise NotFoundError(f"no feature {name!r}", hint="weilend features list names them all")
    return describe_feature(feature)


def describe_window(feature: Feature) -> str:
    """Return the window of a feature in words.

    >>> from weilend.features.sets import LIBRARY
    >>> describe_window(LIBRARY["invoice_vs_tax_12m"])
    '12 complete calendar months that end 1 before the last'
    """
    if feature.days:
        return f"{feature.reach.text} before the as_of"
    lag = f" that end {feature.lag_months} before the last" if feature.lag_months else ""
    return f"{feature.months} complete calendar months{lag}"


def describe_feature(feature: Feature) -> Rows:
    """Return the declaration of a feature, row by row."""
    fakery = rate_fakery(feature)
    return [
        ("name", feature.name),
        ("what", (AGGREGATES[feature.aggregate].finish.__doc__ or "").strip()),
        ("of", describe_rows(feature.of)),
        ("against", describe_rows(feature.against) if feature.against else "—"),
        ("window", describe_window(feature)),
        ("history needed", describe_history(feature)),
        ("also seen in", ", ".join(feature.seen_in) or "—"),
        ("unit", feature.unit if feature.quantum == 1 else f"{feature.quantum} {feature.unit}"),
        ("range", f"{feature.lo:,} to {feature.hi:,}"),
        ("credit sign", SIGNS[feature.sign]),
        ("cost of its source", f"{show_yuan(feature.cost_fen)} a pull" if feature.cost_fen else "none beyond the file"),
        ("to fake", f"{fakery.level}: {fakery.en}"),
        ("操纵成本", f"{LEVELS_ZH[fakery.level]}：{fakery.zh}"),
        ("why", feature.why),
        ("sentence", feature.en),
        ("说明", feature.zh),
    ]


def describe_history(feature: Feature) -> str:
    """Return how much history a feature needs.

    >>> describe_history(FEATURE_SETS["invoice"]["sales_change_24m"])
    '24 months'
    """
    needs = [f"{feature.history_months} months"] * bool(feature.history_months)
    needs += [f"{feature.history_days} days"] * bool(feature.history_days)
    return " and ".join(needs) or "any"


def describe_rows(measured: Measured) -> str:
    """Return the rows that a feature is made of, in one line.

    >>> describe_rows(Part("invoice", "net_fen > 0", "net_fen", "counterparty_id"))
    'net_fen of invoice where net_fen > 0, by counterparty_id'
    >>> describe_rows((Part("bank_entry", value="amount_fen"), Part("wallet_entry", "nature = 'loan_in'", "-amount_fen")))
    "amount_fen of bank_entry, and -amount_fen of wallet_entry where nature = 'loan_in'"
    """
    return ", and ".join(map(_describe_part, parts_of(measured)))


def _describe_part(part: Part) -> str:
    where = f" where {part.where}" if part.where else ""
    by, on = f", by {part.by}" if part.by else "", f", by the day {part.on}" if part.on else ""
    return f"{part.value or 'rows'} of {part.kind}{where}{by}{on}"


def show_card(card: Card) -> tuple[tuple[str, ...], Rows]:
    """Return a card, one row per bin, what every firm starts from first.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> columns, rows = show_card(example_card())
    >>> columns, rows[0][0]
    (('feature', 'from', 'to', 'points', 'rows', 'bads'), 'base')
    """
    rows = [row for item in card.characteristics for row in card_rows(item)]
    return ("feature", "from", "to", "points", "rows", "bads"), [
        ("base", "", "", card.base_points, card.rows, card.bads),
        *rows,
    ]


def card_rows(item: Characteristic) -> Rows:
    """Return the bins of one feature of a card: value range, points, and what training saw."""
    unit, name = item.feature.unit, item.feature.name
    edges = ["", *(show_value(cut, unit) for cut in item.cuts), ""]
    rows: Rows = [
        (name, edges[index] and f"above {edges[index]}", edges[index + 1] and f"up to {edges[index + 1]}", points, rows, bads)
        for index, (points, rows, bads) in enumerate(zip(item.points, item.rows, item.bads, strict=True))
    ]
    if item.null_rows:
        rows.append((name, "not known", "", item.null_points, item.null_rows, item.null_bads))
    return rows


def show_receipt(receipt: Receipt) -> Rows:
    """Return a receipt as a person reads it."""
    decision, score = receipt.decision, receipt.score
    rows: Rows = [
        ("business", receipt.application.business_id),
        ("decision", decision.outcome),
        ("grade", decision.grade or "none"),
        ("probability of default", show_percent(score.pd_ppm) if score else "no score"),
        ("points", score.points if score else "no score"),
        ("ceiling", show_yuan(decision.ceiling_fen) if decision.ceiling_fen is not None else "none"),
        ("floor rate", show_percent(decision.floor_rate_ppm) if decision.floor_rate_ppm is not None else "none"),
        ("term", show_value(decision.months, "months") if decision.months is not None else "none"),
        *((f"arm of {name}", arm) for name, arm in decision.arms.items()),
        ("fraud", receipt.fraud.status.replace("_", " ")),
        ("offer", receipt.offer.status.replace("_", " ")),
    ]
    rows += [("because", f"{reason.en} / {reason.zh}") for reason in decision.reasons]
    return [*rows, ("receipt", receipt.receipt_id)]
