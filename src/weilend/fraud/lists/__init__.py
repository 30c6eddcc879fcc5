"""Lists of subjects: a memory-mapped generation of them up to a seq, a log of what came since, and answers as of any instant.

In the order in which they build on each other: `meanings` (what a list says), `identity` (text → 128 bits → fingerprint), `layout`
(the arithmetic of the index), `entries` (what the book says of a subject), `build` → `generation` (files that are never changed),
`delta` (the log), `shelf` (which generation is in force; swaps and heals), `verdict`, `lookup` (one subject, or millions).
docs/methodology/lists.md has the figures.
"""

from weilend.fraud.lists.entries import Entry
from weilend.fraud.lists.lookup import Found, Lists
from weilend.fraud.lists.precision import Precision, jeffreys_interval
from weilend.fraud.lists.shelf import Shelf
from weilend.fraud.lists.verdict import Hit, Verdict

__all__ = ["Entry", "Found", "Hit", "Lists", "Precision", "Shelf", "Verdict", "jeffreys_interval"]
