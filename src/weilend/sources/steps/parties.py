"""In: names, purposes and ways as written. Out: channel, nature, kind of counterparty, and tokens for names. Used: as steps of
profiles.

`channel` takes the carrier off a name (支付宝-商户名), `scrub` keeps of purposes only words that are known, `classify` says what an
entry is for and who is on the other side, `hide` puts tokens in place of names and account numbers. They run in this order. Memos
are read and never kept: they are free text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from weilend.sources.columns.cells import each, on_distinct, repeat, truth
from weilend.sources.columns.converters import first_match
from weilend.sources.steps.lexicon import channels, first_row, kept_words, natures, parties
from weilend.sources.steps.scene import STEPS, Facts, Scene, Step, Told, count_of, render_nothing

_TEXT: Final = pa.string()
_NONE: Final = pa.scalar(None, pa.string())
_MASKED = re.compile(r"[*＊xX]")
_DIGITS = re.compile(r"[\s-]")
_READ_TEXTS: Final = ("purpose", "memo", "party")


def _parse_channel(facts: Facts, scene: Scene) -> Told:
    count = count_of(facts)
    party, place, memo, way = (facts.get(name, pa.nulls(count, _TEXT)) for name in ("party", "place", "memo", "way"))
    party = scene.memory.number("party", party)
    of_party, carrier = scene.memory.recall("carrier of party", party, lambda texts: [_prefixed(texts)[0], _carrier(texts)])
    of_place, place_rest = scene.memory.recall("prefix", place, _prefixed)
    of_memo, memo_rest = scene.memory.recall("prefix", memo, _prefixed)
    channel = pc.coalesce(of_place, of_party, of_memo, carrier, _way(way, scene), _way(memo, scene))
    beside = not place.null_count == memo_rest.null_count == count
    scene.memory.kept["beside"] = beside = beside or scene.memory.kept.get("beside", False)
    if not beside:  # as long as no name stands beside the party, it goes on by number
        return Told(facts={"channel": channel, "party": scene.memory.number("name", party, _name)})
    rest = _recall(scene, "rest of party", party, lambda texts: _prefixed(texts)[1])
    behind = pc.if_else(pc.is_valid(carrier), place, _NONE)  # a carrier's own name says less than the place beside it
    return Told(facts={"channel": channel, "party": pc.coalesce(place_rest, rest, memo_rest, behind, party.cast(_TEXT))})


def _name(texts: pa.Array) -> pa.Array:
    """Return the name behind the carrier of each text, or the text."""
    return pc.coalesce(_prefixed(texts)[1], texts)


def _recall(scene: Scene, about: str, column: pa.Array, work: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Return what `work` says of each text, having looked at each distinct text of the sheet once."""
    return scene.memory.recall(about, column, lambda texts: [work(texts)])[0]


def _way(column: pa.Array, scene: Scene) -> pa.Array:
    return _recall(scene, "way", column, lambda texts: first_match(texts, channels().way))


def _prefixed(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the carrier before the dash of each text, and the name behind it; NULL where there is no carrier."""
    table = channels()
    rows = first_row(texts, tuple(pattern for pattern, _ in table.prefix))
    carriers = pa.array([channel for _, channel in table.prefix], _TEXT).take(rows)
    rest = pa.nulls(len(texts), _TEXT)
    for number, (pattern, _) in enumerate(table.prefix):
        hit = truth(pc.equal(rows, number))
        if hit.any():
            rest = pc.if_else(pa.array(hit), pc.struct_field(pc.extract_regex(texts, pattern), "cell"), rest)
    inner = re.compile(table.inner)
    stripped = [None if text is None else _stripped(text, inner) for text in rest.to_pylist()]
    return carriers, pa.array(stripped, _TEXT)


def _stripped(text: str, inner: re.Pattern[str]) -> str:
    while (found := inner.match(text)) and found.end() < len(text):
        text = text[found.end() :]
    return text.strip()


def _carrier(texts: pa.Array) -> pa.Array:
    """Return the channel of names that are a carrier's own."""
    kinds = parties().kinds
    own = pc.equal(first_row(texts, tuple(row[0] for row in kinds)), [row[1] for row in kinds].index("wallet"))
    return pc.if_else(pc.fill_null(own, fill_value=False), first_match(texts, channels().carrier), _NONE)


def _render_channel(facts: Facts, scene: Scene) -> Facts:
    """Write the carrier before a name where a carrier has a prefix, else as a word for the way."""
    count = count_of(facts)
    channel = facts.get("channel", pa.nulls(count, _TEXT))
    party = facts.get("party", pa.nulls(count, _TEXT))
    prefix = _spelled(channel, channels().spell_prefix)
    named = pc.and_(pc.is_valid(prefix), pc.is_valid(party))
    own = pc.is_valid(_recall(scene, "carrier", party, _carrier))  # 财付通 alone says the way by itself
    joined = pc.if_else(pc.and_(named, pc.invert(own)), pc.binary_join_element_wise(prefix, party, "-"), party)
    way = _spelled(channel, channels().spell_way)
    rendered = {"party": joined, "way": way}
    if not any(column.fact == "way" for column in scene.layout.columns):
        memo = facts.get("memo", pa.nulls(count, _TEXT))
        rendered["memo"] = pc.coalesce(pc.binary_join_element_wise(memo, way, " "), memo, way)
    return rendered


def _parse_scrub(facts: Facts, scene: Scene) -> Told:
    """Keep of purposes what is known to be no name; and let a counterparty without a name go by its account."""
    told: Facts = {}
    if "party" in facts:
        party, account = facts["party"], facts.get("party_account", pa.nulls(count_of(facts), _TEXT))
        known = party if account.null_count == len(account) else pc.coalesce(party.cast(_TEXT), account)
        told["party"] = known if pa.types.is_dictionary(known.type) else scene.memory.number("named", known)
    if "purpose" in facts:
        told["purpose"] = _recall(scene, "kept", facts["purpose"], lambda texts: each(texts, kept_words, _TEXT))
    return Told(facts=told)


def _parse_classify(facts: Facts, scene: Scene) -> Told:
    count = count_of(facts)
    party = facts.get("party", pa.nulls(count, _TEXT))
    own_names = pa.array(_own_names(scene), _TEXT)
    own = pc.fill_null(on_distinct(party, lambda texts: pc.is_in(texts, value_set=own_names)), fill_value=False)
    nature = pa.nulls(count, _TEXT)
    for name in (name for name in _READ_TEXTS if name in facts):
        silent = pc.is_null(nature)
        words = _natures(name, facts[name].filter(silent), facts["direction"].filter(silent), scene)
        nature = pc.replace_with_mask(nature, silent, words)
    nature = pc.fill_null(nature, "unknown")
    if scene.layout.lexicon == "bank":
        nature = pc.if_else(own, "transfer", nature)
    kinds, lenders = scene.memory.recall("kind", party, _kinds)
    told = pc.if_else(pc.is_null(party), _spelled(nature, parties().by_nature), _NONE)
    kind = pc.if_else(own, "own", pc.fill_null(pc.coalesce(kinds, told), "unknown"))
    result = {"nature": nature, "counterparty_kind": kind, "lender_id": lenders}
    if "channel" in facts and "purpose" in facts:
        result["channel"] = pc.coalesce(facts["channel"], _way(facts["purpose"], scene))
    return Told(facts=result)


def _kinds(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return who is behind each name, and which lender it is; NULL where no pattern tells."""
    table = parties().kinds
    rows = first_row(texts, tuple(row[0] for row in table))
    kinds = pa.array([row[1] for row in table], _TEXT).take(rows)
    return kinds, pa.array([(*row, None)[2] for row in table], _TEXT).take(rows)


def _natures(name: str, texts: pa.Array, directions: pa.Array, scene: Scene) -> pa.Array:
    """Return what each text of a fact says an entry of its direction is for, NULL where it says nothing of it."""
    table = natures(scene.layout.lexicon)
    words = table.words(_recall(scene, f"nature by {name}", texts, table.rows), directions)
    return pc.if_else(pc.equal(words, "unknown"), _NONE, words)


def _own_names(scene: Scene) -> list[str]:
    return [name for name in (*scene.intake.names, scene.said.get("name", "")) if name]


def _render_classify(facts: Facts, scene: Scene) -> Facts:
    """Spell what an entry is for where neither its purpose nor its counterparty says so by itself."""
    nature, count = facts["nature"], count_of(facts)
    purpose, party = (facts.get(name, pa.nulls(count, _TEXT)) for name in ("purpose", "party"))
    heard = pc.coalesce(
        _natures("purpose", purpose, facts["direction"], scene), _natures("party", party, facts["direction"], scene)
    )
    silent = pc.fill_null(pc.not_equal(heard, nature), fill_value=True)
    word = pc.if_else(silent, _spelled(nature, natures(scene.layout.lexicon).spell), _NONE)
    if "memo" in {column.fact for column in scene.layout.columns}:
        return {"memo": word}
    return {"purpose": pc.coalesce(purpose, word)}


def _parse_hide(facts: Facts, scene: Scene) -> Told:
    party = facts.get("party", pa.nulls(count_of(facts), _TEXT))
    clear: list[pa.Table] = []
    hidden = {
        "counterparty_id": scene.memory.number("hide party", party, lambda texts: _hidden("party", texts, scene, clear)),
        "account_id": scene.memory.number(
            "hide account", _accounts(facts, scene), lambda texts: _hidden("account", texts, scene, clear)
        ),
    }
    return Told(facts=hidden, clear=tuple(clear))


def _hidden(purpose: str, texts: pa.Array, scene: Scene, clear: list[pa.Table]) -> pa.Array:
    tokens, rows = scene.intake.hide(scene.what).clear_rows(purpose, texts)
    clear.append(rows)
    return tokens


def _accounts(facts: Facts, scene: Scene) -> pa.Array:
    """Return the account of each row: as the row says, the lines above, or the intake where these are silent or masked."""
    said = scene.said.get("account", "")
    given = scene.intake.account
    if given and (not said or _MASKED.search(said)):
        said = given
    fallback = _DIGITS.sub("", said) or f"{scene.profile.name}:{scene.intake.business_id}"
    if "account" not in facts:
        return repeat(fallback, count_of(facts), _TEXT)
    return pc.fill_null(each(facts["account"], lambda text: _DIGITS.sub("", text), _TEXT), fallback)


def _render_hide(facts: Facts, scene: Scene) -> Facts:
    """Give the names behind tokens, or the tokens where nobody gave the names."""

    def named(tokens: pa.Array) -> pa.Array:
        return each(tokens, lambda token: scene.clear.get(token, token), _TEXT)

    return {"party": named(facts["counterparty_id"]), "account": named(facts["account_id"])}


def _spelled(column: pa.Array, table: dict[str, str]) -> pa.Array:
    return pa.array(table.values(), _TEXT).take(pc.index_in(column, value_set=pa.array(table.keys(), _TEXT)))


STEPS.add("channel", Step(_parse_channel, _render_channel, ("channel", "party")))
STEPS.add("scrub", Step(_parse_scrub, render_nothing, ("purpose",)))
STEPS.add("classify", Step(_parse_classify, _render_classify, ("nature", "counterparty_kind", "lender_id")))
STEPS.add("hide", Step(_parse_hide, _render_hide, ("counterparty_id", "account_id")))
