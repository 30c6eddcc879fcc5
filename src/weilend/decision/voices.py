"""In: a score, or a card and the values it read. Out: what the model says for itself. Used: where a decision gives reasons.

A voice names what gained the most points, what lost the most, and what lies outside the model's experience. It speaks only when
asked: most sentences of a model are never read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from weilend.core.values import Reason, Score
from weilend.decision.wording import Say, of_model, prepare, say_outside, strongest
from weilend.models import Card
from weilend.models.described import Described
from weilend.models.pairs import Pair, join_sentences


class ScoreVoice(msgspec.Struct, frozen=True):
    """The voice of a score that somebody computed; its sentences are in it.

    >>> from weilend.core.values import Contribution
    >>> said = (Contribution("a", 1, -5, 20, Reason("a", "x", "")), Contribution("b", 1, 15, 0, Reason("b", "y", "")))
    >>> voice = ScoreVoice(Score(model_id="m", base_points=0, points=10, pd_ppm=1, contributions=said, outside=("b",)))
    >>> [why.en for why in (*voice.strengths(), *voice.weaknesses())], voice.outside()
    (['y', 'x'], ('y', ''))
    """

    score: Score | None

    def strengths(self) -> list[Reason]:
        """Return what gained the most points, most first."""
        said = () if self.score is None else self.score.contributions
        return [of_model(said[place].reason) for place in strongest([one.points for one in said])]

    def weaknesses(self) -> list[Reason]:
        """Return what lost the most points against the best that each feature could bring, most first."""
        said = () if self.score is None else self.score.contributions
        return [of_model(said[place].reason) for place in strongest([one.lost for one in said])]

    def outside(self) -> tuple[str, str]:
        """Return what lies outside the model's experience, in English and Chinese."""
        return ("", "") if self.score is None or not self.score.outside else say_outside(self.score)


class CardSpeech(msgspec.Struct, frozen=True):
    """What a card needs to speak: the sentence of each part, said from all values, and the most points it brings.

    Parts are the characteristics, of which there are `alone`, then the tables of two columns.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> speech = make_card_speech(example_card())
    >>> voice = CardVoice(speech, (900_000_000, None), (25, -5), (True, False))
    >>> voice.outside()[0], [why.code for why in voice.strengths()]
    ('sales of the last 12 months were ¥9,000,000', ['sales_fen_12m'])
    """

    sentences: tuple[Say, ...]
    best: tuple[int, ...]
    alone: int


def make_card_speech(card: Card) -> CardSpeech:
    """Return how a card speaks: as `Feature.say` does of each value.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> len(make_card_speech(example_card()).best)
    2
    """
    features = [item.feature for item in card.characteristics]
    said = [
        prepare(one.name, one.en, one.zh, {"value": place}, {"value": one.unit}, {}, class_="model", topic="credit")
        for place, one in enumerate(features)
    ]
    places = {one.name: place for place, one in enumerate(features)}
    said += [_prepare_pair(pair, places, features) for pair in card.pairs]
    best = [*(item.best_points() for item in card.characteristics), *(pair.best_points() for pair in card.pairs)]
    return CardSpeech(tuple(said), tuple(best), len(features))


def _prepare_pair(pair: Pair, places: Mapping[str, int], features: Sequence[Described]) -> Say:
    """Return how a table of two columns speaks: one sentence that states both values, as `Pair.join` makes it of two."""
    at = {"first": places[pair.first.feature], "second": places[pair.second.feature]}
    first, second = (
        [text.replace("{value}", f"{{{key}}}") for text in (features[p].en, features[p].zh)] for key, p in at.items()
    )
    en, zh = join_sentences((first[0], first[1]), (second[0], second[1]))
    units = {key: features[place].unit for key, place in at.items()}
    return prepare(pair.name, en, zh, at, units, {}, class_="model", topic="credit")


class CardVoice(msgspec.Struct, frozen=True):
    """The voice of the card inside a program: what it read, the points of each value, and whether it lies outside what was seen.

    `CardSpeech` shows one.
    """

    speech: CardSpeech
    values: Sequence[Any]
    points: Sequence[int]
    beyond: Sequence[bool]

    def strengths(self) -> list[Reason]:
        """Return what gained the most points, most first."""
        return [self.speech.sentences[place](self.values) for place in strongest(self.points)]

    def weaknesses(self) -> list[Reason]:
        """Return what lost the most points against the best that each feature could bring, most first."""
        lost = [best - points for best, points in zip(self.speech.best, self.points, strict=True)]
        return [self.speech.sentences[place](self.values) for place in strongest(lost)]

    def outside(self) -> tuple[str, str]:
        """Return what lies outside the card's experience, in English and Chinese."""
        reasons = [self.speech.sentences[place](self.values) for place, is_beyond in enumerate(self.beyond) if is_beyond]
        return "; ".join([why.en for why in reasons]), "；".join([why.zh for why in reasons])


Voice = ScoreVoice | CardVoice
