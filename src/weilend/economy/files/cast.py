"""In: a firm's records. Out: `Cast`, what every code in them stands for in clear. Used: by the files that firms hand over."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.economy.catalogue import catalogue
from weilend.economy.district import District
from weilend.economy.files.names import Identity, Namer, words
from weilend.economy.money_records import party_ids

#: What a code stands for, by the purpose of its token and the code.
Clear = dict[tuple[str, str], str]
Records = Mapping[str, pa.Table]


class Cast(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Who a firm is in clear, which bank it has, and what the codes in its records stand for.

    >>> from weilend.sources.identifiers import is_uscc
    >>> cast = Cast(identity=Namer(1).firm("B1", "440000", "F52", is_company=True, bank="camt"), bank="camt", clear={})
    >>> is_uscc(cast.identity.tax_id)
    True
    """

    identity: Identity
    bank: str
    clear: Clear


def cast_names(district: District, place: int, bank: str, records: Records) -> Cast:
    """Return the cast of the firm at a place of a district."""
    firms, namer = district.firms, Namer(district.plan.seed)
    code, region = str(firms.code[place]), str(firms.region[place])
    industry = catalogue().industries[firms.industry[place]].code
    identity = namer.firm(code, region, industry, is_company=bool(firms.is_company[place]), bank=bank)
    clear = {
        **_parties(district, namer, records),
        **_own(identity, namer, bank, records),
        **_partners(district, namer, records),
    }
    return Cast(identity=identity, bank=bank, clear={**clear, **_parcels(namer, records), **_wallets(namer, records)})


def _distinct(records: Records, kind: str, column: str) -> list[str]:
    return sorted(pc.unique(records[kind][column]).drop_null().to_pylist()) if kind in records else []


def _own(identity: Identity, namer: Namer, bank: str, records: Records) -> Clear:
    """Return the firm's accounts, the newest being its own by name, and the name of its owner where he stands on the other side."""
    clear = {("account", code): namer.account(code, bank) for code in _distinct(records, "bank_entry", "account_id")}
    if "bank_entry" in records:
        clear["account", records["bank_entry"]["account_id"][-1].as_py()] = identity.account
        own = records["bank_entry"].filter(pc.field("counterparty_kind") == "own")
        clear |= {("party", code): identity.owner for code in pc.unique(own["counterparty_id"]).drop_null().to_pylist()}
    return clear


def _parties(district: District, namer: Namer, records: Records) -> Clear:
    """Return the names on bank lines, by what they are in the book; the wallets of platforms are called as they are in life."""
    if "bank_entry" not in records:
        return {}
    kinds = records["bank_entry"].group_by(["counterparty_id"]).aggregate([("counterparty_kind", "min")]).to_pylist()
    clear = {
        ("party", row["counterparty_id"]): namer.party(row["counterparty_id"], row["counterparty_kind_min"])
        for row in kinds
        if row["counterparty_id"]
    }
    platforms = catalogue().platforms
    codes = party_ids(district.plan, district.number, 10**13 + np.arange(len(platforms))).to_pylist()
    return clear | {("party", code): words().wallets[one.wallet] for code, one in zip(codes, platforms, strict=True)}


def _partners(district: District, namer: Namer, records: Records) -> Clear:
    """Return the credit codes of those who issued or received invoices, firms of the district as they are."""
    firms = district.firms
    own = {str(code): place for place, code in enumerate(firms.code)}
    clear: Clear = {}
    for code in _distinct(records, "invoice", "counterparty_id"):
        place = own.get(code)
        region, is_company = ("", True) if place is None else (str(firms.region[place]), bool(firms.is_company[place]))
        clear["business", code] = namer.tax_id(code, region=region, is_company=is_company)
    return clear


def _parcels(namer: Namer, records: Records) -> Clear:
    return {("order", code): namer.waybill(code) for code in _distinct(records, "order", "waybill_id")}


def _wallets(namer: Namer, records: Records) -> Clear:
    return {("account", code): namer.wallet(code) for code in _distinct(records, "wallet_entry", "account_id")}
