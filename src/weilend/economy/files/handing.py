"""In: a district and its records. Out: a folder of files for each of some firms, and an index. Used: by `weilend sim world`.

files/index.json          who each firm is in clear, and for every file which source reads it and what must be said with it
files/<business_id>/      the files of a firm; those of a shop lie in a folder of its own
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError
from weilend.core.ids import canonical_json
from weilend.core.records import KINDS
from weilend.economy.district import District
from weilend.economy.files.cast import Cast, Clear, Records, cast_names
from weilend.economy.files.names import Identity
from weilend.economy.files.sample import choose_firms
from weilend.economy.files.shelf import COMPANY_BANKS, MAKERS, OWNER_BANKS, Clerk, Handed
from weilend.economy.shop_records import shop_ids
from weilend.economy.shops import Shops, make_shops

INDEX: Final = "index.json"
#: Firms enough for every form, industry, platform and format.
USUAL_COUNT: Final = 12
#: Subjects that say whose a record is, where it is first of all about somebody else, such as an owner.
_WHOSE: Final = ("business_id", "shop_id")


class Folder(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a firm handed over: its identity in clear, its files, the records of the book that each of them tells (`told`, by path
    and kind), and what the codes in these stand for.

    >>> from weilend.economy.files.names import Namer
    >>> firm = Namer(1).firm("B1", "440000", "F52", is_company=True, bank="camt")
    >>> Folder(business_id="B1", identity=firm, files=(), told={}, clear={}).identity.account
    '95479162345833278'
    """

    business_id: str
    identity: Identity
    files: tuple[Handed, ...]
    told: dict[str, Records]
    clear: Clear


def hand_over(
    district: District,
    records: Records,
    out: Path,
    *,
    calendar: Calendar,
    count: int = USUAL_COUNT,
    firms: Sequence[str] = (),
) -> tuple[Folder, ...]:
    """Write the files of some firms of a district into a folder, with an index; equal worlds give equal bytes.

    `records` are those that `tell_district` told. `firms` names whose files are wanted, else `count` firms are chosen that are as
    different as can be. Raises `InputError` where the district has not so many firms, or not the one that is named.

    >>> import tempfile
    >>> from weilend.economy.district import make_district
    >>> from weilend.economy.plan import make_plan
    >>> from weilend.economy.tell import tell_district
    >>> district = make_district(make_plan(businesses=20, months=6, seed=1), 0)
    >>> out = Path(tempfile.mkdtemp())
    >>> folders = hand_over(district, tell_district(district).records, out, calendar=Calendar(), count=2)
    >>> sorted(path.name for path in out.iterdir()) == sorted(["index.json", *(one.business_id for one in folders)])
    True
    """
    shops = make_shops(district.plan, district.number, district.firms)
    chosen = _places_of(firms, district) or choose_firms(district.plan, district.number, district.firms, shops, count)
    forms = district.firms.is_company[chosen]
    turns = [int((forms[:number] == form).sum()) for number, form in enumerate(forms)]
    folders = tuple(
        _hand(district, shops, place, turn, records, out, calendar) for place, turn in zip(chosen, turns, strict=True)
    )
    index = [{"business_id": one.business_id, "identity": one.identity, "files": one.files} for one in folders]
    (out / INDEX).write_bytes(canonical_json(index))
    return folders


def _places_of(firms: Sequence[str], district: District) -> list[int]:
    places = {str(code): place for place, code in enumerate(district.firms.code)}
    if strangers := [code for code in firms if code not in places]:
        raise InputError(f"{strangers[0]} is no firm of this district", hint="name firms by their codes, such as B00000001")
    return [places[code] for code in firms]


def _hand(district: District, shops: Shops, place: int, turn: int, records: Records, out: Path, calendar: Calendar) -> Folder:
    code = str(district.firms.code[place])
    own = shop_ids(shops).filter(pa.array(shops.firm == place)).to_pylist()
    mine = _records_of(code, own, records)
    banks = COMPANY_BANKS if district.firms.is_company[place] else OWNER_BANKS
    cast: Cast = cast_names(district, place, banks[turn % len(banks)], mine)
    clerk = Clerk(business_id=code, turn=turn, cast=cast, folder=out / code, calendar=calendar, told={})
    clerk.folder.mkdir(parents=True, exist_ok=True)
    files = tuple(handed for make in MAKERS for handed in make(clerk, mine))
    return Folder(business_id=code, identity=cast.identity, files=files, told=clerk.told, clear=cast.clear)


def _records_of(code: str, shops: list[str], records: Records) -> dict[str, pa.Table]:
    """Return the records about a firm and its shops, of the kinds of which it has any."""
    found, own = {}, pa.array([code, *shops])
    for kind, table in records.items():
        first, *others = KINDS[kind].subjects
        about = pc.is_in(table[first], own)
        for subject in others:
            about = pc.or_(about, pc.is_in(table[subject], own)) if subject in _WHOSE else about
        mine = table.filter(about)
        if mine.num_rows:
            found[kind] = mine
    return found
