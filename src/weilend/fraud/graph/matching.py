"""In: names and addresses as they were written. Out: who is probably the same, and clusters that keep their names. Used: by the
desk.

Fellegi and Sunter (1969) as splink runs it: pairs that agree on a block are compared, each column's agreement weighs by how
much more often the same than others agree so. The weights are given, not learned, so the same table always gives the same
pairs. A block of more than `most_in_block` is not compared: a market's address, a name like 小卖部.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.errors import InputError
from weilend.fraud.graph.components import components
from weilend.fraud.graph.entities import cluster_id
from weilend.fraud.graph.types import Node

COLUMNS: Final = ("id", "name", "address", "region")
_ONE: Final = 1_000_000
#: Chances that two records agree so well: of the same entity, and of two others. Assumption; the first level is equality.
_SAME: Final = [0.55, 0.30, 0.10, 0.05]
_OTHERS: Final = [0.001, 0.004, 0.015, 0.98]
_ALIKE: Final = [0.92, 0.84]
#: Chance that two records of a block are of one entity, before they are compared. Assumption.
_PRIOR: Final = 0.01
#: What a name or an address says of its kind, not of itself.
_COMMON = re.compile(
    r"有限责任公司|股份有限公司|有限公司|公司|个体工商户|经营部|商店|商行|门市部|[\s,.，。、（）()\-#号省市区县镇乡街道路]"
)


class Matches(msgspec.Struct, frozen=True, eq=False):
    """Pairs that are probably the same (left_id, right_id, chance_ppm), and how many records stood in blocks that are too
    large.
    """

    pairs: pa.Table
    left_out: int


def match_entities(records: pa.Table, *, least_ppm: int = 950_000, most_in_block: int = 200) -> Matches:
    """Return the pairs of records (columns id, name, address, region; texts) that are the same with at least a chance.

    Records are compared within a region that share the beginning of their name or the digits and beginning of their address.
    Raises `InputError` for a missing column or an id that stands twice.

    >>> names = ["广州张伟贸易有限公司", "广州张伟贸易公司", "李娜商店"]
    >>> addresses = ["天河区体育西路103号", "天河体育西路103号", "天河区建国路88号"]
    >>> said = {"id": ["1", "2", "3"], "name": names, "address": addresses, "region": ["440106"] * 3}
    >>> match_entities(pa.table(said)).pairs.select(["left_id", "right_id"]).to_pylist()
    [{'left_id': '1', 'right_id': '2'}]
    """
    missing = [name for name in COLUMNS if name not in records.column_names]
    if missing:
        raise InputError(f"the records have no column {missing[0]!r}", hint=f"they need {', '.join(COLUMNS)}")
    if len(pc.unique(records["id"])) != records.num_rows:
        raise InputError("an id stands twice among the records", hint="give each record once")
    prepared, left_out = _prepared(records.sort_by("id"), most_in_block)
    if prepared.num_rows < 2:
        return Matches(_pairs([]), left_out)
    found = _predict(prepared, least_ppm / _ONE)
    return Matches(_pairs(sorted({_pair(row): row["match_probability"] for row in found}.items())), left_out)


def cluster_matches(pairs: pa.Table, first_at: Mapping[str, int], *, kind: str = "business") -> dict[Node, str]:
    """Return the cluster of each record of some pairs; `first_at` says when each was first known, which names the cluster.

    >>> pairs = pa.table({"left_id": ["a", "b"], "right_id": ["b", "c"]})
    >>> len(set(cluster_matches(pairs, {"a": 3, "b": 1, "c": 2}).values()))
    1
    """
    names = sorted({*pairs["left_id"].to_pylist(), *pairs["right_id"].to_pylist()})
    codes = {name: place for place, name in enumerate(names)}
    left, right = (np.array([codes[name] for name in pairs[side].to_pylist()], np.uint32) for side in ("left_id", "right_id"))
    groups: dict[int, list[str]] = {}
    for name, group in zip(names, components(left, right, len(names)).tolist(), strict=True):
        groups.setdefault(group, []).append(name)
    found: dict[Node, str] = {}
    for members in groups.values():
        whole = cluster_id((first_at[name], Node(kind, name)) for name in members)
        found |= {Node(kind, name): whole for name in members}
    return found


def _prepared(records: pa.Table, most: int) -> tuple[pa.Table, int]:
    """Return the records as splink takes them, each with its blocks, and how many stand in none because theirs are too large."""
    plain = {name: [_plain(text) for text in records[name].to_pylist()] for name in ("name", "address")}
    regions = records["region"].to_pylist()
    blocks = {
        "name_block": [f"{region} {name[:2]}" for region, name in zip(regions, plain["name"], strict=True)],
        "address_block": [
            f"{region} {address[:2]} {re.sub(r'[^0-9]', '', address)}"
            for region, address in zip(regions, plain["address"], strict=True)
        ],
    }
    columns: dict[str, Any] = {"unique_id": records["id"].to_pylist(), **plain}
    for name, keys in blocks.items():
        counts = pa.array(keys).value_counts()
        large = {str(one["values"]) for one in counts.to_pylist() if one["counts"] > most}
        columns[name] = [None if key in large else key for key in keys]
    outside = sum(
        one is None and other is None for one, other in zip(columns["name_block"], columns["address_block"], strict=True)
    )
    return pa.table(columns), outside


def _plain(text: str | None) -> str:
    """Return what a name or an address says of itself: one width, no spaces, no words of its kind."""
    return _COMMON.sub("", unicodedata.normalize("NFKC", text or "")).lower()


def _predict(prepared: pa.Table, least: float) -> list[dict[str, Any]]:
    import splink.comparison_library as compare  # late: half a second, and an optional step
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    each = [compare.JaroWinklerAtThresholds(name, _ALIKE) for name in ("name", "address")]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="unique_id",
        probability_two_random_records_match=_PRIOR,
        comparisons=[one.configure(m_probabilities=_SAME, u_probabilities=_OTHERS) for one in each],
        blocking_rules_to_generate_predictions=[block_on("name_block"), block_on("address_block")],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )
    base = DuckDBAPI(connection=":memory:")
    linker = Linker(base.register(prepared), settings, log_level="ERROR")
    predicted: Any = linker.inference.predict(threshold_match_probability=least)  # its conversions have no types
    found: list[dict[str, Any]] = predicted.as_pyarrow_table().to_pylist()
    return found


def _pair(row: Mapping[str, str]) -> tuple[str, str]:
    return min(row["unique_id_l"], row["unique_id_r"]), max(row["unique_id_l"], row["unique_id_r"])


def _pairs(found: list[tuple[tuple[str, str], float]]) -> pa.Table:
    columns = [
        [one for (one, _), _ in found],
        [other for (_, other), _ in found],
        [round(chance * _ONE) for _, chance in found],
    ]
    names, types = ("left_id", "right_id", "chance_ppm"), (pa.string(), pa.string(), pa.int64())
    return pa.table({name: pa.array(column, type_) for name, column, type_ in zip(names, columns, types, strict=True)})
