"""In: nothing. Out: the schema of every kind of record. Used: sources map onto it, the book stores it, formulas are typed by it.

A record is a row of a typed table, one table a kind. Its columns are the subjects (who it is about), the business fields
below, and the frame that every kind shares (`FRAME`): identity, two clocks, order, origin.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from weilend.core.registry import Registry

FieldType = Literal["integer", "text", "date", "boolean"]

#: How we came to know a record: `observed` as it arrived; `reconstructed` from history that was handed over later, with the
#: lag that the source declares.
KNOWN_BASES = ("observed", "reconstructed")

MAX_FEN = 10**13  # a hundred billion yuan: no single fact about a small business is larger
FAR_FUTURE = 2**62  # the `known_until` of a version that nothing has replaced


class Field(msgspec.Struct, frozen=True):
    """A named, typed, ranged column: what a formula may read.

    Integers carry their inclusive range ``lo..hi``, from which formulas are proved free of overflow; texts may carry their
    vocabulary. A field that is not nullable is never NULL.

    >>> Field("net_fen", "integer", lo=-MAX_FEN, hi=MAX_FEN, unit="fen").nullable
    True
    """

    name: str
    type: FieldType
    lo: int | None = None
    hi: int | None = None
    nullable: bool = True
    unit: str = ""
    words: tuple[str, ...] = ()
    about: str = ""


class Kind(msgspec.Struct, frozen=True):
    """One kind of record: subjects first (the first one orders the table), then business fields.

    >>> KINDS["invoice"].subjects
    ('business_id', 'counterparty_id')
    """

    name: str
    subjects: tuple[str, ...]
    fields: tuple[Field, ...]
    about: str = ""

    def field(self, name: str) -> Field:
        """Return a subject, business field or frame column by name."""
        return self.readable()[name]

    def readable(self) -> dict[str, Field]:
        """Return every column that a formula over this kind may read, by name."""
        subjects = [Field(name, "text", about="keyed hash or masked code of a subject") for name in self.subjects]
        return {field.name: field for field in (*subjects, *self.fields, *READABLE_FRAME)}


#: Frame columns that formulas may read.
READABLE_FRAME = (Field("happened_on", "date", nullable=False, about="local day on which it happened"),)

#: The frame: columns that every kind has, in the order in which they are stored after subjects and fields.
#: `happened_on` is derived from `happened_at` by the home's calendar; `known_until` is NULL until compaction writes it.
FRAME: dict[str, FieldType] = {
    "key": "text",
    "record_id": "text",
    "happened_at": "integer",
    "happened_on": "date",
    "known_at": "integer",
    "known_until": "integer",
    "known_basis": "text",
    "seq": "integer",
    "source": "text",
    "consent_id": "text",
}

KINDS: Registry[Kind] = Registry("kind of record")


def _kind(name: str, subjects: str, about: str, *fields: Field) -> Kind:
    return KINDS.add(name, Kind(name, tuple(subjects.split()), fields, about))


def _fen(name: str, about: str, *, nullable: bool = False) -> Field:
    return Field(name, "integer", -MAX_FEN, MAX_FEN, nullable, "fen", (), about)


def _text(name: str, about: str, *words: str, nullable: bool = False) -> Field:
    return Field(name, "text", nullable=nullable, words=words, about=about)


INVOICE = _kind(
    "invoice",
    "business_id counterparty_id",
    "A VAT invoice that a business issued (sale) or received (purchase).",
    _text("direction", "issued by the business or received by it", "sale", "purchase"),
    _text("number", "invoice number; numbers recur across years with different content"),
    _fen("net_fen", "amount without tax; negative on a red-letter invoice (红字)"),
    _fen("tax_fen", "tax"),
    _fen("gross_fen", "amount with tax"),
    _text("status", "valid, or void (作废)", "valid", "void"),
)

REGISTRY_EVENT = _kind(
    "registry_event",
    "business_id",
    "What the business register says of a firm.",
    _text("event", "what happened", "registered"),
    _text("legal_form", "legal form", "company", "branch", "sole_trader", "other"),
)

EXTERNAL_OUTCOME = _kind(
    "external_outcome",
    "business_id",
    "What became of a loan that somebody else made. Labels read it; no feature does.",
    _text("outcome", "did the firm default", "default", "no_default"),
)

EXTERNAL_RATING = _kind(
    "external_rating",
    "business_id",
    "What somebody else says of a firm. No feature and no label reads it.",
    _text("rater", "who says it"),
    _text("rating", "what they say"),
)

APPLICATION = _kind(
    "application",
    "business_id",
    "A business asked for a product.",
    _text("application_id", "identity of the application"),
    _text("product", "product asked for"),
)

DECISION = _kind(
    "decision",
    "business_id",
    "What we answered.",
    _text("application_id", "identity of the application"),
    _text("product", "product asked for"),
    _text("outcome", "our answer", "approve", "refer", "decline"),
    _text("receipt_id", "the receipt that replays it"),
    _text("grade", "grade, where there was a score", nullable=True),
    _fen("ceiling_fen", "the most that may be lent, where approved", nullable=True),
)

#: Kinds that say what others think of a firm or what became of it: no feature may read them.
FORBIDDEN_TO_FEATURES = frozenset({"external_outcome", "external_rating", "decision"})
