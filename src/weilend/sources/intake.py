"""In: what the one who hands files over says of them. Out: `Intake`. Used: by every source, beside the file itself.

A bank statement does not say which business it is of, nor in which money the book is kept; what a file cannot say stands here.
"""

from __future__ import annotations

from typing import Literal, TypedDict

import msgspec

from weilend.core.calendars import Calendar
from weilend.core.errors import ConsentError, InputError
from weilend.sources.networks import Networks
from weilend.sources.tokens import Tokens


class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """Whose the files are, under which consent, in which calendar and money, and the keyed hash that hides names.

    `business_id`, `shop_id` and `owner_id` are identities in the book, written as they are. `account` is the clear number of the
    account, for files that name none or mask it: with it, statements of one account in different formats meet. `tax_id` tells
    which side of an invoice is the business's own, `names` (of business and owner) which transfers are its own. Amounts of
    another `currency` are quarantined, never added. `networks` are asked about clear network addresses before they are hidden.

    >>> intake = Intake(calendar=Calendar(), consent_id="own-data", business_id="B1")
    >>> intake.business("a bank statement"), intake.currency
    ('B1', 'CNY')
    >>> intake.hide("a bank statement")
    Traceback (most recent call last):
    weilend.core.errors.InputError: a bank statement holds names or account numbers. Hint: give the key that hides them
    """

    calendar: Calendar
    consent_id: str
    tokens: Tokens | None = None
    business_id: str = ""
    shop_id: str = ""
    owner_id: str = ""
    account: str = ""
    holder: Literal["business", "owner"] = "business"
    tax_id: str = ""
    names: tuple[str, ...] = ()
    currency: str = "CNY"
    networks: Networks | None = None

    def business(self, what: str) -> str:
        """Return the business that a file is of; raises `InputError` where nobody said it."""
        return _said(self.business_id, what, "business")

    def shop(self, what: str) -> str:
        """Return the shop that a file is of; raises `InputError` where nobody said it."""
        return _said(self.shop_id, what, "shop")

    def hide(self, what: str) -> Tokens:
        """Return the keyed hash; raises `InputError` where nobody gave a key."""
        if self.tokens is None:
            raise InputError(f"{what} holds names or account numbers", hint="give the key that hides them")
        return self.tokens

    def consent(self) -> str:
        """Return the consent; raises `ConsentError` where there is none."""
        if not self.consent_id.strip():
            raise ConsentError("data came without a consent", hint="say under which consent it may be read")
        return self.consent_id


class Said(TypedDict, total=False):
    """What may be said of files beside calendar and consent: the other fields of `Intake`.

    >>> "business_id" in Said.__annotations__
    True
    """

    tokens: Tokens | None
    business_id: str
    shop_id: str
    owner_id: str
    account: str
    holder: Literal["business", "owner"]
    tax_id: str
    names: tuple[str, ...]
    currency: str
    networks: Networks | None


def _said(identity: str, what: str, whose: str) -> str:
    if not identity.strip():
        raise InputError(f"{what} does not say which {whose} it is of", hint=f"give the {whose}")
    return identity
