"""How many subjects are folded, by any engine that speaks SQL.

A plan becomes `passes`, one a kind, which a database reads for the `looks` of a spine; what it answers are `rows`, which `groups`
makes states of. A spine is cut into `blocks` that fit in memory; what does not lie block by block is dealt out by `spills`.
"""
