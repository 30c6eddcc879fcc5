"""In: a seed. Out: `World`: records as a source would give them, and apart from them the truth. Used: by the demo and tests."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.economy.contest import constants as c
from weilend.economy.contest.firms import Firms, make_firms
from weilend.economy.contest.trade import Direction, Invoices, activity, trade
from weilend.sources import Churn, write, write_churn
from weilend.sources.cumcm2020c import EXPORT_DAY

CHURN_FILE = "rate_and_churn.csv"


class World(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a lender would be given, and what only we know.

    `records` has a table per kind (subjects, fields, happened_on). `truth` (business_id, has_history, pd_ppm, outcome) holds
    the true probability and outcome of every firm; no file has it. `churn` is made by a formula and measures nothing.

    >>> world = make_invoice_world(7, with_history=30, without_history=10, months=6)
    >>> world.truth.num_rows, "pd_ppm" in world.records["external_outcome"].column_names
    (40, False)
    """

    records: dict[str, pa.Table]
    truth: pa.Table
    churn: Churn


def make_invoice_world(seed: int, *, with_history: int = 123, without_history: int = 302, months: int = c.MAX_MONTHS) -> World:
    """Return firms with their invoices over the last `months` months up to 2020-02, the same for the same seed.

    Raises `InputError` for fewer than one firm of each sort, or months outside 1..41.

    >>> world = make_invoice_world(1, with_history=3, without_history=2, months=6)
    >>> world.truth["business_id"].to_pylist(), sorted(world.records)
    (['E1', 'E2', 'E3', 'E4', 'E5'], ['external_outcome', 'external_rating', 'invoice', 'registry_event'])
    """
    if min(with_history, without_history) < 1 or not 1 <= months <= c.MAX_MONTHS:
        hint = f"give 1 or more firms of each sort and 1 to {c.MAX_MONTHS} months"
        raise InputError("a world needs firms with and without history and some months", hint=hint)
    firms_rng, course_rng, sales_rng, purchases_rng, codes_rng = np.random.default_rng(seed).spawn(5)
    firms = make_firms(firms_rng, with_history, without_history)
    active = activity(course_rng, firms, months)
    sales = _invoice_table(codes_rng, firms, trade(sales_rng, firms, active, "sale"), "sale")
    purchases = _invoice_table(codes_rng, firms, trade(purchases_rng, firms, active, "purchase"), "purchase")
    records = {"invoice": pa.concat_tables([sales, purchases]), **_firm_tables(firms)}
    return World(records=records, truth=_truth(firms), churn=make_churn())


def write_world(world: World, folder: Path, *, calendar: Calendar) -> tuple[Path, ...]:
    """Write a world as the files of `cumcm2020c`, the synthetic table of rates and losses included; no truth.

    >>> import tempfile
    >>> world = make_invoice_world(1, with_history=3, without_history=2, months=6)
    >>> [path.name for path in write_world(world, Path(tempfile.mkdtemp()), calendar=Calendar())][-1]
    'rate_and_churn.csv'
    """
    paths = write("cumcm2020c", world.records, folder, calendar=calendar)
    write_churn(world.churn, folder / CHURN_FILE)
    return (*paths, folder / CHURN_FILE)


def make_churn() -> Churn:
    """Return the share of borrowers lost at each rate: ``ceiling × (1 - exp(-(rate - lowest) / scale))``, synthetic.

    >>> make_churn()[0], make_churn()[-1]
    ((40000, {'A': 0, 'B': 0, 'C': 0}), (150000, {'A': 917351, 'B': 881198, 'C': 872150}))
    """
    lowest = c.CHURN_RATES_PPM[0]

    def lost(letter: str, rate: int) -> int:
        return round(c.CHURN_CEILING_PPM[letter] * (1 - float(np.exp(-(rate - lowest) / c.CHURN_SCALE_PPM[letter]))))

    return tuple((rate, {letter: lost(letter, rate) for letter in c.CHURN_CEILING_PPM}) for rate in c.CHURN_RATES_PPM)


def _truth(firms: Firms) -> pa.Table:
    return pa.table(
        {
            "business_id": pa.array(firms.code),
            "has_history": firms.has_history,
            "pd_ppm": np.rint(firms.pd * PPM).astype(np.int64),
            "outcome": _outcomes(firms),
        }
    )


def _outcomes(firms: Firms) -> pa.Array:
    return _texts(np.where(firms.default, "default", "no_default"))


def _texts(values: npt.NDArray[np.str_]) -> pa.Array:
    return pa.array(values.tolist(), pa.string())


def _firm_tables(firms: Firms) -> dict[str, pa.Table]:
    count, code = len(firms.code), pa.array(firms.code)
    frame = {"business_id": code, "happened_on": pa.repeat(pa.scalar(EXPORT_DAY, pa.date32()), count)}
    known = pa.array(firms.has_history)
    event = {"event": pa.repeat("registered", count), "legal_form": _texts(firms.legal_form)}
    rating = {"rater": pa.repeat("bank", count), "rating": _texts(firms.rating)}
    return {
        "registry_event": pa.table({**frame, **event}),
        "external_outcome": pa.table({**frame, "outcome": _outcomes(firms)}).filter(known),
        "external_rating": pa.table({**frame, **rating}).filter(known),
    }


def _invoice_table(rng: np.random.Generator, firms: Firms, invoices: Invoices, direction: Direction) -> pa.Table:
    table = pa.table(
        {
            "business_id": pa.array(firms.code).take(pa.array(invoices.firm)),
            "counterparty_id": _party_codes(rng, firms, invoices, direction),
            "direction": pa.repeat(direction, len(invoices.firm)),
            "number": pa.array(invoices.number).cast(pa.string()),
            "net_fen": invoices.net_fen,
            "tax_fen": invoices.tax_fen,
            "gross_fen": invoices.net_fen + invoices.tax_fen,
            "status": pc.if_else(pa.array(invoices.void), "void", "valid"),
            "happened_on": pa.array(invoices.day.astype(np.int32)).cast(pa.date32()),
        }
    )
    again = firms.repeated[invoices.firm] & (direction == "sale")  # some firms hand in their sales twice, as in life
    return pa.concat_tables([table, table.filter(pa.array(again))])


def _party_codes(rng: np.random.Generator, firms: Firms, invoices: Invoices, direction: Direction) -> pa.Array:
    """Return codes in random order: A… and B… for firms with history, C… and D… for the others, who share none."""
    pool = c.PARTIES_PER_FIRM * len(firms.code)
    shuffled = rng.permutation(pool)[invoices.party] + 1
    letters = np.where(firms.has_history[invoices.firm], *(("B", "D") if direction == "sale" else ("A", "C")))
    padded = pc.utf8_lpad(pa.array(shuffled).cast(pa.string()), width=5, padding="0")
    return pc.binary_join_element_wise(_texts(letters), padded, "")
