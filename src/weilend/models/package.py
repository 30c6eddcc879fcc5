"""In: a card and what is known about it. Out: two JSON files, and the same back. Used: by the desk; nothing is pickled.

`card.json` is all that scoring needs; `about.json` is the model card for people. Both are canonical JSON without floats.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from weilend.core.errors import InputError
from weilend.core.ids import canonical_json
from weilend.core.money import PPM
from weilend.models.card import Card, check_identity
from weilend.models.described import read_described
from weilend.models.validate import Figures, Permutations

CARD_FILE: Final = "card.json"
ABOUT_FILE: Final = "about.json"
#: Fields of a card that its model card repeats.
OWN_FACTS: Final = ("base_points", "prior_ppm", "anchor_ppm", "sample_ppm", "rows", "bads", "seed", "strength_micro")


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The model card: what a reader must know before believing a card.

    `data` is `Table.identity` with the label, `reconstructed_ppm` the share of input records that were handed over later and
    not observed as they happened, `assumed_known` whether labels were taken as known before they were.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> example_about(example_card()).assumed_known
    True
    """

    model_id: str
    name: str
    data: str
    label: str
    label_known_at: int
    assumed_known: bool
    as_of: int
    feature_set: str
    features_offered: tuple[str, ...]
    reconstructed_ppm: int
    seeds: tuple[int, ...]
    figures: Figures | None = None
    permutations: Permutations | None = None
    limits: tuple[str, ...] = ()


def describe(card: Card, about: About) -> dict[str, Any]:
    """Return the model card with the card's own facts in it: bins, coefficients, prior, sample. Plain values, no floats.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> card = example_card()
    >>> page = describe(card, example_about(card))
    >>> page["prior_ppm"], page["bads"], page["features"][0]["name"]
    (80000, 20, 'sales_fen_12m')
    """
    own = {name: getattr(card, name) for name in OWN_FACTS}
    features = [
        {"name": item.feature.name, "sign": item.feature.sign, "unit": item.feature.unit, "why": item.feature.why}
        | {name: value for name, value in msgspec.structs.asdict(item).items() if name != "feature"}
        for item in card.characteristics
    ]
    page: dict[str, Any] = msgspec.to_builtins(msgspec.structs.asdict(about) | own | {"features": features})
    return page


def save(card: Card, about: About, folder: Path) -> None:
    """Write a card and its model card into a folder, which is made where it is missing.

    Raises `InputError` where the model card speaks of another card, `CheckError` where the card is not what its id says.

    >>> from tempfile import TemporaryDirectory
    >>> from weilend.models.recipes.woe_card import example_card
    >>> card = example_card()
    >>> with TemporaryDirectory() as folder:
    ...     save(card, example_about(card), Path(folder))
    ...     load(Path(folder)) == card
    True
    """
    check_identity(card)
    if about.model_id != card.model_id:
        raise InputError(
            f"the model card speaks of {about.model_id}, not of {card.model_id}", hint="describe the card you save"
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ABOUT_FILE).write_bytes(canonical_json(describe(card, about)))
    (folder / CARD_FILE).write_bytes(canonical_json(card))


def load(folder: Path) -> Card:
    """Return the card in a folder; `InputError` where there is none or it is malformed, `CheckError` where it was changed.

    >>> load(Path("no-such-folder"))
    Traceback (most recent call last):
    weilend.core.errors.InputError: no card.json in no-such-folder. Hint: build the model first
    """
    path = folder / CARD_FILE
    if not path.is_file():
        raise InputError(f"no {CARD_FILE} in {folder}", hint="build the model first")
    try:
        card = read_card(path.read_bytes())
    except msgspec.DecodeError as error:
        raise InputError(f"{path} is not a card: {error}", hint="take it from where it was built") from None
    return check_identity(card)


def read_card(content: bytes) -> Card:
    """Return the card that JSON holds; `msgspec.DecodeError` where it holds none. Its identity is not checked here.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> read_card(canonical_json(example_card())) == example_card()
    True
    """
    return msgspec.json.decode(content, type=Card, dec_hook=read_described)


def example_about(card: Card) -> About:
    """Return a model card for examples and tests.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> example_about(example_card()).label
    'external_default'
    """
    return About(
        model_id=card.model_id,
        name="pd_enterprise",
        data="0" * 32,
        label="external_default",
        label_known_at=1_583_020_800,
        assumed_known=True,
        as_of=1_577_808_000,
        feature_set="invoice",
        features_offered=tuple(item.feature.name for item in card.characteristics),
        reconstructed_ppm=PPM,
        seeds=(1,),
    )
