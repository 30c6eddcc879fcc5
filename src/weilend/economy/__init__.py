"""A seeded world with known truth: owners, firms, shops, flows, devices, lenders and fraud; imported only by app and tests.

`plan.py` says how large a world is and cuts it into districts, each a market of its own that is made from the seed alone; so the
time grows with the size, and two processes make the same world as one. In a district: `firms.py` who is there, `months.py` what
each month brought, `credit.py` who needs money and who can pay it back (the truth), then one file for each sort of trace that
life leaves. `constants.toml` has every number. `portfolio.py` draws the firms of the demo.
"""
