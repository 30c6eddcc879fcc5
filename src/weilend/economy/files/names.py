"""In: a seed and codes of the book. Out: names, numbers and phones in clear, made up. Used: by the files that firms hand over.

Whoever has a code has one name, made of the seed and the code alone: so it tells nothing of the traits of a firm, and the same
world has the same names. Numbers hold their check digits. That two codes share a name is as rare as in life.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

import msgspec

from weilend.sources.identifiers import has_inner_digit, is_card_number, is_uscc

_SIGNS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # of credit codes and of their check digits
#: First digits of debit cards by bank, and of mobile phones. Public lists; unchecked.
_CARDS: Final = {
    "cmb_debit": "622588", "icbc_debit_v2": "622202", "ccb_debit_csv": "621700", "boc_debit": "621660", "abc_debit": "622848",
}  # fmt: skip
_PHONES: Final = ("134", "135", "138", "139", "150", "151", "158", "159", "176", "182", "186", "188")
_CARD_DIGITS, _ACCOUNT_DIGITS = 19, 17


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What names are made of: see `words.toml`.

    >>> words().wallets["alipay"]
    '支付宝（中国）网络技术有限公司'
    """

    surnames: str
    given: str
    first: str
    second: str
    company: tuple[str, ...]
    sole: tuple[str, ...]
    outside: tuple[str, ...]
    trades: dict[str, tuple[str, ...]]
    parties: dict[str, str]
    wallets: dict[str, str]
    purposes: dict[str, tuple[str, str]]
    bills: dict[str, str]
    cities: dict[str, tuple[str, str]]


@cache
def words() -> Words:
    """Return the words of the package.

    >>> words().purposes["loan"]
    ('放款', '还贷')
    """
    said = tomllib.loads((files("weilend.economy.files") / "words.toml").read_text("utf-8"))
    tables = {name: said[name] for name in ("parties", "wallets", "purposes", "bills", "cities")}
    return msgspec.convert({**said["people"], **said["firms"], **tables}, Words)


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """How a firm is called in clear: name, credit code, its owner, the owner's phone, the account at its bank.

    >>> names = Namer(7)
    >>> firm = names.firm("B00000001", "440000", "F52", is_company=True, bank="camt")
    >>> firm.name, firm.tax_id, is_uscc(firm.tax_id)
    ('广州启嘉数码产品有限公司', '91440100APLRP19C1D', True)
    """

    name: str
    tax_id: str
    owner: str
    phone: str
    account: str


class Namer(msgspec.Struct, frozen=True):
    """Makes up names; equal seeds and codes give equal ones.

    >>> Namer(7).party("C000000000000001", "rent"), Namer(7).person("x") == Namer(7).person("x")
    ('济南联和物业管理有限公司', True)
    """

    seed: int

    def firm(self, code: str, region: str, industry: str, *, is_company: bool, bank: str) -> Identity:
        """Return the identity of a firm of the world."""
        pick, said = self._picker("firm", code), words()
        city = said.cities[region][1]
        trade, form = pick(said.trades[industry]), pick(said.company[:1] if is_company else said.sole)
        return Identity(
            name=f"{city}{self._brand(pick)}{trade}{form}",
            tax_id=self.tax_id(code, region=region, is_company=is_company),
            owner=self.person(f"owner {code}"),
            phone=pick(_PHONES) + self._digits("phone", code, 8),
            account=self.account(code, bank),
        )

    def party(self, code: str, kind: str) -> str:
        """Return the name of whoever stands on the other side of a bank line; `kind` is one of `COUNTERPARTIES`."""
        pick, said = self._picker(kind, code), words()
        return said.parties[kind].format(
            city=pick([name for _, name in said.cities.values()]),
            brand=self._brand(pick),
            trade=pick(said.outside),
            form=pick((*said.company, *said.sole)),
            person=self.person(code),
            number=self._digits("number", code, 4),
        )

    def person(self, code: str) -> str:
        """Return the name of a person: a surname and two signs."""
        pick, said = self._picker("person", code), words()
        return f"{pick(said.surnames)}{pick(said.given)}{pick(said.given)}"

    def tax_id(self, code: str, *, region: str = "", is_company: bool = True) -> str:
        """Return a unified social credit code (GB 32100-2015), both check digits right; without a region one is drawn."""
        pick, cities = self._picker("tax id", code), words().cities
        place = cities[region or pick(list(cities))][0]
        inner = "".join(pick(_SIGNS) for _ in range(8))
        inner = completed(inner, lambda text: has_inner_digit("0" * 8 + text))
        return completed(f"9{1 if is_company else 2}{place}{inner}", is_uscc)

    def account(self, code: str, bank: str) -> str:
        """Return the number of an account: a card with its check digit (ISO/IEC 7812-1) at banks that give one, else 17 digits."""
        if bank not in _CARDS:
            return "9" + self._digits("account", code, _ACCOUNT_DIGITS - 1)
        start = _CARDS[bank]
        return completed(start + self._digits("card", code, _CARD_DIGITS - 1 - len(start)), is_card_number)

    def wallet(self, code: str) -> str:
        """Return the number of a wallet: 16 digits, as Alipay's."""
        return "2088" + self._digits("wallet", code, 12)

    def waybill(self, code: str) -> str:
        """Return the number of a waybill: two letters and 13 digits."""
        return "YT" + self._digits("waybill", code, 13)

    def _brand(self, pick: Callable[[Sequence[str]], str]) -> str:
        return pick(words().first) + pick(words().second)

    def _digits(self, purpose: str, code: str, count: int) -> str:
        return f"{self._number(purpose, code) % 10**count:0{count}d}"

    def _number(self, purpose: str, code: str) -> int:
        return int.from_bytes(sha256(f"{self.seed}/{purpose}/{code}".encode()).digest())

    def _picker(self, purpose: str, code: str) -> Callable[[Sequence[str]], str]:
        """Return a function that picks from one list after another, each time by what is left of one large number."""
        left = self._number(purpose, code)

        def pick(options: Sequence[str]) -> str:
            nonlocal left
            left, place = divmod(left, len(options))
            return options[place]

        return pick


def completed(body: str, holds: Callable[[str], bool]) -> str:
    """Return a number with the one sign behind it that makes its check hold.

    >>> completed("411111111111111", is_card_number)
    '4111111111111111'
    """
    return next(body + sign for sign in _SIGNS if holds(body + sign))
