"""In: a batch. Out: what it says in one line, small enough to be reviewed and kept. Used: by `weilend source record`, and by tests.

A golden file holds no sample: names and numbers stand as tokens under a key that everybody knows, which gives the same tokens on
every machine and hides nothing from one who guesses. So a sample that is recorded should be made up, or name nobody.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.ids import content_hash
from weilend.sources.batch import Batch, account
from weilend.sources.identity import first_seen
from weilend.sources.tokens import Tokens

GOLDEN_TOKENS: Final = Tokens(b"a key for tests, thirty-two bytes")
#: What says where records come from, not what they are.
_ORIGIN: Final = frozenset({"known_basis", "source", "consent_id"})


def golden_line(batch: Batch) -> dict[str, Any]:
    """Return what a batch says: where its rows went, and of each kind how many, sums in fen, first and last record, a hash of all.

    `rows` are those that came, were accepted, duplicate and quarantined, in an empty book; `rejects` counts the quarantined ones by
    file and reason. What they said is the sample's own and stays out.

    >>> from weilend.sources.batch import FACTS, REJECTS
    >>> golden_line(Batch(records={}, row_of={}, rejects=REJECTS.empty_table(), rows=FACTS.empty_table()))
    {'rows': [0, 0, 0, 0], 'rejects': {}, 'records': {}}
    """
    counted = account(batch, {kind: first_seen(table["record_id"]) for kind, table in batch.records.items()})
    why = Counter(f"{row['file']}: {row['reason']}" for row in batch.rejects.to_pylist())
    return {
        "rows": [counted.rows_in, counted.accepted, counted.duplicate, counted.quarantined],
        "rejects": dict(sorted(why.items())),
        "records": {kind: _folded(table) for kind, table in sorted(batch.records.items()) if table.num_rows},
    }


def golden_text(lines: Mapping[str, object]) -> str:
    """Return the text of a golden file: one line for each sample, by name, so that a review sees which samples changed.

    >>> print(golden_text({"b.csv": {"rows": 1}, "a.csv": {"rows": 2}}), end="")
    {
    "a.csv": {"rows": 2},
    "b.csv": {"rows": 1}
    }
    """
    told = [f"{json.dumps(name)}: {json.dumps(lines[name], ensure_ascii=False)}" for name in sorted(lines)]
    return "{\n" + ",\n".join(told) + "\n}\n"


def _folded(table: pa.Table) -> dict[str, Any]:
    rows = [
        {name: str(value) for name, value in row.items() if value is not None and name not in _ORIGIN}
        for row in table.to_pylist()
    ]
    fen = {name: pc.sum(table[name]).as_py() for name in table.column_names if name.endswith("_fen")}
    sums = {name: total for name, total in fen.items() if total is not None}
    return {"count": len(rows), "sums": sums, "first": rows[0], "last": rows[-1], "all": content_hash(sorted(map(str, rows)))}
