"""Raw files ↔ records: one profile per real format, read and written from the same table; quarantine; identity.

Two ways lead into this room, and `detect` and `read` are the one face of both:

* **A table** (csv, tsv, xls, xlsx, parquet) is a profile: data, read by one engine. The built-in ones are `profiles/*.toml`; how to
  write one says docs/howto/add-a-source.md.
* **Anything else** (XML, PDF, OFD, MT940, OFX, JSON) is a `Source`: a module of this room or of `documents/` that calls
  `register_source(Source(name=, en=, zh=, signature=, read=))` when it is imported. `catalogue.load` finds it; nothing is listed by
  hand. `signature(head, name) -> bool` sees the first 64 KB and never raises; `read(path, intake) -> Batch` reads one file.

Where things stand, from bytes to records: `files/` (encodings, workbooks, headers, zips, every limit), `columns/` (cells → amounts,
days, words), `steps/` (facts → facts: clocks, signs, names, orders, vouchers, what a sheet says of itself), `tables/` (the engine
that runs a profile), `profiles/` (the formats, data), `documents/` (papers), `platforms/` (messages of shop platforms). In the room
itself: `reader`, `writer` and `explain` are its face; `intake`, `batch`, `framing`, `identity`, `tokens`, `figures`, `identifiers`
and `reasons` are what every format shares; `cumcm2020c` and `churn` are the formats of the main job.

What a `read` keeps to, so that all formats add up alike:

* It raises `SourceError` (one sentence, a hint) for a file that is broken as a whole, and nothing else.
* `Intake` says what a file cannot: `intake.business("an OFX statement")`, `intake.hide(...)` for the keyed hash, `intake.calendar`,
  `intake.currency`. An amount of another currency is quarantined as `foreign_currency`: fen of two currencies are never added.
* `frame_records(kind, columns, source=, intake=, key=, ordinal=)` gives identity, clocks and origin. For kinds in `NATURAL_KEYS`
  use that key with `ordinal=True`: then a statement read in two formats is one. A bank line's `balance_fen` belongs to its key:
  where a format gives only the opening balance, run it on. `line_no` counts the lines of one account and day from 1.
* `known_at` is when we could have known: end of the day it happened plus the lag of the source (bank: next day).
* Rows ascend: the order of a kind's table is the order in which things happened.
* `row_of[kind]` says for each record which raw row it is of, `whole(n)` for records about the file (statement_balance,
  reconciliation). Every raw row is in `rows` and has a record or is in `rejects` (`reject_rows`); never both, never neither.
* Names, account numbers, phones become tokens: `tokens.column(purpose, values)` gives them and the `clear` rows for the Batch.
  A counterparty is `party` by its name as written, an account is `account` by its digits; free text is scrubbed (`scrub`) or left
  out.
"""

from weilend.sources.batch import Accounting, Batch, FileCount, account, add_up, join, reject_rows
from weilend.sources.catalogue import SOURCES, Source, register_source
from weilend.sources.churn import Churn, read_churn, write_churn
from weilend.sources.cumcm2020c import CUMCM2020C
from weilend.sources.explain import Explanation, explain, sketch
from weilend.sources.files.archives import is_archive, unpack_archive
from weilend.sources.framing import NATURAL_KEYS, frame_records, whole
from weilend.sources.identity import first_seen, identify, record_ids
from weilend.sources.intake import Intake, Said
from weilend.sources.profile import PROFILES, Profile
from weilend.sources.reader import Surveyed, detect, read, read_files, source_of, survey
from weilend.sources.steps.reconcile import fill_gaps, is_gap, reconcile_statements
from weilend.sources.tables.admission import register
from weilend.sources.tables.profile_toml import profile_from_toml, template_names
from weilend.sources.tables.shelf import load_profiles
from weilend.sources.tokens import PURPOSE_OF, Tokens, scrub
from weilend.sources.writer import write

load_profiles()

__all__ = [
    "CUMCM2020C",
    "NATURAL_KEYS",
    "PROFILES",
    "PURPOSE_OF",
    "SOURCES",
    "Accounting",
    "Batch",
    "Churn",
    "Explanation",
    "FileCount",
    "Intake",
    "Profile",
    "Said",
    "Source",
    "Surveyed",
    "Tokens",
    "account",
    "add_up",
    "detect",
    "explain",
    "fill_gaps",
    "first_seen",
    "frame_records",
    "identify",
    "is_archive",
    "is_gap",
    "join",
    "profile_from_toml",
    "read",
    "read_churn",
    "read_files",
    "reconcile_statements",
    "record_ids",
    "register",
    "register_source",
    "reject_rows",
    "scrub",
    "sketch",
    "source_of",
    "survey",
    "template_names",
    "unpack_archive",
    "whole",
    "write",
    "write_churn",
]
