"""The flywheel: months of business of a lender that begins with judgement alone and learns, held against others on the same dice.

`ground` makes the world and what every applicant shows; `policies` the rules and their versions; `records` writes what happened and
reads labels back; `learning` trains, judges and chooses terms; `reaching` contacts owners; `months` turns the wheel; `rivals`
are the baselines; `page` tells it.
"""
