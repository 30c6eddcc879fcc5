"""In: ``tables/accounts.toml``, amounts. Out: postings that balance, entries, and their parts by funder. Used: by the ledger.

A posting is positive for a debit and negative for a credit (as in beancount), so that an entry is sound when it sums to zero.
There is one way to make an entry, `make_entry`, and it refuses anything else.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from importlib.resources import files
from typing import Final, Literal

import msgspec

from weilend.core.errors import BookError, InputError
from weilend.core.money import PPM

AccountType = Literal["asset", "liability", "income", "expense"]
#: Amounts by account, debits positive.
Balances = Mapping[str, int]
TABLES: Final = files("weilend.lending").joinpath("tables")


class BookAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account of the loan's books; `settles` says how gladly it takes the odd fen of a split (the lowest does).

    >>> ACCOUNTS["principal"].zh
    '贷款本金'
    """

    type: AccountType
    en: str
    zh: str
    settles: int


#: The accounts that there are, by name.
ACCOUNTS: Final[dict[str, BookAccount]] = msgspec.convert(
    tomllib.loads(TABLES.joinpath("accounts.toml").read_text(encoding="utf-8")), dict[str, BookAccount]
)


class Posting(msgspec.Struct, frozen=True):
    """An amount on an account: a debit in positive fen, a credit in negative ones.

    >>> Posting("cash", -100).amount_fen
    -100
    """

    account: str
    amount_fen: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What one event did to the books: postings that sum to zero, none of them zero, one an account.

    >>> make_entry("D1", "drawdown", date(2024, 1, 1), {"principal": 100, "cash": -100}).postings[0]
    Posting(account='principal', amount_fen=100)
    """

    event_id: str
    kind: str
    on: date
    postings: tuple[Posting, ...]


class Share(msgspec.Struct, frozen=True):
    """The part of a loan that one funder pays for, in ppm.

    >>> Share("bank_a", 700_000).share_ppm
    700000
    """

    partner_id: str
    share_ppm: int


def make_entry(event_id: str, kind: str, on: date, amounts_fen: Balances) -> Entry:
    """Return the entry of an event; raises `BookError` where it does not balance, `InputError` for an account that is none.

    >>> make_entry("D1", "drawdown", date(2024, 1, 1), {"principal": 100, "cash": -99})
    Traceback (most recent call last):
    weilend.core.errors.BookError: the entry of drawdown D1 does not balance: 1 fen is left over. Hint: ...
    """
    unknown = [name for name in amounts_fen if name not in ACCOUNTS]
    if unknown:
        raise InputError(f"no account {unknown[0]!r}", hint=f"there is: {', '.join(ACCOUNTS)}")
    left = sum(amounts_fen.values())
    if left:
        raise BookError(
            f"the entry of {kind} {event_id} does not balance: {left} fen is left over", hint="report it: a law broke"
        )
    postings = tuple(Posting(name, fen) for name, fen in amounts_fen.items() if fen)
    return Entry(event_id=event_id, kind=kind, on=on, postings=postings)


def balances_of(entries: Iterable[Entry]) -> dict[str, int]:
    """Return what stands on each account after some entries.

    >>> balances_of([make_entry("D1", "drawdown", date(2024, 1, 1), {"principal": 100, "cash": -100})])
    {'principal': 100, 'cash': -100}
    """
    found: dict[str, int] = {}
    for entry in entries:
        for posting in entry.postings:
            found[posting.account] = found.get(posting.account, 0) + posting.amount_fen
    return found


def cut(amount_fen: int, shares: Sequence[Share]) -> tuple[int, ...]:
    """Return an amount by share, to the fen: each gets the floor, and what is left goes to the largest remainders.

    >>> cut(100, (Share("a", 333_333), Share("b", 333_333), Share("c", 333_334)))
    (33, 33, 34)
    """
    parts = [divmod(abs(amount_fen) * share.share_ppm, PPM) for share in shares]
    left = abs(amount_fen) - sum(whole for whole, _ in parts)
    lucky = sorted(range(len(parts)), key=lambda place: (-parts[place][1], place))[:left]
    sign = -1 if amount_fen < 0 else 1
    return tuple(sign * (whole + (place in lucky)) for place, (whole, _) in enumerate(parts))


def check_shares(shares: Sequence[Share]) -> None:
    """Raise `InputError` unless shares are positive, of different funders, and make a whole; none at all are one funder's.

    >>> check_shares((Share("a", 500_000), Share("b", 400_000)))
    Traceback (most recent call last):
    weilend.core.errors.InputError: the shares of the funders make 90.00 % of the loan. Hint: ...
    """
    if not shares:
        return
    total = sum(share.share_ppm for share in shares)
    if total != PPM or any(share.share_ppm <= 0 for share in shares):
        raise InputError(
            f"the shares of the funders make {total / 10_000:.2f} % of the loan", hint="give positive parts of 100 %"
        )
    if len({share.partner_id for share in shares}) < len(shares):
        raise InputError("a funder has two shares of one loan", hint="add them up")


def by_funder(entries: Iterable[Entry], shares: Sequence[Share]) -> Iterator[dict[str, Entry]]:
    """Yield each entry as the entries of the funders; each balances, and together they are the entry.

    Each account is cut by what stands on it in all, so that nothing is left on a funder's receivables when the loan has none; one
    account an entry (cash, where there is some) takes the fen that make the funder's entry balance.

    >>> entry = make_entry("D1", "drawdown", date(2024, 1, 1), {"principal": 101, "cash": -101})
    >>> parts = next(by_funder([entry], (Share("a", 500_000), Share("b", 500_000))))
    >>> [(name, part.postings[0].amount_fen) for name, part in parts.items()]
    [('a', 51), ('b', 50)]
    """
    standing: dict[str, int] = {}
    for entry in entries:
        settling = min(
            entry.postings, key=lambda posting: ACCOUNTS[posting.account].settles, default=Posting("cash", 0)
        ).account
        amounts: list[dict[str, int]] = [{} for _ in shares]
        for posting in entry.postings:
            before = standing.get(posting.account, 0)
            standing[posting.account] = before + posting.amount_fen
            if posting.account != settling:
                moved = zip(cut(before + posting.amount_fen, shares), cut(before, shares), strict=True)
                for part, (after, was) in zip(amounts, moved, strict=True):
                    part[posting.account] = after - was
        for part in amounts:
            part[settling] = -sum(part.values())
        yield {
            share.partner_id: make_entry(entry.event_id, entry.kind, entry.on, part)
            for share, part in zip(shares, amounts, strict=True)
        }
